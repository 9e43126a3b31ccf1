"""Shares of the cluster: max-min fairness among users, and quotas with borrowing among queues.

Sources: Bertsekas and Gallager, "Data Networks", section 6.5 (max-min); Kueue documentation, cluster queues and cohorts
(nominal quota, borrowing, reclaim).
"""

from collections.abc import Iterable, Iterator, Mapping
from math import inf

from simulator.scheduling.job import Job
from simulator.scheduling.policy import QUEUE_POLICIES
from simulator.scheduling.priority import enough
from simulator.scheduling.state import ClusterView, Queue, Stay


@QUEUE_POLICIES.register("max-min")
class MaxMin:
    """Whoever holds the fewest units goes first, with the first of his jobs that fits; nobody is stopped.

    Gangs that need much of the cluster may wait long, as nothing is kept free for them.
    """

    def starts(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterator[Job]:  # noqa: ARG002 - the protocol
        """Yield one job of the poorest user at a time."""
        held: dict[str, int] = {}
        for stay in cluster.ends:
            held[stay.job.user or ""] = held.get(stay.job.user or "", 0) + stay.size
        waiting = list(queue)
        while cluster.free:
            fitting = [at for at, job in enumerate(waiting) if cluster.fits(job)]
            if not fitting:
                return
            job = waiting.pop(min(fitting, key=lambda at: held.get(waiting[at].user or "", 0)))
            held[job.user or ""] = held.get(job.user or "", 0) + job.size
            yield job


@QUEUE_POLICIES.register("quota")
class CohortQuota:
    """Each queue has units of its own; what it leaves idle the others may borrow until it wants them back.

    Jobs within their queue's quota go first, in order of arrival, and if borrowers hold the units, these leave: first
    the queue that borrows most, its latest job first. Then whoever fits borrows, in order of arrival. While somebody is
    under notice, nothing is lent.

    Parameters
    ----------
    borrow : float
        Units that a queue may hold beyond its own.
    reclaim : float
        0 leaves borrowers until they end.
    **nominal : float
        Units of each queue by name. Without any, all queues seen so far share the cluster evenly; else a queue that is
        not named has none of its own.
    """

    def __init__(self, borrow: float = inf, reclaim: float = 1, **nominal: float) -> None:
        if min(borrow, *nominal.values(), 0) < 0:
            raise ValueError("quotas and borrow have to be 0 or more")
        self.borrow = borrow
        self.reclaim = bool(reclaim)
        self._given: Mapping[str, float] = nominal
        self._seen: dict[str, None] = {}

    def why(self, job: Job) -> str:  # noqa: ARG002 - the protocol
        """Name what holds a job back that would fit."""
        return "quota"

    def nominal(self, name: str, cluster: ClusterView) -> float:
        """Return the units that a queue owns."""
        return self._given.get(name, 0) if self._given else cluster.capacity // max(len(self._seen), 1)

    def stops(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterable[Stay]:
        """Return borrowers that have to leave for the first job within its quota that does not fit."""
        self._seen.update((_name(job), None) for job in queue)
        held = _held(cluster)
        for job in queue if self.reclaim else ():
            if self._owns(job, held, cluster) and not cluster.fits(job):
                return enough(job, self._borrowers(held, cluster), cluster, now_s)
        return ()

    def starts(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterator[Job]:  # noqa: ARG002 - the protocol
        """Yield jobs within their quota, then borrowers."""
        held = _held(cluster)
        left = []
        for job in queue:
            if self._owns(job, held, cluster) and cluster.fits(job):
                held[_name(job)] = held.get(_name(job), 0) + job.size
                yield job
            else:
                left.append(job)
        for job in () if cluster.leaving else left:
            wanted = held.get(_name(job), 0) + job.size
            if cluster.fits(job) and wanted <= self.nominal(_name(job), cluster) + self.borrow:
                held[_name(job)] = wanted
                yield job

    def _owns(self, job: Job, held: Mapping[str, int], cluster: ClusterView) -> bool:
        return held.get(_name(job), 0) + job.size <= self.nominal(_name(job), cluster)

    def _borrowers(self, held: Mapping[str, int], cluster: ClusterView) -> Iterator[Stay]:
        """Yield those who can leave without pushing their queue below its own units."""
        over = {name: units - self.nominal(name, cluster) for name, units in held.items()}
        stays = [stay for stay in cluster.ends if stay.job.preemptible]
        stays.sort(key=lambda stay: (stay.start_s, stay.rank), reverse=True)
        while stays:
            names = [name for name in over if over[name] > 0 and any(_name(stay.job) == name for stay in stays)]
            if not names:
                return
            worst = max(names, key=over.__getitem__)
            stay = next(stay for stay in stays if _name(stay.job) == worst)
            stays.remove(stay)
            over[worst] -= stay.size
            yield stay


def _name(job: Job) -> str:
    return job.queue or ""


def _held(cluster: ClusterView) -> dict[str, int]:
    held: dict[str, int] = {}
    for stay in cluster.ends:
        if stay.rank not in cluster.leaving:
            held[_name(stay.job)] = held.get(_name(stay.job), 0) + stay.size
    return held
