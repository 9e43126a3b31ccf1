"""What one attempt at a job achieves before it finishes or a failure ends it.

An attempt repeats a cycle: useful work, a blocking save, and in the background the flush of that save, which slows the
work that follows. Where there are two tiers, every so-many-th save goes to the durable one, too. Progress is a position
on the stage's own clock, which runs while the job works and saves and is set back by what a stop destroys
(`simulator.reliability.progress`). Both engines call these functions: the event engine with floats, the batch engine
with arrays of shape (replicas,).
"""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Seconds: TypeAlias = float | NDArray[np.float64]
NEVER_S = 1000 * 365.25 * 86400.0  # work of a cycle that no stage outlasts: nothing is saved before the end [s]
ROUNDING = 1e-9  # of a stretch: 5 intervals of 600/3600 h are five stretches, not six

Count: TypeAlias = float | NDArray[np.float64]  # whole numbers, kept as floats so that scalars and arrays share code
Flag: TypeAlias = bool | NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Durable:
    """The second tier: where every so-many-th save is copied to, because the near copies can die with their machines.

    Parameters
    ----------
    every : int
        Near saves for each durable one.
    write_s, flush_s, slowdown : float
        As those of a `Cycle`, on top of the near save's [s].
    in_flight : int
        Durable flushes that may run at once.
    """

    every: int
    write_s: float = 0.0
    flush_s: float = 0.0
    slowdown: float = 0.0
    in_flight: int = 1

    @property
    def overhead_s(self) -> float:
        """Time that a durable save costs the job beside the near one [s]."""
        return self.write_s + self.slowdown * self.flush_s

    @property
    def lag_s(self) -> float:
        """From the end of the blocking part and its share of drag to a usable save [s]."""
        return self.flush_s - self.slowdown * self.flush_s


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
    in_flight : int
        Flushes that may run at once; with one, a flush has to end before the next begins.
    durable : Durable or None
        The second tier; None when every save is durable.
    keep : int or None
        How many (durable) saves are kept; None keeps all.
    corrupt : float
        Probability that a save turns out unusable when it is read; each on its own.
    check_s : float
        Verification of the state before each save [s]: silent errors are found by it, and no save is void.
    """

    work_s: float
    write_s: float = 0.0
    flush_s: float = 0.0
    slowdown: float = 0.0
    in_flight: int = 1
    durable: Durable | None = None
    keep: int | None = None
    corrupt: float = 0.0
    check_s: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.work_s < np.inf:
            raise ValueError(
                f"work_s={self.work_s}: expected 0 < work_s < inf; to save nothing, give a cycle as long as the job"
            )
        if min(self.write_s, self.flush_s) < 0 or not 0 <= self.slowdown <= 1:
            raise ValueError(f"{self}: times are not negative and 0 <= slowdown <= 1")
        if self.flush_s > self.in_flight * self.length_s:
            raise ValueError(
                f"flush_s={self.flush_s} is longer than {self.in_flight} cycles of {self.length_s} s: more flushes "
                "would overlap; save less often, allow more in flight, or give the file system more bandwidth"
            )
        durable = self.durable
        if durable is not None and durable.flush_s > durable.in_flight * self.round_s:
            raise ValueError(
                f"durable.flush_s={durable.flush_s} is longer than {durable.in_flight} rounds of {self.round_s} s"
            )
        if not 0 <= self.corrupt < 1 or (self.keep is not None and self.keep < 1):
            raise ValueError(f"{self}: expected 0 <= corrupt < 1, and at least one save kept")
        if self.corrupt and durable is not None:
            raise ValueError("corrupt saves and two tiers are not modelled together: choose one of them")
        if self.check_s and (durable is not None or self.corrupt):
            raise ValueError("verified saves are not modelled together with two tiers or corrupt saves")

    @property
    def drag_s(self) -> float:
        """Time that a flush costs the work beside it [s]."""
        return self.slowdown * self.flush_s

    @property
    def overhead_s(self) -> float:
        """Time that a save costs the job in all [s]."""
        return self.check_s + self.write_s + self.drag_s

    @property
    def length_s(self) -> float:
        """From one save to the next [s]."""
        return self.work_s + self.overhead_s

    @property
    def lag_s(self) -> float:
        """From the end of the blocking part and its share of drag to a usable save [s]."""
        return self.flush_s - self.drag_s

    @property
    def near_saves(self) -> int:
        """Saves from one durable save to the next."""
        return 1 if self.durable is None else self.durable.every

    @property
    def round_s(self) -> float:
        """From one durable save to the next [s]."""
        return self.length_s if self.durable is None else self.durable.every * self.length_s + self.durable.overhead_s

    @property
    def last_s(self) -> float:
        """The save at the end of a stage: nobody works beside it, and it is durable [s]."""
        durable_s = 0.0 if self.durable is None else self.durable.write_s + self.durable.flush_s
        return self.check_s + self.write_s + self.flush_s + durable_s


def stretches(work_s: Seconds, cycle: Cycle) -> Count:
    """Return how many stretches of work a job is cut into, the last one possibly shorter.

    Examples
    --------
    >>> print(stretches(100.0, Cycle(work_s=20.0)), stretches(101.0, Cycle(work_s=20.0)))
    5.0 6.0
    """
    return np.maximum(np.ceil(work_s / cycle.work_s - ROUNDING), 1.0)


def total_s(work_s: Seconds, cycle: Cycle, *, final_save: bool) -> Seconds:
    """Return the time from first step to end when nothing fails: work, the saves between, and the last save if wanted.

    Examples
    --------
    >>> print(total_s(100.0, Cycle(work_s=20.0, write_s=5.0), final_save=False))
    120.0
    """
    return work_s + saving_s(work_s, cycle, final_save=final_save)


def saving_s(work_s: Seconds, cycle: Cycle, *, final_save: bool) -> Seconds:
    """Return what the saves of a whole stage cost [s].

    Examples
    --------
    >>> two = Cycle(work_s=20.0, write_s=1.0, durable=Durable(every=2, write_s=5.0))  # 4 saves, every other durable
    >>> print(saving_s(100.0, two, final_save=False), saving_s(100.0, two, final_save=True))
    14.0 20.0
    """
    between = stretches(work_s, cycle) - 1.0
    durable_s = 0.0 if cycle.durable is None else np.floor(between / cycle.durable.every) * cycle.durable.overhead_s
    return between * cycle.overhead_s + durable_s + (cycle.last_s if final_save else 0.0)


def saves(uptime_s: Seconds, cycle: Cycle, out: NDArray[np.float64] | None = None) -> Count:
    """Return how many saves of an unfinished attempt are usable when a failure strikes.

    Parameters
    ----------
    uptime_s : float or array of shape (replicas,)
        Time since the attempt's work began; negative when the failure struck before that [s].
    out : array of shape (replicas,), optional
        Where to put the answer; without it a new array is made.

    Examples
    --------
    >>> print(saves(65.0, Cycle(work_s=20.0, write_s=5.0)))  # struck in the third cycle
    2.0
    >>> print(saves(50.0, Cycle(work_s=20.0, write_s=5.0, flush_s=10.0)))  # the second flush still runs
    1.0
    """
    if isinstance(uptime_s, float):
        return float(saves_of_one(uptime_s, cycle.lag_s, cycle.length_s))
    found = np.divide(np.subtract(uptime_s, cycle.lag_s, out=out), cycle.length_s, out=out)
    return np.maximum(np.floor(found, out=out), 0.0, out=out)


def saves_of_one(uptime_s: float, lag_s: float, length_s: float) -> int:
    """Return `saves` of a single attempt whose cycle's lag and length [s] are at hand.

    Examples
    --------
    >>> saves_of_one(50.0, 10.0, 25.0), saves_of_one(-1.0, 0.0, 25.0)
    (1, 0)
    """
    return max(math.floor((uptime_s - lag_s) / length_s), 0)
