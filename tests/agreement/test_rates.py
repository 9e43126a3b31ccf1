"""Rates that change over the run, or differ from replica to replica: both engines meet the same faults."""

import math
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.engine.estimate import estimate
from simulator.engine.run import simulate_all
from simulator.engine.spread import rate_factors
from simulator.reliability.attempt import Cycle
from simulator.reliability.fleet import Fleet
from simulator.reliability.hazard import Steps
from simulator.scenario.values import Scenario
from tests import factories
from tests.agreement.test_engines import assert_equal
from tests.closing import assert_closed


def with_rates(rng: Random) -> Scenario:
    """Make a scenario whose rates change, or are in doubt, or both."""
    plain = factories.random_scenario(rng)
    whole_s = sum(stage.work_s for stage in plain.stages)
    ages = (0.0, *sorted(rng.uniform(0.0, 1.5 * whole_s) for _ in range(rng.randint(1, 3))))
    multiples = [*(rng.choice([0.0, 0.5, 2.0]) for _ in ages[1:]), 1.0]
    causes = [
        replace(cause, rate_count=rng.choice([None, 5.0, 100.0]), rate_sigma=rng.choice([0.0, 0.5]))
        for cause in plain.causes
    ]
    return replace(
        plain,
        maturity=rng.choice([None, Steps(ages, tuple(multiples))]),
        causes=rng.choice([plain.causes, causes, causes]),
    )


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(rng=st.randoms(use_true_random=True), first=st.sampled_from([0, 1022, 2048]))
def test_engines_agree(rng: Random, first: int) -> None:
    run, some = with_rates(rng), range(first, first + 3)
    estimated, simulated = estimate(run, some), simulate_all(run, some)
    assert_equal(estimated, simulated)
    assert_closed(estimated)


def burning_in(fleet: Fleet | None) -> Scenario:
    stage = factories.stage(1000.0, nodes=10, accelerators=10, cycle=Cycle(work_s=1.0))
    return factories.scenario(stage, [factories.cause(1e-3)], maturity=Steps((0.0, 200.0), (4.0, 0.5)), fleet=fleet)


@pytest.mark.parametrize("fleet", [None, Fleet(ample=True)], ids=["one-process", "node-by-node"])
def test_burn_in_adds_the_failures_that_it_says(fleet: Fleet | None) -> None:
    """200 s at four times and 800 s at half of a rate of 0.01 a second: 8 and 4 stops."""
    found = simulate_all(burning_in(fleet), range(800))
    expected = 0.01 * (200.0 * 4.0 + (found.wall_s.mean() - 200.0) * 0.5)
    assert found.interruptions.mean() == pytest.approx(expected, abs=3.5 * math.sqrt(expected / 800))


@pytest.mark.parametrize("given", [{"rate_count": 9.0}, {"rate_sigma": 1.0 / 3.0}])
def test_doubt_widens_and_shifts_nothing(given: dict[str, float]) -> None:
    """Nine events leave a doubt of a third; a fifth of all rates is far from the stated one."""
    causes = [factories.cause(1e-3, **given), factories.cause(1e-3, name="sure")]
    factors = rate_factors(factories.scenario(factories.stage(), causes), range(40_000))
    assert factors is not None
    assert factors[1].tolist() == [1.0] * 40_000
    middle = np.mean(factors[0]) if "rate_count" in given else np.median(factors[0])
    assert middle == pytest.approx(1.0, abs=0.01)
    assert np.std(np.log(factors[0])) == pytest.approx(1.0 / 3.0, rel=0.06)


def test_a_replica_has_its_rates_wherever_it_is_asked_for() -> None:
    run = factories.scenario(factories.stage(), [factories.cause(1e-3, rate_count=4.0)])
    whole = rate_factors(run, range(900, 2100))
    parts = [rate_factors(run, range(900, 1024)), rate_factors(run, range(1024, 2100))]
    assert whole is not None
    np.testing.assert_array_equal(whole, np.concatenate([part for part in parts if part is not None], axis=1))


def test_no_doubt_no_factors() -> None:
    assert rate_factors(factories.scenario(factories.stage(), [factories.cause()]), range(3)) is None
