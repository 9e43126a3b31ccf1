"""What burdens a run while something else happens to it, worked out by hand; one burden alone: tests/agreement."""

import math
from dataclasses import replace

import pytest

from simulator.engine.burdens import Burden, Burdens, Drag
from simulator.engine.simulate import live
from simulator.engine.timeline import Fault
from simulator.records import ListSink
from simulator.reliability.attempt import Cycle
from simulator.reliability.causes import Cause
from simulator.reliability.fleet import RepairLaw
from simulator.reliability.recovery import Recovery
from simulator.scenario.values import Stage, rate_per_s
from tests import factories

SAVED = Cycle(work_s=20.0, write_s=5.0)  # saves end at 25, 50, 75, 100 of the clock; 100 s of work end at 120
CHECKED = Cycle(work_s=20.0, write_s=5.0, check_s=2.0)  # a cycle of 27; the end is at 128, and no save ends it
BACK = Recovery(swap_s=3.0, initialization_s=4.0, restore_s=6.0)
HARD = factories.cause(0.75 / 1024, name="hard", detection_s=2.0, nodes_lost=1, repair_s=50.0)
SLOW = factories.cause(0.25 / 1024, name="slow", kind="slow", slowdown=0.5, detection_s=30.0, nodes_lost=1,
                       repair_s=50.0)  # fmt: skip
SILENT = replace(SLOW, name="silent", kind="silent", slowdown=0.0)
SOFT = factories.cause(0.75 / 1024, name="soft", detection_s=1.0)


def work(cycle: Cycle = SAVED, work_s: float = 100.0, **given: object) -> Stage:
    return factories.stage(work_s, cycle=cycle, **given)


def story(
    stages: Stage | list[Stage],
    causes: list[Cause],
    recovery: Recovery,
    *faults: tuple[float, str],
    repair: float = 1.0,
) -> tuple[float, dict[str, int], dict[str, float]]:
    """Return the wall time, the stops by cause that were any, and the seconds that are lost work or slowness."""
    scenario = factories.scenario(stages, causes, recovery)
    rate, names = rate_per_s(scenario, scenario.stages[0]), [each.name for each in causes]
    sink = ListSink()
    timeline = [Fault(at_s * rate, names.index(name), repair) for at_s, name in faults]
    header = live(scenario, 0, iter(timeline), sink=sink)
    told: dict[str, list[float]] = {"wasted_progress": [], "straggler_slowdown": [], "sdc_rollback": []}
    for record in sink.records:
        if record.phase in told:
            told[record.phase].append(record.duration_s)
    return header.wall_s, {name: count for name, count in header.stops.items() if count}, {
        phase: math.fsum(parts) for phase, parts in told.items() if parts
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cause", "spares", "way_back_s"),
    [
        (SLOW, None, 3 + 4 + 6),
        (SLOW, 1, 3 + 4 + 6),
        (SLOW, 0, 50 + 3 + 4 + 6),  # the slow machine is mended, and nobody takes its place before
        (replace(SLOW, nodes_lost=0), 0, 4 + 6),  # nothing is replaced
    ],
)
def test_a_slow_machine_is_taken_out_when_it_is_found(cause: Cause, spares: int | None, way_back_s: float) -> None:
    """At half the speed from 10 to 40, which costs 15; then a save of 5 and the way back, with nothing lost."""
    wall_s, stops, told = story(work(), [SOFT, cause], replace(BACK, spares=spares), (10, "slow"))
    assert wall_s == pytest.approx(120 + 15 + 5 + way_back_s)
    assert stops == {"slow": 1}
    assert told == {"straggler_slowdown": pytest.approx(15)}


@pytest.mark.parametrize(("law", "repair_s"), [("constant", 50.0), ("exponential", 100.0)])
def test_a_slow_machine_is_as_long_in_repair_as_its_fault_says(law: RepairLaw, repair_s: float) -> None:
    """A draw of twice the mean lengthens an exponential repair, which begins after the save, and no constant one."""
    slow = replace(SLOW, repair_law=law)
    wall_s, _, _ = story(work(), [SOFT, slow], replace(BACK, spares=0), (10, "slow"), repair=2.0)
    assert wall_s == pytest.approx(120 + 15 + 5 + repair_s + 3 + 4 + 6)


