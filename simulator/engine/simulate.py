"""The event engine: one run, told by processes on SimPy's clock. This is the truth that `estimate` must equal.

Two processes tell the story. `_train` works through the stages and, when struck, finds out what survived and starts the
way back. `_strike` walks along the fault timeline and interrupts it. Instants are computed once, as absolute times, and
handed over with the interrupt: the clock orders events, but no duration is ever read off it, so that work which ends at
the instant of a failure counts whichever event SimPy happens to process first.
"""

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import simpy
from simpy.events import Event

from simulator.engine.books import Attempt, Books, Task
from simulator.engine.burdens import Burden, Drag
from simulator.engine.fleet import Nodes, Stop
from simulator.engine.spot import on_spot
from simulator.engine.spread import as_lived, efficiencies
from simulator.engine.timeline import Fault, faults
from simulator.foundation.tuples import make
from simulator.records import NO_CAUSE, Sink
from simulator.reliability.causes import Cause
from simulator.reliability.fleet import Fleet
from simulator.reliability.hazard import exposure_s, instant_s
from simulator.reliability.progress import last_save_s
from simulator.reliability.recovery import (
    DETECTION,
    PARTS,
    REPLACED,
    RESTORE,
    SAVE,
    SCALE_UP,
    SLICE_DOWN,
    SPARE_WAIT,
    SWAP,
    exposed_from_s,
    way_back_s,
    way_in_s,
)
from simulator.reliability.spares import Pool
from simulator.scenario.values import Scenario, rate_per_s, uses_luck

Story: TypeAlias = Generator[Event, Any, None]


class RunHeader(NamedTuple):
    """What identifies one simulated run, and how it ended."""

    replica: int
    seed: int
    fingerprint: str
    stage_s: tuple[float, ...]
    stops: Mapping[str, int]  # by cause

    @property
    def wall_s(self) -> float:
        """From the first start to the end [s]."""
        return math.fsum(self.stage_s)

    @property
    def interruptions(self) -> int:
        """Stops of the job."""
        return sum(self.stops.values())


class _Relief(NamedTuple):
    """A burden that ends."""

    at_s: float
    burden: Burden


def simulate(scenario: Scenario, replica: int = 0, *, sink: Sink) -> RunHeader:
    """Simulate one replica of a scenario, event by event.

    Parameters
    ----------
    scenario : Scenario
        What to run.
    replica : int
        Which fault timeline to live through; `estimate` meets the same one.
    sink : Sink
        Takes the records as attempts end.
    """
    scenario = as_lived(scenario, replica)
    if scenario.spot is not None:
        lived = on_spot(scenario, scenario.spot, replica, sink=sink)
        return RunHeader(replica, scenario.seed, scenario.fingerprint, *lived)
    if scenario.fleet is not None:
        return _told(_FleetRun(scenario, scenario.fleet, replica, sink))
    return live(scenario, replica, faults(scenario.seed, replica, scenario.causes, luck=uses_luck(scenario)), sink=sink)


def live(scenario: Scenario, replica: int, timeline: Iterator[Fault], *, sink: Sink) -> RunHeader:
    """Simulate one run through a timeline of the caller's own, in hazard and in order."""
    return _told(_Run(scenario, replica, timeline, sink))


def _told(run: "_Run") -> RunHeader:
    run.env.run(run.train)
    return RunHeader(run.replica, run.scenario.seed, run.scenario.fingerprint, tuple(run.stage_s), run.stops)


