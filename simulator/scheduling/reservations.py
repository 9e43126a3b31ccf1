"""Advance reservations: units that from one time to another belong to the jobs of one queue.

A gate before every policy: whoever is not of a reservation starts only if enough is left over for it, whatever the
policy thinks. Jobs of the reservation wait apart, start in order of arrival while it lasts, and join the queue when
it is over. The gate counts units, so on nodes a gang of the reservation may have to wait for its place.

Source: Slurm manual, advanced reservations.
"""

from bisect import bisect_right
from collections.abc import Container, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Protocol

from simulator.scheduling.job import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Units for the jobs of a queue, which do not start before it.

    Parameters
    ----------
    queue : str
        Whose.
    start_s, end_s : float
        When [s].
    units : int
        How many.
    """

    queue: str
    start_s: float
    end_s: float
    units: int

    def __post_init__(self) -> None:
        if self.end_s <= self.start_s or self.units < 1:
            raise ValueError(f"{self}: a reservation has units, and ends after it starts")


class Held(Protocol):
    """What the gate has to know of a stay."""

    @property
    def due_s(self) -> float:
        """When it is believed to end [s]."""
        ...

    @property
    def rank(self) -> int:
        """Which it is."""
        ...

    @property
    def size(self) -> int:
        """Units."""
        ...

    @property
    def job(self) -> Job:
        """Whose."""
        ...


_due_s = attrgetter("due_s")


class Gate:
    """Lets a job through if it leaves the reservations what is theirs.

    Parameters
    ----------
    reservations : sequence of Reservation
        They may overlap.

    Attributes
    ----------
    now_s : float
        Set by the engine before each pass [s].

    Examples
    --------
    >>> gate = Gate([Reservation(queue="launch", start_s=100, end_s=200, units=6)])
    >>> [gate.admits(Job(1, 0, 4, run_s, run_s), 8, ()) for run_s in (100, 101)]
    [True, False]
    """

    def __init__(self, reservations: Sequence[Reservation]) -> None:
        self.reservations = reservations
        self.now_s: float = 0

    def turns_s(self) -> Sequence[float]:
        """Return when reservations begin and end, in order [s]."""
        return sorted({time_s for each in self.reservations for time_s in (each.start_s, each.end_s)})

    def keeps(self, job: Job) -> bool:
        """Tell whether the job waits for a reservation of its own."""
        return any(each.queue == job.queue and each.end_s > self.now_s for each in self.reservations)

    def is_open(self, job: Job) -> bool:
        """Tell whether a reservation of its own has begun."""
        return any(each.queue == job.queue and each.start_s <= self.now_s < each.end_s for each in self.reservations)

    def view(self, job: Job) -> tuple[int, ...]:
        """Return what a job is to each reservation: jobs of one size to whom it is the same are let through alike."""
        now_s, queue = self.now_s, job.queue
        ends_s = now_s + max(job.estimate_s, 1e-9)
        left = [each for each in self.reservations if each.end_s > now_s]
        return tuple([0 if each.queue == queue else 1 + (each.start_s < ends_s) for each in left])

    def admits(self, job: Job, free: int, stays: Sequence[Held]) -> bool:
        """Tell whether the job may start now (`room`)."""
        return job.size <= self.room(job, free, stays)

    def room(self, job: Job, free: int, stays: Sequence[Held], gone: Container[int] = ()) -> int:
        """Return how many units the job may take at most; those to whom reservations look alike (`view`) as many.

        Parameters
        ----------
        free : int
            Units that are free now.
        stays : sequence of stays
            Who holds the others, in order of their believed ends.
        gone : container of int
            Ranks of stays that are not there.
        """
        now_s, ends_s = self.now_s, self.now_s + max(job.estimate_s, 1e-9)
        others = [each for each in self.reservations if each.queue != job.queue and each.end_s > now_s]
        times_s = {max(each.start_s, now_s) for each in others if each.start_s < ends_s}
        return min([free, *(self._left(time_s, others, free, stays, gone) for time_s in times_s)])

    def _left(
        self, time_s: float, others: Sequence[Reservation], free: int, stays: Sequence[Held], gone: Container[int]
    ) -> int:
        """Return what may be taken for a time: free now and then, if all end as believed, and not reserved but used."""
        unused: dict[str, int] = {}
        for each in others:
            if each.start_s <= time_s < each.end_s:
                unused[each.queue] = unused.get(each.queue, 0) + each.units
        later = 0 if time_s <= self.now_s else bisect_right(stays, time_s, key=_due_s)
        free += sum([stay.size for stay in stays[:later] if stay.rank not in gone])
        for stay in stays[later:]:
            if stay.job.queue in unused and stay.rank not in gone:
                unused[stay.job.queue] -= stay.size
        return free - sum([max(units, 0) for units in unused.values()])
