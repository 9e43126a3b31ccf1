"""The event engine: one run, told by processes on SimPy's clock. This is the truth that `estimate` must equal.

Two processes tell the story. `_train` works through the stages and, when struck, finds out what survived and starts the
way back. `_strike` walks along the fault timeline and interrupts it. Instants are computed once, as absolute times, and
handed over with the interrupt: the clock orders events, but no duration is ever read off it, so that work which ends at
the instant of a failure counts whichever event SimPy happens to process first.
"""

import math
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, NamedTuple, TypeAlias

import simpy
from simpy.events import Event

from simulator.engine.fleet import Nodes, Stop
from simulator.engine.shop import uniforms
from simulator.engine.spread import as_lived, efficiencies
from simulator.engine.timeline import Fault, faults
from simulator.records import NO_CAUSE, NOT_STATED, Record, Sink
from simulator.reliability.attempt import saves, saving_s, total_s
from simulator.reliability.causes import Cause
from simulator.reliability.fleet import Fleet
from simulator.reliability.hazard import exposure_s, instant_s
from simulator.reliability.progress import is_special, last_of_stage_s, last_save_s, set_back, useful_at_s
from simulator.reliability.recovery import (
    PARTS,
    REPLACED,
    RESTORE,
    SAVE,
    SPARE_WAIT,
    SWAP,
    exposed_from_s,
    restore_s,
    way_back_s,
    way_in_s,
)
from simulator.reliability.spares import Pool
from simulator.scenario.values import Scenario, Stage, is_fragile, rate_per_s, uses_luck

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


class _Stretch(NamedTuple):
    """Progress that was saved, and that a later stop may still destroy."""

    start_s: float
    from_s: float  # on the stage's clock
    until_s: float


