"""A shared cluster as a value: what `sharing` makes of a scenario, and the engine runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from simulator.reliability.attempt import Cycle
from simulator.reliability.causes import Cause
from simulator.scenario.values import Assumption
from simulator.scheduling.job import Job
from simulator.scheduling.reservations import Reservation
from simulator.traces.joblog import DropReport


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedNodes:
    """What is planned for some nodes; times in the clock of the jobs [s].

    Parameters
    ----------
    kind : str
        ``maintenance``, ``buy``, ``sell`` or ``spot``.
    nodes : sequence of int
        Which.
    at_s, duration_s, drain_s : float
        When, for how long, and from how long before no job starts there [s].
    steps : sequence of (float, int)
        Of spot nodes: from when on there are how many.
    """

    kind: str
    nodes: Sequence[int]
    at_s: float = 0
    duration_s: float = 0
    drain_s: float = 0
    steps: Sequence[tuple[float, int]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedCluster:
    """A cluster, its jobs and its rules, in base units; the fields are those of `ClusterSetup` and `Rules`.

    Parameters
    ----------
    jobs : sequence of Job
        With the instances of services, in order of submission.
    report : DropReport
        Of the log, where there is one.
    policies : sequence of str
        One, or several to compare, with the options that the teams give them.
    labels : sequence of str
        The same as they were written.
    usd_per_accelerator_h : float or None
        None where no price is stated.
    """

    name: str
    title: str
    jobs: Sequence[Job]
    report: DropReport
    policies: Sequence[str]
    labels: Sequence[str]
    capacity: int
    node_units: Sequence[int]
    rack_nodes: int | None
    pod_racks: int | None
    placement: str
    overrun: str
    requeue: str
    grace_s: float
    keep_on_notice: bool
    limit_s: float | None
    cycle: Cycle | None
    recovery_s: float
    causes: Sequence[Cause]
    spares: int
    planned: Sequence[PlannedNodes]
    reservations: Sequence[Reservation]
    units_per_accelerator: int
    seed: int
    replications: int
    shake_s: float
    warm_up: float
    usd_per_accelerator_h: float | None
    warnings: Sequence[str] = field(default=(), compare=False)
    facts: Sequence[Assumption] = field(default=(), compare=False)
