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
from simulator.reliability.hazard import exposure_s
from simulator.reliability.progress import is_special, last_of_stage_s, last_save_s, set_back
from simulator.reliability.recovery import (
    REPLACED,
    RESTORE,
    SPARE_WAIT,
    exposed_from_s,
    restore_s,
    way_back_s,
    way_in_s,
)
from simulator.scenario.values import Scenario, Stage, is_fragile, needs_events, rate_per_s, uses_luck

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
        If only the event engine runs the scenario (`simulator.scenario.values.needs_events`).
    """
    if (why := needs_events(scenario)) is not None:
        raise ValueError(f"simulate it: {why}")
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
        self.extra_s = np.zeros(size)  # how much longer than usual it reads its save after that stop
        self.from_s = np.zeros(size)  # where on the stage's clock the attempt begins, and where the last durable save
        self.durable_s = np.zeros(size)  # is; both only where progress is fragile
        self.left_s = np.zeros(size)  # scratch: where a fault leaves it
        self.hits, self.lost_s, self.down_s = np.empty((CHUNK, size), dtype=np.bool_), *np.empty((2, CHUNK, size))
        self.shop = None if scenario.recovery.spares is None else _Shop(scenario, size)

    def run(self) -> None:
        """Advance every replica to its end."""
        self.enter(0, np.arange(len(self.replicas)), np.zeros(len(self.replicas)))
        timeline = self._faults()
        if len(self.replicas) >= AHEAD:
            timeline = ahead(timeline)
        stages, one_pass = len(self.scenario.stages), _FragilePass if is_fragile(self.scenario) else _Pass
        while (first := int(self.stage.min())) < stages:
            chunk = next(timeline)
            for number in range(first, stages):
                here = self.stage == number
                if here.any():
                    one_pass(self, number, here).run(chunk)

    def _faults(self) -> Iterator[Chunk]:
        scenario = self.scenario
        repairs, luck = self.shop is not None, uses_luck(scenario)
        if self.factors is None:
            return chunks(scenario.seed, self.replicas, scenario.causes, repairs=repairs, luck=luck)
        return chunks(scenario.seed, self.replicas, scenario.causes, repairs=repairs, luck=luck, factors=self.factors)

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
        self.waited_s[who] = self.extra_s[who] = self.from_s[who] = self.durable_s[who] = 0.0
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
        self.last, self.waited_s, self.extra_s = (  # before this chunk
            batch.last.copy(), batch.waited_s.copy(), batch.extra_s.copy(),
        )  # fmt: skip
        ways_back_s = [
            way_back_s(cause, batch.scenario.recovery, self.stage.cycle.last_s) for cause in batch.scenario.causes
        ]
        self.known_s = np.array([math.fsum(parts[:SPARE_WAIT]) for parts in ways_back_s])
        self.down_s = np.array([math.fsum(parts[:REPLACED]) for parts in ways_back_s])
        self.staying = int(np.count_nonzero(here))
        self.more_s: FloatArray | None = None  # how much longer than usual the restore takes, after each fault
        self.undone: list[
            tuple[int, IndexArray, FloatArray]
        ] = []  # saved progress that faults destroy in a job that is down
        self.gone: list[tuple[IndexArray, FloatArray]] = []  # who finished the stage, and when

    def run(self, chunk: Chunk) -> None:
        """Let each fault of the chunk strike, or not."""
        batch, recovery = self.batch, self.batch.scenario.recovery
        ready_s, exposed_s, rest_s = self.ready_s, self.exposed_s, self.rest_s
        mtbf_s = 1.0 / batch.rate_per_s(self.stage, slice(None))
        maturity = batch.scenario.maturity
        start_s = exposure_s(maturity, batch.entered_s) - batch.entered_hazard * mtbf_s
        hits, lost_s = batch.hits, batch.lost_s
        wait_s = None if chunk.repair is None else np.zeros(chunk.hazard.shape)
        down_s = np.take(self.down_s, chunk.cause, out=batch.down_s, mode="clip")
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
            self._gain(chunk, k, uptime_s, hit, out=gained_s)
            np.subtract(rest_s, gained_s, out=rest_s)
            np.subtract(uptime_s, gained_s, out=lost)
            np.add(at_s, down_s[k], out=replaced_s)
            if wait_s is not None:
                replaced_s += self._wait(at_s, hit, chunk, k, out=wait_s[k])
            back_s = np.add(replaced_s, self._back_s(k), out=gained_s)
            np.copyto(ready_s, back_s, where=hit)
            np.copyto(exposed_s, exposed_from_s(at_s, replaced_s, back_s, recovery.exposure), where=hit)
        return self._count(chunk, wait_s)

    def _gain(self, chunk: Chunk, k: int, uptime_s: FloatArray, hit: BoolArray, out: FloatArray) -> None:  # noqa: ARG002 - one signature for both passes
        """Put into `out` how far the fault leaves the clock ahead [s]; zero if it strikes a job that is down."""
        np.multiply(saves(uptime_s, self.stage.cycle, out=out), self.stage.cycle.length_s, out=out)

    def _back_s(self, k: int) -> float | FloatArray:  # noqa: ARG002 - one signature for both passes
        """Return the time from replaced machines to work after the chunk's fault `k` [s]."""
        return self.batch.scenario.recovery.recovery_s

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
        for k, some, gone_s in self.undone:
            lost_s[k, some] -= gone_s
        row, who = np.divmod(np.flatnonzero((lost_s < 0) & hits), len(batch.last))  # struck on the way back, or in
        cause, waited_s, extra_s = self._previous(chunk, hits, wait_s, row, who)
        books.cut_short(cause, -lost_s[row, who], waited_s, extra_s)
        np.maximum(lost_s, 0.0, out=lost_s)
        for k, some, gone_s in self.undone:
            lost_s[k, some] += gone_s
        books.struck(chunk.cause, hits, lost_s)
        if wait_s is not None:
            books.stretched(SPARE_WAIT, chunk.cause, wait_s[:rows])
        if self.more_s is not None:
            books.stretched(RESTORE, chunk.cause, self.more_s[:rows])
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
        batch.last[still], batch.waited_s[still], batch.extra_s[still] = self._previous(
            chunk, hits, wait_s, np.full(len(still), rows), still
        )

    def _previous(
        self, chunk: Chunk, hits: BoolArray, wait_s: FloatArray | None, row: IndexArray, who: IndexArray
    ) -> tuple[IndexArray, FloatArray, FloatArray]:
        """Return cause and wait of the stop before a row of the chunk, and how much longer its restore took."""
        before = row - 1
        while (passed := (before >= 0) & ~hits[before, who]).any():
            before = before - passed
        seen = before >= 0
        cause = np.where(seen, chunk.cause[before, who], self.last[who])
        waited_s = 0.0 if wait_s is None else wait_s[before, who]
        extra_s = 0.0 if self.more_s is None else self.more_s[before, who]
        return cause, np.where(seen, waited_s, self.waited_s[who]), np.where(seen, extra_s, self.extra_s[who])


