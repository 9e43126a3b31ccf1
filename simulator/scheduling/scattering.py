"""Rules that take units wherever they are free: no gang waits while there are enough of them."""

from collections.abc import Sequence
from heapq import heapify, heapreplace

from simulator.scheduling.job import Job
from simulator.scheduling.nodes import PLACEMENTS, NodePool
from simulator.scheduling.pool import Place


class _Anywhere:
    """Units anywhere will do, so enough of them are a place."""

    def has_room(self, job: Job, nodes: NodePool) -> bool:
        """Count."""
        return job.size <= nodes.free


@PLACEMENTS.register("first-fit")
class FirstFit(_Anywhere):
    """Free units in order of the nodes, wherever they are."""

    def find(self, job: Job, nodes: NodePool) -> Place | None:
        """Return the first free units."""
        return _greedy(job.size, nodes, [node for node in range(len(nodes.units)) if node not in nodes.broken])


@PLACEMENTS.register("best-fit")
class BestFit(_Anywhere):
    """The node with the least room that holds the gang; a larger gang fills the emptiest nodes first."""

    def find(self, job: Job, nodes: NodePool) -> Place | None:
        """Return the tightest fit, scattered if need be."""
        if (node := tightest(job.size, nodes)) is not None:
            return Place((node,), (job.size,))
        order = [node for bucket in reversed(nodes.by_free[1:]) for node in bucket]
        place = _greedy(job.size, nodes, order)
        rest = tightest(place.units[-1], nodes)  # the last piece goes where it fits most tightly
        if rest is None or rest in place.nodes:
            return place
        return Place((*place.nodes[:-1], rest), place.units)


@PLACEMENTS.register("spread")
class Spread(_Anywhere):
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


def tightest(size: int, nodes: NodePool) -> int | None:
    """Return the node with the least room that holds a piece."""
    return next((bucket[0] for bucket in nodes.by_free[size:] if bucket), None)
