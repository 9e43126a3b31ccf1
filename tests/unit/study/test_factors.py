"""What a study changes by a factor is what the scenario's own text would change, single nodes included."""

from collections.abc import Callable, Sequence

import pytest

from analysis.study.factors import failing, noticed, one_more_spare, repaired, restored, set_up, swapped
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