class _Run(Books):
    """What the two processes share."""

    def __init__(self, scenario: Scenario, replica: int, timeline: Iterator[Fault], sink: Sink) -> None:
        super().__init__(scenario, sink)
        self.env, self.replica = simpy.Environment(), replica
        self.timeline, self.fault = timeline, next(timeline, None)
        self.speed = float(efficiencies(scenario, range(replica, replica + 1))[0])
        self.pool = None if scenario.recovery.spares is None else Pool(scenario.recovery.spares)
        self.held_s = 0.0  # when all the machines that the job waited for were fit
        self.exposed_s = 0.0  # from when on a fault strikes
        self.finish_s = 0.0  # when the stage ends if nothing strikes any more
        self.stage_s: list[float] = []
        self.stops = dict.fromkeys((cause.name for cause in scenario.causes), 0)
        self.ways_back_s = [way_back_s(cause, scenario.recovery) for cause in scenario.causes]
        self.train = self.env.process(self._train())

    def _train(self) -> Story:
        """Work through the stages; when struck, go back to the last usable save."""
        now_s = hazard = 0.0
        for number, stage in enumerate(self.scenario.stages):
            task = Task(stage, stage.work_s / self.speed if stage.scales else stage.work_s)
            entered_s, rate = now_s, rate_per_s(self.scenario, stage)
            attempt = self._enter(task, now_s, first=number == 0 and not stage.gross)
            striker = self.env.process(self._strike(entered_s, hazard, rate)) if rate else None
            attempt = yield from self._work(task, attempt)
            self.burdens.clear_corrupt()
            if striker is not None and striker.is_alive:
                striker.interrupt()
            self.note_end(task, attempt, entered_s)
            now_s = attempt.finish_s
            self.stage_s.append(now_s - entered_s)
            hazard += (exposure_s(self.scenario.maturity, now_s) - exposure_s(self.scenario.maturity, entered_s)) * rate

    def _work(self, task: Task, attempt: Attempt) -> Generator[Event, Any, Attempt]:
        """Try until an attempt finishes the stage, and return that one."""
        while event := (yield from self._wait(task, attempt)):
            attempt = self._changed(task, attempt, event)
        return attempt

    def _wait(self, task: Task, attempt: Attempt) -> Generator[Event, Any, Stop | _Relief | None]:
        """Wait for the end of an attempt, and return the stop or the relief that ended it; None if it finished."""
        ends = None if task.stage.gross else self.burdens.next(attempt.ready_s, attempt.from_s, attempt.pace)
        until_s = attempt.finish_s if ends is None else min(ends[0], attempt.finish_s)
        try:
            yield self.env.timeout(max(until_s - self.env.now, 0.0))
        except simpy.Interrupt as interrupt:
            stop = interrupt.cause
            assert isinstance(stop, Stop)
            return stop if stop.at_s < attempt.finish_s else None  # work that ends as a failure strikes counts
        return None if ends is None or until_s >= attempt.finish_s else _Relief(until_s, ends[1])

    def _strike(self, entered_s: float, entered_hazard: float, rate: float) -> Story:
        """Walk along the timeline while the stage lasts, and interrupt the job when a fault finds it exposed."""
        mtbf_s = 1.0 / rate
        maturity = self.scenario.maturity
        start_s = exposure_s(maturity, entered_s) - entered_hazard * mtbf_s
        try:
            while self.fault is not None:
                at_s = instant_s(maturity, start_s + self.fault.hazard * mtbf_s)
                yield self.env.timeout(max(at_s - self.env.now, 0.0))
                if at_s >= self.finish_s:
                    return  # work that ends as a failure strikes counts; the fault is the next stage's
                fault, self.fault = self.fault, next(self.timeline, None)
                if at_s >= self.exposed_s:
                    self.train.interrupt(Stop(at_s, fault))
        except simpy.Interrupt:
            return  # the stage is over; its next fault waits for the stage after

    def _enter(self, task: Task, at_s: float, *, first: bool) -> Attempt:
        parts_s = way_in_s(self.scenario.recovery, first=first, reenters=task.stage.reenters)
        ready_s = at_s + math.fsum(parts_s)
        self._expose(exposed_from_s(at_s, at_s, ready_s, self.scenario.recovery.exposure))
        return self._attempt(task, at_s, parts_s, NO_CAUSE, task.at_s)

    def _attempt(self, task: Task, at_s: float, parts_s: Sequence[float], cause: str, from_s: float) -> Attempt:
        """Plan an attempt that begins with a way in or back, and set the end that the faults see."""
        ready_s, pace = at_s + math.fsum(parts_s), 1.0
        drags: tuple[Drag, ...] = ()
        if self.fragile and not task.stage.gross and (drags := self.burdens.drags(task.stage)):
            pace -= math.fsum(drag.share for drag in drags)
        self.finish_s = ready_s + (task.all_s - from_s) / pace
        return make(Attempt, (at_s, tuple(parts_s), cause, ready_s, self.finish_s, from_s, drags, pace))

    def _changed(self, task: Task, attempt: Attempt, event: Stop | _Relief) -> Attempt:
        """Return how the run goes on after a fault, or when a burden ends."""
        if isinstance(event, _Relief):
            return self._relieve(task, attempt, event)
        cause = self.scenario.causes[event.fault.cause]
        if cause.slowdown:
            found_s = event.at_s + cause.detection_s
            self.burdens.add(Burden("slow", event.fault.cause, found_s, repair=event.fault.repair))
            return self._go_on(task, attempt, event.at_s)
        if cause.kind == "silent" and task.stage.cycle.check_s:
            self._corrupt(task, attempt, event)
            return self._go_on(task, attempt, event.at_s)
        if cause.nodes_lost and self.scenario.recovery.policy != "restart":
            taken = self.burdens.taken(task.stage, cause)
            if taken is not None:
                return self._shrink(task, attempt, event, cause, taken)
        return self._restart(task, attempt, event)

    def _corrupt(self, task: Task, attempt: Attempt, stop: Stop) -> None:
        """Let silent corruption strike useful work: the verification at the end of its stretch finds it."""
        cycle, clock_s = task.stage.cycle, attempt.clock_s(stop.at_s)
        begun = math.floor(clock_s / cycle.length_s)
        work_s = min(cycle.work_s, task.work_s - begun * cycle.work_s)
        in_work = begun * cycle.length_s <= clock_s < begun * cycle.length_s + work_s and stop.at_s > attempt.ready_s
        checked_s = begun * cycle.length_s + work_s + cycle.check_s
        if in_work and checked_s < task.all_s:  # a stretch that no save ends is not verified
            self.burdens.add(Burden("corrupt", stop.fault.cause, checked_s, since_s=clock_s))

    def _go_on(
        self, task: Task, attempt: Attempt, at_s: float, parts_s: Sequence[float] | None = None, cause: str = NO_CAUSE
    ) -> Attempt:
        """Let the run go on without loss, at another pace; some time may pass before."""
        self._expose(max(self.exposed_s, at_s))
        if parts_s is None and at_s <= attempt.ready_s:
            return self._attempt(task, attempt.began_s, attempt.parts_s, attempt.cause, attempt.from_s)
        self.note_way(task.stage, attempt, at_s)
        self.note_progress(task, attempt, at_s)
        return self._attempt(task, at_s, parts_s or (0.0,) * len(PARTS), cause, attempt.clock_s(at_s))

    def _shrink(self, task: Task, attempt: Attempt, stop: Stop, cause: Cause, taken: int) -> Attempt:
        """Go on with fewer replicas: at once, or from the last save where no spare is at hand."""
        recovery, replica = self.scenario.recovery, self.scenario.recovery.policy == "replica"
        parts = list(self.ways_back_s[stop.fault.cause])
        known_s = stop.at_s + math.fsum(parts[:SPARE_WAIT])
        fit_s = self._fit_s(cause, stop.fault, known_s)
        if not replica and fit_s <= known_s:
            return self._restart(task, attempt, stop, filled=True)
        self.stops[cause.name] += 1
        back_s = math.fsum(parts[SPARE_WAIT:]) if replica else 0.0
        self.burdens.add(Burden("replica" if replica else "shrunk", stop.fault.cause, fit_s + back_s, taken))
        down = [0.0] * len(PARTS)
        down[DETECTION] = parts[DETECTION]
        if replica:
            down[SLICE_DOWN] = recovery.stall_s
            going = self._go_on(task, attempt, stop.at_s, down, cause.name)
        else:
            down[SLICE_DOWN] = recovery.initialization_s + self.note_stop(task, attempt, stop, cause)
            going = self._attempt(task, stop.at_s, down, cause.name, task.at_s)
        self._expose(exposed_from_s(stop.at_s, known_s, going.ready_s, recovery.exposure))
        return going

    def _relieve(self, task: Task, attempt: Attempt, relief: _Relief) -> Attempt:
        """End a burden: take a slow machine out, let replicas join, go back before corrupt work."""
        at_s, burden = relief
        cause, recovery = self.scenario.causes[burden.cause], self.scenario.recovery
        self.burdens.lift(burden)
        if burden.kind == "corrupt":
            self.stops[cause.name] += 1
            self.note_way(task.stage, attempt, at_s)
            self.note_progress(task, attempt, at_s)
            task.at_s = max(float(last_save_s(burden.since_s, task.stage.cycle)), 0.0)
            self.note_waste(task, cause)
            self.burdens.clear_corrupt()
            parts = list(self.ways_back_s[burden.cause])
            return self._attempt(task, at_s, parts, cause.name, task.at_s)
        parts, save_s = [0.0] * len(PARTS), task.stage.cycle.last_s
        if burden.kind == "slow":
            self.stops[cause.name] += 1
            parts = list(self.ways_back_s[burden.cause])
            parts[SAVE], parts[DETECTION] = save_s, 0.0
            fault = Fault(0.0, burden.cause, burden.repair)
            self._fill(cause, fault, at_s + math.fsum(parts[:SPARE_WAIT]), parts)
        elif burden.kind == "replica":
            parts[SCALE_UP] = recovery.rejoin_s
        else:
            parts[SCALE_UP] = save_s + recovery.swap_s + recovery.recovery_s
        going = self._go_on(task, attempt, at_s, parts, cause.name)
        if burden.kind != "replica":
            task.at_s = task.durable_s = going.from_s  # it was saved before
        self._expose(exposed_from_s(at_s, at_s + math.fsum(parts[:REPLACED]), going.ready_s, recovery.exposure))
        return going

    def _fit_s(self, cause: Cause, fault: Fault, known_s: float) -> float:
        """Send a lost machine to repair, and return when another is fit to take its place [s]."""
        if self.pool is None:
            return known_s
        repair_s = cause.repair_s * (fault.repair if cause.repair_law == "exponential" else 1.0)
        return max(self.pool.replace(known_s, back_s=known_s + repair_s), known_s)

    def _restart(self, task: Task, attempt: Attempt, stop: Stop, *, filled: bool = False) -> Attempt:
        """Keep what survived the stop, and plan the way back."""
        at_s, fault = stop
        number, recovery = fault.cause, self.scenario.recovery
        cause = self.scenario.causes[number]
        self.stops[cause.name] += 1
        read_s = self.note_stop(task, attempt, stop, cause)
        parts = list(self.ways_back_s[number])
        parts[RESTORE] = read_s
        if cause.announced:
            parts[SAVE] = task.stage.cycle.last_s
        if not filled:
            self._fill(cause, fault, at_s + math.fsum(parts[:SPARE_WAIT]), parts)
        replaced_s = at_s + math.fsum(parts[:REPLACED])
        ready_s = replaced_s + math.fsum(parts[REPLACED:])
        self._expose(exposed_from_s(at_s, replaced_s, ready_s, recovery.exposure))
        return self._attempt(task, at_s, parts, cause.name, task.at_s)

    def _fill(self, cause: Cause, fault: Fault, known_s: float, parts: list[float]) -> None:
        """Fill the place of a lost machine, and write into the parts how long the job waits for that."""
        if self.pool is None:
            return
        if cause.nodes_lost:
            repair_s = cause.repair_s * (fault.repair if cause.repair_law == "exponential" else 1.0)
            self.held_s = max(self.held_s, self.pool.replace(known_s, back_s=known_s + repair_s))
        parts[SPARE_WAIT] = max(self.held_s - known_s, 0.0)

    def _expose(self, from_s: float) -> None:
        """Let faults strike from an instant on."""
        self.exposed_s = from_s


