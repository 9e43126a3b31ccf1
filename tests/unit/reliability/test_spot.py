"""How a gang lives on a spot market: by hand, and by properties that no market can break."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.foundation.streams import generator
from simulator.reliability.attempt import Cycle, total_s
from simulator.reliability.laws import law
from simulator.reliability.spot import (
    Capacity,
    Span,
    Terms,
    UnfinishedError,
    capacity_of,
    drawn,
    live,
    must_leave,
    replayed,
)

HOURLY = Cycle(work_s=100.0, write_s=10.0)


def phases(life):
    return [(each.phase, each.duration_s, each.market) for each in life.stretches]


def test_a_preemption_takes_back_what_no_save_holds():
    life = live(250.0, [Span(0.0, 240.0), Span(300.0, 1000.0)], Terms(cycle=HOURLY, restart_s=5.0))
    assert phases(life) == [
        ("program_startup", 5.0, "spot"),
        ("productive", 200.0, "spot"),
        ("checkpoint_save", 20.0, "spot"),
        ("wasted_progress", 15.0, "spot"),
        ("spare_wait", 60.0, None),
        ("checkpoint_restore", 5.0, "spot"),
        ("productive", 50.0, "spot"),
    ]
    assert (life.preemptions, life.left_at_s, life.end_s) == (1, None, 355.0)
    assert life.held_s("spot") == 295.0


def test_a_save_at_the_notice_keeps_what_was_done_before_it():
    spans = [Span(0.0, 200.0), Span(200.0, 900.0)]
    kept = live(250.0, spans, Terms(cycle=HOURLY, notice_s=30.0))
    assert phases(kept)[:3] == [
        ("productive", 160.0, "spot"), ("checkpoint_save", 20.0, "spot"), ("wasted_progress", 20.0, "spot"),
    ]  # fmt: skip
    too_short = live(250.0, spans, Terms(cycle=HOURLY, notice_s=9.0))
    assert phases(too_short)[0] == ("productive", 100.0, "spot")
    assert phases(live(250.0, spans, Terms(cycle=HOURLY, notice_s=30.0, saves_at_notice=False)))[0][1] == 100.0


def test_the_deadline_rule_while_waiting_and_while_working():
    waiting = live(100.0, [], Terms(cycle=HOURLY, changeover_s=20.0, deadline_s=500.0))
    assert phases(waiting) == [
        ("spare_wait", 380.0, None), ("infrastructure_recovery", 20.0, "on-demand"), ("productive", 100.0, "on-demand"),
    ]  # fmt: skip
    assert (waiting.left_at_s, waiting.end_s) == (380.0, 500.0)
    working = live(300.0, [Span(0.0, 1000.0)], Terms(cycle=HOURLY, changeover_s=20.0, deadline_s=400.0))
    # 300 s of work and two saves leave 60 s of slack, less than to the first save: at 60 s what is done is saved
    assert phases(working)[:3] == [
        ("productive", 60.0, "spot"), ("checkpoint_save", 10.0, "spot"), ("infrastructure_recovery", 20.0, "on-demand"),
    ]  # fmt: skip
    assert working.end_s <= 400.0
    assert must_leave(320.0, 20.0, 340.0)


def test_no_capacity_and_no_deadline_do_not_end():
    with pytest.raises(UnfinishedError, match="50 s of work are left"):
        live(150.0, [Span(0.0, 120.0)], Terms(cycle=HOURLY))


spans = st.lists(st.tuples(st.floats(0, 300), st.floats(0, 500)), max_size=30).map(
    lambda gaps: [
        Span(start, start + length)
        for start, length in zip(
            [sum(sum(each) for each in gaps[:n]) + gaps[n][0] for n in range(len(gaps))],
            [length for _, length in gaps], strict=True,
        )
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    spans, st.floats(1, 3000), st.floats(1, 400), st.floats(0, 30), st.floats(0, 60), st.floats(0, 60),
    st.floats(0, 100), st.floats(0, 2000), st.booleans(),
)  # fmt: skip
def test_a_deadline_that_can_be_met_is_met(
    spans, work_s, every_s, write_s, restart_s, notice_s, change_s, slack_s, hasty
):
    cycle = Cycle(work_s=every_s, write_s=write_s)
    needed_s = float(total_s(work_s, cycle, final_save=False)) + change_s
    terms = Terms(cycle=cycle, restart_s=restart_s, notice_s=notice_s, saves_at_notice=hasty, changeover_s=change_s,
                  deadline_s=needed_s + slack_s)  # fmt: skip
    life = live(work_s, spans, terms)
    assert life.end_s <= terms.deadline_s * (1 + 1e-9)
    productive = math.fsum(each.duration_s for each in life.stretches if each.phase == "productive")
    assert productive == pytest.approx(work_s, rel=1e-9)
    at_s = 0.0
    for each in life.stretches:  # no gap, no overlap, and spot nodes only while they are up
        assert each.start_s == pytest.approx(at_s, abs=1e-6)
        at_s = each.start_s + each.duration_s
        saves_on_leaving = life.left_at_s is not None and at_s == pytest.approx(life.left_at_s, abs=1e-6)
        if each.market == "spot" and not saves_on_leaving:
            inside = [span for span in spans if span.start_s - 1e-6 <= each.start_s and at_s <= span.end_s + 1e-6]
            assert inside


@settings(max_examples=100, deadline=None)
@given(spans, st.floats(1, 1000), st.floats(1, 400))
def test_more_capacity_never_ends_later(spans, work_s, every_s):
    """Without costs of saves and restarts, a span that lasts longer cannot hurt."""
    terms, forever = Terms(cycle=Cycle(work_s=every_s)), Span(1e6, 1e9)
    one = live(work_s, [*spans, forever], terms)
    longer = [*spans[:-1], Span(spans[-1].start_s, spans[-1].end_s + 50.0)] if spans else []
    assert live(work_s, [*longer, forever], terms).end_s <= one.end_s + 1e-6


def test_capacity_of_nodes_and_of_gangs():
    market = capacity_of([(Span(0, 10), 1), (Span(5, 20), 1), (Span(10, 15), 2)], since_s=0, until_s=20)
    assert market.node_s == 10 + 15 + 10
    assert market.spans_with(2) == [Span(5, 15)]
    assert market.spans_with(0) == [Span(0, 20)]
    assert market.share_with(4) == 0


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100), st.integers(1, 5)), min_size=1, max_size=20))
def test_node_time_is_conserved(nodes):
    spans = [(Span(start, start + length), count) for start, length, count in nodes]
    until = max(span.end_s for span, _ in spans) + 1
    market = capacity_of(spans, since_s=0.0, until_s=until)
    assert market.node_s == pytest.approx(math.fsum(span.length_s * count for span, count in spans), abs=1e-6)
    shares = [market.share_with(size) for size in range(8)]
    assert shares == sorted(shares, reverse=True)
    joined = math.fsum(span.length_s for span in market.spans_with(2))
    assert joined == pytest.approx(market.share_with(2) * market.length_s, abs=1e-6)


@pytest.mark.parametrize(
    "wrong",
    [
        {"at_s": (), "nodes": (), "until_s": 1.0},
        {"at_s": (0.0,), "nodes": (1, 2), "until_s": 1.0},
        {"at_s": (2.0, 1.0), "nodes": (1, 2), "until_s": 3.0},
        {"at_s": (0.0,), "nodes": (-1,), "until_s": 1.0},
        {"at_s": (2.0,), "nodes": (1,), "until_s": 1.0},
    ],
)
def test_capacity_that_cannot_be(wrong):
    with pytest.raises(ValueError, match="expected"):
        Capacity(**wrong)


@given(st.floats(0, 99), st.floats(1, 1000))
def test_a_replay_is_up_for_the_records_share(start, until):
    spans = [Span(10.0, 30.0), Span(50.0, 100.0)]
    found = replayed(spans, length_s=100.0, start_s=start, until_s=until)
    for earlier, later in pairwise(found):
        assert earlier.end_s < later.start_s
    up = math.fsum(span.length_s for span in found)
    assert abs(up - 0.7 * until) <= 0.7 * 100 + 1e-6
    assert all(0 <= span.start_s < span.end_s <= until for span in found)


def test_drawn_spans_follow_their_laws():
    up, down = law("weibull", mean_s=300.0, shape=0.7), law("exponential", mean_s=100.0)
    found = drawn(up, down, generator(5, "tests", "spot"), until_s=4e6)
    share = math.fsum(span.length_s for span in found) / 4e6
    assert share == pytest.approx(0.75, abs=0.02)  # renewal reward; some ten thousand turns
