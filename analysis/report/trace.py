"""One run as a Chrome trace: JSON that Perfetto (ui.perfetto.dev) and Chrome's own viewer open.

Lanes: the stages; each phase of the ledger; each cause, from the stop until work goes on; and a counter of the
accelerator-hours lost so far. Times are those of the simulation, in microseconds.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from analysis.plots.names import cause_name, phase_name
from analysis.report.replay import Replay, StopRecord, stops
from simulator import __version__
from simulator.records import PHASES, Record
from simulator.scenario.values import Scenario

_US: Final = 1e6
_RUN, _PHASES, _CAUSES = 1, 2, 3  # the groups of lanes

Event = dict[str, Any]


def chrome_trace(scenario: Scenario, run: Replay) -> dict[str, Any]:
    """Return the trace of one replica.

    Parameters
    ----------
    scenario : Scenario
        What was run.
    run : Replay
        One replica with its records.
    """
    found = stops(run.records)
    return {
        "displayTimeUnit": "ms",
        "otherData": {
            "scenario": scenario.name,
            "title": scenario.title,
            "start": scenario.start.isoformat(),
            "fingerprint": scenario.fingerprint,
            "seed": scenario.seed,
            "replica": run.header.replica,
            "version": __version__,
        },
        "traceEvents": [
            *_stages(scenario, run),
            *_phases(run.records),
            *_causes(scenario, found),
            *_lost(run.records),
        ],
    }


def _stages(scenario: Scenario, run: Replay) -> Iterator[Event]:
    yield from _lanes(_RUN, f"run (replica {run.header.replica})", ["stages"])
    reached_s = 0.0
    for stage, length_s in zip(scenario.stages, run.header.stage_s, strict=True):
        yield _slice(_RUN, 1, stage.name, reached_s, length_s, {"accelerators": stage.accelerators})
        reached_s += length_s


def _phases(records: Sequence[Record]) -> Iterator[Event]:
    used = {record.phase for record in records}
    lanes = [phase for phase in PHASES if phase in used]
    yield from _lanes(_PHASES, "phases", [phase_name(phase) for phase in lanes])
    for record in records:
        details = {"stage": record.subject, "cause": record.cause, "accelerators": record.accelerators}
        lane = lanes.index(record.phase) + 1
        yield _slice(_PHASES, lane, phase_name(record.phase), record.start_s, record.duration_s, details)


def _causes(scenario: Scenario, found: Sequence[StopRecord]) -> Iterator[Event]:
    """Yield a slice for each way back; one that the next stop of the same cause cuts short ends there."""
    lanes = [cause.name for cause in scenario.causes]
    yield from _lanes(_CAUSES, "causes", [cause_name(cause) for cause in lanes])
    for stop in found:
        details = {"lost_h": round(stop.lost_s / 3600, 6)}
        lane = lanes.index(stop.cause) + 1
        yield _slice(_CAUSES, lane, cause_name(stop.cause), stop.at_s, stop.until_s - stop.at_s, details)


def _lost(records: Sequence[Record]) -> Iterator[Event]:
    """Yield the counter of accelerator-hours that are not productive, spares apart."""
    reached_s = 0.0
    yield _counter(0.0, 0.0)
    for record in records:
        if record.phase not in ("productive", "idle_spare"):
            reached_s += record.duration_s * record.accelerators
            yield _counter(record.start_s + record.duration_s, reached_s / 3600)


def _lanes(group: int, name: str, lanes: Iterable[str]) -> Iterator[Event]:
    """Name a group of lanes, and each lane in it."""
    yield {"ph": "M", "name": "process_name", "pid": group, "args": {"name": name}}
    yield {"ph": "M", "name": "process_sort_index", "pid": group, "args": {"sort_index": group}}
    for number, lane in enumerate(lanes, start=1):
        yield {"ph": "M", "name": "thread_name", "pid": group, "tid": number, "args": {"name": lane}}
        yield {"ph": "M", "name": "thread_sort_index", "pid": group, "tid": number, "args": {"sort_index": number}}


def _slice(group: int, lane: int, name: str, start_s: float, duration_s: float, details: Event) -> Event:
    """Return a slice between two rounded instants: a viewer nests what overlaps the slice before by a microsecond."""
    begin_us = round(start_s * _US)
    return {
        "ph": "X",
        "name": name,
        "pid": group,
        "tid": lane,
        "ts": begin_us,
        "dur": round((start_s + duration_s) * _US) - begin_us,
        "args": details,
    }


def _counter(at_s: float, value: float) -> Event:
    return {"ph": "C", "name": "accelerator-hours lost", "pid": _RUN, "ts": round(at_s * _US), "args": {"lost": value}}
