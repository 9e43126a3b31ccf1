"""Laws fitted to observed times by maximum likelihood, right-censored times included.

A time is *censored* when the observation ended before it did: only its lower bound is known. Each law is fitted on its
own and the laws are compared by Akaike's criterion; the exponential law is nested in the Weibull law (shape 1), so that
it is also tested by the ratio of likelihoods. Formulas: Lawless, "Statistical models and methods for lifetime data",
2nd edition, chapters 4 and 5.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
FEWEST = 8
"""Observed times below which no law is chosen: any would fit."""
SHAPE_NAMES: Final[Mapping[str, str]] = {"weibull": "shape", "gamma": "shape", "lognormal": "sigma"}
"""How each law calls its second parameter; the exponential law has none."""
CLEARLY = 2.0
"""Difference of Akaike's criterion below which two laws fit alike (Burnham and Anderson)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LawFit:
    """One law at its most likely parameters.

    Parameters
    ----------
    law : str
        ``exponential``, ``weibull``, ``gamma`` or ``lognormal``.
    shape : float
        Weibull and gamma shape; standard deviation of the logarithm (lognormal); 1 (exponential).
    scale_s : float
        Weibull and gamma scale; median (lognormal); mean (exponential) [s].
    mean_s, median_s : float
        Of the law [s].
    log_likelihood, aic : float
        Natural logarithm, and Akaike's criterion: the smaller the better.
    """

    law: str
    shape: float
    scale_s: float
    mean_s: float
    median_s: float
    log_likelihood: float
    aic: float

    @property
    def parameters(self) -> Mapping[str, float]:
        """What `simulator.reliability.laws.law` takes beside the mean."""
        name = SHAPE_NAMES.get(self.law)
        return {} if name is None else {name: self.shape}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Laws side by side.

    Parameters
    ----------
    observed, censored : int
        Times that were seen to their end, and others.
    fits : sequence of LawFit
        The best first.
    exponential_p : float
        Probability of so large a ratio of likelihoods if the law were exponential, from chi-squared with one degree.
    shape_low, shape_high : float
        95 % profile-likelihood interval of the Weibull shape.
    observed_s, censored_s : array
        The times themselves, ascending [s].
    """

    observed: int
    censored: int
    fits: Sequence[LawFit]
    exponential_p: float
    shape_low: float
    shape_high: float
    observed_s: FloatArray = field(repr=False, compare=False)
    censored_s: FloatArray = field(repr=False, compare=False)

    @property
    def best(self) -> LawFit:
        """The law with the smallest criterion; the exponential one where no other is clearly better."""
        exponential = self.of("exponential")
        plain = not self.exponential_rejected and exponential.aic <= self.fits[0].aic + CLEARLY
        return exponential if plain else self.fits[0]

    @property
    def exponential_rejected(self) -> bool:
        """Whether the times are not exponential, at 5 %."""
        return self.exponential_p < 0.05

    def of(self, law: str) -> LawFit:
        """Return the fit of one law."""
        return next(fit for fit in self.fits if fit.law == law)

    def weibull_mean_s(self, shape: float) -> float:
        """Return the mean of the likeliest Weibull law of a given shape [s]."""
        times = Times(self.observed_s, self.censored_s)
        return _weibull_scale(times, shape) * times.unit_s * math.gamma(1.0 + 1.0 / shape)


class Times:
    """Times to fit, as fractions of their largest, so that no power overflows.

    Parameters
    ----------
    observed_s, censored_s : array-like
        Positive and finite [s].
    """

    def __init__(self, observed_s: ArrayLike, censored_s: ArrayLike = ()) -> None:
        seen, open_ = (np.asarray(times, dtype=np.float64) for times in (observed_s, censored_s))
        both = np.concatenate([seen, open_])
        if not seen.size or not np.all(np.isfinite(both)) or np.any(both <= 0):
            raise ValueError("expected positive finite times, of which at least one was observed to its end")
        self.unit_s = float(both.max())
        self.seen, self.open, self.all = seen / self.unit_s, open_ / self.unit_s, both / self.unit_s
        self.seen_log, self.all_log = np.log(self.seen), np.log(self.all)

    def fit(self, law: str, shape: float, scale: float, log_likelihood: float, parameters: int) -> LawFit:
        """Return a fit in seconds from one in fractions."""
        scale_s = scale * self.unit_s
        mean_s, median_s = _MOMENTS[law](shape, scale_s)
        whole = log_likelihood - self.seen.size * math.log(self.unit_s)
        return LawFit(law=law, shape=shape, scale_s=scale_s, mean_s=mean_s, median_s=median_s, log_likelihood=whole,
                      aic=2 * parameters - 2 * whole)  # fmt: skip


def choose(observed_s: ArrayLike, censored_s: ArrayLike = ()) -> Choice:
    """Fit every law to times, and compare.

    Parameters
    ----------
    observed_s, censored_s : array-like
        Times seen to their end, and lower bounds of others [s].

    Raises
    ------
    ValueError
        If a time is not positive and finite, or fewer than two different ones were observed.

    Examples
    --------
    >>> found = choose([10.0, 20.0, 30.0, 40.0], [50.0])
    >>> round(found.of("exponential").mean_s, 6)  # total time over failures
    37.5
    """
    times = Times(observed_s, censored_s)
    if np.ptp(times.seen) == 0:
        raise ValueError("expected at least two different times")
    fits = sorted((fit(times) for fit in _FITS.values()), key=lambda fit: fit.aic)
    by_law = {fit.law: fit for fit in fits}
    ratio = 2 * (by_law["weibull"].log_likelihood - by_law["exponential"].log_likelihood)
    low, high = _shape_interval(times, by_law["weibull"])
    return Choice(
        observed=times.seen.size,
        censored=times.open.size,
        fits=tuple(fits),
        exponential_p=math.erfc(math.sqrt(max(ratio, 0.0) / 2)),
        shape_low=low,
        shape_high=high,
        observed_s=np.sort(times.seen) * times.unit_s,
        censored_s=np.sort(times.open) * times.unit_s,
    )


def _exponential(times: Times) -> LawFit:
    scale = math.fsum(times.all) / times.seen.size
    return times.fit("exponential", 1.0, scale, -times.seen.size * (math.log(scale) + 1), 1)


def _weibull(times: Times) -> LawFit:
    """Solve the likelihood equation of the shape (Lawless 5.2.5); the scale follows from it."""
    from scipy.optimize import brentq

    mean_log = times.seen_log.mean()

    def slope(shape: float) -> float:
        powers = times.all**shape
        return float((powers * times.all_log).sum() / powers.sum() - 1 / shape - mean_log)

    low = high = 1.0
    while slope(low) > 0:
        low /= 2
    while slope(high) < 0:
        high *= 2
    shape = float(brentq(slope, low, high, xtol=1e-14, rtol=1e-13))
    return times.fit("weibull", shape, _weibull_scale(times, shape), _weibull_profile(times, shape), 2)


def _weibull_scale(times: Times, shape: float) -> float:
    return float(((times.all**shape).sum() / times.seen.size) ** (1 / shape))


def _weibull_profile(times: Times, shape: float) -> float:
    """Return the log-likelihood of a shape with the best scale."""
    seen, scale = times.seen.size, _weibull_scale(times, shape)
    logs = float(times.seen_log.sum())
    return seen * (math.log(shape) - shape * math.log(scale) - 1) + (shape - 1) * logs


def _shape_interval(times: Times, best: LawFit) -> tuple[float, float]:
    """Return where twice the log-likelihood is 3.841 below its best."""
    from scipy.optimize import brentq

    top = _weibull_profile(times, best.shape)

    def gap(log_shape: float) -> float:
        return 2 * (top - _weibull_profile(times, math.exp(log_shape))) - 3.841458820694124

    middle, step = math.log(best.shape), 0.1
    while (gap(middle - step) < 0 or gap(middle + step) < 0) and step < 50:
        step *= 2
    return math.exp(brentq(gap, middle - step, middle)), math.exp(brentq(gap, middle, middle + step))


def _lognormal(times: Times) -> LawFit:
    from scipy.special import log_ndtr

    def likelihood(location: float, spread: float) -> float:
        seen = (times.seen_log - location) / spread
        later = log_ndtr((location - np.log(times.open)) / spread).sum() if times.open.size else 0.0
        density = -0.5 * (seen**2).sum() - times.seen_log.sum()
        return float(density + later) - times.seen.size * (math.log(spread) + 0.5 * math.log(2 * math.pi))

    location, spread = float(times.seen_log.mean()), float(times.seen_log.std())
    if times.open.size:
        location, log_spread = _climb(lambda at: likelihood(at[0], math.exp(at[1])), [location, math.log(spread)])
        spread = math.exp(log_spread)
    return times.fit("lognormal", spread, math.exp(location), likelihood(location, spread), 2)


def _gamma(times: Times) -> LawFit:
    from scipy.special import gammaincc, gammaln

    def likelihood(at: Sequence[float]) -> float:
        shape, scale = math.exp(at[0]), math.exp(at[1])
        later = np.log(np.maximum(gammaincc(shape, times.open / scale), 1e-300)).sum() if times.open.size else 0.0
        density = (shape - 1) * times.seen_log.sum() - times.seen.sum() / scale
        return float(density + later) - times.seen.size * (float(gammaln(shape)) + shape * at[1])

    mean = math.fsum(times.all) / times.seen.size
    log_shape, log_scale = _climb(likelihood, [0.0, math.log(mean)])
    return times.fit("gamma", math.exp(log_shape), math.exp(log_scale), likelihood([log_shape, log_scale]), 2)


def _climb(likelihood: Callable[[Sequence[float]], float], start: Sequence[float]) -> tuple[float, float]:
    from scipy.optimize import minimize

    def descent(at: FloatArray) -> float:
        return -likelihood(at.tolist())

    found = minimize(descent, np.array(start), method="Nelder-Mead",
                     options={"xatol": 1e-9, "fatol": 1e-10, "maxiter": 4000})  # fmt: skip
    return float(found.x[0]), float(found.x[1])


def _gamma_median(shape: float) -> float:
    from scipy.special import gammaincinv

    return float(gammaincinv(shape, 0.5))


def _lognormal_mean_s(shape: float, scale_s: float) -> float:
    return scale_s * math.exp(min(shape**2 / 2, 700.0))


_FITS: Final[Mapping[str, Callable[[Times], LawFit]]] = {
    "exponential": _exponential,
    "weibull": _weibull,
    "gamma": _gamma,
    "lognormal": _lognormal,
}
_MOMENTS: Final[Mapping[str, Callable[[float, float], tuple[float, float]]]] = {
    "exponential": lambda _, scale_s: (scale_s, scale_s * math.log(2)),
    "weibull": lambda k, scale_s: (scale_s * math.gamma(1 + 1 / k), scale_s * math.log(2) ** (1 / k)),
    "gamma": lambda k, scale_s: (k * scale_s, scale_s * _gamma_median(k)),
    "lognormal": lambda sigma, scale_s: (_lognormal_mean_s(sigma, scale_s), scale_s),
}


def survival(observed_s: FloatArray, censored_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the share that outlasts each different observed time (Kaplan and Meier 1958).

    Examples
    --------
    >>> times, share = survival(np.array([1.0, 2.0, 4.0]), np.array([3.0]))
    >>> times.tolist(), [round(each, 3) for each in share.tolist()]
    ([1.0, 2.0, 4.0], [0.75, 0.5, 0.0])
    """
    times, ends = np.unique(observed_s, return_counts=True)
    both = np.sort(np.concatenate([observed_s, censored_s]))
    at_risk = both.size - np.searchsorted(both, times, side="left")
    return times, np.asarray(np.cumprod(1.0 - ends / at_risk), dtype=np.float64)


def poisson_interval(count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a Poisson mean from one count (Garwood 1936).

    Examples
    --------
    >>> low, high = poisson_interval(419)
    >>> round(low, 1), round(high, 1)
    (379.8, 461.1)
    """
    from scipy.special import gammaincinv

    tail = (1 - confidence) / 2
    low = float(gammaincinv(count, tail)) if count else 0.0
    return low, float(gammaincinv(count + 1, 1 - tail))
