"""Partitions with tiers: whose queue is of a higher tier goes first, and may evict; each within its limits.

Source: Slurm manual, partitions (PriorityTier, PreemptType=preempt/partition_prio), QOS (GrpTRES, MaxTRESPerUser); the
order is tier, then the multifactor sum.
"""

from collections.abc import Iterable, Iterator, Mapping
from math import inf

from simulator.scheduling.job import Job
from simulator.scheduling.policy import QUEUE_POLICIES
from simulator.scheduling.priority import PriorityPreempt
from simulator.scheduling.state import ClusterView, Queue, Stay


@QUEUE_POLICIES.register("tiers")
class Tiers(PriorityPreempt):
    """The queue of a job is its partition, or its QOS.

    Parameters
    ----------
    preempt : float
        0 leaves lower tiers running until they end.
    priority, age, size, fair : float
        Weights within a tier, as in `Multifactor`.
    **limits : float
        ``gold`` is the tier of a queue, 0 where it is not named; ``gold.most`` and ``gold.user`` are the units that it,
        and one user in it, may hold.

    Examples
    --------
    >>> policy = Tiers(**{"gold": 2, "gold.most": 64})
    >>> policy.tier("gold"), policy.most("gold"), policy.tier("other")
    (2, 64, 0)
    """

    def __init__(
        self, preempt: float = 1, priority: float = 1000, age: float = 1000, size: float = 0, fair: float = 0,
        **limits: float,
    ) -> None:  # fmt: skip
        super().__init__(priority=priority, age=age, size=size, fair=fair)
        odd = [name for name in limits if "." in name and name.rpartition(".")[2] not in ("most", "user")]
        if odd:
            raise ValueError(f"{odd[0]!r} is no limit: write queue=tier, queue.most=units or queue.user=units")
        if min(limits.values(), default=0) < 0:
            raise ValueError("tiers and limits have to be 0 or more")
        self._preempt = bool(preempt)
        self._limits: Mapping[str, float] = limits
        self._over: set[Job] = set()  # who waited for a limit at the last pass

    def tier(self, name: str) -> float:
        """Return the tier of a queue."""
        return self._limits.get(name, 0)

    def most(self, name: str, *, user: bool = False) -> float:
        """Return how many units a queue, or each user in it, may hold."""
        return self._limits.get(f"{name}.user" if user else f"{name}.most", inf)

    def precedence(self, job: Job) -> float:
        """Return the tier."""
        return self.tier(job.queue or "")

    def why(self, job: Job) -> str:
        """Name what holds a job back that would fit."""
        return "quota" if job in self._over else "reservation"

    def stops(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterable[Stay]:
        """Return lower tiers that make room for the first in line that is within its limits."""
        if not self._preempt:
            return ()
        held = _Held(cluster)
        return super().stops([job for job in queue if self._within(job, held)], cluster, now_s)

    def starts(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterator[Job]:
        """Yield by tier, backfilled, whoever is within the limits."""
        held = _Held(cluster)
        self._over = {job for job in queue if not self._within(job, held)}
        within = [job for job in queue if job not in self._over] if self._over else queue
        for job in super().starts(within, cluster, now_s):
            if self._within(job, held):
                held.add(job)
                yield job
            else:
                self._over.add(job)

    def _sorted(self, queue: Queue, cluster: ClusterView, now_s: float) -> Queue:
        ranked = super()._sorted(queue, cluster, now_s)
        return sorted(ranked, key=lambda job: -self.precedence(job)) if len(ranked) > 1 else ranked

    def _within(self, job: Job, held: "_Held") -> bool:
        name, user = job.queue or "", job.user or ""
        if held.units.get(name, 0) + job.size > self.most(name):
            return False
        return held.of_users.get((name, user), 0) + job.size <= self.most(name, user=True)


class _Held:
    """Units held by queue, and by user in a queue."""

    def __init__(self, cluster: ClusterView) -> None:
        self.units: dict[str, int] = {}
        self.of_users: dict[tuple[str, str], int] = {}
        for stay in cluster.ends:
            self.add(stay.job)

    def add(self, job: Job) -> None:
        """Count a job that runs."""
        name, user = job.queue or "", job.user or ""
        self.units[name] = self.units.get(name, 0) + job.size
        self.of_users[name, user] = self.of_users.get((name, user), 0) + job.size
