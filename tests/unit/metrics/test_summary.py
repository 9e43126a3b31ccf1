"""A sample in five numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.metrics.summary import summary


@settings(derandomize=True, deadline=None)
@given(sample=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), shift=st.floats(-1e3, 1e3))
def test_order_and_shift(sample: list[float], shift: float) -> None:
    found, moved = summary(np.array(sample)), summary(np.array(sample) + shift)
    assert min(sample) <= found.p10 <= found.p50 <= found.p90 <= max(sample)
    assert found.mean == pytest.approx(np.mean(sample), abs=1e-6)
    for name in ("mean", "p10", "p50", "p90"):
        assert getattr(moved, name) == pytest.approx(getattr(found, name) + shift, abs=1e-6)
    assert moved.stderr == pytest.approx(found.stderr, abs=1e-6)


def test_by_hand() -> None:
    found = summary(np.arange(11.0))
    assert (found.mean, found.p10, found.p50, found.p90) == (5.0, 1.0, 5.0, 9.0)
    assert found.stderr == pytest.approx(1.0)  # standard deviation sqrt(11) over sqrt(11)


def test_one_replica_has_no_error() -> None:
    assert summary(np.array([3.0])).stderr == 0.0
