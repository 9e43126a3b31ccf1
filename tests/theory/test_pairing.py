"""By what common random numbers and known means divide the variance of a difference, on every shipped what-if."""

from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.metrics.forecast import Forecast, forecast
from analysis.study.compare import Difference, difference, differences
from analysis.study.worth import LEVERS, worth
from simulator.engine.run import run
from simulator.scenario.api import load, scenario

MANY = "run.replicas=1000"
BASE = ("llama-65b",)
RENT = ("what-if-rent",)


class WhatIf(NamedTuple):
    """Two scenarios that are compared, and the least by which pairing alone divides the variance of a replica."""

    a: tuple[str, ...]
    b: tuple[str, ...]
    quantity: str
    paired: float
    share: float = 0.0  # of the most that any pairing of the two could divide by


# every what-if that is shipped or documented; docs/explanation/comparing.md has the ratios
WHAT_IFS = {
    "more spares": WhatIf(BASE, ("llama-65b", "cluster.spares=8"), "usd", 1000.0),
    "another price": WhatIf(BASE, ("llama-65b", "pricing.rate=$3.50/h"), "usd", 100.0, 0.99),
    "owned for rented": WhatIf(RENT, ("what-if-own",), "usd", 4.5, 0.99),
    "negotiated for list": WhatIf(RENT, ("what-if-negotiate",), "usd", 1.0, 0.75),
    "half the interval": WhatIf(BASE, ("llama-65b", "checkpoint.interval=30 min"), "usd", 5.0, 0.5),
    "half the machines, half the interval": WhatIf(
        BASE, ("llama-65b", "cluster.accelerators=1024", "checkpoint.interval=30 min"), "usd", 1.8, 0.8
    ),
    "three quarters of the interval": WhatIf(BASE, ("llama-65b", "checkpoint.interval=45 min"), "usd", 6.5, 0.1),
    "on a busy cluster": WhatIf(BASE, ("llama-65b-shared",), "wall_days", 7.5, 0.1),
    "dollars on a busy cluster": WhatIf(BASE, ("llama-65b-shared",), "usd", 7.5, 0.1),
    "an unknown speed": WhatIf(BASE, ("llama-65b", "throughput.spread=0.05"), "wall_days", 1.0),
    "another run": WhatIf(BASE, ("opt-175b",), "usd", 1.0),
    "a third run": WhatIf(BASE, ("bloom-176b",), "usd", 2.0),
}
# the same for what `solve --marginal` changes
LEVERS_AT_LEAST = {
    "one more spare node": 1000.0,
    "half the detection time": 100.0,
    "half the restart time": 10.0,
    "half the repair time": 1000.0,
    "twice the storage bandwidth": 100.0,
    "half the failure rate": 2.0,  # at most 17, for half of the stops are only on one side
}
TEN = 10.0  # by which the estimate of the mean difference has to beat independent runs, on all of them


@cache
def made(name: str, *sets: str) -> Forecast:
    resolved = scenario(name, [MANY, *sets])
    replicas = range(resolved.replicas)
    return forecast(resolved, run(resolved, replicas), replicas)


def row(a: tuple[str, ...], b: tuple[str, ...], quantity: str) -> Difference:
    return next(each for each in differences(made(*a), made(*b)) if each.quantity == quantity)


@pytest.mark.parametrize("case", WHAT_IFS)
def test_the_mean_difference_varies_ten_times_less_than_of_independent_runs(case: str) -> None:
    a, b, quantity, *_ = WHAT_IFS[case]
    found = row(a, b, quantity)
    assert found.variance_ratio is not None
    assert found.variance_ratio >= TEN


@pytest.mark.parametrize("case", WHAT_IFS)
def test_what_pairing_alone_divides_by_and_its_share_of_what_is_possible_are_known(case: str) -> None:
    a, b, quantity, least, share = WHAT_IFS[case]
    found = row(a, b, quantity)
    assert found.pairing_ratio is not None
    assert found.pairing_ratio >= least
    assert found.most_ratio is not None
    assert found.pairing_ratio >= share * found.most_ratio


@pytest.mark.parametrize("quantity", ["usd", "wall_days"])
def test_every_lever_of_solve_is_paired_and_estimated_ten_times_better(quantity: str) -> None:
    found = {lever.lever: lever.of(quantity) for lever in worth(load("llama-65b", sets=[MANY]))}
    assert set(LEVERS_AT_LEAST) == set(LEVERS) == set(found)
    for name, each in found.items():
        assert each.pairing_ratio is not None
        assert each.variance_ratio is not None
        assert each.pairing_ratio >= LEVERS_AT_LEAST[name]
        assert each.variance_ratio >= TEN


def test_a_wait_has_no_known_mean() -> None:
    found = row(BASE, ("llama-65b-shared",), "finish_days")
    assert found.variance_ratio is not None
    assert found.variance_ratio < 2.0


def test_a_discount_that_only_one_leaves_open_is_the_difference() -> None:
    found = row(RENT, ("what-if-negotiate",), "usd")
    assert found.alone["discount"] > 0.98
    assert row(RENT, ("what-if-own",), "usd").alone == {}
    assert row(("what-if-negotiate",), ("what-if-negotiate", "checkpoint.interval=30 min"), "usd").alone == {}


def test_a_speed_that_only_one_leaves_open_is_most_of_the_difference() -> None:
    found = row(BASE, ("llama-65b", "throughput.spread=0.05"), "wall_days")
    assert found.alone["speed"] > 0.95
    assert "discount" not in found.alone


def test_a_wait_that_only_one_has_is_most_of_the_difference_in_the_finish() -> None:
    assert row(BASE, ("llama-65b-shared",), "finish_days").alone["wait"] > 0.5


@given(st.integers(0, 10**6), st.integers(2, 200))
def test_no_pairing_beats_that_of_equal_ranks(seed: int, size: int) -> None:
    stream = np.random.default_rng(seed)
    a, b = stream.gamma(2.0, size=size), 3.0 * stream.gamma(2.0, size=size)
    found = difference("usd", a, b)
    assert found.pairing_ratio is not None
    assert found.most_ratio is not None
    assert found.pairing_ratio <= found.most_ratio * (1 + 1e-9)


def test_two_prices_of_the_same_hours_are_as_near_as_can_be() -> None:
    a = np.random.default_rng(3).normal(10.0, 1.0, size=1000)
    found = difference("usd", a, 3.0 * a)
    assert found.pairing_ratio == pytest.approx((1 + 3.0**2) / (3.0 - 1) ** 2)
    assert found.most_ratio == pytest.approx(found.pairing_ratio)
