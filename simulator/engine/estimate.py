"""The batch engine: all replicas at once, fault by fault, equal to `simulate` where both apply.

The loop runs over the faults of the timeline, not over time: each round takes the next fault of every replica and
applies the closed form of `simulator.reliability.attempt` (`simulator.engine.strikes`). Replicas that are down or done
take no notice of a fault, which is the whole of the control flow.
"""

from collections.abc import Iterator

import numpy as np

from simulator.engine.batch import Batch
from simulator.engine.strikes import Pass
from simulator.engine.tally import Tally
from simulator.engine.timeline import BLOCK, Chunk, chunks
from simulator.records import Ensemble
from simulator.scenario.values import Scenario, needs_events, uses_luck

AHEAD = 8192  # replicas from which on a second thread for the draws is worth it
BATCH = 16 * BLOCK  # replicas that advance together: their state fits the cache


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
    tally = Tally(scenario, replicas)
    for first in range(replicas.start, replicas.stop, BATCH):
        batch = range(first, min(first + BATCH, replicas.stop))
        _advance(Batch(scenario, batch, tally))
    return tally.ensemble()


def _advance(batch: Batch) -> None:
    """Bring every replica to its end."""
    stages = len(batch.scenario.stages)
    batch.enter(0, np.arange(len(batch.replicas)), np.zeros(len(batch.replicas)))
    timeline = _faults(batch)
    while (first := int(batch.stage.min())) < stages:
        chunk = next(timeline)
        for number in range(first, stages):
            who = np.flatnonzero(batch.stage == number)
            if who.size:
                Pass(batch, number, who).run(chunk)


def _faults(batch: Batch) -> Iterator[Chunk]:
    scenario = batch.scenario
    return chunks(
        scenario.seed, batch.replicas, scenario.causes,
        repairs=batch.shop is not None, luck=uses_luck(scenario), factors=batch.factors,
        aside=len(batch.replicas) >= AHEAD,
    )  # fmt: skip
