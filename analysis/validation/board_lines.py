"""A line of the scoreboard, and when it is worse than one that was stored."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

NOISE: Final = 0.005  # of an error that no draw enters: half a point
SIGMAS: Final = 3.5  # of the Monte Carlo error of a figure that is drawn
MEANT_COVERAGE: Final = 0.8  # of intervals from p10 to p90


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How far we were off somewhere, beside a baseline.

    Parameters
    ----------
    name : str
        What was predicted, and how; the same from build to build.
    count : int
        How many published figures were predicted.
    error : float
        How far off: a ratio, of which less is better.
    kind : str
        What `error` is, in words.
    noise : float
        How much `error` may grow by chance.
    baseline : float or None
        The same of a simple rule.
    rule : str
        Which rule.
    coverage : float or None
        Share of the figures that lay between p10 and p90.
    most : float or None
        The promise that `error` stays below.
    factor : bool
        Whether `error` is a factor, such as 1.9, and no share.
    """

    name: str
    count: int
    error: float
    kind: str
    noise: float = NOISE
    baseline: float | None = None
    rule: str = ""
    coverage: float | None = None
    most: float | None = None
    factor: bool = False

    @property
    def kept(self) -> bool:
        """Whether the promise is kept; true where there is none."""
        return self.most is None or self.error <= self.most


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Lines of one subject; none, with the reason, where the published figures are not here."""

    name: str
    title: str
    lines: Sequence[Line] = ()
    absent: str = ""


def worse(now: Sequence[Board], stored: Sequence[Board]) -> list[str]:
    """Say what is worse than it was stored, beyond noise; a board that cannot be built here is no worse.

    An error may grow by its noise. The share inside p10 to p90 may move away from 80 % by one figure.
    """
    found = []
    for before in stored:
        board = next((each for each in now if each.name == before.name), None)
        if board is None:
            found.append(f"{before.name}: the board is gone")
        elif not board.absent:
            have = {line.name: line for line in board.lines}
            found += [f"{before.name}: {told}" for line in before.lines for told in _worse(have.get(line.name), line)]
    return found


def _worse(now: Line | None, before: Line) -> list[str]:
    if now is None:
        return [f"{before.name}: the line is gone"]
    told = []
    if now.count < before.count:
        told.append(f"{now.name}: {now.count} figures, {before.count} before")
    if not now.error <= before.error + max(now.noise, before.noise):
        told.append(f"{now.name}: {now.kind} {now.error:.4f}, {before.error:.4f} before (noise {before.noise:.4f})")
    if before.coverage is not None and not _away(now.coverage) <= _away(before.coverage) + 1.001 / before.count:
        told.append(f"{now.name}: {now.coverage} inside p10 to p90, {before.coverage} before (80 % is meant)")
    return told


def _away(coverage: float | None) -> float:
    return math.inf if coverage is None else abs(coverage - MEANT_COVERAGE)


def plain(boards: Sequence[Board]) -> list[dict[str, Any]]:
    """Return boards for programs and for the store, rounded so that they are the same everywhere."""
    return [
        {"name": board.name, "title": board.title, "absent": board.absent,
         "lines": [{key: round(value, 5) if isinstance(value, float) else value
                    for key, value in asdict(line).items()} for line in board.lines]}
        for board in boards
    ]  # fmt: skip


def read(rows: Sequence[Mapping[str, Any]]) -> list[Board]:
    """Return what `plain` wrote.

    Raises
    ------
    KeyError, TypeError
        If it is something else.
    """
    return [Board(name=row["name"], title=row["title"], absent=row["absent"],
                  lines=[Line(**line) for line in row["lines"]]) for row in rows]  # fmt: skip
