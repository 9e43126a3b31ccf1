"""The repair shop of a run: who is worked on, by whom, and when each node is back.

A heap of its own orders what happens in the shop. It is moved on when the run asks for a node, so that repairs that
nobody waits for cost no event of the clock.
"""

from collections.abc import Iterator
from heapq import heappop, heappush, heapreplace
from itertools import chain, repeat
from typing import NamedTuple, TypeAlias

from simulator.foundation.streams import generator
from simulator.foundation.tuples import make
from simulator.reliability.causes import Cause
from simulator.reliability.fleet import Mending, RepairLaw, Shop
from simulator.reliability.law import FailureLaw
from simulator.reliability.laws import shaped

DRAWN = 256  # numbers at once


def uniforms(seed: int, replica: int, name: str) -> Iterator[float]:
    """Return uniform numbers of a named stream without end."""
    stream = generator(seed, "fleet", name, replica)
    return chain.from_iterable(stream.random(DRAWN).tolist() for _ in repeat(None))


def lengths(law: FailureLaw, seed: int, replica: int, name: str) -> Iterator[float]:
    """Return times of a law from a named stream without end [s]."""
    stream = generator(seed, "fleet", name, replica)
    return chain.from_iterable(law.times_s(stream, DRAWN).tolist() for _ in repeat(None))


class Lengths:
    """Times of work, each law from a stream of its own.

    Parameters
    ----------
    seed, replica, name : int, int and str
        Name the streams.
    """

    def __init__(self, seed: int, replica: int, name: str) -> None:
        self._seed, self._replica, self._name = seed, replica, name
        self._units: dict[tuple[RepairLaw, float | None], Iterator[float]] = {}  # of mean 1, by law and shape

    def next_s(self, mean_s: float, law: RepairLaw, shape: float | None) -> float:
        """Draw the next time of a law with this mean [s]."""
        if law == "constant":
            return mean_s
        units = self._units.get((law, shape))
        if units is None:
            unit = shaped(law, mean_s=1.0, shape=shape)
            units = lengths(unit, self._seed, self._replica, f"{self._name}-{law}-{shape}")
            self._units[law, shape] = units
        return mean_s * next(units)


class Ready(NamedTuple):
    """A node that leaves the shop."""

    at_s: float
    node: int
    mended: bool


Event: TypeAlias = tuple[float, int, int, Cause, str, bool]
"""Instant, rank among those of one instant, node, cause, what happens, and whether the node is mended. What happens: it
comes to the ``people``, begins ``again``, or is ``ready``."""


class _Crews:
    """When each of some crews is free; there are always enough if there is no number."""

    def __init__(self, mending: Mending | None) -> None:
        self._free_s = None if mending is None or mending.crews is None else [0.0] * mending.crews

    def work(self, arrived_s: float, length_s: float) -> float:
        """Let the crew that is free first work, and return when it is done [s]."""
        if self._free_s is None:
            return arrived_s + length_s
        done_s = max(self._free_s[0], arrived_s) + length_s
        heapreplace(self._free_s, done_s)
        return done_s


class RepairShop:
    """The shop of one run.

    Parameters
    ----------
    rules : Shop
        Kinds of repair, and how they end.
    seed, replica : int
        Name the streams of its draws.

    Examples
    --------
    >>> shop = RepairShop(Shop(manual=Mending(mean_s=50.0, law="constant", crews=1)), seed=1, replica=0)
    >>> fault = Cause(name="fault", rate_per_node_s=1e-6)
    >>> for node in (7, 8):
    ...     shop.admit(node, 10.0, fault)
    >>> [ready.at_s for ready in shop.before(200.0)]  # one crew, one after the other
    [60.0, 110.0]
    """

    def __init__(self, rules: Shop, seed: int, replica: int) -> None:
        self._rules = rules
        self._machines, self._people = _Crews(rules.automatic), _Crews(rules.manual)
        self._luck = uniforms(seed, replica, "repair-luck")
        self._lengths = Lengths(seed, replica, "repair")
        self._events: list[Event] = []
        self._rank = 0

    def admit(self, node: int, at_s: float, cause: Cause) -> None:
        """Take in a node that was lost to a cause."""
        automatic = self._rules.automatic
        if automatic is None:
            manual = self._rules.manual
            return self._leave(self._people.work(at_s, self._length_s(manual, cause)), node, cause, manual)
        done_s = self._machines.work(at_s, self._length_s(automatic, cause))
        if next(self._luck) < self._rules.manual_share:
            return self._plan(done_s, node, cause, "people")
        return self._leave(done_s, node, cause, automatic)

    def await_new(self, node: int, at_s: float, cause: Cause) -> None:
        """Note that a new machine takes a node's place at some instant."""
        self._plan(at_s, node, cause, "ready", mended=True)

    def next(self) -> Ready | None:
        """Return the node that leaves next, whenever that is; None if the shop is empty."""
        while self._events:
            ready = self._happens(heappop(self._events))
            if ready is not None:
                return ready
        return None

    def next_before(self, until_s: float) -> Ready | None:
        """Return the node that leaves next, if it does up to or at an instant."""
        events = self._events
        while events and events[0][0] <= until_s:
            ready = self._happens(heappop(events))
            if ready is not None:
                return ready
        return None

    def before(self, until_s: float) -> Iterator[Ready]:
        """Yield the nodes that leave up to and at an instant, in order."""
        while (ready := self.next_before(until_s)) is not None:
            yield ready

    def _happens(self, event: Event) -> Ready | None:
        at_s, _, node, cause, what, mended = event
        if what == "ready":
            return make(Ready, (at_s, node, mended))
        if what == "people":
            self._to_people(node, at_s, cause)
        else:
            self.admit(node, at_s, cause)
        return None

    def _to_people(self, node: int, at_s: float, cause: Cause) -> None:
        manual = self._rules.manual
        self._leave(self._people.work(at_s, self._length_s(manual, cause)), node, cause, manual)

    def _leave(self, done_s: float, node: int, cause: Cause, mending: Mending) -> None:
        """Test a node that was worked on, and let it go or not."""
        if mending.mends >= 1.0:
            return self._plan(done_s + self._rules.requalification_s, node, cause, "ready", mended=True)
        rules, mended = self._rules, next(self._luck) < mending.mends
        tested_s = done_s + rules.requalification_s
        found = not mended and rules.requalification_finds > 0 and next(self._luck) < rules.requalification_finds
        return self._plan(tested_s, node, cause, "again" if found else "ready", mended=mended)

    def _plan(self, at_s: float, node: int, cause: Cause, what: str, *, mended: bool = False) -> None:
        self._rank += 1
        heappush(self._events, (at_s, self._rank, node, cause, what, mended))

    def _length_s(self, mending: Mending, cause: Cause) -> float:
        """Draw how long a repair takes [s]."""
        if mending.mean_s is None:
            return self._lengths.next_s(cause.repair_s, cause.repair_law, cause.repair_shape)
        return self._lengths.next_s(mending.mean_s, mending.law, mending.shape)
