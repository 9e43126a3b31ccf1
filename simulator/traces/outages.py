"""Logs of machines that went out: any table with a node, a start and perhaps an end and a cause."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from csv import reader
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from simulator.foundation.issues import not_among, shorten
from simulator.foundation.registry import Registry
from simulator.traces.generic import moment, rows
from simulator.traces.joblog import DropReport, TraceError
from simulator.traces.text import lines, us_stamp_s

UNKNOWN_CAUSE = "not stated"


class Outage(NamedTuple):
    """One machine out of service.

    Parameters
    ----------
    node : str
        As in the log.
    start_s : float
        When it failed, in the clock of the log [s].
    end_s : float or None
        When it was back; None where the log does not say [s].
    cause : str
        Word of the log, or `UNKNOWN_CAUSE`.
    """

    node: str
    start_s: float
    end_s: float | None
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageLog:
    """Outages of one fleet in order of their starts.

    Parameters
    ----------
    outages : sequence of Outage
        Sorted by start, then node.
    report : DropReport
        What became of each row.
    nodes : int or None
        Machines of the fleet, those that never failed included; None where the log does not say.
    service_s : mapping of str to (float, float or None)
        When a node entered service and left it, where the log says so [s].
    """

    outages: Sequence[Outage]
    report: DropReport
    nodes: int | None = None
    service_s: Mapping[str, tuple[float, float | None]] = field(default_factory=dict)


class OutageReader(Protocol):
    """Reads a log of outages of one format."""

    def __call__(self, path: Path, /, *, system: str | None, columns: str | None) -> OutageLog:
        """Return the outages of the file, of one of its systems if it has several, by a map of columns if it takes one.

        Raises
        ------
        TraceError
            If the file is no such log, or does not take what is given.
        """
        ...


OUTAGE_FORMATS: Registry[OutageReader] = Registry("outage log format", group="flopcast.outage_formats")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageColumns:
    """Which column says what; times are seconds, or dates with or without a time.

    Examples
    --------
    >>> OutageColumns.guess(["host", "down_at", "reason"])
    OutageColumns(node='host', start='down_at', end=None, cause='reason')
    >>> OutageColumns.stated("node=machine, start=t0", ["machine", "t0"])
    OutageColumns(node='machine', start='t0', end=None, cause=None)
    >>> OutageColumns.stated("start=t0", ["host", "t0", "reason"])
    OutageColumns(node='host', start='t0', end=None, cause='reason')
    """

    node: str
    start: str
    end: str | None = None
    cause: str | None = None

    @classmethod
    def guess(cls, headings: Sequence[str]) -> "OutageColumns":
        """Take the usual names.

        Raises
        ------
        TraceError
            If there is no column for the node or the start; the message has no file yet.
        """
        return cls._checked(_usual(headings), headings)

    @classmethod
    def stated(cls, text: str, headings: Sequence[str]) -> "OutageColumns":
        """Read ``node=COLUMN,start=COLUMN,...``; what is not stated is guessed.

        Raises
        ------
        TraceError
            If a word or a column is unknown; the message has no file yet.
        """
        found: dict[str, str] = {}
        for part in filter(str.strip, text.split(",")):
            name, equals, column = (word.strip() for word in part.partition("="))
            if not equals or name not in _USUAL:
                raise TraceError(f"--columns: {not_among(name, _USUAL)}; write node=COLUMN,start=COLUMN,end=COLUMN")
            if column not in headings:
                raise TraceError(f"--columns: column {not_among(column, headings)}")
            found[name] = column
        others = [heading for heading in headings if heading not in found.values()]
        return cls._checked({**_usual(others), **found}, headings)

    @classmethod
    def _checked(cls, found: Mapping[str, str | None], headings: Sequence[str]) -> "OutageColumns":
        node, start = found["node"], found["start"]
        if node is None or start is None:
            what = "node" if node is None else "start"
            raise TraceError(
                f"no column for the {what} (usual names: {', '.join(_USUAL[what])}); found "
                f"{shorten(', '.join(headings) or 'nothing', 160)}; say which with --columns {what}=COLUMN"
            )
        return cls(node=node, start=start, end=found["end"], cause=found["cause"])


_USUAL: Mapping[str, tuple[str, ...]] = {
    "node": ("node", "host", "hostname", "machine", "server", "node_name", "node_id", "nodename"),
    "start": ("start", "start_s", "start_time", "down_at", "failed_at", "down", "begin", "time", "timestamp"),
    "end": ("end", "end_s", "end_time", "up_at", "fixed_at", "repaired_at", "up", "fixed"),
    "cause": ("cause", "root_cause", "reason", "category", "type", "component"),
}


_WORD_BREAKS: Final = re.compile(r"[\s_-]+")  # "Start Time", as spreadsheets have it, is start_time


def _usual(headings: Sequence[str]) -> dict[str, str | None]:
    """Return which column has a usual name, by what it says; None where none has."""
    folded = {_WORD_BREAKS.sub("_", heading.strip().lower()): heading for heading in reversed(headings)}
    return {name: next((folded[word] for word in words if word in folded), None) for name, words in _USUAL.items()}


def outage_or_reason(node: str, start_s: float | None, end: tuple[str, float | None], cause: str) -> Outage | str:
    """Return an outage, or why the row is none; `end` is its text and what was read from it.

    Examples
    --------
    >>> outage_or_reason("n1", 10, ("5", 5), "")
    'ends before it starts'
    """
    if not node.strip():
        return "node unknown"
    if start_s is None:
        return "start unknown"
    if start_s < 0:
        return "start is negative"
    text, end_s = end
    if end_s is None and text.strip():
        return "end cannot be read"
    if end_s is not None and end_s < start_s:
        return "ends before it starts"
    return Outage(node.strip(), start_s, end_s, cause.strip() or UNKNOWN_CAUSE)


def collect_outages(
    found: Iterable[Outage | str],
    *,
    nodes: int | None = None,
    service_s: Mapping[str, tuple[float, float | None]] | None = None,
) -> OutageLog:
    """Gather what a reader made of its rows: an outage, or the reason why a row is dropped."""
    outages: list[Outage] = []
    dropped: Counter[str] = Counter()
    first: dict[str, int] = {}
    for at, row in enumerate(found, 1):
        if isinstance(row, str):
            dropped[row] += 1
            first.setdefault(row, at)
        else:
            outages.append(row)
    outages.sort(key=lambda outage: (outage.start_s, outage.node))
    return OutageLog(
        outages=outages,
        report=DropReport(read=len(outages) + dropped.total(), dropped=dict(dropped), first=first),
        nodes=nodes,
        service_s=service_s or {},
    )


@OUTAGE_FORMATS.register("csv")
def read_outage_table(path: Path, /, *, system: str | None = None, columns: str | None = None) -> OutageLog:
    """Read any table of outages by its column names, or by a map of them.

    Raises
    ------
    TraceError
        If there are no columns for node and start.
    """
    if system is not None:
        raise TraceError(f"{path}: --system: a table of outages has one system; only the LANL file has several")
    found = heading(path)
    try:
        named = OutageColumns.guess(found) if columns is None else OutageColumns.stated(columns, found)
    except TraceError as problem:
        raise TraceError(f"{path}:1: {problem}") from None
    needed = [column for column in (named.node, named.start, named.end, named.cause) if column is not None]
    return collect_outages(_once(_outage(row, named) for row in rows(path, needed)))


def _once(found: Iterable[Outage | str]) -> Iterator[Outage | str]:
    """Let each outage through once: exports of tickets repeat rows, and no node fails twice in one instant."""
    seen: set[Outage] = set()
    for row in found:
        if isinstance(row, Outage):
            if row in seen:
                yield "the same as an earlier row"
                continue
            seen.add(row)
        yield row


def _outage(row: Mapping[str, str], named: OutageColumns) -> Outage | str:
    end = row[named.end] if named.end else ""
    cause = row[named.cause] if named.cause else ""
    return outage_or_reason(row[named.node], when_s(row[named.start]), (end, when_s(end)), cause)


def when_s(text: str) -> float | None:
    """Read seconds or a date, also in the American form, or None.

    Examples
    --------
    >>> when_s("60"), when_s("1970-01-02"), when_s("1/2/1970 00:01"), when_s("never")
    (60, 86400, 86460, None)
    """
    found = moment(text)
    return us_stamp_s(text) if found is None else found


def heading(path: Path) -> list[str]:
    """Return the words of the first line of a table."""
    return next(chain(reader(lines(path)), [[]]))
