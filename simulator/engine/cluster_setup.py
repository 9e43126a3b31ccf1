"""A cluster with its jobs and its troubles as one value, which any policy can be run on.

Replica 0 is the log as it is; the others have shaken submissions and faults of their own. The faults of a replica do
not depend on the policy, so that policies are compared on one workload and one fault timeline.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from simulator.engine.cluster import simulate_cluster
from simulator.engine.cluster_log import ClusterLog
from simulator.engine.cluster_meters import Meters
from simulator.engine.cluster_progress import by_shape, never_fits
from simulator.engine.cluster_rules import Outage, Rules
from simulator.scheduling.job import Job, JobId
from simulator.scheduling.policies import make_policy
from simulator.scheduling.reservations import Gate, Reservation
from simulator.scheduling.state import ClusterState, PlacedState

if TYPE_CHECKING:
    from simulator.engine.cluster_pace import Pace
    from simulator.reliability.causes import Cause
    from simulator.scheduling.layout import Layout
    from simulator.workload.placed import Tiers, TrainingWork


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSetup:
    """What is simulated, in base units.

    Parameters
    ----------
    jobs : sequence of Job
        In order of submission.
    capacity : int
        Units in all.
    node_units : sequence of int or None
        Units of each node; None for interchangeable units without nodes.
    rack_nodes : int or None
        Nodes of a rack, the last one possibly smaller; None puts all into one.
    pod_racks : int or None
        Racks of a pod; None puts all into one.
    node_kinds : sequence of str or None
        Kind of accelerator of each node, where jobs ask for kinds.
    torus_shape, cube_shape : tuple of int
        Sides of a torus whose chips are the nodes, and of the cubes that switches join.
    placement : str
        A rule with its options, as in `make_placement`.
    rules : Rules
        Overruns, notice, saves and requeueing.
    causes : sequence of Cause
        What strikes the nodes.
    calendar : sequence of Outage
        What is planned for the nodes, in order.
    spares : int
        How many of the nodes, the last ones, serve only in the place of failed ones.
    reservations : sequence of Reservation
        Units that belong to the jobs of a queue for a time.
    seed : int
        Of shifts and failures.
    shake_s : float
        Largest shift of a submission in the replicas [s].
    explain : bool
        Whether idle time and reasons for waiting are measured.
    works : mapping of job id to TrainingWork
        What jobs train whose speed is as their placement allows; all others go at 1 wherever they are.
    tiers : Tiers or None
        What lies between nodes, racks and pods; None is a network without bottlenecks.
    chart : bool
        Whether the log also has every stay and the levels over time, for pictures.
    units_per_accelerator : int
        1000 where jobs count in thousandths of an accelerator.
    """

    jobs: Sequence[Job]
    capacity: int
    node_units: Sequence[int] | None = None
    rack_nodes: int | None = None
    pod_racks: int | None = None
    node_kinds: Sequence[str] | None = None
    torus_shape: tuple[int, ...] = ()
    cube_shape: tuple[int, ...] = ()
    placement: str = "consolidated"
    rules: Rules = field(default_factory=Rules)
    causes: "Sequence[Cause]" = ()
    calendar: Sequence[Outage] = ()
    spares: int = 0
    reservations: Sequence[Reservation] = ()
    seed: int = 0
    shake_s: float = 0
    explain: bool = False
    chart: bool = False
    works: "Mapping[JobId, TrainingWork]" = field(default_factory=dict)
    tiers: "Tiers | None" = None
    units_per_accelerator: int = 1

    def state(self) -> ClusterState:
        """Return the empty cluster."""
        placed = self.node_units is not None
        state = PlacedState(self.layout().pool(self.placement), self._pace()) if placed else ClusterState(self.capacity)
        state.gate = Gate(self.reservations) if self.reservations else None
        return state

    def _pace(self) -> "Pace | None":
        if not self.works:
            return None
        from simulator.engine.cluster_pace import Pace
        from simulator.scheduling.span import Ruler
        from simulator.workload.placed import Tiers

        return Pace(Ruler(self.layout()), self.tiers or Tiers(), self.works)

    def layout(self) -> "Layout":
        """Return how the nodes are grouped; a cluster without nodes has none."""
        from simulator.scheduling.layout import Layout  # with the placement rules, which a cluster without nodes spares

        return Layout(
            units=self.node_units or [],
            rack_nodes=self.rack_nodes,
            pod_racks=self.pod_racks,
            kinds=self.node_kinds,
            device=self.units_per_accelerator,
            torus=self.torus_shape,
            cube=self.cube_shape,
        )

    def fitting(self) -> "ClusterSetup":
        """Return the setup without the jobs that never fit."""
        state = self.state()
        too_large = {shape for shape, job in by_shape(self.jobs).items() if never_fits(job, state)}
        if not too_large:
            return self
        return replace(self, jobs=[job for job in self.jobs if (job.size, job.kinds) not in too_large])

    def run(self, policy: str, replica: int = 0, *, progress: Callable[[int], None] | None = None) -> ClusterLog:
        """Run a policy, named with its options as in `make_policy`; `progress` hears a 1 as each job ends.

        Examples
        --------
        >>> setup = ClusterSetup(jobs=[Job(1, 0, 4, 10, 10), Job(2, 1, 2, 5, 5)], capacity=4)
        >>> [end.start_s for end in setup.run("easy").ends]
        [0, 10]
        """
        jobs = self.jobs_of(replica)
        log = simulate_cluster(
            jobs,
            make_policy(policy),
            self.state(),
            rules=self.rules,
            outages=self._outages(replica, jobs[0].submit_s) if jobs else (),
            spares=range(len(self.node_units or ()) - self.spares, len(self.node_units or ())),
            meters=Meters(keep_levels=self.chart) if self.explain or self.chart else None,
            keep_stays=self.chart,
            progress=progress,
        )
        return replace(log, units_per_accelerator=self.units_per_accelerator)

    def jobs_of(self, replica: int) -> Sequence[Job]:
        """Return the jobs of a replica: its submissions are shifted, but those of the first."""
        if not replica:
            return self.jobs
        from simulator.foundation.streams import generator
        from simulator.scheduling.shaking import shaken

        return shaken(self.jobs, generator(self.seed, "shake", replica), self.shake_s)

    def _outages(self, replica: int, from_s: float) -> Iterable[Outage]:
        if not self.causes or self.node_units is None:
            return self.calendar
        from heapq import merge

        from simulator.engine.cluster_faults import drawn_outages
        from simulator.foundation.streams import generator

        rng = generator(self.seed, "outages", replica)
        faults = drawn_outages(len(self.node_units), self.causes, from_s=from_s, rng=rng)
        return merge(self.calendar, faults)
