"""What one attempt at a job achieves before it finishes or a failure ends it.

An attempt repeats a cycle: useful work, a blocking save, and in the background the flush of that save, which slows the
work that follows. A failure discards whatever follows the last usable save. Both engines call these functions: the event
engine with floats, the batch engine with arrays.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Seconds: TypeAlias = float | NDArray[np.float64]
Count: TypeAlias = float | NDArray[np.float64]  # whole numbers, kept as floats so that scalars and arrays share code


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """Work between two saves, and what a save costs.

    Parameters
    ----------
    work_s : float
        Useful time between saves [s].
    write_s : float
        Blocking part of a save [s].
    flush_s : float
        Background part of a save [s]: the save is usable only when the flush has ended. Zero for blocking saves.
    slowdown : float
        Share of the flush by which it delays the work beside it, 0 to 1.
    """

    work_s: float
    write_s: float = 0.0
    flush_s: float = 0.0
    slowdown: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.work_s < np.inf:
            raise ValueError(
                f"work_s={self.work_s}: expected 0 < work_s < inf; to run without checkpoints, give a cycle as long as the job"
            )
        if min(self.write_s, self.flush_s) < 0 or not 0 <= self.slowdown <= 1:
            raise ValueError(f"{self}: times are not negative and 0 <= slowdown <= 1")
        if self.flush_s > self.length_s:
            raise ValueError(
                f"flush_s={self.flush_s} is longer than the cycle of {self.length_s} s: flushes would overlap; "
                "save less often or give the file system more bandwidth"
            )

    @property
    def drag_s(self) -> float:
        """Time that a flush costs the work beside it [s]."""
        return self.slowdown * self.flush_s

    @property
    def overhead_s(self) -> float:
        """Time that a save costs the job in all [s]."""
        return self.write_s + self.drag_s

    @property
    def length_s(self) -> float:
        """From one save to the next [s]."""
        return self.work_s + self.overhead_s

    @property
    def lag_s(self) -> float:
        """From the end of the blocking part and its share of drag to a usable save [s]."""
        return self.flush_s - self.drag_s


class Outcome(NamedTuple):
    """Where an attempt's wall-clock went; the parts sum to its length."""

    kept_s: Seconds  # useful work that survives
    saving_s: Seconds  # saves that survive: blocking parts and drag
    lost_s: Seconds  # work and saves thrown away; zero if the job finished


def cycles(work_s: Seconds, cycle: Cycle) -> Count:
    """Return how many stretches of work a job is cut into, the last one possibly shorter.

    Examples
    --------
    >>> print(cycles(100.0, Cycle(work_s=20.0)), cycles(101.0, Cycle(work_s=20.0)))
    5.0 6.0
    """
    return np.maximum(np.ceil(work_s / cycle.work_s), 1.0)


def usable(uptime_s: Seconds, left: Count, cycle: Cycle) -> Count:
    """Return how many saves of an unfinished attempt are usable when a failure strikes.

    Parameters
    ----------
    uptime_s : float or array
        Time since work began; negative when the failure struck before [s].
    left : float or array
        Saves that are still to be made.

    Examples
    --------
    >>> print(usable(65.0, 4.0, Cycle(work_s=20.0, write_s=5.0)))
    2.0
    """
    return np.clip(np.floor((uptime_s - cycle.lag_s) / cycle.length_s), 0.0, left)


def outcome(todo_s: Seconds, uptime_s: Seconds, cycle: Cycle) -> Outcome:
    """Split one attempt into kept, saving and lost seconds.

    Parameters
    ----------
    todo_s, uptime_s : float or array of shape (replicas,)
        Useful work left since the last usable save, and time until the next failure [s].
    cycle : Cycle
        Work between saves, and the cost of one.

    Examples
    --------
    >>> print(*outcome(100.0, 65.0, Cycle(work_s=20.0, write_s=5.0)))  # fails in cycle 3
    40.0 10.0 15.0
    >>> print(*outcome(100.0, 120.0, Cycle(work_s=20.0, write_s=5.0)))  # ends as the failure strikes: counts
    100.0 20.0 0.0
    """
    left = cycles(todo_s, cycle) - 1.0  # the last stretch is not saved
    done = todo_s + left * cycle.overhead_s <= uptime_s
    saves = np.where(done, left, usable(uptime_s, left, cycle))
    kept_s = np.where(done, todo_s, saves * cycle.work_s)
    saving_s = saves * cycle.overhead_s
    lost_s = np.where(done, 0.0, uptime_s - kept_s - saving_s)
    return Outcome(kept_s[()], saving_s[()], lost_s[()])
