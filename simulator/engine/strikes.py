"""One chunk of faults over the replicas of a batch that are in one stage: who is struck, and where that leaves them.

The loop of `Pass._strike` is where the batch engine's time goes. It works in arrays of shape (replicas,), which stay in
the cache from one row of the chunk to the next, and leaves to `_count` whatever can be counted when all rows are done.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.engine.batch import Batch
from simulator.engine.timeline import Chunk
from simulator.reliability.hazard import exposure_s, instant_s
from simulator.reliability.progress import last_save_s, set_back
from simulator.reliability.recovery import RESTORE, SPARE_WAIT, exposed_from_s, restore_s

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]


class Struck(NamedTuple):
    """What the faults of a chunk did; arrays of shape (faults, replicas), or of ascending places in the flat chunk."""

    hits: BoolArray  # whether the fault stopped the job
    lost_s: FloatArray  # what was destroyed, by cause; of shape (causes + 1,) [s]
    wait_s: FloatArray | None  # how long a spare was waited for; None if never [s]
    more_s: FloatArray | None  # how much longer than usual the save was read; None if never [s]
    idle: IndexArray  # where the fault found nobody at work: the job was down, on its way back, or done with the stage
    unspent_s: FloatArray  # how long after each of those it would have worked again [s]


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
        self.effects = batch.effects[number]
        self.ready_s, self.exposed_s, self.all_s = batch.ready_s[who], batch.exposed_s[who], batch.all_s[who]
        self.from_s, self.durable_s, self.end_s = batch.from_s[who], batch.durable_s[who], batch.end_s[who]
        self.shop = None if batch.shop is None else batch.shop.part(who)
        self.mtbf_s = 1.0 / batch.rate_per_s(self.stage, who)
        entered_s = exposure_s(batch.scenario.maturity, batch.entered_s[who])
        self.start_s = entered_s - batch.entered_hazard[who] * self.mtbf_s
        self.staying = len(who)
        self.gone: list[tuple[IndexArray, FloatArray]] = []  # who finished the stage, and when

    def run(self, chunk: Chunk) -> None:
        """Let each fault of the chunk strike, or not; book it, and hand back how the replicas stand."""
        if len(self.who) < chunk.hazard.shape[1]:
            chunk = chunk.of(self.who)
        struck = self._strike(chunk)
        chunk = chunk.head(len(struck.hits))
        self._count(chunk, struck)
        if self.gone:
            gone, finish_s = (np.concatenate(parts) for parts in zip(*self.gone, strict=True))
            self.batch.leave(self.number, self.who[gone], finish_s)
        self._hand_back(chunk, struck)

    def _strike(self, chunk: Chunk) -> Struck:
        """Walk through the rows, until all are done: who is struck, what that destroys, and when work goes on."""
        effects, cycle, (rows, size) = self.effects, self.stage.cycle, chunk.hazard.shape
        special, can_end = effects.special.take(chunk.cause), self._can_end(chunk)
        hits, lost_s = np.empty((rows, size), dtype=np.bool_), np.zeros(len(effects.down_s) + 1)
        wait_s = None if self.shop is None else np.zeros((rows, size))
        more_s = np.zeros((rows, size)) if effects.reread else None
        clock_s, left_s, flags = np.empty(size), np.empty(size), np.empty(size, dtype=np.bool_)
        idle, unspent_s = [], []
        for k in range(rows):
            at_s = self._at_s(chunk.hazard[k])
            up_s = at_s - self.ready_s
            np.add(self.from_s, up_s, out=clock_s)
            if can_end and np.greater_equal(clock_s, self.all_s, out=flags).any() and self._end(flags, up_s, clock_s):
                rows = k
                break
            hit = np.greater_equal(at_s, self.exposed_s, out=hits[k])
            down = np.less(up_s, 0.0, out=flags).nonzero()[0]  # few, and nothing is lost there
            idle.append(down)
            unspent_s.append(up_s[down])
            np.maximum(last_save_s(clock_s, cycle, out=left_s), self.from_s, out=left_s)
            clock_s[down] = self.from_s[down]
            if (who := np.logical_and(special[k], hit, out=flags).nonzero()[0]).size:
                left_s[who] = self._set_back(chunk, k, who, clock_s[who], more_s)
            clock_s -= left_s
            lost_s += np.bincount(chunk.cause[k], weights=clock_s, minlength=len(lost_s))
            self.from_s, left_s = left_s, self.from_s
            replaced_s = at_s + effects.down_s.take(chunk.cause[k])
            if wait_s is not None:
                replaced_s += self._wait(at_s, hit, chunk, k, out=wait_s[k])
            more = 0.0 if more_s is None else more_s[k]
            self._come_back(at_s, replaced_s, replaced_s + (self.recovery.recovery_s + more), down[~hit[down]])
        place = np.repeat(np.arange(rows) * size, [len(each) for each in idle])
        return Struck(
            hits[:rows], lost_s, None if wait_s is None else wait_s[:rows],
            None if more_s is None else more_s[:rows],
            place + np.concatenate([place[:0], *idle]), -np.concatenate([np.empty(0), *unspent_s]),
        )  # fmt: skip

    def _at_s(self, hazard: FloatArray) -> FloatArray:
        """Return when faults come, one to a replica [s]."""
        at_s = hazard * self.mtbf_s
        at_s += self.start_s
        return instant_s(self.batch.scenario.maturity, at_s)

    def _can_end(self, chunk: Chunk) -> bool:
        """Tell whether anybody can end the stage before the last fault of a chunk, if nothing strikes until then."""
        reached_s = self.from_s + (self._at_s(chunk.hazard[-1]) - self.ready_s)
        return bool((reached_s >= self.all_s - 1.0).any())  # a second is far more than rounding

    def _set_back(
        self, chunk: Chunk, k: int, who: IndexArray, at_s: FloatArray, more_s: FloatArray | None
    ) -> FloatArray:
        """Return where the chunk's fault `k` leaves those whom it costs not just what follows the last save [s]."""
        cause, cycle, effects = chunk.cause[k].take(who), self.stage.cycle, self.effects
        if effects.plain:
            return np.minimum(np.maximum(last_save_s(at_s - effects.reach_s.take(cause), cycle), 0.0), at_s)
        left = set_back(
            self.from_s[who], at_s, self.durable_s[who], cycle, end_s=self.end_s[who],
            announced=effects.announced[cause], reach_s=effects.reach_s[cause], near_lost=effects.near_lost[cause],
            luck=1.0 if chunk.luck is None else chunk.luck[k, who],
        )  # fmt: skip
        self.durable_s[who] = left.durable_s
        if more_s is not None:
            more_s[k, who] = restore_s(self.recovery, left.reads, left.near) - self.recovery.restore_s
        return np.asarray(left.at_s)

    def _come_back(self, at_s: FloatArray, replaced_s: FloatArray, ready_s: FloatArray, spared: IndexArray) -> None:
        """Say when the replicas work again, and when they can be struck again; those who were down stay as they are."""
        exposed_s = exposed_from_s(at_s, replaced_s, ready_s, self.recovery.exposure)
        ready_s[spared], exposed_s[spared] = self.ready_s[spared], self.exposed_s[spared]
        self.ready_s, self.exposed_s = ready_s, exposed_s

    def _wait(self, at_s: FloatArray, hit: BoolArray, chunk: Chunk, k: int, out: FloatArray) -> FloatArray:
        """Put into `out` how long the job waits for a spare after the chunk's fault `k` [s]."""
        assert self.shop is not None
        assert chunk.repair is not None
        cause = chunk.cause[k]
        out[:] = self.shop.wait_s(at_s + self.effects.known_s.take(cause), hit, cause, chunk.repair[k])
        return out

    def _end(self, ended: BoolArray, up_s: FloatArray, clock_s: FloatArray) -> bool:
        """Take replicas that have finished out of the pass: nothing strikes them; say whether all have."""
        who = np.flatnonzero(ended)
        self.gone.append((who, self.ready_s[who] + (self.all_s[who] - self.from_s[who])))
        self.ready_s[who] = self.exposed_s[who] = np.inf
        up_s[who] = clock_s[who] = -np.inf
        self.staying -= who.size
        return self.staying == 0

    def _count(self, chunk: Chunk, struck: Struck) -> None:
        """Book what the faults did."""
        batch, books = self.batch, self.batch.tally.stages[self.number]
        short = struck.hits.reshape(-1)[struck.idle]
        books.cut_short(*self._previous(chunk, struck, struck.idle[short]), struck.unspent_s[short])
        books.struck(chunk, struck.idle[~short], struck.lost_s)
        if struck.wait_s is not None:
            books.stretched(SPARE_WAIT, chunk.cause, struck.wait_s)
        if struck.more_s is not None:
            books.stretched(RESTORE, chunk.cause, struck.more_s)
        batch.tally.interruptions[batch.offset + self.who] += struck.hits.sum(axis=0, dtype=np.uint8)

    def _hand_back(self, chunk: Chunk, struck: Struck) -> None:
        """Tell the batch how those stand who are still in the stage."""
        batch = self.batch
        still = np.flatnonzero(batch.stage[self.who] == self.number)
        who = self.who[still]
        batch.ready_s[who], batch.exposed_s[who] = self.ready_s[still], self.exposed_s[still]
        batch.from_s[who], batch.durable_s[who] = self.from_s[still], self.durable_s[still]
        if batch.shop is not None and self.shop is not None:
            batch.shop.put(self.who, self.shop)
        last = self._previous(chunk, struck, still + struck.hits.size)
        batch.last[who], batch.waited_s[who], batch.extra_s[who] = last

    def _previous(self, chunk: Chunk, struck: Struck, at: IndexArray) -> tuple[IndexArray, FloatArray, FloatArray]:
        """Return cause and wait of the stop before places in the flat chunk, and how much longer its restore took."""
        batch, size, hit = self.batch, len(self.who), struck.hits.reshape(-1)
        before = at - size
        passed = np.flatnonzero((before >= 0) & ~hit[before])
        while passed.size:
            before[passed] -= size
            passed = passed[(before[passed] >= 0) & ~hit[before[passed]]]
        earlier = np.flatnonzero(before < 0)
        who = self.who[at[earlier] % size]

        def told(here: NDArray[Any] | None, last: NDArray[Any]) -> NDArray[Any]:
            found = np.zeros(len(at), dtype=last.dtype) if here is None else here.reshape(-1)[before]
            found[earlier] = last[who]
            return found

        return told(chunk.cause, batch.last), told(struck.wait_s, batch.waited_s), told(struck.more_s, batch.extra_s)
