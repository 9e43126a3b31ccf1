"""As many replicas as an answer needs: go on until the asked figure is known to an asked share of itself."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.forecast import Forecast, forecast
from analysis.study.goal import Figure
from simulator.engine.run import Mapper, join, run, silent
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
    half_width : float
        Of its 95 % interval, as a share of the figure.
    wanted : float
        The asked share.
    """

    forecast: Forecast
    figure: Figure
    half_width: float
    wanted: float

    @property
    def reached(self) -> bool:
        """Whether the figure is known as well as was asked."""
        return self.half_width <= self.wanted


def precise(
    scenario: Scenario, figure: Figure, wanted: float,
    *, mapper: Mapper = map, progress: Callable[[int], None] = silent,
) -> Precise:  # fmt: skip
    """Run replicas until the figure's 95 % interval is narrow enough, or there are too many.

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
    count, target, parts = 0, FIRST, []
    while True:
        parts.append(run(scenario, range(count, target), mapper=mapper, progress=progress))
        count = target
        ensemble = replace(join(parts), reason=parts[0].reason)
        found = forecast(replace(scenario, replicas=count), ensemble, range(count))
        half = half_width(getattr(found.samples, figure.quantity), figure)
        most = MOST[ensemble.engine]
        if half <= wanted or count >= most:
            return Precise(forecast=found, figure=figure, half_width=half, wanted=wanted)
        needed = 1.1 * count * (half / wanted) ** 2
        target = min(math.ceil(min(needed, _AT_MOST * count) / FIRST) * FIRST, most)


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
