"""How often spares run out: the birth-death process of nodes in repair.

State j is the number of nodes in repair. Nodes fail at `rate_per_node_s`: those that the job needs, or all that are up
where spares run hot; while fewer are up than the job needs, it stands and nothing fails. Each of the crews mends a node
in `repair_s` on the mean; the stationary law depends on the mean only while there are crews enough, and else holds for
exponential repairs.
"""

import math

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def in_repair(
    needed: int, spares: int, *, rate_per_node_s: float, repair_s: float, crews: int | None = None, hot: bool = False
) -> FloatArray:
    """Return the probabilities of having 0, 1, ..., spares + 1 nodes in repair.

    Parameters
    ----------
    needed, spares : int
        Nodes of the job, and beside it.
    rate_per_node_s : float
        Failures of one node [1/s].
    repair_s : float
        Mean of a repair once a crew works on it [s].
    crews : int or None
        How many nodes are worked on at once; None is enough of them.
    hot : bool
        Whether spares fail like the job's own nodes.

    Returns
    -------
    array of shape (spares + 2,)
        In the last state the job is short of a node.
    """
    weights = [0.0]
    for broken in range(1, spares + 2):
        exposed = needed + spares - (broken - 1) if hot else needed
        births = exposed * rate_per_node_s * repair_s
        deaths = broken if crews is None else min(broken, crews)
        weights.append(weights[-1] + (math.log(births / deaths) if births > 0 else -math.inf))
    found = np.exp(np.array(weights) - max(weights))
    return np.asarray(found / found.sum())


def short(
    needed: int, spares: int, *, rate_per_node_s: float, repair_s: float, crews: int | None = None, hot: bool = False
) -> float:
    """Return the share of the time in which the job stands for want of a node, restarts apart.

    Examples
    --------
    >>> day = 86400.0
    >>> print(f"{short(128, 2, rate_per_node_s=6.5e-3 / day, repair_s=day):.5f}")  # theory: reliability, section 4
    0.04221
    """
    states = in_repair(needed, spares, rate_per_node_s=rate_per_node_s, repair_s=repair_s, crews=crews, hot=hot)
    return float(states[-1])


def enough(
    needed: int, *, most: float, rate_per_node_s: float, repair_s: float, crews: int | None = None, hot: bool = False,
    limit: int = 100_000,
) -> int:  # fmt: skip
    """Return the fewest spares with which the job stands for at most a share of the time.

    Raises
    ------
    ValueError
        If no number of spares up to `limit` suffices, because too few crews mend too slowly.

    Examples
    --------
    >>> day = 86400.0
    >>> enough(128, most=0.001, rate_per_node_s=6.5e-3 / day, repair_s=day)
    5
    """
    for spares in range(limit + 1):
        if short(needed, spares, rate_per_node_s=rate_per_node_s, repair_s=repair_s, crews=crews, hot=hot) <= most:
            return spares
        if crews is not None and spares > 2 * crews and needed * rate_per_node_s * repair_s >= crews:
            break
    raise ValueError(f"no number of spares suffices: nodes fail faster than {crews} crews mend them")
