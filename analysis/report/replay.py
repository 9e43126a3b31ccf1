"""One replica, event by event: which one to show, and what its records tell."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.engine.kept import Kept, kept
from simulator.engine.simulate import RunHeader, simulate
from simulator.records import NO_CAUSE, NOT_STATED, ListSink, Record
from simulator.reliability.recovery import PARTS
from simulator.scenario.values import Scenario

_WASTES = ("wasted_progress", "sdc_rollback")
_SAME_S = 1e-3  # two records of one stop may differ by rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One simulated run with all its records, by start, and the stops that they tell of."""

    header: RunHeader
    records: Sequence[Record]
    stops: "Sequence[StopRecord]"


def replay(scenario: Scenario, replica: int, lived: Mapping[int, Kept] = MappingProxyType({})) -> Replay:
    """Return one replica with everything that it did: as it was kept, or simulated anew.

    Parameters
    ----------
    scenario : Scenario
        What was run.
    replica : int
        Which of its runs.
    lived : mapping of int to Kept, optional
        Runs that were kept, by replica.
    """
    run = lived.get(replica) or _live(scenario, replica)
    records = sorted(run.records, key=lambda record: record.start_s)
    return Replay(header=run.header, records=records, stops=stops(records))


def _live(scenario: Scenario, replica: int) -> Kept:
    sink = ListSink()
    return kept(simulate(scenario, replica, sink=sink), sink.records)


def nearest_replica(wall: NDArray[np.float64], quantile: float) -> int:
    """Return the replica whose length is nearest to a quantile of all; the first of several.

    Examples
    --------
    >>> nearest_replica(np.array([3.0, 1.0, 2.0]), 0.5)
    2
    """
    return int(np.argmin(np.abs(wall - np.quantile(wall, quantile))))


class StopRecord(NamedTuple):
    """One stop: when, by what, when work went on, and the job's time that it cost [s]."""

    at_s: float
    until_s: float
    cause: str
    lost_s: float


def stops(records: Sequence[Record]) -> Sequence[StopRecord]:
    """Read the stops out of the records of one run.

    A stop shows by the work that it destroyed, which ends when it strikes, and by the way back, which begins there. A
    way back that is itself struck is cut short, and a new one begins. Work that was saved before and that a later stop
    destroyed, too, counts with that stop.
    """
    found: list[StopRecord] = []
    last_part, earlier_s = -1, dict[str, float]()
    begins = _ways_back(records)
    for record in sorted(records, key=lambda record: record.start_s):
        if record.cause in (NO_CAUSE, NOT_STATED):
            continue
        if record.phase in _WASTES:
            end_s = record.start_s + record.duration_s
            if record.cause in begins and not _near(begins[record.cause], end_s):
                earlier_s[record.cause] = earlier_s.get(record.cause, 0.0) + record.duration_s
                continue
            lost_s = record.duration_s + earlier_s.pop(record.cause, 0.0)
            found.append(StopRecord(at_s=end_s, until_s=end_s, cause=record.cause, lost_s=lost_s))
            last_part = -1
        elif record.phase in PARTS:
            part = PARTS.index(record.phase)
            stop = found[-1] if found else None
            if stop is None or part <= last_part or abs(record.start_s - stop.until_s) > _SAME_S:
                lost_s = earlier_s.pop(record.cause, 0.0)
                stop = StopRecord(at_s=record.start_s, until_s=record.start_s, cause=record.cause, lost_s=lost_s)
                found.append(stop)
            found[-1] = StopRecord(
                at_s=stop.at_s,
                until_s=record.start_s + record.duration_s,
                cause=stop.cause,
                lost_s=stop.lost_s + record.duration_s,
            )
            last_part = part
    return found


def _ways_back(records: Sequence[Record]) -> Mapping[str, Sequence[float]]:
    """Return when the parts of ways back begin, by cause, in order [s]."""
    found: dict[str, list[float]] = {}
    for record in records:
        if record.phase in PARTS:
            found.setdefault(record.cause, []).append(record.start_s)
    return {cause: sorted(starts_s) for cause, starts_s in found.items()}


def _near(instants_s: Sequence[float], at_s: float) -> bool:
    at = bisect_left(instants_s, at_s - _SAME_S)
    return at < len(instants_s) and instants_s[at] <= at_s + _SAME_S
