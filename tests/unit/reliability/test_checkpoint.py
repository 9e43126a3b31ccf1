"""Interval policies against the table of theory/reliability.md, section 1, and by property."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.reliability.checkpoint import POLICIES, Daly, Optimal, Young, policy

LONG = 1e12
TABLE = [  # M [h], C [min], exact, Young, Daly high [min]
    (24, 2 / 3, 43.374, 43.818, 43.374),
    (7.9, 5, 65.555, 68.848, 65.555),
    (2.7, 1, 17.340, 18.000, 17.340),
    (1.8, 5, 29.618, 32.863, 29.615),
    (0.23, 1, 4.609, 5.254, 4.608),
    (0.23, 5, 8.678, 11.747, 8.650),
]


@pytest.mark.parametrize(("mtbf_h", "cost_min", "exact", "young", "daly"), TABLE)
def test_table(mtbf_h: float, cost_min: float, exact: float, young: float, daly: float) -> None:
    for kind, minutes in ((Optimal, exact), (Young, young), (Daly, daly)):
        found = kind().interval_s(work_s=LONG, cost_s=cost_min * 60, mtbf_s=mtbf_h * 3600)
        assert found / 60 == pytest.approx(minutes, abs=6e-4)


times = st.floats(1.0, 1e7)


def waste(interval_s: float, cost_s: float, mtbf_s: float) -> float:
    """Return expected time per useful time, D = R = 0."""
    return mtbf_s * math.expm1((interval_s + cost_s) / mtbf_s) / interval_s


@settings(derandomize=True, deadline=None)
@given(cost_s=st.floats(1.0, 1e4), mtbf_s=st.floats(1e3, 1e7), factor=st.floats(0.3, 3.0))
def test_the_optimum_wastes_least(cost_s: float, mtbf_s: float, factor: float) -> None:
    best = Optimal().interval_s(work_s=LONG, cost_s=cost_s, mtbf_s=mtbf_s)
    assert waste(best, cost_s, mtbf_s) <= waste(best * factor, cost_s, mtbf_s) * (1 + 1e-9)


@settings(derandomize=True, deadline=None)
@given(cost_s=st.floats(1.0, 1e4), mtbf_s=st.floats(1e3, 1e7), scale=st.floats(0.01, 100.0))
def test_intervals_scale_with_time(cost_s: float, mtbf_s: float, scale: float) -> None:
    for kind in (Optimal, Young, Daly):
        one = kind().interval_s(work_s=LONG, cost_s=cost_s, mtbf_s=mtbf_s)
        other = kind().interval_s(work_s=LONG * scale, cost_s=cost_s * scale, mtbf_s=mtbf_s * scale)
        assert other == pytest.approx(one * scale, rel=1e-6)


@settings(derandomize=True, deadline=None)
@given(work_s=times, cost_s=times, mtbf_s=times)
def test_intervals_are_positive_and_no_longer_than_the_work(work_s: float, cost_s: float, mtbf_s: float) -> None:
    for name in POLICIES:
        found = policy(name, every_s=60.0, step_s=7.0).interval_s(work_s=work_s, cost_s=cost_s, mtbf_s=mtbf_s)
        assert 0 < found <= work_s


@pytest.mark.parametrize("name", ["none", "young", "daly", "optimal"])
def test_nothing_is_saved_where_nothing_strikes(name: str) -> None:
    assert policy(name).interval_s(work_s=5.0, cost_s=1.0, mtbf_s=math.inf) == 5.0


def test_daly_beyond_his_series() -> None:
    """His series holds while C < 2 M: at C = 1.5 M it is sqrt(3) M (1 + sqrt(0.75)/3 + 0.75/9) - 1.5 M = 0.876 M."""
    assert Daly().interval_s(work_s=LONG, cost_s=150.0, mtbf_s=100.0) == pytest.approx(87.639, abs=1e-3)
    assert Daly().interval_s(work_s=LONG, cost_s=200.0, mtbf_s=100.0) == 100.0
    assert Daly().interval_s(work_s=50.0, cost_s=200.0, mtbf_s=100.0) == 50.0
    assert Daly().interval_s(work_s=LONG, cost_s=300.0, mtbf_s=100.0) == 100.0


def test_names() -> None:
    with pytest.raises(KeyError, match="did you mean 'young'"):
        policy("yung")
    with pytest.raises(ValueError, match="needs every_s"):
        policy("periodic")
