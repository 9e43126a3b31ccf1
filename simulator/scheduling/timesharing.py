"""Policies that stop jobs to serve others first: shortest remaining time, and least attained service.

At each pass all jobs, running and waiting, are ranked, and the cluster is filled in that order; who runs and finds no
room leaves, and is not stopped if nobody takes the units. Jobs that stop keep their work if the cluster's rules say so.

Sources: Schrage, Operations Research 16, 1968 (SRPT); Gu et al., "Tiresias", NSDI 2019 (discretised two-dimensional
least attained service).
"""

from collections.abc import Iterable, Iterator
from math import inf

from simulator.scheduling.job import Job, JobId
from simulator.scheduling.policy import QUEUE_POLICIES
from simulator.scheduling.state import ClusterView, Queue, Stay


class Ranking:
    """What the two have in common: fill the cluster in the order of a rank."""

    def rank_waiting(self, job: Job, now_s: float) -> float:
        """Return the rank of a waiting job; smaller goes first."""
        raise NotImplementedError

    def rank_running(self, stay: Stay, now_s: float) -> float:
        """Return the rank of a running job."""
        raise NotImplementedError

    def stops(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterable[Stay]:
        """Return running jobs whose units a job ahead of them takes."""
        staying, coming = self._filled(queue, cluster, now_s)
        if not coming:
            return ()
        return [stay for stay in cluster.ends if stay.rank not in staying]

    def starts(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterator[Job]:
        """Yield by rank whoever fits."""
        _, coming = self._filled(queue, cluster, now_s)
        for job in coming:
            if cluster.fits(job):
                yield job

    def _filled(self, queue: Queue, cluster: ClusterView, now_s: float) -> tuple[set[int], list[Job]]:
        """Return the ranks of stays that keep their units, and the waiting jobs that get some, in order."""
        room = cluster.free + sum(stay.size for stay in cluster.ends)
        ranked: list[tuple[float, float, int, Stay | None, Job]] = [
            (self.rank_running(stay, now_s) if stay.job.preemptible else -inf, stay.job.submit_s, -1, stay, stay.job)
            for stay in cluster.ends
        ]
        ranked += [(self.rank_waiting(job, now_s), job.submit_s, at, None, job) for at, job in enumerate(queue)]
        ranked.sort(key=lambda entry: entry[:3])
        staying: set[int] = set()
        coming: list[Job] = []
        for _, _, _, stay, job in ranked:
            if job.size <= room:
                room -= job.size
                if stay is None:
                    coming.append(job)
                else:
                    staying.add(stay.rank)
        return staying, coming


@QUEUE_POLICIES.register("srtf")
class Srtf(Ranking):
    """Shortest remaining estimate first."""

    def rank_waiting(self, job: Job, now_s: float) -> float:  # noqa: ARG002 - the protocol
        """Return the believed time to go."""
        return job.estimate_s

    def rank_running(self, stay: Stay, now_s: float) -> float:
        """Return the believed time to go."""
        return max(stay.due_s - now_s, 0)


@QUEUE_POLICIES.register("las")
class LeastAttained(Ranking):
    """Two queues: jobs that have had less than a threshold of unit-seconds go first, each queue in order of arrival.

    Parameters
    ----------
    threshold_unit_s : float
        Service after which a job moves to the second queue [unit-s].
    """

    def __init__(self, threshold_unit_s: float = 8 * 3600.0) -> None:
        if threshold_unit_s <= 0:
            raise ValueError(f"threshold_unit_s={threshold_unit_s}: expected more than 0")
        self.threshold_unit_s = threshold_unit_s
        self._attained: dict[JobId, float] = {}
        self._seen = 0  # how many of this pass's ended stays are counted

    def stops(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterable[Stay]:
        """Return running jobs of the second queue whose units one of the first takes."""
        self._count(cluster, now_s)
        return super().stops(queue, cluster, now_s)

    def starts(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterator[Job]:
        """Yield the first queue, then the second, whoever fits."""
        self._count(cluster, now_s)
        self._seen = 0
        return super().starts(queue, cluster, now_s)

    def wake_s(self, queue: Queue, cluster: ClusterView, now_s: float) -> float | None:
        """Return when the next running job moves to the second queue."""
        if not queue:
            return None
        moves = (
            stay.start_s + (self.threshold_unit_s - self._attained.get(stay.job.job_id, 0.0)) / stay.size
            for stay in cluster.ends
        )
        return min((move_s for move_s in moves if move_s > now_s), default=None)

    def rank_waiting(self, job: Job, now_s: float) -> float:  # noqa: ARG002 - the protocol
        """Return 0 or 1, the queue."""
        return float(self._attained.get(job.job_id, 0.0) >= self.threshold_unit_s)

    def rank_running(self, stay: Stay, now_s: float) -> float:
        """Return 0 or 1, the queue."""
        attained = self._attained.get(stay.job.job_id, 0.0)
        return float(now_s >= stay.start_s + (self.threshold_unit_s - attained) / stay.size)

    def _count(self, cluster: ClusterView, now_s: float) -> None:
        for stay in cluster.ended[self._seen :]:
            name = stay.job.job_id
            self._attained[name] = self._attained.get(name, 0.0) + stay.size * (now_s - stay.start_s)
        self._seen = len(cluster.ended)
