"""What a run writes down as it goes: how far each stage has come, and what becomes of the time."""

from dataclasses import dataclass, field
from itertools import compress
from typing import NamedTuple

from simulator.engine.burdens import Burdens, Drag
from simulator.engine.fleet import Stop
from simulator.foundation.tuples import make
from simulator.records import NO_CAUSE, NOT_STATED, Record, Sink
from simulator.reliability.attempt import saves_of_one, saving_s, total_s
from simulator.reliability.causes import Cause
from simulator.reliability.progress import is_special, last_of_stage_s, last_save_s, set_back, useful_at_s
from simulator.reliability.recovery import PARTS, restore_s
from simulator.scenario.values import Scenario, Stage, is_fragile, needs_events


class Stretch(NamedTuple):
    """Progress that was saved, and that a later stop may still destroy."""

    start_s: float
    from_s: float  # on the stage's clock
    until_s: float


@dataclass(slots=True)
class Task:
    """What one stage asks of this replica, and how much of it is safe."""

    stage: Stage
    work_s: float
    at_s: float = 0.0  # position of the last usable save on the stage's clock
    durable_s: float = 0.0  # and of the last durable one
    done: list[Stretch] = field(default_factory=list)
    all_s: float = field(init=False)  # the stage's clock at its end
    overhead_s: float = field(init=False)  # of the stage's cycle
    length_s: float = field(init=False)  # of the stage's cycle
    lag_s: float = field(init=False)  # of the stage's cycle

    def __post_init__(self) -> None:
        cycle = self.stage.cycle
        self.overhead_s, self.length_s, self.lag_s = cycle.overhead_s, cycle.length_s, cycle.lag_s
        self.all_s = float(total_s(self.work_s, self.stage.cycle, final_save=self.stage.final_save))

    @property
    def rest_s(self) -> float:
        """Time still to be worked and saved, from the last usable save [s]."""
        return self.all_s - self.at_s

    def useful_s(self, at_s: float) -> float:
        """Return the useful work up to a position on the stage's clock [s]."""
        return min(useful_at_s(at_s, self.stage.cycle), self.work_s)


class Attempt(NamedTuple):
    """One try at the rest of a stage: the way in or back, then work until the end or the next stop."""

    began_s: float
    parts_s: tuple[float, ...]  # of PARTS, in order, before work begins
    cause: str  # what made them necessary
    ready_s: float
    finish_s: float
    from_s: float  # on the stage's clock
    drags: tuple[Drag, ...] = ()
    pace: float = 1.0  # of the stage's clock

    def clock_s(self, at_s: float) -> float:
        """Return where the stage's clock is at an instant [s]."""
        return self.from_s + max(at_s - self.ready_s, 0.0) * self.pace