def _by_row(flat: IndexArray, shape: tuple[int, ...]) -> list[IndexArray]:
    """Return the columns of ascending flat indices, row by row of an array of that shape."""
    rows, size = shape
    row, column = np.divmod(flat, size)
    return np.split(column, np.searchsorted(row, np.arange(1, rows)))


class _FragilePass(_Pass):
    """The same where a stop can destroy more than what follows the last save, or less: the clock's position counts."""

    def __init__(self, batch: _Batch, number: int, here: BoolArray) -> None:
        super().__init__(batch, number, here)
        causes, cycle = batch.scenario.causes, self.stage.cycle
        self.special = np.array([is_special(cause, cycle) for cause in causes])  # costs not just what follows a save
        self.announced = np.array([cause.announced for cause in causes])  # but nothing
        self.plain = cycle.durable is None and not cycle.corrupt and cycle.keep is None  # every save is kept and good
        self.reach_s = np.array([cause.reach_s for cause in causes])
        self.near_lost = np.array([cause.near_lost for cause in causes])
        self.end_s = np.asarray(last_of_stage_s(batch.work_s(self.stage, np.arange(len(batch.last))), cycle))
        if cycle.corrupt or (cycle.durable is not None and batch.scenario.recovery.near_restore_s is not None):
            self.more_s = np.zeros(batch.hits.shape)

    def run(self, chunk: Chunk) -> None:
        """Let each fault of the chunk strike, or not."""
        special = np.flatnonzero(self.special.take(chunk.cause))  # few: looked for once, not fault by fault
        announced = self.announced.take(chunk.cause.reshape(-1)[special])
        self.safe = _by_row(special[announced], chunk.cause.shape)
        self.unsafe = _by_row(special[~announced], chunk.cause.shape)
        super().run(chunk)

    def _gain(self, chunk: Chunk, k: int, uptime_s: FloatArray, hit: BoolArray, out: FloatArray) -> None:
        """Set the clock: everybody to the last save, and then those whom the stop costs more or less."""
        batch, from_s, left_s = self.batch, self.batch.from_s, self.batch.left_s
        np.add(from_s, uptime_s, out=out)
        last_save_s(out, self.stage.cycle, out=left_s)
        np.maximum(left_s, from_s, out=left_s)
        if (safe := self.safe[k]).size:
            safe = safe[hit[safe]]
            left_s[safe] = batch.durable_s[safe] = np.maximum(out[safe], from_s[safe])
        if (who := self.unsafe[k]).size:
            who = who[hit[who]]
            began_s = from_s[who]
            left_s[who] = found_s = self._set_back(chunk, k, who, np.maximum(out[who], began_s))
            down = (found_s < began_s) & (uptime_s[who] < 0)
            if down.any():
                self.undone.append((k, who[down], (began_s - found_s)[down]))
        np.subtract(left_s, from_s, out=out)
        batch.from_s, batch.left_s = left_s, from_s

    def _set_back(self, chunk: Chunk, k: int, who: IndexArray, at_s: FloatArray) -> FloatArray:
        """Return where the stop leaves some replicas [s]."""
        batch, cause, cycle = self.batch, chunk.cause[k, who], self.stage.cycle
        if self.plain:  # then all of them reach back
            found_s = np.maximum(last_save_s(at_s - self.reach_s[cause], cycle), 0.0)
            batch.durable_s[who] = found_s
            return found_s
        left = set_back(
            batch.from_s[who], at_s, batch.durable_s[who], cycle, end_s=self.end_s[who],
            announced=False, reach_s=self.reach_s[cause], near_lost=self.near_lost[cause],
            luck=1.0 if chunk.luck is None else chunk.luck[k, who],
        )  # fmt: skip
        batch.durable_s[who] = left.durable_s
        if self.more_s is not None:
            recovery = batch.scenario.recovery
            self.more_s[k, who] = restore_s(recovery, left.reads, left.near) - recovery.restore_s
        return np.asarray(left.at_s)

    def _back_s(self, k: int) -> float | FloatArray:
        usual_s = self.batch.scenario.recovery.recovery_s
        return usual_s if self.more_s is None else usual_s + self.more_s[k]
