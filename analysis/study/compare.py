"""Two scenarios on the same luck: paired differences, and how surely one is cheaper or sooner.

The mean of a difference is estimated by common random numbers and control variates together; its quantiles and the
probability of being cheaper are those of the paired replicas as they are.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.forecast import Forecast, groups_of
from analysis.metrics.summary import Summary, summary
from analysis.study.control import Estimate, estimate_of
from simulator.engine.controls import KINDS, controls
from simulator.engine.spread import efficiencies, luck_in_talks
from simulator.scenario.values import Scenario

FloatArray = NDArray[np.float64]
Controls = Mapping[str, Sequence[FloatArray]]

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
    estimate : Estimate
        Of the mean of B - A, by control variates where there are any.
    probability_lower, probability_low, probability_high : float
        Share of replicas in which B is lower than A, ties counted half, and its 95 % interval (Wilson).
    variance_ratio : float or None
        Variance of the difference of two independent runs with as many replicas over that of the estimate; None when
        nothing varies. Of independent runs what stratified draws add is taken away: they gain by them, too.
    pairing_ratio : float or None
        What pairing alone makes of it, replica by replica; None when the paired do not vary.
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
    estimate: Estimate
    probability_lower: float
    probability_low: float
    probability_high: float
    variance_ratio: float | None
    pairing_ratio: float | None
    most_ratio: float | None
    alone: Mapping[str, float] = field(default_factory=dict)


def known_of(forecast: Forecast) -> Controls:
    """Return the control variates of a forecast, which take longer than to compare with them."""
    return controls(forecast.scenario, range(forecast.replicas))


def differences(a: Forecast, b: Forecast, known_a: Controls | None = None) -> Sequence[Difference]:
    """Compare two forecasts of equal seed and replicas.

    Parameters
    ----------
    known_a : mapping, optional
        `known_of` A, where A is compared with several.

    Raises
    ------
    ValueError
        If they did not live through the same replicas.
    """
    if (a.seed, a.replicas) != (b.seed, b.replicas):
        raise ValueError(
            f"seeds {a.seed}, {b.seed} and replicas {a.replicas}, {b.replicas} have to be equal to be paired"
        )
    quantities = QUANTITIES if groups_of(a.scenario, b.scenario) is None else (*IN_QUEUE, *QUANTITIES)
    draws = _draws_of_one(a, b)
    known = known_of(a) if known_a is None else known_a, known_of(b)
    return [
        difference(
            quantity, getattr(a.samples, quantity), getattr(b.samples, quantity),
            groups=(_groups(a.scenario, quantity), _groups(b.scenario, quantity)), draws=draws, known=known,
        )
        for quantity in quantities
    ]  # fmt: skip


def _groups(scenario: Scenario, quantity: str) -> int | None:
    """Return after how many replicas the luck of a quantity comes again: where it hangs on the past of a cluster."""
    shared = scenario.shared
    return None if shared is None or (quantity not in IN_QUEUE and shared.work is None) else shared.replications


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
    quantity: str, a: FloatArray, b: FloatArray, *, groups: tuple[int | None, int | None] = (None, None),
    draws: Mapping[str, FloatArray] = MappingProxyType({}),
    known: tuple[Controls, Controls] = (MappingProxyType({}), MappingProxyType({})),
) -> Difference:  # fmt: skip
    """Compare two paired samples of shape (replicas,).

    Parameters
    ----------
    groups : pair of int or None
        As in `summary`, of A and of B.
    draws : mapping of str to array of shape (replicas,)
        Those that only one of the two has.
    known : pair of mappings
        Control variates of A and of B (`simulator.engine.controls`).

    Examples
    --------
    >>> found = difference("usd", np.array([1.0, 2.0, 4.0]), np.array([0.5, 2.5, 3.5]))
    >>> round(found.probability_lower, 3)
    0.667
    """
    paired, shared = b - a, groups[0] or groups[1]
    share = float((paired < 0).mean() + 0.5 * (paired == 0).mean())
    least, most = wilson(share, min(shared or paired.size, paired.size))
    both = {name: [*known[0].get(name, ()), *known[1].get(name, ())] for name in {**known[0], **known[1]}}
    estimate = estimate_of(paired, both, groups=shared)
    independent = math.fsum(_of_one(*each) for each in zip((a, b), known, groups, strict=True))
    apart, together = float(a.var() + b.var()), float(paired.var())
    least_together = float((np.sort(b) - np.sort(a)).var())  # Frechet and Hoeffding: equal ranks vary least
    return Difference(
        quantity=quantity,
        a=float(a.mean()),
        b=float(b.mean()),
        difference=summary(paired, groups=shared),
        estimate=estimate,
        probability_lower=share,
        probability_low=least,
        probability_high=most,
        variance_ratio=None if estimate.is_certain else independent / estimate.stderr**2,
        pairing_ratio=apart / together if together > 0 else None,
        most_ratio=apart / least_together if least_together > 0 and together > 0 else None,
        alone={name: _followed(paired, drawn) for name, drawn in draws.items()} if together > 0 else {},
    )


def _of_one(sample: FloatArray, known: Controls, groups: int | None) -> float:
    """Return the variance of the mean of one run, less what is linear in stratified draws: they hardly add to it."""
    stratified = {name: arrays for name, arrays in known.items() if name not in KINDS}
    return estimate_of(sample, stratified, groups=groups).stderr ** 2


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