class Books:
    """The books of one run."""

    def __init__(self, scenario: Scenario, sink: Sink) -> None:
        self.scenario, self.sink = scenario, sink
        self.burdens = Burdens(scenario)
        self.fragile = is_fragile(scenario) or (scenario.fleet is None and needs_events(scenario) is not None)

    def note_stop(self, task: Task, attempt: Attempt, stop: Stop, cause: Cause) -> float:
        """Record an attempt that a fault ended, set the stage back, and return how long its save takes to read [s]."""
        self.note_way(task.stage, attempt, stop.at_s)
        uptime_s = stop.at_s - attempt.ready_s
        if not self.fragile:
            if uptime_s > 0:
                self._note_work_lost(task, attempt, uptime_s, cause)
            return self.scenario.recovery.restore_s
        cycle, began_s, reached_s = task.stage.cycle, task.at_s, attempt.clock_s(stop.at_s)
        self.note_progress(task, attempt, stop.at_s)
        if not cause.announced:
            self.burdens.clear_corrupt()  # every save is verified
        if not is_special(cause, cycle):
            task.at_s = max(float(last_save_s(reached_s, cycle)), began_s)
            self.note_waste(task, cause)
            return self.scenario.recovery.restore_s
        left = set_back(
            began_s, reached_s, task.durable_s, cycle, end_s=last_of_stage_s(task.work_s, cycle),
            announced=cause.announced, reach_s=cause.reach_s, near_lost=cause.near_lost, luck=stop.fault.luck,
        )  # fmt: skip
        task.at_s, task.durable_s = float(left.at_s), float(left.durable_s)
        self.note_waste(task, cause)
        return float(restore_s(self.scenario.recovery, left.reads, left.near))

    def note_progress(self, task: Task, attempt: Attempt, at_s: float) -> None:
        """Hold progress back that may be lost later, and record what was not worked, because something was slow."""
        uptime_s, reached_s = at_s - attempt.ready_s, attempt.clock_s(at_s)
        if uptime_s <= 0:
            return
        task.done.append(Stretch(attempt.ready_s, attempt.from_s, reached_s))
        start_s = attempt.ready_s + reached_s - attempt.from_s
        for share, phase, cause in attempt.drags:
            self._note(task.stage, start_s, uptime_s * share, phase, cause)
            start_s += uptime_s * share

    def _note_work_lost(self, task: Task, attempt: Attempt, uptime_s: float, cause: Cause) -> None:
        """Record work that a stop ended where nothing but what follows the last save is ever lost."""
        made = saves_of_one(uptime_s, task.lag_s, task.length_s)
        kept_s = made * task.length_s
        if made:
            task.at_s += kept_s
            self._note_work(task.stage, attempt.ready_s, made * task.stage.cycle.work_s, made * task.overhead_s)
        self._note(task.stage, attempt.ready_s + kept_s, uptime_s - kept_s, cause.waste, cause.name)

    def note_waste(self, task: Task, cause: Cause) -> None:
        """Record the progress behind the last usable save as lost, and hold back what may be lost later."""
        while task.done and task.done[-1].until_s > task.at_s:
            start_s, from_s, until_s = task.done.pop()
            kept_s = max(task.at_s - from_s, 0.0)
            self._note(task.stage, start_s + kept_s, until_s - from_s - kept_s, cause.waste, cause.name)
            if kept_s:
                task.done.append(Stretch(start_s, from_s, task.at_s))

    def _note_done(self, task: Task) -> None:
        """Record progress that nothing destroys any more."""
        for start_s, from_s, until_s in task.done:
            useful_s = task.useful_s(until_s) - task.useful_s(from_s)
            self._note_work(task.stage, start_s, useful_s, until_s - from_s - useful_s)
        task.done.clear()

    def note_end(self, task: Task, attempt: Attempt, entered_s: float) -> None:
        """Record the attempt that finished the stage, and the spares that stood beside it."""
        stage, cycle = task.stage, task.stage.cycle
        self.note_way(stage, attempt, attempt.finish_s)
        if attempt.drags:
            self.note_progress(task, attempt, attempt.finish_s)
        self._note_done(task)
        done_s = task.all_s if attempt.drags else attempt.from_s
        useful_s = task.work_s - task.useful_s(done_s)
        all_s = float(saving_s(task.work_s, cycle, final_save=stage.final_save))
        saves_s = all_s - (done_s - task.useful_s(done_s))
        if stage.gross:
            self._note(stage, attempt.ready_s + stage.productive_s, useful_s - stage.productive_s, "other", NOT_STATED)
            useful_s = stage.productive_s
        self._note_work(stage, attempt.ready_s, useful_s, saves_s)
        idle = (self.scenario.recovery.spares or 0) * self.scenario.accelerators_per_node
        length_s = attempt.finish_s - entered_s
        if idle and length_s > 0:
            self.sink.take(Record(entered_s, length_s, stage.name, "idle_spare", NO_CAUSE, idle))

    def note_way(self, stage: Stage, attempt: Attempt, until_s: float) -> None:
        """Record the parts of a way in or back, as far as it was gone."""
        start_s, parts_s, cause = attempt[:3]
        name, machines, take = stage.name, stage.accelerators, self.sink.take
        for phase, part_s in compress(zip(PARTS, parts_s, strict=True), parts_s):  # most take no time
            if start_s >= until_s:
                return
            left_s = until_s - start_s
            take(make(Record, (start_s, part_s if part_s <= left_s else left_s, name, phase, cause, machines)))
            start_s += part_s

    def _note_work(self, stage: Stage, start_s: float, work_s: float, saving_s: float) -> None:
        if stage.cycle.check_s and saving_s > 0:
            check_s = saving_s * stage.cycle.check_s / stage.cycle.overhead_s
            self._note(stage, start_s + work_s + saving_s - check_s, check_s, "sdc_check", NO_CAUSE)
            saving_s -= check_s
        take, name, machines = self.sink.take, stage.name, stage.accelerators
        if work_s > 0:
            take(make(Record, (start_s, work_s, name, "productive", NO_CAUSE, machines)))
        if saving_s > 0:
            take(make(Record, (start_s + work_s, saving_s, name, "checkpoint_save", NO_CAUSE, machines)))

    def _note(self, stage: Stage, start_s: float, duration_s: float, phase: str, cause: str) -> None:
        if duration_s > 0:
            self.sink.take(make(Record, (start_s, duration_s, stage.name, phase, cause, stage.accelerators)))
