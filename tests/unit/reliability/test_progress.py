"""How far a stop sets a stage back: orders, limits, and floats that say what arrays say."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.reliability.attempt import Cycle, Durable, total_s
from simulator.reliability.progress import (
    is_special,
    last_durable_s,
    last_of_stage_s,
    last_save_s,
    needs_luck,
    set_back,
    useful_at_s,
)
from tests import factories

PLAIN = Cycle(work_s=20.0, write_s=5.0, flush_s=10.0, slowdown=0.5)
TIERS = Cycle(work_s=10.0, write_s=1.0, durable=Durable(every=3, write_s=4.0, flush_s=8.0))
KEPT = Cycle(work_s=20.0, write_s=5.0, keep=2, corrupt=0.3)
CYCLES = [PLAIN, TIERS, KEPT]
cycles = st.sampled_from(CYCLES)
instants = st.floats(0.0, 1e4)
CALM = {"end_s": 1e9, "announced": False, "reach_s": 0.0, "near_lost": 0.0, "luck": 0.9}


@given(cycle=cycles, at_s=instants, reach_s=st.floats(0.0, 1e3), luck=st.floats(0.0, 1.0), lost=st.floats(0.0, 1.0))
def test_a_stop_never_gains(cycle: Cycle, at_s: float, reach_s: float, luck: float, lost: float) -> None:
    found = set_back(0.0, at_s, 0.0, cycle, **{**CALM, "reach_s": reach_s, "luck": luck, "near_lost": lost})
    assert 0.0 <= found.durable_s <= found.at_s <= at_s
    assert found.reads >= 1
    if reach_s:
        assert found.at_s <= max(at_s - reach_s, 0.0)


@given(cycle=cycles, at_s=instants, one=st.floats(0.0, 1e3), other=st.floats(0.0, 1e3))
def test_reaching_further_back_never_keeps_more(cycle: Cycle, at_s: float, one: float, other: float) -> None:
    near, far = (
        set_back(0.0, at_s, 0.0, replace(cycle, corrupt=0.0), **{**CALM, "reach_s": reach_s}).at_s
        for reach_s in sorted([one, other])
    )
    assert far <= near


@given(at_s=instants)
def test_losing_the_near_copies_never_keeps_more(at_s: float) -> None:
    kept, lost = (set_back(0.0, at_s, 0.0, TIERS, **{**CALM, "near_lost": share}) for share in (0.0, 1.0))
    assert lost.at_s <= kept.at_s
    assert (kept.near, lost.near) == (True, False)
    assert lost.at_s == kept.durable_s


@given(cycle=cycles, at_s=instants, from_s=instants)
def test_announced_stops_keep_everything(cycle: Cycle, at_s: float, from_s: float) -> None:
    found = set_back(min(from_s, at_s), at_s, 0.0, cycle, **{**CALM, "announced": True})
    assert (found.at_s, found.durable_s, found.reads, found.near) == (at_s, at_s, 1.0, False)


@pytest.mark.parametrize("cycle", CYCLES)
def test_floats_and_arrays_agree(cycle: Cycle) -> None:
    rng = Random(3)
    rows = [
        (rng.uniform(0, 500), rng.random(), rng.choice([0.0, 60.0]), rng.choice([0.0, 0.5, 1.0])) for _ in range(200)
    ]
    at_s, luck, reach_s, near_lost = (np.array(column) for column in zip(*rows, strict=True))
    zeros = np.zeros(200)
    whole = set_back(zeros, at_s, zeros, cycle, end_s=1e9, announced=np.zeros(200, dtype=bool), reach_s=reach_s,
                     near_lost=near_lost, luck=luck)  # fmt: skip
    for row, (at, chance, reach, lost) in enumerate(rows):
        one = set_back(0.0, at, 0.0, cycle, end_s=1e9, announced=False, reach_s=reach, near_lost=lost, luck=chance)
        assert [part[row] for part in whole] == list(one)


@given(cycle=cycles, at_s=instants)
def test_saves_lie_where_the_clock_has_been(cycle: Cycle, at_s: float) -> None:
    assert last_durable_s(at_s, cycle) <= at_s
    assert last_save_s(at_s, cycle) <= at_s
    assert 0.0 <= useful_at_s(at_s, cycle) <= at_s


@given(cycle=cycles, work_s=st.floats(1.0, 1e4))
def test_the_clock_of_a_whole_stage_has_all_its_work(cycle: Cycle, work_s: float) -> None:
    end_s = float(total_s(work_s, cycle, final_save=False))
    assert useful_at_s(end_s, cycle) == pytest.approx(work_s, rel=1e-9)
    assert 0.0 <= last_of_stage_s(work_s, cycle) <= end_s


def test_what_is_special() -> None:
    plain, near = factories.cause(), factories.cause(near_lost=0.5)
    assert not is_special(plain, PLAIN)
    for kind in ({"kind": "planned"}, {"kind": "silent", "detection_s": 1.0}, {"rewind_s": 1.0}):
        assert is_special(factories.cause(**kind), PLAIN)
    assert needs_luck(near, TIERS)
    assert needs_luck(plain, KEPT)
    assert not needs_luck(plain, TIERS)
    assert not needs_luck(near, PLAIN)


def test_a_durable_save_is_usable_when_its_flush_ends() -> None:
    """Three cycles of 11 s, a write of 4 and a flush of 8 of which a quarter drags: the clock is at 45, not at 39."""
    dragging = replace(TIERS, durable=Durable(every=3, write_s=4.0, flush_s=8.0, slowdown=0.25))
    assert dragging.round_s == 3 * 11 + 4 + 2
    assert (last_durable_s(44.9, dragging), last_durable_s(45.0, dragging)) == (0.0, 39.0)


def test_a_durable_flush_may_take_as_long_as_a_round() -> None:
    """Three cycles of 20 s: one flush in flight has 60 s, two have 120."""
    assert Cycle(work_s=20.0, durable=Durable(every=3, flush_s=60.0)).round_s == 60.0
    assert Cycle(work_s=20.0, durable=Durable(every=3, flush_s=120.0, in_flight=2)).round_s == 60.0
    with pytest.raises(ValueError, match=r"longer than 1 rounds of 60\.0 s"):
        Cycle(work_s=20.0, durable=Durable(every=3, flush_s=60.1))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"flush_s": 60.0}, "more flushes"),
        ({"corrupt": 1.0}, "corrupt < 1"),
        ({"keep": 0}, "at least one"),
        ({"durable": Durable(every=2, flush_s=1e3)}, "durable.flush_s"),
        ({"durable": Durable(every=2), "corrupt": 0.1}, "not modelled together"),
        ({"durable": Durable(every=2), "check_s": 1.0}, "not modelled together"),
    ],
)
def test_cycles_that_cannot_be(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Cycle(work_s=20.0, **wrong)  # type: ignore[arg-type]  # of several kinds
