"""What a blocked job is promised, and who may start before it."""

from collections.abc import Iterable, Sequence

from simulator.scheduling.job import Job
from simulator.scheduling.pool import Place, Pool


class Promise:
    """When a blocked job is sure to fit, and who may start before it without delaying it.

    Attributes
    ----------
    lasts_until_s : float
        Until then it would be found again just like this, if nothing changes but by whom it admitted [s].
    """

    __slots__ = ("extra", "lasts_until_s", "time_s")

    def __init__(self, time_s: float, extra: int, *, lasts_until_s: float) -> None:
        self.time_s = time_s
        self.extra = extra
        self.lasts_until_s = lasts_until_s

    def open_to(self, jobs: Iterable[Job], free: int, now_s: float) -> list[Job]:
        """Return those who fit into what is free, and end in time or are small enough for what is left over."""
        time_s, extra = self.time_s, self.extra
        return [job for job in jobs if job.size <= free and (now_s + job.estimate_s <= time_s or job.size <= extra)]

    def admits(self, job: Job, now_s: float) -> bool:
        """Tell whether the job ends in time or needs only the surplus, which it then takes."""
        if now_s + job.estimate_s <= self.time_s:
            return True
        if job.size <= self.extra:
            self.extra -= job.size
            return True
        return False


class PlacedPromise(Promise):
    """A promise on nodes: the job ahead must still find its place at the promised time."""

    __slots__ = ("_ended", "_future", "job", "pool")

    def __init__(self, time_s: float, free: int, job: Job, pool: Pool, ended: Sequence[Place]) -> None:
        # not for long: whom it admits may go slower, where it lies, than it was admitted for
        super().__init__(time_s, free - job.size, lasts_until_s=float("-inf"))
        self.job, self.pool = job, pool
        self._future, self._ended = pool.copy(), ended

    def admits(self, job: Job, now_s: float) -> bool:
        """Tell whether the job ends in time, or leaves a place for the one ahead."""
        if now_s + job.estimate_s <= self.time_s:
            return True
        if job.size > self.extra:  # whatever its place, it would leave too few units
            return False
        place = self.pool.find(job)
        if place is None:
            return False
        future = self._then()
        future.take(place)
        if future.fits(self.job):
            self.extra -= sum(place.units)
            return True
        future.give(place)
        return False

    def _then(self) -> Pool:
        """Return the nodes as they are believed to be at the promised time; few promises are asked for that."""
        self._future.give_all(self._ended)
        self._ended = ()
        return self._future
