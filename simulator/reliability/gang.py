"""How a gang lives on a spot market: it works while it is up, is preempted, comes back, and leaves in time.

A gang holds all its nodes or none. What a preemption or a fault strikes is lost back to the last usable save; a fault
strikes while the gang sets up and works (exposure A of `simulator.reliability.expected`). When a deadline calls, the
gang goes on demand and stays there.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from simulator.reliability.attempt import Cycle, saves, total_s
from simulator.reliability.spot import Span, must_leave

Market = Literal["spot", "on-demand"]
PREEMPTION, CHANGEOVER, NOTHING = "preemption", "changeover", "none"
MOST_STOPS = 200_000  # of one stage, before it is taken to be endless


class UnfinishedError(ValueError):
    """Work that does not end within the capacity that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What preemptions and a change of market cost a gang, and until when it has to be done.

    Parameters
    ----------
    startup_s : float
        The first start [s].
    initialization_s, restore_s : float
        From capacity that is back, or a stop that is mended, to the first new step [s].
    notice_s : float
        Warning before a preemption [s].
    saves_at_notice : bool
        Whether a save is made at the notice if it is long enough for one.
    changeover_s : float
        From the decision to leave the spot market to the first step on demand [s].
    deadline_s : float
        When all work has to be done, from the beginning; infinite where it has not [s].
    allowance : float
        Time that work takes with faults over the time that it takes without, as far as the deadline is concerned.
    """

    startup_s: float = 0.0
    initialization_s: float = 0.0
    restore_s: float = 0.0
    notice_s: float = 0.0
    saves_at_notice: bool = True
    changeover_s: float = 0.0
    deadline_s: float = math.inf
    allowance: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Work of one stage.

    Parameters
    ----------
    work_s : float
        Useful work [s].
    cycle : Cycle
        Work between two saves, and what a save costs.
    final_save : bool
        Whether it ends with a save.
    later_s : float
        Time for the stages after it, without interruption [s].
    """

    work_s: float
    cycle: Cycle
    final_save: bool = False
    later_s: float = 0.0

    def rest_s(self, kept_s: float) -> float:
        """Time for what is left and the saves between, without interruption [s]."""
        return float(total_s(self.work_s - kept_s, self.cycle, final_save=self.final_save))


class Strike(NamedTuple):
    """A stop, at some time of exposure since the beginning.

    Parameters
    ----------
    exposed_s : float
        When [s].
    cause : str
        Its name.
    down : sequence of (str, float)
        What the gang is down with before it sets up again, and how long [s].
    announced : bool
        Whether a save is made first, which is part of `down`: nothing is lost.
    """

    exposed_s: float
    cause: str
    down: Sequence[tuple[str, float]] = ()
    announced: bool = False


class Stretch(NamedTuple):
    """One stretch of a gang's life: its market is None while it waits and holds nothing."""

    start_s: float
    duration_s: float
    phase: str
    cause: str
    market: Market | None


class Part(NamedTuple):
    """A part of the way to the next step."""

    phase: str
    length_s: float
    cause: str