@dataclass(slots=True)
class _Task:
    """What one stage asks of this replica, and how much of it is safe."""

    stage: Stage
    work_s: float
    at_s: float = 0.0  # position of the last usable save on the stage's clock
    durable_s: float = 0.0  # and of the last durable one
    done: list[_Stretch] = field(default_factory=list)
    all_s: float = field(init=False)  # the stage's clock at its end
    overhead_s: float = field(init=False)  # of the stage's cycle
    length_s: float = field(init=False)  # of the stage's cycle

    def __post_init__(self) -> None:
        self.overhead_s, self.length_s = self.stage.cycle.overhead_s, self.stage.cycle.length_s
        self.all_s = float(total_s(self.work_s, self.stage.cycle, final_save=self.stage.final_save))

    @property
    def rest_s(self) -> float:
        """Time still to be worked and saved, from the last usable save [s]."""
        return self.all_s - self.at_s

    def useful_s(self, at_s: float) -> float:
        """Return the useful work up to a position on the stage's clock [s]."""
        return min(useful_at_s(at_s, self.stage.cycle), self.work_s)


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
    return live(scenario, replica, faults(scenario.seed, replica, scenario.causes, luck=uses_luck(scenario)), sink=sink)


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
        self.fragile = is_fragile(scenario)
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
            hazard += (exposure_s(self.scenario.maturity, now_s) - exposure_s(self.scenario.maturity, entered_s)) * rate

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
        read_s = self._note_stop(task, attempt, stop, cause)
        parts = list(self.ways_back_s[stop.fault.cause])
        parts[RESTORE] = read_s
        if cause.announced:
            parts[SAVE] = task.stage.cycle.last_s
        self._fill(cause, stop.fault, stop.at_s + math.fsum(parts[:SPARE_WAIT]), parts)
        replaced_s = stop.at_s + math.fsum(parts[:REPLACED])
        ready_s = replaced_s + math.fsum(parts[REPLACED:])
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

    def _note_stop(self, task: _Task, attempt: _Attempt, stop: Stop, cause: Cause) -> float:
        """Record an attempt that a fault ended, set the stage back, and return how long its save takes to read [s]."""
        self._note_way(task.stage, attempt, stop.at_s)
        uptime_s = stop.at_s - attempt.ready_s
        if not self.fragile:
            if uptime_s > 0:
                self._note_work_lost(task, attempt, uptime_s, cause)
            return self.scenario.recovery.restore_s
        cycle, began_s = task.stage.cycle, task.at_s
        reached_s = began_s + max(uptime_s, 0.0)
        if reached_s > began_s:
            task.done.append(_Stretch(attempt.ready_s, began_s, reached_s))
        if not is_special(cause, cycle):
            task.at_s = max(float(last_save_s(reached_s, cycle)), began_s)
            self._note_waste(task, cause)
            return self.scenario.recovery.restore_s
        left = set_back(
            began_s, reached_s, task.durable_s, cycle, end_s=last_of_stage_s(task.work_s, cycle),
            announced=cause.announced, reach_s=cause.reach_s, near_lost=cause.near_lost, luck=stop.fault.luck,
        )  # fmt: skip
        task.at_s, task.durable_s = float(left.at_s), float(left.durable_s)
        self._note_waste(task, cause)
        return float(restore_s(self.scenario.recovery, left.reads, left.near))

    def _note_work_lost(self, task: _Task, attempt: _Attempt, uptime_s: float, cause: Cause) -> None:
        """Record work that a stop ended where nothing but what follows the last save is ever lost."""
        made, cycle = float(saves(uptime_s, task.stage.cycle)), task.stage.cycle
        kept_s = made * task.length_s
        task.at_s += kept_s
        self._note_work(task.stage, attempt.ready_s, made * cycle.work_s, made * task.overhead_s)
        self._note(task.stage, attempt.ready_s + kept_s, uptime_s - kept_s, cause.waste, cause.name)

    def _note_waste(self, task: _Task, cause: Cause) -> None:
        """Record the progress behind the last usable save as lost, and hold back what may be lost later."""
        while task.done and task.done[-1].until_s > task.at_s:
            start_s, from_s, until_s = task.done.pop()
            kept_s = max(task.at_s - from_s, 0.0)
            self._note(task.stage, start_s + kept_s, until_s - from_s - kept_s, cause.waste, cause.name)
            if kept_s:
                task.done.append(_Stretch(start_s, from_s, task.at_s))

    def _note_done(self, task: _Task) -> None:
        """Record progress that nothing destroys any more."""
        for start_s, from_s, until_s in task.done:
            useful_s = task.useful_s(until_s) - task.useful_s(from_s)
            self._note_work(task.stage, start_s, useful_s, until_s - from_s - useful_s)
        task.done.clear()

    def _note_end(self, task: _Task, attempt: _Attempt, entered_s: float) -> None:
        """Record the attempt that finished the stage, and the spares that stood beside it."""
        stage, cycle = task.stage, task.stage.cycle
        self._note_way(stage, attempt, attempt.finish_s)
        self._note_done(task)
        useful_s = task.work_s - task.useful_s(task.at_s)
        all_s = float(saving_s(task.work_s, cycle, final_save=stage.final_save))
        saves_s = all_s - (task.at_s - task.useful_s(task.at_s))
        if stage.gross:
            self._note(stage, attempt.ready_s + stage.productive_s, useful_s - stage.productive_s, "other", NOT_STATED)
            useful_s = stage.productive_s
        self._note_work(stage, attempt.ready_s, useful_s, saves_s)
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
        self.luck = uniforms(scenario.seed, replica, "fleet-saves") if uses_luck(scenario) else repeat(1.0)

    def _enter(self, task: _Task, at_s: float, *, first: bool) -> _Attempt:
        if not task.stage.gross:
            self.nodes.enter(task.stage.nodes)
        return super()._enter(task, at_s, first=first)

    def _wait(self, task: _Task, attempt: _Attempt) -> Generator[Event, Any, Stop | None]:
        stop = None if task.stage.gross else self.nodes.stop(attempt.finish_s)
        until_s = attempt.finish_s if stop is None else stop.at_s
        yield self.env.timeout(max(until_s - self.env.now, 0.0))
        return None if stop is None else stop._replace(fault=stop.fault._replace(luck=next(self.luck)))

    def _fill(self, cause: Cause, fault: Fault, known_s: float, parts: list[float]) -> None:  # noqa: ARG002 - as above
        filled = self.nodes.replace(fault.cause, known_s)
        fit_s, parts[SWAP] = filled or (0.0, 0.0)
        parts[SWAP] += self.nodes.by_hand_s()
        self.held_s = max(self.held_s, fit_s)
        parts[SPARE_WAIT] = max(self.held_s - known_s, 0.0)

    def _expose(self, from_s: float) -> None:
        super()._expose(from_s)
        self.nodes.expose(from_s)
