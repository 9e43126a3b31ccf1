"""Which points a sweep visits: grids, zips, ranges, and samples that fill a space evenly.

A dimension is a path and either values or an interval. Values are combined as a grid or side by side; intervals are
sampled together, by a Latin hypercube or a Sobol sequence.

Source: M. D. McKay, R. J. Beckman, W. J. Conover, Technometrics 21 (1979) 239; I. M. Sobol, USSR Computational
Mathematics and Mathematical Physics 7 (1967) 86, with the directions that scipy has.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import exp, isfinite, log
from pathlib import Path as FilePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.foundation.issues import Issue, ScenarioError, shorten
from simulator.foundation.streams import generator
from simulator.scenario.api import resolve
from simulator.scenario.changes import set_value
from simulator.scenario.lines import Path, dotted, undotted
from simulator.scenario.load import Loaded
from simulator.scenario.merge import Place
from simulator.scenario.text import toml_value
from simulator.scenario.values import Scenario

MOST = 100_000  # points
_CALL = re.compile(r"(range|logrange|uniform|loguniform)\((.*)\)")
_NUMBER = re.compile(r"(\$?)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*)")
_ROUNDED = 6  # digits of a sampled value


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An interval to sample, in one unit; `before` and `after` are what stands around the number."""

    low: float
    high: float
    logarithmic: bool
    whole: bool
    before: str
    after: str

    def at(self, share: float) -> int | float | str:
        """Return the value at a share of the way from `low` to `high`, as a scenario would write it."""
        if self.logarithmic:
            value = exp(log(self.low) + share * (log(self.high) - log(self.low)))
        else:
            value = self.low + share * (self.high - self.low)
        rounded = value if self.whole else float(f"{value:.{_ROUNDED}g}")
        number = round(rounded) if self.whole or (self.after and rounded.is_integer()) else rounded
        if not self.before and not self.after:
            return number
        return f"{self.before}{number!r}{' ' if self.after[:1].isalpha() else ''}{self.after}"


Dimension = Sequence[Any] | Interval


def dimension(text: str, option: str = "--over") -> tuple[Path, Dimension]:
    """Read ``path=[values]``, ``path=range(low, high, step)``, ``path=logrange(low, high, count)`` or an interval.

    Messages name `option` as the place where it was written.

    Raises
    ------
    ScenarioError
        If it is none of these.

    Examples
    --------
    >>> dimension("cluster.accelerators=range(512, 2048, 512)")
    (('cluster', 'accelerators'), [512, 1024, 1536, 2048])
    >>> dimension("checkpoint.interval=logrange(15 min, 240 min, 3)")[1]
    ['15 min', '60 min', '240 min']
    """
    left, _, right = text.partition("=")
    try:
        path = undotted(left)
        call = _CALL.fullmatch(right.strip())
        if call is None:
            values = set_value(right)
            if isinstance(values, str) and (quoted := _quoted(values)):
                raise ValueError(f"words in a list stand in quotes; write '{dotted(path)}={quoted}'")
            if not isinstance(values, list) or not values:
                raise ValueError("expected [a, b, ...], range(low, high, step), logrange(low, high, count), "
                                 "uniform(low, high) or loguniform(low, high)")  # fmt: skip
            return path, values
        return path, _called(call[1], [part.strip() for part in call[2].split(",")])
    except ValueError as error:
        raise ScenarioError([Issue(file=option, path=shorten(left.strip()), message=str(error))]) from None


def _quoted(text: str) -> str | None:
    """Return a list with its words in quotes, if that is all it lacks.

    Examples
    --------
    >>> _quoted("[young, 'daly', 3]"), _quoted("[15 min]"), _quoted("young"), _quoted("[1, [a]]")
    ('["young", "daly", 3]', '["15 min"]', None, None)
    """
    if not (text.startswith("[") and text.endswith("]")) or "[" in text[1:]:
        return None
    values = [set_value(part) for part in text[1:-1].split(",")]
    broken = any(isinstance(value, str) and (not value or set(value) & set("'\"")) for value in values)
    return None if broken else toml_value(values)


def _called(name: str, parts: Sequence[str]) -> Dimension:
    wanted = {"range": 3, "logrange": 3, "uniform": 2, "loguniform": 2}[name]
    if len(parts) != wanted:
        raise ValueError(f"{name} takes {wanted} values, found {len(parts)}")
    ends = _interval(parts[0], parts[1], logarithmic=name.startswith("log"))
    if wanted == 2:
        return ends
    if name == "logrange":
        count = _count(parts[2])
        return [ends.at(number / (count - 1)) for number in range(count)]
    step = _interval(parts[2], parts[2], logarithmic=False)
    if step.low <= 0 or (step.before, step.after) != (ends.before, ends.after):
        raise ValueError(f"the step {parts[2]!r} has to be positive, and in the unit of the ends")
    steps = (ends.high - ends.low) / step.low + 1e-9
    if not steps < MOST:
        raise ValueError(f"{steps:.3g} values are too many; {MOST} at most")
    count = int(steps) + 1
    last = replace(ends, high=ends.low + (count - 1) * step.low, whole=ends.whole and step.whole)
    return [last.at(number / max(count - 1, 1)) for number in range(count)]


def _count(text: str) -> int:
    if not text.isdecimal() or not 2 <= int(text[:9]) <= MOST:
        raise ValueError(f"expected how many values, from 2 to {MOST}, found {shorten(text)!r}")
    return int(text)


