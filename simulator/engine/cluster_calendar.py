"""What is planned for the nodes of a cluster: windows, nodes that come and go, and what a spot market leaves.

Each entry is a few outages, so that the engine knows nothing of calendars.
"""

from collections.abc import Iterable, Sequence
from math import inf

from simulator.engine.cluster_rules import Outage

MAINTENANCE, ABSENT, SPOT = "maintenance", "absent", "spot"


def window(
    nodes: Iterable[int], start_s: float, duration_s: float, *, drain_s: float = 0, cause: str = MAINTENANCE
) -> list[Outage]:
    """Take nodes out of service for a window; no job starts on them from `drain_s` before it [s].

    Jobs that are still there when it begins get notice.

    Examples
    --------
    >>> [(outage.start_s, outage.duration_s, outage.drained) for outage in window([3], 100, 50, drain_s=20)]
    [(80, 70, True), (100, 50, False)]
    """
    if duration_s <= 0 or drain_s < 0:
        raise ValueError(f"duration_s={duration_s}, drain_s={drain_s}: a window lasts, and is drained before it begins")
    outages = []
    for node in nodes:
        if drain_s:
            outages.append(Outage(start_s - drain_s, drain_s + duration_s, node, drained=True, cause=cause))
        outages.append(Outage(start_s, duration_s, node, noticed=True, cause=cause))
    return sorted(outages)


def bought(nodes: Iterable[int], at_s: float, *, from_s: float) -> list[Outage]:
    """Have nodes only from a time on; `from_s` is when the simulation begins [s]."""
    return [Outage(from_s, at_s - from_s, node, noticed=True, cause=ABSENT) for node in nodes if at_s > from_s]


def sold(nodes: Iterable[int], at_s: float, *, drain_s: float = 0) -> list[Outage]:
    """Give nodes away at a time, drained before it [s]; jobs that are still there get notice."""
    drained = [Outage(at_s - drain_s, inf, node, drained=True, cause=ABSENT) for node in nodes if drain_s]
    return drained + [Outage(at_s, inf, node, noticed=True, cause=ABSENT) for node in nodes]


def spot(nodes: Sequence[int], steps: Sequence[tuple[float, int]]) -> list[Outage]:
    """Have as many of some nodes as a spot market leaves.

    Parameters
    ----------
    nodes : sequence of int
        Those that come from the market; the last ones are reclaimed first.
    steps : sequence of (float, int)
        From each time on [s], how many there are; before the first, all.

    Examples
    --------
    >>> [(outage.node, outage.start_s, outage.duration_s) for outage in spot([5, 6], [(10, 1), (30, 0), (40, 2)])]
    [(6, 10, 30), (5, 30, 10)]
    """
    gone: dict[int, float] = {}
    outages = []
    for at_s, count in steps:
        if not 0 <= count <= len(nodes):
            raise ValueError(f"{count} spot nodes at {at_s} s: expected 0 to {len(nodes)}")
        for node in nodes[count:]:
            gone.setdefault(node, at_s)
        outages += [_reclaimed(node, gone.pop(node), at_s) for node in nodes[:count] if node in gone]
    outages += [_reclaimed(node, since_s, inf) for node, since_s in gone.items()]
    return sorted(outages)


def _reclaimed(node: int, from_s: float, until_s: float) -> Outage:
    return Outage(from_s, until_s - from_s, node, noticed=True, cause=SPOT)
