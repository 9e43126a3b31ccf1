"""Capacity of a spot market: steps, gangs, replays and draws."""

import math
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.foundation.streams import generator
from simulator.reliability.laws import law
from simulator.reliability.spot import Capacity, Span, SpotMarket, capacity_of, drawn, must_leave, replayed


def test_the_rule_of_the_deadline():
    assert must_leave(320.0, 20.0, 340.0)
    assert not must_leave(320.0, 20.0, 340.5)


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


@given(st.floats(0, 99.9), st.lists(st.tuples(st.floats(0, 40), st.floats(0.1, 40)), min_size=1, max_size=5))
def test_a_replay_is_up_for_the_records_share(start, gaps):
    spans, at = [], 0.0
    for gap, length in gaps:
        spans.append(Span(at + gap, at + gap + length))
        at += gap + length
    length_s = at + 1.0
    found = list(islice(replayed(spans, length_s=length_s, start_s=start % length_s), 200))
    assert all(earlier.end_s < later.start_s for earlier, later in pairwise(found))
    assert found[0].start_s >= 0
    until = found[-1].end_s
    up = math.fsum(span.length_s for span in found)
    share = math.fsum(span.length_s for span in spans) / length_s
    assert abs(up - share * until) <= length_s


def test_a_replay_of_capacity_without_a_gap_never_ends():
    assert list(replayed([Span(0.0, 50.0)], length_s=50.0, start_s=10.0)) == [Span(0.0, math.inf)]
    assert list(replayed([], length_s=50.0, start_s=10.0)) == []


def test_drawn_spans_follow_their_laws():
    up, down = law("weibull", mean_s=300.0, shape=0.7), law("exponential", mean_s=100.0)
    found = list(islice(drawn(up, down, generator(5, "tests", "spot")), 10_000))
    share = math.fsum(span.length_s for span in found) / found[-1].end_s
    assert share == pytest.approx(0.75, abs=0.02)  # renewal reward


def test_a_market_begins_where_it_is_told_or_anywhere():
    spans = (Span(10.0, 30.0), Span(50.0, 100.0))
    fixed = SpotMarket(spans=spans, length_s=100.0, start_s=120.0)
    assert next(fixed.capacity(generator(1, "x"))) == Span(0.0, 10.0)
    anywhere = SpotMarket(spans=spans, length_s=100.0)
    firsts = {next(anywhere.capacity(generator(seed, "x"))) for seed in range(20)}
    assert len(firsts) > 10
    assert anywhere.preemptions_per_up_s == 2 / 70
    assert SpotMarket(spans=(Span(0.0, 9.0),), length_s=9.0).preemptions_per_up_s == 0
    laws = SpotMarket(up=law("exponential", mean_s=50.0), away=law("exponential", mean_s=5.0))
    assert laws.preemptions_per_up_s == 1 / 50
    assert next(laws.capacity(generator(1, "x"))).start_s == 0
