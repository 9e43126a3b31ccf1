"""A busy cluster on which the run waits for its machines, as a value."""

from dataclasses import dataclass, field

from simulator.workload.placed import Tiers, TrainingWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """The cluster, who else wants it, and how often its past is drawn.

    Parameters
    ----------
    nodes, gang : int
        Nodes of the cluster, and those that the run needs at once, its spares included.
    policy : str
        Queue policy with its options.
    placement : str
        Placement rule with its options.
    load : float
        Share of the cluster that the others ask for, 0 to 1.
    busy_s : float
        How long the others have been there when the run is submitted [s].
    replications : int
        How many pasts are drawn; replica `i` of the run lives after number ``i % replications``.
    nodes_per_rack, racks_per_pod : int or None
        How nodes are grouped.
    tiers : Tiers
        What lies between the groups.
    work : TrainingWork or None
        What the run trains, where its placement can change its speed.
    """

    nodes: int
    gang: int
    policy: str
    placement: str
    load: float
    busy_s: float
    replications: int
    nodes_per_rack: int | None = None
    racks_per_pod: int | None = None
    tiers: Tiers = field(default_factory=Tiers)
    work: TrainingWork | None = None
