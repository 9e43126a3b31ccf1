"""A level that changes with time, such as the price of spot capacity or the carbon in a kilowatt-hour."""

import itertools
from dataclasses import dataclass

import numpy as np

from simulator.pricing.ledger import Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTrace:
    """A level by time; each holds until the next, and the trace repeats when it is over.

    Parameters
    ----------
    from_h : tuple of float
        When each level begins, from the start of the trace, the first at 0 [h].
    levels : tuple of float
        The levels, in any unit.
    length_h : float
        How long the trace is, the last level included [h].

    Raises
    ------
    ValueError
        When times do not rise from zero, or a level is not above zero.
    """

    from_h: tuple[float, ...]
    levels: tuple[float, ...]
    length_h: float

    def __post_init__(self) -> None:
        times = (*self.from_h, self.length_h)
        rising = all(before < after for before, after in itertools.pairwise(times))
        if not self.from_h or self.from_h[0] != 0 or not rising:
            raise ValueError("times of a trace have to rise, from 0 to its length")
        if len(self.from_h) != len(self.levels):
            raise ValueError("a trace needs as many levels as times")
        if not all(0 < level < float("inf") for level in self.levels):
            raise ValueError("levels of a trace have to be above zero")

    @property
    def mean(self) -> float:
        """Mean over the whole trace."""
        return float(self._summed(self.length_h)) / self.length_h

    def mean_between(self, from_h: Amount, to_h: Amount) -> Amount:
        """Return the mean level between two times; the level at that moment where they are equal.

        Examples
        --------
        >>> trace = StepTrace(from_h=(0.0, 1.0), levels=(2.0, 4.0), length_h=2.0)
        >>> [float(trace.mean_between(*each)) for each in ((0.0, 2.0), (0.5, 1.0), (1.0, 3.0))]
        [3.0, 2.0, 3.0]
        """
        begin, length = np.asarray(from_h, dtype=float), np.asarray(to_h, dtype=float) - np.asarray(from_h)
        whole = self._summed(begin + length) - self._summed(begin)
        here = np.searchsorted(self.from_h, begin % self.length_h, side="right") - 1
        momentary = np.asarray(self.levels)[here]
        found: Amount = np.where(length > 0, whole / np.where(length > 0, length, 1.0), momentary)
        return found

    def _summed(self, until_h: Amount) -> np.ndarray:
        """Return the integral until a time [level x h]."""
        times = np.array([*self.from_h, self.length_h])
        reached = np.concatenate([[0.0], np.cumsum(np.diff(times) * self.levels)])
        rounds, rest = np.divmod(np.asarray(until_h, dtype=float), self.length_h)
        return np.asarray(rounds * reached[-1] + np.interp(rest, times, reached))
