"""The lives of many models at once: the same calendar as the event engine, a stage at a time for all replicas.

A team that is booked in a fixed order is a queue with many servers in order of arrival: a stage takes the units that
are free first, and starts when the last of them is. Units that are free at the same time are kept together, so that a
pool of thousands of machines costs no more than a team of five (the recursion of J. Kiefer and J. Wolfowitz,
Transactions of the American Mathematical Society 78 (1955) 1, with groups of units).
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from simulator.workload.stages import Plan

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]


class Bookings:
    """When the units of one resource are free, for all replicas.

    Parameters
    ----------
    size, replicas : int
        Units, and how many calendars.
    """

    def __init__(self, size: int, replicas: int) -> None:
        self.free_s = np.zeros((replicas, 1))
        self.units = np.full((replicas, 1), size)

    def earliest_s(self, units: int) -> FloatArray:
        """Return when so many units are free."""
        self._sort()
        enough = np.argmax(np.cumsum(self.units, axis=1) >= units, axis=1)
        return np.asarray(np.take_along_axis(self.free_s, enough[:, None], axis=1)[:, 0])

    def book(self, units: int, until_s: FloatArray) -> None:
        """Take the units that are free first; they are free again at the end."""
        self._sort()
        left = np.clip(np.cumsum(self.units, axis=1) - units, 0, self.units)
        self.free_s = np.column_stack([self.free_s, until_s])
        self.units = np.column_stack([left, np.full(len(until_s), units)])

    def _sort(self) -> None:
        order = np.argsort(self.free_s, axis=1, kind="stable")
        self.free_s = np.take_along_axis(self.free_s, order, axis=1)
        self.units = np.take_along_axis(self.units, order, axis=1)


def schedule(plan: Plan, duration_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return when stages begin and end.

    Parameters
    ----------
    plan : Plan
        The graph, and the order in which teams and pools are booked.
    duration_s : array of shape (stages, replicas)
        Lengths, in booking order [s].

    Returns
    -------
    start_s, finish_s : arrays of the same shape

    Examples
    --------
    >>> two = Plan(names=("a", "b"), after=((), ()), needs=({0: 2}, {0: 1}), sizes=(2,), resources=("team",))
    >>> schedule(two, np.array([[10.0, 4.0], [5.0, 5.0]]))[1].tolist()
    [[10.0, 4.0], [15.0, 9.0]]
    """
    start_s, finish_s = np.zeros_like(duration_s), np.zeros_like(duration_s)
    pools = [Bookings(size, duration_s.shape[1]) for size in plan.sizes]
    for number, (after, needs) in enumerate(zip(plan.after, plan.needs, strict=True)):
        waits = [finish_s[before] for before in after]
        waits += [pools[pool].earliest_s(units) for pool, units in needs.items()]
        if waits:
            start_s[number] = np.maximum.reduce(waits)
        finish_s[number] = start_s[number] + duration_s[number]
        for pool, units in needs.items():
            pools[pool].book(units, finish_s[number])
    return start_s, finish_s


def because(plan: Plan, start_s: FloatArray, finish_s: FloatArray) -> IndexArray:
    """Return for each stage the one whose end let it start: a stage before it, or one that had its people or machines.

    Returns
    -------
    array of shape (stages, replicas)
        Numbers in booking order; -1 where a stage starts with the calendar.
    """
    found = np.full(start_s.shape, -1, dtype=np.intp)
    for number, (after, needs) in enumerate(zip(plan.after, plan.needs, strict=True)):
        rivals = [other for other in range(number) if other not in after and _share(needs, plan.needs[other])]
        for before in (*rivals, *after):  # the last that fits stays: the graph explains more than the queue
            fits = (finish_s[before] == start_s[number]) & (start_s[number] > 0)
            found[number] = np.where(fits, before, found[number])
    return found


def _share(one: Mapping[int, int], other: Mapping[int, int]) -> bool:
    return any(pool in other for pool in one)


def chain(reasons: IndexArray, last: IndexArray) -> NDArray[np.bool_]:
    """Return which stages lie on the way to a last one: the critical path of every replica.

    Parameters
    ----------
    reasons : array of shape (stages, replicas)
        As `because` returns them.
    last : array of shape (replicas,)
        The stage at the end of the path; -1 for no path.
    """
    on = np.zeros(reasons.shape, dtype=np.bool_)
    columns, at = np.arange(reasons.shape[1]), last.copy()
    for _ in range(len(reasons)):
        going = at >= 0
        on[at[going], columns[going]] = True
        at[going] = reasons[at[going], columns[going]]
    return on
