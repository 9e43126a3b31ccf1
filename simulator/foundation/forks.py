"""Work of tenths of a second, shared with forks of this process: they are there in milliseconds, and load nothing.

Longer work goes to processes of its own (`analysis.study.processes`), which may outlive a call.
"""

import os
import pickle
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Generic, NoReturn, TypeVar

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
    for first in range(0, len(pieces), at_once := _at_once()):
        here, *there = pieces[first : first + at_once]
        forks = [_Fork(partial(function, piece)) for piece in there]
        try:
            done.append(function(here))
            done.extend(fork.result() for fork in forks)
        finally:
            for fork in forks:
                fork.end()
    return done


def _at_once() -> int:
    """Return how many pieces to do at once: one in a worker, which has a core, and beside threads, which hold locks."""
    from multiprocessing import parent_process

    if sys.platform != "linux" or parent_process() is not None or threading.active_count() > 1:
        return 1
    return len(os.sched_getaffinity(0))


class _Fork(Generic[Done]):
    """A call in a fork of this process."""

    def __init__(self, call: Callable[[], Done]) -> None:
        self._call = call
        self._reader, writer = os.pipe()
        self._process: int | None = None  # while there is one
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # Ctrl-C is this process' affair
        with suppress(OSError), warnings.catch_warnings():  # no room for another process
            warnings.simplefilter("ignore", DeprecationWarning)  # of libraries' threads, that no call here waits for
            self._process = os.fork()
        if self._process == 0:
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
        with open(writer, "wb") as pipe:
            pickle.dump(call(), pipe, protocol=pickle.HIGHEST_PROTOCOL)
        status = 0
    finally:
        os._exit(status)
