"""A job's log of events to a ledger of accelerator-time, and simulated records to such a log.

A phase lasts until the next event. Productive time is safe when a save after it is complete (the end of a
``checkpoint_save``, or ``saved``) or when the job ends; a ``stop`` turns what is not safe into ``wasted_progress`` of
its cause. From a stop until work goes on, the cause of every phase is that of the stop, unless a row says otherwise;
time in which nothing is said is ``infrastructure_recovery``.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from simulator.records import NO_CAUSE, Line, Record
from simulator.reliability.recovery import PARTS
from simulator.traces.events import PRODUCTIVE, JobEvent
from simulator.traces.joblog import TraceError

IDLE = "idle_spare"
WAITING = "queue_wait"
_SILENT = "infrastructure_recovery"
_BEFORE_WORK = "program_startup"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLedger:
    """Where the time of one log went.

    Parameters
    ----------
    accelerator_s : mapping of (stage, phase, cause) to float
        Accelerator-seconds; idle spares are beside the job.
    wall_s, productive_s, waiting_s : float
        Of all jobs together: from start to end, in kept training, and in the queue [s].
    stops : mapping of str to int
        By cause.
    down_s : float
        From stops until work went on [s].
    open_jobs : sequence of str
        Jobs whose end is not in the log; they count up to their last event.
    """

    accelerator_s: Mapping[Line, float]
    wall_s: float
    productive_s: float
    waiting_s: float
    stops: Mapping[str, int]
    down_s: float
    open_jobs: Sequence[str]

    @property
    def held_accelerator_s(self) -> float:
        """Accelerator-seconds of the jobs' own machines: all but idle spares and the queue."""
        return math.fsum(value for (_, phase, _), value in self.accelerator_s.items() if phase not in (IDLE, WAITING))

    @property
    def goodput(self) -> float:
        """Kept training over everything that the jobs' machines were held for, in accelerator-time."""
        kept = math.fsum(value for (_, phase, _), value in self.accelerator_s.items() if phase == PRODUCTIVE)
        return kept / held if (held := self.held_accelerator_s) > 0 else 0.0

    @property
    def ettr(self) -> float:
        """Effective training time ratio: kept training over wall-clock, the queue included."""
        return self.productive_s / self.wall_s if self.wall_s > 0 else 0.0

    @property
    def ettr_running(self) -> float:
        """The same without the queue."""
        running_s = self.wall_s - self.waiting_s
        return self.productive_s / running_s if running_s > 0 else 0.0

    @property
    def interruptions(self) -> int:
        """Stops in all."""
        return sum(self.stops.values())

    @property
    def mtti_s(self) -> float | None:
        """Mean time to interrupt: time out of the queue over stops; None without a stop [s]."""
        return (self.wall_s - self.waiting_s) / self.interruptions if self.interruptions else None

    @property
    def mttr_s(self) -> float | None:
        """Mean time from a stop until work goes on; None without a stop [s]."""
        return self.down_s / self.interruptions if self.interruptions else None


@dataclass(slots=True)
class _Job:
    """Reads the events of one job in order."""

    name: str
    lines: dict[Line, list[float]]
    began_s: float
    at_s: float
    phase: str = _BEFORE_WORK
    cause: str = NO_CAUSE
    stopped_by: str | None = None
    stage: str = "job"
    accelerators: int = 1
    spares: int = 0
    ended: bool = False
    unsafe: list[tuple[str, float, int]] = field(default_factory=list)  # stage, time, accelerators
    productive: list[float] = field(default_factory=list)
    waiting: list[float] = field(default_factory=list)
    down: list[float] = field(default_factory=list)
    stops: dict[str, int] = field(default_factory=dict)

    def take(self, event: JobEvent) -> None:
        """Close the phase that lasted until here, and enter what the event says."""
        if self.ended:
            raise TraceError(f"line {event.line}: {event.event} after the end of the job{self._named()}")
        self._close(event.time_s)
        if event.event == "spares":
            self.spares = event.accelerators or 0
            return
        self.accelerators = self.accelerators if event.accelerators is None else event.accelerators
        self.stage = event.stage or self.stage
        if event.event == "stop":
            self._stop(event.cause or "not_stated")
        elif event.event == "saved":
            self._keep()
        elif event.event == "end":
            self.finish()
            self.ended = True
        elif event.event != "start":
            self._enter(event)
        elif self.phase == WAITING:
            self.phase = _BEFORE_WORK

    def finish(self) -> None:
        """Take everything that no stop took back as kept."""
        self._keep()

    def _named(self) -> str:
        return f" {self.name!r}" if self.name else ""

    def _close(self, now_s: float) -> None:
        length_s, self.at_s = now_s - self.at_s, now_s
        if self.spares:
            self._add(IDLE, NO_CAUSE, length_s, self.spares)
        if self.phase == PRODUCTIVE:
            self.unsafe.append((self.stage, length_s, self.accelerators))
        else:
            self._add(self.phase, self.cause, length_s, self.accelerators)
        if self.phase == WAITING:
            self.waiting.append(length_s)
        if self.stopped_by is not None:
            self.down.append(length_s)

    def _enter(self, event: JobEvent) -> None:
        if self.phase == "checkpoint_save":
            self._keep()
        self.phase = event.event
        if self.phase == PRODUCTIVE:
            self.stopped_by = None
        self.cause = event.cause or (NO_CAUSE if self.stopped_by is None else self.stopped_by)

    def _stop(self, cause: str) -> None:
        for stage, length_s, accelerators in self.unsafe:
            self.lines[stage, "wasted_progress", cause].append(length_s * accelerators)
        self.unsafe.clear()
        self.stops[cause] = self.stops.get(cause, 0) + 1
        self.phase, self.cause, self.stopped_by = _SILENT, cause, cause

    def _keep(self) -> None:
        for stage, length_s, accelerators in self.unsafe:
            self.lines[stage, PRODUCTIVE, NO_CAUSE].append(length_s * accelerators)
            self.productive.append(length_s)
        self.unsafe.clear()

    def _add(self, phase: str, cause: str, length_s: float, accelerators: int) -> None:
        self.lines[self.stage, phase, cause].append(length_s * accelerators)


