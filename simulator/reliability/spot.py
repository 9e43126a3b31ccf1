"""Capacity that comes and goes: how many nodes a spot market gives, and how a gang lives on it.

A gang of N nodes runs while at least N are up, and is preempted when fewer are. What the market gives is a step
function of time, recorded or drawn from laws; what the gang makes of it follows from that without chance.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from simulator.reliability.attempt import Cycle, saves, total_s

if TYPE_CHECKING:
    from numpy.random import Generator

    from simulator.reliability.laws import FailureLaw

Market = Literal["spot", "on-demand"]
PREEMPTION = "preemption"


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
        return math.fsum(count * span.length_s for count, span in self._steps())

    def share_with(self, gang: int) -> float:
        """Return the share of the time in which a gang of so many nodes is fully up."""
        up_s = math.fsum(span.length_s for count, span in self._steps() if count >= gang)
        return up_s / self.length_s if self.length_s > 0 else 0.0

    def spans_with(self, gang: int) -> list[Span]:
        """Return the times in which a gang is fully up, touching ones joined."""
        found: list[Span] = []
        for count, span in self._steps():
            if count < gang or not span.length_s:
                continue
            if found and found[-1].end_s == span.start_s:
                found[-1] = Span(found[-1].start_s, span.end_s)
            else:
                found.append(span)
        return found

    def _steps(self) -> Iterable[tuple[int, Span]]:
        ends = [*self.at_s[1:], self.until_s]
        return ((count, Span(*edges)) for count, *edges in zip(self.nodes, self.at_s, ends, strict=True))


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


def replayed(spans: Sequence[Span], *, length_s: float, start_s: float, until_s: float) -> list[Span]:
    """Return recorded spans from a moment of the record on, again from its beginning whenever it ends.

    Parameters
    ----------
    spans : sequence of Span
        Within 0 to `length_s`, in order.
    length_s : float
        Of the record [s].
    start_s : float
        Moment of the record at which time 0 is [s].
    until_s : float
        How far to go [s].

    Examples
    --------
    >>> replayed([Span(2.0, 5.0)], length_s=10.0, start_s=4.0, until_s=20.0)
    [Span(start_s=0.0, end_s=1.0), Span(start_s=8.0, end_s=11.0), Span(start_s=18.0, end_s=20.0)]
    """
    if not length_s > 0:
        raise ValueError("expected a record of some length")
    found: list[Span] = []
    for turn in range(math.ceil((until_s + start_s) / length_s)):
        for span in spans:
            first, last = (edge + turn * length_s - start_s for edge in span)
            first, last = max(first, 0.0), min(last, until_s)
            if last <= first:
                continue
            if found and found[-1].end_s >= first:
                found[-1] = Span(found[-1].start_s, last)
            else:
                found.append(Span(first, last))
    return found


def drawn(up: "FailureLaw", down: "FailureLaw", rng: "Generator", *, until_s: float) -> list[Span]:
    """Draw spans from the laws of being up and of being away, up at first."""
    found: list[Span] = []
    at_s = 0.0
    while at_s < until_s:
        up_s, down_s = float(up.times_s(rng, 1)[0]), float(down.times_s(rng, 1)[0])
        if not up_s + down_s > 0:
            raise ValueError("expected laws under which time passes")
        found.append(Span(at_s, min(at_s + up_s, until_s)))
        at_s += up_s + down_s
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What preemptions and a change of market cost a gang, and until when it has to be done.

    Parameters
    ----------
    cycle : Cycle
        Work between two saves, and what a save costs.
    restart_s : float
        From capacity that is back to the first new step: set-up and the last checkpoint [s].
    notice_s : float
        Warning before a preemption [s].
    saves_at_notice : bool
        Whether a save is made at the notice if it is long enough for one.
    changeover_s : float
        From the decision to leave the spot market to the first step on demand [s].
    deadline_s : float
        When the work has to be done, from its beginning; infinite where it has not [s].
    """

    cycle: Cycle
    restart_s: float = 0.0
    notice_s: float = 0.0
    saves_at_notice: bool = True
    changeover_s: float = 0.0
    deadline_s: float = math.inf

    @property
    def hasty_s(self) -> float:
        """Time of a save with nothing beside it, flush included [s]."""
        return self.cycle.write_s + self.cycle.flush_s


def must_leave(left_s: float, changeover_s: float, remaining_s: float) -> bool:
    """Tell whether a job has to go on demand now: work left and changeover take all the time that remains.

    Source: the rule under which spot never costs the deadline (Wu et al., "Can't be late", NSDI 2024).

    Examples
    --------
    >>> must_leave(90.0, 10.0, 100.0), must_leave(90.0, 9.0, 100.0)
    (True, False)
    """
    return left_s + changeover_s >= remaining_s


class Stretch(NamedTuple):
    """One stretch of a gang's life: its market is None while it waits and holds nothing."""

    start_s: float
    duration_s: float
    phase: str
    market: Market | None


class Life(NamedTuple):
    """How a gang's work went.

    Parameters
    ----------
    stretches : list of Stretch
        In order, without gaps.
    preemptions : int
        That struck it while it held nodes.
    left_at_s : float or None
        When it went on demand; None if it never did [s].
    """

    stretches: list[Stretch]
    preemptions: int
    left_at_s: float | None

    @property
    def end_s(self) -> float:
        """When the work was done [s]."""
        last = self.stretches[-1]
        return last.start_s + last.duration_s

    def held_s(self, market: Market) -> float:
        """Return for how long nodes of a market were held [s]."""
        return math.fsum(each.duration_s for each in self.stretches if each.market == market)


