"""A price that changes with time, such as that of spot capacity."""

import itertools
from dataclasses import dataclass

import numpy as np

from simulator.pricing.ledger import Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTrace:
    """A price by time; each holds until the next, and the trace repeats when it is over.

    Parameters
    ----------
    from_h : tuple of float
        When each price begins, from the start of the trace, the first at 0 [h].
    usd_per_accelerator_h : tuple of float
        The prices [USD/h].
    length_h : float
        How long the trace is, the last price included [h].

    Raises
    ------
    ValueError
        When times do not rise from zero, or a price is not above zero.
    """

    from_h: tuple[float, ...]
    usd_per_accelerator_h: tuple[float, ...]
    length_h: float

    def __post_init__(self) -> None:
        times = (*self.from_h, self.length_h)
        rising = all(before < after for before, after in itertools.pairwise(times))
        if not self.from_h or self.from_h[0] != 0 or not rising:
            raise ValueError("times of a price trace have to rise, from 0 to its length")
        if len(self.from_h) != len(self.usd_per_accelerator_h):
            raise ValueError("a price trace needs as many prices as times")
        if not all(0 < usd < float("inf") for usd in self.usd_per_accelerator_h):
            raise ValueError("prices of a trace have to be above zero")

    @property
    def mean(self) -> float:
        """Mean over the whole trace [USD/h]."""
        return float(self._paid(self.length_h)) / self.length_h

    def mean_usd(self, from_h: Amount, to_h: Amount) -> Amount:
        """Return the mean price between two times [USD/h]; the price at that moment where they are equal.

        Examples
        --------
        >>> trace = PriceTrace(from_h=(0.0, 1.0), usd_per_accelerator_h=(2.0, 4.0), length_h=2.0)
        >>> float(trace.mean_usd(0.0, 2.0)), float(trace.mean_usd(0.5, 1.0)), float(trace.mean_usd(1.0, 3.0))
        (3.0, 2.0, 3.0)
        """
        begin, length = np.asarray(from_h, dtype=float), np.asarray(to_h, dtype=float) - np.asarray(from_h)
        paid = self._paid(begin + length) - self._paid(begin)
        here = np.searchsorted(self.from_h, begin % self.length_h, side="right") - 1
        momentary = np.asarray(self.usd_per_accelerator_h)[here]
        found: Amount = np.where(length > 0, paid / np.where(length > 0, length, 1.0), momentary)
        return found

    def _paid(self, until_h: Amount) -> np.ndarray:
        """Return what one accelerator has cost until a time [USD]."""
        times = np.array([*self.from_h, self.length_h])
        reached = np.concatenate([[0.0], np.cumsum(np.diff(times) * self.usd_per_accelerator_h)])
        rounds, rest = np.divmod(np.asarray(until_h, dtype=float), self.length_h)
        return np.asarray(rounds * reached[-1] + np.interp(rest, times, reached))
