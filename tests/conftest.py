"""What holds in every test of the suite."""

import functools
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.records import Ensemble
from tests.closing import assert_closed


@pytest.fixture(scope="session", autouse=True)
def every_ledger_closes() -> Iterator[None]:
    """Hold the ledger of every ensemble that any test makes, by whichever engine, against its walls."""
    made = Ensemble.__init__

    @functools.wraps(made)
    def closed(self: Ensemble, *given: Any, **named: Any) -> None:
        made(self, *given, **named)
        assert_closed(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ensemble, "__init__", closed)
        yield
