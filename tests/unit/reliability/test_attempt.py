"""Cycles and saves by property, and two corners of the count of stretches."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.estimate import estimate
from simulator.reliability.attempt import Cycle, saves, stretches, total_s
from simulator.scenario.api import scenario

cycle = st.builds(
    lambda work_s, write, flush, slowdown: Cycle(
        work_s=work_s, write_s=write * work_s, flush_s=flush * work_s, slowdown=slowdown
    ),
    st.floats(1.0, 1e5),
    st.floats(0.0, 1.0),
    st.floats(0.0, 1.0),
    st.floats(0.0, 1.0),
)
quiet = settings(derandomize=True, deadline=None)


@quiet
@given(cycle=cycle, work=st.floats(0.01, 50.0), final_save=st.booleans(), share=st.floats(0.0, 1.0, exclude_max=True))
def test_an_unfinished_attempt_has_fewer_saves_than_stretches(
    cycle: Cycle, work: float, final_save: bool, share: float
) -> None:
    work_s = work * cycle.work_s
    uptime_s = share * total_s(work_s, cycle, final_save=final_save)
    made = saves(uptime_s, cycle)
    assert 0 <= made <= max(stretches(work_s, cycle) - (0 if final_save else 1), uptime_s // cycle.length_s)
    assert made * cycle.length_s <= uptime_s * (1 + 1e-12)


@quiet
@given(cycle=cycle, uptimes_s=st.lists(st.floats(-1e6, 1e7), min_size=1, max_size=20))
def test_scalars_and_arrays_by_the_same_code(cycle: Cycle, uptimes_s: list[float]) -> None:
    array = np.array(uptimes_s)
    expected = [float(saves(one, cycle)) for one in uptimes_s]
    assert np.asarray(saves(array, cycle)).tolist() == expected
    out = np.empty_like(array)
    assert saves(array, cycle, out=out) is out
    assert out.tolist() == expected


@quiet
@given(cycle=cycle, number=st.integers(1, 30))
def test_a_save_is_usable_when_its_flush_ends(cycle: Cycle, number: int) -> None:
    """Save n begins after n stretches, n - 1 blocking parts and n - 1 flushes' drag."""
    usable_s = number * (cycle.work_s + cycle.write_s) + (number - 1) * cycle.drag_s + cycle.flush_s
    assert saves(usable_s * (1 + 1e-12), cycle) == number
    assert saves(usable_s * (1 - 1e-12), cycle) == number - 1


@pytest.mark.parametrize("given", [
    {"work_s": 0.0}, {"work_s": -1.0}, {"work_s": float("inf")}, {"work_s": float("nan")},
    {"work_s": 1.0, "write_s": -1.0}, {"work_s": 1.0, "flush_s": -1.0}, {"work_s": 1.0, "slowdown": 1.5},
    {"work_s": 1.0, "slowdown": -0.1}, {"work_s": 10.0, "write_s": 1.0, "flush_s": 12.0},
])  # fmt: skip
def test_cycles_that_cannot_be(given: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"work_s=|times are not negative|flushes would overlap"):
        Cycle(**given)


@pytest.mark.parametrize("unit_s", [1 / 3600, 1 / 7])
def test_a_whole_number_of_intervals_in_any_unit(unit_s: float) -> None:
    """Section 7 of the theory: all times scaled by k scale the wall by k; here some n intervals become n + 1."""
    cycle = Cycle(work_s=600.0 * unit_s)
    assert [float(stretches(number * 600.0 * unit_s, cycle)) for number in range(1, 100)] == list(range(1, 100))


def test_a_stage_without_saves_has_none_when_it_is_slow() -> None:
    """A slow replica outlasts the median's work: a stage that never saves has a cycle that no replica outlasts."""
    resolved = scenario("vela-13b", ["checkpoint.policy='none'", "data.tokens=20B tokens", "throughput.spread=0.3"])
    found = estimate(resolved, range(50))
    assert not [line for line in found.accelerator_s_by_line if line[1] == "checkpoint_save"]
