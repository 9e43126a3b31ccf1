"""Both engines say the same where a stop destroys more than what follows the last save, or less."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.engine.estimate import estimate
from simulator.engine.run import simulate_all
from tests import factories
from tests.agreement.test_engines import assert_equal
from tests.closing import assert_closed


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), replica=st.integers(0, 3000))
def test_one_replica(seed: int, replica: int) -> None:
    """Tiers, corrupt saves, silent corruption, loss spikes and maintenance: equal to 1e-9, and the ledger closes."""
    rng = Random(seed)
    scenario = factories.frail(factories.random_scenario(rng), rng)
    one = range(replica, replica + 1)
    estimated, simulated = estimate(scenario, one), simulate_all(scenario, one)
    assert_equal(estimated, simulated)
    assert_closed(estimated)
    assert_closed(simulated)


@pytest.mark.parametrize("seed", range(20))
def test_many_replicas(seed: int) -> None:
    """Across the edge of a block, where replicas end at different times."""
    rng = Random(seed)
    scenario = factories.frail(factories.random_scenario(rng), rng)
    some = range(1020, 1030)
    assert_equal(estimate(scenario, some), simulate_all(scenario, some))
