"""One chunk of faults over the replicas of a batch that are in one stage: who is struck, and where that leaves them.

The loop of `Pass._strike` is where the batch engine's time goes. It works in arrays of shape (replicas,), which stay in
the cache from one row of the chunk to the next, and books what a row does while it is there.
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


class Row(NamedTuple):
    """The next fault of each replica; arrays of shape (replicas,)."""

    at_s: FloatArray  # when it comes [s]
    clock_s: FloatArray  # where on the stage's clock it finds the replica; where work goes on if that is down [s]
    missed: IndexArray  # which replicas it does not stop
    cause: IndexArray
    luck: FloatArray | None  # uniform on 0 to 1, decides which saves it leaves; None if that is certain
    repair: FloatArray | None  # unit exponential, scales the mean repair time; None if nobody waits for repairs

    def hit(self) -> BoolArray:
        """Tell which replicas it stops."""
        found = np.ones(len(self.at_s), dtype=np.bool_)
        found[self.missed] = False
        return found


class Missed(NamedTuple):
    """Faults that find nobody to strike; arrays of shape (missed,)."""

    who: IndexArray
    cause: IndexArray


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
        self.effects, self.books = batch.effects[number], batch.tally.stages[number]
        self.zero_s, self.exposed_s, self.all_s = batch.zero_s[who], batch.exposed_s[who], batch.all_s[who]
        self.from_s, self.durable_s, self.end_s = batch.from_s[who], batch.durable_s[who], batch.end_s[who]
        self.last, self.waited_s, self.extra_s = batch.last[who], batch.waited_s[who], batch.extra_s[who]
        self.shop = None if batch.shop is None else batch.shop.part(who)
        self.uneven = self.shop is not None or self.effects.reread  # ways back after one cause take different times
        self.mtbf_s = 1.0 / batch.rate_per_s(self.stage, who)
        entered_s = exposure_s(batch.scenario.maturity, batch.entered_s[who])
        self.start_s = entered_s - batch.entered_hazard[who] * self.mtbf_s
        self.staying = len(who)
        self.met = 0  # faults of each replica
        self.missed: list[Missed] = []
        self.gone: list[tuple[IndexArray, FloatArray]] = []  # who finished the stage, and when
        self.cut: list[tuple[NDArray[Any], ...]] = []  # of what faults cut short: see `StageTally.cut_short`

    def run(self, chunk: Chunk) -> None:
        """Let each fault of the chunk strike, or not; book it, and hand back how the replicas stand."""
        if len(self.who) < chunk.hazard.shape[1]:
            chunk = chunk.of(self.who)
        self._strike(chunk)
        if self.cut:
            self.books.cut_short(*(np.concatenate(parts) for parts in zip(*self.cut, strict=True)))
        if self.met:
            who, cause = (np.concatenate(parts) for parts in zip(*self.missed, strict=True))
            self.books.stops -= np.bincount(cause, minlength=len(self.books.stops))
            self.batch.tally.interruptions[self.who] += self.met - np.bincount(who, minlength=len(self.who))
        if self.gone:
            gone, finish_s = (np.concatenate(parts) for parts in zip(*self.gone, strict=True))
            self.batch.leave(self.number, self.who[gone], finish_s)
        self._hand_back()

    def _strike(self, chunk: Chunk) -> None:
        """Walk through the rows, until all are done: who is struck, what that destroys, and when work goes on."""
        can_end, cause = self._can_end(chunk), np.empty_like(self.last)
        at_s, clock_s, left_s, replaced_s = np.empty((4, len(self.who)))
        for k, hazard in enumerate(chunk.hazard):
            at_s = self._at_s(hazard, out=at_s)
            np.subtract(at_s, self.zero_s, out=clock_s)
            if can_end and self._end(clock_s):
                return
            np.copyto(cause, chunk.cause[k])
            row = Row(at_s, clock_s, self._miss(at_s, clock_s, cause), cause, *chunk.chances(k))
            self._interrupt(clock_s)
            extra_s = self._set_back(row, out=left_s, spare=replaced_s)
            self._book(row, left_s)
            zero_s = self._come_back(row, left_s, extra_s, out=replaced_s)
            self.zero_s, clock_s, self.exposed_s, replaced_s = zero_s, self.zero_s, replaced_s, self.exposed_s
            self.last, cause, self.from_s, left_s = cause, self.last, left_s, self.from_s
            self.met += 1

    def _miss(self, at_s: FloatArray, clock_s: FloatArray, cause: IndexArray) -> IndexArray:
        """Return whom faults cannot strike: they are down, and stay as they are."""
        missed = np.less(at_s, self.exposed_s).nonzero()[0]
        clock_s[missed] = self.from_s[missed]
        self.missed.append(Missed(missed, cause[missed]))
        return missed

    def _interrupt(self, clock_s: FloatArray) -> None:
        """Cut short the ways back of those who are struck while they are down: their clocks stand still."""
        again = np.less(clock_s, self.from_s).nonzero()[0]
        from_s = self.from_s[again]
        late_s = (self.waited_s[again], self.extra_s[again]) if self.uneven else ()
        self.cut.append((self.last[again], from_s - clock_s[again], *late_s))
        clock_s[again] = from_s

    def _at_s(self, hazard: FloatArray, out: FloatArray | None = None) -> FloatArray:
        """Return when faults come, one to a replica [s]."""
        at_s = np.multiply(hazard, self.mtbf_s, out=out)
        at_s += self.start_s
        return instant_s(self.batch.scenario.maturity, at_s)

    def _can_end(self, chunk: Chunk) -> bool:
        """Tell whether anybody can end the stage before the last fault of a chunk, if nothing strikes until then."""
        reached_s = self._at_s(chunk.hazard[-1]) - self.zero_s
        return bool((reached_s >= self.all_s - 1.0).any())  # a second is far more than rounding

    def _set_back(self, row: Row, out: FloatArray, spare: FloatArray) -> FloatArray | None:
        """Put into `out` where work goes on, and return how much longer than usual the save is read, if ever [s]."""
        effects, cycle = self.effects, self.stage.cycle
        if not effects.plain:
            return self._choose_save(row, out)
        if effects.simple:
            np.maximum(last_save_s(row.clock_s, cycle, out=out), self.from_s, out=out)
            return None
        reach_s = effects.reach_s.take(row.cause, out=spare, mode="clip")
        last_save_s(np.subtract(row.clock_s, reach_s, out=out), cycle, out=out)
        void = np.greater(reach_s, 0.0).nonzero()[0]  # there, what the attempt began with is void, too
        void_s = np.maximum(out[void], 0.0)
        np.maximum(out, self.from_s, out=out)
        out[void] = void_s
        np.minimum(out, row.clock_s, out=out)
        out[row.missed] = self.from_s[row.missed]
        return None

    def _choose_save(self, row: Row, out: FloatArray) -> FloatArray | None:
        """Do the same where not every save is durable, good and kept."""
        effects, cycle = self.effects, self.stage.cycle
        np.maximum(last_save_s(row.clock_s, cycle, out=out), self.from_s, out=out)
        who = (effects.special.take(row.cause) & row.hit()).nonzero()[0]
        cause = row.cause[who]
        left = set_back(
            self.from_s[who], row.clock_s[who], self.durable_s[who], cycle, end_s=self.end_s[who],
            announced=effects.announced[cause], reach_s=effects.reach_s[cause], near_lost=effects.near_lost[cause],
            luck=1.0 if row.luck is None else row.luck[who],
        )  # fmt: skip
        out[who], self.durable_s[who] = left.at_s, left.durable_s
        if not effects.reread:
            return None
        extra_s = np.zeros_like(out)
        extra_s[who] = restore_s(self.recovery, left.reads, left.near) - self.recovery.restore_s
        return extra_s

    def _book(self, row: Row, left_s: FloatArray) -> None:
        """Book the stops, and what they destroyed."""
        lost_s = np.subtract(row.clock_s, left_s, out=row.clock_s)
        self.books.stops += np.bincount(row.cause, minlength=len(self.books.stops))
        self.books.lost_s += np.bincount(row.cause, weights=lost_s, minlength=len(self.books.stops))

    def _come_back(self, row: Row, left_s: FloatArray, extra_s: FloatArray | None, out: FloatArray) -> FloatArray:
        """Put into `out` when the replicas can be struck again, and return when their clocks would have stood at zero.

        Those who were missed stay as they are; `row.clock_s` is overwritten.
        """
        recovery, missed = self.recovery, row.missed
        replaced_s = self.effects.down_s.take(row.cause, out=out, mode="clip")
        replaced_s += row.at_s
        if (wait_s := self._wait(row)) is not None:
            replaced_s += wait_s
            self._stretch(SPARE_WAIT, row, self.waited_s, wait_s)
        if extra_s is not None:
            self._stretch(RESTORE, row, self.extra_s, extra_s)
        ready_s = np.add(replaced_s, recovery.recovery_s + (0.0 if extra_s is None else extra_s), out=row.clock_s)
        exposed_s = exposed_from_s(row.at_s, replaced_s, ready_s, recovery.exposure)
        if exposed_s is not out:
            np.copyto(out, exposed_s)
        zero_s = np.subtract(ready_s, left_s, out=ready_s)
        zero_s[missed], out[missed] = self.zero_s[missed], self.exposed_s[missed]
        row.cause[missed] = self.last[missed]
        return zero_s

    def _wait(self, row: Row) -> FloatArray | None:
        """Return how long the job waits for a spare; None if it never does [s]."""
        if self.shop is None:
            return None
        assert row.repair is not None
        return self.shop.wait_s(row.at_s + self.effects.known_s.take(row.cause), row.hit(), row.cause, row.repair)

    def _stretch(self, part: int, row: Row, since: FloatArray, more_s: FloatArray) -> None:
        """Book by how much a part of the ways back takes longer than usual, and keep it in mind in `since`."""
        self.books.stretched(part, row.cause, more_s)
        np.copyto(since, more_s, where=row.hit())

    def _end(self, clock_s: FloatArray) -> bool:
        """Take replicas that have finished out of the pass: nothing strikes them; say whether all have."""
        who = np.greater_equal(clock_s, self.all_s).nonzero()[0]
        if who.size:
            self.gone.append((who, self.zero_s[who] + self.all_s[who]))
            self.zero_s[who] = self.exposed_s[who] = np.inf
            clock_s[who] = -np.inf
            self.staying -= who.size
        return self.staying == 0

    def _hand_back(self) -> None:
        """Tell the batch how those stand who are still in the stage."""
        batch = self.batch
        still = np.flatnonzero(batch.stage[self.who] == self.number)
        who = self.who[still]
        batch.zero_s[who], batch.exposed_s[who] = self.zero_s[still], self.exposed_s[still]
        batch.from_s[who], batch.durable_s[who] = self.from_s[still], self.durable_s[still]
        batch.last[who] = self.last[still]
        batch.waited_s[who], batch.extra_s[who] = self.waited_s[still], self.extra_s[still]
        if batch.shop is not None and self.shop is not None:
            batch.shop.put(self.who, self.shop)
