"""Two scenarios on the same luck: paired differences, and how surely one is cheaper or sooner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.forecast import Forecast, groups_of
from analysis.metrics.summary import Summary, summary
from simulator.engine.spread import efficiencies, luck_in_talks

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
    most_ratio : float or None
        The most that any pairing of these two samples could make of it; None where that has no bound.
    alone : mapping of str to float
        Share of the paired variance that follows a draw which only one of the two has, 0 to 1: ``discount``, ``speed``
        or ``wait`` for machines. That draw is what is compared; no pairing takes it away.
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
    most_ratio: float | None
    alone: Mapping[str, float] = field(default_factory=dict)


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
    draws = _draws_of_one(a, b)
    return [
        difference(quantity, getattr(a.samples, quantity), getattr(b.samples, quantity), groups=groups, draws=draws)
        for quantity in quantities
    ]


def _draws_of_one(a: Forecast, b: Forecast) -> Mapping[str, FloatArray]:
    """Return what is drawn for one of two forecasts and certain in the other, by replica."""
    found: dict[str, FloatArray] = {}
    ours, theirs, replicas = a.scenario, b.scenario, range(a.replicas)
    if ours.tariff.is_uncertain != theirs.tariff.is_uncertain:
        found["discount"] = luck_in_talks(ours if ours.tariff.is_uncertain else theirs, replicas)
    if bool(ours.efficiency_sigma) != bool(theirs.efficiency_sigma):
        varied = ours if ours.efficiency_sigma else theirs
        found["speed"] = 1.0 / efficiencies(replace(varied, shared=None), replicas)
    if (ours.shared is None) != (theirs.shared is None):
        found["wait"] = (a if theirs.shared is None else b).samples.start_delay_days
    return found


def difference(
    quantity: str, a: FloatArray, b: FloatArray,
    *, groups: int | None = None, draws: Mapping[str, FloatArray] = MappingProxyType({}),
) -> Difference:  # fmt: skip
    """Compare two paired samples of shape (replicas,); `groups` as in `summary`, `draws` those that only one has.

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
    least_together = float((np.sort(b) - np.sort(a)).var())  # Frechet and Hoeffding: equal ranks vary least
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
        most_ratio=apart / least_together if least_together > 0 and together > 0 else None,
        alone={name: _followed(paired, drawn) for name, drawn in draws.items()} if together > 0 else {},
    )


def _followed(sample: FloatArray, drawn: FloatArray) -> float:
    """Return the share of a sample's variance that is linear in a draw: the square of their correlation."""
    if sample.size < 3 or drawn.std() == 0:
        return 0.0
    return float(np.corrcoef(sample, drawn)[0, 1] ** 2)


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
