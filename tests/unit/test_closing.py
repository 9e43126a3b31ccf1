"""The assertion that every ledger of the suite meets can fail, and is applied without being called."""

from dataclasses import replace

import pytest

from simulator.engine.estimate import estimate
from tests import factories
from tests.closing import assert_closed


@pytest.mark.parametrize("share", [1e-6, -1e-6])
def test_a_ledger_that_does_not_close_fails_wherever_it_is_made(share: float) -> None:
    found = estimate(factories.scenario(factories.stage(1000.0), [factories.cause()]), range(4))
    assert_closed(found)
    line, seconds = next(iter(found.accelerator_s_by_line.items()))
    lines = {**found.accelerator_s_by_line, line: seconds * (1 + share)}
    with pytest.raises(AssertionError):
        replace(found, accelerator_s_by_line=lines)


def test_walls_that_are_not_the_sum_of_their_stages_fail() -> None:
    found = estimate(factories.scenario([factories.stage(10.0), factories.stage(20.0, name="more")]), range(2))
    with pytest.raises(AssertionError):
        replace(found, wall_s=found.wall_s * (1 + 1e-6))
