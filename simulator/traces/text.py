"""Text of logs: plain or gzip, numbers that stay whole when they are, stamps to seconds."""

import gzip
import math
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path

from simulator.traces.joblog import TraceError


def lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text file, compressed or not; in UTF-16, as Windows writes it, where its first bytes say so.

    Raises
    ------
    TraceError
        If the file cannot be opened or is no text.
    """
    try:
        with path.open("rb") as raw:
            mark = raw.read(2)
        packed, encoding = mark == b"\x1f\x8b", "utf-16" if mark in (BOM_UTF16_LE, BOM_UTF16_BE) else "utf-8-sig"
        with (
            gzip.open(path, "rb") if packed else path.open("rb") as opened,
            TextIOWrapper(opened, encoding=encoding, errors="replace", newline="") as text,
        ):
            yield from text
    except (OSError, EOFError) as problem:
        raise TraceError(f"{path}: cannot read it: {getattr(problem, 'strerror', None) or problem}") from None


def number(text: str) -> float | None:
    """Read a number, whole where the text is, or None if it is none.

    Examples
    --------
    >>> number("42"), number(" 4.5"), number("nan"), number("x")
    (42, 4.5, None, None)
    """
    try:
        return int(text)
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def stamp_s(text: str) -> float | None:
    """Read a date and time into seconds since 1970, or None.

    A stamp without a zone is taken as if it were UTC, so that differences are right but for daylight saving.

    Examples
    --------
    >>> stamp_s("1970-01-02 00:00:01"), stamp_s("1970-01-01T01:00:00+01:00"), stamp_s("Unknown")
    (86401, 0, None)
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    since_s = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return int(since_s) if since_s.is_integer() else since_s


def us_stamp_s(text: str) -> float | None:
    """Read month/day/year and a time of day, with or without seconds, into seconds since 1970, or None.

    Examples
    --------
    >>> us_stamp_s("1/2/1970 0:01"), us_stamp_s("13/1/1970 0:01")
    (86460, None)
    """
    day, _, clock = text.strip().partition(" ")
    parts = [*day.split("/"), *(clock or "0:0").split(":")]
    if len(parts) not in (5, 6) or not all(part.isascii() and part.isdecimal() for part in parts):
        return None
    month, date, year, hour, minute, second = (*map(int, parts), 0)[:6]
    try:
        return int(datetime(year, month, date, hour, minute, second, tzinfo=UTC).timestamp())
    except (ValueError, OverflowError):
        return None


def span_s(text: str) -> float | None:
    """Read Slurm's ``days-hours:minutes:seconds`` into seconds, or None.

    Examples
    --------
    >>> span_s("1-02:00:03"), span_s("05:00"), span_s("UNLIMITED")
    (93603, 300, None)
    """
    days, dash, clock = text.strip().rpartition("-")
    parts = [number(part) for part in clock.split(":")]
    if len(parts) > 3 or any(part is None or part < 0 for part in parts) or (dash and number(days) is None):
        return None
    if dash:  # 1-02 means one day and two hours
        parts += [0] * (3 - len(parts))
    elif len(parts) == 1:  # a number alone is minutes
        parts.append(0)
    total: float = 0
    for part in parts:
        total = total * 60 + (part or 0)
    return total + 86400 * (number(days) or 0 if dash else 0)
