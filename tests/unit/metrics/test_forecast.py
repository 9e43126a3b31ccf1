"""From an ensemble to the answer: every figure against a sum by hand, and the ledger in hours, dollars and days."""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from analysis.metrics.forecast import Forecast, basis, days_by_phase, forecast, list_rate, samples
from simulator.engine.estimate import estimate
from simulator.engine.spread import luck_in_talks
from simulator.pricing.tariff import flat
from simulator.reliability.attempt import Cycle
from simulator.reliability.recovery import Recovery
from simulator.scenario.values import Scenario
from tests import factories

TWO = factories.scenario(
    [
        factories.stage(36_000.0, name="one", accelerators=8, mfu=0.5, cycle=Cycle(work_s=3600.0, write_s=360.0)),
        factories.stage(18_000.0, name="two", accelerators=4, mfu=0.4, usd_per_accelerator_h=3.0),
    ],
    recovery=Recovery(startup_s=1800.0, spares=1),
    accelerators_per_node=2,
    tariff=flat(2.0, discount_low=0.25, discount_high=0.25),
)


def answer(scenario: Scenario, replicas: range) -> Forecast:
    return forecast(scenario, estimate(scenario, replicas), replicas)


def test_by_hand() -> None:
    """Stage one: 0.5 h start-up, 10 h of work and 9 saves of 0.1 h on 8; stage two: 5 h on 4; a spare node of 2."""
    found = answer(TWO, range(2))
    hours = {"one": 0.5 + 10.0 + 0.9, "two": 5.0}
    assert found.wall_days.mean == pytest.approx(16.4 / 24)
    assert found.job_accelerator_hours == pytest.approx(8 * hours["one"] + 4 * hours["two"])
    assert found.accelerator_hours.mean == pytest.approx(10 * hours["one"] + 6 * hours["two"])
    assert found.usd.mean == pytest.approx(0.75 * (2.0 * 10 * hours["one"] + 3.0 * 6 * hours["two"]))
    assert found.goodput.mean == pytest.approx((8 * 10.0 + 4 * 5.0) / found.job_accelerator_hours)
    assert found.effective_mfu == pytest.approx((0.5 * 80 + 0.4 * 20) / found.job_accelerator_hours)
    rows = {(row.stage, row.phase): row for row in found.ledger}
    assert rows["one", "checkpoint_save"].accelerator_hours == pytest.approx(7.2)
    assert rows["one", "checkpoint_save"].usd == pytest.approx(7.2 * 2.0 * 0.75)
    assert rows["two", "productive"].usd == pytest.approx(20 * 3.0 * 0.75)
    assert rows["two", "idle_spare"].accelerator_hours == pytest.approx(10.0)
    assert rows["two", "idle_spare"].wall_days == 0.0
    assert list(days_by_phase(found)) == ["productive", "checkpoint_save", "program_startup"]
    assert (found.seed, found.replicas, found.engine) == (TWO.seed, 2, "estimate")


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(scenario=factories.scenarios())
def test_the_ledger_closes_in_hours_dollars_and_days(scenario: Scenario) -> None:
    priced = replace(
        scenario, tariff=flat(1.7, discount_low=0.1, discount_high=0.6),
        stages=[replace(stage, usd_per_accelerator_h=None if at else 2.9) for at, stage in enumerate(scenario.stages)],
    )  # fmt: skip
    found = answer(priced, range(8))
    assert sum(row.accelerator_hours for row in found.ledger) == pytest.approx(found.accelerator_hours.mean, rel=1e-9)
    assert sum(row.usd for row in found.ledger) == pytest.approx(found.usd.mean, rel=1e-9)
    assert sum(row.wall_days for row in found.ledger) == pytest.approx(found.wall_days.mean, rel=1e-9)
    assert sum(days_by_phase(found).values()) == pytest.approx(found.wall_days.mean, rel=1e-6)
    hours = [row.accelerator_hours for row in found.ledger]
    assert hours == sorted(hours, reverse=True)
    assert (found.samples.goodput <= 1.0 + 1e-12).all()
    assert (found.samples.goodput > 0.0).all()


def test_each_replica_pays_its_own_discount() -> None:
    unsure = replace(TWO, tariff=flat(2.0, 0.0, 0.8))
    replicas = range(5, 25)
    paid = samples(unsure, estimate(unsure, replicas), replicas)
    at_list = 2.0 * 10 * 11.4 + 3.0 * 6 * 5.0
    np.testing.assert_allclose(paid.usd, at_list * (1.0 - 0.8 * luck_in_talks(unsure, replicas)), rtol=1e-12)
    assert np.ptp(paid.usd) > 0


def test_no_price_no_dollars() -> None:
    free = replace(TWO, tariff=flat(0.0), stages=[factories.stage(100.0)])
    found = answer(free, range(2))
    assert found.usd.mean == 0.0
    assert [row.usd for row in found.ledger] == [0.0] * len(found.ledger)


def test_mfu_needs_every_stage() -> None:
    part = replace(TWO, stages=[TWO.stages[0], replace(TWO.stages[1], mfu=None)])
    assert answer(part, range(1)).effective_mfu is None


def test_rates_of_stages() -> None:
    assert [list_rate(TWO, stage) for stage in TWO.stages] == [2.0, 3.0]


@pytest.mark.parametrize(("given", "words"), [
    ({}, "$2.50 per accelerator-hour, stated, host not stated"),
    ({"discount_low": 0.2, "discount_high": 0.5, "host_included": True},
     "$2.50 per accelerator-hour, stated, less 20 % to 50 %, host included"),
    ({"term": "on_demand", "provider": "gcp", "region": "us", "on": date(2022, 5, 11), "host_included": False},
     "$2.50 per accelerator-hour, on demand, gcp, us, 2022-05-11, host not included"),
])  # fmt: skip
def test_basis(given: dict[str, Any], words: str) -> None:
    assert basis(flat(2.5, **given)) == words
