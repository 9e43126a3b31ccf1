"""Calendars: both engines equal, nobody in two places, more people never later, the critical path explains the end."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.lifecycle import simulate_life
from simulator.engine.lifecycle_batch import because, chain, schedule
from simulator.workload.stages import Estimate, Plan
from tests.lives import plans

steady = settings(deadline=None, derandomize=True)


def one(plan: Plan, lengths: list[float]) -> tuple[list[float], list[float]]:
    start_s, finish_s = schedule(plan, np.array([lengths]).T)
    return start_s[:, 0].tolist(), finish_s[:, 0].tolist()


@steady
@given(plans())
def test_both_engines_live_the_same_life(drawn: tuple[Plan, list[float]]) -> None:
    plan, lengths = drawn
    lived = simulate_life(plan, lengths)
    start_s, finish_s = one(plan, lengths)
    np.testing.assert_allclose(lived.start_s, start_s, rtol=0, atol=1e-9)
    np.testing.assert_allclose(lived.finish_s, finish_s, rtol=0, atol=1e-9)


@steady
@given(plans(), st.integers(2, 5))
def test_replicas_do_not_disturb_each_other(drawn: tuple[Plan, list[float]], factor: int) -> None:
    plan, lengths = drawn
    both = np.array([lengths, [factor * each for each in reversed(lengths)]]).T
    together = schedule(plan, both)[1]
    for column in (0, 1):
        assert together[:, column].tolist() == one(plan, both[:, column].tolist())[1]


@steady
@given(plans())
def test_a_stage_comes_after_all_those_that_it_waits_for(drawn: tuple[Plan, list[float]]) -> None:
    plan, lengths = drawn
    start_s, finish_s = one(plan, lengths)
    for number, after in enumerate(plan.after):
        assert all(start_s[number] >= finish_s[before] for before in after)
        assert finish_s[number] == start_s[number] + lengths[number]


@steady
@given(plans())
def test_nobody_is_in_two_places(drawn: tuple[Plan, list[float]]) -> None:
    plan, lengths = drawn
    start_s, finish_s = one(plan, lengths)
    for resource, size in enumerate(plan.sizes):
        for moment in start_s:
            busy = [at for at in range(len(lengths)) if start_s[at] <= moment < finish_s[at]]
            assert sum(plan.needs[at].get(resource, 0) for at in busy) <= size


@steady
@given(plans(), st.data())
def test_more_people_are_never_later(drawn: tuple[Plan, list[float]], data: st.DataObject) -> None:
    plan, lengths = drawn
    more = tuple(size + data.draw(st.integers(0, 5)) for size in plan.sizes)
    few, many = one(plan, lengths)[1], one(replace(plan, sizes=more), lengths)[1]
    assert all(after <= before + 1e-9 for before, after in zip(few, many, strict=True))


@steady
@given(plans(), st.data())
def test_a_shorter_stage_makes_nothing_later(drawn: tuple[Plan, list[float]], data: st.DataObject) -> None:
    plan, lengths = drawn
    at = data.draw(st.integers(0, len(lengths) - 1))
    shorter = [each * (0.5 if number == at else 1.0) for number, each in enumerate(lengths)]
    before, after = one(plan, lengths)[1], one(plan, shorter)[1]
    assert all(late <= early + 1e-9 for early, late in zip(before, after, strict=True))


@steady
@given(plans())
def test_the_critical_path_explains_the_whole_calendar(drawn: tuple[Plan, list[float]]) -> None:
    """Its stages follow each other without a gap, also where people were waited for."""
    plan, lengths = drawn
    start_s, finish_s = schedule(plan, np.array([lengths]).T)
    on = chain(because(plan, start_s, finish_s), np.argmax(finish_s, axis=0))[:, 0]
    path = sorted(np.flatnonzero(on), key=lambda number: (start_s[number, 0], finish_s[number, 0]))
    assert start_s[path[0], 0] == 0
    assert np.isclose(np.array(lengths)[on].sum(), finish_s.max(), rtol=1e-12, atol=1e-9)
    for before, after in pairwise(path):
        assert finish_s[before, 0] == start_s[after, 0]


@steady
@given(plans(limited=False))
def test_with_people_for_everything_the_longest_way_through_the_graph_is_the_calendar(
    drawn: tuple[Plan, list[float]],
) -> None:
    plan, lengths = drawn
    longest: list[float] = []
    for number, after in enumerate(plan.after):
        longest.append(max((longest[before] for before in after), default=0.0) + lengths[number])
    assert one(plan, lengths)[1] == longest


@steady
@given(st.lists(st.floats(0.0, 1e6), min_size=3, max_size=3).map(sorted), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_an_estimate_is_a_triangle(three: list[float], one_share: float, other_share: float) -> None:
    estimate = Estimate(*three)
    low, high = sorted((one_share, other_share))
    assert three[0] - 1e-6 <= estimate.at(low) <= estimate.at(high) + 1e-6 <= three[2] + 2e-6
    shares = np.linspace(0, 1, 20001)
    assert abs(float(np.mean(estimate.at(shares))) - sum(three) / 3) <= 1e-3 * (three[2] - three[0]) + 1e-6
