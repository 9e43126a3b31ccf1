"""Work of tenths of a second, shared with forks of this process: they are there in milliseconds, and load nothing.

Longer work goes to processes of its own (`analysis.study.processes`), which may outlive a call.
"""

import os
import pickle
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Generic, NoReturn, TypeVar

from simulator.foundation.mapper import Mapper

Piece = TypeVar("Piece")
Done = TypeVar("Done")


def forked(function: Callable[[Piece], Done], pieces: Sequence[Piece]) -> list[Done]:
    """Apply a function to each piece, as many at once as there are cores; a mapper.

    One of those at once is done here and each of the others in a fork of this process, where a fork is safe. A fork
    that does not come to its end, whatever stops it, is made up for here, so that errors are raised here.

    Parameters
    ----------
    function : callable
        Its results can be pickled; whatever else it changes in a fork is lost.
    pieces : sequence
        In the order of the results.
    """
    done: list[Done] = []
    for first in range(0, len(pieces), at_once := width()):
        here, *there = pieces[first : first + at_once]
        with ahead() as begin:
            coming = begin(function, there)
            done.append(function(here))
            done.extend(coming)
    return done


def dealt(function: Callable[[Piece], Done], pieces: Sequence[Piece]) -> list[Done]:
    """Apply a function to many small pieces, dealt out to as many processes as there are cores (`forked`); a mapper."""
    hands = min(width(), len(pieces))  # no process for an empty hand
    done: list[Done] = [None] * len(pieces)  # type: ignore[list-item] # until all are filled
    for hand, part in enumerate(forked(partial(_each, function), [pieces[hand::hands] for hand in range(hands)])):
        done[hand::hands] = part
    return done


def _each(function: Callable[[Piece], Done], pieces: Sequence[Piece]) -> list[Done]:
    return [function(piece) for piece in pieces]


@contextmanager
def ahead() -> Iterator[Mapper]:
    """Hand out a mapper that begins each piece at once, in a fork where that is safe, and waits for it as it is read.

    Where no fork is safe, a piece is done as it is read. What nobody has read when the context ends is ended, too.
    """
    forks: list[_Fork[Any]] = []

    def begin(function: Callable[[Piece], Done], pieces: Sequence[Piece]) -> Iterable[Done]:
        if width() == 1:
            return map(function, pieces)
        begun = [_Fork(partial(function, piece)) for piece in pieces]
        forks.extend(begun)
        return (fork.result() for fork in begun)

    try:
        yield begin
    finally:
        for fork in forks:
            fork.end()


@contextmanager
def at_most(processes: int | None) -> Iterator[None]:
    """Let work be shared among so many processes at most, this one included; None is as many as before."""
    global _most
    before, _most = _most, min(_most, processes or _most)
    try:
        yield
    finally:
        _most = before


_most = sys.maxsize


def width() -> int:
    """Return how many processes work is shared among: one where a fork is not safe, or where others use the cores.

    A fork has the locks of threads of this process but not the threads; a worker has one core.
    """
    from multiprocessing import parent_process

    if sys.platform != "linux" or parent_process() is not None or threading.active_count() > 1:
        return 1
    return min(len(os.sched_getaffinity(0)), _most)


@contextmanager
def beside_libraries() -> Iterator[None]:
    """Allow a fork beside threads of libraries, such as NumPy's, which are ready for it; Python 3.12 warns of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


class _Fork(Generic[Done]):
    """A call in a fork of this process."""

    def __init__(self, call: Callable[[], Done]) -> None:
        self._call = call
        self._reader, writer = os.pipe()
        self._process: int | None = None  # while there is one
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # Ctrl-C is this process' affair
        with suppress(OSError), beside_libraries():  # OSError: no room for another process
            self._process = os.fork()
        if self._process == 0:
            os.close(self._reader)  # else a fork whose parent was killed would wait for itself to read
            _answer(call, writer)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(writer)

    def result(self) -> Done:
        """Wait for the result."""
        with open(self._reader, "rb", closefd=False) as pipe:
            sent = pipe.read()
        well = self._process is not None and os.waitpid(self._process, 0)[1] == 0
        self._process = None
        return pickle.loads(sent) if well else self._call()  # noqa: S301 - what it sends is this program's

    def end(self) -> None:
        """Leave no process and no pipe behind, waited for or not."""
        os.close(self._reader)
        if self._process is not None:
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)


def _answer(call: Callable[[], object], writer: int) -> NoReturn:
    """Write the result of a call, and leave without what a process does at its end: that is the first one's affair."""
    status = 1
    try:
        with at_most(1), open(writer, "wb") as pipe:
            pickle.dump(call(), pipe, protocol=pickle.HIGHEST_PROTOCOL)
        status = 0
    finally:
        os._exit(status)
