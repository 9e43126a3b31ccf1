"""Spreads of measured steps around the model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.validation.throughput_spread import LEAST_SIGMA, shrunk, spread
from simulator.workload.prediction import DECILE

residuals = st.lists(st.floats(-1.0, 1.0), min_size=5, max_size=200)


@given(values=residuals)
def test_four_fifths_lie_within_the_interval(values: list[float]) -> None:
    inside = np.mean(np.abs(values) <= spread(values, ["a"] * len(values)) * DECILE * (1 + 1e-9))
    assert inside >= 0.8 - 1.0 / len(values)


@given(values=residuals, more=st.floats(1.0, 5.0))
def test_wider_residuals_never_narrow_it(values: list[float], more: float) -> None:
    sources = ["a"] * len(values)
    assert spread([more * x for x in values], sources) >= spread(values, sources) >= LEAST_SIGMA


def test_a_normal_sample_gives_back_its_standard_deviation() -> None:
    sample = np.random.default_rng(1).normal(0.0, 0.1, 100_000).tolist()
    assert spread(sample, ["a"] * len(sample)) == pytest.approx(0.1, rel=0.01)


def test_a_source_counts_as_the_root_of_its_rows() -> None:
    """A hundred tight rows of one source weigh as ten rows each of another source of their own."""
    many, few = [0.05] * 100, [0.4] * 10
    shared = spread([*many, *few], ["long"] * 100 + [f"short-{i}" for i in range(10)])
    assert shared == pytest.approx(0.4 / DECILE)
    assert spread([*many, *few], ["one"] * 110) < 0.1


@given(own=st.floats(0.03, 1.0), everyone=st.floats(0.03, 1.0), sources=st.integers(1, 50))
def test_shrinking_stays_between_and_ends_with_ones_own(own: float, everyone: float, sources: int) -> None:
    found = shrunk(own, sources, everyone)
    assert min(own, everyone) * (1 - 1e-12) <= found <= max(own, everyone) * (1 + 1e-12)
    assert shrunk(own, 10**9, everyone) == pytest.approx(own, rel=1e-6)
