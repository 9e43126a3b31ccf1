"""What holds in every test of the suite."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.closing import watch

COUNTED = [Path(__file__).parent / name for name in ("unit", "properties")]
REST = Path(__file__).parent


@pytest.fixture(scope="session", autouse=True)
def every_ledger_closes() -> Iterator[None]:
    """Hold every ledger that any test makes against what it is a ledger of."""
    with pytest.MonkeyPatch.context() as patch:
        watch(patch)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count as covered what tests of units and of properties, and doctests, execute.

    The tracer makes simulations three times slower: docs/decisions/0105-coverage-of-units.md.
    """
    for item in items:
        if REST in item.path.parents and not any(folder in item.path.parents for folder in COUNTED):
            item.add_marker("no_cover")
