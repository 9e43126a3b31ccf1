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
    within a queue, higher priority evicts lower. Nobody is stopped for a job while one in front of it can start, and
    nobody behind it takes the room that others are under notice to make. Jobs that may not be preempted never go over
    the quota.

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
        self._first: Job | None = None  # who starts first in it

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
        """Return who makes room for the first job that has somebody to stop, unless one in front of it starts first."""
        if not queue:
            return ()
        self._view = view = _Holdings(queue, cluster, self)
        self._first, claimed = None, False  # by one that waits for those under notice: nobody behind it starts
        for move in view.moves(queue, cluster, now_s):
            if isinstance(move, Job):
                if not claimed:
                    self._first = move
                    return ()
            elif move:
                self._view = None
                return move
            else:
                claimed = True
        return ()

    def starts(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterator[Job]:
        """Yield one job of the queue that is furthest below its share at a time, until one has somebody to stop."""
        if not queue:
            return
        view, job, self._view = self._view, self._first, None
        if view is None:  # somebody was stopped, or nobody asked
            view = _Holdings(queue, cluster, self)
            job = view.next_job(queue, cluster, now_s)
        waiting = list(queue)
        self._tight = {job for job in waiting if not view.may_start(job)}
        while job is not None:
            waiting.remove(job)
            view.add(job)
            yield job
            job = view.next_job(waiting, cluster, now_s) if cluster.free else None


class _Holdings:
    """What each queue holds at one pass, and how that compares with its share."""

    def __init__(self, queue: Queue, cluster: ClusterView, policy: OverQuota) -> None:
        self.held: dict[str, float] = {}
        self.firm: dict[str, float] = {}  # of it by jobs that may not be preempted
        self._quotas = policy._quotas
        self._evictable: dict[str, list[Stay]] = {}  # by leaf, of those that are not under notice
        self._sorted: set[str] = set()
        leaves: dict[str, int] = {}
        firm: dict[str, int] = {}
        for stay in cluster.ends:
            if stay.rank in cluster.leaving:
                continue
            name = _leaf(stay.job)
            leaves[name] = leaves.get(name, 0) + stay.size
            if stay.job.preemptible:
                self._evictable.setdefault(name, []).append(stay)
            else:
                firm[name] = firm.get(name, 0) + stay.size
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

    def moves(self, jobs: Iterable[Job], cluster: ClusterView, now_s: float) -> Iterator[Job | list[Stay]]:
        """Yield what is to be done for each job in order, if anything: start it, or stop others for it.

        An empty list is for one that waits for those under notice: nobody behind it may take its room.
        """
        in_vain: set[tuple[object, ...]] = set()  # what nobody's leaving makes room for
        for job in self.order(jobs):
            kind = (job.queue, job.size, job.kinds, job.priority, job.preemptible)
            if kind in in_vain or not self.may_start(job):
                continue
            if cluster.fits(job):
                yield job
            elif cluster.leaving and cluster.fits_without(job, cluster.leaving.values()):
                yield []
            elif victims := self._victims(job, cluster, now_s):
                yield victims
            in_vain.add(kind)

    def next_job(self, jobs: Iterable[Job], cluster: ClusterView, now_s: float) -> Job | None:
        """Return who starts next; nobody while one in front has somebody to stop, or waits for those under notice."""
        move = next(self.moves(jobs, cluster, now_s), None)
        return move if isinstance(move, Job) else None

    def _victims(self, job: Job, cluster: ClusterView, now_s: float) -> list[Stay]:
        """Return who makes room for a job: of queues above their share, or of lower priority in its own."""
        return enough(job, self.reclaimable(job), cluster, now_s) or enough(job, self.outranked(job), cluster, now_s)

    def is_due(self, job: Job) -> bool:
        """Tell whether its queue stays within its fair share."""
        return all(self.held.get(name, 0) + job.size <= self.share[name] + ROUNDING for name in lineage(_leaf(job)))

    def reclaimable(self, job: Job) -> Iterator[Stay]:
        """Yield those of queues above their share until these are above no more, if the job is due."""
        mine = _leaf(job)
        over = {name: self.held[name] - self.share[name] for name in self._evictable if name != mine}
        over = {name: units for name, units in over.items() if units > ROUNDING}
        if not over or not self.is_due(job):
            return
        stays = {name: list(self._leaving_order(name)) for name in over}
        while over:
            worst = max(over, key=lambda name: (over[name], name))
            if over[worst] <= ROUNDING:
                return
            stay = stays[worst].pop()
            over[worst] -= stay.size
            if not stays[worst]:
                del over[worst]
            yield stay

    def outranked(self, job: Job) -> Iterator[Stay]:
        """Yield the jobs of lower priority in the same queue, the lowest and latest first."""
        for stay in reversed(self._leaving_order(_leaf(job))):
            if stay.job.priority >= job.priority:
                return
            yield stay

    def _leaving_order(self, leaf: str) -> Sequence[Stay]:
        """Return who of a queue may be stopped, whoever leaves first last."""
        stays = self._evictable.get(leaf, [])
        if leaf not in self._sorted:
            self._sorted.add(leaf)
            stays.sort(key=_later_first)
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
