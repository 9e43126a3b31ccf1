"""What a study changes by a factor is what the scenario's own text would change, single nodes included."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from analysis.metrics.dollars import bill_of
from analysis.study.factors import dearer, failing, noticed, one_more_spare, repaired, restored, set_up, swapped
from simulator.engine.run import run
from simulator.pricing.ledger import BASES
from simulator.scenario.api import scenario
from simulator.scenario.values import Scenario

WEIBULL = ["failures.causes.hardware.law=weibull", "failures.causes.hardware.shape=0.7"]
SHOP = ["repair.automatic.time=1 h", "repair.manual.time=40 h", "failures.causes.hardware.repair=30 h"]
HANDS = ["recovery.initialization=4 min", "recovery.startup=1 h", "recovery.by_hand={share = 0.3, time = '3 h'}"]
TIERS = [
    "recovery.restore=2 min",
    "checkpoint.near.restore=10 s",
    "checkpoint.near.save_time=1 s",
    "checkpoint.near.recoverable=80 %",
    "checkpoint.near.tier=host_memory",
]
RESERVES = [
    "cluster.spares=",
    "spares.warm={nodes = 1, swap = '10 s'}",
    "spares.host_selection=2 min",
    "recovery.swap=1 min",
]


@pytest.mark.parametrize(("changed", "plain", "told"), [
    (lambda run: failing(run, 2.0), WEIBULL, ["failures.rate_multiplier=2"]),
    (lambda run: failing(run, 2.0), [], ["failures.rate_multiplier=2"]),
    (lambda run: noticed(run, 2.0), ["recovery.detection=1 min"], ["recovery.detection=2 min"]),
    (lambda run: repaired(run, 0.5), SHOP, ["repair.automatic.time=30 min", "repair.manual.time=20 h",
                                            "failures.causes.hardware.repair=15 h"]),
    (lambda run: swapped(run, 2.0), RESERVES, ["spares.warm.swap=20 s", "spares.host_selection=4 min",
                                               "recovery.swap=2 min"]),
    (lambda run: set_up(run, 2.0), HANDS, ["recovery.initialization=8 min", "recovery.startup=2 h",
                                           "recovery.by_hand.time=6 h"]),
    (lambda run: restored(run, 2.0), TIERS, ["recovery.restore=4 min", "checkpoint.near.restore=20 s"]),
    (one_more_spare, WEIBULL, ["cluster.spares=5"]),
    (one_more_spare, [], ["cluster.spares=5"]),
])  # fmt: skip
def test_a_factor_changes_what_the_text_changes(
    changed: Callable[[Scenario], Scenario], plain: Sequence[str], told: Sequence[str]
) -> None:
    found, asked = changed(scenario("llama-65b", plain)), scenario("llama-65b", [*plain, *told])
    assert (tuple(found.causes), found.recovery, found.fleet) == (tuple(asked.causes), asked.recovery, asked.fleet)
    assert scenario("llama-65b", plain) != asked


@pytest.mark.parametrize("term", [
    ["pricing.discount=[0.2, 0.4]"], ["pricing.term=commit_1y"], ["pricing.term=capacity_block"],
    ["pricing.term=spot"], ["pricing.term=owned"],
    ["pricing.term=reserved_minimum", "pricing.minimum_accelerator_hours=2000000"],
])  # fmt: skip
def test_dearer_machines_leave_credits_and_data_as_they_are(term: Sequence[str]) -> None:
    """Credits of $1M and data of 1 PB stay when an hour costs twice as much; all dollars were doubled."""
    beside = ["pricing.credits=$1M", "pricing.storage.tier=aws-s3-standard", "pricing.storage.data=1 PB",
              "failures.enabled=false", "run.replicas=3"]  # fmt: skip
    plain = scenario("llama-65b", ["pricing.rate=$2/h", "pricing.list_rate=$3/h", *term, *beside])
    told = scenario("llama-65b", ["pricing.rate=$4/h", "pricing.list_rate=$6/h", *term, *beside])
    outcome, every = run(plain, range(3)), range(3)
    changed, asked = (bill_of(each, outcome, every) for each in (dearer(plain, 2.0), told))
    for basis in BASES:
        assert changed.usd(basis) == pytest.approx(asked.usd(basis), rel=1e-12)


def test_dearer_spot_follows_its_trace(tmp_path: Path) -> None:
    prices = tmp_path / "prices.csv"
    prices.write_text("hours,usd_per_accelerator_h\n0,1\n200,3\n")
    plain = scenario("llama-65b", ["pricing.rate=$2/h", "pricing.term=spot", f"pricing.trace={prices}"])
    outcome, every = run(plain, range(3)), range(3)
    usd, twice = (bill_of(each, outcome, every).usd("billed") for each in (plain, dearer(plain, 2.0)))
    assert twice == pytest.approx(2.0 * usd, rel=1e-12)
