"""The batch engine: all replicas at once, fault by fault, equal to `simulate` where both apply.

The loop runs over the faults of the timeline, not over time: each round takes the next fault of every replica and
applies the closed form of `simulator.reliability.attempt`. Replicas that are down, done or in another stage take no
notice of a fault, which is the whole of the control flow.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simulator.engine.spread import efficiencies, rate_factors
from simulator.engine.tally import Tally
from simulator.engine.timeline import BLOCK, CHUNK, Chunk, ahead, chunks
from simulator.records import Ensemble
from simulator.reliability import spares
from simulator.reliability.attempt import saves, total_s
from simulator.reliability.fleet import told
from simulator.reliability.hazard import exposure_s
from simulator.reliability.recovery import exposed_from_s, way_back_s, way_in_s
from simulator.scenario.values import Scenario, Stage, rate_per_s

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]

AHEAD = 8192  # replicas from which on a second thread for the draws is worth it
BATCH = 16 * BLOCK  # replicas that advance together: their state fits the cache


def estimate(scenario: Scenario, replicas: range) -> Ensemble:
    """Run replicas of a scenario, vectorised.

    Parameters
    ----------
    scenario : Scenario
        With exponential causes.
    replicas : range
        Consecutive replica numbers; each meets the same faults in every call and in `simulate`.

    Returns
    -------
    Ensemble
        Arrays of shape (len(replicas),) in the replicas' order.

    Raises
    ------
    ValueError
        If the scenario says something of single nodes.
    """
    if scenario.fleet is not None:
        raise ValueError(f"simulate it: {told(scenario.fleet)}")
    tally = Tally(scenario, replicas)
    for first in range(replicas.start, replicas.stop, BATCH):
        batch = range(first, min(first + BATCH, replicas.stop))
        _Batch(scenario, batch, tally).run()
    return tally.ensemble()


class _Batch:
    """Replicas that advance together, and where each stands; arrays of shape (replicas,)."""

    def __init__(self, scenario: Scenario, replicas: range, tally: Tally) -> None:
        size = len(replicas)
        self.scenario, self.replicas, self.tally = scenario, replicas, tally
        self.offset = replicas.start - tally.replicas.start
        self.ways_back_s = np.array([way_back_s(cause, scenario.recovery) for cause in scenario.causes])
        self.speed = efficiencies(scenario, replicas)
        self.factors = rate_factors(scenario, replicas)
        self.stage = np.zeros(size, dtype=np.intp)  # which stage it is in
        self.entered_s = np.zeros(size)  # when it entered that stage
        self.entered_hazard = np.zeros(size)  # and at which hazard
        self.exposed_s = np.zeros(size)  # from when on a fault can strike
        self.ready_s = np.zeros(size)  # when work begins, or began
        self.rest_s = np.zeros(size)  # time still to be worked and saved, from the last usable save
        self.last = np.zeros(size, dtype=np.intp)  # cause of the last stop in this stage; one past the causes if none
        self.waited_s = np.zeros(size)  # how long it waited for a machine after that stop
        self.hits, self.lost_s, self.down_s = np.empty((CHUNK, size), dtype=np.bool_), *np.empty((2, CHUNK, size))
        self.shop = None if scenario.recovery.spares is None else _Shop(scenario, size)

    def run(self) -> None:
        """Advance every replica to its end."""
        self.enter(0, np.arange(len(self.replicas)), np.zeros(len(self.replicas)))
        timeline = self._faults()
        if len(self.replicas) >= AHEAD:
            timeline = ahead(timeline)
        stages = len(self.scenario.stages)
        while (first := int(self.stage.min())) < stages:
            chunk = next(timeline)
            for number in range(first, stages):
                here = self.stage == number
                if here.any():
                    _Pass(self, number, here).run(chunk)

    def _faults(self) -> Iterator[Chunk]:
        scenario, repairs = self.scenario, self.shop is not None
        if self.factors is None:
            return chunks(scenario.seed, self.replicas, scenario.causes, repairs=repairs)
        return chunks(scenario.seed, self.replicas, scenario.causes, repairs=repairs, factors=self.factors)

    def rate_per_s(self, stage: Stage, who: IndexArray | slice) -> float | FloatArray:
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
        self.ready_s[who] = ready_s
        self.rest_s[who] = total_s(work_s, stage.cycle, final_save=stage.final_save)
        self.last[who] = len(scenario.causes)
        self.waited_s[who] = 0.0
        self.tally.entered(number, len(who))
        if rate_per_s(scenario, stage) == 0:
            self.leave(number, who, ready_s + self.rest_s[who])

    def leave(self, number: int, who: IndexArray, at_s: FloatArray) -> None:
        """Let replicas end a stage, and begin the next; `at_s` has the shape of `who`."""
        stage, length_s = self.scenario.stages[number], at_s - self.entered_s[who]
        exposed_s = length_s
        if (maturity := self.scenario.maturity) is not None:
            exposed_s = maturity.exposure_s(at_s) - maturity.exposure_s(self.entered_s[who])
        self.entered_hazard[who] += exposed_s * self.rate_per_s(stage, who)
        self.tally.left(number, who + self.offset, length_s, self.work_s(stage, who))
        self.stage[who] = number + 1
        if number + 1 < len(self.scenario.stages):
            self.enter(number + 1, who, at_s)


class _Shop:
    """The spares of a batch, and the machines in repair."""

    def __init__(self, scenario: Scenario, size: int) -> None:
        causes = scenario.causes
        self.fit_s = np.zeros((scenario.recovery.spares or 0, size))
        self.held_s = np.zeros(size)  # when all the machines that it waited for were fit
        self._loses = np.array([cause.nodes_lost > 0 for cause in causes])
        self._mean_s = np.array([cause.repair_s for cause in causes])
        self._random = np.array([cause.repair_law == "exponential" for cause in causes])

    def wait_s(self, known_s: FloatArray, hit: BoolArray, cause: IndexArray, unit: FloatArray) -> FloatArray:
        """Send lost machines to repair, and return how long the job waits for others [s]; zero where not hit."""
        repair_s = self._mean_s.take(cause) * np.where(self._random.take(cause), unit, 1.0)
        fit_s = spares.replace(self.fit_s, known_s + repair_s, hit & self._loses.take(cause))
        np.maximum(self.held_s, fit_s, out=self.held_s)
        return np.maximum(self.held_s - known_s, 0.0) * hit


class _Pass:
    """One chunk of faults over the replicas of a batch that are in one stage.

    The loop of `run` is where the time goes: it works in scratch arrays of shape (replicas,), and leaves to `_count`
    whatever can be counted afterwards.
    """

    def __init__(self, batch: _Batch, number: int, here: BoolArray) -> None:
        self.batch, self.number, self.stage = batch, number, batch.scenario.stages[number]
        self.ready_s = np.where(here, batch.ready_s, np.inf)  # elsewhere no work begins,
        self.exposed_s = np.where(here, batch.exposed_s, np.inf)  # nothing strikes
        self.rest_s = np.where(here, batch.rest_s, np.inf)  # and nothing ends
        self.last, self.waited_s = batch.last.copy(), batch.waited_s.copy()  # before this chunk
        self.known_s, self.swap_s = batch.ways_back_s[:, 0], batch.ways_back_s[:, 2]
        self.staying = int(np.count_nonzero(here))
        self.gone: list[tuple[IndexArray, FloatArray]] = []  # who finished the stage, and when

    def run(self, chunk: Chunk) -> None:
        """Let each fault of the chunk strike, or not."""
        batch, cycle, recovery = self.batch, self.stage.cycle, self.batch.scenario.recovery
        ready_s, exposed_s, rest_s = self.ready_s, self.exposed_s, self.rest_s
        mtbf_s = 1.0 / batch.rate_per_s(self.stage, slice(None))
        maturity = batch.scenario.maturity
        start_s = exposure_s(maturity, batch.entered_s) - batch.entered_hazard * mtbf_s
        hits, lost_s = batch.hits, batch.lost_s
        wait_s = None if chunk.repair is None else np.zeros(chunk.hazard.shape)
        down_s = np.take(self.known_s + self.swap_s, chunk.cause, out=batch.down_s, mode="clip")
        at_s, replaced_s, gained_s = (np.empty_like(start_s) for _ in range(3))
        ended = np.empty(len(start_s), dtype=np.bool_)
        for k, hazard in enumerate(chunk.hazard):
            np.add(start_s, np.multiply(hazard, mtbf_s, out=at_s), out=at_s)
            if maturity is not None:
                at_s[:] = maturity.age_s(at_s)
            uptime_s = lost = np.subtract(at_s, ready_s, out=lost_s[k])
            if np.greater_equal(uptime_s, rest_s, out=ended).any() and self._end(ended, lost):
                return self._count(chunk.head(k), wait_s)
            hit = np.greater_equal(at_s, exposed_s, out=hits[k])
            np.multiply(saves(uptime_s, cycle, out=gained_s), cycle.length_s, out=gained_s)  # none if struck while down
            np.subtract(rest_s, gained_s, out=rest_s)
            np.subtract(uptime_s, gained_s, out=lost)
            np.add(at_s, down_s[k], out=replaced_s)
            if wait_s is not None:
                replaced_s += self._wait(at_s, hit, chunk, k, out=wait_s[k])
            back_s = np.add(replaced_s, recovery.recovery_s, out=gained_s)
            np.copyto(ready_s, back_s, where=hit)
            np.copyto(exposed_s, exposed_from_s(at_s, replaced_s, back_s, recovery.exposure), where=hit)
        return self._count(chunk, wait_s)

    def _wait(self, at_s: FloatArray, hit: BoolArray, chunk: Chunk, k: int, out: FloatArray) -> FloatArray:
        assert self.batch.shop is not None
        assert chunk.repair is not None
        cause = chunk.cause[k]
        out[:] = self.batch.shop.wait_s(at_s + self.known_s.take(cause), hit, cause, chunk.repair[k])
        return out

    def _end(self, ended: BoolArray, lost_s: FloatArray) -> bool:
        """Take replicas that have finished out of the pass, with nothing lost; say whether all have."""
        who = np.flatnonzero(ended)
        self.gone.append((who, self.ready_s[who] + self.rest_s[who]))
        self.ready_s[who] = self.exposed_s[who] = self.rest_s[who] = np.inf
        lost_s[who] = 0.0
        self.staying -= who.size
        return self.staying == 0

    def _count(self, chunk: Chunk, wait_s: FloatArray | None) -> None:
        """Book what the faults did, and hand back the state of the replicas that are still in the stage."""
        batch, books, rows = self.batch, self.batch.tally.stages[self.number], len(chunk.hazard)
        hits, lost_s = batch.hits[:rows], batch.lost_s[:rows]
        row, who = np.divmod(np.flatnonzero((lost_s < 0) & hits), len(batch.last))  # struck on the way back, or in
        cause, waited_s = self._previous(chunk, hits, wait_s, row, who)
        books.cut_short(cause, -lost_s[row, who], waited_s)
        np.maximum(lost_s, 0.0, out=lost_s)
        books.struck(chunk.cause, hits, lost_s)
        if wait_s is not None:
            books.waited(chunk.cause, wait_s[:rows])
        batch.tally.interruptions[batch.offset : batch.offset + len(batch.last)] += hits.sum(axis=0, dtype=np.uint8)
        if self.gone:
            who, finish_s = (np.concatenate(parts) for parts in zip(*self.gone, strict=True))
            batch.leave(self.number, who, finish_s)
        still = np.flatnonzero(batch.stage == self.number)
        for now_s, then_s in (
            (batch.ready_s, self.ready_s),
            (batch.exposed_s, self.exposed_s),
            (batch.rest_s, self.rest_s),
        ):
            now_s[still] = then_s[still]
        batch.last[still], batch.waited_s[still] = self._previous(chunk, hits, wait_s, np.full(len(still), rows), still)

    def _previous(
        self, chunk: Chunk, hits: BoolArray, wait_s: FloatArray | None, row: IndexArray, who: IndexArray
    ) -> tuple[IndexArray, FloatArray]:
        """Return cause and wait of the stop before a row of the chunk."""
        before = row - 1
        while (passed := (before >= 0) & ~hits[before, who]).any():
            before = before - passed
        seen = before >= 0
        cause = np.where(seen, chunk.cause[before, who], self.last[who])
        waited_s = 0.0 if wait_s is None else wait_s[before, who]
        return cause, np.where(seen, waited_s, self.waited_s[who])
