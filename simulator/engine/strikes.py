"""One chunk of faults over the replicas of a batch that are in one stage: who is struck, and where that leaves them.

The loop of `Pass.run` is where the batch engine's time goes. It works in arrays of shape (replicas,), one row of the
chunk after the other, and leaves to `_count` whatever can be counted when all rows are done.
"""

import math

import numpy as np
from numpy.typing import NDArray

from simulator.engine.batch import Batch
from simulator.engine.timeline import CHUNK, Chunk
from simulator.reliability.attempt import saves
from simulator.reliability.hazard import exposure_s
from simulator.reliability.progress import is_special, last_of_stage_s, last_save_s, set_back
from simulator.reliability.recovery import REPLACED, RESTORE, SPARE_WAIT, exposed_from_s, restore_s, way_back_s

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]


class Pass:
    """One chunk of faults over some replicas in one stage.

    Parameters
    ----------
    batch : Batch
        Where each replica stands; changed by `run`.
    number : int
        Of the stage.
    who : array of shape (replicas,)
        Which replicas of the batch, ascending; all other arrays here have their order.
    """

    def __init__(self, batch: Batch, number: int, who: IndexArray) -> None:
        self.batch, self.number, self.who = batch, number, who
        self.stage, self.recovery = batch.scenario.stages[number], batch.scenario.recovery
        self.ready_s, self.exposed_s, self.rest_s = batch.ready_s[who], batch.exposed_s[who], batch.rest_s[who]
        self.last, self.waited_s, self.extra_s = batch.last[who], batch.waited_s[who], batch.extra_s[who]
        self.shop = None if batch.shop is None else batch.shop.part(who)
        ways_back_s = [way_back_s(cause, self.recovery, self.stage.cycle.last_s) for cause in batch.scenario.causes]
        self.known_s = np.array([math.fsum(parts[:SPARE_WAIT]) for parts in ways_back_s])
        self.down_s = np.array([math.fsum(parts[:REPLACED]) for parts in ways_back_s])
        self.staying = len(who)
        self.more_s: FloatArray | None = None  # how much longer than usual the restore takes, after each fault
        self.gone: list[tuple[IndexArray, FloatArray]] = []  # who finished the stage, and when

    def run(self, chunk: Chunk) -> None:
        """Let each fault of the chunk strike, or not."""
        if len(self.who) < chunk.hazard.shape[1]:
            chunk = chunk.of(self.who)
        self._prepare(chunk)
        hits, lost_s, down_s = self.batch.scratch.of((len(chunk.hazard), len(self.who)))
        np.take(self.down_s, chunk.cause, out=down_s, mode="clip")
        wait_s = None if chunk.repair is None else np.zeros(chunk.hazard.shape)
        rows = self._strike(chunk, hits, lost_s, down_s, wait_s)
        self._count(chunk.head(rows), hits[:rows], lost_s[:rows], None if wait_s is None else wait_s[:rows])

    def _prepare(self, chunk: Chunk) -> None:
        """Look once at what is the same for all rows of the chunk."""

    def _strike(
        self, chunk: Chunk, hits: BoolArray, lost_s: FloatArray, down_s: FloatArray, wait_s: FloatArray | None
    ) -> int:
        """Fill in row by row who is struck and what is destroyed; return how many rows there are until all are done."""
        batch, ready_s, exposed_s, rest_s = self.batch, self.ready_s, self.exposed_s, self.rest_s
        mtbf_s, maturity = 1.0 / batch.rate_per_s(self.stage, self.who), batch.scenario.maturity
        start_s = exposure_s(maturity, batch.entered_s[self.who]) - batch.entered_hazard[self.who] * mtbf_s
        at_s, replaced_s, gained_s = np.empty((3, len(start_s)))
        flags = np.empty(len(start_s), dtype=np.bool_)
        for k, hazard in enumerate(chunk.hazard):
            np.add(start_s, np.multiply(hazard, mtbf_s, out=at_s), out=at_s)
            if maturity is not None:
                at_s[:] = maturity.age_s(at_s)
            uptime_s = lost = np.subtract(at_s, ready_s, out=lost_s[k])
            if np.greater_equal(uptime_s, rest_s, out=flags).any() and self._end(flags, lost):
                return k
            hit = np.greater_equal(at_s, exposed_s, out=hits[k])
            self._gain(chunk, k, uptime_s, hit, out=gained_s)
            np.subtract(rest_s, gained_s, out=rest_s)
            np.subtract(uptime_s, gained_s, out=lost)
            np.add(at_s, down_s[k], out=replaced_s)
            if wait_s is not None:
                replaced_s += self._wait(at_s, hit, chunk, k, out=wait_s[k])
            spared = np.logical_not(hit, out=flags).nonzero()[0]  # few: they stay as they are
            kept_s = ready_s[spared], exposed_s[spared]
            np.add(replaced_s, self._back_s(k), out=ready_s)
            exposed_s[:] = exposed_from_s(at_s, replaced_s, ready_s, self.recovery.exposure)
            ready_s[spared], exposed_s[spared] = kept_s
        return len(chunk.hazard)

    def _gain(self, chunk: Chunk, k: int, uptime_s: FloatArray, hit: BoolArray, out: FloatArray) -> None:  # noqa: ARG002 - one signature for both passes
        """Put into `out` how far the fault leaves the clock ahead [s]; zero if it strikes a job that is down."""
        np.multiply(saves(uptime_s, self.stage.cycle, out=out), self.stage.cycle.length_s, out=out)

    def _back_s(self, k: int) -> float | FloatArray:  # noqa: ARG002 - one signature for both passes
        """Return the time from replaced machines to work after the chunk's fault `k` [s]."""
        return self.recovery.recovery_s

    def _wait(self, at_s: FloatArray, hit: BoolArray, chunk: Chunk, k: int, out: FloatArray) -> FloatArray:
        assert self.shop is not None
        assert chunk.repair is not None
        cause = chunk.cause[k]
        out[:] = self.shop.wait_s(at_s + self.known_s.take(cause), hit, cause, chunk.repair[k])
        return out

    def _end(self, ended: BoolArray, uptime_s: FloatArray) -> bool:
        """Take replicas that have finished out of the pass: nothing strikes them; say whether all have."""
        who = np.flatnonzero(ended)
        self.gone.append((who, self.ready_s[who] + self.rest_s[who]))
        self.ready_s[who] = self.exposed_s[who] = self.rest_s[who] = np.inf
        uptime_s[who] = -np.inf
        self.staying -= who.size
        return self.staying == 0

    def _count(self, chunk: Chunk, hits: BoolArray, lost_s: FloatArray, wait_s: FloatArray | None) -> None:
        """Book what the faults did, and hand back the state of the replicas that are still in the stage."""
        batch, books = self.batch, self.batch.tally.stages[self.number]
        lost, rows = lost_s.reshape(-1), len(hits)
        undone, undone_s = self._undone(lost)
        lost[undone] -= undone_s
        idle = np.flatnonzero(lost < 0)  # the fault met a job that was down, or done
        struck = hits.reshape(-1)[idle]
        short = idle[struck]
        books.cut_short(*self._previous(chunk, hits, wait_s, short), -lost[short])
        lost[idle] = 0.0
        lost[undone] += undone_s
        books.struck(chunk.cause, idle[~struck], lost_s)
        if wait_s is not None:
            books.stretched(SPARE_WAIT, chunk.cause, wait_s)
        if self.more_s is not None:
            books.stretched(RESTORE, chunk.cause, self.more_s[:rows])
        batch.tally.interruptions[batch.offset + self.who] += hits.sum(axis=0, dtype=np.uint8)
        if self.gone:
            gone, finish_s = (np.concatenate(parts) for parts in zip(*self.gone, strict=True))
            batch.leave(self.number, self.who[gone], finish_s)
        still = np.flatnonzero(batch.stage[self.who] == self.number)
        self._hand_back(still, self.who[still])
        last = self._previous(chunk, hits, wait_s, still + hits.size)
        batch.last[self.who[still]], batch.waited_s[self.who[still]], batch.extra_s[self.who[still]] = last

    def _undone(self, lost_s: FloatArray) -> tuple[IndexArray, FloatArray]:  # noqa: ARG002 - one signature for both passes
        """Return which faults destroy saved progress of a job that is down, in the flat chunk, and how much [s]."""
        return np.empty(0, dtype=np.intp), np.empty(0)

    def _hand_back(self, still: IndexArray, who: IndexArray) -> None:
        """Tell the batch how those stand who are still in the stage: at `still` here, at `who` there."""
        batch = self.batch
        batch.ready_s[who], batch.exposed_s[who] = self.ready_s[still], self.exposed_s[still]
        batch.rest_s[who] = self.rest_s[still]
        if batch.shop is not None and self.shop is not None:
            batch.shop.put(self.who, self.shop)

    def _previous(
        self, chunk: Chunk, hits: BoolArray, wait_s: FloatArray | None, at: IndexArray
    ) -> tuple[IndexArray, FloatArray, FloatArray]:
        """Return cause and wait of the stop before places in the flat chunk, and how much longer its restore took."""
        size, hit = len(self.who), hits.reshape(-1)
        before = at - size
        passed = np.flatnonzero((before >= 0) & ~hit[before])
        while passed.size:
            before[passed] -= size
            passed = passed[(before[passed] >= 0) & ~hit[before[passed]]]
        column, seen = at % size, before >= 0
        return (
            np.where(seen, chunk.cause.reshape(-1)[before], self.last[column]),
            np.where(seen, 0.0 if wait_s is None else wait_s.reshape(-1)[before], self.waited_s[column]),
            np.where(seen, 0.0 if self.more_s is None else self.more_s.reshape(-1)[before], self.extra_s[column]),
        )


