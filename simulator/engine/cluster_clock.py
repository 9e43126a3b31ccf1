"""SimPy's clock with events at absolute times.

A delay is added to the time that it is, which in floating point need not give the time that was meant; two things that
are due at one instant would then happen at two. Here the time itself is scheduled.
"""

from collections.abc import Callable
from heapq import heappush
from typing import Any

from simpy import Environment, Event
from simpy.events import NORMAL, EventPriority

STRIKES = EventPriority(NORMAL + 1)
"""After the ends and arrivals of the instant: work that completes as a failure strikes counts."""

LATE = EventPriority(NORMAL + 2)
"""After everything else of the instant."""


class Moment(Event):
    """Happens at a time and calls a function with itself; ``about`` is what it is about."""

    def __init__(self, clock: "Clock", value: Any, call: Callable[[Any], None] | None) -> None:
        self.env = clock
        self.callbacks = [] if call is None else [call]
        self._value = self.about = value
        self._ok = True


class Clock(Environment):
    """An environment that is told when, not how long from now."""

    def quiet(self) -> bool:
        """Tell whether nothing else is due at this instant."""
        return not self._queue or self._queue[0][0] > self._now

    def at(
        self,
        time_s: float,
        call: Callable[[Any], None] | None = None,
        value: Any = None,
        priority: EventPriority = NORMAL,
    ) -> Moment:
        """Schedule a moment, to yield in a process or to call a function.

        Examples
        --------
        >>> clock = Clock()
        >>> moment = clock.at(0.3, lambda event: print(clock.now, event.about), "done")
        >>> clock.run()
        0.3 done
        """
        if time_s < self._now:
            raise AssertionError(f"{time_s} s is past; it is {self._now} s")
        moment = Moment(self, value, call)
        heappush(self._queue, (time_s, priority, next(self._eid), moment))
        return moment
