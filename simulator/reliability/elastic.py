"""Jobs that go on with fewer machines: which shapes are legal, how fast they are, what replica-granular recovery gives.

A job is G data-parallel replicas of g accelerators: tensor and pipeline groups stay whole, so that a machine takes with
it every replica that it carries a part of.
"""

import math
from typing import Literal, NamedTuple

BatchPolicy = Literal["keep", "shrink"]


class Shape(NamedTuple):
    """A legal size of a job."""

    replicas: int
    accelerators: int
    speed: float  # tokens a second over those of the whole job
    batch: float  # tokens a step over those of the whole job


def shape(whole: int, working: int, *, group: int, batch: BatchPolicy, micro_batches: int = 1) -> Shape:
    """Return the largest legal shape of a job with some of its replicas.

    Parameters
    ----------
    whole, working : int
        Replicas of the whole job, and those that can work now.
    group : int
        Accelerators of one replica: tensor x pipeline x context.
    batch : str
        ``keep``: the step keeps its tokens, and the replicas that are left work off those of the others (accumulation),
        in whole micro-batches. ``shrink``: the step has fewer tokens and takes as long as ever.
    micro_batches : int
        Micro-batches of a replica in a step of the whole job.

    Examples
    --------
    >>> shape(12, 11, group=8, batch="shrink").speed == 11 / 12
    True
    >>> shape(12, 11, group=8, batch="keep", micro_batches=11)  # 132 micro-batches on 11 replicas: 12 each, evenly
    Shape(replicas=11, accelerators=88, speed=0.9166666666666666, batch=1.0)
    >>> shape(12, 11, group=8, batch="keep", micro_batches=1).speed  # one replica has to do two: the step takes twice
    0.5
    """
    if not 0 <= working <= whole:
        raise ValueError(f"{working} replicas of {whole}: expected 0 <= working <= whole")
    if working == 0:
        return Shape(0, 0, 0.0, 0.0)
    if batch == "shrink":
        return Shape(working, working * group, working / whole, working / whole)
    return Shape(working, working * group, micro_batches / math.ceil(whole * micro_batches / working), 1.0)


def replicas_left(replicas: int, group: int, node_accelerators: int, nodes_lost: int) -> int:
    """Return how many replicas are whole after so many machines are gone, packed so that the fewest are hit.

    Examples
    --------
    >>> replicas_left(12, 8, 8, 1), replicas_left(12, 16, 8, 1), replicas_left(12, 4, 8, 1)
    (11, 11, 10)
    """
    if group <= node_accelerators:
        return max(replicas - nodes_lost * (node_accelerators // group), 0)
    return max(replicas - math.ceil(nodes_lost / (group // node_accelerators)), 0)


def replica_granular_goodput(period_s: float, *, stall_s: float, degraded_s: float, replicas: int) -> float:
    """Return the goodput when a stop stalls all and then only its own replica: (P - s - d/G) / P; theory, section 6.

    Examples
    --------
    >>> round(replica_granular_goodput(18.0, stall_s=3.0, degraded_s=7.0, replicas=12), 4)  # published: 80 %
    0.8009
    >>> round(replica_granular_goodput(18.0, stall_s=3.0, degraded_s=7.0, replicas=1), 3)  # in step: 44 %
    0.444
    """
    return (period_s - stall_s - degraded_s / replicas) / period_s
