"""Processes that share the work of one command."""

import os
import threading
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.foundation.mapper import Mapper
    from simulator.scenario.values import Scenario

MOST = 4  # that start unasked


@contextmanager
def mapping(workers: int) -> "Iterator[Mapper]":
    """Hand out `map`, or that of so many processes, which start at once and end with the context."""
    if workers == 1:
        yield map
        return
    from analysis.study.processes import pool_of

    pool = pool_of(workers, _search_seldom)
    try:
        yield pool.map
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C, which workers do not get, only what is under way is awaited


def usual(scenario: "Scenario") -> int:
    """Return how many processes are worth their start: one, or a few where the replicas take seconds."""
    from simulator.engine.run import why_slow

    return 1 if why_slow(scenario) is None else min(os.cpu_count() or 1, MOST)


def aside(workers: int, module: str) -> None:
    """Load a module on a second thread, where this one is about to wait for workers."""
    if workers > 1:
        threading.Thread(target=import_module, args=(module,), name="loader").start()


def _search_seldom() -> None:
    import gc

    gc.set_threshold(200_000, 20, 20)  # what replicas make has few cycles: to search it often costs 5 to 10 %
