"""What holds in every test of the suite."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.closing import watch

TESTS = Path(__file__).parent


@pytest.fixture(scope="session", autouse=True)
def every_ledger_closes() -> Iterator[None]:
    """Hold every ledger that any test makes against what it is a ledger of."""
    with pytest.MonkeyPatch.context() as patch:
        watch(patch)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count as covered what tests of units and doctests execute.

    The tracer makes simulations three times slower: docs/decisions/0105-coverage-of-units.md.
    """
    for item in items:
        if TESTS in item.path.parents and TESTS / "unit" not in item.path.parents:
            item.add_marker("no_cover")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Stop the tracer while fixtures of a test that is not counted are made; pytest-cov stops it for the test alone."""
    cov = item.config.pluginmanager.getplugin("_cov")
    controller = cov.cov_controller if cov and item.get_closest_marker("no_cover") else None
    if controller is None:
        return (yield)
    controller.pause()
    try:
        return (yield)
    finally:
        controller.resume()
