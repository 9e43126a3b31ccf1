"""Spare machines and repair: when a lost machine's place can be filled again.

The machines outside the job are a pool of instants at which each is, or will be, fit. A lost machine joins the pool at
the end of its repair, and the job takes whichever is fit first: a spare, or the machine itself.
"""

import heapq

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class Pool:
    """The spares of one run.

    Parameters
    ----------
    spares : int
        Machines held beside the job, fit from the start.

    Examples
    --------
    >>> pool = Pool(1)
    >>> pool.replace(10.0, back_s=100.0)  # the spare is at hand
    0.0
    >>> pool.replace(20.0, back_s=130.0)  # waits for the first machine's repair
    100.0
    """

    def __init__(self, spares: int) -> None:
        self._fit_s = [0.0] * spares

    def replace(self, at_s: float, *, back_s: float) -> float:
        """Give a lost machine to repair, and return when the machine that takes its place is fit [s]."""
        if back_s < at_s:
            raise AssertionError(f"a machine lost at {at_s} cannot be back at {back_s}")
        return heapq.heappushpop(self._fit_s, back_s)


def replace(fit_s: FloatArray, back_s: FloatArray, lost: NDArray[np.bool_]) -> FloatArray:
    """Do the same for all replicas at once.

    Parameters
    ----------
    fit_s : array of shape (spares, replicas)
        When each spare is fit [s]; changed in place.
    back_s : array of shape (replicas,)
        When the machine that was lost is back from repair [s].
    lost : bool array of shape (replicas,)
        Whether this replica lost a machine.

    Returns
    -------
    array of shape (replicas,)
        When the machine that takes the place is fit [s]; zero where none was lost.
    """
    if not len(fit_s):
        return np.where(lost, back_s, 0.0)
    everyone = np.arange(back_s.size)
    first = fit_s.argmin(axis=0)
    soonest_s = fit_s[first, everyone]
    fit_s[first, everyone] = np.where(lost, np.maximum(soonest_s, back_s), soonest_s)
    return np.where(lost, np.minimum(soonest_s, back_s), 0.0)
