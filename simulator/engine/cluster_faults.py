"""Faults of nodes, drawn once and independent of any policy, so that policies live through the same faults."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from math import fsum
from typing import TYPE_CHECKING

from simulator.engine.cluster_rules import Outage
from simulator.reliability.causes import Cause

if TYPE_CHECKING:
    from numpy.random import Generator

BATCH = 256


def drawn_outages(
    nodes: int, causes: Sequence[Cause], *, from_s: float, rng: "Generator", blast: Mapping[str, int] | None = None
) -> Iterator[Outage]:
    """Yield faults of equal, memoryless nodes without end, cause by cause.

    A cause strikes a node, and all nodes of the domain around it: a rack of 6 is nodes 0 to 5, then 6 to 11. A cause
    that loses no node stops what runs there and leaves the node in service; else it is away until the fault is known
    and repaired. A node that is away is not struck, so that the share of nodes in service settles at
    ``mtbf / (mtbf + detection + repair)``.

    Parameters
    ----------
    nodes : int
        How many there are.
    causes : sequence of Cause
        With rates per node.
    from_s : float
        When it begins, all nodes in service [s].
    rng : Generator
        Stream of these faults.
    blast : mapping of str to int, optional
        Nodes that a cause takes out together; 1 for those not named.

    Examples
    --------
    >>> from itertools import islice
    >>> from simulator.foundation.streams import generator
    >>> nic = Cause(name="nic", rate_per_node_s=0.1, nodes_lost=1, repair_s=1, detection_s=0.5)
    >>> faults = drawn_outages(4, [nic], from_s=0, rng=generator(0, "outages"), blast={"nic": 2})
    >>> [outage.node for outage in islice(faults, 6)]
    [0, 1, 2, 3, 2, 3]
    """
    if nodes < 1 or any(cause.rate_per_node_s < 0 or cause.repair_s < 0 for cause in causes):
        raise ValueError(f"nodes={nodes}: expected nodes, and causes with rates and repairs that are not negative")
    rate_per_s = nodes * fsum(cause.rate_per_node_s for cause in causes)
    if not rate_per_s:
        return
    edges = list(accumulate(cause.rate_per_node_s * nodes / rate_per_s for cause in causes))[:-1]
    back_s = [from_s] * nodes
    now_s = from_s
    while True:
        gaps_s = rng.exponential(1 / rate_per_s, BATCH).tolist()
        marks, stretches = rng.random(BATCH).tolist(), rng.standard_exponential(BATCH).tolist()
        struck = rng.integers(nodes, size=BATCH).tolist()
        for gap_s, mark, stretch, node in zip(gaps_s, marks, stretches, struck, strict=True):
            now_s += gap_s
            cause = causes[bisect_right(edges, mark)]
            size = (blast or {}).get(cause.name, 1)
            first = node // size * size
            for hit in range(first, min(first + size, nodes)):
                if now_s >= back_s[hit]:
                    outage = _outage(cause, hit, now_s, stretch)
                    back_s[hit] = now_s + outage.duration_s
                    yield outage


def _outage(cause: Cause, node: int, now_s: float, stretch: float) -> Outage:
    away_s = 0.0
    if cause.nodes_lost:
        away_s = cause.detection_s + cause.repair_s * (1.0 if cause.repair_law == "constant" else stretch)
    return Outage(now_s, away_s, node, cause=cause.name, detection_s=cause.detection_s)


def node_failures(mtbf_s: float, repair_s: float) -> Sequence[Cause]:
    """Return the one cause of nodes that are known by their mean times to failure and to repair only [s]."""
    if mtbf_s <= 0:
        raise ValueError(f"mtbf_s={mtbf_s}: expected more than 0")
    cause = Cause(name="failure", rate_per_node_s=1 / mtbf_s, nodes_lost=1, repair_s=repair_s, repair_law="exponential")
    return [cause]