def test_a_spare_that_is_mended_during_the_save_is_not_waited_for() -> None:
    """The machine lost at 1 is back at 53; the slow one, from 20 on, is found at 50, and the save ends at 55.

    Work goes on at 16, the clock stands at 4 + 15 at 50, and at 55 + 13 the other 101 s are still to do.
    """
    wall_s, _, _ = story(work(), [HARD, SLOW], replace(BACK, spares=1), (1, "hard"), (20, "slow"))
    assert wall_s == pytest.approx(68 + 101)


def test_a_stop_during_the_wait_for_the_place_of_a_slow_machine_waits_for_it_too() -> None:
    """The slow machine is found at 40, when the clock is at 25, and back at 95; the stop at 60 does not bring it."""
    everywhere = replace(BACK, spares=0, exposure="C")
    wall_s, stops, told = story(work(), [SOFT, SLOW], everywhere, (10, "slow"), (60, "soft"))
    assert wall_s == pytest.approx(95 + 4 + 6 + 120 - 25)
    assert stops == {"soft": 1, "slow": 1}
    assert told == {"straggler_slowdown": pytest.approx(15)}


def test_a_machine_that_turns_slow_on_the_way_back_slows_what_follows() -> None:
    """A stop at 30 loses 5, work goes on at 41; slow from 35 to 65, so 24 s give 12; then 5 + 13 to take it out."""
    wall_s, stops, told = story(work(), [SOFT, SLOW], BACK, (30, "soft"), (35, "slow"))
    assert wall_s == pytest.approx(120 + 5 + (1 + 4 + 6) + 12 + (5 + 13))
    assert stops == {"soft": 1, "slow": 1}
    assert told == {"wasted_progress": pytest.approx(5), "straggler_slowdown": pytest.approx(12)}


def test_a_slow_machine_among_fewer_replicas() -> None:
    """One of four goes at 10, three work from 16 and all again from 26; at half the speed from 20 to 50.

    The clock: 10, then 4 at 3/4, 5 at 3/8, 1 of rejoining, 24 at 1/2: 26.875 when the slow machine is taken out.
    """
    elastic = replace(BACK, policy="replica", group=1, batch="shrink", stall_s=4.0, rejoin_s=1.0)
    four = work(accelerators=4, nodes=4)
    wall_s, stops, told = story(four, [HARD, SLOW], elastic, (10, "hard"), (20, "slow"))
    assert wall_s == pytest.approx(50 + (5 + 13) + 120 - 26.875)
    assert stops == {"hard": 1, "slow": 1}
    assert told == {"straggler_slowdown": pytest.approx(5 * 3 / 8 + 24 / 2)}


def test_a_job_that_would_have_no_replica_left_restarts() -> None:
    shrink = replace(BACK, policy="shrink", group=1, batch="shrink", spares=0)
    wall_s, stops, told = story(work(), [HARD, SOFT], shrink, (10, "hard"))
    assert wall_s == pytest.approx(120 + 10 + 2 + 50 + 13)
    assert (stops, told) == ({"hard": 1}, {"wasted_progress": pytest.approx(10)})


def test_a_stretch_that_is_corrupt_twice_is_done_again_once() -> None:
    """Strikes at 30 and 35, in the second stretch; its verification ends at 49, and the save before it at 27."""
    wall_s, stops, told = story(work(CHECKED), [SOFT, SILENT], BACK, (30, "silent"), (35, "silent"))
    assert wall_s == pytest.approx(128 + 22 + 13)
    assert (stops, told) == ({"silent": 1}, {"sdc_rollback": pytest.approx(22)})


def test_the_last_stretch_is_verified_only_where_a_save_ends_it() -> None:
    """From 108 on. Without a save the run ends at 128 and nobody knows; with one it is found at 130 of 135."""
    assert story(work(CHECKED), [SOFT, SILENT], BACK, (115, "silent")) == (pytest.approx(128), {}, {})
    saved = work(CHECKED, final_save=True)
    wall_s, stops, told = story(saved, [SOFT, SILENT], BACK, (115, "silent"))
    assert wall_s == pytest.approx(135 + 22 + 13)
    assert (stops, told) == ({"silent": 1}, {"sdc_rollback": pytest.approx(22)})


