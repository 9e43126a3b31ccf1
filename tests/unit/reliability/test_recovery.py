"""The way back and the way in, part by part."""

import numpy as np
import pytest

from simulator.reliability.expected import segment_s, stops
from simulator.reliability.recovery import PARTS, Exposure, Recovery, exposed_from_s, way_back_s, way_in_s
from tests import factories

RECOVERY = Recovery(swap_s=3.0, initialization_s=4.0, restore_s=6.0, startup_s=7.0)


def test_a_swap_only_where_a_machine_is_lost() -> None:
    soft, hard = (factories.cause(detection_s=2.0, nodes_lost=lost) for lost in (0, 1))
    assert dict(zip(PARTS, way_back_s(hard, RECOVERY), strict=True))["infrastructure_recovery"] == 3.0
    assert sum(way_back_s(hard, RECOVERY)) - sum(way_back_s(soft, RECOVERY)) == 3.0
    assert RECOVERY.recovery_s == 10.0


@pytest.mark.parametrize(("first", "reenters", "spent_s"), [
    (True, False, 7.0), (True, True, 7.0), (False, True, 10.0), (False, False, 0.0),
])  # fmt: skip
def test_ways_in(first: bool, reenters: bool, spent_s: float) -> None:
    assert sum(way_in_s(RECOVERY, first=first, reenters=reenters)) == spent_s


@pytest.mark.parametrize(("exposure", "instant"), [("A", 2.0), ("B", 3.0), ("C", 1.0)])
def test_exposure_of_floats_and_arrays(exposure: Exposure, instant: float) -> None:
    assert exposed_from_s(1.0, 2.0, 3.0, exposure) == instant
    arrays = (np.array([1.0, 10.0]), np.array([2.0, 20.0]), np.array([3.0, 30.0]))
    assert exposed_from_s(*arrays, exposure).tolist() == [instant, 10 * instant]


@pytest.mark.parametrize("exposure", factories.EXPOSURES)
def test_stops_are_exposed_time_over_mtbf(exposure: Exposure) -> None:
    """Growth of a segment by its save alone, D and R apart: all models agree, and each stop costs one exposed M."""
    spent_s = segment_s(500.0, 10.0, mtbf_s=1000.0, down_s=0.0, recovery_s=0.0, exposure=exposure)
    assert spent_s == pytest.approx(1000.0 * np.expm1(0.51), rel=1e-12)
    assert stops(spent_s, mtbf_s=1000.0, down_s=0.0, recovery_s=0.0, exposure=exposure) == pytest.approx(np.expm1(0.51))
