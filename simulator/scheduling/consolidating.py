"""Rules that keep a gang together: on the fewest nodes, in a rack, in a pod, in the fewest blocks, in whole segments.

A rack is whatever the nodes are grouped by: the nodes under a leaf, a block of Slurm's topology/block, or the 18 trays
of an NVL72 domain. "Whole nodes" are free nodes of the largest size.

Sources: Slurm's documentation of topology/tree (fewest leaves) and topology/block (blocks and segments).
"""

from collections.abc import Iterable, Sequence

from simulator.foundation.tuples import make
from simulator.scheduling.job import Job
from simulator.scheduling.nodes import PLACEMENTS, NodePool
from simulator.scheduling.pool import Place


class _FewestNodes:
    """A place is the fewest nodes, whichever they are."""

    def has_room(self, job: Job, nodes: NodePool) -> bool:
        """Count whole nodes; only a gang that leaves a part of one needs a closer look."""
        whole, rest = divmod(job.size, nodes.largest)
        full = len(_full(nodes))
        return full > whole or (full == whole and not rest) or (full == whole and _fewest(job.size, nodes) is not None)

    def holds(self, job: Job, counts: Sequence[int]) -> bool:
        """Tell whether there are whole nodes for the gang, and one with room for what is left of it."""
        whole, rest = divmod(job.size, len(counts) - 1)
        full = counts[-1]
        return full > whole or (full == whole and (not rest or any(counts[rest:-1])))


@PLACEMENTS.register("consolidated")
class Consolidated(_FewestNodes):
    """The fewest nodes that can hold the gang, in whichever racks; it waits until there are such nodes."""

    def find(self, job: Job, nodes: NodePool) -> Place | None:
        """Return the fewest nodes, the last piece where it fits most tightly."""
        return _fewest(job.size, nodes)


class _Bound:
    """Tells what only the bound forbids."""

    def obstacle(self, job: Job, nodes: NodePool) -> str:
        """Say ``topology`` where the nodes would be there."""
        return "topology" if _fewest(job.size, nodes) else "fragmentation"


@PLACEMENTS.register("rack")
class OneRack(_Bound):
    """The fewest nodes, all in one rack; a gang larger than the largest rack takes racks as they come."""

    def find(self, job: Job, nodes: NodePool) -> Place | None:
        """Return nodes of the rack with the least room that holds the gang."""
        return _in_one(job.size, nodes, nodes.racks)


