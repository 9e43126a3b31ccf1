"""The busy cluster on which a run waits."""

from simulator.scenario.quantities import Count, Factor, Share, Text, Time
from simulator.scenario.schema.section import Section


class Shared(Section):
    """A cluster that others use as well: the run is submitted there, and waits for its machines."""

    accelerators: Count | None = None
    load: Share | None = None
    policy: Text | None = None
    placement: Text | None = None
    busy: Time | None = None
    replications: Count | None = None
    nodes_per_rack: Count | None = None
    racks_per_pod: Count | None = None
    across_racks: Factor | None = None
    across_pods: Factor | None = None
