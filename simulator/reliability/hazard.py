"""A hazard that changes in steps: burn-in, useful life, wear-out; and the same for a whole fleet over the months."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.reliability.law import LAWS

if TYPE_CHECKING:
    from numpy.random import Generator

FloatArray = NDArray[np.float64]
Time = TypeVar("Time", float, FloatArray)


@dataclass(frozen=True, slots=True)
class Steps:
    """A multiple of the rate that changes at certain ages.

    Parameters
    ----------
    ages_s : sequence of float
        From when on each multiple holds; the first is 0, and they ascend [s].
    multiples : sequence of float
        Of the rate, one for each age; the last one holds for ever and is positive.

    Examples
    --------
    >>> burn_in = Steps((0.0, 10.0), (3.0, 1.0))
    >>> print(burn_in.exposure_s(15.0), burn_in.age_s(35.0))  # 10 s count threefold
    35.0 15.0
    """

    ages_s: Sequence[float]
    multiples: Sequence[float]

    def __post_init__(self) -> None:
        if not self.ages_s or self.ages_s[0] != 0 or len(self.ages_s) != len(self.multiples):
            raise ValueError("expected ages from 0 on, and one multiple for each")
        if any(later <= earlier for earlier, later in zip(self.ages_s, self.ages_s[1:], strict=False)):
            raise ValueError("ages: expected each to be later than the one before")
        if min(self.multiples) < 0 or not 0 < self.multiples[-1] < math.inf:
            raise ValueError("multiples: expected none to be negative, and the last one to be positive")

    @property
    def _edges(self) -> FloatArray:
        """Exposure at each age [s]."""
        spans = np.diff(np.array(self.ages_s)) * np.array(self.multiples[:-1])
        return np.concatenate([[0.0], np.cumsum(spans)])

    def exposure_s(self, age_s: ArrayLike) -> FloatArray:
        """Return the integral of the multiple up to an age [s]."""
        ages, age = np.array(self.ages_s), np.asarray(age_s, dtype=np.float64)
        step = np.searchsorted(ages, age, side="right") - 1
        return np.asarray(self._edges[step] + (age - ages[step]) * np.array(self.multiples)[step])

    def age_s(self, exposure_s: ArrayLike) -> FloatArray:
        """Return the age at which the integral is reached first [s]."""
        edges, exposure = self._edges, np.asarray(exposure_s, dtype=np.float64)
        step = np.maximum(np.searchsorted(edges, exposure, side="left") - 1, 0)
        rate = np.array(self.multiples)[step]
        with np.errstate(divide="ignore", invalid="ignore"):
            beyond = np.where(rate > 0, (exposure - edges[step]) / rate, 0.0)
        return np.asarray(np.array(self.ages_s)[step] + beyond)

    def later(self, by_s: float) -> "Steps":
        """Return the steps as they are to come after some time [s].

        Examples
        --------
        >>> Steps((0.0, 10.0, 20.0), (3.0, 2.0, 1.0)).later(12.0)
        Steps(ages_s=(0.0, 8.0), multiples=(2.0, 1.0))
        """
        passed = sum(age_s <= by_s for age_s in self.ages_s)
        ages_s = (0.0, *(age_s - by_s for age_s in self.ages_s[passed:]))
        return Steps(ages_s, tuple(self.multiples[passed - 1 :]))


def exposure_s(maturity: Steps | None, at_s: Time) -> Time:
    """Return how much exposure a fleet has had at an instant, as if it had always had the stated rate [s]."""
    if maturity is None:
        return at_s
    found: Any = maturity.exposure_s(at_s)
    told: Time = float(found) if isinstance(at_s, float) else found
    return told


def instant_s(maturity: Steps | None, exposure_s: Time) -> Time:
    """Return the instant at which a fleet has had so much exposure [s]."""
    if maturity is None:
        return exposure_s
    found: Any = maturity.age_s(exposure_s)
    told: Time = float(found) if isinstance(exposure_s, float) else found
    return told


@LAWS.register("piecewise")
@dataclass(frozen=True, slots=True, kw_only=True)
class Piecewise:
    """A hazard in steps of age, as a multiple of a base rate that follows from the mean.

    Parameters
    ----------
    mean_s : float
        Mean time from new to failure [s].
    ages, multiples : sequence of float
        See `Steps` [s]; only the ratio of the multiples matters.

    Examples
    --------
    >>> bathtub = Piecewise(mean_s=100.0, ages=(0.0, 10.0, 200.0), multiples=(4.0, 1.0, 8.0))
    >>> print(f"{bathtub.survival(10.0):.4f}")
    0.7783
    """

    mean_s: float
    ages: Sequence[float]
    multiples: Sequence[float]
    steps: Steps = field(init=False, repr=False, compare=False)
    base_per_s: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 < self.mean_s < math.inf:
            raise ValueError(f"mean_s={self.mean_s:g}: expected a positive, finite number")
        object.__setattr__(self, "steps", Steps(tuple(self.ages), tuple(self.multiples)))
        object.__setattr__(self, "base_per_s", self._base_per_s())

    def _base_per_s(self) -> float:
        """Return the base rate that gives the mean, by bisection of its logarithm [1/s]."""
        low = high = 1.0 / (self.mean_s * max(self.multiples))
        while (doubled := self._parts_s(high).sum()) > self.mean_s:
            high *= 2.0
            if self._parts_s(high).sum() >= doubled * (1.0 - 1e-12):
                raise ValueError(f"nothing fails before {doubled:g} s, which is more than the mean, {self.mean_s:g} s")
        for _ in range(200):
            middle = math.sqrt(low * high)
            low, high = (middle, high) if self._parts_s(middle).sum() > self.mean_s else (low, middle)
        return high

    def _parts_s(self, base_per_s: float) -> FloatArray:
        """Return how much each step adds to the mean: the integral of the survival over it [s]."""
        hazard = np.array(self.steps.multiples) * base_per_s
        spans = np.append(np.diff(np.array(self.steps.ages_s)), np.inf)
        reached = np.exp(-base_per_s * self.steps.exposure_s(np.array(self.steps.ages_s)))
        with np.errstate(divide="ignore", invalid="ignore"):
            inside = np.where(hazard > 0, -np.expm1(-hazard * spans) / hazard, spans)
        return reached * inside

    def times_s(self, rng: "Generator", size: int) -> FloatArray:
        """Draw times from new to failure."""
        return self.left_s(rng, size, 0.0)

    def survival(self, age_s: ArrayLike) -> FloatArray:
        """Return exp of minus the integral of the hazard."""
        return np.exp(-self.base_per_s * self.steps.exposure_s(age_s))

    def left_s(self, rng: "Generator", size: int, age_s: float) -> FloatArray:
        """Draw the time left: the cumulative hazard grows by a unit exponential."""
        reached = self.steps.exposure_s(age_s) + rng.standard_exponential(size) / self.base_per_s
        return self.steps.age_s(reached) - age_s

    def equilibrium_s(self, rng: "Generator", size: int) -> FloatArray:
        """Draw the time left from its density, survival over mean: a step by its part, then a place inside."""
        parts = self._parts_s(self.base_per_s)
        step = np.searchsorted(np.cumsum(parts) / parts.sum(), rng.random(size), side="right")
        hazard = (np.array(self.steps.multiples) * self.base_per_s)[step]
        span = np.append(np.diff(np.array(self.steps.ages_s)), np.inf)[step]
        place = rng.random(size)
        with np.errstate(divide="ignore", invalid="ignore"):
            inside = np.where(hazard > 0, -np.log1p(place * np.expm1(-hazard * span)) / hazard, place * span)
        return np.asarray(np.array(self.steps.ages_s)[step] + inside)
