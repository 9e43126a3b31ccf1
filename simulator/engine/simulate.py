"""The event engine: one run, told by processes on SimPy's clock. This is the truth that `estimate` must equal.

Two processes tell the story. `_train` works through the stages and, when struck, finds out what survived and starts the
way back. `_strike` walks along the fault timeline and interrupts it. Instants are computed once, as absolute times, and
handed over with the interrupt: the clock orders events, but no duration is ever read off it, so that work which ends at
the instant of a failure counts whichever event SimPy happens to process first.
"""

import math
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import simpy
from simpy.events import Event

from simulator.engine.fleet import Nodes, Stop
from simulator.engine.spread import as_lived, efficiencies
from simulator.engine.timeline import Fault, faults
from simulator.records import NO_CAUSE, NOT_STATED, Record, Sink
from simulator.reliability.attempt import saves, stretches, total_s
from simulator.reliability.causes import Cause
from simulator.reliability.fleet import Fleet
from simulator.reliability.recovery import PARTS, SPARE_WAIT, SWAP, exposed_from_s, way_back_s, way_in_s
from simulator.reliability.spares import Pool
from simulator.scenario.values import Scenario, Stage, rate_per_s

make = tuple.__new__  # of records, without the detour through a NamedTuple's own, which costs as much as an event

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


@dataclass(slots=True)
class _Task:
    """What one stage asks of this replica, and how much of it is safe."""

    stage: Stage
    work_s: float
    saved: float = 0.0  # usable saves
    all_s: float = field(init=False)  # time to be worked and saved from the beginning
    overhead_s: float = field(init=False)  # of the stage's cycle
    length_s: float = field(init=False)  # of the stage's cycle

    def __post_init__(self) -> None:
        self.overhead_s, self.length_s = self.stage.cycle.overhead_s, self.stage.cycle.length_s
        self.all_s = float(total_s(self.work_s, self.stage.cycle, final_save=self.stage.final_save))

    @property
    def rest_s(self) -> float:
        """Time still to be worked and saved, from the last usable save [s]."""
        return self.all_s - self.saved * self.length_s


class _Attempt(NamedTuple):
    """One try at the rest of a stage: the way in or back, then work until the end or the next stop."""

    began_s: float
    parts_s: tuple[float, ...]  # of PARTS, in order, before work begins
    cause: str  # what made them necessary
    ready_s: float
    finish_s: float


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
    if scenario.fleet is not None:
        return _told(_FleetRun(scenario, scenario.fleet, replica, sink))
    return live(scenario, replica, faults(scenario.seed, replica, scenario.causes), sink=sink)


def live(scenario: Scenario, replica: int, timeline: Iterator[Fault], *, sink: Sink) -> RunHeader:
    """Simulate one run through a timeline of the caller's own, in hazard and in order."""
    return _told(_Run(scenario, replica, timeline, sink))


def _told(run: "_Run") -> RunHeader:
    run.env.run(run.train)
    return RunHeader(run.replica, run.scenario.seed, run.scenario.fingerprint, tuple(run.stage_s), run.stops)


