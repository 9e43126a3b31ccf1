"""As many replicas as an answer needs: go on until the asked figure is known to an asked share of itself."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.forecast import Forecast, forecast
from analysis.study import rare
from analysis.study.factors import failing
from analysis.study.goal import Figure
from simulator.engine.run import run, silent
from simulator.engine.tally import join
from simulator.foundation.mapper import Mapper
from simulator.records import Ensemble
from simulator.scenario.values import Scenario

FloatArray = NDArray[np.float64]

FIRST = 512  # replicas
MOST = {"estimate": 1_000_000, "simulate": 20_000}
_Z_95 = 1.959964
_AT_MOST = 4  # times as many replicas in one step


@dataclass(frozen=True, slots=True, kw_only=True)
class Precise:
    """A forecast, and how well the asked figure is known.

    Parameters
    ----------
    forecast : Forecast
        With as many replicas as it took.
    figure : Figure
        What was asked.
    value : float
        The figure.
    half_width : float
        Of its 95 % interval, as a share of the figure.
    wanted : float
        The asked share.
    tilt : float or None
        As many replicas again were run with faults so many times as often, and weighted back; None if there were none.
    """

    forecast: Forecast
    figure: Figure
    value: float
    half_width: float
    wanted: float
    tilt: float | None = None

    @property
    def reached(self) -> bool:
        """Whether the figure is known as well as was asked."""
        return self.half_width <= self.wanted


class _Runs:
    """The replicas of a scenario so far."""

    def __init__(self, scenario: Scenario, first: int, mapper: Mapper, progress: Callable[[int], None]) -> None:
        self.scenario, self._first, self._count = scenario, first, 0
        self._run = partial(run, mapper=mapper, progress=progress)
        self._parts: list[Ensemble] = []

    def up_to(self, count: int) -> tuple[Ensemble, range]:
        """Return so many replicas, running those that are missing."""
        self._parts.append(self._run(self.scenario, range(self._first + self._count, self._first + count)))
        self._count = count
        replicas = range(self._first, self._first + count)
        return replace(join(self._parts), reason=self._parts[0].reason), replicas


def precise(
    scenario: Scenario, figure: Figure, wanted: float,
    *, mapper: Mapper = map, progress: Callable[[int], None] = silent,
) -> Precise:  # fmt: skip
    """Run replicas until the figure's 95 % interval is narrow enough, or there are too many.

    A rare tail that is not known well enough by the first of them is sampled by importance (`analysis.study.rare`).

    Parameters
    ----------
    scenario : Scenario
        Its number of replicas does not matter.
    figure : Figure
        What has to be known.
    wanted : float
        Half-width of its interval, as a share of the figure, above zero.
    mapper, progress : callable
        As for `simulator.engine.run.run`.
    """
    plain, tilted, tilt, count = _Runs(scenario, 0, mapper, progress), None, None, FIRST
    while True:
        ensemble, replicas = plain.up_to(count)
        found = forecast(replace(scenario, replicas=count), ensemble, replicas)
        values = getattr(found.samples, figure.quantity)
        value, half = figure.of_values(values), half_width(values, figure)
        if tilted is None and half > wanted and rare.applies(scenario, figure, ensemble):
            tilt = rare.tilt(figure, float(ensemble.interruptions.mean()))
            tilted = _Runs(failing(scenario, tilt), rare.FIRST_TILTED, mapper, progress)
        if tilted is not None and tilt is not None:
            mixture = rare.mixture(scenario, figure, tilt, (ensemble, replicas), tilted.up_to(count))
            value, half = mixture.value, mixture.half_width
        most = MOST[ensemble.engine]
        if half <= wanted or count >= most:
            return Precise(forecast=found, figure=figure, value=value, half_width=half, wanted=wanted, tilt=tilt)
        needed = 1.1 * count * (half / wanted) ** 2
        count = min(math.ceil(min(needed, _AT_MOST * count) / FIRST) * FIRST, most)


def half_width(sample: FloatArray, figure: Figure) -> float:
    """Return half the 95 % interval of a figure, as a share of it.

    Parameters
    ----------
    sample : array of shape (replicas,)
        Outcomes. Those of uncertain inputs are spread evenly on purpose, which makes the interval of a mean too wide
        rather than too narrow.
    figure : Figure
        A mean: its standard error is used. A quantile: the order statistics that a binomial count puts around it.

    Examples
    --------
    >>> round(half_width(np.arange(1.0, 10001.0), Figure(quantity="usd", quantile=0.5)), 4)
    0.0196
    """
    value = figure.of_values(sample)
    if value == 0:
        return 0.0 if not sample.any() else math.inf
    if figure.quantile is None:
        return _Z_95 * float(sample.std(ddof=1)) / math.sqrt(sample.size) / abs(value)
    middle, reach = (
        sample.size * figure.quantile,
        _Z_95 * (sample.size * figure.quantile * (1 - figure.quantile)) ** 0.5,
    )
    ordered = np.sort(sample)
    low, high = math.floor(middle - reach), math.ceil(middle + reach)
    if low < 0 or high >= sample.size:
        return math.inf  # too few to say anything
    return float(ordered[high] - ordered[low]) / 2 / abs(value)
