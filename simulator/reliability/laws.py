"""Failure laws: how long a unit works from new until it fails.

A law is known by its mean and by what shapes it; all times scale with the mean, so that a cause can state a rate and a
law. A unit that is not new has the time left that its age implies: see `simulator.reliability.ages`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.reliability.hazard import Piecewise
from simulator.reliability.law import LAWS, AgeingLaw, FailureLaw

if TYPE_CHECKING:
    from numpy.random import Generator

FloatArray = NDArray[np.float64]
_erfc = np.frompyfunc(math.erfc, 1, 1)  # to load scipy for one function takes longer than a thousand calls

__all__ = ["LAWS", "AgeingLaw", "Empirical", "Exponential", "FailureLaw", "Gamma", "Lognormal", "Piecewise", "Trace",
           "Weibull", "law", "shaped"]  # fmt: skip


def law(name: str, *, mean_s: float, **shape: Any) -> FailureLaw:
    """Make a law by name from its mean and what shapes it.

    Raises
    ------
    KeyError
        If there is no such law; the message lists them.
    ValueError
        If the law does not take these parameters, or these values.

    Examples
    --------
    >>> law("weibull", mean_s=100.0, shape=0.7)
    Weibull(mean_s=100.0, shape=0.7)
    """
    kind = LAWS[name]
    try:
        made: FailureLaw = kind(mean_s=mean_s, **shape)
    except TypeError:
        takes = ", ".join(key for key in getattr(kind, "__dataclass_fields__", ()) if key != "mean_s") or "no shape"
        given = ", ".join(shape) or "nothing"
        raise ValueError(f"the law {name!r} takes {takes}; found {given}") from None
    return made


def shaped(name: str, *, mean_s: float, shape: float | None = None) -> FailureLaw:
    """Make a law with at most one parameter beside the mean, whatever the law calls it.

    Examples
    --------
    >>> shaped("lognormal", mean_s=12600.0, shape=1.58)
    Lognormal(mean_s=12600.0, sigma=1.58)
    """
    if shape is None:
        return law(name, mean_s=mean_s)
    return law(name, mean_s=mean_s, **{"sigma" if LAWS[name] is Lognormal else "shape": shape})


def _check_positive(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name}={value:g}: expected a positive, finite number")


@LAWS.register("exponential")
@dataclass(frozen=True, slots=True, kw_only=True)
class Exponential:
    """Memoryless: a unit of any age is as good as new.

    Examples
    --------
    >>> float(Exponential(mean_s=100.0).survival(100.0) * math.e)
    1.0
    """

    mean_s: float

    def __post_init__(self) -> None:
        _check_positive(mean_s=self.mean_s)

    def times_s(self, rng: "Generator", size: int) -> FloatArray:
        """Draw times from new to failure."""
        return rng.standard_exponential(size) * self.mean_s

    def survival(self, age_s: ArrayLike) -> FloatArray:
        """Return exp(-t / mean)."""
        return np.exp(-np.asarray(age_s) / self.mean_s)

    def left_s(self, rng: "Generator", size: int, age_s: float) -> FloatArray:  # noqa: ARG002 - age does not matter
        """Draw the time left, whatever the age."""
        return self.times_s(rng, size)

    def equilibrium_s(self, rng: "Generator", size: int) -> FloatArray:
        """Draw the time left, whatever the age."""
        return self.times_s(rng, size)


@LAWS.register("weibull")
@dataclass(frozen=True, slots=True, kw_only=True)
class Weibull:
    """S(t) = exp(-(t / scale)^shape): the hazard falls with age below shape 1, and rises above.

    Nodes of real clusters have shape 0.7 to 0.9 (Schroeder and Gibson, DSN 2006; LANL logs).

    Examples
    --------
    >>> round(Weibull(mean_s=154.0, shape=0.7).scale_s, 3)
    121.66
    """

    mean_s: float
    shape: float

    def __post_init__(self) -> None:
        _check_positive(mean_s=self.mean_s, shape=self.shape)

    @property
    def scale_s(self) -> float:
        """Age that 1/e of the units reach: mean / Gamma(1 + 1/shape) [s]."""
        return self.mean_s / math.gamma(1.0 + 1.0 / self.shape)

    def times_s(self, rng: "Generator", size: int) -> FloatArray:
        """Draw times from new to failure."""
        return self.scale_s * rng.standard_exponential(size) ** (1.0 / self.shape)

    def survival(self, age_s: ArrayLike) -> FloatArray:
        """Return exp(-(t / scale)^shape)."""
        return np.exp(-((np.asarray(age_s) / self.scale_s) ** self.shape))

    def left_s(self, rng: "Generator", size: int, age_s: float) -> FloatArray:
        """Draw the time left: the cumulative hazard grows by a unit exponential."""
        reached = (age_s / self.scale_s) ** self.shape
        return np.asarray(self.scale_s * (reached + rng.standard_exponential(size)) ** (1.0 / self.shape) - age_s)

    def equilibrium_s(self, rng: "Generator", size: int) -> FloatArray:
        """Draw a share of a length-biased life, which is scale Gamma(1 + 1/shape)^(1/shape)."""
        life_s = self.scale_s * rng.standard_gamma(1.0 + 1.0 / self.shape, size) ** (1.0 / self.shape)
        return life_s * rng.random(size)


@LAWS.register("gamma")
@dataclass(frozen=True, slots=True, kw_only=True)
class Gamma:
    """Sum of `shape` memoryless stages, where `shape` is whole; the hazard falls below shape 1.

    Examples
    --------
    >>> print(f"{Gamma(mean_s=2.0, shape=2.0).survival(1.0) * math.e:.6f}")  # (1 + 1) exp(-1)
    2.000000
    """

    mean_s: float
    shape: float

    def __post_init__(self) -> None:
        _check_positive(mean_s=self.mean_s, shape=self.shape)

    @property
    def scale_s(self) -> float:
        """Mean of one stage [s]."""
        return self.mean_s / self.shape

    def times_s(self, rng: "Generator", size: int) -> FloatArray:
        """Draw times from new to failure."""
        return self.scale_s * rng.standard_gamma(self.shape, size)

    def survival(self, age_s: ArrayLike) -> FloatArray:
        """Return the regularised upper incomplete gamma function."""
        from scipy.special import gammaincc

        return np.asarray(gammaincc(self.shape, np.asarray(age_s) / self.scale_s))

    def left_s(self, rng: "Generator", size: int, age_s: float) -> FloatArray:
        """Draw the time left by inversion of the survival beyond the age."""
        from scipy.special import gammainccinv

        beyond = self.survival(age_s) * (1.0 - rng.random(size))
        return np.asarray(np.maximum(self.scale_s * gammainccinv(self.shape, beyond) - age_s, 0.0))

    def equilibrium_s(self, rng: "Generator", size: int) -> FloatArray:
        """Draw a share of a length-biased life, which has one stage more."""
        return np.asarray(self.scale_s * rng.standard_gamma(self.shape + 1.0, size) * rng.random(size))


@LAWS.register("lognormal")
@dataclass(frozen=True, slots=True, kw_only=True)
class Lognormal:
    """The logarithm is normal with standard deviation `sigma`; the median is mean exp(-sigma^2 / 2).

    Examples
    --------
    >>> print(f"{Lognormal(mean_s=12600.0, sigma=1.5829).median_s:.0f}")  # repair: mean 3.5 h, median 1 h
    3600
    """

    mean_s: float
    sigma: float

    def __post_init__(self) -> None:
        _check_positive(mean_s=self.mean_s, sigma=self.sigma)

    @property
    def median_s(self) -> float:
        """Half of the units fail before [s]."""
        return self.mean_s * math.exp(-(self.sigma**2) / 2.0)

    def times_s(self, rng: "Generator", size: int) -> FloatArray:
        """Draw times from new to failure."""
        return self.median_s * np.exp(self.sigma * rng.standard_normal(size))

    def survival(self, age_s: ArrayLike) -> FloatArray:
        """Return Phi(-ln(t / median) / sigma)."""
        with np.errstate(divide="ignore"):
            late = np.log(np.asarray(age_s) / self.median_s) / self.sigma
        return np.asarray(_erfc(late / math.sqrt(2.0)), dtype=float) / 2.0

    def left_s(self, rng: "Generator", size: int, age_s: float) -> FloatArray:
        """Draw the time left by inversion of the survival beyond the age."""
        from scipy.special import ndtri

        beyond = self.survival(age_s) * (1.0 - rng.random(size))
        return np.maximum(self.median_s * np.exp(-self.sigma * ndtri(beyond)) - age_s, 0.0)

    def equilibrium_s(self, rng: "Generator", size: int) -> FloatArray:
        """Draw a share of a length-biased life, which is exp(sigma^2) longer and lognormal too."""
        life_s = self.median_s * np.exp(self.sigma**2 + self.sigma * rng.standard_normal(size))
        return life_s * rng.random(size)


@LAWS.register("empirical")
@dataclass(frozen=True, slots=True, kw_only=True)
class Empirical:
    """Times that were observed, drawn again at random and scaled to the mean.

    Examples
    --------
    >>> Empirical(mean_s=20.0, times=(1.0, 3.0)).scaled_s.tolist()
    [10.0, 30.0]
    """

    mean_s: float
    times: Sequence[float]

    def __post_init__(self) -> None:
        _check_positive(mean_s=self.mean_s)
        if not self.times or min(self.times) < 0 or not 0 < math.fsum(self.times) < math.inf:
            raise ValueError("times: expected at least one, none negative, and not all zero")

    @property
    def scaled_s(self) -> FloatArray:
        """The times in ascending order, with the law's mean [s]."""
        return np.sort(np.array(self.times)) * (self.mean_s * len(self.times) / math.fsum(self.times))

    def times_s(self, rng: "Generator", size: int) -> FloatArray:
        """Draw times from new to failure."""
        return rng.choice(self.scaled_s, size)

    def survival(self, age_s: ArrayLike) -> FloatArray:
        """Return the share of the times that are longer."""
        later = len(self.times) - np.searchsorted(self.scaled_s, np.asarray(age_s), side="right")
        return np.asarray(later / len(self.times))

    def left_s(self, rng: "Generator", size: int, age_s: float) -> FloatArray:
        """Draw the time left from the times that are longer; a unit older than all of them fails at once."""
        longer_s = self.scaled_s[self.scaled_s > age_s]
        return rng.choice(longer_s, size) - age_s if longer_s.size else np.zeros(size)

    def equilibrium_s(self, rng: "Generator", size: int) -> FloatArray:
        """Draw a share of a life that is drawn by its length."""
        lives_s = self.scaled_s
        return rng.choice(lives_s, size, p=lives_s / lives_s.sum()) * rng.random(size)


