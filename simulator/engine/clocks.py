"""When units strike: a clock for each, of which only the one that struck is renewed.

Clocks run on *exposed* time, which stands still while the job cannot be struck. Memoryless causes of one kind of unit
share a clock, and a mark says which of them it was. The next strike comes from a sorted backlog of first lives and a
heap of later ones, so that the cost follows the strikes and not the units.

The lives of a unit are numbered and drawn in blocks of 1,024 units from streams named (seed, "fleet", causes, replica,
number, block): more spares, other repairs or another policy leave them as they are.
"""

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.engine.shop import uniforms
from simulator.foundation.streams import generator
from simulator.reliability.ages import Age, first_s
from simulator.reliability.causes import Cause
from simulator.reliability.fleet import NODE_DOMAINS
from simulator.reliability.law import FailureLaw
from simulator.reliability.laws import Exponential, Trace

if TYPE_CHECKING:
    from numpy.random import Generator

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]
Entry: TypeAlias = tuple[float, int, int, bool]  # instant, group, unit, whether it is of the backlog

BLOCK = 1024  # units in one stream
NEVER = math.inf


@dataclass(frozen=True, slots=True)
class Group:
    """Units of one kind whose clocks follow one law."""

    name: str  # of the streams
    causes: Sequence[int]  # indices into the scenario's causes
    shares: Sequence[float]  # cumulative, of the causes
    law: FailureLaw
    age: Age
    of_nodes: bool  # whether a unit is a node or a part of one, so that it rests while the node is away
    per_node: int  # units to a node, if so
    nodes: int  # nodes to a unit, if not
    even: bool  # whether lemons fail no more often than others

    def units(self, nodes: int) -> int:
        """Return how many units a fleet of so many nodes has."""
        return nodes * self.per_node if self.of_nodes else -(-nodes // self.nodes)


def groups(causes: Sequence[Cause], nodes: int) -> Sequence[Group]:
    """Sort causes into groups; all memoryless ones of one domain are one group.

    Parameters
    ----------
    causes : sequence of Cause
        Those without a rate are left out.
    nodes : int
        Of the job, which is what a strike on the cluster takes.
    """
    memoryless: dict[tuple[int, bool], list[int]] = {}
    found = []
    for at, cause in enumerate(causes):
        if cause.rate_per_node_s == 0:
            continue
        size = 0 if cause.domain in NODE_DOMAINS else int(min(cause.domain_nodes, nodes))
        even = bool(size) or cause.kind == "planned"
        if cause.law is None or isinstance(cause.law, Exponential):
            memoryless.setdefault((size, even), []).append(at)
        else:
            per_node = 1 if size else max(round(1.0 / cause.domain_nodes), 1)
            found.append(_group(cause.name, [at], [1.0], cause.law, cause.age, size, per_node, even=even))
    for (size, even), members in memoryless.items():
        rates = [causes[at].rate_per_node_s for at in members]
        law = Exponential(mean_s=1.0 / (math.fsum(rates) * max(size, 1)))
        name = "memoryless" if not size else f"memoryless-{size}"
        found.append(_group(name + "-even" * even, members, rates, law, "fresh", size, 1, even=even))
    return found


def _group(
    name: str, causes: Sequence[int], rates: Sequence[float], law: FailureLaw, age: Age, size: int, per_node: int, *,
    even: bool,
) -> Group:  # fmt: skip
    shares = tuple(reached / math.fsum(rates) for reached in accumulate(rates))
    return Group(name, tuple(causes), shares, law, age, not size, per_node, size, even)


class Lives:
    """The lives of the units of a group, by number.

    Parameters
    ----------
    group : Group
        Whose law they follow.
    units : int
        How many.
    seed, replica : int
        Name the streams.
    """

    def __init__(self, group: Group, units: int, seed: int, replica: int) -> None:
        self._group, self._units, self._seed, self._replica = group, units, seed, replica
        self._number = [0] * units  # of the present life of each unit
        self._blocks: dict[tuple[int, int], array[float]] = {}
        self._replay = group.law if isinstance(group.law, Trace) else None

    def first_s(self) -> FloatArray:
        """Draw the time left of everyone's first life, shape (units,) [s]."""
        if self._replay is not None:
            return np.array([next(iter(self._replay.of(unit)), NEVER) for unit in range(self._units)])
        group = self._group
        blocks = range(-(-self._units // BLOCK))
        drawn = [first_s(group.law, self._stream(0, block), BLOCK, group.age) for block in blocks]
        return np.concatenate(drawn)[: self._units]

    def next_s(self, unit: int) -> float:
        """Return how long the next life of a unit is [s]."""
        self._number[unit] += 1
        number = self._number[unit]
        if self._replay is not None:
            instants_s = self._replay.of(unit)
            return float(instants_s[number] - instants_s[number - 1]) if number < len(instants_s) else NEVER
        block, place = divmod(unit, BLOCK)
        lives_s = self._blocks.get((number, block))
        if lives_s is None:
            drawn = self._group.law.times_s(self._stream(number, block), BLOCK)
            lives_s = self._blocks[number, block] = array("d", drawn.tobytes())
        return lives_s[place]

    def _stream(self, number: int, block: int) -> "Generator":
        return generator(self._seed, "fleet", self._group.name, self._replica, number, block)


class Marks:
    """Says which of a group's causes a strike was."""

    def __init__(self, group: Group, seed: int, replica: int) -> None:
        self._group = group
        self._uniform = uniforms(seed, replica, f"marks-{group.name}")

    def cause(self) -> int:
        """Return the index of the next strike's cause."""
        causes = self._group.causes
        if len(causes) == 1:
            return causes[0]
        return causes[min(bisect_right(self._group.shares, next(self._uniform)), len(causes) - 1)]


class Clocks:
    """All the clocks of a run.

    Parameters
    ----------
    causes : sequence of Cause
        What strikes.
    job_nodes, nodes : int
        Nodes of the job, and with the spares.
    multiples : list of float
        How fast each node's clocks run: a lemon's faster.
    running : iterable of int
        Nodes whose clocks run from the beginning.
    seed, replica : int
        Name the streams.
    """

    def __init__(
        self, causes: Sequence[Cause], *, job_nodes: int, nodes: int, multiples: list[float],
        running: Iterable[int], seed: int, replica: int,
    ) -> None:  # fmt: skip
        self.groups = groups(causes, job_nodes)
        self._multiples = multiples
        self._lives = [Lives(group, group.units(nodes), seed, replica) for group in self.groups]
        self._marks = [Marks(group, seed, replica) for group in self.groups]
        self._due: list[list[float]] = []  # of each unit; never while its node rests
        self._rest: dict[int, list[float]] = {}  # time left on the clocks of nodes that rest, of their own
        self._order: list[array[int]] = []  # units by their first strike
        self._reached = [0] * len(self.groups)  # in that order
        self._heap: list[Entry] = []
        self._struck: tuple[int, int] | None = None  # group and unit of the last strike, which is not on the heap
        self._moved: set[int] = set()  # nodes that have rested, whose place in the order is void
        runs = np.zeros(nodes, dtype=np.bool_)
        runs[list(running)] = True
        speed = np.array(multiples)
        for at, (group, lives) in enumerate(zip(self.groups, self._lives, strict=True)):
            self._set_out(at, group, lives.first_s(), speed, runs)
        self._of_nodes = [
            (at, group.per_node, group.even, self._due[at]) for at, group in enumerate(self.groups) if group.of_nodes
        ]

    def _set_out(self, at: int, group: Group, first_s: FloatArray, speed: FloatArray, runs: NDArray[np.bool_]) -> None:
        if group.of_nodes:
            resting = np.flatnonzero(~runs)
            self._moved.update(resting.tolist())
            for node in resting.tolist():
                left_s = first_s[node * group.per_node : (node + 1) * group.per_node]
                self._rest.setdefault(node, []).extend(left_s.tolist())
            first_s = first_s / (1.0 if group.even else np.repeat(speed, group.per_node))
            first_s[np.repeat(~runs, group.per_node)] = NEVER
        self._due.append(first_s.tolist())
        order = np.argsort(first_s, kind="stable").astype(np.int32)
        self._order.append(array("i", order.tobytes()))
        self._feed(at)

    def _feed(self, at: int) -> None:
        """Put the next unit of a group's backlog on the heap; those whose node has rested since are there already."""
        order, reached, group = self._order[at], self._reached[at], self.groups[at]
        while reached < len(order) and group.of_nodes and order[reached] // group.per_node in self._moved:
            reached += 1
        if reached < len(order):
            unit = order[reached]
            heappush(self._heap, (self._due[at][unit], at, unit, True))
        self._reached[at] = reached + 1

    def peek(self) -> tuple[float, int, int]:
        """Return instant, group and unit of the next strike; the instant is infinite if there is none."""
        heap = self._heap
        if self._struck is not None:  # its place is refilled only now: most that are struck rest until then
            at, unit = self._struck
            self._struck = None
            if (due := self._due[at][unit]) < NEVER:
                heappush(heap, (due, at, unit, False))
        while heap:
            due, at, unit, early = heap[0]
            if self._due[at][unit] == due:
                return due, at, unit
            heappop(heap)
            if early:
                self._feed(at)
        return NEVER, 0, 0

    def strike(self) -> int:
        """Let the strike happen that `peek` told last, renew its unit, and return the index of its cause."""
        due, at, unit, early = heappop(self._heap)
        group = self.groups[at]
        speed = 1.0 if group.even else self._multiples[unit // group.per_node]
        self._due[at][unit] = due + self._lives[at].next_s(unit) / speed
        self._struck = at, unit
        if early:
            self._feed(at)
        return self._marks[at].cause()

    def rest(self, node: int, now: float) -> None:
        """Stop a node's clocks."""
        self._moved.add(node)
        left: list[float] = []
        for _, per_node, even, due in self._of_nodes:
            speed = 1.0 if even else self._multiples[node]
            for unit in range(node * per_node, (node + 1) * per_node):
                left.append((due[unit] - now) * speed)
                due[unit] = NEVER
        self._rest[node] = left

    def resume(self, node: int, now: float) -> None:
        """Let a node's clocks run on."""
        left = iter(self._rest.pop(node, ()))
        for at, per_node, even, due in self._of_nodes:
            speed = 1.0 if even else self._multiples[node]
            for unit in range(node * per_node, (node + 1) * per_node):
                due[unit] = strikes = now + next(left) / speed
                heappush(self._heap, (strikes, at, unit, False))

    def renew(self, node: int) -> None:
        """Put new parts into a node that rests."""
        self._rest[node] = [
            self._lives[at].next_s(unit)
            for at, per_node, _, _ in self._of_nodes
            for unit in range(node * per_node, (node + 1) * per_node)
        ]

    def quicken(self, node: int, multiple: float, now: float) -> None:
        """Change how fast the clocks of a node run."""
        if multiple == self._multiples[node]:
            return
        if node in self._rest:
            self._multiples[node] = multiple
            return
        self.rest(node, now)
        self._multiples[node] = multiple
        self.resume(node, now)
