"""Queues in a tree, each with a quota, and what is left over shared by weight; priority apart from preemptibility.

Source: documentation of the KAI scheduler (Run:ai): hierarchical queues, quota, over-quota weight, reclaim between
queues, preemption within a queue, and jobs that may not be preempted staying within their quota.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from simulator.scheduling.job import Job
from simulator.scheduling.policy import QUEUE_POLICIES
from simulator.scheduling.priority import enough
from simulator.scheduling.state import ClusterView, Queue, Stay

WEIGHT = ".weight"
ROUNDING = 1e-9


@QUEUE_POLICIES.register("over-quota")
class OverQuota:
    """The queue furthest below its fair share goes first, with its job of the highest priority that fits.

    A fair share is the quota or what is wanted, whichever is less; then what is left over of the parent's share is
    dealt out by weight among those that want more. A queue below its share takes units back from queues above theirs;
    within a queue, higher priority evicts lower. Jobs that may not be preempted never go over the quota.

    Parameters
    ----------
    **quotas : float
        Units by queue, such as ``research`` and ``research/vision``, a child of the first, and ``research.weight`` for
        its part of what is left over, 1 where it is not named. Queues that are not named have no quota of their own.

    Examples
    --------
    >>> shares = OverQuota(red=4, blue=4, **{"red.weight": 3}).shares({"red": 12, "blue": 12}, 16)
    >>> shares["red"], shares["blue"]
    (10.0, 6.0)
    """

    def __init__(self, **quotas: float) -> None:
        if min(quotas.values(), default=0) < 0:
            raise ValueError("quotas and weights have to be 0 or more")
        self._quotas: Mapping[str, float] = quotas
        self._tight: set[Job] = set()  # who waited for his quota at the last pass
        self._view: _Holdings | None = None  # of this pass, while nobody was stopped in it

    def why(self, job: Job) -> str:
        """Name what holds a job back that would fit."""
        return "quota" if job in self._tight else "priority"

    def shares(self, wanted: Mapping[str, float], units: float) -> dict[str, float]:
        """Return the fair share of each queue and its ancestors, for what the leaves want."""
        want: dict[str, float] = {}
        for leaf, amount in wanted.items():
            for name in lineage(leaf):
                want[name] = want.get(name, 0) + amount
        found: dict[str, float] = {}
        self._divide([name for name in want if "/" not in name], want, units, found)
        return found

    def _divide(self, names: Sequence[str], want: Mapping[str, float], units: float, found: dict[str, float]) -> None:
        """Deal units out among siblings, and on to their children."""
        quotas = {name: min(self._quotas.get(name, 0), want[name]) for name in names}
        scale = min(1.0, units / (sum(quotas.values()) or 1))  # quotas may promise more than there is
        for name in names:
            found[name] = quotas[name] * scale
        hungry = [name for name in names if found[name] < want[name] and self._weight(name) > 0]
        left = units - sum(found[name] for name in names)
        while hungry and left > ROUNDING:
            all_weights = sum(map(self._weight, hungry))
            parts = {name: min(left * self._weight(name) / all_weights, want[name] - found[name]) for name in hungry}
            for name, part in parts.items():
                found[name] += part
            left -= sum(parts.values())
            hungry = [name for name in hungry if want[name] - found[name] > ROUNDING]
        for name in names:
            children = [child for child in want if child.rpartition("/")[0] == name]
            if children:
                self._divide(children, want, found[name], found)

    def _weight(self, name: str) -> float:
        return self._quotas.get(name + WEIGHT, 1)

    def stops(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterable[Stay]:
        """Return who makes room for the first job that is due and does not fit."""
        if not queue:
            return ()
        self._view = None
        view = _Holdings(queue, cluster, self)
        in_vain: set[tuple[object, ...]] = set()  # what nobody's leaving makes room for
        for job in view.order(queue):
            kind = (job.queue, job.size, job.kinds, job.priority, job.preemptible)
            if kind in in_vain or not view.may_start(job) or cluster.fits(job):
                continue
            for stays in (view.reclaimable(job), view.outranked(job)):
                if victims := enough(job, stays, cluster, now_s):
                    return victims
            in_vain.add(kind)
        self._view = view
        return ()

    def starts(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterator[Job]:  # noqa: ARG002 - the protocol
        """Yield one job of the queue that is furthest below its share at a time."""
        if not queue:
            return
        view, self._view = self._view or _Holdings(queue, cluster, self), None
        waiting = list(queue)
        self._tight = {job for job in waiting if not view.may_start(job)}
        while cluster.free:
            fitting = (job for job in view.order(waiting) if view.may_start(job) and cluster.fits(job))
            job = next((job for job in fitting if not cluster.leaving or view.is_due(job)), None)
            if job is None:
                return
            waiting.remove(job)
            view.add(job)
            yield job


class _Holdings:
    """What each queue holds at one pass, and how that compares with its share."""

    def __init__(self, queue: Queue, cluster: ClusterView, policy: OverQuota) -> None:
        self.held: dict[str, float] = {}
        self.firm: dict[str, float] = {}  # of it by jobs that may not be preempted
        self._quotas = policy._quotas
        leaves: dict[str, int] = {}
        firm: dict[str, int] = {}
        self._loose: dict[str, list[Stay]] = {}  # those that may be preempted, by queue, the first to leave last
        leaving = cluster.leaving
        for stay in cluster.ends:
            if stay.rank in leaving:
                continue
            name = _leaf(stay.job)
            leaves[name] = leaves.get(name, 0) + stay.size
            if stay.job.preemptible:
                self._loose.setdefault(name, []).append(stay)
            else:
                firm[name] = firm.get(name, 0) + stay.size
        self._in_order: set[str] = set()  # queues of which these are sorted
        for found, totals in ((leaves, self.held), (firm, self.firm)):
            for leaf, units in found.items():
                for name in lineage(leaf):
                    totals[name] = totals.get(name, 0) + units
        wanted: dict[str, float] = dict(leaves)
        for job in queue:
            wanted[_leaf(job)] = wanted.get(_leaf(job), 0) + job.size
        in_service = cluster.free + sum([stay.size for stay in cluster.ends])
        self.share = policy.shares(wanted, in_service)

    def add(self, job: Job) -> None:
        """Count a job that runs, for its queue and all above."""
        for name in lineage(_leaf(job)):
            self.held[name] = self.held.get(name, 0) + job.size
            if not job.preemptible:
                self.firm[name] = self.firm.get(name, 0) + job.size

    def order(self, jobs: Iterable[Job]) -> list[Job]:
        """Sort by how much of its share the queue has, from the root down, then by priority, then by arrival."""
        ratios: dict[str, tuple[float, ...]] = {}
        for job in jobs:
            leaf = _leaf(job)
            if leaf not in ratios:
                ratios[leaf] = tuple(
                    self.held.get(name, 0) / share if (share := self.share[name]) else float("inf")
                    for name in lineage(leaf)
                )
        return sorted(jobs, key=lambda job: (ratios[_leaf(job)], _leaf(job), -job.priority))

    def may_start(self, job: Job) -> bool:
        """Tell whether the job is one to preempt, or stays within its quotas."""
        return job.preemptible or all(
            self.firm.get(name, 0) + job.size <= self._quotas.get(name, 0) for name in lineage(_leaf(job))
        )

    def is_due(self, job: Job) -> bool:
        """Tell whether its queue stays within its fair share."""
        return all(self.held.get(name, 0) + job.size <= self.share[name] + ROUNDING for name in lineage(_leaf(job)))

    def reclaimable(self, job: Job) -> Iterator[Stay]:
        """Yield those of queues above their share that can leave without falling below it, if the job is due."""
        if not self.is_due(job):
            return
        over = {name: self.held[name] - self.share[name] for name in self._loose if name != _leaf(job)}
        left = {name: len(self._loose[name]) for name in over}
        while over:
            worst = max(over, key=lambda name: (over[name], name))
            if over[worst] <= ROUNDING:
                return
            left[worst] -= 1
            stay = self._sorted(worst)[left[worst]]
            over[worst] -= stay.size
            if not left[worst]:
                del over[worst]
            yield stay

    def outranked(self, job: Job) -> list[Stay]:
        """Return the jobs of lower priority in the same queue, the lowest and latest first."""
        stays = self._sorted(_leaf(job))
        return [stay for stay in reversed(stays) if stay.job.priority < job.priority]

    def _sorted(self, name: str) -> list[Stay]:
        """Return those of a queue that may be preempted, the first to leave last."""
        stays = self._loose.get(name, [])
        if name not in self._in_order:
            stays.sort(key=_later_first)
            self._in_order.add(name)
        return stays


def _later_first(stay: Stay) -> tuple[float, float, int]:
    """Sort so that the lowest priority, and among equals the latest, comes last."""
    return -stay.job.priority, stay.start_s, stay.rank


def _leaf(job: Job) -> str:
    return job.queue or "none"


@cache
def lineage(leaf: str) -> Sequence[str]:
    """Return a queue with all above it, the root first.

    Examples
    --------
    >>> lineage("research/vision/small")
    ['research', 'research/vision', 'research/vision/small']
    """
    parts = leaf.split("/")
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
