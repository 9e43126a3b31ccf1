"""Replicas that advance together: where each stands, and what entering and leaving a stage means for it."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.engine.spread import efficiencies, rate_factors
from simulator.engine.tally import Tally
from simulator.engine.workshop import Workshop
from simulator.reliability.attempt import total_s
from simulator.reliability.progress import is_special, last_of_stage_s
from simulator.reliability.recovery import REPLACED, SPARE_WAIT, exposed_from_s, way_back_s, way_in_s
from simulator.scenario.values import Scenario, Stage, rate_per_s

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]


class Effects(NamedTuple):
    """What a stop by each cause does in a stage; arrays of shape (causes,)."""

    known_s: FloatArray  # until it is known [s]
    down_s: FloatArray  # until lost machines are replaced, the wait for a spare apart [s]
    special: BoolArray  # whether it costs something else than what follows the last save
    announced: BoolArray  # whether the state is saved before
    reach_s: FloatArray  # how far before the stop the state is void; minus infinity if it is saved before [s]
    near_lost: FloatArray  # probability that the near copies are lost
    plain: bool  # whether every save is durable, good and kept
    simple: bool  # whether so is every stop: nothing is lost but what follows the last save
    reread: bool  # whether the time to read a save depends on the stop

    @classmethod
    def of(cls, scenario: Scenario, stage: Stage) -> "Effects":
        """Return what the causes of a scenario do in one of its stages."""
        causes, recovery, cycle = scenario.causes, scenario.recovery, stage.cycle
        special = np.array([is_special(cause, cycle) for cause in causes], dtype=np.bool_)
        ways_back_s = [way_back_s(cause, recovery, cycle.last_s) for cause in causes]
        return cls(
            known_s=np.array([math.fsum(parts_s[:SPARE_WAIT]) for parts_s in ways_back_s]),
            down_s=np.array([math.fsum(parts_s[:REPLACED]) for parts_s in ways_back_s]),
            special=special,
            announced=np.array([cause.announced for cause in causes], dtype=np.bool_),
            reach_s=np.array([-np.inf if cause.announced else cause.reach_s for cause in causes]),
            near_lost=np.array([cause.near_lost for cause in causes]),
            plain=cycle.durable is None and not cycle.corrupt and cycle.keep is None,
            simple=not special.any(),
            reread=bool(cycle.corrupt) or (cycle.durable is not None and recovery.near_restore_s is not None),
        )


class Batch:
    """Replicas that advance together, and where each stands; arrays of shape (replicas,)."""

    def __init__(self, scenario: Scenario, replicas: range) -> None:
        size = len(replicas)
        self.scenario, self.replicas, self.tally = scenario, replicas, Tally(scenario, size)
        self.speed = efficiencies(scenario, replicas)
        self.factors = rate_factors(scenario, replicas)
        self.stage = np.zeros(size, dtype=np.intp)  # which stage it is in
        self.entered_s = np.zeros(size)  # when it entered that stage
        self.entered_hazard = np.zeros(size)  # and at which hazard
        self.exposed_s = np.zeros(size)  # from when on a fault can strike
        self.zero_s = np.zeros(size)  # when the stage's clock would have stood at zero, had it always run
        self.all_s = np.zeros(size)  # where on the stage's clock the stage ends, and where its last save before that
        self.end_s = np.zeros(size)  # lies
        self.last = np.zeros(size, dtype=np.intp)  # cause of the last stop in this stage; one past the causes if none
        self.waited_s = np.zeros(size)  # how long it waited for a machine after that stop
        self.extra_s = np.zeros(size)  # how much longer than usual it reads its save after that stop
        self.from_s = np.zeros(size)  # where on the stage's clock the attempt begins, and where the last durable save
        self.durable_s = np.zeros(size)  # is, kept up only where it is not the last save
        self.effects = [Effects.of(scenario, stage) for stage in scenario.stages]
        self.shop = None if scenario.recovery.spares is None else Workshop.of(scenario, size)

    def rate_per_s(self, stage: Stage, who: IndexArray) -> float | FloatArray:
        """Return how often some replicas are struck in a stage: once for all where they agree, else in their order."""
        if self.factors is None or stage.gross:
            return rate_per_s(self.scenario, stage)
        rates = np.array([cause.rate_per_node_s for cause in self.scenario.causes])
        return np.asarray((rates[:, np.newaxis] * self.factors[:, who]).sum(axis=0) * stage.nodes)

    def work_s(self, stage: Stage, who: IndexArray) -> FloatArray:
        """Return the useful time of some replicas in a stage [s]."""
        return stage.work_s / self.speed[who] if stage.scales else np.full(len(who), stage.work_s)

    def enter(self, number: int, who: IndexArray, at_s: FloatArray) -> None:
        """Let replicas begin a stage; `at_s` has the shape of `who`."""
        scenario, stage = self.scenario, self.scenario.stages[number]
        ready_s = at_s + math.fsum(
            way_in_s(scenario.recovery, first=number == 0 and not stage.gross, reenters=stage.reenters)
        )
        work_s = self.work_s(stage, who)
        self.stage[who] = number
        self.entered_s[who] = at_s
        self.exposed_s[who] = exposed_from_s(at_s, at_s, ready_s, scenario.recovery.exposure)
        self.zero_s[who] = ready_s  # the clock begins at zero
        self.all_s[who] = total_s(work_s, stage.cycle, final_save=stage.final_save)
        self.end_s[who] = last_of_stage_s(work_s, stage.cycle)
        self.last[who] = len(scenario.causes)
        self.waited_s[who] = self.extra_s[who] = self.from_s[who] = self.durable_s[who] = 0.0
        self.tally.entered(number, len(who))
        if rate_per_s(scenario, stage) == 0:
            self.leave(number, who, ready_s + self.all_s[who])

    def leave(self, number: int, who: IndexArray, at_s: FloatArray) -> None:
        """Let replicas end a stage, and begin the next; `at_s` has the shape of `who`."""
        stage, length_s = self.scenario.stages[number], at_s - self.entered_s[who]
        exposed_s = length_s
        if (maturity := self.scenario.maturity) is not None:
            exposed_s = maturity.exposure_s(at_s) - maturity.exposure_s(self.entered_s[who])
        self.entered_hazard[who] += exposed_s * self.rate_per_s(stage, who)
        self.tally.left(number, who, length_s, self.work_s(stage, who))
        self.stage[who] = number + 1
        if number + 1 < len(self.scenario.stages):
            self.enter(number + 1, who, at_s)
        else:
            self.tally.hazard[who] = self.entered_hazard[who]
