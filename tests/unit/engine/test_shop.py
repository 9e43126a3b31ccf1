"""The repair shop: stages, crews in order of arrival, repairs that do not mend, and tests that find it."""

from dataclasses import replace

import numpy as np
import pytest

from simulator.engine.shop import RepairShop
from simulator.reliability.fleet import Mending, Shop
from tests import factories

FAULT = factories.cause(nodes_lost=1, repair_s=10.0)
CONSTANT = Mending(mean_s=50.0, law="constant")


def test_repairs_are_side_by_side_without_crews() -> None:
    shop = RepairShop(Shop(), 1, 0)
    for node, at_s in ((0, 5.0), (1, 6.0)):
        shop.admit(node, at_s, FAULT)
    assert [tuple(ready) for ready in shop.before(15.0)] == [(15.0, 0, True)]
    assert shop.next() == (16.0, 1, True)
    assert shop.next() is None


def test_people_take_those_that_come_first() -> None:
    """Nodes come to the people when the automatic repair has failed, and wait there for the only crew."""
    machines = Mending(mean_s=2.0, law="constant", crews=2)
    shop = RepairShop(Shop(automatic=machines, manual=replace(CONSTANT, crews=1)), 1, 0)
    for node, at_s in ((0, 0.0), (1, 0.0), (2, 1.0)):
        shop.admit(node, at_s, FAULT)
    assert [(ready.node, ready.at_s) for ready in shop.before(1e9)] == [(0, 52.0), (1, 102.0), (2, 152.0)]


def test_shares_of_ways_through_the_shop() -> None:
    """AIReSim's: a fifth leaves after the automatic repair, mended with 0.6; the others with 0.8."""
    machines = Mending(mean_s=2.0, law="constant", mends=0.6)
    rules = Shop(automatic=machines, manual=replace(CONSTANT, mends=0.8), manual_share=0.8)
    shop = RepairShop(rules, 1, 0)
    for node in range(20_000):
        shop.admit(node, 0.0, FAULT)
    found = list(shop.before(1e9))
    quick = [ready.mended for ready in found if ready.at_s == 2.0]
    slow = [ready.mended for ready in found if ready.at_s == 52.0]
    assert len(quick) / 20_000 == pytest.approx(0.2, abs=0.01)
    assert np.mean(quick) == pytest.approx(0.6, abs=0.03)
    assert np.mean(slow) == pytest.approx(0.8, abs=0.015)


def test_a_requalification_sends_back_what_it_finds() -> None:
    """With p mended and f found, a node leaves mended with p / (p + (1 - p)(1 - f)), after 1 / (that denominator)."""
    rules = Shop(
        manual=Mending(mean_s=10.0, law="constant", mends=0.5), requalification_s=1.0, requalification_finds=0.8
    )
    shop = RepairShop(rules, 1, 0)
    for node in range(20_000):
        shop.admit(node, 0.0, FAULT)
    found = list(shop.before(1e9))
    leaves = 0.5 + 0.5 * 0.2
    assert np.mean([ready.mended for ready in found]) == pytest.approx(0.5 / leaves, abs=0.012)
    assert np.mean([ready.at_s for ready in found]) == pytest.approx(11.0 / leaves, rel=0.02)


@pytest.mark.parametrize(
    ("mending", "mean_s", "median_s"),
    [
        (Mending(), 10.0, 10.0 * np.log(2.0)),
        (Mending(mean_s=20.0, law="lognormal", shape=1.2), 20.0, 20.0 * np.exp(-0.72)),
        (Mending(mean_s=20.0, law="weibull", shape=1.0), 20.0, 20.0 * np.log(2.0)),
        (CONSTANT, 50.0, 50.0),
    ],
)
def test_laws_of_repair(mending: Mending, mean_s: float, median_s: float) -> None:
    """Where the repair has no time of its own the cause's counts, with its law."""
    shop = RepairShop(Shop(manual=mending), 1, 0)
    cause = factories.cause(nodes_lost=1, repair_s=10.0, repair_law="exponential")
    for node in range(20_000):
        shop.admit(node, 0.0, cause)
    times_s = np.array([ready.at_s for ready in shop.before(np.inf)])
    assert times_s.mean() == pytest.approx(mean_s, abs=4.0 * times_s.std() / len(times_s) ** 0.5 + 1e-9)
    assert np.median(times_s) == pytest.approx(median_s, rel=0.03)
