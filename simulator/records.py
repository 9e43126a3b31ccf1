"""What the engines emit, and where it goes.

A record is one stretch of time of one subject in one phase. The phases are those of Google's goodput measurement library,
with a few more that the library has no word for (`Phase`).
"""

from typing import Literal, NamedTuple, Protocol, TypeAlias, get_args

Phase: TypeAlias = Literal[
    "productive",
    "accelerator_initialization",
    "program_startup",
    "checkpoint_save",
    "checkpoint_restore",
    "wasted_progress",
    "detection_latency",
    "spare_wait",
    "infrastructure_recovery",
    "idle_spare",
    "other",
]
PHASES: tuple[str, ...] = get_args(Phase)
NO_CAUSE = "none"


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


class LedgerSink:
    """Sums accelerator-seconds by stage, phase and cause."""

    def __init__(self) -> None:
        self.accelerator_s: dict[tuple[str, str, str], float] = {}

    def take(self, record: Record) -> None:
        """Add the record to its line."""
        key = (record.subject, record.phase, record.cause)
        self.accelerator_s[key] = self.accelerator_s.get(key, 0.0) + record.duration_s * record.accelerators
