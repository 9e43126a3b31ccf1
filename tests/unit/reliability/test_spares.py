"""Spares and repair: the scalar and the array version are one, and both are a list that is searched."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.reliability.spares import Pool, replace

losses = st.lists(st.tuples(st.floats(0.0, 100.0), st.floats(0.0, 500.0), st.booleans()), max_size=30)


@settings(derandomize=True, deadline=None)
@given(spares=st.integers(0, 4), runs=st.lists(losses, min_size=1, max_size=5))
def test_pool_and_array_agree(spares: int, runs: list[list[tuple[float, float, bool]]]) -> None:
    """Each run's machines are known lost at some instant and back after a repair; some stops lose none."""
    size, rounds = len(runs), max(len(run) for run in runs)
    pools, fit_s = [Pool(spares) for _ in runs], np.zeros((spares, size))
    naive = [[0.0] * spares for _ in runs]
    known_s = np.zeros(size)
    for turn in range(rounds):
        steps = [run[turn] if turn < len(run) else (0.0, 0.0, False) for run in runs]
        known_s += [step[0] for step in steps]
        back_s, lost = known_s + [step[1] for step in steps], np.array([step[2] for step in steps])
        found = replace(fit_s, back_s, lost)
        for column, pool in enumerate(pools):
            if not lost[column]:
                assert found[column] == 0.0
                continue
            one = pool.replace(float(known_s[column]), back_s=float(back_s[column]))
            machines = naive[column]
            machines.append(float(back_s[column]))
            machines.remove(soonest := min(machines))
            assert found[column] == one == soonest


def test_a_machine_is_not_back_before_it_is_lost() -> None:
    with pytest.raises(AssertionError, match="cannot be back"):
        Pool(1).replace(10.0, back_s=9.0)


@settings(derandomize=True, deadline=None)
@given(spares=st.integers(0, 4), gaps_s=st.lists(st.floats(0.0, 50.0), min_size=1, max_size=20))
def test_more_spares_wait_no_longer(spares: int, gaps_s: list[float]) -> None:
    few, many = Pool(spares), Pool(spares + 1)
    for at_s in np.cumsum(gaps_s).tolist():
        assert many.replace(at_s, back_s=at_s + 100.0) <= few.replace(at_s, back_s=at_s + 100.0)
