"""Closed forms for exponential failures: what both engines must agree with, and what the checkpoint policies use.

Symbols of the theory: M `mtbf_s`, W `work_s`, C `write_s`, D `down_s`, R `recovery_s`. The three exposure models differ
in where the next failure can strike (`simulator.reliability.recovery`). Derivations: Daly, FGCS 22 (2006), equation 13
for model C; A and B by the same renewal argument with D, or D and R, out of reach.
"""

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.reliability.recovery import Exposure

Time = TypeVar("Time", float, NDArray[np.float64])


def segment_s(
    work_s: float, write_s: float, *, mtbf_s: float, down_s: float, recovery_s: float, exposure: Exposure
) -> float:
    """Return the expected time of one segment of work and its save [s].

    Examples
    --------
    >>> round(segment_s(3600.0, 0.0, mtbf_s=3600.0, down_s=0.0, recovery_s=0.0, exposure="A") / 3600, 6)  # e - 1
    1.718282
    """
    growth = math.expm1((work_s + write_s) / mtbf_s)
    if exposure == "A":
        return (mtbf_s + down_s) * math.exp(recovery_s / mtbf_s) * growth
    if exposure == "B":
        return (mtbf_s + down_s + recovery_s) * growth
    return mtbf_s * math.exp((down_s + recovery_s) / mtbf_s) * growth


def run_s(
    work_s: float,
    *,
    interval_s: float,
    write_s: float,
    mtbf_s: float,
    down_s: float,
    recovery_s: float,
    exposure: Exposure,
) -> float:
    """Return the expected wall-clock of a run that saves after each interval, but not at its end [s].

    The last stretch, of at most one interval, is a segment without a save.
    """
    full = max(math.ceil(work_s / interval_s) - 1, 0)
    rest_s = work_s - full * interval_s

    def expected_s(work_s: float, write_s: float) -> float:
        return segment_s(
            work_s, write_s, mtbf_s=mtbf_s, down_s=down_s, recovery_s=recovery_s, exposure=exposure
        )  # fmt: skip

    return full * expected_s(interval_s, write_s) + expected_s(rest_s, 0.0)


def lost_s(ready_s: Time, *, mtbf_s: Time, lag_s: Time, length_s: Time) -> Time:
    """Return the expected progress that the next failure destroys, of an attempt that works from `ready_s` on [s].

    What has been done by then is M exp(-r/M); each save that is usable takes a length off, the k-th of them with the
    probability that the failure comes after it: L times the sum over k of exp(-(r + lag + k L)/M).

    Parameters
    ----------
    ready_s : float or array
        From now until work begins [s].
    mtbf_s : float or array
        Mean time to the failure, which can strike from now on [s].
    lag_s, length_s : float or array
        Until a save is usable, and from one to the next (`Cycle`) [s].

    Examples
    --------
    >>> print(lost_s(0.0, mtbf_s=100.0, lag_s=0.0, length_s=1e9))  # nothing is ever saved
    100.0
    >>> print(round(float(lost_s(0.0, mtbf_s=1e6, lag_s=0.0, length_s=100.0)), 2))  # half of a stretch
    50.0
    """
    done_s = mtbf_s * np.exp(-ready_s / mtbf_s)
    saved_s = length_s * np.exp(-(ready_s + lag_s + length_s) / mtbf_s) / -np.expm1(-length_s / mtbf_s)
    found: Time = done_s - saved_s
    return found


def stops(wall_s: float, *, mtbf_s: float, down_s: float, recovery_s: float, exposure: Exposure) -> float:
    """Return the expected number of stops in an expected wall-clock: the job is struck once in each exposed M.

    Examples
    --------
    >>> stops(7200.0, mtbf_s=3000.0, down_s=600.0, recovery_s=0.0, exposure="A")
    2.0
    """
    hidden_s = {"A": down_s, "B": down_s + recovery_s, "C": 0.0}[exposure]
    return wall_s / (mtbf_s + hidden_s)


def first_order_waste(work_s: float, write_s: float, *, mtbf_s: float, down_s: float, recovery_s: float) -> float:
    """Return the first-order share of time lost, C/W + (W/2 + R + D)/M: an approximation, shown but never used."""
    return write_s / work_s + (work_s / 2.0 + recovery_s + down_s) / mtbf_s
