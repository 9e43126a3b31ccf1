"""Estimates by control variates: what they refuse, what they do with copies, and that they move as they should."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from analysis.metrics.summary import summary
from analysis.study.control import LEAST_LEFT, estimate_of

SEEDS = st.integers(0, 10**6)


def drawn(seed: int, replicas: int = 200) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a sample of mean 5 and a control that explains most of it."""
    luck, rest = np.random.default_rng(seed).normal(size=(2, replicas))
    return 5.0 + 3.0 * luck + 0.1 * rest, luck


@given(SEEDS)
def test_without_controls_it_is_the_plain_mean(seed: int) -> None:
    sample, _ = drawn(seed)
    plain, found = summary(sample), estimate_of(sample, {})
    assert found.mean == plain.mean
    assert found.stderr == pytest.approx(plain.stderr, rel=0.01)
    assert found.controls == ()


@given(SEEDS)
def test_a_control_takes_away_what_it_explains(seed: int) -> None:
    sample, luck = drawn(seed)
    found = estimate_of(sample, {"luck": [luck]})
    assert found.controls == ("luck",)
    assert found.mean == pytest.approx(5.0, abs=0.05)
    assert found.stderr < 0.1 * summary(sample).stderr


@given(SEEDS, st.floats(-1e6, 1e6), st.floats(0.01, 1e6))
def test_it_moves_and_scales_with_the_sample(seed: int, shift: float, scale: float) -> None:
    sample, luck = drawn(seed)
    found, moved = (estimate_of(each, {"luck": [luck]}) for each in (sample, shift + scale * sample))
    assert moved.mean == pytest.approx(shift + scale * found.mean, rel=1e-6, abs=1e-6 * scale)
    assert moved.stderr == pytest.approx(scale * found.stderr, rel=1e-4, abs=1e-9 * abs(shift))


@given(SEEDS)
def test_copies_and_constants_change_nothing(seed: int) -> None:
    sample, luck = drawn(seed)
    one, more = estimate_of(sample, {"luck": [luck]}), estimate_of(sample, {"luck": [luck, 2.0 * luck, 0.0 * luck]})
    assert more.mean == pytest.approx(one.mean, rel=1e-9)
    assert more.stderr == pytest.approx(one.stderr, rel=1e-6)


def test_with_few_replicas_there_are_no_controls() -> None:
    sample, luck = drawn(1, LEAST_LEFT + 1)
    assert estimate_of(sample, {"luck": [luck]}).controls == ()
    assert estimate_of(sample[:1], {"luck": [luck[:1]]}).stderr == 0.0
    sample, luck = drawn(1, LEAST_LEFT + 2)
    assert estimate_of(sample, {"luck": [luck]}).controls == ("luck",)


def test_what_groups_share_is_counted_once() -> None:
    past = np.tile(np.random.default_rng(4).normal(size=20), 50)
    sample, luck = drawn(5, 1000)
    found = estimate_of(sample + past, {"luck": [luck]}, groups=20)
    assert found.stderr == pytest.approx(past[:20].std(ddof=1) / 20**0.5, rel=0.05)
    assert found.high - found.mean == pytest.approx(2.093 * found.stderr, rel=1e-3)  # Student's t of 19


def test_a_sample_that_does_not_vary_is_certain() -> None:
    found = estimate_of(np.full(100, 7.0), {"luck": [np.random.default_rng(6).normal(size=100)]})
    assert (found.mean, found.stderr, found.is_certain) == (7.0, 0.0, True)
