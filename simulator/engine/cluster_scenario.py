"""From a shared cluster of a scenario to what the engine runs."""

from collections.abc import Iterator, Sequence
from typing import cast

from simulator.engine.cluster_calendar import bought, sold, spot, window
from simulator.engine.cluster_rules import Outage, Overrun, Requeue, Rules
from simulator.engine.cluster_setup import ClusterSetup
from simulator.scenario.cluster_case import PlannedNodes, SharedCluster


def setup_of(shared: SharedCluster, *, explain: bool = False) -> ClusterSetup:
    """Return a cluster that any policy can be run on, the jobs that never fit included.

    Parameters
    ----------
    explain : bool
        Whether reasons for waiting and the ledger are measured.
    """
    rules = Rules(
        overrun=cast("Overrun", shared.overrun),
        requeue=cast("Requeue", shared.requeue),
        grace_s=shared.grace_s,
        keep_on_notice=shared.keep_on_notice,
        cycle=shared.cycle,
        recovery_s=shared.recovery_s,
        limit_s=shared.limit_s,
    )
    return ClusterSetup(
        jobs=shared.jobs,
        capacity=shared.capacity,
        node_units=shared.node_units,
        rack_nodes=shared.rack_nodes,
        pod_racks=shared.pod_racks,
        placement=shared.placement,
        rules=rules,
        causes=shared.causes,
        calendar=calendar_of(shared.planned, shared.jobs[0].submit_s if shared.jobs else 0),
        spares=shared.spares,
        reservations=shared.reservations,
        seed=shared.seed,
        shake_s=shared.shake_s,
        explain=explain,
        units_per_accelerator=shared.units_per_accelerator,
    )


def calendar_of(planned: Sequence[PlannedNodes], from_s: float) -> Sequence[Outage]:
    """Return all that is planned as outages in order; the simulation begins at `from_s` [s].

    Examples
    --------
    >>> [outage.start_s for outage in calendar_of([PlannedNodes(kind="sell", nodes=[1, 0], at_s=9)], 0)]
    [9, 9]
    """
    return sorted(outage for each in planned for outage in _outages(each, from_s))


def _outages(each: PlannedNodes, from_s: float) -> Iterator[Outage]:
    if each.kind == "maintenance":
        yield from window(each.nodes, each.at_s, each.duration_s, drain_s=each.drain_s)
    elif each.kind == "buy":
        yield from bought(each.nodes, each.at_s, from_s=from_s)
    elif each.kind == "sell":
        yield from sold(each.nodes, each.at_s, drain_s=each.drain_s)
    else:
        yield from spot(each.nodes, each.steps)