@PLACEMENTS.register("pod")
class OnePod(_Bound):
    """The fewest nodes, all in one pod, in as few of its racks as can be; a gang larger than a pod takes any."""

    def find(self, job: Job, nodes: NodePool) -> Place | None:
        """Return nodes of the pod with the least room that holds the gang."""
        if job.size <= nodes.largest:
            return _fewest(job.size, nodes)
        whole = -(-job.size // nodes.largest)
        pods = _grouped(_full(nodes), nodes.pods)
        if whole > _most(nodes, nodes.pods):
            return _packed(job.size, nodes, _full(nodes)) if len(_full(nodes)) >= whole else None
        fitting = sorted((len(found), pod) for pod, found in pods.items() if len(found) >= whole)
        return _packed(job.size, nodes, pods[fitting[0][1]]) if fitting else None


@PLACEMENTS.register("compact")
class Compact(_FewestNodes):
    """The fewest nodes, in as few racks and pods as the free ones allow; it waits for nodes, never for racks.

    So do the leaves of Slurm's topology/tree.
    """

    def find(self, job: Job, nodes: NodePool) -> Place | None:
        """Return one node, else one rack, else one pod, else the fewest racks of all."""
        if job.size <= nodes.largest:
            return _fewest(job.size, nodes)
        full = _full(nodes)
        whole = -(-job.size // nodes.largest)
        if len(full) < whole:
            return _fewest(job.size, nodes)  # the last piece may fit on a node that is partly taken
        if nodes.one_rack:
            return _packed(job.size, nodes, full)
        for by in (nodes.racks, nodes.pods):
            groups = _grouped(full, by)
            fitting = sorted((len(found), group) for group, found in groups.items() if len(found) >= whole)
            if fitting:
                return _packed(job.size, nodes, groups[fitting[0][1]])
        return _packed(job.size, nodes, full)


@PLACEMENTS.register("block")
class Blocks(_Bound):
    """As few racks as the gang needs at all: whole free racks, and one that holds the rest.

    Gangs of up to 72 accelerators stay in one NVL72 domain, larger ones take whole domains and the rest of one more.
    """

    def find(self, job: Job, nodes: NodePool) -> Place | None:
        """Return nodes of the fewest racks, or None until there are such racks."""
        if job.size <= nodes.largest:
            return _fewest(job.size, nodes)
        per_rack = _most(nodes, nodes.racks)
        whole, rest = divmod(-(-job.size // nodes.largest), per_rack)
        racks = _grouped(_full(nodes), nodes.racks)
        ranked = sorted(racks, key=lambda rack: (len(racks[rack]), rack))
        chosen = [rack for rack in ranked if len(racks[rack]) == per_rack][:whole]
        last = (
            next((rack for rack in ranked if len(racks[rack]) >= rest and rack not in chosen), None) if rest else None
        )
        if len(chosen) < whole or (rest and last is None):
            return None
        found = [node for rack in chosen for node in racks[rack]] + (racks[last][:rest] if last is not None else [])
        return _on(found, job.size, nodes)


@PLACEMENTS.register("segment")
class Segments(_Bound):
    """Segments of so many whole nodes, none of which straddles racks; the racks may be any, but as few as can be.

    Parameters
    ----------
    nodes : int or None
        Of a segment; None is a whole rack. A gang that is no multiple has one smaller segment, and one that fits a
        segment is one.
    """

    def __init__(self, nodes: int | None = None) -> None:
        if nodes is not None and nodes < 1:
            raise ValueError(f"nodes={nodes}: expected at least 1 node in a segment")
        self.nodes = nodes

    def find(self, job: Job, nodes: NodePool) -> Place | None:
        """Fill the racks with the most segments first, the last one where it fits most tightly."""
        per_rack = _most(nodes, nodes.racks)
        segment = self.nodes or per_rack
        if segment > per_rack:
            raise ValueError(f"segments of {segment} nodes do not fit into racks of {per_rack}")
        if job.size <= nodes.largest:
            return _fewest(job.size, nodes)
        whole, rest = divmod(-(-job.size // nodes.largest), segment)
        racks = _grouped(_full(nodes), nodes.racks)
        found: list[int] = []
        for size, count in ((segment, whole), (rest, 1 if rest else 0)):
            while count:
                holding = [rack for rack, free in racks.items() if len(free) >= size]
                if not holding:
                    return None
                enough = [rack for rack in holding if len(racks[rack]) >= size * count]
                rack = (
                    min(enough, key=lambda rack: (len(racks[rack]), rack))
                    if enough
                    else max(holding, key=lambda rack: (len(racks[rack]) // size, -rack))
                )
                taken = min(count, len(racks[rack]) // size)
                found += racks[rack][: taken * size]
                racks[rack] = racks[rack][taken * size :]
                count -= taken
        return _on(found, job.size, nodes)


def _full(nodes: NodePool) -> Sequence[int]:
    """Return the whole free nodes, in order."""
    return nodes.by_free[nodes.largest]


def _grouped(found: Iterable[int], groups: Sequence[int]) -> dict[int, list[int]]:
    grouped: dict[int, list[int]] = {}
    for node in found:
        grouped.setdefault(groups[node], []).append(node)
    return grouped


def _most(nodes: NodePool, groups: Sequence[int]) -> int:
    """Return how many nodes of the largest size the largest group has, free or not."""
    count: dict[int, int] = {}
    for node, units in enumerate(nodes.units):
        if units == nodes.largest:
            count[groups[node]] = count.get(groups[node], 0) + 1
    return max(count.values())


def _on(found: Sequence[int], size: int, nodes: NodePool) -> Place:
    """Fill nodes in order; the last may be left with free units."""
    units = [nodes.largest] * len(found)
    units[-1] -= nodes.largest * len(found) - size
    return make(Place, (tuple(found), tuple(units), ()))


def _packed(size: int, nodes: NodePool, among: Iterable[int]) -> Place:
    """Fill the emptiest racks first, the last piece in the tightest rack that holds it."""
    racks = {0: list(among)} if nodes.one_rack else _grouped(among, nodes.racks)
    ranked = sorted(racks, key=lambda rack: (-len(racks[rack]), rack))
    left = -(-size // nodes.largest)
    found: list[int] = []
    for at, rack in enumerate(ranked):
        if len(racks[rack]) >= left:
            last = min(
                (other for other in ranked[at:] if len(racks[other]) >= left), key=lambda one: (len(racks[one]), one)
            )
            return _on([*found, *racks[last][:left]], size, nodes)
        found += racks[rack]
        left -= len(racks[rack])
    raise AssertionError(f"{size} units do not fit these nodes")


def _in_one(size: int, nodes: NodePool, groups: Sequence[int]) -> Place | None:
    """Return the fewest nodes in the group with the least room that holds them."""
    whole: dict[int, int] = {}
    room: dict[int, int] = {}
    for node, group in enumerate(groups):
        whole[group] = whole.get(group, 0) + nodes.units[node]
        if node not in nodes.broken:
            room[group] = room.get(group, 0) + nodes.free_on[node]
    if size > max(whole.values()):
        return _fewest(size, nodes)
    for _, group in sorted((free, group) for group, free in room.items() if free >= size):
        if (place := _fewest(size, nodes, group)) is not None:
            return place
    return None


def _tightest(size: int, nodes: NodePool, rack: int | None, besides: Sequence[int]) -> int | None:
    """Return the node with the least room that holds a piece."""
    for bucket in nodes.by_free[size:]:
        for node in bucket:
            if (rack is None or nodes.racks[node] == rack) and node not in besides:
                return node
    return None


def _fewest(size: int, nodes: NodePool, rack: int | None = None) -> Place | None:
    """Return whole nodes and one for the rest."""
    whole, rest = divmod(size, nodes.largest)
    full = _full(nodes)
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
    return make(Place, (tuple(chosen), tuple(units), ()))
