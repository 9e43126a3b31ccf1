"""The fault timeline: drawn from named streams, before and apart from every policy.

Faults are points of a unit Poisson process in *hazard*, the integral of the job's failure rate over time. Hazard is
what makes timelines shareable: a scenario with twice the nodes, another checkpoint interval or dearer machines meets
the same faults, sooner. Each fault has a mark, a uniform whole number of 32 bits, that picks its cause by the causes'
shares, a unit exponential that scales its repair, and a uniform number that decides which saves it leaves.

Streams are named (seed, kind, block, chunk): a block is 1,024 replicas and a chunk 32 faults, so that replica 5 meets
the same faults whether it is asked for alone, among a million, or in another process.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.foundation.streams import generator
from simulator.reliability.causes import Cause

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]
MarkArray = NDArray[np.uint32]
CauseArray = NDArray[np.signedinteger[Any]]  # narrow, so that a chunk of them stays in the cache

BLOCK = 1024  # replicas in one stream
CHUNK = 32  # faults in one stream

_CELL_BITS = 12  # of a mark, that number the cells of the table which turns it into a cause
_MIXED = -1  # a cell that holds more than one cause
_ALL = slice(None)


MOST_CHUNKS = 100_000  # before a run is taken to be endless


class UnfinishableError(RuntimeError):
    """A run that does not end: because it meets failures without end, where no other reason is given."""

    def __init__(self, reason: str | None = None) -> None:
        super().__init__(
            reason
            or f"a run met {MOST_CHUNKS * CHUNK:,} failures and was not finished: it gets nothing done between them; "
            "save more often, lower the failure rate, speed up repair, or hold more spares"
        )


class Fault(NamedTuple):
    """One point of the timeline."""

    hazard: float  # cumulative hazard at which it strikes
    cause: int  # index into the scenario's causes
    repair: float  # unit exponential, scales the mean repair time
    luck: float = 1.0  # uniform on 0 to 1, decides which saves it leaves


def gaps(seed: int, name: str, block: int, chunk: int, out: FloatArray | None = None) -> FloatArray:
    """Return a stream of unit exponentials, shape (CHUNK, BLOCK): a column is a replica."""
    return generator(seed, "faults", name, block, chunk).standard_exponential((CHUNK, BLOCK), out=out)


def marks(seed: int, block: int, chunk: int) -> MarkArray:
    """Return a stream of marks, whole numbers below 2^32, shape (CHUNK, BLOCK): a column is a replica."""
    words = generator(seed, "faults", "marks", block, chunk).bit_generator.random_raw(CHUNK * BLOCK // 2)
    return words.view(np.uint32).reshape(CHUNK, BLOCK)


def lucks(seed: int, block: int, chunk: int) -> FloatArray:
    """Return a stream of uniform numbers, shape (CHUNK, BLOCK): a column is a replica."""
    return generator(seed, "faults", "luck", block, chunk).random((CHUNK, BLOCK))


class Guide:
    """Turns marks into causes by a table; the table is exact, because its mixed cells are looked up again.

    Parameters
    ----------
    causes : sequence of Cause
        Their rates set the shares, exact to 2^-32; at least one is positive.
    factors : array of shape (causes, replicas), optional
        Multiples of the rates of each replica, where they differ.

    Examples
    --------
    >>> rates = (3e-6, 1e-6)
    >>> guide = Guide([Cause(name=str(rate), rate_per_node_s=rate) for rate in rates])
    >>> guide.causes(np.array([0, 2**32 * 3 // 4 - 1, 2**32 * 3 // 4, 2**32 - 1], dtype=np.uint32)).tolist()
    [0, 0, 1, 1]
    """

    def __init__(self, causes: Sequence[Cause], factors: FloatArray | None = None) -> None:
        rates = np.array([cause.rate_per_node_s for cause in causes])
        self._columns: FloatArray | None = None
        if factors is not None:
            self._columns = np.cumsum(rates[:, np.newaxis] * factors, axis=0)
            self._columns *= 2.0**32 / self._columns[-1]
            self._columns[np.flatnonzero(rates)[-1] :] = np.inf
        self._edges = np.cumsum(rates) / rates.sum() * 2.0**32
        self._edges[np.flatnonzero(rates)[-1] :] = np.inf  # rounding must not let a mark fall off the end
        bounds = np.searchsorted(self._edges, np.arange(2**_CELL_BITS + 1) * 2.0 ** (32 - _CELL_BITS), side="right")
        self._causes = np.where(bounds[:-1] == bounds[1:], bounds[:-1], _MIXED).astype(np.min_scalar_type(-len(rates)))

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the causes: narrow, and room for all."""
        return self._causes.dtype

    def causes(self, marks: MarkArray, columns: slice = _ALL) -> CauseArray:
        """Return the index of each mark's cause, in the marks' shape; `columns` are the replicas that they are of."""
        if self._columns is not None:
            found = np.zeros(marks.shape, dtype=self.dtype)
            for edge in self._columns[:-1, columns]:
                found += marks >= edge
            return found
        found = self._causes.take(marks >> np.uint32(32 - _CELL_BITS), mode="clip")
        mixed = np.flatnonzero(found == _MIXED)
        found.reshape(-1)[mixed] = np.searchsorted(self._edges, marks.reshape(-1)[mixed], side="right")
        return found


class Chunk(NamedTuple):
    """The next faults of some replicas; arrays of shape (CHUNK, replicas)."""

    hazard: FloatArray
    cause: CauseArray
    repair: FloatArray | None  # when somebody waits for repairs
    luck: FloatArray | None = None  # when chance decides which saves are left

    def of(self, who: IndexArray) -> "Chunk":
        """Return the faults of some of the replicas."""
        hazard, cause = self.hazard.take(who, axis=1), self.cause.take(who, axis=1)
        repair = None if self.repair is None else self.repair.take(who, axis=1)
        luck = None if self.luck is None else self.luck.take(who, axis=1)
        return Chunk(hazard, cause, repair, luck)

    def chances(self, fault: int) -> tuple[FloatArray | None, FloatArray | None]:
        """Return the replicas' luck and unit repairs at one of the faults."""
        return None if self.luck is None else self.luck[fault], None if self.repair is None else self.repair[fault]


def chunks(
    seed: int, replicas: range, causes: Sequence[Cause], *, repairs: bool, luck: bool = False,
    factors: FloatArray | None = None,
) -> Iterator[Chunk]:  # fmt: skip
    """Yield the timeline of consecutive replicas, a chunk at a time, without end; a chunk stays valid for one turn."""
    guide, shape = Guide(causes, factors), (CHUNK, len(replicas))
    drawn, reached = np.empty((CHUNK, BLOCK)), np.zeros(len(replicas))
    page = Chunk(
        np.empty(shape), np.empty(shape, dtype=guide.dtype), np.empty(shape) if repairs else None,
        np.empty(shape) if luck else None,
    )  # fmt: skip
    for chunk in range(MOST_CHUNKS):
        for block, here, there in _columns(replicas):  # while what is drawn is in the cache
            page.hazard[:, here] = gaps(seed, "gaps", block, chunk, out=drawn)[:, there]
            page.cause[:, here] = guide.causes(marks(seed, block, chunk)[:, there], here)
            if page.repair is not None:
                page.repair[:, here] = gaps(seed, "repairs", block, chunk, out=drawn)[:, there]
            if page.luck is not None:
                page.luck[:, here] = lucks(seed, block, chunk)[:, there]
        page.hazard[0] += reached
        for earlier, later in pairwise(page.hazard):
            later += earlier
        reached[:] = page.hazard[-1]
        yield page
    raise UnfinishableError


def passed(seed: int, replicas: range, hazard: FloatArray) -> FloatArray:
    """Return how many faults of each replica's timeline have passed at a hazard, struck or not; shape (replicas,)."""
    count, reached = np.zeros(len(replicas)), np.zeros(len(replicas))
    for chunk in range(MOST_CHUNKS):
        steps = np.concatenate([gaps(seed, "gaps", block, chunk)[:, at] for block, _, at in _columns(replicas)], axis=1)
        steps[0] += reached
        times = np.cumsum(steps, axis=0)
        count += np.count_nonzero(times <= hazard, axis=0)
        reached = times[-1]
        if (reached > hazard).all():
            return count
    raise UnfinishableError


def _columns(replicas: range) -> Iterator[tuple[int, slice, slice]]:
    """Yield each block that the replicas touch, where it goes among the replicas, and which part of it."""
    for block in range(replicas.start // BLOCK, (replicas.stop - 1) // BLOCK + 1):
        first, last = max(replicas.start, block * BLOCK), min(replicas.stop, (block + 1) * BLOCK)
        yield (
            block,
            slice(first - replicas.start, last - replicas.start),
            slice(first - block * BLOCK, last - block * BLOCK),
        )


_gaps = lru_cache(maxsize=256)(gaps)
_marks = lru_cache(maxsize=128)(marks)
_lucks = lru_cache(maxsize=128)(lucks)


def faults(seed: int, replica: int, causes: Sequence[Cause], *, luck: bool = False) -> Iterator[Fault]:
    """Yield the faults of one replica in order, without end; nothing when no cause has a rate."""
    if not any(cause.rate_per_node_s > 0 for cause in causes):
        return
    block, column = divmod(replica, BLOCK)
    guide, hazard = Guide(causes), 0.0
    for chunk in range(MOST_CHUNKS):
        steps = _gaps(seed, "gaps", block, chunk)[:, column]
        repairs = _gaps(seed, "repairs", block, chunk)[:, column]
        found = guide.causes(_marks(seed, block, chunk)[:, column])
        chances = _lucks(seed, block, chunk)[:, column].tolist() if luck else [1.0] * CHUNK
        for step, cause, repair, chance in zip(steps.tolist(), found.tolist(), repairs.tolist(), chances, strict=True):
            hazard += step
            yield Fault(hazard, cause, repair, chance)
    raise UnfinishableError