class _FleetRun(_Run):
    """A run whose nodes are told one by one: the next stop is known when an attempt begins."""

    def __init__(self, scenario: Scenario, rules: Fleet, replica: int, sink: Sink) -> None:
        super().__init__(scenario, replica, iter(()), sink)
        self.nodes = Nodes(scenario, rules, replica)

    def _enter(self, task: Task, at_s: float, *, first: bool) -> Attempt:
        if not task.stage.gross:
            self.nodes.enter(task.stage.nodes)
        return super()._enter(task, at_s, first=first)

    def _work(self, task: Task, attempt: Attempt) -> Generator[Event, Any, Attempt]:
        next_stop, gross = self.nodes.stop, task.stage.gross
        while (stop := None if gross else next_stop(attempt.finish_s)) is not None:
            attempt = self._changed(task, attempt, stop)  # no other process waits for the clock to come here
        yield self.env.timeout(max(attempt.finish_s - self.env.now, 0.0))
        return attempt

    def _fill(self, cause: Cause, fault: Fault, known_s: float, parts: list[float]) -> None:  # noqa: ARG002 - as above
        filled = self.nodes.replace(fault.cause, known_s)
        fit_s, swap_s = filled or (0.0, 0.0)
        parts[SWAP] = swap_s + self.nodes.by_hand_s()
        if fit_s > self.held_s:
            self.held_s = fit_s
        if self.held_s > known_s:
            parts[SPARE_WAIT] = self.held_s - known_s

    def _expose(self, from_s: float) -> None:
        self.exposed_s = from_s
        self.nodes.expose(from_s)
