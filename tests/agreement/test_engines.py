"""Both engines live through the same faults and say the same, to 1e-9 (DESIGN section 2; theory section 7)."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.engine.estimate import estimate
from simulator.engine.run import simulate_all
from simulator.records import Ensemble
from simulator.scenario.values import Scenario
from tests import factories
from tests.closing import assert_closed

REL = 1e-9


def assert_equal(estimated: Ensemble, simulated: Ensemble) -> None:
    """Compare everything an ensemble says but the engine's name."""
    scale_s = float(simulated.accelerator_s.mean() + simulated.idle_accelerator_s.mean())
    for name in ("stage_s", "wall_s", "accelerator_s", "idle_accelerator_s", "productive_accelerator_s"):
        np.testing.assert_allclose(getattr(estimated, name), getattr(simulated, name), rtol=REL, atol=0, err_msg=name)
    np.testing.assert_array_equal(estimated.interruptions, simulated.interruptions)
    assert estimated.stops_by_cause == pytest.approx(simulated.stops_by_cause, rel=REL)
    ours, theirs = estimated.accelerator_s_by_line, simulated.accelerator_s_by_line
    for line in {*ours, *theirs}:
        assert ours.get(line, 0.0) == pytest.approx(theirs.get(line, 0.0), rel=REL, abs=REL * scale_s), line


@settings(max_examples=500, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(scenario=factories.scenarios(), replica=st.integers(0, 3000))
def test_one_replica(scenario: Scenario, replica: int) -> None:
    one = range(replica, replica + 1)
    estimated, simulated = estimate(scenario, one), simulate_all(scenario, one)
    assert_equal(estimated, simulated)
    assert_closed(estimated)
    assert_closed(simulated)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(scenario=factories.scenarios(), first=st.sampled_from([0, 1020, 8190]))
def test_many_replicas(scenario: Scenario, first: int) -> None:
    """Across the edges of blocks and batches, where replicas end at different times."""
    some = range(first, first + 12)
    assert_equal(estimate(scenario, some), simulate_all(scenario, some))
