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


def summary(sample: NDArray[np.float64], *, groups: int | None = None) -> Summary:
    """Summarise a sample of shape (replicas,).

    Parameters
    ----------
    sample : array of shape (replicas,)
        Outcomes.
    groups : int, optional
        If replicas ``i`` and ``i + groups`` share their luck in part, such as the past of a cluster: the standard error
        is then that of the means of the groups.

    Examples
    --------
    >>> summary(np.array([1.0, 2.0, 3.0])).p50
    2.0
    """
    p10, p50, p90 = np.quantile(sample, (0.1, 0.5, 0.9)).tolist()
    spread = float(sample.std(ddof=1)) if sample.size > 1 else 0.0
    stderr = spread / sample.size**0.5
    if groups is not None and 1 < groups < sample.size:
        means = np.array([sample[start::groups].mean() for start in range(groups)])
        stderr = float(means.std(ddof=1)) / groups**0.5
    return Summary(mean=float(sample.mean()), p10=p10, p50=p50, p90=p90, stderr=stderr)
