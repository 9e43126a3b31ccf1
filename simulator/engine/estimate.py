"""The batch engine: all replicas at once, fault by fault, equal to `simulate` where both apply.

The loop runs over the faults of the timeline, not over time: each round takes the next fault of every replica and
applies the closed form of `simulator.reliability.attempt` (`simulator.engine.strikes`). Replicas that are down or done
take no notice of a fault, which is the whole of the control flow.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np

from simulator.engine.batch import Batch
from simulator.engine.strikes import Pass
from simulator.engine.tally import join
from simulator.engine.timeline import BLOCK, Chunk, chunks
from simulator.foundation.forks import forked
from simulator.records import Ensemble
from simulator.scenario.values import Scenario, needs_events, uses_luck

BATCH = 16 * BLOCK  # replicas that advance together: their state fits the cache
SHARED = 8 * BLOCK  # from which on halves are worth a second process


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
    parts = [part for first in range(replicas.start, replicas.stop, BATCH) for part in _halves(first, replicas.stop)]
    return join(forked(partial(_live, scenario), parts))


def _halves(first: int, stop: int) -> list[range]:
    """Return the next batch in two halves, whoever does them, or whole where it is small."""
    batch = range(first, min(first + BATCH, stop))
    if len(batch) < SHARED:
        return [batch]
    half = -(-len(batch) // (2 * BLOCK)) * BLOCK
    return [batch[:half], batch[half:]]


def _live(scenario: Scenario, replicas: range) -> Ensemble:
    """Bring every replica to its end."""
    batch = Batch(scenario, replicas)
    stages = len(batch.scenario.stages)
    batch.enter(0, np.arange(len(replicas)), np.zeros(len(replicas)))
    timeline = _faults(batch)
    while (first := int(batch.stage.min())) < stages:
        chunk = next(timeline)
        for number in range(first, stages):
            who = np.flatnonzero(batch.stage == number)
            if who.size:
                Pass(batch, number, who).run(chunk)
    return batch.tally.ensemble()


def _faults(batch: Batch) -> Iterator[Chunk]:
    scenario = batch.scenario
    return chunks(
        scenario.seed, batch.replicas, scenario.causes,
        repairs=batch.shop is not None, luck=uses_luck(scenario), factors=batch.factors,
    )  # fmt: skip