class _Run:
    """What the two processes share."""

    def __init__(self, scenario: Scenario, replica: int, timeline: Iterator[Fault], sink: Sink) -> None:
        self.env = simpy.Environment()
        self.scenario, self.replica, self.sink = scenario, replica, sink
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
            task = _Task(stage, stage.work_s / self.speed if stage.scales else stage.work_s)
            entered_s, rate = now_s, rate_per_s(self.scenario, stage)
            attempt = self._enter(task, now_s, first=number == 0 and not stage.gross)
            striker = self.env.process(self._strike(entered_s, hazard, rate)) if rate else None
            while stop := (yield from self._wait(task, attempt)):
                attempt = self._restart(task, attempt, stop)
            if striker is not None and striker.is_alive:
                striker.interrupt()
            self._note_end(task, attempt, entered_s)
            now_s = attempt.finish_s
            self.stage_s.append(now_s - entered_s)
            hazard += self.stage_s[-1] * rate

    def _wait(self, task: _Task, attempt: _Attempt) -> Generator[Event, Any, Stop | None]:  # noqa: ARG002 - a fleet asks for it
        """Wait for the end of an attempt, and return the stop that ended it; None if it finished."""
        try:
            yield self.env.timeout(max(attempt.finish_s - self.env.now, 0.0))
        except simpy.Interrupt as interrupt:
            stop = interrupt.cause
            assert isinstance(stop, Stop)
            return stop if stop.at_s < attempt.finish_s else None  # work that ends as a failure strikes counts
        return None

    def _strike(self, entered_s: float, entered_hazard: float, rate: float) -> Story:
        """Walk along the timeline while the stage lasts, and interrupt the job when a fault finds it exposed."""
        mtbf_s = 1.0 / rate
        start_s = entered_s - entered_hazard * mtbf_s
        try:
            while self.fault is not None:
                at_s = start_s + self.fault.hazard * mtbf_s
                yield self.env.timeout(max(at_s - self.env.now, 0.0))
                if at_s >= self.finish_s:
                    return  # work that ends as a failure strikes counts; the fault is the next stage's
                fault, self.fault = self.fault, next(self.timeline, None)
                if at_s >= self.exposed_s:
                    self.train.interrupt(Stop(at_s, fault))
        except simpy.Interrupt:
            return  # the stage is over; its next fault waits for the stage after

    def _enter(self, task: _Task, at_s: float, *, first: bool) -> _Attempt:
        parts_s = way_in_s(self.scenario.recovery, first=first, reenters=task.stage.reenters)
        ready_s = at_s + math.fsum(parts_s)
        self._expose(exposed_from_s(at_s, at_s, ready_s, self.scenario.recovery.exposure))
        self.finish_s = ready_s + task.rest_s
        return _Attempt(at_s, parts_s, NO_CAUSE, ready_s, self.finish_s)

    def _restart(self, task: _Task, attempt: _Attempt, stop: Stop) -> _Attempt:
        """Keep what survived the stop, and plan the way back."""
        cause, recovery = self.scenario.causes[stop.fault.cause], self.scenario.recovery
        self.stops[cause.name] += 1
        self._note_stop(task, attempt, stop)
        parts = list(self.ways_back_s[stop.fault.cause])
        known_s = stop.at_s + cause.detection_s
        self._fill(cause, stop.fault, known_s, parts)
        replaced_s = stop.at_s + math.fsum(parts[:3])
        ready_s = replaced_s + recovery.recovery_s
        self._expose(exposed_from_s(stop.at_s, replaced_s, ready_s, recovery.exposure))
        self.finish_s = ready_s + task.rest_s
        return _Attempt(stop.at_s, tuple(parts), cause.name, ready_s, self.finish_s)

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

    def _note_stop(self, task: _Task, attempt: _Attempt, stop: Stop) -> None:
        """Record an attempt that a fault ended, and count the saves that it leaves."""
        self._note_way(task.stage, attempt, stop.at_s)
        uptime_s = stop.at_s - attempt.ready_s
        if uptime_s <= 0:
            return
        made, cycle = float(saves(uptime_s, task.stage.cycle)), task.stage.cycle
        task.saved += made
        self._note_work(task.stage, attempt.ready_s, made * cycle.work_s, made * task.overhead_s)
        cause, kept_s = self.scenario.causes[stop.fault.cause].name, made * task.length_s
        self._note(task.stage, attempt.ready_s + kept_s, uptime_s - kept_s, "wasted_progress", cause)

    def _note_end(self, task: _Task, attempt: _Attempt, entered_s: float) -> None:
        """Record the attempt that finished the stage, and the spares that stood beside it."""
        stage, cycle = task.stage, task.stage.cycle
        self._note_way(stage, attempt, attempt.finish_s)
        work_s = task.work_s - task.saved * cycle.work_s
        last_s = cycle.write_s + cycle.flush_s if stage.final_save else 0.0
        saves_s = (float(stretches(task.work_s, cycle)) - 1.0 - task.saved) * cycle.overhead_s + last_s
        if stage.gross:
            self._note(stage, attempt.ready_s + stage.productive_s, work_s - stage.productive_s, "other", NOT_STATED)
            work_s = stage.productive_s
        self._note_work(stage, attempt.ready_s, work_s, saves_s)
        idle = (self.scenario.recovery.spares or 0) * self.scenario.accelerators_per_node
        length_s = attempt.finish_s - entered_s
        if idle and length_s > 0:
            self.sink.take(Record(entered_s, length_s, stage.name, "idle_spare", NO_CAUSE, idle))

    def _note_way(self, stage: Stage, attempt: _Attempt, until_s: float) -> None:
        """Record the parts of a way in or back, as far as it was gone."""
        start_s, name, cause, machines = attempt.began_s, stage.name, attempt.cause, stage.accelerators
        for phase, part_s in zip(PARTS, attempt.parts_s, strict=True):
            if part_s > 0 and start_s < until_s:
                told = (start_s, min(part_s, until_s - start_s), name, phase, cause, machines)
                self.sink.take(make(Record, told))
            start_s += part_s

    def _note_work(self, stage: Stage, start_s: float, work_s: float, saving_s: float) -> None:
        self._note(stage, start_s, work_s, "productive", NO_CAUSE)
        self._note(stage, start_s + work_s, saving_s, "checkpoint_save", NO_CAUSE)

    def _note(self, stage: Stage, start_s: float, duration_s: float, phase: str, cause: str) -> None:
        if duration_s > 0:
            self.sink.take(make(Record, (start_s, duration_s, stage.name, phase, cause, stage.accelerators)))


class _FleetRun(_Run):
    """A run whose nodes are told one by one: the next stop is known when an attempt begins."""

    def __init__(self, scenario: Scenario, rules: Fleet, replica: int, sink: Sink) -> None:
        super().__init__(scenario, replica, iter(()), sink)
        self.nodes = Nodes(scenario, rules, replica)

    def _enter(self, task: _Task, at_s: float, *, first: bool) -> _Attempt:
        if not task.stage.gross:
            self.nodes.enter(task.stage.nodes)
        return super()._enter(task, at_s, first=first)

    def _wait(self, task: _Task, attempt: _Attempt) -> Generator[Event, Any, Stop | None]:
        stop = None if task.stage.gross else self.nodes.stop(attempt.finish_s)
        until_s = attempt.finish_s if stop is None else stop.at_s
        yield self.env.timeout(max(until_s - self.env.now, 0.0))
        return stop

    def _fill(self, cause: Cause, fault: Fault, known_s: float, parts: list[float]) -> None:  # noqa: ARG002 - as above
        filled = self.nodes.replace(fault.cause, known_s)
        fit_s, parts[SWAP] = filled or (0.0, 0.0)
        self.held_s = max(self.held_s, fit_s)
        parts[SPARE_WAIT] = max(self.held_s - known_s, 0.0)

    def _expose(self, from_s: float) -> None:
        super()._expose(from_s)
        self.nodes.expose(from_s)
