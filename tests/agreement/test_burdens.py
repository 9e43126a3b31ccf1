"""What burdens a run without stopping it, at exact instants, against ledgers worked out by hand."""

import math
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from simulator.engine.estimate import estimate
from simulator.engine.run import choose, simulate_all
from simulator.engine.simulate import live
from simulator.engine.spread import efficiencies
from simulator.engine.timeline import Fault
from simulator.records import LedgerSink
from simulator.reliability.attempt import Cycle
from simulator.reliability.causes import Cause
from simulator.reliability.elastic import replica_granular_goodput
from simulator.reliability.recovery import Recovery
from simulator.reliability.silent import verified_segment_s
from simulator.scenario.values import Scenario, Stage
from tests import factories
from tests.agreement.test_timelines import SHORT, books_of
from tests.closing import assert_closed

MTBF_S = 1024.0
NAMES = {
    **SHORT,
    "slow": "straggler_slowdown",
    "sdc": "sdc_rollback",
    "check": "sdc_check",
    "down": "elastic_slice_down",
    "up": "elastic_scale_up",
    "fewer": "elastic_degraded",
}
BLOCKING = Cycle(work_s=20.0, write_s=5.0)  # saves at 25, 50, 75, 100 of the clock; the end at 120
CHECKED = Cycle(work_s=20.0, write_s=5.0, check_s=2.0)  # 27 a cycle; 128
SLOW = factories.cause(0.75 / MTBF_S, name="hard", kind="slow", slowdown=0.5, detection_s=30.0, nodes_lost=1)
HARD = replace(SLOW, kind="fail_stop", slowdown=0.0, detection_s=2.0, repair_s=50.0)
SILENT = replace(HARD, kind="silent")
SOFT = factories.cause(0.25 / MTBF_S, name="soft", detection_s=1.0)
BACK = Recovery(swap_s=3.0, initialization_s=4.0, restore_s=6.0)
REPLICA = replace(BACK, policy="replica", group=1, batch="shrink", stall_s=4.0, rejoin_s=1.0)
SHRINK = replace(BACK, policy="shrink", group=1, batch="shrink", spares=0)
FOUR = {"accelerators": 4, "nodes": 4}


def stage(cycle: Cycle = BLOCKING, work_s: float = 100.0, **given: int) -> Stage:
    return factories.stage(work_s, cycle=cycle, **given)


def lived(
    made: Stage, hard: Cause, recovery: Recovery, faults: list[tuple[float, int]]
) -> tuple[dict[str, float], int]:
    """Return the books by phase, in seconds of the job, and the stops."""
    scenario = factories.scenario(made, [hard, SOFT], recovery)
    sink, rate = LedgerSink(), made.nodes / MTBF_S
    header = live(scenario, 0, iter([Fault(at_s * rate, cause, 1.0) for at_s, cause in faults]), sink=sink)
    books = {phase: value / made.accelerators for phase, value in books_of(sink.accelerator_s).items()}
    whole_s = math.fsum(value for phase, value in books.items() if phase != "idle_spare")
    assert whole_s == pytest.approx(header.wall_s, rel=1e-12)
    return books, header.interruptions


