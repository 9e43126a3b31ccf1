"""Queues in a tree, each with a quota, and what is left over shared by weight; priority apart from preemptibility.

Source: documentation of the KAI scheduler (Run:ai): hierarchical queues, quota, over-quota weight, reclaim between
queues, preemption within a queue, and jobs that may not be preempted staying within their quota.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import takewhile
from operator import attrgetter
from typing import TypeAlias

from simulator.scheduling.job import Job
from simulator.scheduling.policy import QUEUE_POLICIES
from simulator.scheduling.priority import beside_leaving
from simulator.scheduling.reservations import Gate
from simulator.scheduling.state import ClusterView, Queue, Stay

WEIGHT = ".weight"
ROUNDING = 1e-9
NO_QUEUE = "none"

Kind: TypeAlias = tuple[str | None, int, tuple[str, ...], float, bool]
"""Queue, size, kinds of accelerators, priority, and whether it may be preempted: all that tells jobs apart here."""


@QUEUE_POLICIES.register("over-quota")
class OverQuota:
    """The queue furthest below its fair share goes first, with its job of the highest priority that fits.

    A fair share is the quota or what is wanted, whichever is less; then what is left over of the parent's share is
    dealt out by weight among those that want more. A queue below its share takes units back from queues above theirs;
    within a queue, higher priority evicts lower. Nobody is stopped for a job while one in front of it can start, and
    nobody behind it takes the room that others are under notice to make. Jobs that may not be preempted never go over
    the quota. A job that ends before a reservation passes one like it that does not.

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
        self._tight: set[Kind] = set()  # who waited for his quota at the last pass
        self._running = _Running()
        self._view: _Holdings | None = None  # of this pass, while nobody was stopped in it
        self._first: Job | None = None  # who starts first in it

    def why(self, job: Job) -> str:
        """Name what holds a job back that would fit."""
        return "quota" if _kind(job) in self._tight else "priority"

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
        self._view = view = _Holdings(queue, cluster, self, self._running)
        self._first, claimed = None, False  # by one that waits for those under notice: nobody behind it starts
        for move in view.moves(cluster, now_s):
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
            view = _Holdings(queue, cluster, self, self._running)
            job = view.next_job(cluster, now_s)
        self._tight = {_kind(first) for first in view.firsts() if not view.may_start(first)}
        while job is not None:
            view.add(job)
            yield job
            job = view.next_job(cluster, now_s) if cluster.free else None


class _Running:
    """Who is on the cluster and not under notice, by queue; it is counted on from pass to pass.

    Attributes
    ----------
    units, firm : dict
        Units of each queue, and of them those of jobs that may not be preempted.
    evictable : dict
        The others' stays; whoever leaves first comes last.
    """

    def __init__(self) -> None:
        self.units: dict[str, int] = {}
        self.firm: dict[str, int] = {}
        self.evictable: dict[str, list[Stay]] = {}
        self._known: dict[int, Stay] = {}  # by rank

    def follow(self, cluster: ClusterView) -> None:
        """Count who came and who went since it was last asked."""
        known, present = self._known, {stay.rank: stay for stay in cluster.ends}
        for rank in cluster.leaving:
            present.pop(rank, None)
        for rank in known.keys() - present.keys():
            self._count(known[rank], -known[rank].size)
            if known[rank].job.preemptible:
                self.evictable[_leaf(known[rank].job)].remove(known[rank])
        for rank in present.keys() - known.keys():
            self._count(present[rank], present[rank].size)
            if present[rank].job.preemptible:
                insort(self.evictable.setdefault(_leaf(present[rank].job), []), present[rank], key=_later_first)
        self._known = present

    def _count(self, stay: Stay, units: int) -> None:
        for totals in (self.units,) if stay.job.preemptible else (self.units, self.firm):
            name = _leaf(stay.job)
            totals[name] = totals.get(name, 0) + units
            if not totals[name]:
                del totals[name]


