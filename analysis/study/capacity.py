"""How long jobs wait on a cluster of another size: the function that a capacity question searches over."""

from collections.abc import Sequence
from dataclasses import replace

from analysis.metrics.queueing import summarise
from simulator.engine.cluster_setup import ClusterSetup


def resized(setup: ClusterSetup, nodes: int) -> ClusterSetup:
    """Return a cluster of equal nodes with another number of them; without nodes, of another number of units.

    Raises
    ------
    ValueError
        If its nodes differ, so that more of them could be any, or it is a torus.
    """
    if setup.node_units is None:
        return replace(setup, capacity=nodes)
    if len(set(setup.node_units)) > 1 or setup.torus_shape:
        raise ValueError("only clusters of equal nodes have a size that one number says")
    return replace(setup, capacity=nodes * setup.node_units[0], node_units=[setup.node_units[0]] * nodes)


def p95_wait_s(
    setup: ClusterSetup, policy: str, nodes: int, *, replications: int = 1, warm_up: float = 0
) -> Sequence[float]:
    """Return the wait that one job in twenty exceeds, on so many nodes, in each replication [s].

    Parameters
    ----------
    setup : ClusterSetup
        Jobs, nodes, rules and faults; every size meets the same workload.
    policy : str
        As in `make_policy`.
    nodes : int
        Of the cluster; units where it has no nodes.
    replications : int
        With shifted submissions and faults of their own.
    warm_up : float
        Share of the first jobs whose waits do not count.

    Raises
    ------
    ValueError
        If a job never fits this many nodes.

    Examples
    --------
    >>> from simulator.scheduling.job import Job
    >>> setup = ClusterSetup(jobs=[Job(n, 0, 4, 10, 10) for n in range(4)], capacity=4)
    >>> [round(p95_wait_s(setup, "fcfs", nodes)[0], 6) for nodes in (4, 8, 16)]
    [28.5, 10.0, 0.0]
    """
    sized = resized(setup, nodes)
    return [summarise(sized.run(policy, replica), warm_up=warm_up).p95_wait_s for replica in range(replications)]
