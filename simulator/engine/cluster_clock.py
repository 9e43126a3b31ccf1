"""SimPy's clock with events at absolute times.

A delay is added to the time that it is, which in floating point need not give the time that was meant; two things that
are due at one instant would then happen at two. Here the time itself is scheduled.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from operator import attrgetter
from typing import Any, Final

from simpy import Environment, Event
from simpy.events import NORMAL, URGENT, EventPriority

FIRST = URGENT
"""Before everything else of the instant."""

STRIKES = EventPriority(NORMAL + 1)
"""After the ends and arrivals of the instant: work that completes as a failure strikes counts."""

LATE = EventPriority(NORMAL + 2)
"""After everything else of the instant."""


bare: Final = object.__new__
"""``bare(Kind)`` gives a ``Kind`` without calling its ``__init__``, which costs as much as to schedule a moment."""


class Moment(Event):
    """Happens at a time and calls a function with itself; ``about`` is what it is about. `Clock.at` makes it."""

    about: Any
    _ok, _value = True, None  # it succeeds, and a process that waits for it gets nothing from it


class Clock(Environment):
    """An environment that is told when, not how long from now."""

    now = property(attrgetter("_now"), doc="The time that it is, as SimPy tells it, without a call of Python code.")

    def quiet(self) -> bool:
        """Tell whether nothing else is due at this instant."""
        return not self._queue or self._queue[0][0] > self._now

    def run_out(self) -> None:
        """Run until nothing is due any more: `Environment.run` without two calls for each event."""
        agenda = self._queue
        while agenda:
            self._now, _, _, event = heappop(agenda)
            callbacks, event.callbacks = event.callbacks, None  # type: ignore[assignment]  # SimPy's mark of an event that is past
            for callback in callbacks:
                callback(event)
            if not event._ok:
                raise event._value

    def at(
        self,
        time_s: float,
        call: Callable[[Any], None] | None = None,
        about: Any = None,
        priority: EventPriority = NORMAL,
    ) -> Moment:
        """Schedule a moment, to yield in a process or to call a function.

        Examples
        --------
        >>> clock = Clock()
        >>> moment = clock.at(0.3, lambda event: print(clock.now, event.about), "done")
        >>> clock.run_out()
        0.3 done
        """
        if time_s < self._now:
            raise AssertionError(f"{time_s} s is past; it is {self._now} s")
        moment = bare(Moment)
        moment.callbacks = [] if call is None else [call]
        moment.about = about
        heappush(self._queue, (time_s, priority, next(self._eid), moment))
        return moment
