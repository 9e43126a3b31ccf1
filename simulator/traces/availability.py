"""Logs of spot capacity: which nodes were up when.

Four forms are told apart by their first line:

- ``time in ms,add or remove,node`` without heading (Bamboo, NSDI 2023: AWS p3, github uclasystem/bamboo);
- ``date, time, nodes`` without heading, polled (the same: GCP A100);
- ``[time] Created instance ...`` (Narayanan et al., "Analysis and exploitation of dynamic pricing in the public cloud
  for ML training", DISPA 2020: AWS and GCP, github stanford-futuredata/training_on_a_dime);
- a CSV with the heading ``time,nodes``: the number of nodes from each moment on, of one's own.

Times count from the first entry.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from simulator.foundation.issues import not_among, shorten
from simulator.reliability.spot import Capacity, Span, capacity_of
from simulator.traces.generic import moment
from simulator.traces.joblog import DropReport, TraceError
from simulator.traces.text import lines, stamp_s

_EVENT = re.compile(
    r"\[(?P<time>[^\]]+)\] (?:(?P<created>Created instance) (?P<new>\S+) with (?P<gpus>\d+) GPU\(s\) of type "
    r"(?P<kind>\S+) in zone (?P<zone>\S+)|(?:Instance|Successfully deleted instance) (?P<node>\S+)(?P<rest>.*))"
)
_CHANGE = re.compile(r"\s*(?P<ms>[^,]+),\s*(?P<what>add|remove)\s*,\s*(?P<node>[^,]+?)\s*")
_POLL = re.compile(r"\s*(?P<day>\d{4}-\d\d-\d\d),\s*(?P<time>\d\d:\d\d:\d\d),\s*(?P<nodes>\d+)\s*")


class UpRun(NamedTuple):
    """One node's time in the market.

    Parameters
    ----------
    node : str
        As in the log.
    market : str
        Kind of machine and zone; empty where the log has one market.
    span : Span
        From when until when it was up, from the first entry on [s].
    ended : bool
        Whether its end was seen, rather than that of the log.
    """

    node: str
    market: str
    span: Span
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityLog:
    """What a log of spot capacity says.

    Parameters
    ----------
    capacity : Capacity
        Nodes up over time.
    runs : sequence of UpRun
        Of single nodes; empty where the log only counts.
    markets : sequence of str
        All that the log has, whichever was chosen.
    report : DropReport
        What became of each row.
    """

    capacity: Capacity
    runs: Sequence[UpRun]
    markets: Sequence[str]
    report: DropReport


def read_capacity(path: Path, *, market: str | None = None) -> CapacityLog:
    """Read a log of spot capacity.

    Parameters
    ----------
    path : Path
        Plain or gzip.
    market : str or None
        One of the log's markets, or the beginning of several (``v100x1`` for all zones); all of them by default.

    Raises
    ------
    TraceError
        If the file is no such log, has no such market, or a row cannot be understood.
    """
    first = next((line for line in lines(path) if line.strip()), "").strip()
    if re.match(r"\[\d{4}-", first):
        return _of_runs(path, _read_events(path), market)
    if market is not None:
        raise TraceError(f"{path}: --market: the log has one market")
    if _CHANGE.fullmatch(first):
        return _of_runs(path, _read_changes(path), None)
    if _POLL.fullmatch(first):
        return _of_counts(path, _read_polls(path))
    if [word.strip().lower() for word in first.split(",")] == ["time", "nodes"]:
        return _of_counts(path, _read_counts(path))
    raise TraceError(
        f"{path}:1: no log of capacity: expected 'ms,add,node', 'date, time, nodes', '[time] Created instance ...' or "
        f"the heading 'time,nodes'; found {shorten(first)!r}"
    )


class _Row(NamedTuple):
    """A change: a node comes (True) or goes, or a row that changes nothing (None)."""

    time_s: float
    node: str
    market: str
    comes: bool | None
    line: int


def _read_changes(path: Path) -> Iterator[_Row]:
    for at, line in _numbered(path):
        found = _CHANGE.fullmatch(line)
        time_s = moment(found["ms"]) if found else None
        if found is None or time_s is None or time_s < 0:
            raise TraceError(f"{path}:{at}: expected 'ms,add,node' or 'ms,remove,node', found {shorten(line)!r}")
        yield _Row(time_s / 1000, found["node"], "", found["what"] == "add", at)


def _read_events(path: Path) -> Iterator[_Row]:
    markets: dict[str, str] = {}
    for at, line in _numbered(path):
        found = _EVENT.fullmatch(line)
        time_s = stamp_s(found["time"]) if found else None
        if found is None or time_s is None:
            raise TraceError(
                f"{path}:{at}: expected '[time] Created instance ...' or the like, found {shorten(line)!r}"
            )
        if found["created"]:
            kind = found["kind"].removeprefix("nvidia-tesla-")
            markets[found["new"]] = f"{kind}x{found['gpus']}/{found['zone']}"
            yield _Row(time_s, found["new"], markets[found["new"]], True, at)
        elif found["node"] in markets:
            running = found["rest"].startswith(" running")
            yield _Row(time_s, found["node"], markets[found["node"]], None if running else False, at)
        else:
            yield _Row(time_s, found["node"], "", None, at)


def _numbered(path: Path) -> Iterator[tuple[int, str]]:
    return ((at, line.strip()) for at, line in enumerate(lines(path), 1) if line.strip())


def _of_runs(path: Path, rows: Iterator[_Row], market: str | None) -> CapacityLog:
    """Pair comings and goings to spans; what is up at the end of the log is up until then."""
    table = sorted(rows, key=lambda row: row.time_s)
    since_s, until_s = table[0].time_s, table[-1].time_s
    up: dict[str, _Row] = {}
    runs: list[UpRun] = []
    dropped: Counter[str] = Counter()
    for row in table:
        if row.comes is None:
            dropped["nothing changed"] += 1
        elif row.comes and row.node not in up:
            up[row.node] = row
        elif not row.comes and row.node in up:
            runs.append(_run(up.pop(row.node), row.time_s, since_s, ended=True))
        else:
            dropped["node is up already" if row.comes else "node is not up"] += 1
    runs += [_run(row, until_s, since_s, ended=False) for row in up.values()]
    markets = sorted({run.market for run in runs if run.market})
    chosen = [run for run in runs if market is None or run.market.startswith(market)]
    if not chosen:
        raise TraceError(f"{path}: --market: {not_among(str(market), markets, most=30)}")
    report = DropReport(read=len(table), dropped=dict(dropped))
    capacity = capacity_of([(run.span, 1) for run in chosen], since_s=0.0, until_s=until_s - since_s)
    return CapacityLog(capacity=capacity, runs=sorted(chosen, key=lambda run: run.span), markets=markets, report=report)


def _run(row: _Row, end_s: float, since_s: float, *, ended: bool) -> UpRun:
    return UpRun(row.node, row.market, Span(row.time_s - since_s, end_s - since_s), ended)


def _read_polls(path: Path) -> Iterator[tuple[float, int]]:
    for at, line in _numbered(path):
        found = _POLL.fullmatch(line)
        time_s = stamp_s(f"{found['day']} {found['time']}") if found else None
        if found is None or time_s is None:
            raise TraceError(f"{path}:{at}: expected 'date, time, nodes', found {shorten(line)!r}")
        yield time_s, int(found["nodes"])


def _read_counts(path: Path) -> Iterator[tuple[float, int]]:
    for at, line in _numbered(path):
        if at == 1:
            continue
        time, _, nodes = line.partition(",")
        time_s = moment(time)
        if time_s is None or time_s < 0 or not nodes.strip().isdecimal():
            raise TraceError(f"{path}:{at}: expected a time and a number of nodes, found {shorten(line)!r}")
        yield time_s, int(nodes)


def _of_counts(path: Path, rows: Iterator[tuple[float, int]]) -> CapacityLog:
    """Hold each count until the next one; the last row is the end."""
    table = sorted(rows, key=lambda row: row[0])
    if len(table) < 2 or table[0][0] == table[-1][0]:
        raise TraceError(f"{path}: expected at least two rows with different times")
    steps: dict[float, int] = dict(table)
    since_s, until_s = table[0][0], table[-1][0]
    capacity = Capacity(
        at_s=tuple(at_s - since_s for at_s in steps), nodes=tuple(steps.values()), until_s=until_s - since_s
    )
    report = DropReport(read=len(table)).also("another count at the same time", len(table) - len(steps))
    return CapacityLog(capacity=capacity, runs=(), markets=(), report=report)
