"""What a simulated cluster leaves behind: how each job fared, and what the cluster did."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from simulator.engine.cluster_ledger import IDLE, NO_CAUSE, OUT, Line
from simulator.scheduling.job import Job, JobId


class JobEnd(NamedTuple):
    """How a job fared; times are in the clock of its log [s].

    Parameters
    ----------
    job : Job
        As it was submitted.
    start_s, end_s : float
        First start, and end [s].
    held_s : float
        Time on the cluster over all its stays, with lost work and recovery [s].
    promised_s : float or None
        First promise of a start that a policy gave [s].
    stops : int
        Stays that a failure or a notice ended.
    lost_s : float
        Time on the cluster that was no useful work: thrown away, saves, notice, and recovery [s].
    killed : bool
        Whether it ran into its limit.
    """

    job: Job
    start_s: float
    end_s: float
    held_s: float
    promised_s: float | None = None
    stops: int = 0
    lost_s: float = 0
    killed: bool = False

    @property
    def wait_s(self) -> float:
        """From submission to the first start [s]."""
        return self.start_s - self.job.submit_s


class StayRecord(NamedTuple):
    """One stay of a job on the cluster."""

    job_id: JobId
    start_s: float
    end_s: float
    size: int
    nodes: tuple[int, ...]


class Level(NamedTuple):
    """What a cluster was like from a pass of the policy on.

    Parameters
    ----------
    time_s : float
        Of the pass [s].
    waiting : int
        Jobs that have been submitted and are not on the cluster.
    free, stranded, down : int
        Units that nobody holds, those of them on partly used nodes, and those out of service.
    """

    time_s: float
    waiting: int
    free: int
    stranded: int
    down: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterLog:
    """The outcome of one run.

    Parameters
    ----------
    ends : sequence of JobEnd
        One for each job, in order of submission.
    capacity : int
        Units in all.
    passes : int
        Passes of the policy.
    overruns : int
        Jobs whose real run time is longer than their estimate.
    stays : sequence of StayRecord
        Every stay in order of its end, where asked for.
    waits_s : mapping
        Seconds that each job waited, by reason, where asked for.
    stops_by_cause : mapping
        Stays that were ended before their time, by failure cause or ``preemption``.
    ledger_unit_s : mapping
        Unit-seconds by phase and cause, where asked for; they sum to the capacity times the makespan.
    stranded_unit_s : float
        Unit-seconds free on nodes that are partly taken, where asked for.
    levels : sequence of Level
        One for each pass, where asked for.
    units_per_accelerator : int
        1000 where jobs count in thousandths of an accelerator.
    """

    ends: Sequence[JobEnd]
    capacity: int
    passes: int = 0
    overruns: int = 0
    stays: Sequence[StayRecord] = ()
    waits_s: Mapping[JobId, Mapping[str, float]] = field(default_factory=dict)
    stops_by_cause: Mapping[str, int] = field(default_factory=dict)
    ledger_unit_s: Mapping[Line, float] = field(default_factory=dict)
    stranded_unit_s: float = 0
    levels: Sequence[Level] = ()
    units_per_accelerator: int = 1

    @property
    def idle_unit_s(self) -> float:
        """Unit-seconds in service that nobody held; 0 where it was not asked for."""
        return self.ledger_unit_s.get((IDLE, NO_CAUSE), 0)

    def out_unit_s(self, cause: str | None = None) -> float:
        """Return unit-seconds out of service that nobody held, for one cause or all."""
        return math.fsum(
            unit_s for (phase, why), unit_s in self.ledger_unit_s.items() if phase == OUT and cause in (None, why)
        )
