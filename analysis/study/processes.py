"""Processes of this machine as a place of work.

They are forks of a server that has loaded the engine once and does nothing else: a worker is there in hundredths of a
second, and shares the pages of what is loaded. Where a system has no such server, each worker loads for itself.
A team that is wanted at once, while this process has no thread yet, is forks of this process (`team_of`).
"""

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from multiprocessing.context import BaseContext
from typing import Any

from simulator.foundation import forks

_LOADED = "analysis.study.evaluate"  # what nearly every task needs


class Processes:
    """Processes that are started as they are needed; each is a pool of its own, to know whose death a loss was."""

    losses: tuple[type[BaseException], ...] = (BrokenExecutor,)
    deaths = 1

    def __init__(self, width: int) -> None:
        self.width = width
        warm()
        self._pools: dict[ProcessPoolExecutor, Future[Any]] = {}

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Call a function in a process that has nothing to do; one that has died is replaced."""
        pool = next((pool for pool, last in self._pools.items() if last.done()), None)
        if pool is not None:
            try:
                self._pools[pool] = future = pool.submit(function, *arguments)
                return future
            except BrokenExecutor:
                pool.shutdown(wait=False)
                del self._pools[pool]
        with _uninterrupted():
            pool = pool_of(1)
            self._pools[pool] = future = pool.submit(function, *arguments)
        return future

    def close(self) -> None:
        """End the processes without waiting for their work."""
        for pool, last in self._pools.items():
            if not last.done():
                for process in list((pool._processes or {}).values()):  # no public name for them before Python 3.14
                    process.kill()
        ends = [threading.Thread(target=partial(pool.shutdown, cancel_futures=True)) for pool in self._pools]
        for end in ends:
            end.start()
        for end in ends:
            end.join()


def pool_of(width: int) -> ProcessPoolExecutor:
    """Return a pool of processes."""
    return ProcessPoolExecutor(width, mp_context=warm(), initializer=_begin)


def team_of(width: int) -> ProcessPoolExecutor:
    """Return a pool that is there at once: forks of this process, where that is safe, have all that it has loaded."""
    if forks.width() == 1:
        return pool_of(width)
    pool = ProcessPoolExecutor(width, mp_context=get_context("fork"), initializer=_begin)
    with _uninterrupted(), forks.beside_libraries():
        pool.submit(int)  # begins all of them, before the pool's own threads
    return pool


def warm() -> BaseContext:
    """Return how processes are started, and let the server begin to load at once: it is ready when the tasks are."""
    from multiprocessing import forkserver, get_all_start_methods, resource_tracker

    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload([_LOADED])
    resource_tracker.ensure_running()  # its own start would let Ctrl-C through again
    with _uninterrupted():
        forkserver.ensure_running()
    return context


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back; a process that is started meanwhile never gets it, not even while Python starts."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_sigmask"):
        yield
        return
    held: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: held.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # of this thread, and of what it starts
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, signal.SIG_DFL if handler is None else handler)  # None: not set from Python
    if held:
        raise KeyboardInterrupt


def _begin() -> None:
    """Begin a worker: Ctrl-C is the parent's affair, and a worker whose parent was killed does not stay behind."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()
    gc.freeze()  # what is loaded lives to the end
    gc.set_threshold(200_000, 20, 20)  # what replicas make has few cycles: to search it often costs 5 to 10 %


def _follow_parent() -> None:
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