CASES: dict[str, tuple[Stage, Cause, Recovery, list[tuple[float, int]], int, dict[str, float]]] = {
    # half the speed from 10 to 40: the clock stands at 25 when the machine is taken out, after a save of 5 s
    "slow, then taken out": (stage(), SLOW, BACK, [(10, 0)], 1,
                             {"slow": 15, "save": 25, "swap": 3, "init": 4, "restore": 6}),
    # a stop at 30 finds the clock at 20: lost 10 of fast and 10 of slow work; slow until it is taken out at 40
    "slow, and struck meanwhile": (stage(), SLOW, Recovery(), [(10, 0), (30, 1)], 2,
                                   {"slow": 10 + 4.5, "lost": 20, "detect": 1, "save": 25}),
    "two slow machines are as slow as one": (stage(), SLOW, Recovery(), [(10, 0), (10, 0)], 2,
                                             {"slow": 15, "save": 30}),
    "slow to the end": (stage(), SLOW, BACK, [(110, 0)], 0, {"slow": 10, "save": 20}),
    # verified saves: corruption at 30 (the clock is in its second stretch, 27 to 47) is found at 49
    "corrupt, found by verification": (stage(CHECKED), SILENT, BACK, [(30, 0)], 1,
                                       {"sdc": 22, "swap": 3, "init": 4, "restore": 6, "save": 20, "check": 8}),
    "corruption in a save is none": (stage(CHECKED), SILENT, BACK, [(25, 0)], 0, {"save": 20, "check": 8}),
    "corrupt, and struck before it is found": (stage(CHECKED), SILENT, Recovery(), [(30, 0), (40, 1)], 1,
                                               {"detect": 1, "lost": 13, "save": 20, "check": 8}),
    # one of four replicas gone: 2 s until it is known, 4 s of stall, a quarter less until 10 + 2 + 13 s
    "a replica goes and comes back": (stage(**FOUR), HARD, REPLICA, [(10, 0)], 1,
                                      {"detect": 2, "down": 4, "fewer": 9 / 4, "up": 1, "save": 20}),
    # no spare: from the last save on three of four; at 12 + 50 the clock is 30, saved, and the job grows again
    "shrink until the machine is mended": (stage(**FOUR), HARD, SHRINK, [(10, 0)], 1,
                                           {"detect": 2, "down": 10, "lost": 10, "fewer": 10, "up": 18, "save": 20}),
    "a spare at hand: nothing shrinks": (stage(**FOUR), HARD, replace(SHRINK, spares=1), [(10, 0)], 1,
                                         {"detect": 2, "swap": 3, "init": 4, "restore": 6, "lost": 10, "save": 20}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_by_hand(name: str) -> None:
    made, hard, recovery, faults, stops, expected = CASES[name]
    books, found = lived(made, hard, recovery, faults)
    assert found == stops
    wanted = {"productive": 100.0, **{NAMES[key]: value for key, value in expected.items()}}
    for phase in {*wanted, *books} - {"idle_spare"}:
        assert books.get(phase, 0.0) == pytest.approx(wanted.get(phase, 0.0), rel=1e-9, abs=1e-9), phase


def burdened(rng: Random) -> Scenario:
    """Make a scenario with slow machines, verified saves and a policy that goes on with fewer replicas."""
    scenario = factories.random_scenario(rng)
    causes = [
        replace(each, rate_per_node_s=each.rate_per_node_s / 3, kind=kind, slowdown=slowdown)
        for each in scenario.causes
        for kind, slowdown in [rng.choice([("fail_stop", 0.0), ("slow", 0.1), ("slow", 0.9), ("silent", 0.0)])]
    ]
    stages = [
        each if each.gross else replace(each, cycle=replace(each.cycle, check_s=0.1 * each.cycle.work_s))
        for each in scenario.stages
    ]
    recovery = replace(
        scenario.recovery, policy=rng.choice(["restart", "shrink", "replica"]), group=rng.choice([1, 2, 4]),
        batch=rng.choice(["keep", "shrink"]), micro_batches=rng.choice([1, 4]), stall_s=rng.uniform(0.0, 5.0),
        rejoin_s=rng.uniform(0.0, 5.0),
    )  # fmt: skip
    return replace(scenario, causes=causes, stages=stages, recovery=recovery)


def test_the_ledger_closes_and_all_work_is_done() -> None:
    """300 scenarios: the lines sum to wall times accelerators, and what is productive is the work of the stages."""
    for seed in range(300):
        scenario = burdened(Random(seed))
        found = simulate_all(scenario, range(2))
        assert_closed(found)
        speed = efficiencies(scenario, range(2))
        work_s = [
            each.productive_s if each.gross else each.work_s / (speed if each.scales else 1.0)
            for each in scenario.stages
        ]
        wanted = sum(work * each.accelerators for work, each in zip(work_s, scenario.stages, strict=True))
        np.testing.assert_allclose(found.productive_accelerator_s, wanted, rtol=1e-9, err_msg=str(seed))


def refused(scenario: Scenario) -> str:
    assert choose(scenario)[0] == "simulate"
    with pytest.raises(ValueError, match="simulate it") as caught:
        estimate(scenario, range(1))
    return str(caught.value)


def test_estimate_refuses_with_words() -> None:
    slow = factories.scenario(stage(), [SLOW])
    assert "machines that slow the job" in refused(slow)
    assert "recovery.policy = 'replica'" in refused(factories.scenario(stage(**FOUR), [HARD], REPLICA))
    assert "verified" in refused(factories.scenario(stage(CHECKED), [SILENT]))
    assert choose(factories.scenario(stage(CHECKED), [HARD]))[0] == "estimate"


def test_verified_segments() -> None:
    """E = (W + V)/p + R (1/p - 1) + C, all segments alike; theory, section 2."""
    rate, cycle = 1 / 400.0, Cycle(work_s=100.0, write_s=5.0, check_s=10.0)
    silent = factories.cause(rate, kind="silent")
    run = factories.scenario(stage(cycle, 20 * 100.0, final_save=True), [silent], Recovery(restore_s=8.0))
    wall_s = simulate_all(run, range(1500)).wall_s
    expected = 20 * verified_segment_s(100.0, 10.0, 5.0, rate_per_s=rate, recovery_s=8.0)
    assert wall_s.mean() == pytest.approx(expected, abs=3.5 * wall_s.std() / math.sqrt(wall_s.size))


@pytest.mark.parametrize(("replicas", "published"), [(12, 0.80), (1, 0.44)])
def test_replica_granular_recovery(replicas: int, published: float) -> None:
    """T7: a stop every 18 min, 3 min for all, 7 min for its replica (10 in step): 80 % and 44 % published, 1 point."""
    minute_s = 60.0
    elastic = Recovery(restore_s=10 * minute_s) if replicas == 1 else replace(
        REPLICA, swap_s=0.0, initialization_s=0.0, restore_s=10 * minute_s, stall_s=3 * minute_s, rejoin_s=0.0
    )  # fmt: skip
    made = stage(Cycle(work_s=1.0), 12 * 3600.0, accelerators=replicas, nodes=replicas)
    hard = replace(HARD, detection_s=0.0)
    count = 30
    faults = [(18 * minute_s * number, 0) for number in range(1, count + 1)]
    books, _ = lived(made, hard, elastic, faults)
    until_s = 18 * minute_s * (count + 1)
    lost_s = math.fsum(value for phase, value in books.items() if phase not in ("productive", "idle_spare"))
    expected = replica_granular_goodput(18.0, stall_s=3.0, degraded_s=7.0, replicas=replicas)
    assert 1 - lost_s / (until_s - 18 * minute_s) == pytest.approx(expected, abs=2e-3)
    assert expected == pytest.approx(published, abs=0.01)
