"""Node outages of the Los Alamos systems, 1996 to 2005.

Source: LANL public release LA-UR-05-7318 (Schroeder and Gibson, "A large-scale study of failures in high-performance
computing systems", DSN 2006). A row is one outage of one node; ``Prob Started`` and ``Prob Fixed`` are local times,
month/day/year, to the minute; at most one of six columns holds the detail of the cause; ``node prod`` is the month in
which the node entered production, written ``2-May`` (May 2002) or ``Jan-98``. Rows are not in order of time.
"""

from calendar import month_abbr
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from simulator.foundation.issues import not_among
from simulator.traces.generic import Row, rows
from simulator.traces.joblog import TraceError
from simulator.traces.outages import (
    OUTAGE_FORMATS,
    Outage,
    OutageLog,
    collect_outages,
    outage_or_reason,
)
from simulator.traces.text import us_stamp_s

COLUMNS = frozenset({"System", "nodes", "nodenumz", "Prob Started", "Prob Fixed"})
"""Columns that mark the file."""

CAUSES: Mapping[str, str] = {
    "Facilities": "facilities",
    "Hardware": "hardware",
    "Human Error": "human_error",
    "Network": "network",
    "Undetermined": "undetermined",
    "Software": "software",
}
"""Columns of causes, and how we call them."""

_MONTHS = {name.lower(): number for number, name in enumerate(month_abbr) if name}


@OUTAGE_FORMATS.register("lanl")
def read_lanl(path: Path, /, *, system: str | None = None, columns: str | None = None) -> OutageLog:
    """Read the outages of one system; a file with a single system needs no name.

    Raises
    ------
    TraceError
        If the file has several systems and none is named, or the named one is not in it.
    """
    if columns is not None:
        raise TraceError(f"{path}: --columns: names the columns of a table of your own; this is the LANL file")
    table = list(rows(path, sorted(COLUMNS)))
    systems = Counter(row["System"].strip() for row in table)
    if system is None and len(systems) > 1:
        raise TraceError(f"{path}: --system: the file has several systems; name one of {', '.join(systems)}")
    chosen = next(iter(systems), "") if system is None else system
    if chosen not in systems:
        raise TraceError(f"{path}: --system: {not_among(chosen, systems, most=30)}")
    ours = [row for row in table if row["System"].strip() == chosen]
    sizes = [int(row["nodes"]) for row in ours if row["nodes"].strip().isdecimal()]
    service_s = {row["nodenumz"].strip(): span for row in ours if (span := _service_s(row)) is not None}
    found = (_outage(row) if row["System"].strip() == chosen else "of another system" for row in table)
    return collect_outages(found, nodes=max(sizes, default=0) or None, service_s=service_s)


def _outage(row: Row) -> Outage | str:
    cause = next((name for column, name in CAUSES.items() if row.get(column, "").strip()), "")
    end = row["Prob Fixed"]
    return outage_or_reason(row["nodenumz"], us_stamp_s(row["Prob Started"]), (end, us_stamp_s(end)), cause)


def _service_s(row: Row) -> tuple[float, float | None] | None:
    since_s = month_s(row.get("node prod", ""))
    return None if since_s is None else (since_s, month_s(row.get("node decom", "")))


def month_s(text: str) -> float | None:
    """Return the first second of a month as the file writes it, or None.

    Examples
    --------
    >>> month_s("2-May") == month_s("May-02") == datetime(2002, 5, 1, tzinfo=UTC).timestamp()
    True
    >>> month_s("current") is None
    True
    """
    parts = text.strip().lower().split("-")
    month = next((_MONTHS[part] for part in parts if part in _MONTHS), None)
    year = next((int(part) for part in parts if part.isdecimal()), None)
    if month is None or year is None or len(parts) != 2:
        return None
    return datetime(year + (1900 if year > 50 else 2000), month, 1, tzinfo=UTC).timestamp()
