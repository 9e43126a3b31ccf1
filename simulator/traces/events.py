"""A job's log of events, read and written: what it entered when, what stopped it, how many accelerators it held.

One row an event, as CSV with a heading or as one JSON object a line (``.jsonl``), plain or gzip:

``time``
    Seconds, or a date with a time.
``event``
    ``start``, ``end``, ``stop`` (with its ``cause``), ``saved`` (the work up to here is safe), ``spares`` (idle
    accelerators that are held beside the job from now on), or a phase that the job enters: `PHASES`, the words of
    Google's goodput measurement library and a few more.
``cause``, ``accelerators``, ``stage``, ``job``
    Optional. The last three hold until the next row of the job that has them.
"""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from simulator.foundation.issues import not_among, shorten
from simulator.traces.generic import moment
from simulator.traces.joblog import DropReport, TraceError
from simulator.traces.text import lines, number

PRODUCTIVE = "productive"
PHASES: tuple[str, ...] = (
    PRODUCTIVE,
    "accelerator_initialization",
    "training_prep",
    "program_startup",
    "data_loading_sync",
    "checkpoint_save",
    "checkpoint_restore",
    "wasted_progress",
    "infrastructure_recovery",
    "custom",
    "elastic_slice_down",
    "elastic_scale_up",
    "elastic_reinitialization",
    "detection_latency",
    "spare_wait",
    "queue_wait",
    "planned_maintenance",
    "straggler_slowdown",
    "sdc_rollback",
    "sdc_check",
    "elastic_degraded",
    "other",
)
MARKS = ("start", "end", "stop", "saved", "spares")
FIELDS = ("time", "event", "cause", "accelerators", "stage", "job")
_ALIASES: Mapping[str, str] = {"train": PRODUCTIVE, "training": PRODUCTIVE, "step": PRODUCTIVE, "time_s": "time"}


class JobEvent(NamedTuple):
    """One row: None where it says nothing."""

    time_s: float
    event: str
    cause: str | None = None
    accelerators: int | None = None
    stage: str | None = None
    job: str = ""
    line: int = 0


class EventLog(NamedTuple):
    """Events in order of time, and the account of the rows."""

    events: Sequence[JobEvent]
    report: DropReport
    was_sorted: bool


def read_events(path: Path) -> EventLog:
    """Read a log of events.

    Raises
    ------
    TraceError
        With file and line, if a row cannot be understood: a ledger of part of the rows would be wrong.
    """
    events = list(_events(path))
    if not events:
        raise TraceError(f"{path}: no event in it; expected a heading with time and event, or a JSON object a line")
    times = [event.time_s for event in events]
    ordered = sorted(events, key=lambda event: event.time_s)
    return EventLog(ordered, DropReport(read=len(events)), times == [event.time_s for event in ordered])


def _events(path: Path) -> Iterator[JobEvent]:
    first = next((line for line in lines(path) if line.strip()), "")
    for at, row in _objects(path) if first.lstrip().startswith("{") else _rows(path):
        try:
            yield _event(row, at)
        except ValueError as problem:
            raise TraceError(f"{path}:{at}: {problem}") from None


def _objects(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for at, line in enumerate(lines(path), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as problem:
            raise TraceError(f"{path}:{at}: no JSON: {problem}") from None
        if not isinstance(row, dict):
            raise TraceError(f"{path}:{at}: expected a JSON object with time and event, found {shorten(line.strip())}")
        yield at, row


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    table = csv.DictReader(lines(path), restval="")
    try:
        names = [_ALIASES.get(name.strip().lower(), name.strip().lower()) for name in table.fieldnames or ()]
        table.fieldnames = names
        for name in ("time", "event"):
            if names and name not in names:
                raise TraceError(f"{path}:1: column {name!r} is missing; found {shorten(', '.join(names), 160)}")
        for row in table:
            yield table.line_num, row
    except csv.Error as problem:
        raise TraceError(f"{path}:{table.line_num + 1}: no table: {problem}") from None


def _event(row: Mapping[str, Any], at: int) -> JobEvent:
    words = {_ALIASES.get(str(name), str(name)): value for name, value in row.items() if name is not None}
    time_s = moment(str(words.get("time", "")))
    if time_s is None:
        raise ValueError(f"time: expected seconds or a date, found {shorten(words.get('time', 'nothing'))!r}")
    if time_s < 0:
        raise ValueError(f"time: {time_s:g} is negative")
    word = str(words.get("event") or "").strip().lower()
    event = _ALIASES.get(word, word)
    if event not in PHASES and event not in MARKS:
        raise ValueError(f"event: {not_among(word, (*MARKS, *PHASES), most=40)}")
    return JobEvent(
        time_s=time_s,
        event=event,
        cause=_text(words.get("cause")),
        accelerators=_count(words.get("accelerators")),
        stage=_text(words.get("stage")),
        job=_text(words.get("job")) or "",
        line=at,
    )


def _text(value: object) -> str | None:
    return None if value is None or not str(value).strip() else str(value).strip()


def _count(value: object) -> int | None:
    text = _text(value)
    if text is None:
        return None
    count = number(text)
    if count is None or count < 0 or count != int(count):
        raise ValueError(f"accelerators: expected a whole number, found {shorten(text)!r}")
    return int(count)


def write_events(path: Path, events: Iterable[JobEvent]) -> None:
    """Write a log: JSON lines if the name has ``.jsonl`` in it, else CSV; compressed if it ends in ``.gz``."""
    rows = [{name: value for name, value in zip(FIELDS, event, strict=False) if value not in (None, "")}
            for event in events]  # fmt: skip
    if ".jsonl" in path.suffixes:
        text = "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows)
    else:
        used = [name for name in FIELDS if any(name in row for row in rows)]
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, used, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        text = buffer.getvalue()
    data = text.encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