def test_a_short_last_stretch_is_verified_at_its_own_end() -> None:
    """90 s of work: the last 10 begin at 108, their verification ends at 120 and the save at 125."""
    wall_s, stops, told = story(work(CHECKED, 90.0, final_save=True), [SOFT, SILENT], BACK, (112, "silent"))
    assert wall_s == pytest.approx(125 + 12 + 13)
    assert (stops, told) == ({"silent": 1}, {"sdc_rollback": pytest.approx(12)})


def test_a_fault_at_the_instant_when_a_stage_ends_strikes_the_next() -> None:
    """Work that ends then counts, so that nothing is lost, and the next stage begins with the way back."""
    halves = [work(Cycle(work_s=50.0), 50.0, name=name) for name in ("first", "second")]
    assert story(halves, [SOFT], BACK, (50, "soft")) == (pytest.approx(100 + 1 + 4 + 6), {"soft": 1}, {})
    wall_s, stops, told = story(halves, [SOFT], BACK, (50, "soft"), (61 + 49, "soft"))
    assert wall_s == pytest.approx(100 + 2 * 11 + 49)
    assert (stops, told) == ({"soft": 2}, {"wasted_progress": pytest.approx(49)})


def burdens(*now: Burden) -> Burdens:
    """Return burdens of four replicas of one accelerator; causes 0 and 1 slow the job by a half and a fifth."""
    recovery = replace(BACK, policy="replica", group=1, batch="shrink")
    made = Burdens(factories.scenario(None, [SLOW, replace(SLOW, name="slower", slowdown=0.2)], recovery))
    for each in now:
        made.add(each)
    return made


def test_the_burden_that_ends_first_ends_on_its_own_clock() -> None:
    """Corruption ends where the stage's clock is at 60: from 40 at half the pace, 40 s after work goes on at 100."""
    slow, corrupt = Burden("slow", 0, 130.0), Burden("corrupt", 0, 60.0, since_s=30.0)
    assert burdens().next(100.0, 40.0, 1.0) is None
    assert burdens(slow, corrupt).next(100.0, 40.0, 1.0) == (120.0, corrupt)
    assert burdens(slow, corrupt).next(100.0, 40.0, 0.5) == (130.0, slow)
    assert burdens(Burden("slow", 0, 90.0)).next(100.0, 40.0, 1.0) == (100.0, Burden("slow", 0, 90.0))


def test_the_slowest_machine_sets_the_pace_of_the_replicas_that_are_left() -> None:
    four = work(accelerators=4, nodes=4)
    both = burdens(Burden("slow", 1, 9.0), Burden("replica", 1, 9.0, 1), Burden("slow", 0, 9.0))
    assert both.drags(four) == (Drag(0.25, "elastic_degraded", "slower"), Drag(0.375, "straggler_slowdown", "slow"))
    assert burdens().drags(four) == ()


def test_replicas_that_are_gone_leave_fewer_to_take() -> None:
    four = work(accelerators=4, nodes=4)
    assert burdens().taken(four, HARD) == 1
    assert burdens(Burden("replica", 0, 9.0, 3)).taken(four, HARD) is None
    assert burdens().taken(four, SOFT) is None  # takes no machine


def test_corruption_is_forgotten_from_a_position_of_the_clock_on() -> None:
    early, late = Burden("corrupt", 0, 60.0, since_s=30.0), Burden("corrupt", 0, 60.0, since_s=50.0)
    held = burdens(early, late)
    held.clear_corrupt(50.0)
    assert held.next(0.0, 0.0, 1.0) == (60.0, early)
    held.clear_corrupt()
    assert held.next(0.0, 0.0, 1.0) is None
    slow = Burden("slow", 0, 9.0)
    left = burdens(slow, early)
    left.clear_corrupt()
    assert left.next(0.0, 0.0, 1.0) == (9.0, slow)
    left.lift(slow)
    assert left.next(0.0, 0.0, 1.0) is None