class Gang:
    """A gang at work.

    Parameters
    ----------
    capacity : iterable of Span
        When the gang is fully up, in order, touching spans joined.
    terms : Terms
        What everything costs.
    strikes : iterable of Strike
        Faults beside the preemptions, in order.

    Examples
    --------
    >>> gang = Gang([Span(0.0, 60.0), Span(100.0, 900.0)], Terms(initialization_s=10.0))
    >>> gang.work(Task(work_s=80.0, cycle=Cycle(work_s=50.0)))
    >>> gang.now_s, gang.preemptions  # 50 s are saved, 10 s lost, 40 s waited, 10 s set up, 30 s worked
    (140.0, 1)
    """

    def __init__(self, capacity: Iterable[Span], terms: Terms, strikes: Iterable[Strike] = ()) -> None:
        self.terms = terms
        self.now_s = 0.0
        self.stretches: list[Stretch] = []
        self.stops: Counter[str] = Counter()
        self.left_at_s: float | None = None
        self._capacity, self._strikes = iter(capacity), iter(strikes)
        self._span: Span | None = None
        self._strike = next(self._strikes, None)
        self._exposed_s = 0.0
        self._why = NOTHING  # what the gang waits after
        self._way: Sequence[Part] = (Part("program_startup", terms.startup_s, NOTHING),)

    @property
    def preemptions(self) -> int:
        """How often the market took the gang's nodes back."""
        return self.stops[PREEMPTION]

    def held_s(self, market: Market) -> float:
        """Return for how long nodes of a market were held [s]."""
        return math.fsum(each.duration_s for each in self.stretches if each.market == market)

    def work(self, task: Task) -> None:
        """Do the work of a stage to its end.

        Raises
        ------
        UnfinishedError
            If the capacity ends before the work, and no deadline makes the gang leave; or if nothing gets done.
        """
        kept_s: float | None = 0.0
        most = self.stops.total() + MOST_STOPS
        while kept_s is not None:
            if self.stops.total() > most:
                raise UnfinishedError(
                    f"a run met {MOST_STOPS:,} stops and was not finished: it gets nothing done between them; "
                    "save more often, start faster, or take a smaller gang"
                )
            if self.left_at_s is not None or self._is_up(task, kept_s):
                kept_s = self._attempt(task, kept_s)

    def _leaves_s(self, task: Task, kept_s: float) -> float:
        """When the deadline makes the gang leave if nothing further is saved [s]."""
        return self.terms.deadline_s - self._needed_s(task, kept_s) - self.terms.changeover_s

    def _needed_s(self, task: Task, kept_s: float) -> float:
        """Time for all the work that is left, as the rule of the deadline counts it [s]."""
        return (task.rest_s(kept_s) + task.later_s) * self.terms.allowance

    def _is_up(self, task: Task, kept_s: float) -> bool:
        """Wait for capacity; tell whether it came, and is worth taking."""
        while self._span is None or self._span.end_s <= self.now_s:
            self._span = next(self._capacity, Span(math.inf, math.inf))
        leaves_s = max(self._leaves_s(task, kept_s), self.now_s)
        if self._span.start_s > self.now_s:
            if math.isinf(min(self._span.start_s, leaves_s)):
                raise UnfinishedError(
                    f"{task.work_s - kept_s:g} s of work are left when the known capacity ends; "
                    "give a longer trace, a smaller gang or a deadline"
                )
            until_s = min(self._span.start_s, leaves_s)
            self._note(until_s, "spare_wait", self._why, None)
            if until_s == leaves_s:
                self._leave()
                return False
        risk_s = math.fsum(part.length_s for part in self._way)  # lost with a preemption before the first save
        risk_s += min(task.cycle.length_s + task.cycle.lag_s, task.rest_s(kept_s))
        remaining_s = self.terms.deadline_s - self.now_s
        if must_leave(self._needed_s(task, kept_s) + risk_s, self.terms.changeover_s, remaining_s):
            self._leave()
        return True

    def _leave(self) -> None:
        """Go on demand, for good."""
        self.left_at_s = self.now_s
        self._note(self.now_s + self.terms.changeover_s, "infrastructure_recovery", CHANGEOVER, "on-demand")
        self._way = ()

    def _attempt(self, task: Task, kept_s: float) -> float | None:
        """Set up and work until the end, a preemption or a fault; return what is kept, None when all is done."""
        taken_s = math.inf if self._span is None or self.left_at_s is not None else self._span.end_s
        struck_s = math.inf if self._strike is None else self.now_s + self._strike.exposed_s - self._exposed_s
        ready_s = self.now_s + math.fsum(part.length_s for part in self._way)
        finish_s, stop_s = ready_s + task.rest_s(kept_s), min(taken_s, struck_s)
        self._exposed_s += min(finish_s, stop_s) - self.now_s
        for part in self._way:
            self._note(min(self.now_s + part.length_s, stop_s), part.phase, part.cause, self._market)
        if finish_s <= stop_s:  # work that ends as the market calls counts
            left_s = task.work_s - kept_s
            self._note(self.now_s + left_s, "productive", NOTHING, self._market)
            self._note(finish_s, "checkpoint_save", NOTHING, self._market)
            self._way = ()
            return None
        preempted = taken_s <= struck_s
        cause = PREEMPTION if preempted or self._strike is None else self._strike.cause
        spared = not preempted and self._strike is not None and self._strike.announced
        kept_s += self._keep(task, stop_s, cause, noticed=preempted, spared=spared)
        self.stops[cause] += 1
        if preempted:
            self._fall(cause)
        else:
            self._go_down(taken_s)
        return kept_s

    @property
    def _market(self) -> Market:
        return "spot" if self.left_at_s is None else "on-demand"

    def _keep(self, task: Task, stop_s: float, cause: str, *, noticed: bool, spared: bool) -> float:
        """Return the work that saves hold when something stops it; the rest is lost [s]."""
        worked_s, cycle, terms = stop_s - self.now_s, task.cycle, self.terms
        made = float(saves(worked_s, cycle)) if worked_s > 0 else 0.0
        kept_s, cost_s = made * cycle.work_s, made * cycle.overhead_s
        hasty_s = cycle.last_s
        since_s = worked_s - kept_s - cost_s - terms.notice_s  # from the last usable save to the notice
        if spared:
            kept_s += min(worked_s - kept_s - cost_s, cycle.work_s) if worked_s > 0 else 0.0
        elif noticed and terms.saves_at_notice and 0 < terms.notice_s >= hasty_s and since_s > 0:
            kept_s, cost_s = kept_s + min(since_s, cycle.work_s), cost_s + hasty_s
        start_s = self.now_s
        self._note(start_s + kept_s, "productive", NOTHING, self._market)
        self._note(start_s + kept_s + cost_s, "checkpoint_save", NOTHING, self._market)
        self._note(max(stop_s, start_s), "wasted_progress", cause, self._market)
        return kept_s

    def _go_down(self, taken_s: float) -> None:
        """Notice a fault and mend it, unless the market takes the nodes meanwhile."""
        strike = self._strike
        assert strike is not None
        self._strike = next(self._strikes, None)
        for phase, length_s in strike.down:
            self._note(min(self.now_s + length_s, taken_s), phase, strike.cause, self._market)
        if self.now_s >= taken_s:
            self.stops[PREEMPTION] += 1
            self._fall(PREEMPTION)
        else:
            self._fall(strike.cause)

    def _fall(self, cause: str) -> None:
        """Have the way back before the gang."""
        self._why = cause
        self._way = (
            Part("accelerator_initialization", self.terms.initialization_s, cause),
            Part("checkpoint_restore", self.terms.restore_s, cause),
        )

    def _note(self, until_s: float, phase: str, cause: str, market: Market | None) -> None:
        """Let time pass in a phase."""
        if until_s > self.now_s:
            self.stretches.append(Stretch(self.now_s, until_s - self.now_s, phase, cause, market))
            self.now_s = until_s
