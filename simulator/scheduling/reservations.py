"""Advance reservations: units that from one time to another belong to the jobs of one queue.

A gate before every policy: whoever is not of a reservation starts only if enough is left over for it, whatever the
policy thinks. Jobs of the reservation wait apart, start in order of arrival while it lasts, and join the queue when
it is over. The gate counts units, so on nodes a gang of the reservation may have to wait for its place.

Source: Slurm manual, advanced reservations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
    def size(self) -> int:
        """Units."""
        ...

    @property
    def job(self) -> Job:
        """Whose."""
        ...


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
        ends_s = self.now_s + max(job.estimate_s, 1e-9)
        return tuple([0 if each.queue == job.queue else 1 + (each.start_s < ends_s) for each in self.reservations])

    def admits(self, job: Job, free: int, stays: Sequence[Held]) -> bool:
        """Tell whether the job may start now.

        Parameters
        ----------
        free : int
            Units that are free now.
        stays : sequence of stays
            Who holds the others.
        """
        now_s = self.now_s
        others = [each for each in self.reservations if each.queue != job.queue and each.end_s > now_s]
        times_s = {max(each.start_s, now_s) for each in others if each.start_s < now_s + max(job.estimate_s, 1e-9)}
        return all(self._leaves(time_s, job.size, others, free, stays) for time_s in times_s)

    def _leaves(
        self, time_s: float, size: int, others: Sequence[Reservation], free: int, stays: Sequence[Held]
    ) -> bool:
        """Tell whether so much is free at a time, if everybody ends as believed, beyond what is reserved and not used.

        The sums over all stays are only made where less than all that is reserved might have to be kept.
        """
        begun = [each for each in others if each.start_s <= time_s < each.end_s]
        if free - sum([each.units for each in begun]) >= size:
            return True
        later = stays
        if time_s > self.now_s:
            later = [stay for stay in stays if stay.due_s > time_s]
            free += sum([stay.size for stay in stays]) - sum([stay.size for stay in later])
        if free < size:
            return False
        used = dict.fromkeys([each.queue for each in begun], 0)
        for stay in later:
            if stay.job.queue in used:
                used[stay.job.queue] += stay.size
        return free - sum([max(each.units - used[each.queue], 0) for each in begun]) >= size