@LAWS.register("trace")
@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Failures at recorded instants: a replay, with nothing drawn and nothing scaled.

    Parameters
    ----------
    mean_s : float
        Mean time between the records, for those who ask; the replay does not use it [s].
    times : sequence of float
        Instants of the failures in exposed time since the run began, in order [s].
    units : sequence of int
        Which unit of the cause's domain fails each time; without it the first one does.

    Examples
    --------
    >>> Trace(mean_s=5.0, times=(2.0, 10.0)).times_s(None, 3).tolist()
    [2.0, 8.0, inf]
    """

    mean_s: float
    times: Sequence[float]
    units: Sequence[int] = ()

    def __post_init__(self) -> None:
        if any(later < earlier for earlier, later in zip(self.times, self.times[1:], strict=False)):
            raise ValueError("times: expected instants in order")
        if self.times and self.times[0] < 0:
            raise ValueError(f"times: {self.times[0]:g} is before the beginning")
        if self.units and len(self.units) != len(self.times):
            raise ValueError(f"units: expected one for each of the {len(self.times)} times, found {len(self.units)}")

    def times_s(self, rng: "Generator | None", size: int) -> FloatArray:  # noqa: ARG002 - nothing is drawn
        """Return the first gaps, and then never."""
        gaps_s = np.diff(np.array([0.0, *self.times]))
        return np.concatenate([gaps_s, np.full(max(size - len(gaps_s), 0), np.inf)])[:size]

    def of(self, unit: int) -> FloatArray:
        """Return the instants at which one unit fails [s]."""
        units = np.array(self.units, dtype=np.intp) if self.units else np.zeros(len(self.times), dtype=np.intp)
        return np.asarray(np.array(self.times, dtype=np.float64)[units == unit])
