"""Two scenarios on the same luck: paired differences, and how surely one is cheaper or sooner."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.forecast import Forecast, groups_of
from analysis.metrics.summary import Summary, summary

FloatArray = NDArray[np.float64]

IN_QUEUE = ("start_delay_days", "finish_days")
QUANTITIES = ("wall_days", "usd", "accelerator_hours", "goodput", "interruptions")
_NORMAL_95 = 1.959964  # half-width of a 95 % interval in standard errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One quantity of B less the same of A, replica by replica on common random numbers.

    Parameters
    ----------
    quantity : str
        One of `QUANTITIES`, or of `IN_QUEUE` if one of the two waits on a shared cluster.
    a, b : float
        The two means.
    difference : Summary
        Of B - A over replicas.
    low, high : float
        95 % interval of the mean difference.
    probability_lower, probability_low, probability_high : float
        Share of replicas in which B is lower than A, ties counted half, and its 95 % interval (Wilson).
    variance_ratio : float or None
        Variance of independent differences over that of the paired ones; None when the paired do not vary.
    """

    quantity: str
    a: float
    b: float
    difference: Summary
    low: float
    high: float
    probability_lower: float
    probability_low: float
    probability_high: float
    variance_ratio: float | None


def differences(a: Forecast, b: Forecast) -> Sequence[Difference]:
    """Compare two forecasts of equal seed and replicas.

    Raises
    ------
    ValueError
        If they did not live through the same replicas.
    """
    if (a.seed, a.replicas) != (b.seed, b.replicas):
        raise ValueError(
            f"seeds {a.seed}, {b.seed} and replicas {a.replicas}, {b.replicas} have to be equal to be paired"
        )
    groups = groups_of(a.scenario, b.scenario)
    quantities = QUANTITIES if groups is None else (*IN_QUEUE, *QUANTITIES)
    return [
        difference(quantity, getattr(a.samples, quantity), getattr(b.samples, quantity), groups=groups)
        for quantity in quantities
    ]


def difference(quantity: str, a: FloatArray, b: FloatArray, *, groups: int | None = None) -> Difference:
    """Compare two paired samples of shape (replicas,); `groups` as in `summary`.

    Examples
    --------
    >>> found = difference("usd", np.array([1.0, 2.0, 4.0]), np.array([0.5, 2.5, 3.5]))
    >>> round(found.probability_lower, 3)
    0.667
    """
    paired = b - a
    spread = summary(paired, groups=groups)
    share = float((paired < 0).mean() + 0.5 * (paired == 0).mean())
    least, most = wilson(share, min(groups or paired.size, paired.size))
    apart, together = float(a.var() + b.var()), float(paired.var())
    return Difference(
        quantity=quantity,
        a=float(a.mean()),
        b=float(b.mean()),
        difference=spread,
        low=spread.mean - _NORMAL_95 * spread.stderr,
        high=spread.mean + _NORMAL_95 * spread.stderr,
        probability_lower=share,
        probability_low=least,
        probability_high=most,
        variance_ratio=apart / together if together > 0 else None,
    )


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a probability of which a share was seen in so many trials.

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927) 209.

    Examples
    --------
    >>> low, high = wilson(1.0, 100)
    >>> round(low, 3), high
    (0.963, 1.0)
    """
    square = _NORMAL_95**2 / count
    middle, half = share + square / 2, (share * (1 - share) * square + square * square / 4) ** 0.5
    return max((middle - half) / (1 + square), 0.0), min((middle + half) / (1 + square), 1.0)
