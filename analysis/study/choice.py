"""Ways to one end: what each costs at a demand, and the demand at which two cost the same."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.lifecycle import LifeForecast, mean_usd
from simulator.workload.stages import Serving

_LOWEST: Final = 1e-6  # factors on the demand between which a crossing is looked for
_HIGHEST: Final = 1e6
_STEPS: Final = 97
_HALVINGS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """Two ways cost the same at a demand; `above` is cheaper beyond it.

    Parameters
    ----------
    below, above : str
        Names of the scenarios that are cheaper below and above.
    demand : float
        As a multiple of the scenarios' own demand.
    written_per_month : float
        The same as tokens written in the first month.
    """

    below: str
    above: str
    demand: float
    written_per_month: float


def one_demand(found: Sequence[LifeForecast]) -> bool:
    """Tell whether all ways serve the same tokens, read and written, month by month, and serve any."""
    first, *others = [_demand(each) for each in found]
    same = (other.shape == first.shape and np.allclose(other, first, rtol=1e-9, atol=0.0) for other in others)
    return first.size > 0 and all(same)


def _demand(found: LifeForecast) -> NDArray[np.float64]:
    """Return the tokens of every service, shape (months, read and written, least and most probable and largest)."""
    works = [stage.work for stage in found.life.stages if isinstance(stage.work, Serving)]
    every = np.zeros((max((work.months for work in works), default=0), 2, 3))
    for work in works:
        grown = (1.0 + work.growth) ** np.arange(work.months)
        every[: work.months] += grown[:, None, None] * np.array([work.read_per_month, work.written_per_month])
    return every


def break_evens(found: Sequence[LifeForecast]) -> Sequence[BreakEven]:
    """Return every demand at which two of the ways cost the same, the smallest demand first.

    Raises
    ------
    ValueError
        If the ways do not meet the same demand.
    """
    if not one_demand(found):
        raise ValueError("ways to one end have one demand: the same tokens read and written, month by month")
    each_pair = [crossing for a, b in combinations(found, 2) for crossing in _crossings(a, b)]
    return sorted(each_pair, key=lambda crossing: crossing.demand)


def cheapest_shares(found: Sequence[LifeForecast]) -> Sequence[float]:
    """Return in which share of the replicas each way is the cheapest; the replicas share their luck.

    Raises
    ------
    ValueError
        If the ways have other numbers of replicas or other seeds.
    """
    if len({(each.life.seed, each.life.replicas) for each in found}) != 1:
        raise ValueError("ways are paired on equal seeds and replicas")
    first = np.argmin(np.stack([each.usd_sample for each in found]), axis=0)
    return [float(np.mean(first == number)) for number in range(len(found))]


def curve(found: LifeForecast, demands: Sequence[float]) -> Sequence[float]:
    """Return the mean dollars of a way at multiples of its demand."""
    return [mean_usd(found, demand) for demand in demands]


def _crossings(a: LifeForecast, b: LifeForecast) -> Sequence[BreakEven]:
    def gap(demand: float) -> float:
        return mean_usd(a, demand) - mean_usd(b, demand)

    grid = np.geomspace(_LOWEST, _HIGHEST, _STEPS).tolist()
    gaps = [gap(demand) for demand in grid]
    found = []
    for low, high, before, after in zip(grid, grid[1:], gaps, gaps[1:], strict=False):
        if (before < 0) == (after < 0) or before == 0:
            continue
        left, right = math.log(low), math.log(high)
        for _ in range(_HALVINGS):
            middle = (left + right) / 2
            left, right = (middle, right) if (gap(math.exp(middle)) < 0) == (before < 0) else (left, middle)
        demand = math.exp((left + right) / 2)
        names = (a.life.name, b.life.name) if before < 0 else (b.life.name, a.life.name)
        found.append(
            BreakEven(
                below=names[0],
                above=names[1],
                demand=demand,
                written_per_month=demand * (a.written_per_month or 0.0),
            )
        )
    return found
