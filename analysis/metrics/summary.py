"""A sample in five numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Mean and quantiles of a quantity over replicas.

    Parameters
    ----------
    mean, p10, p50, p90 : float
        In the quantity's unit; one run in ten ends below `p10`, and one in ten above `p90`.
    stderr : float
        Standard error of the mean: how far it would move with other seeds.
    """

    mean: float
    p10: float
    p50: float
    p90: float
    stderr: float


def summary(sample: NDArray[np.float64]) -> Summary:
    """Summarise a sample of shape (replicas,).

    Examples
    --------
    >>> summary(np.array([1.0, 2.0, 3.0])).p50
    2.0
    """
    p10, p50, p90 = np.quantile(sample, (0.1, 0.5, 0.9)).tolist()
    spread = float(sample.std(ddof=1)) if sample.size > 1 else 0.0
    return Summary(mean=float(sample.mean()), p10=p10, p50=p50, p90=p90, stderr=spread / sample.size**0.5)
