"""What the engines emit, and where it goes.

A record is one stretch of time of one subject in one phase. The phases are those of Google's goodput measurement
library, with a few more that the library has no word for (`Phase`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Literal, NamedTuple, Protocol, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

Phase: TypeAlias = Literal[
    "productive",
    "accelerator_initialization",
    "program_startup",
    "checkpoint_save",
    "checkpoint_restore",
    "wasted_progress",
    "sdc_rollback",
    "sdc_check",
    "straggler_slowdown",
    "planned_maintenance",
    "detection_latency",
    "spare_wait",
    "infrastructure_recovery",
    "elastic_slice_down",
    "elastic_scale_up",
    "elastic_degraded",
    "idle_spare",
    "other",
]
PHASES: tuple[str, ...] = get_args(Phase)
NO_CAUSE = "none"
NOT_STATED = "not_stated"  # time that a published figure contains and nobody explains


class Record(NamedTuple):
    """One stretch of the run, as the simulation lived it."""

    start_s: float
    duration_s: float
    subject: str  # stage of the run
    phase: str
    cause: str
    accelerators: int


class Sink(Protocol):
    """Takes records as they come."""

    def take(self, record: Record) -> None:
        """Keep, sum or write one record."""
        ...


class ListSink:
    """Keeps every record, for timelines and tests."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def take(self, record: Record) -> None:
        """Keep the record."""
        self.records.append(record)


Line: TypeAlias = tuple[str, str, str]  # stage, phase, cause


HELD = 4096
"""Records that a sink holds, unless it is told otherwise, before it sums and forgets them."""


class LedgerSink:
    """Sums accelerator-seconds by stage, phase and cause.

    Parameters
    ----------
    held : int
        Records that are held as they are, before they are summed and forgotten.
    """

    def __init__(self, held: int = HELD) -> None:
        self._lines: dict[Line, float] = {}
        self._held = held
        self._summed = 0  # of the records
        self.records: list[Record] = []
        self.forgets = False

    def take(self, record: Record) -> None:
        """Hold the record."""
        records = self.records
        if len(records) >= self._held:
            self._sum()
            records.clear()
            self._summed, self.forgets = 0, True
        records.append(record)

    @property
    def accelerator_s(self) -> Mapping[Line, float]:
        """The sums over all records [s]."""
        self._sum()
        return self._lines

    def _sum(self) -> None:
        lines = self._lines
        for _, duration_s, subject, phase, cause, accelerators in islice(self.records, self._summed, None):
            line = subject, phase, cause
            try:
                lines[line] += duration_s * accelerators
            except KeyError:
                lines[line] = duration_s * accelerators
        self._summed = len(self.records)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensemble:
    """What many replicas of one scenario came to; both engines hand over this.

    Parameters
    ----------
    stage_s : array of shape (stages, replicas)
        How long each stage took [s].
    wall_s : array of shape (replicas,)
        From the first start to the end: the sum of the stages [s].
    accelerator_s : array of shape (replicas,)
        Accelerator-seconds of the job's own machines.
    idle_accelerator_s : array of shape (replicas,)
        Accelerator-seconds of the spares beside it, billed too.
    productive_accelerator_s : array of shape (replicas,)
        Part of `accelerator_s` in which the model learned something that was kept.
    interruptions : array of shape (replicas,)
        Stops of the job.
    accelerator_s_by_line : mapping of (stage, phase, cause) to float
        Mean accelerator-seconds a replica; the lines sum to the mean of `accelerator_s` + `idle_accelerator_s`.
    stops_by_cause : mapping of str to float
        Mean stops a replica.
    engine, reason : str
        ``estimate`` or ``simulate``, and why.
    start_delay_s : array of shape (replicas,) or None
        From the submission to the first start [s]; None where the run has machines of its own.
    hazard : array of shape (replicas,) or None
        How much hazard passed from the first start to the end, by the timeline's count; None from ``simulate``.
    """

    stage_s: FloatArray
    wall_s: FloatArray
    accelerator_s: FloatArray
    idle_accelerator_s: FloatArray
    productive_accelerator_s: FloatArray
    interruptions: FloatArray
    accelerator_s_by_line: Mapping[Line, float]
    stops_by_cause: Mapping[str, float]
    engine: str
    reason: str = ""
    start_delay_s: FloatArray | None = None
    hazard: FloatArray | None = None
