"""Processes that share the work of one command."""

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.foundation.mapper import Mapper
    from simulator.scenario.values import Scenario

MOST = 4  # that start unasked


@contextmanager
def mapping(workers: int | None, scenario: "Scenario") -> "Iterator[Mapper]":
    """Hand out `map`, or that of so many processes, or of as many as are worth it; they end with the context."""
    width = workers or usual(scenario)
    if width == 1:
        from simulator.foundation.forks import at_most

        with at_most(workers):
            yield map
        return
    from analysis.study.processes import team_of

    pool = team_of(width)
    try:
        yield pool.map
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C, which workers do not get, only what is under way is awaited


def usual(scenario: "Scenario") -> int:
    """Return how many processes are worth their start: one, or a few where the replicas take seconds."""
    from simulator.engine.run import why_slow

    return 1 if why_slow(scenario) is None else min(os.cpu_count() or 1, MOST)
