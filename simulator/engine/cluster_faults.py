"""Faults of nodes, drawn once and independent of any policy, so that policies live through the same faults."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import fsum
from typing import TYPE_CHECKING

from simulator.engine.cluster_rules import Outage
from simulator.reliability.causes import Cause
from simulator.reliability.laws import shaped

if TYPE_CHECKING:
    from numpy.random import Generator

BATCH = 256


def drawn_outages(nodes: int, causes: Sequence[Cause], *, from_s: float, rng: "Generator") -> Iterator[Outage]:
    """Yield faults of equal, memoryless nodes without end, cause by cause.

    A cause strikes a node, and all nodes of the domain around it: a rack of 6 is nodes 0 to 5, then 6 to 11. Causes are
    memoryless; the law of repair is theirs. A cause that loses no node stops what runs there and leaves the node in
    service; else it is away until the fault is known and repaired. A node that is away is not struck, so that the share
    of nodes in service settles at
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

    Examples
    --------
    >>> from itertools import islice
    >>> from simulator.foundation.streams import generator
    >>> pdu = Cause(name="pdu", rate_per_node_s=0.1, nodes_lost=1, repair_s=1, domain="rack", domain_nodes=2)
    >>> [outage.node for outage in islice(drawn_outages(4, [pdu], from_s=0, rng=generator(0, "outages")), 4)]
    [2, 3, 2, 3]
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
        marks, struck = rng.random(BATCH).tolist(), rng.integers(nodes, size=BATCH).tolist()
        away_s = [_away_s(cause, rng) for cause in causes]
        for at, (gap_s, mark, node) in enumerate(zip(gaps_s, marks, struck, strict=True)):
            now_s += gap_s
            which = bisect_right(edges, mark)
            cause = causes[which]
            size = max(round(cause.domain_nodes), 1)
            first = node // size * size
            for hit in range(first, min(first + size, nodes)):
                if now_s >= back_s[hit]:
                    outage = Outage(now_s, away_s[which][at], hit, cause=cause.name, detection_s=cause.detection_s)
                    back_s[hit] = now_s + outage.duration_s
                    yield outage


def _away_s(cause: Cause, rng: "Generator") -> Sequence[float]:
    """Draw for how long a node is out of service [s]."""
    if not cause.nodes_lost:
        return [0.0] * BATCH
    if cause.repair_law == "constant" or not cause.repair_s:
        return [cause.detection_s + cause.repair_s] * BATCH
    if cause.repair_law == "exponential":
        drawn = rng.exponential(cause.repair_s, BATCH)
    else:
        drawn = shaped(cause.repair_law, mean_s=cause.repair_s, shape=cause.repair_shape).times_s(rng, BATCH)
    return [float(each) + cause.detection_s for each in drawn]


def node_failures(mtbf_s: float, repair_s: float) -> Sequence[Cause]:
    """Return the one cause of nodes that are known by their mean times to failure and to repair only [s]."""
    if mtbf_s <= 0:
        raise ValueError(f"mtbf_s={mtbf_s}: expected more than 0")
    cause = Cause(name="failure", rate_per_node_s=1 / mtbf_s, nodes_lost=1, repair_s=repair_s, repair_law="exponential")
    return [cause]
