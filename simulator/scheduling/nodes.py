"""Nodes with their free units, and what a rule that chooses among them has to do.

The rules of ours are in `simulator.scheduling.placement`, with the registry's names. One of your own::

    @PLACEMENTS.register("last-fit")
    class LastFit:
        def find(self, job, nodes):
            for node in reversed(range(len(nodes.units))):
                if node not in nodes.broken and nodes.free_on[node] >= job.size:
                    return Place((node,), (job.size,))
            return None
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from copy import copy
from typing import Protocol, Self, runtime_checkable

from simulator.foundation.registry import Registry
from simulator.scheduling.job import Job
from simulator.scheduling.pool import Place, Room


class PlacementRule(Protocol):
    """Chooses nodes; the same free units give the same answer."""

    def find(self, job: Job, nodes: "NodePool") -> Place | None:
        """Return the units to take on each node, or None if the gang has to wait."""
        ...


@runtime_checkable
class BoundRule(Protocol):
    """A rule that keeps a gang together more closely than nodes alone would."""

    def obstacle(self, job: Job, nodes: "NodePool") -> str:
        """Say why enough free units are no place: ``topology`` if only the bound stands in the way."""
        ...


@runtime_checkable
class QuickRule(Protocol):
    """A rule that can tell faster whether there is a place than where."""

    def has_room(self, job: Job, nodes: "NodePool") -> bool:
        """Tell whether `find` would return a place."""
        ...


@runtime_checkable
class CountRule(Protocol):
    """A rule to which nodes with as many free units are all alike."""

    def holds(self, job: Job, counts: Sequence[int]) -> bool:
        """Tell whether there is a place for a job where so many nodes have 0, 1, 2, ... free units, enough in all."""
        ...


PLACEMENTS: Registry[type[PlacementRule]] = Registry("placement rule", group="flopcast.placements")


class NodePool:
    """The nodes of a cluster.

    Parameters
    ----------
    units : sequence of int
        Units (accelerators) of each node.
    rule : PlacementRule
        Chooses among nodes.
    racks, pods : sequence of int or None
        Rack (leaf, block or scale-up domain) and pod of each node; None puts all into one.

    Attributes
    ----------
    free_on : list of int
        Free units of each node.
    one_rack : bool
        Whether no two nodes are in different racks.
    by_free : list of list of int
        Nodes by their number of free units, each list in order; broken nodes are in none.

    Examples
    --------
    >>> from simulator.scheduling.placement import PLACEMENTS
    >>> pool = NodePool([8, 8], PLACEMENTS["consolidated"]())
    >>> place = pool.find(Job("a", 0, 8, 1, 1))
    >>> pool.take(place)
    >>> place.nodes, pool.free, pool.find(Job("b", 0, 9, 1, 1))
    ((0,), 8, None)
    """

    def __init__(
        self,
        units: Sequence[int],
        rule: PlacementRule,
        racks: Sequence[int] | None = None,
        pods: Sequence[int] | None = None,
    ) -> None:
        self.units = units
        self.rule = rule
        self.racks = racks or [0] * len(units)
        self.pods = pods or [0] * len(units)
        self.one_rack = len(set(self.racks)) < 2
        self.free_on = list(units)
        self.free = sum(units)
        self.largest = max(units, default=0)
        self.by_free: list[list[int]] = [[] for _ in range(self.largest + 1)]
        for node, count in enumerate(units):
            self.by_free[count].append(node)
        self.broken: set[int] = set()
        self._quick = rule if isinstance(rule, QuickRule) else None
        self._bound = rule if isinstance(rule, BoundRule) else None
        self._count = rule if isinstance(rule, CountRule) else None

    @property
    def capacity(self) -> int:
        """Units of all nodes."""
        return sum(self.units)

    def find(self, job: Job) -> Place | None:
        """Return where the rule would put the gang now."""
        return self.rule.find(job, self) if job.size <= self.free else None

    def fits(self, job: Job) -> bool:
        """Tell whether the rule has a place for the gang now."""
        if self._quick is None or job.size > self.free:
            return self.find(job) is not None
        return self._quick.has_room(job, self)

    def take(self, place: Place) -> None:
        """Hold units; it is an error if they are not free."""
        for node, units in zip(place.nodes, place.units, strict=True):
            if units > self.free_on[node] or node in self.broken:
                raise AssertionError(f"node {node} has {self.free_on[node]} free units, {units} are to be taken")
            self.set_free(node, self.free_on[node] - units)

    def give(self, place: Place) -> None:
        """Give units back; those of broken nodes stay out of reach."""
        for node, units in zip(place.nodes, place.units, strict=True):
            self.set_free(node, self.free_on[node] + units)

    def give_all(self, places: Iterable[Place]) -> None:
        """Give the units of many places back, and put each node into its list once."""
        free_on, before = self.free_on, dict[int, int]()
        for place in places:
            for node, units in zip(place.nodes, place.units, strict=True):
                before.setdefault(node, free_on[node])
                free_on[node] += units
        moved = {node: free for node, free in before.items() if node not in self.broken}
        for free in set(moved.values()):
            self.by_free[free] = [node for node in self.by_free[free] if node not in moved]
        for node, free in moved.items():
            self.by_free[free_on[node]].append(node)
            self.free += free_on[node] - free
        for free in {free_on[node] for node in moved}:
            self.by_free[free].sort()

    def first_room(self, job: Job, places: Iterable[Place]) -> Room | None:
        """Count nodes by their free units, where the rule asks for no more."""
        if self._count is None:
            return None
        counts, free, changed = [len(nodes) for nodes in self.by_free], self.free, dict[int, int]()
        largest, broken, after = self.largest, self.broken, 0
        for after, (nodes, units, _) in enumerate(places, start=1):
            held, whole = sum(units), len(units)
            if held == largest * whole and not (broken and broken.intersection(nodes)):  # which nobody shares
                counts[0] -= whole
                counts[largest] += whole
                free += held
            else:
                for node, more in zip(nodes, units, strict=True):
                    if node not in broken:
                        before = changed.get(node, self.free_on[node])
                        changed[node] = before + more
                        counts[before] -= 1
                        counts[before + more] += 1
                        free += more
            if free >= job.size and self._count.holds(job, counts):
                return Room(after, free)
        return Room(after + 1, free)

    def in_service(self, place: Place) -> int:
        """Return the units of a place on nodes in service."""
        if self.broken.isdisjoint(place.nodes):
            return sum(place.units)
        return sum(units for node, units in zip(place.nodes, place.units, strict=True) if node not in self.broken)

    def set_free(self, node: int, free: int) -> None:
        """State how many units of a node are free, in service or not."""
        if node not in self.broken:
            bucket = self.by_free[self.free_on[node]]
            del bucket[bisect_left(bucket, node)]
            insort(self.by_free[free], node)
            self.free += free - self.free_on[node]
        self.free_on[node] = free

    def lose(self, node: int) -> None:
        """Take a node out of service."""
        bucket = self.by_free[self.free_on[node]]
        del bucket[bisect_left(bucket, node)]
        self.free -= self.free_on[node]
        self.broken.add(node)

    def restore(self, node: int) -> None:
        """Put a node back into service."""
        self.broken.discard(node)
        insort(self.by_free[self.free_on[node]], node)
        self.free += self.free_on[node]

    def stranded(self) -> int:
        """Return the free units on nodes of which a part is taken."""
        free_units = enumerate(self.by_free[1:], start=1)
        untouched = [units for units, nodes in free_units for node in nodes if self.units[node] == units]
        return self.free - sum(untouched)

    def obstacle(self, job: Job) -> str:
        """Say why enough free units are no place for the gang."""
        return "fragmentation" if self._bound is None else self._bound.obstacle(job, self)

    def copy(self) -> Self:
        """Return an independent copy that shares what never changes."""
        twin = copy(self)
        twin.free_on, twin.broken = self.free_on.copy(), self.broken.copy()
        twin.by_free = [bucket.copy() for bucket in self.by_free]
        return twin
