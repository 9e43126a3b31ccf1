"""Traces: a CSV of times and levels, such as spot prices, becomes a level that changes along the run."""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path as FilePath
from statistics import median
from typing import Any

from simulator.pricing.trace import StepTrace
from simulator.scenario.lines import Path
from simulator.scenario.merge import Loaded

PRICE = "usd_per_accelerator_h"
_EPOCH = datetime(1970, 1, 1)  # of times without a zone, which are all that a trace of prices needs


def named_file(written: str, path: Path, loaded: Loaded) -> FilePath:
    """Return the file that a scenario names; its path starts from the file that names it."""
    return loaded.file(path, written)


def traced(pricing: Mapping[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield each table of a written [pricing] that names a trace, with its path."""
    tables = [((), pricing), *((("parts", at), part) for at, part in enumerate(pricing.get("parts") or ()))]
    for path, table in tables:
        if isinstance(table, dict) and isinstance(table.get("trace"), str):
            yield ("pricing", *path), table


def read_trace(file: FilePath, start: date, column: str = PRICE) -> StepTrace:
    """Read levels over time, prices if no other column is named.

    The file has a header with ``usd_per_accelerator_h`` and either ``hours`` or ``time`` (ISO date or date and time).
    The last level holds as long as a usual one. A trace with dates is entered at the first day of the run if that lies
    in it, at its beginning otherwise; it repeats when it is over.

    Raises
    ------
    ValueError
        With the file and the line that cannot be used.
    OSError
        When the file cannot be read.
    """
    with file.open(encoding="utf-8-sig", newline="") as text:
        table = csv.DictReader(text)
        names = table.fieldnames or ()
        clock = next((name for name in ("hours", "time") if name in names), None)
        if clock is None or column not in names:
            raise ValueError(f"{file.name}: the header needs {column} and hours or time, found {', '.join(names)}")
        rows = sorted(_row(row, clock, column, f"{file.name}:{table.line_num}") for row in table)
    if any(before == after for (before, _), (after, _) in pairwise(rows)):
        raise ValueError(f"{file.name}: two rows at one time")
    return _trace(dict(rows), start, file.name, dated=clock == "time")


def read_history(file: FilePath, start: date, per_node: int) -> StepTrace:
    """Read spot prices as Amazon's ``describe-spot-price-history`` prints them, for an accelerator.

    Of several zones the one whose price changed most often is taken; a machine's price is divided by its accelerators.

    Raises
    ------
    ValueError
        When the file holds no such history, or several kinds of machines.
    OSError
        When the file cannot be read.
    """
    try:
        table = json.loads(file.read_bytes())["SpotPriceHistory"]
        seen = [(str(row["AvailabilityZone"]), _hours(str(row["Timestamp"]).removesuffix("Z")),
                 float(row["SpotPrice"]) / per_node, str(row["InstanceType"])) for row in table]  # fmt: skip
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{file.name}: no SpotPriceHistory as Amazon's command line prints it") from None
    kinds = sorted({kind for *_, kind in seen})
    if len(kinds) != 1:
        raise ValueError(f"{file.name}: expected one kind of machine, found {', '.join(kinds) or 'none'}")
    zones = Counter(zone for zone, *_ in seen)
    busiest = min(zones, key=lambda zone: (-zones[zone], zone))
    return _trace(dict(sorted((at, usd) for zone, at, usd, _ in seen if zone == busiest)), start, file.name, dated=True)


def _trace(levels: Mapping[float, float], start: date, name: str, *, dated: bool) -> StepTrace:
    """Return the trace of levels by time [h], entered at the first day of the run where that lies in it."""
    if len(levels) < 2:
        raise ValueError(f"{name}: a trace needs two rows at least")
    first = next(iter(levels))
    times = [at - first for at in levels]
    length = times[-1] + median(after - before for before, after in pairwise(times))
    begin = (datetime.combine(start, datetime.min.time()) - _EPOCH).total_seconds() / 3600.0 - first
    return _from(times, list(levels.values()), length, begin if dated and 0.0 <= begin < length else 0.0)


def _row(row: Mapping[str, str], clock: str, column: str, where: str) -> tuple[float, float]:
    """Return time [h] and level of a row."""
    try:
        at = float(row[clock]) if clock == "hours" else _hours(row[clock])
        level = float(row[column])
    except (TypeError, ValueError):
        raise ValueError(f"{where}: expected a time and a number, found {row[clock]!r} and {row[column]!r}") from None
    return at, level


def _hours(text: str) -> float:
    return (datetime.fromisoformat(text.strip()).replace(tzinfo=None) - _EPOCH).total_seconds() / 3600.0


def _from(times: Sequence[float], prices: Sequence[float], length: float, begin: float) -> StepTrace:
    """Return the trace that begins at a moment of the file, what was before it put at the end."""
    ends = [*times[1:], length]
    later = [(max(at - begin, 0.0), usd) for at, end, usd in zip(times, ends, prices, strict=True) if end > begin]
    before = [(at + length - begin, usd) for at, usd in zip(times, prices, strict=True) if at < begin]
    steps = [*later, *before]
    return StepTrace(from_h=tuple(at for at, _ in steps), levels=tuple(level for _, level in steps), length_h=length)
