"""How many units are free at each future time, if everybody ends as believed."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Self

from simulator.scheduling.state import Stay


class Profile:
    """A step function of time: ``free[i]`` units from ``times_s[i]`` until ``times_s[i + 1]``, the last for ever.

    Parameters
    ----------
    now_s : float
        Where it begins [s].
    free : int
        Units free from then on.

    Examples
    --------
    >>> profile = Profile(0, 10)
    >>> profile.hold(0, 50, 6)
    >>> profile.earliest(8, 100, 0), profile.earliest(4, 100, 0)
    (50, 0)
    >>> profile.hold(50, 150, 8)
    >>> profile.earliest(4, 30, 0), profile.earliest(4, 60, 0)
    (0, 150)
    """

    __slots__ = ("free", "times_s")

    def __init__(self, now_s: float, free: int) -> None:
        self.times_s: list[float] = [now_s]
        self.free: list[int] = [free]

    @classmethod
    def of(cls, now_s: float, free: int, ends: Iterable[Stay]) -> Self:
        """Return the profile of running jobs, which are sorted by end; those overdue may end any moment."""
        profile = cls(now_s, free)
        for stay in ends:
            free += stay.size
            if stay.due_s <= profile.times_s[-1]:
                profile.free[-1] = free
            else:
                profile.times_s.append(stay.due_s)
                profile.free.append(free)
        return profile

    def hold(self, start_s: float, end_s: float, units: int) -> None:
        """Take units over a stretch of time; a negative number gives them back."""
        if end_s <= start_s:
            return
        first, last = self._cut(start_s), self._cut(end_s)
        free = self.free
        for at in range(first, last):
            free[at] -= units
        self._join(last)
        self._join(first)

    def _cut(self, time_s: float) -> int:
        """Return the index of the step that begins at a time, making one if need be."""
        times_s = self.times_s
        at = bisect_left(times_s, time_s)
        if at == len(times_s) or times_s[at] != time_s:
            times_s.insert(at, time_s)
            self.free.insert(at, self.free[at - 1])
        return at

    def _join(self, at: int) -> None:
        if at > 0 and self.free[at] == self.free[at - 1]:
            del self.free[at], self.times_s[at]

    def advance(self, now_s: float) -> None:
        """Forget what is past."""
        past = bisect_right(self.times_s, now_s) - 1
        if past > 0:
            del self.times_s[:past], self.free[:past]
        self.times_s[0] = now_s

    def earliest(self, units: int, duration_s: float, after_s: float, *, before_s: float = float("inf")) -> float:
        """Return when so many units are first free for so long.

        Parameters
        ----------
        units : int
            Wanted; infinity is returned if they never are free.
        duration_s : float
            For how long [s].
        after_s : float
            Not before this time [s].
        before_s : float
            From here on the caller holds the units himself: the window needs free units only until then, and if it
            could not begin before, this time is returned [s].
        """
        times_s, free = self.times_s, self.free
        start_s = after_s
        until_s = min(after_s + duration_s, before_s)
        last = len(times_s) - 1
        for at in range(max(bisect_right(times_s, after_s) - 1, 0), last):
            end_s = times_s[at + 1]
            if free[at] >= units:
                if end_s >= until_s:
                    return start_s
            elif end_s >= before_s:
                return before_s
            else:
                start_s = end_s
                until_s = min(end_s + duration_s, before_s)
        return start_s if free[last] >= units else before_s