def _interval(low: str, high: str, *, logarithmic: bool) -> Interval:
    matches = [_NUMBER.fullmatch(text.strip("\"' ")) for text in (low, high)]
    if matches[0] is None or matches[1] is None:
        raise ValueError(f"expected two quantities such as 15 min, 4 h, found {shorten(f'{low}, {high}')!r}")
    (before, first, after), (_, second, _) = matches[0].groups(), matches[1].groups()
    if matches[1].group(1, 3) != (before, after):
        raise ValueError(f"write {low} and {high} in the same unit")
    ends = float(first), float(second)
    if not all(map(isfinite, ends)) or ends[0] > ends[1] or (logarithmic and ends[0] <= 0):
        raise ValueError(f"expected {'0 < ' if logarithmic else ''}low <= high, found {low}, {high}")
    whole = all(number.lstrip("+-").isdecimal() for number in (first, second)) and not after and not before
    return Interval(low=ends[0], high=ends[1], logarithmic=logarithmic, whole=whole, before=before, after=after)


def points(dimensions: Mapping[Path, Dimension], join: str, seed: int) -> Sequence[tuple[Any, ...]]:
    """Return the points of a sweep, a value for each dimension.

    Parameters
    ----------
    dimensions : mapping of path to values or Interval
        In the order of the table.
    join : str
        ``grid``, ``zip``, ``lhs:COUNT`` or ``sobol:COUNT``.
    seed : int
        Of the Latin hypercube.

    Raises
    ------
    ScenarioError
        If they cannot be joined so.

    Examples
    --------
    >>> points({("a",): [1, 2], ("b",): [3, 4]}, "grid", seed=1)
    [(1, 3), (1, 4), (2, 3), (2, 4)]
    >>> points({("a",): [1, 2], ("b",): [3, 4]}, "zip", seed=1)
    [(1, 3), (2, 4)]
    """
    kind, _, rest = join.partition(":")
    try:
        if kind in ("lhs", "sobol"):
            return _sampled(dimensions, kind, _count(rest), seed)
        if join not in ("grid", "zip"):
            raise ValueError(f"{shorten(join)!r} is not known; allowed: grid, zip, lhs:COUNT, sobol:COUNT")
        lists = [_values(path, values) for path, values in dimensions.items()]
        if join == "grid":
            return _grid(lists)
        if len({len(values) for values in lists}) > 1:
            sizes = ", ".join(
                f"{dotted(path)} has {len(values)}" for path, values in zip(dimensions, lists, strict=True)
            )
            raise ValueError(f"zip needs as many values of each: {sizes}")
        return list(zip(*lists, strict=True))
    except ValueError as error:
        raise ScenarioError([Issue(file="--join", message=str(error))]) from None


def _grid(lists: Sequence[Sequence[Any]]) -> Sequence[tuple[Any, ...]]:
    count = 1
    for values in lists:
        count *= len(values)
    if count > MOST:
        raise ValueError(f"{count} points are too many; {MOST} at most")
    return list(product(*lists))


def _values(path: Path, values: Dimension) -> Sequence[Any]:
    if isinstance(values, Interval):
        raise ValueError(f"{dotted(path)} is an interval; sample it with --join lhs:COUNT or sobol:COUNT")
    return values


def _sampled(
    dimensions: Mapping[Path, Dimension], kind: str, count: int, seed: int
) -> Sequence[tuple[Any, ...]]:  # fmt: skip
    """Fill the space evenly; a list is a dimension too, of equal parts."""
    shares = latin(len(dimensions), count, seed) if kind == "lhs" else sobol(len(dimensions), count)
    return [
        tuple(
            values.at(share) if isinstance(values, Interval) else values[int(share * len(values))]
            for values, share in zip(dimensions.values(), row, strict=True)
        )
        for row in shares.tolist()
    ]


def latin(width: int, count: int, seed: int) -> NDArray[np.float64]:
    """Return a Latin hypercube: each of `count` slices of each dimension has one point; shape (count, width)."""
    stream = generator(seed, "sweep", "latin")
    columns = [(stream.permutation(count) + stream.random(count)) / count for _ in range(width)]
    return np.column_stack(columns)


def sobol(width: int, count: int) -> NDArray[np.float64]:
    """Return the first points of the Sobol sequence, in the middle of their cells; shape (count, width)."""
    if count & (count - 1):
        raise ValueError(f"a Sobol sequence is even at powers of two only, not at {count}")
    from scipy.stats import qmc

    found: NDArray[np.float64] = qmc.Sobol(width, scramble=False).random(count) + 0.5 / count
    return found


def variants(
    loaded: Loaded, dimensions: Mapping[Path, Dimension], join: str, seed: int
) -> list[tuple[Mapping[str, Any], Scenario]]:
    """Resolve every point of a sweep.

    Raises
    ------
    ScenarioError
        With the problems of every point.
    """
    found: list[tuple[Mapping[str, Any], Scenario]] = []
    issues: dict[Issue, None] = {}
    place = Place(file="--over", line=None, folder=FilePath.cwd())
    for point in points(dimensions, join, seed):
        changed = loaded
        try:
            for path, value in zip(dimensions, point, strict=True):
                changed = changed.changed(path, value, place)
            found.append(
                ({dotted(path): value for path, value in zip(dimensions, point, strict=True)}, resolve(changed))
            )
        except ScenarioError as error:
            issues |= dict.fromkeys(error.issues)
    if issues:
        raise ScenarioError(issues)
    return found