class FragilePass(Pass):
    """The same where a stop can destroy more than what follows the last save, or less: the clock's position counts."""

    def __init__(self, batch: Batch, number: int, who: IndexArray) -> None:
        super().__init__(batch, number, who)
        causes, cycle = batch.scenario.causes, self.stage.cycle
        self.from_s, self.durable_s = batch.from_s[who], batch.durable_s[who]
        self.left_s = np.empty(len(who))  # scratch: where a fault leaves each
        self.special = np.array([is_special(cause, cycle) for cause in causes])  # costs not just what follows a save
        self.announced = np.array([cause.announced for cause in causes])  # but nothing
        self.plain = cycle.durable is None and not cycle.corrupt and cycle.keep is None  # every save is kept and good
        self.reach_s = np.array([cause.reach_s for cause in causes])
        self.near_lost = np.array([cause.near_lost for cause in causes])
        self.end_s = np.asarray(last_of_stage_s(batch.work_s(self.stage, who), cycle))
        self.moved: list[tuple[IndexArray, int, FloatArray]] = []  # whom an unsafe fault struck, its row, how far
        if cycle.corrupt or (cycle.durable is not None and self.recovery.near_restore_s is not None):
            self.more_s = np.zeros((CHUNK, len(who)))

    def _prepare(self, chunk: Chunk) -> None:
        special = np.flatnonzero(self.special.take(chunk.cause))  # few: looked for once, not fault by fault
        announced = self.announced.take(chunk.cause.reshape(-1)[special])
        self.safe = _by_row(special[announced], chunk.cause.shape)
        self.unsafe = _by_row(special[~announced], chunk.cause.shape)

    def _gain(self, chunk: Chunk, k: int, uptime_s: FloatArray, hit: BoolArray, out: FloatArray) -> None:
        """Set the clock: everybody to the last save, and then those whom the stop costs more or less."""
        from_s, left_s = self.from_s, self.left_s
        np.add(from_s, uptime_s, out=out)
        last_save_s(out, self.stage.cycle, out=left_s)
        np.maximum(left_s, from_s, out=left_s)
        if (safe := self.safe[k]).size:
            safe = safe[hit[safe]]
            left_s[safe] = saved_s = np.maximum(out[safe], from_s[safe])
            if not self.plain:
                self.durable_s[safe] = saved_s
        if (who := self.unsafe[k]).size:
            who = who[hit[who]]
            began_s = from_s[who]
            left_s[who] = found_s = self._set_back(chunk, k, who, np.maximum(out[who], began_s))
            self.moved.append((who, k, found_s - began_s))
        np.subtract(left_s, from_s, out=out)
        self.from_s, self.left_s = left_s, from_s

    def _set_back(self, chunk: Chunk, k: int, who: IndexArray, at_s: FloatArray) -> FloatArray:
        """Return where the stop leaves some replicas [s]."""
        cause, cycle = chunk.cause[k, who], self.stage.cycle
        if self.plain:  # then all of them reach back
            return np.maximum(last_save_s(at_s - self.reach_s[cause], cycle), 0.0)
        left = set_back(
            self.from_s[who], at_s, self.durable_s[who], cycle, end_s=self.end_s[who],
            announced=False, reach_s=self.reach_s[cause], near_lost=self.near_lost[cause],
            luck=1.0 if chunk.luck is None else chunk.luck[k, who],
        )  # fmt: skip
        self.durable_s[who] = left.durable_s
        if self.more_s is not None:
            self.more_s[k, who] = restore_s(self.recovery, left.reads, left.near) - self.recovery.restore_s
        return np.asarray(left.at_s)

    def _back_s(self, k: int) -> float | FloatArray:
        usual_s = self.recovery.recovery_s
        return usual_s if self.more_s is None else usual_s + self.more_s[k]

    def _undone(self, lost_s: FloatArray) -> tuple[IndexArray, FloatArray]:
        at = np.concatenate([who + k * len(self.who) for who, k, _ in self.moved] or [np.empty(0, dtype=np.intp)])
        gained_s = np.concatenate([moved_s for *_, moved_s in self.moved] or [np.empty(0)])
        down = (gained_s < 0) & (lost_s[at] + gained_s < 0)  # the sum is the time since work began
        return at[down], -gained_s[down]

    def _hand_back(self, still: IndexArray, who: IndexArray) -> None:
        super()._hand_back(still, who)
        self.batch.from_s[who], self.batch.durable_s[who] = self.from_s[still], self.durable_s[still]


def _by_row(flat: IndexArray, shape: tuple[int, ...]) -> list[IndexArray]:
    """Return the columns of ascending flat indices, row by row of an array of that shape."""
    rows, size = shape
    row, column = np.divmod(flat, size)
    return np.split(column, np.searchsorted(row, np.arange(1, rows)))
