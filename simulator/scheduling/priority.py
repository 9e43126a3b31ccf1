"""Priorities from several factors, with backfilling around the first in line, and preemption by priority.

Source: Slurm manual, multifactor priority plugin; the fair-share factor is the classic one,
``2^-(usage / shares / damping)``, over usage that decays with a half-life (7 days).
"""

import math
from collections.abc import Iterable
from math import exp2

from simulator.scheduling.backfill import Easy
from simulator.scheduling.job import Job
from simulator.scheduling.policy import QUEUE_POLICIES
from simulator.scheduling.state import ClusterView, Queue, Stay
from simulator.scheduling.usage import DecayedUsage

WEEK_S = 604800.0
MOST_SHARES = 1e12


@QUEUE_POLICIES.register("priority")
class Multifactor(Easy):
    """Sum of weighted factors, largest first; equal sums in order of arrival.

    Parameters
    ----------
    priority, age, size, fair : float
        Weights of the job's own priority, its age up to ``max_age_s`` (0 to 1), its share of the cluster (0 to 1), and
        the fair-share factor of its user (0 to 1).
    max_age_s : float
        Age at which that factor stops growing [s].
    half_life_s, damping : float
        Of the fair-share factor [s, 1].
    **shares : float
        Shares of users by name; those not named have 1.
    """

    remembers = False

    def __init__(
        self,
        priority: float = 1000,
        age: float = 1000,
        size: float = 0,
        fair: float = 0,
        max_age_s: float = WEEK_S,
        half_life_s: float = WEEK_S,
        damping: float = 1,
        **shares: float,
    ) -> None:
        if min(max_age_s, half_life_s, damping, *shares.values()) <= 0:
            raise ValueError("max_age_s, half_life_s, damping and shares have to be positive")
        if max(shares.values(), default=0) > MOST_SHARES:
            raise ValueError(f"shares of users are compared with each other; {MOST_SHARES:g} at most")
        self.weights = priority, age, size, fair
        self.max_age_s = max_age_s
        self.damping = damping
        self.shares = shares
        self._usage = DecayedUsage(_user, half_life_s)
        self._seen = 0  # how many of this pass's ended stays are counted

    def _ranked(self, queue: Queue, cluster: ClusterView, now_s: float) -> Queue:
        self._count(cluster, now_s)
        self._seen = 0
        return self._sorted(queue, cluster, now_s)

    def _count(self, cluster: ClusterView, now_s: float) -> None:
        self._usage.add(cluster.ended[self._seen :], now_s)
        self._seen = len(cluster.ended)

    def _sorted(self, queue: Queue, cluster: ClusterView, now_s: float) -> Queue:
        if len(queue) < 2:
            return queue
        priority, age, size, fair = self.weights
        fairness = self._fairness(queue, cluster, now_s) if fair else {}

        def score(job: Job) -> float:
            aged = min((now_s - job.submit_s) / self.max_age_s, 1)
            total = priority * job.priority + age * aged + size * job.size / cluster.capacity
            return -total - (fair * fairness[job.user or ""] if fair else 0)

        return sorted(queue, key=score)

    def _fairness(self, queue: Queue, cluster: ClusterView, now_s: float) -> dict[str, float]:
        used = self._usage.all_at(cluster, now_s)
        users = {job.user or "" for job in queue} | set(used)
        all_used = math.fsum(used.values()) or 1.0
        all_shares = math.fsum(self.shares.get(user, 1.0) for user in users)
        return {
            user: exp2(-(used.get(user, 0.0) / all_used) / (self.shares.get(user, 1.0) / all_shares) / self.damping)
            for user in users
        }


def _user(stay: Stay) -> str:
    return stay.job.user or ""


@QUEUE_POLICIES.register("fair-share")
class FairShare(Multifactor):
    """The same with the fair-share factor in front: who used little lately goes first."""

    def __init__(self, fair: float = 10000, priority: float = 0, age: float = 1000, **others: float) -> None:
        super().__init__(fair=fair, priority=priority, age=age, **others)


@QUEUE_POLICIES.register("priority-preempt")
class PriorityPreempt(Multifactor):
    """The same, and the first in line evicts jobs of lower own priority if that makes room for it.

    The lowest priority leaves first, among equals the one that started last, and nobody leaves in vain. Until those
    under notice are gone, nothing is backfilled.
    """

    def stops(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterable[Stay]:
        """Return those who make room for the first in line, by the usage that `starts` will see."""
        self._count(cluster, now_s)
        ranked = self._sorted(queue, cluster, now_s)
        return () if not ranked or cluster.fits(ranked[0]) else self._victims(ranked[0], cluster, now_s)

    def precedence(self, job: Job) -> float:
        """Return what has to be lower for a job to be evicted: its own priority."""
        return job.priority

    def _victims(self, head: Job, cluster: ClusterView, now_s: float) -> list[Stay]:
        mine = self.precedence(head)
        lower = [stay for stay in cluster.ends if stay.job.preemptible and self.precedence(stay.job) < mine]
        lower.sort(key=lambda stay: (self.precedence(stay.job), stay.job.priority, -stay.start_s, -stay.rank))
        return enough(head, lower, cluster, now_s)

    def _candidates(self, queue: Queue, first: int, cluster: ClusterView, now_s: float) -> Iterable[Job]:
        """Return nobody while somebody is about to leave, or is next to be told to, for the head."""
        if cluster.leaving or (first > 1 and self._victims(queue[first - 1], cluster, now_s)):
            return ()
        return super()._candidates(queue, first, cluster, now_s)


def enough(job: Job, victims: Iterable[Stay], cluster: ClusterView, now_s: float) -> list[Stay]:
    """Return the first victims whose leaving makes room for a job that does not fit, or none if all would not do.

    Those already under notice count as gone; who began in this instant stays.
    """
    if cluster.leaving and cluster.fits_without(job, cluster.leaving.values()):
        return []
    return beside_leaving(job, victims, cluster, now_s)


def beside_leaving(job: Job, victims: Iterable[Stay], cluster: ClusterView, now_s: float) -> list[Stay]:
    """Do the same where those under notice are known to leave too little."""
    leaving, chosen, room = cluster.leaving, list[Stay](), cluster.free
    if leaving:
        room += sum([stay.size for stay in leaving.values()])
    for stay in victims:
        if stay.rank not in leaving and stay.start_s < now_s:
            chosen.append(stay)
            room += stay.size
            if room >= job.size and cluster.fits_without(job, [*leaving.values(), *chosen]):
                return chosen
    return []
