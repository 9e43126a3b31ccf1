"""The 80 % intervals of `run` hold for 80 % of truths drawn from what a scenario says is not known.

A truth is one run by the event engine, on another seed, with its rates, speed and discount settled beforehand by a
stream of the test's own, straight from the distributions that the documents state: nothing is shared with the forecast.
"""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from analysis.metrics.summary import Summary, summary
from analysis.study.evaluate import bare, sampled
from simulator.foundation.streams import generator
from simulator.reliability.causes import Cause
from simulator.scenario.api import scenario
from simulator.scenario.values import Scenario

QUANTITIES = ("wall_days", "usd")
BASE = ("cluster.accelerators=512", "data.tokens=60B tokens", "failures.rate_multiplier=6")  # about four days, 20 stops
COUNTED = ("failures.catalogue=llama-3", "failures.rate_uncertainty=poisson")
CASES = {
    "the luck of failures": BASE,
    "rates that were counted": (*BASE, *COUNTED, "failures.rate_multiplier=40"),
    "an uncertain speed and discount": (*BASE, "throughput.spread=0.05", "pricing.discount=unknown"),
    "all of them, few spares, an event engine": (
        *BASE, *COUNTED, "throughput.spread=0.02", "pricing.discount=unknown", "cluster.spares=1",
        "run.engine=simulate",
    ),
}  # fmt: skip
FORECASTS, TRUTHS = 10, 10  # of each case, and for each forecast


def truth_of(known: Scenario, stream: np.random.Generator, seed: int) -> Scenario:
    """Settle all that a scenario leaves open, as its documents say that it is distributed."""
    speed = math.exp(known.efficiency_sigma * stream.standard_normal())
    stages = [
        replace(stage, work_s=stage.work_s / speed, productive_s=stage.productive_s / speed) if stage.scales else stage
        for stage in known.stages
    ]
    causes = [settled(cause, stream) for cause in known.causes]
    tariff = known.tariff.settled(float(stream.random()))
    return replace(known, stages=stages, causes=causes, tariff=tariff, efficiency_sigma=0.0, seed=seed, replicas=1,
                   engine="simulate")  # fmt: skip


def settled(cause: Cause, stream: np.random.Generator) -> Cause:
    """Draw a rate: Gamma(count) over the count, lognormal in a published range, or as it is."""
    factor = math.exp(cause.rate_sigma * stream.standard_normal())
    if cause.rate_count is not None:
        factor = stream.gamma(cause.rate_count) / cause.rate_count
    return replace(cause, rate_per_node_s=cause.rate_per_node_s * factor, rate_count=None, rate_sigma=0.0)


def inside(band: Summary, value: float) -> bool:
    return band.p10 <= value <= band.p90


@cache
def hits(case: str) -> tuple[int, int]:
    """Return how many truths lie in the intervals of days and of dollars, of `FORECASTS` times `TRUTHS`."""
    known = bare(scenario("llama-65b", CASES[case]))
    stream = generator(2026, "coverage of run", case)
    found = [0, 0]
    for number in range(FORECASTS):
        replicas = 128 if known.engine == "simulate" else 1000
        forecast, _ = sampled(replace(known, seed=100 + number, replicas=replicas))
        bands = [summary(getattr(forecast, quantity)) for quantity in QUANTITIES]
        for each in range(TRUTHS):
            real, _ = sampled(truth_of(known, stream, seed=10_000 + TRUTHS * number + each))
            for place, (quantity, band) in enumerate(zip(QUANTITIES, bands, strict=True)):
                found[place] += inside(band, float(getattr(real, quantity)[0]))
    return found[0], found[1]


def test_the_cases_are_as_uncertain_as_they_say() -> None:
    plain, counted, open_, every = (scenario("llama-65b", sets) for sets in CASES.values())
    assert not any(cause.rate_count for cause in plain.causes)
    assert all(cause.rate_count or cause.rate_sigma for cause in counted.causes)
    assert open_.efficiency_sigma == 0.05
    assert open_.tariff.is_uncertain
    assert every.tariff.is_uncertain
    assert every.recovery.spares == 1


@pytest.mark.parametrize("place", range(2), ids=QUANTITIES)
def test_eighty_percent_intervals_hold_for_eighty_percent(place: int) -> None:
    share = sum(hits(case)[place] for case in CASES) / (len(CASES) * FORECASTS * TRUTHS)
    assert 0.75 <= share <= 0.85


@pytest.mark.parametrize("case", CASES)
def test_no_kind_of_doubt_is_far_off(case: str) -> None:
    """Of a hundred truths 80 +- 4 are expected inside; four standard deviations either way."""
    assert all(64 <= count <= 96 for count in hits(case))