class UnfinishedError(ValueError):
    """Work that does not end within the capacity that is known."""


def live(work_s: float, spans: Sequence[Span], terms: Terms) -> Life:
    """Let a gang work through the capacity that a spot market gives, and leave it in time for the deadline.

    Parameters
    ----------
    work_s : float
        Useful work [s].
    spans : sequence of Span
        When the gang is fully up, in order.
    terms : Terms
        What everything costs.

    Raises
    ------
    UnfinishedError
        If the spans end before the work and no deadline makes it leave.
    """
    gang = _Gang(work_s, terms)
    for span in spans:
        if gang.done or gang.left_at_s is not None:
            break
        gang.use(span)
    if not gang.done and gang.left_at_s is None:
        gang.wait(math.inf)
    return Life(gang.stretches, gang.preemptions, gang.left_at_s)


class _Gang:
    """A gang at work: what is saved, and what happened."""

    def __init__(self, work_s: float, terms: Terms) -> None:
        self.work_s, self.terms = work_s, terms
        self.kept_s = 0.0  # useful work that is saved
        self.now_s = 0.0
        self.stretches: list[Stretch] = []
        self.preemptions = 0
        self.left_at_s: float | None = None
        self.done = False

    @property
    def rest_s(self) -> float:
        """Time for the work that is left and the saves between, without interruption [s]."""
        return float(total_s(self.work_s - self.kept_s, self.terms.cycle, final_save=False))

    @property
    def leaves_s(self) -> float:
        """When the deadline makes the gang leave if nothing further is saved [s]."""
        return self.terms.deadline_s - self.rest_s - self.terms.changeover_s

    def wait(self, until_s: float) -> None:
        """Wait for capacity, or leave when the deadline says so."""
        if (leaves_s := max(self.leaves_s, self.now_s)) < until_s:
            self._note(leaves_s - self.now_s, "spare_wait", None)
            self._leave()
        elif math.isinf(until_s):
            raise UnfinishedError(
                f"{self.work_s - self.kept_s:g} s of work are left when the known capacity ends; "
                "give a longer trace, a smaller gang or a deadline"
            )
        else:
            self._note(until_s - self.now_s, "spare_wait", None)

    def use(self, span: Span) -> None:
        """Work while the market lets it."""
        if span.end_s <= self.now_s:
            return
        if span.start_s > self.now_s:
            self.wait(span.start_s)
            if self.left_at_s is not None:
                return
        room_s = span.end_s - self.now_s
        if self.leaves_s <= self.now_s:
            self._leave()
            return
        ready_s = min(self.terms.restart_s, room_s, self.leaves_s - self.now_s)
        self._note(ready_s, "checkpoint_restore" if self.kept_s else "program_startup", "spot")
        if ready_s < self.terms.restart_s:
            self._cut_short(ready_s < room_s)
        else:
            self._work(room_s - ready_s)

    def _cut_short(self, leaves: bool) -> None:
        """End a restart before its first step: the deadline calls, or the market does."""
        if leaves:
            self._leave()
        else:
            self.preemptions += 1

    def _work(self, room_s: float) -> None:
        """Work until the end of the span, of the work, or of what the deadline allows to risk.

        What is safe does not grow until the first save, while the time that remains shrinks; from then on both shrink
        alike. So the rule can only strike before the first save of a span.
        """
        cycle, rest_s = self.terms.cycle, self.rest_s
        slack_s = max(self.leaves_s - self.now_s, 0.0)
        if slack_s < min(cycle.length_s + cycle.lag_s, rest_s, room_s):
            self._part(slack_s)
        elif rest_s <= room_s:
            self._finish("spot")
        else:
            self._preempt(room_s)

    def _part(self, worked_s: float) -> None:
        """Leave a market that is still up: what was done is saved first, if that gains time."""
        if worked_s > self.terms.hasty_s:
            self.kept_s += worked_s
            self._note(worked_s, "productive", "spot")
            self._note(self.terms.hasty_s, "checkpoint_save", "spot")
        else:
            self._note(worked_s, "wasted_progress", "spot")
        self._leave()

    def _preempt(self, room_s: float) -> None:
        """Lose what no save holds: a save at the notice counts if it has the time."""
        self.preemptions += 1
        cycle, terms = self.terms.cycle, self.terms
        made = float(saves(room_s, cycle))
        kept_s, cost_s = made * cycle.work_s, made * cycle.overhead_s
        since_s = room_s - kept_s - cost_s - terms.notice_s  # from the last usable save to the notice
        if terms.saves_at_notice and terms.hasty_s <= terms.notice_s and since_s > 0:
            kept_s, cost_s = kept_s + min(since_s, cycle.work_s), cost_s + terms.hasty_s
        self.kept_s += kept_s
        self._note(kept_s, "productive", "spot")
        self._note(cost_s, "checkpoint_save", "spot")
        self._note(room_s - kept_s - cost_s, "wasted_progress", "spot")

    def _leave(self) -> None:
        self.left_at_s = self.now_s
        self._note(self.terms.changeover_s, "infrastructure_recovery", "on-demand")
        self._finish("on-demand")

    def _finish(self, market: Market) -> None:
        """Do all the work that is left, without a stop."""
        rest_s, left_s = self.rest_s, self.work_s - self.kept_s
        self._note(left_s, "productive", market)
        self._note(rest_s - left_s, "checkpoint_save", market)
        self.kept_s, self.done = self.work_s, True

    def _note(self, duration_s: float, phase: str, market: Market | None) -> None:
        if duration_s > 0:
            self.stretches.append(Stretch(self.now_s, duration_s, phase, market))
        self.now_s += max(duration_s, 0.0)
