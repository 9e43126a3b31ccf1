"""Outages of nodes, drawn once and independent of any policy, so that policies live through the same faults."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.engine.cluster_rules import Outage

if TYPE_CHECKING:
    from numpy.random import Generator

BATCH = 256


def drawn_outages(
    nodes: int, *, mtbf_s: float, repair_s: float, from_s: float, rng: "Generator", cause: str = "failure"
) -> Iterator[Outage]:
    """Yield failures of equal, memoryless nodes without end.

    A node in repair does not fail, so that the share of nodes in service settles at ``mtbf / (mtbf + repair)``.

    Parameters
    ----------
    nodes : int
        How many there are.
    mtbf_s, repair_s : float
        Means of the exponential times to failure and to repair of one node [s].
    from_s : float
        When it begins, all nodes in service [s].
    rng : Generator
        Stream of these failures.

    Examples
    --------
    >>> from itertools import islice
    >>> from simulator.foundation.streams import generator
    >>> rng = generator(0, "outages")
    >>> [outage.node for outage in islice(drawn_outages(3, mtbf_s=10, repair_s=1, from_s=0, rng=rng), 4)]
    [2, 0, 1, 0]
    """
    if nodes < 1 or mtbf_s <= 0 or repair_s < 0:
        raise ValueError(f"nodes={nodes}, mtbf_s={mtbf_s}, repair_s={repair_s}: expected nodes and a positive mtbf_s")
    back_s = [from_s] * nodes
    now_s = from_s
    while True:
        gaps_s = rng.exponential(mtbf_s / nodes, BATCH).tolist()
        repairs_s = rng.exponential(repair_s, BATCH).tolist()
        for gap_s, down_s, node in zip(gaps_s, repairs_s, rng.integers(nodes, size=BATCH).tolist(), strict=True):
            now_s += gap_s
            if now_s >= back_s[node]:
                back_s[node] = now_s + down_s
                yield Outage(now_s, down_s, node, cause=cause)
