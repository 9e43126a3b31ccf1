"""Capacity that comes and goes: how many nodes a spot market gives, and how a gang lives on it.

A gang of N nodes runs while at least N are up, and is preempted when fewer are. What the market gives is a step
function of time, recorded or drawn from laws; what the gang makes of it follows from that without chance.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator

    from simulator.reliability.law import FailureLaw

_DRAWS = 64  # of a law at once


class Span(NamedTuple):
    """From when until when capacity is up [s]."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """How long [s]."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Nodes that are up, as a step function.

    Parameters
    ----------
    at_s : sequence of float
        Instants of change, ascending [s].
    nodes : sequence of int
        Nodes that are up from each instant on.
    until_s : float
        End of what is known [s].

    Examples
    --------
    >>> market = Capacity(at_s=(0.0, 10.0, 30.0), nodes=(2, 3, 1), until_s=40.0)
    >>> market.node_s, market.share_with(3), market.spans_with(2)
    (90.0, 0.5, [Span(start_s=0.0, end_s=30.0)])
    """

    at_s: Sequence[float]
    nodes: Sequence[int]
    until_s: float

    def __post_init__(self) -> None:
        if not self.at_s or len(self.at_s) != len(self.nodes):
            raise ValueError("expected at least one instant, and a number of nodes for each")
        steps = [*self.at_s, self.until_s]
        if any(later < earlier for earlier, later in pairwise(steps)):
            raise ValueError("expected instants in ascending order, the end last")
        if min(self.nodes) < 0:
            raise ValueError("expected numbers of nodes that are not negative")

    @property
    def length_s(self) -> float:
        """Time that is known [s]."""
        return self.until_s - self.at_s[0]

    @property
    def node_s(self) -> float:
        """Node-seconds that were up."""
        return math.fsum(nodes * span.length_s for nodes, span in self._steps())

    def share_with(self, gang: int) -> float:
        """Return the share of the time in which a gang of so many nodes is fully up."""
        up_s = math.fsum(span.length_s for nodes, span in self._steps() if nodes >= gang)
        return up_s / self.length_s if self.length_s > 0 else 0.0

    def spans_with(self, gang: int) -> list[Span]:
        """Return the times in which a gang is fully up, touching ones joined."""
        found: list[Span] = []
        for nodes, span in self._steps():
            if nodes < gang or not span.length_s:
                continue
            if found and found[-1].end_s == span.start_s:
                found[-1] = Span(found[-1].start_s, span.end_s)
            else:
                found.append(span)
        return found

    def _steps(self) -> Iterable[tuple[int, Span]]:
        ends = [*self.at_s[1:], self.until_s]
        return ((nodes, Span(*edges)) for nodes, *edges in zip(self.nodes, self.at_s, ends, strict=True))


def capacity_of(spans: Iterable[tuple[Span, int]], *, since_s: float, until_s: float) -> Capacity:
    """Return the capacity that nodes or groups of nodes make, each up during its span.

    Examples
    --------
    >>> capacity_of([(Span(0.0, 20.0), 1), (Span(5.0, 30.0), 2)], since_s=0.0, until_s=40.0).nodes
    (1, 3, 2, 0)
    """
    steps: dict[float, int] = {since_s: 0}
    for span, nodes in spans:
        steps[span.start_s] = steps.get(span.start_s, 0) + nodes
        if span.end_s < until_s:
            steps[span.end_s] = steps.get(span.end_s, 0) - nodes
    at_s = sorted(steps)
    counts = np.cumsum([steps[moment_s] for moment_s in at_s])
    return Capacity(at_s=tuple(at_s), nodes=tuple(counts.tolist()), until_s=until_s)


def replayed(spans: Sequence[Span], *, length_s: float, start_s: float) -> Iterator[Span]:
    """Yield recorded spans from a moment of the record on, again from its beginning whenever it ends, without end.

    Parameters
    ----------
    spans : sequence of Span
        Within 0 to `length_s`, in order.
    length_s : float
        Of the record [s].
    start_s : float
        Moment of the record at which time 0 is [s].

    Examples
    --------
    >>> from itertools import islice
    >>> list(islice(replayed([Span(2.0, 5.0)], length_s=10.0, start_s=4.0), 2))
    [Span(start_s=0.0, end_s=1.0), Span(start_s=8.0, end_s=11.0)]
    """
    if not length_s > 0:
        raise ValueError("expected a record of some length")
    if not spans:
        return
    if spans[0] == Span(0.0, length_s):
        yield Span(0.0, math.inf)
        return
    held: Span | None = None
    for turn in count():
        for span in spans:
            first, last = (edge + turn * length_s - start_s for edge in span)
            if last <= 0:
                continue
            if held is not None and held.end_s < first:
                yield held
                held = None
            held = Span(max(first, 0.0) if held is None else held.start_s, last)


def drawn(up: "FailureLaw", away: "FailureLaw", rng: "Generator") -> Iterator[Span]:
    """Yield spans with the laws of being up and of being away, up at first, without end."""
    at_s = 0.0
    while True:
        ups, aways = up.times_s(rng, _DRAWS), away.times_s(rng, _DRAWS)
        if not float(ups.sum() + aways.sum()) > 0:
            raise ValueError("expected laws under which time passes")
        for up_s, away_s in zip(ups.tolist(), aways.tolist(), strict=True):
            if up_s > 0:
                yield Span(at_s, at_s + up_s)
            at_s += up_s + away_s


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotMarket:
    """Capacity that a gang meets, recorded or drawn, and the rules under which it leaves it.

    Parameters
    ----------
    spans : tuple of Span
        When the gang is fully up in a record; empty where laws say it.
    length_s : float
        Of the record [s].
    start_s : float or None
        Moment of the record at which a run begins; None draws one for each replica [s].
    up, away : FailureLaw or None
        Instead of a record.
    notice_s, saves_at_notice, changeover_s, deadline_s, allowance
        See `simulator.reliability.gang.Terms`.
    """

    spans: tuple[Span, ...] = ()
    length_s: float = 0.0
    start_s: float | None = None
    up: "FailureLaw | None" = None
    away: "FailureLaw | None" = None
    notice_s: float = 0.0
    saves_at_notice: bool = True
    changeover_s: float = 0.0
    deadline_s: float = math.inf
    allowance: float = 1.0

    def capacity(self, rng: "Generator") -> Iterator[Span]:
        """Yield the spans that one replica meets."""
        if self.up is not None and self.away is not None:
            return drawn(self.up, self.away, rng)
        start_s = float(rng.random()) * self.length_s if self.start_s is None else self.start_s
        return replayed(self.spans, length_s=self.length_s, start_s=start_s % self.length_s)

    @property
    def preemptions_per_up_s(self) -> float:
        """Mean rate at which a gang that is up is preempted [1/s]."""
        if self.up is not None:
            return 1.0 / self.up.mean_s
        up_s = math.fsum(span.length_s for span in self.spans)
        always = len(self.spans) == 1 and self.spans[0].length_s == self.length_s
        return 0.0 if always or not up_s else len(self.spans) / up_s


def must_leave(left_s: float, changeover_s: float, remaining_s: float) -> bool:
    """Tell whether a job has to go on demand now: work left and changeover take all the time that remains.

    Source: the rule under which spot never costs the deadline (Wu et al., "Can't be late", NSDI 2024).

    Examples
    --------
    >>> must_leave(90.0, 10.0, 100.0), must_leave(90.0, 9.0, 100.0)
    (True, False)
    """
    return left_s + changeover_s >= remaining_s
