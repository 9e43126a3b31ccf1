"""How a gang lives on a spot market: by hand, and by properties that no market can break."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.reliability.attempt import Cycle, total_s
from simulator.reliability.gang import Gang, Strike, Task, Terms, UnfinishedError
from simulator.reliability.spot import Span

EVERY_100 = Cycle(work_s=100.0, write_s=10.0)


def lived(work_s, spans, terms=None, strikes=(), cycle=EVERY_100):
    gang = Gang(spans, terms or Terms(), strikes)
    gang.work(Task(work_s=work_s, cycle=cycle))
    return gang


def told(gang):
    return [(each.phase, each.duration_s, each.cause, each.market) for each in gang.stretches]


def test_a_preemption_takes_back_what_no_save_holds():
    terms = Terms(startup_s=5.0, initialization_s=4.0, restore_s=1.0)
    gang = lived(250.0, [Span(0.0, 240.0), Span(300.0, 1000.0)], terms)
    assert told(gang) == [
        ("program_startup", 5.0, "none", "spot"),
        ("productive", 200.0, "none", "spot"),
        ("checkpoint_save", 20.0, "none", "spot"),
        ("wasted_progress", 15.0, "preemption", "spot"),
        ("spare_wait", 60.0, "preemption", None),
        ("accelerator_initialization", 4.0, "preemption", "spot"),
        ("checkpoint_restore", 1.0, "preemption", "spot"),
        ("productive", 50.0, "none", "spot"),
    ]
    assert (gang.preemptions, gang.left_at_s, gang.now_s) == (1, None, 355.0)
    assert gang.held_s("spot") == 295.0


def test_a_save_at_the_notice_keeps_what_was_done_before_it():
    spans = [Span(0.0, 200.0), Span(210.0, 900.0)]
    kept = lived(250.0, spans, Terms(notice_s=30.0))
    assert [each[:2] for each in told(kept)[:3]] == [
        ("productive", 160.0), ("checkpoint_save", 20.0), ("wasted_progress", 20.0),
    ]  # fmt: skip
    assert told(lived(250.0, spans, Terms(notice_s=9.0)))[0][1] == 100.0
    assert told(lived(250.0, spans, Terms(notice_s=30.0, saves_at_notice=False)))[0][1] == 100.0


def test_a_fault_is_mended_on_the_nodes_that_stay():
    strikes = [Strike(150.0, "gpu", [("detection_latency", 7.0), ("infrastructure_recovery", 3.0)])]
    gang = lived(200.0, [Span(0.0, 1000.0)], Terms(initialization_s=5.0), strikes)
    assert told(gang) == [
        ("productive", 100.0, "none", "spot"),
        ("checkpoint_save", 10.0, "none", "spot"),
        ("wasted_progress", 40.0, "gpu", "spot"),
        ("detection_latency", 7.0, "gpu", "spot"),
        ("infrastructure_recovery", 3.0, "gpu", "spot"),
        ("accelerator_initialization", 5.0, "gpu", "spot"),
        ("productive", 100.0, "none", "spot"),
    ]
    assert dict(gang.stops) == {"gpu": 1}


def test_an_announced_stop_loses_nothing():
    strikes = [Strike(150.0, "upgrade", [("checkpoint_save", 10.0), ("planned_maintenance", 60.0)], announced=True)]
    gang = lived(200.0, [Span(0.0, 1000.0)], Terms(initialization_s=5.0), strikes)
    assert [each[:2] for each in told(gang)] == [
        ("productive", 140.0), ("checkpoint_save", 10.0), ("checkpoint_save", 10.0), ("planned_maintenance", 60.0),
        ("accelerator_initialization", 5.0), ("productive", 60.0),
    ]  # fmt: skip


def test_the_market_can_take_a_gang_that_is_down():
    strikes = [Strike(50.0, "gpu", [("detection_latency", 30.0)])]
    gang = lived(80.0, [Span(0.0, 60.0), Span(70.0, 900.0)], Terms(initialization_s=5.0), strikes)
    assert [each[:3] for each in told(gang)] == [
        ("wasted_progress", 50.0, "gpu"),
        ("detection_latency", 10.0, "gpu"),
        ("spare_wait", 10.0, "preemption"),
        ("accelerator_initialization", 5.0, "preemption"),
        ("productive", 80.0, "none"),
    ]
    assert dict(gang.stops) == {"gpu": 1, "preemption": 1}


def test_faults_count_exposed_time_only():
    """A fault at 120 s of exposure: 60 s before the preemption, none while away, 60 s after."""
    gang = lived(90.0, [Span(0.0, 60.0), Span(500.0, 900.0)], Terms(initialization_s=10.0), [Strike(120.0, "x")])
    assert [each.start_s for each in gang.stretches if each.phase == "wasted_progress"] == [0.0, 510.0]
    assert gang.now_s == 560.0 + 10.0 + 90.0


def test_the_deadline_rule_while_waiting_and_before_taking_a_risk():
    terms = Terms(changeover_s=20.0, deadline_s=500.0)
    waiting = lived(100.0, [], terms)
    assert [each[:2] + each[3:] for each in told(waiting)] == [
        ("spare_wait", 380.0, None), ("infrastructure_recovery", 20.0, "on-demand"), ("productive", 100.0, "on-demand"),
    ]  # fmt: skip
    assert (waiting.left_at_s, waiting.now_s) == (380.0, 500.0)
    # 300 s of work and two saves leave 60 s of slack, less than the 110 s to the first save: spot is not taken
    assert lived(300.0, [Span(0.0, 1000.0)], Terms(changeover_s=20.0, deadline_s=400.0)).left_at_s == 0.0
    assert lived(300.0, [Span(0.0, 1000.0)], Terms(changeover_s=20.0, deadline_s=460.0)).left_at_s is None


def test_stages_follow_each_other_and_share_the_deadline():
    gang = Gang([Span(0.0, 150.0)], Terms(initialization_s=5.0, deadline_s=500.0))
    gang.work(Task(work_s=100.0, cycle=EVERY_100, final_save=True, later_s=200.0))
    assert (gang.now_s, gang.left_at_s) == (110.0, None)
    gang.work(Task(work_s=180.0, cycle=EVERY_100))
    assert gang.left_at_s == 310.0  # 180 s and a save before 500 s
    assert gang.now_s == 500.0


def test_no_capacity_and_no_deadline_do_not_end():
    with pytest.raises(UnfinishedError, match="50 s of work are left"):
        lived(150.0, [Span(0.0, 120.0)])


SPANS = st.lists(st.tuples(st.floats(0.01, 300), st.floats(0.01, 500)), max_size=30).map(
    lambda gaps: [
        Span(start, start + length)
        for start, length in zip(
            [sum(sum(each) for each in gaps[:n]) + gaps[n][0] for n in range(len(gaps))],
            [length for _, length in gaps], strict=True,
        )
    ]
)  # fmt: skip
STRIKES = st.lists(st.tuples(st.floats(0, 500), st.floats(0, 50), st.booleans()), max_size=20).map(
    lambda rows: [
        Strike(sum(gap for gap, *_ in rows[: at + 1]), f"c{at % 3}", [("detection_latency", rows[at][1])], rows[at][2])
        for at in range(len(rows))
    ]
)


def check(gang, spans, work_s):
    """No gap and no overlap, all work done once, and spot nodes only while they are up."""
    assert math.fsum(each.duration_s for each in gang.stretches if each.phase == "productive") == pytest.approx(work_s)
    assert gang.stretches[0].start_s == 0
    for earlier, later in pairwise(gang.stretches):
        assert earlier.start_s + earlier.duration_s == pytest.approx(later.start_s, abs=1e-6)
    for each in gang.stretches:
        inside = [span for span in spans if span.start_s - 1e-6 <= each.start_s <= span.end_s + 1e-6]
        if each.market == "spot":
            assert any(each.start_s + each.duration_s <= span.end_s + 1e-6 for span in inside)


@settings(max_examples=300, deadline=None)
@given(SPANS, st.floats(1, 3000), st.floats(1, 400), st.floats(0, 30), st.floats(0, 60), st.floats(0, 60),
       st.floats(0, 100), st.floats(0, 2000), st.booleans())  # fmt: skip
def test_a_deadline_that_can_be_met_is_met(
    spans, work_s, every_s, write_s, setup_s, notice_s, change_s, slack_s, hasty
):
    """As long as nothing but the market interrupts."""
    cycle = Cycle(work_s=every_s, write_s=write_s)
    needed_s = float(total_s(work_s, cycle, final_save=False)) + change_s
    terms = Terms(startup_s=setup_s, initialization_s=setup_s, notice_s=notice_s, saves_at_notice=hasty,
                  changeover_s=change_s, deadline_s=needed_s + slack_s)  # fmt: skip
    gang = lived(work_s, spans, terms, cycle=cycle)
    assert gang.now_s <= terms.deadline_s * (1 + 1e-9)
    check(gang, spans, work_s)


@settings(max_examples=200, deadline=None)
@given(SPANS, STRIKES, st.floats(1, 1000), st.floats(1, 400), st.floats(0, 30), st.floats(0, 30), st.floats(0, 60))
def test_time_is_kept_under_faults(spans, strikes, work_s, every_s, write_s, flush_s, setup_s):
    cycle = Cycle(work_s=every_s, write_s=write_s, flush_s=min(flush_s, every_s), slowdown=0.1)
    forever = Span((spans[-1].end_s if spans else 0.0) + 10.0, math.inf)
    gang = lived(work_s, [*spans, forever], Terms(initialization_s=setup_s), strikes, cycle)
    check(gang, [*spans, forever], work_s)
    held = gang.held_s("spot") + math.fsum(each.duration_s for each in gang.stretches if each.market is None)
    assert held == pytest.approx(gang.now_s, rel=1e-9)


@settings(max_examples=100, deadline=None)
@given(SPANS, st.floats(1, 1000), st.floats(1, 400))
def test_more_capacity_never_ends_later(spans, work_s, every_s):
    """Without costs of saves and restarts, a span that lasts longer cannot hurt."""
    cycle, forever = Cycle(work_s=every_s), Span(1e6, math.inf)
    one = lived(work_s, [*spans, forever], cycle=cycle)
    longer = [*spans[:-1], Span(spans[-1].start_s, spans[-1].end_s + 50.0)] if spans else []
    assert lived(work_s, [*longer, forever], cycle=cycle).now_s <= one.now_s + 1e-6
