"""Rare tails by importance sampling: runs with more faults, or fewer, weighted back to how likely they are.

One run in a hundred needs thousands of replicas before a hundredth of them says much. As many replicas again are run
with faults that come so much more often that the tail is common among them. The timeline is a Poisson process in
hazard, so that the likelihood of what a replica met is known exactly. Each counts by its likelihood under the truth
over that under the mixture of both halves (the balance heuristic: Veach and Guibas 1995; Owen 2013, chapter 9). No
weight is above 2, so that a tail which faults do not make costs at most twice the replicas.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.forecast import samples
from analysis.study.goal import Figure
from simulator.engine.timeline import passed
from simulator.records import Ensemble
from simulator.scenario.values import Scenario

FloatArray = NDArray[np.float64]

TAIL = 0.05  # and less beyond it: rare
FIRST_TILTED = 10_000_000  # number of a replica: beyond every plain one, so that no timeline is met twice
_FALLING = ("goodput",)  # with faults; all others rise
_Z_95 = 1.959964


def applies(scenario: Scenario, figure: Figure, ensemble: Ensemble) -> bool:
    """Tell whether a figure is that of a rare tail of a run that the batch engine runs, stops, and need not wait."""
    rare = figure.quantile is not None and min(figure.quantile, 1 - figure.quantile) <= TAIL + 1e-9
    return rare and ensemble.hazard is not None and bool(ensemble.interruptions.any()) and scenario.shared is None


def tilt(figure: Figure, faults: float) -> float:
    """Return how many times as often faults should come for a rare figure to be common.

    Parameters
    ----------
    figure : Figure
        A quantile.
    faults : float
        How many a run meets in the mean, above zero.

    Returns
    -------
    float
        So that the mean count goes where the count's own quantile is, as a normal law would have it.

    Examples
    --------
    >>> round(tilt(Figure(quantity="usd", quantile=0.99), 36), 3)
    1.388
    >>> round(tilt(Figure(quantity="goodput", quantile=0.99), 36), 3)
    0.721
    """
    from scipy.special import ndtri

    assert figure.quantile is not None
    reach = float(ndtri(figure.quantile)) / math.sqrt(faults) * (-1 if figure.quantity in _FALLING else 1)
    return 1 + reach if reach > 0 else 1 / (1 - reach)


def log_ratios(seed: int, replicas: range, ensemble: Ensemble, factor: float, *, of_tilted: bool) -> FloatArray:
    """Return the log of how much likelier the tilted scenario makes what each replica met, shape (replicas,).

    Parameters
    ----------
    seed, replicas : int, range
        Whose timelines they are.
    ensemble : Ensemble
        What they came to, by the batch engine.
    factor : float
        How many times as often faults come in the tilted scenario.
    of_tilted : bool
        Whether the ensemble is that of the tilted scenario, whose hazard runs faster.
    """
    assert ensemble.hazard is not None
    plain = ensemble.hazard / factor if of_tilted else ensemble.hazard
    return np.asarray(passed(seed, replicas, ensemble.hazard) * math.log(factor) - (factor - 1) * plain)


def mixture(
    scenario: Scenario, figure: Figure, factor: float, plain: tuple[Ensemble, range], tilted: tuple[Ensemble, range]
) -> "Mixture":
    """Return what as many plain as tilted replicas say of a figure; each with its replica numbers."""
    assert figure.quantile is not None
    values, ratios = [], []
    for is_tilted, (ensemble, replicas) in enumerate((plain, tilted)):
        values.append(getattr(samples(scenario, ensemble, replicas), figure.quantity))
        ratios.append(log_ratios(scenario.seed, replicas, ensemble, factor, of_tilted=bool(is_tilted)))
    return Mixture(values=np.array(values), ratios=np.array(ratios), quantile=figure.quantile)


@dataclass(frozen=True, eq=False, kw_only=True)
class Mixture:
    """Outcomes of as many plain as tilted replicas.

    Parameters
    ----------
    values : array of shape (2, replicas)
        Plain, then tilted.
    ratios : array of shape (2, replicas)
        Their `log_ratios`.
    quantile : float
        That is asked, between 0 and 1.
    """

    values: FloatArray
    ratios: FloatArray
    quantile: float

    @property
    def value(self) -> float:
        """The quantile."""
        return self._beyond(self._rare)

    @property
    def half_width(self) -> float:
        """Half of its 95 % interval, as a share of it; infinite where too few replicas lie beyond."""
        _, likely, error = self._tail
        reach = _Z_95 * float(error[min(int(np.searchsorted(likely, self._rare)), likely.size - 1)])
        if self._rare <= reach or self._rare + reach > likely[-1] or self.value == 0:
            return math.inf
        return abs(self._beyond(self._rare + reach) - self._beyond(self._rare - reach)) / 2 / abs(self.value)

    @property
    def _rare(self) -> float:
        assert 0 < self.quantile < 1
        return min(self.quantile, 1 - self.quantile)

    @cached_property
    def _tail(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The values from the rare end inwards, how likely what lies up to each is, and the standard error of that."""
        values, size = self.values.ravel(), self.values.shape[1]
        order = np.argsort(-values if self.quantile > 0.5 else values, kind="stable")
        weights = 2 / (1 + np.exp(np.minimum(self.ratios, 700.0)))
        likely, variance = np.zeros(values.size), np.zeros(values.size)
        for half in range(2):
            alone = np.zeros_like(weights)
            alone[half] = weights[half]
            in_order = alone.ravel()[order]
            mean = np.cumsum(in_order) / size
            likely += mean / 2
            variance += (np.cumsum(in_order**2) / size - mean**2) / size / 4
        return values[order], likely, np.sqrt(np.maximum(variance, 0.0))

    def _beyond(self, likely: float) -> float:
        """Return the value beyond which outcomes are so likely."""
        values, reached, _ = self._tail
        return float(values[min(int(np.searchsorted(reached, likely)), values.size - 1)])
