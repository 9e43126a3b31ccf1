"""Draws that belong to a replica as a whole: how efficient its run turns out, and which discount was negotiated.

Both engines and the money side ask here, so that the same replica has the same luck everywhere.
"""

import numpy as np
from numpy.typing import NDArray

from simulator.engine.timeline import BLOCK
from simulator.foundation.streams import generator
from simulator.scenario.values import Scenario

FloatArray = NDArray[np.float64]


def efficiencies(scenario: Scenario, replicas: range) -> FloatArray:
    """Return each replica's efficiency as a multiple of the median, log-normal, shape (replicas,)."""
    if scenario.efficiency_sigma == 0:
        return np.ones(len(replicas))
    normal = _draws(scenario.seed, "efficiency", replicas, normal=True)
    return np.exp(scenario.efficiency_sigma * normal)


def luck_in_talks(scenario: Scenario, replicas: range) -> FloatArray:
    """Return each replica's place among the discounts that are possible, uniform from 0 to 1, shape (replicas,)."""
    if not scenario.tariff.is_uncertain:
        return np.full(len(replicas), 0.5)
    return _draws(scenario.seed, "discount", replicas, normal=False)


def _draws(seed: int, name: str, replicas: range, *, normal: bool) -> FloatArray:
    parts = []
    for block in range(replicas.start // BLOCK, (replicas.stop - 1) // BLOCK + 1):
        first, last = max(replicas.start, block * BLOCK), min(replicas.stop, (block + 1) * BLOCK)
        stream, rows = generator(seed, name, block), last - block * BLOCK
        drawn = stream.standard_normal(rows) if normal else stream.random(rows)
        parts.append(drawn[first - block * BLOCK :])
    return np.concatenate(parts)