class _Holdings:
    """What each queue holds at one pass, and how that compares with its share."""

    def __init__(self, queue: Queue, cluster: ClusterView, policy: OverQuota, running: _Running) -> None:
        running.follow(cluster)
        self.held: dict[str, float] = {}
        self.firm: dict[str, float] = {}  # of it by jobs that may not be preempted
        self._quotas = policy._quotas
        self._evictable = running.evictable
        self._over: dict[str, float] | None = None  # units beyond the share, of queues of which somebody may be stopped
        for found, totals in ((running.units, self.held), (running.firm, self.firm)):
            for leaf in sorted(found):
                for name in lineage(leaf):
                    totals[name] = totals.get(name, 0) + found[leaf]
        self._queue = queue
        self._key: Callable[[Job], Hashable] = _kind if cluster.gate is None else _seen_by(cluster.gate)
        self._kinds: defaultdict[Hashable, list[int]] = defaultdict(list)  # where in the queue those of a kind stand
        for at, kind in enumerate(map(self._key, queue)):
            self._kinds[kind].append(at)
        wanted: dict[str, float] = {leaf: running.units[leaf] for leaf in sorted(running.units)}
        for first, places in zip(self.firsts(), self._kinds.values(), strict=True):
            leaf = _leaf(first)
            wanted[leaf] = wanted.get(leaf, 0) + first.size * len(places)
        noticed = sum([stay.size for stay in cluster.leaving.values()])
        self.share = policy.shares(wanted, cluster.free + noticed + sum(running.units.values()))

    def firsts(self) -> Iterator[Job]:
        """Yield the first of each kind that waits: where it cannot start, and nobody makes room for it, none can."""
        for places in self._kinds.values():
            yield self._queue[places[0]]

    def add(self, job: Job) -> None:
        """Count a job that starts, the first of its kind, for its queue and all above."""
        self._over, kind = None, self._key(job)
        del self._kinds[kind][0]
        if not self._kinds[kind]:
            del self._kinds[kind]
        for name in lineage(_leaf(job)):
            self.held[name] = self.held.get(name, 0) + job.size
            if not job.preemptible:
                self.firm[name] = self.firm.get(name, 0) + job.size

    def order(self) -> list[Job]:
        """Sort the first of each kind by how much of its share the queue has, then by priority, then by arrival."""
        ratios: dict[str, tuple[float, ...]] = {}
        ranked = []
        for first, places in zip(self.firsts(), self._kinds.values(), strict=True):
            leaf = _leaf(first)
            if leaf not in ratios:
                ratios[leaf] = tuple(
                    self.held.get(name, 0) / share if (share := self.share[name]) else float("inf")
                    for name in lineage(leaf)
                )
            ranked.append((ratios[leaf], leaf, -first.priority, places[0]))
        return [self._queue[at] for _, _, _, at in sorted(ranked)]

    def may_start(self, job: Job) -> bool:
        """Tell whether the job is one to preempt, or stays within its quotas."""
        return job.preemptible or all(
            self.firm.get(name, 0) + job.size <= self._quotas.get(name, 0) for name in lineage(_leaf(job))
        )

    def moves(self, cluster: ClusterView, now_s: float) -> Iterator[Job | list[Stay]]:
        """Yield what is to be done for each job in order, if anything: start it, or stop others for it.

        An empty list is for one that waits for those under notice: nobody behind it may take its room.
        """
        for job in self.order():
            if not self.may_start(job):
                continue
            if cluster.fits(job):
                yield job
            elif cluster.leaving and cluster.fits_without(job, cluster.leaving.values()):
                yield []
            elif victims := self._victims(job, cluster, now_s):
                yield victims

    def next_job(self, cluster: ClusterView, now_s: float) -> Job | None:
        """Return who starts next; nobody while one in front has somebody to stop, or waits for those under notice."""
        move = next(self.moves(cluster, now_s), None)
        return move if isinstance(move, Job) else None

    def _victims(self, job: Job, cluster: ClusterView, now_s: float) -> list[Stay]:
        """Return who makes room for a job: of queues above their share, or of lower priority in its own."""
        for victims in (self.reclaimable(job), self.outranked(job)):
            if victims and (found := beside_leaving(job, victims, cluster, now_s)):
                return found
        return []

    def is_due(self, job: Job) -> bool:
        """Tell whether its queue stays within its fair share."""
        return all(self.held.get(name, 0) + job.size <= self.share[name] + ROUNDING for name in lineage(_leaf(job)))

    def reclaimable(self, job: Job) -> Iterable[Stay]:
        """Return those of queues above their share until these are above no more, if the job is due."""
        mine = _leaf(job)
        if self._over is None:
            beyond = {name: self.held[name] - self.share[name] for name, stays in self._evictable.items() if stays}
            self._over = {name: units for name, units in beyond.items() if units > ROUNDING}
        over = {name: units for name, units in self._over.items() if name != mine}
        return self._beyond(over) if over and self.is_due(job) else ()

    def _beyond(self, over: dict[str, float]) -> Iterator[Stay]:
        """Yield the stays of queues that are so much above their share, always one of the worst; `over` is used up."""
        stays = {name: reversed(self._evictable[name]) for name in over}
        while over:
            worst = max(over, key=lambda name: (over[name], name))
            if over[worst] <= ROUNDING:
                return
            stay = next(stays[worst], None)
            if stay is None:
                del over[worst]
                continue
            over[worst] -= stay.size
            yield stay

    def outranked(self, job: Job) -> Iterable[Stay]:
        """Return the jobs of lower priority in the same queue, the lowest and latest first."""
        stays = self._evictable.get(_leaf(job))
        if not stays or stays[-1].job.priority >= job.priority:
            return ()
        return takewhile(lambda stay: stay.job.priority < job.priority, reversed(stays))


_kind: Callable[[Job], Kind] = attrgetter("queue", "size", "kinds", "priority", "preemptible")


def _seen_by(gate: Gate) -> Callable[[Job], Hashable]:
    """Return what tells jobs apart where units are reserved: what they are to each reservation, too."""
    return lambda job: (*_kind(job), gate.view(job))


def _later_first(stay: Stay) -> tuple[float, float, int]:
    """Sort so that the lowest priority, and among equals the latest, comes last."""
    return -stay.job.priority, stay.start_s, stay.rank


def _leaf(job: Job) -> str:
    return job.queue or NO_QUEUE


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
