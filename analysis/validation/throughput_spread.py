"""How far measured steps lie from the model: the spread of a class of rows, from residuals that were held out.

A class is a stack on a generation of accelerators. Its spread is the eightieth percentile of the absolute log
residuals over that of a normal distribution: four of five rows lie within p10 to p90, however heavy the tails are. A
source counts as the root of its rows, for its rows share their errors. A class with few sources is shrunk towards all
classes together, in the logarithm.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from simulator.workload.prediction import DECILE

COVERED: Final = 0.8
PRIOR_SOURCES: Final = 2.0  # weight of all classes together, in sources
UNMEASURED_SIGMA: Final = 0.16  # assumption, 0.1 to 0.3: where no row is left to measure by
LEAST_SIGMA: Final = 0.03  # the same configuration measured twice by one vendor differs by more than this


def spread(residuals: Sequence[float], sources: Sequence[str]) -> float:
    """Log standard deviation whose tenth and ninetieth percentile hold four fifths of the residuals.

    Examples
    --------
    >>> round(spread([-0.2, -0.1, 0.0, 0.1, 0.2], ["a"] * 5) * DECILE, 3)
    0.2
    """
    if not residuals:
        return UNMEASURED_SIGMA
    counts = Counter(sources)
    weights = np.array([1.0 / math.sqrt(counts[source]) for source in sources])
    sizes = np.abs(np.asarray(residuals, dtype=float))
    order = np.argsort(sizes, kind="stable")
    reached = np.cumsum(weights[order]) - 0.5 * weights[order]
    inside = np.interp(COVERED * weights.sum(), reached, sizes[order])
    return max(float(inside) / DECILE, LEAST_SIGMA)


def shrunk(own: float, sources: int, everyone: float) -> float:
    """Pull a class's spread towards that of all classes; the fewer its sources, the more."""
    weight = sources / (sources + PRIOR_SOURCES)
    return math.exp(weight * math.log(own) + (1.0 - weight) * math.log(everyone))
