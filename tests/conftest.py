"""What holds in every test of the suite."""

from collections.abc import Iterator

import pytest

from tests.closing import watch


@pytest.fixture(scope="session", autouse=True)
def every_ledger_closes() -> Iterator[None]:
    """Hold every ledger that any test makes against what it is a ledger of."""
    with pytest.MonkeyPatch.context() as patch:
        watch(patch)
        yield
