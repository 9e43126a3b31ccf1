"""Nodes with their free units, and rules that choose nodes for a gang.

A gang of more units than a node has takes several nodes. *Scattering* rules take units wherever they are free;
*consolidating* rules insist on the fewest nodes, and let the gang wait if these are not there.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from heapq import heapify, heapreplace
from typing import Protocol, Self

from simulator.foundation.registry import Registry
from simulator.scheduling.job import Job
from simulator.scheduling.state import Place


class PlacementRule(Protocol):
    """Chooses nodes; the same free units give the same answer."""

    def find(self, job: Job, nodes: "NodePool") -> Place | None:
        """Return the units to take on each node, or None if the gang has to wait."""
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
    racks : sequence of int or None
        Rack of each node; None puts all into one.

    Attributes
    ----------
    free_on : list of int
        Free units of each node.
    by_free : list of list of int
        Nodes by their number of free units, each list in order; broken nodes are in none.

    Examples
    --------
    >>> pool = NodePool([8, 8], Consolidated())
    >>> place = pool.find(Job("a", 0, 8, 1, 1))
    >>> pool.take(place)
    >>> place.nodes, pool.free, pool.find(Job("b", 0, 9, 1, 1))
    ((0,), 8, None)
    """

    def __init__(self, units: Sequence[int], rule: PlacementRule, racks: Sequence[int] | None = None) -> None:
        self.units = units
        self.rule = rule
        self.racks = racks or [0] * len(units)
        self.free_on = list(units)
        self.free = sum(units)
        self.largest = max(units, default=0)
        self.by_free: list[list[int]] = [[] for _ in range(self.largest + 1)]
        for node, count in enumerate(units):
            self.by_free[count].append(node)
        self.broken: set[int] = set()

    @property
    def capacity(self) -> int:
        """Units of all nodes."""
        return sum(self.units)

    def find(self, job: Job) -> Place | None:
        """Return where the rule would put the gang now."""
        return self.rule.find(job, self) if job.size <= self.free else None

    def take(self, place: Place) -> None:
        """Hold units; it is an error if they are not free."""
        for node, units in zip(place.nodes, place.units, strict=True):
            if units > self.free_on[node] or node in self.broken:
                raise AssertionError(f"node {node} has {self.free_on[node]} free units, {units} are to be taken")
            self._set(node, self.free_on[node] - units)

    def give(self, place: Place) -> None:
        """Give units back; those of broken nodes stay out of reach."""
        for node, units in zip(place.nodes, place.units, strict=True):
            self._set(node, self.free_on[node] + units)

    def _set(self, node: int, free: int) -> None:
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
        untouched = (
            free for node, free in enumerate(self.free_on) if free == self.units[node] and node not in self.broken
        )
        return self.free - sum(untouched)

    def obstacle(self, job: Job) -> str:
        """Say why enough free units are no place for the gang."""
        return "topology" if isinstance(self.rule, OneRack) and _fewest(job.size, self) else "fragmentation"

    def copy(self) -> Self:
        """Return an independent copy that shares what never changes."""
        twin = object.__new__(type(self))
        twin.units, twin.rule, twin.racks, twin.largest = self.units, self.rule, self.racks, self.largest
        twin.free_on, twin.free, twin.broken = self.free_on.copy(), self.free, self.broken.copy()
        twin.by_free = [bucket.copy() for bucket in self.by_free]
        return twin


def _greedy(size: int, nodes: NodePool, order: Sequence[int]) -> Place:
    chosen, units, left = [], [], size
    for node in order:
        if not left:
            break
        taken = min(left, nodes.free_on[node])
        if taken:
            chosen.append(node)
            units.append(taken)
            left -= taken
    return Place(tuple(chosen), tuple(units))


@PLACEMENTS.register("first-fit")
class FirstFit:
    """Free units in order of the nodes, wherever they are."""

    def find(self, job: Job, nodes: NodePool) -> Place | None:
        """Return the first free units."""
        return _greedy(job.size, nodes, [node for node in range(len(nodes.units)) if node not in nodes.broken])


@PLACEMENTS.register("best-fit")
class BestFit:
    """The node with the least room that holds the gang; a larger gang fills the emptiest nodes first."""

    def find(self, job: Job, nodes: NodePool) -> Place | None:
        """Return the tightest fit, scattered if need be."""
        if (node := _tightest(job.size, nodes)) is not None:
            return Place((node,), (job.size,))
        order = [node for bucket in reversed(nodes.by_free[1:]) for node in bucket]
        place = _greedy(job.size, nodes, order)
        rest = _tightest(place.units[-1], nodes)  # the last piece goes where it fits most tightly
        if rest is None or rest in place.nodes:
            return place
        return Place((*place.nodes[:-1], rest), place.units)


@PLACEMENTS.register("spread")
class Spread:
    """Unit by unit on the node with the most room: gangs are scattered as far as possible."""

    def find(self, job: Job, nodes: NodePool) -> Place | None:
        """Return an even share of the emptiest nodes."""
        heap = [(-free, node) for free, bucket in enumerate(nodes.by_free) if free for node in bucket]
        heapify(heap)
        taken: dict[int, int] = {}
        for _ in range(job.size):
            room, node = heap[0]
            heapreplace(heap, (room + 1, node))
            taken[node] = taken.get(node, 0) + 1
        return Place(tuple(taken), tuple(taken.values()))


@PLACEMENTS.register("consolidated")
class Consolidated:
    """The fewest nodes that can hold the gang; it waits until there are such nodes.

    With cubes of 64 chips as nodes this is an optically switched TPU pod: any free cubes make a slice.
    """

    def find(self, job: Job, nodes: NodePool) -> Place | None:
        """Return the fewest nodes, the last piece where it fits most tightly."""
        return _fewest(job.size, nodes)


@PLACEMENTS.register("rack")
class OneRack:
    """The fewest nodes, all in one rack; a gang larger than the largest rack takes racks as they come."""

    def find(self, job: Job, nodes: NodePool) -> Place | None:
        """Return nodes of the rack with the least room that holds the gang."""
        whole: dict[int, int] = {}
        room: dict[int, int] = {}
        for node, rack in enumerate(nodes.racks):
            whole[rack] = whole.get(rack, 0) + nodes.units[node]
            if node not in nodes.broken:
                room[rack] = room.get(rack, 0) + nodes.free_on[node]
        if job.size > max(whole.values()):
            return _fewest(job.size, nodes)
        for _, rack in sorted((free, rack) for rack, free in room.items() if free >= job.size):
            if (place := _fewest(job.size, nodes, rack)) is not None:
                return place
        return None


def _tightest(size: int, nodes: NodePool, rack: int | None = None, besides: Sequence[int] = ()) -> int | None:
    """Return the node with the least room that holds a piece."""
    for bucket in nodes.by_free[size:]:
        for node in bucket:
            if (rack is None or nodes.racks[node] == rack) and node not in besides:
                return node
    return None


def _fewest(size: int, nodes: NodePool, rack: int | None = None) -> Place | None:
    """Return whole nodes and one for the rest."""
    whole, rest = divmod(size, nodes.largest)
    full = nodes.by_free[nodes.largest]
    if rack is not None:
        full = [node for node in full if nodes.racks[node] == rack]
    if len(full) < whole:
        return None
    chosen, units = full[:whole], [nodes.largest] * whole
    if rest:
        node = _tightest(rest, nodes, rack, chosen)
        if node is None:
            return None
        chosen, units = [*chosen, node], [*units, rest]
    return Place(tuple(chosen), tuple(units))
