"""What was seen of a run up to now, read from a small CSV.

Columns ``day``, ``tokens`` and ``stops``, each counted from the start, and if it was measured while stepping
``tokens_per_second_per_accelerator``. Values carry units as in a scenario; a bare ``day`` is in days, bare tokens are
tokens.
"""

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from simulator.foundation.issues import Issue, ScenarioError, nearest, shorten
from simulator.foundation.units import UnitError, parse

DAY_S = 86400.0
NEEDED = ("day", "tokens", "stops")
SPEED = "tokens_per_second_per_accelerator"
MOST_ROWS = 100_000
_BARE = re.compile(r"[-+]?[\d.,]+(?:[eE][-+]?\d+)?[kKMBGT]?")  # 12, 3.978e12, 1.9T


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The state of a run at one moment, everything counted from its start.

    Parameters
    ----------
    elapsed_s : float
        Calendar time [s].
    tokens : float
        Tokens trained and kept.
    stops : int
        Interruptions of the job.
    tokens_per_s : float or None
        Measured while stepping, per accelerator [tokens/s].
    file : str
        Where this stands, for messages.
    line : int or None
        Its line there.
    """

    elapsed_s: float
    tokens: float
    stops: int
    tokens_per_s: float | None = None
    file: str = field(default="--so-far", compare=False)
    line: int | None = field(default=None, compare=False)

    def problem(self, message: str) -> ScenarioError:
        """Return a problem with this row."""
        return ScenarioError([Issue(file=self.file, line=self.line, message=message)])


def read(path: Path) -> Sequence[Seen]:
    """Read a log, in the order of time.

    Raises
    ------
    ScenarioError
        With every line that cannot be used.
    OSError
        If the file cannot be read.
    """
    name = str(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            header = [word.strip() for word in rows.fieldnames or ()]
            _check_header(name, header)
            rows.fieldnames = header
            found, issues = _rows(name, rows)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ScenarioError([Issue(file=name, message=f"is not a CSV in UTF-8: {error}")]) from None
    if not found and not issues:
        issues = [Issue(file=name, message="has no rows; one for each day or week is what is needed")]
    if issues:
        raise ScenarioError(issues)
    return found


def _check_header(name: str, header: Sequence[str]) -> None:
    allowed = (*NEEDED, SPEED)
    issues = [Issue(file=name, line=1, message=f"has no column {column!r}; needed are {', '.join(NEEDED)}")
              for column in NEEDED if column not in header]  # fmt: skip
    for word in header:
        if word not in allowed:
            close = nearest(word, allowed)
            hint = f"; did you mean {close}?" if close else ""
            issues.append(Issue(file=name, line=1, message=f"column {shorten(word)!r} is not known{hint}"))
    if issues:
        raise ScenarioError(issues)


def _rows(name: str, rows: "csv.DictReader[str]") -> tuple[Sequence[Seen], list[Issue]]:
    found: list[Seen] = []
    issues: list[Issue] = []
    for row in rows:
        if len(found) >= MOST_ROWS:
            issues.append(Issue(file=name, line=rows.line_num, message=f"more than {MOST_ROWS:,} rows"))
            break
        try:
            seen = replace(_seen(row), file=name, line=rows.line_num)
            if found:
                _check_order(found[-1], seen)
            found.append(seen)
        except ValueError as error:
            issues.append(Issue(file=name, line=rows.line_num, message=str(error)))
    return found, issues


def _seen(row: Mapping[str, str | None]) -> Seen:
    if None in row or any(value is None for value in row.values()):
        raise ValueError("has another number of values than the header")
    stops = _value(row, "stops", "count", "")
    if stops != math.floor(stops):
        raise ValueError(f"stops: expected a whole number, found {stops:g}")
    elapsed_s = _value(row, "day", "time", " d")
    if elapsed_s <= 0:
        raise ValueError("day: expected a time after the start; the start itself needs no row")
    speed = str(row.get(SPEED) or "").strip()
    return Seen(
        elapsed_s=elapsed_s,
        tokens=_value(row, "tokens", "tokens", " tokens"),
        stops=int(stops),
        tokens_per_s=_value(row, SPEED, "tokens_per_s", " tokens/s") if speed else None,
    )


def _value(row: Mapping[str, str | None], column: str, dimension: str, unit: str) -> float:
    """Read one cell; a bare number gets the column's unit."""
    text = str(row[column]).strip()
    if _BARE.fullmatch(text):
        text += unit
    try:
        return parse(text, dimension)
    except UnitError as error:
        raise ValueError(f"{column}: {error}") from None


def _check_order(before: Seen, after: Seen) -> None:
    if after.elapsed_s <= before.elapsed_s:
        raise ValueError("day: rows have to be in the order of time")
    if after.tokens < before.tokens or after.stops < before.stops:
        raise ValueError("tokens and stops are counted from the start, and cannot fall")