def job_ledger(events: Iterable[JobEvent]) -> JobLedger:
    """Sum up a log of events in order of time.

    Raises
    ------
    TraceError
        If a job goes on after its end.

    Examples
    --------
    >>> rows = [(0, "start"), (10, "productive"), (70, "checkpoint_save"), (75, "productive"), (95, "stop"),
    ...         (115, "productive"), (175, "end")]
    >>> found = job_ledger(JobEvent(time_s, event) for time_s, event in rows)
    >>> found.goodput == 120 / 175, found.accelerator_s["job", "wasted_progress", "not_stated"]
    (True, 20.0)
    """
    lines: dict[Line, list[float]] = defaultdict(list)
    jobs: dict[str, _Job] = {}
    for event in events:
        if event.job not in jobs:
            jobs[event.job] = _Job(name=event.job, lines=lines, began_s=event.time_s, at_s=event.time_s)
        jobs[event.job].take(event)
    stops: dict[str, int] = {}
    for job in jobs.values():
        job.finish()
        for cause, number in job.stops.items():
            stops[cause] = stops.get(cause, 0) + number
    return JobLedger(
        accelerator_s={line: total for line, parts in lines.items() if (total := math.fsum(parts)) > 0},
        wall_s=math.fsum(job.at_s - job.began_s for job in jobs.values()),
        productive_s=math.fsum(part for job in jobs.values() for part in job.productive),
        waiting_s=math.fsum(part for job in jobs.values() for part in job.waiting),
        stops=stops,
        down_s=math.fsum(part for job in jobs.values() for part in job.down),
        open_jobs=[name for name, job in jobs.items() if not job.ended],
    )


def events_of(records: Sequence[Record], *, job: str = "") -> Sequence[JobEvent]:
    """Write simulated records as a log of events; `job_ledger` gives the same ledger back.

    Parameters
    ----------
    records : sequence of Record
        Of one run.
    job : str
        Name of the job, where a log has several.
    """
    own = sorted((record for record in records if record.phase != IDLE), key=lambda record: record.start_s)
    beside = sorted((record for record in records if record.phase == IDLE), key=lambda record: record.start_s)
    if not own:
        return ()
    events = [JobEvent(own[0].start_s, "start", None, own[0].accelerators, own[0].subject, job)]
    way = _Way()
    for record, after in zip(own, [*own[1:], None], strict=True):
        end_s = record.start_s + record.duration_s if after is None else after.start_s
        events.extend(JobEvent(*event, record.accelerators, record.subject, job) for event in way.tell(record, end_s))
    events.append(JobEvent(end_s, "end", job=job))
    return sorted([*events, *_spares(beside, job)], key=lambda event: event.time_s)


class _Way:
    """Tells the events of records in order, and remembers how far the way back from a stop has come."""

    def __init__(self) -> None:
        self.cause, self.part = "", -1

    def tell(self, record: Record, end_s: float) -> Iterator[tuple[float, str, str | None]]:
        """Yield time, event and cause."""
        at_s, phase, cause = record.start_s, record.phase, record.cause
        if phase == "wasted_progress":
            yield at_s, PRODUCTIVE, None
            yield end_s, "stop", cause
            self.cause, self.part = cause, -1
        elif phase in PARTS:
            part = PARTS.index(phase)
            if cause != NO_CAUSE and (cause != self.cause or part <= self.part):
                yield at_s, "stop", cause
                self.cause = cause
            yield at_s, phase, None
            self.part = part
        else:
            yield at_s, phase, None if phase in (PRODUCTIVE, "checkpoint_save") else cause
            if phase == PRODUCTIVE:
                yield end_s, "saved", None
                self.cause, self.part = "", -1


def _spares(beside: Sequence[Record], job: str) -> Sequence[JobEvent]:
    return [JobEvent(record.start_s, "spares", None, record.accelerators, None, job) for record in beside]
