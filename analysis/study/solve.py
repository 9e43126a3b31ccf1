"""At which value of one input is a goal just met: common random numbers and bisection.

All values are tried on the same replicas, so that the figure moves smoothly with the input, and where it crosses its
bound is known far better than the figure itself. How well is measured: the replicas are split into blocks, each block
is solved for itself, and the spread of the answers gives the interval. Where replicas share pasts of a busy cluster, a
block has pasts of its own, so that the interval covers them, too.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import numpy as np

from analysis.metrics.forecast import Samples, groups_of, samples
from analysis.study.goal import Goal
from analysis.study.space import Dimension, Interval
from simulator.engine.run import run, silent
from simulator.engine.timeline import UnfinishableError
from simulator.scenario.api import resolve
from simulator.scenario.lines import Path, dotted
from simulator.scenario.load import Loaded
from simulator.scenario.merge import Place
from simulator.scenario.values import Scenario

BLOCKS = 8
LOOKS = 9  # values that are tried first, evenly between the ends
CLOSE = 1e-4  # of the way between the ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """Where a goal is just met.

    Parameters
    ----------
    path : str
        The input that was varied.
    goal : Goal
        What has to hold.
    tried : mapping of value to float
        The goal's figure at every value that was tried, in the order of the values; infinite where no run ends.
    value : value or None
        The last value, towards the side that misses, at which the goal is met; None where no value that was tried
        meets it, or all do.
    figure : float or None
        The goal's figure there.
    low, high : value or None
        95 % interval of the value; None with fewer than two replicas a block.
    crossings : int
        How often the goal is gained or lost between the values looked at first; more than one means that the value is
        one answer of several.
    """

    path: str
    goal: Goal
    tried: Mapping[Any, float]
    value: Any | None
    figure: float | None
    low: Any | None
    high: Any | None
    crossings: int

    @property
    def always(self) -> bool:
        """Whether every value that was tried meets the goal."""
        return all(self.goal.spare(value) >= 0 for value in self.tried.values())


def solve(
    loaded: Loaded, path: Path, values: Dimension, goal: Goal, progress: Callable[[int], None] = silent
) -> Solution:
    """Find where a goal is just met.

    Parameters
    ----------
    loaded : Loaded
        The scenario.
    path : Path
        The input to vary.
    values : Interval or sequence
        Between which ends; a list is taken in its order.
    goal : Goal
        What has to hold.
    progress : callable, optional
        Called with 1 for each value that was tried.

    Raises
    ------
    ScenarioError
        If the scenario does not resolve with a value.
    """
    line = _Line(loaded, path, values)
    everyone = _Trial(line, goal, range(line.replicas), progress)
    shares = sorted({line.snapped(look / (LOOKS - 1)) for look in range(LOOKS)})
    for share in shares:
        line.scenario(share)  # all that is wrong with the ends is said before anything is run
    met = [everyone.spare(share) >= 0 for share in shares]
    turns = [number for number in range(1, len(shares)) if met[number] != met[number - 1]]
    if not turns:
        return _solution(everyone, None, (None, None), 0)
    bracket = shares[turns[0] - 1], shares[turns[0]]
    best = _bisected(everyone, *bracket)
    return _solution(everyone, best, _interval(line, goal, best, progress), len(turns))


class _Line:
    """The values of one input, by their share of the way from the first to the last."""

    def __init__(self, loaded: Loaded, path: Path, values: Dimension) -> None:
        self.loaded, self.path, self.values = loaded, path, values
        self.place = Place(file="--for", line=None, folder=FilePath.cwd())
        self._known: dict[float, Scenario] = {}
        self._lived: dict[tuple[float, range], Samples | None] = {}
        self.replicas = self.scenario(self.snapped(0.0)).replicas

    def at(self, share: float) -> Any:
        """Return the value at a share."""
        if isinstance(self.values, Interval):
            return self.values.at(share)
        return self.values[round(share * (len(self.values) - 1))]

    @property
    def step(self) -> float:
        """The smallest difference of shares that means another value."""
        if not isinstance(self.values, Interval):
            return 1.0 / max(len(self.values) - 1, 1)
        steps = self.values.high - self.values.low
        return max(1.0 / steps, CLOSE) if self.values.whole and not self.values.logarithmic and steps > 0 else CLOSE

    def snapped(self, share: float) -> float:
        """Return the nearest share that is a value of its own."""
        return min(round(share / self.step) * self.step, 1.0)

    def scenario(self, share: float) -> Scenario:
        """Resolve the scenario with the value at a share."""
        if share not in self._known:
            self._known[share] = resolve(self.loaded.changed(self.path, self.at(share), self.place))
        return self._known[share]

    def lived(self, share: float, replicas: range) -> Samples | None:
        """Return what some replicas come to with the value at a share, run once; None where they do not end."""
        if (share, replicas) not in self._lived:
            scenario = self.scenario(share)
            try:
                self._lived[share, replicas] = samples(scenario, run(scenario, replicas), replicas)
            except UnfinishableError:
                self._lived[share, replicas] = None
        return self._lived[share, replicas]


class _Trial:
    """The goal's figure by share, on some replicas; each value is run once.

    `pasts` are those of the shared cluster that count, of so many; the replicas that lived after others are left out.
    """

    def __init__(
        self, line: _Line, goal: Goal, replicas: range, progress: Callable[[int], None],
        pasts: tuple[Sequence[int], int] | None = None,
    ) -> None:  # fmt: skip
        self.line, self.goal, self.replicas, self.progress, self.pasts = line, goal, replicas, progress, pasts
        self.figures: dict[float, float] = {}

    def spare(self, share: float) -> float:
        """Return how far the goal is met with the value at a share."""
        if share not in self.figures:
            self.figures[share] = self._figure(share)
            self.progress(1)
        return self.goal.spare(self.figures[share])

    def _figure(self, share: float) -> float:
        figure, found = self.goal.figure, self.line.lived(share, self.replicas)
        if found is None:
            return 0.0 if figure.quantity == "goodput" else math.inf
        values = getattr(found, figure.quantity)
        if self.pasts is not None:
            chosen, count = self.pasts
            values = values[np.isin(np.array(self.replicas) % count, chosen)]
        return figure.of_values(values)


def _bisected(trial: _Trial, low: float, high: float) -> float:
    """Return the share at which the goal is met, next to where it is missed."""
    meets_low = trial.spare(low) >= 0
    while True:
        middle = trial.line.snapped((low + high) / 2)
        if middle in (low, high):
            return low if meets_low else high
        if (trial.spare(middle) >= 0) == meets_low:
            low = middle
        else:
            high = middle


def _interval(line: _Line, goal: Goal, best: float, progress: Callable[[int], None]) -> tuple[Any | None, Any | None]:
    """Solve blocks of replicas on their own, around the best share, and return the 95 % interval of the value."""
    from scipy.special import stdtrit

    blocks = list(_blocks(line, goal, best, progress))
    if len(blocks) < 2:
        return None, None
    found = [_near(block, best) for block in blocks]
    half = float(stdtrit(len(found) - 1, 0.975) * np.std(found, ddof=1)) / len(found) ** 0.5
    return line.at(max(best - half, 0.0)), line.at(min(best + half, 1.0))


def _blocks(line: _Line, goal: Goal, best: float, progress: Callable[[int], None]) -> Iterator[_Trial]:
    """Yield the replicas in parts that share no luck; none where a part would have less than two."""
    pasts, size = groups_of(line.scenario(best)), line.replicas // BLOCKS
    if size < 2:
        return
    if pasts is None:
        yield from (_Trial(line, goal, range(at * size, (at + 1) * size), progress) for at in range(BLOCKS))
        return
    blocks = min(BLOCKS, pasts, line.replicas)
    for block in range(blocks):
        yield _Trial(line, goal, range(line.replicas), progress, (range(block, pasts, blocks), pasts))


def _near(trial: _Trial, best: float) -> float:
    """Bisect in a bracket that is widened until the goal turns in it; where it never does, return the nearer end."""
    reach = max(4 * trial.line.step, 0.01)
    while True:
        low, high = trial.line.snapped(max(best - reach, 0.0)), trial.line.snapped(min(best + reach, 1.0))
        if (trial.spare(low) >= 0) != (trial.spare(high) >= 0):
            return _bisected(trial, low, high)
        if low == 0.0 and high == 1.0:
            return high if abs(trial.spare(high)) < abs(trial.spare(low)) else low
        reach *= 3


def _solution(trial: _Trial, share: float | None, ends: tuple[Any | None, Any | None], crossings: int) -> Solution:
    line = trial.line
    return Solution(
        path=dotted(line.path),
        goal=trial.goal,
        tried={line.at(at): trial.figures[at] for at in sorted(trial.figures)},
        value=None if share is None else line.at(share),
        figure=None if share is None else trial.figures[share],
        low=ends[0],
        high=ends[1],
        crossings=crossings,
    )
