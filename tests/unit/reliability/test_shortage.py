"""The birth-death process of spares: its table, its limits, and the number that suffices."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.reliability.shortage import enough, in_repair, short

DAY_S, HOUR_S = 86400.0, 3600.0

TABLE = [  # theory: reliability, section 4: needed, spares, rate, repair [h], crews, hot, P(short)
    (128, 2, 6.5, 24, None, False, 0.04221),
    (128, 4, 6.5, 24, None, True, 0.00153),
    (2048, 40, 3.79, 72, 20, True, 0.14549),
    (1024, 16, 6.5, 48, 6, False, 0.54929),
]


@pytest.mark.parametrize(("needed", "spares", "rate", "repair_h", "crews", "hot", "expected"), TABLE)
def test_table(needed: int, spares: int, rate: float, repair_h: float, crews: int, hot: bool, expected: float) -> None:
    found = short(needed, spares, rate_per_node_s=rate * 1e-3 / DAY_S, repair_s=repair_h * HOUR_S, crews=crews, hot=hot)
    assert found == pytest.approx(expected, abs=5e-6)


@settings(derandomize=True, deadline=None)
@given(spares=st.integers(0, 30), load=st.floats(0.01, 20.0))
def test_with_crews_enough_it_is_erlangs_loss(spares: int, load: float) -> None:
    """Cold spares and a repair for each: P(j) is a Poisson law of the load, cut off after spares + 1."""
    found = in_repair(100, spares, rate_per_node_s=load / 100.0, repair_s=1.0)
    poisson = np.array([load**state / math.factorial(state) for state in range(spares + 2)])
    np.testing.assert_allclose(found, poisson / poisson.sum(), rtol=1e-9)


def test_no_failures_no_shortage() -> None:
    assert short(100, 3, rate_per_node_s=0.0, repair_s=1.0) == 0.0


def test_the_number_that_suffices() -> None:
    rate = 6.5e-3 / DAY_S
    found = enough(128, most=0.01, rate_per_node_s=rate, repair_s=DAY_S)
    assert short(128, found, rate_per_node_s=rate, repair_s=DAY_S) <= 0.01
    assert short(128, found - 1, rate_per_node_s=rate, repair_s=DAY_S) > 0.01
    with pytest.raises(ValueError, match="faster than 6 crews"):
        enough(1024, most=0.01, rate_per_node_s=rate, repair_s=2.0 * DAY_S, crews=6)
