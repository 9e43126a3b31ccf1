"""Named streams: the name is all that counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.foundation.streams import generator

names = st.lists(st.text(max_size=8) | st.integers(0, 2**40), max_size=4).map(tuple)


@settings(derandomize=True, deadline=None)
@given(seed=st.integers(0, 2**64), one=names, other=names)
def test_equal_names_equal_numbers(seed: int, one: tuple[str | int, ...], other: tuple[str | int, ...]) -> None:
    first, second = generator(seed, *one).integers(0, 2**63, 4), generator(seed, *other).integers(0, 2**63, 4)
    assert (first.tolist() == second.tolist()) == (one == other)
    assert first.tolist() == generator(seed, *one).integers(0, 2**63, 4).tolist()
    assert first.tolist() != generator(seed + 1, *one).integers(0, 2**63, 4).tolist()


def test_the_order_of_calls_does_not_count() -> None:
    generator(1, "a").random(100)
    late = generator(1, "b").random(5)
    np.testing.assert_array_equal(late, generator(1, "b").random(5))


def test_numbers_are_frozen() -> None:
    """The same on every platform and NumPy that keeps PCG64 and SeedSequence, as both promise."""
    words = generator(7, "faults", "gaps", 0, 3).bit_generator.random_raw(2)
    assert words.tolist() == [16995485430427657887, 16746296563683982773]


def test_negative_names_are_refused() -> None:
    with pytest.raises(ValueError, match="non-negative"):
        generator(1, -1)
