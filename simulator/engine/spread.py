"""Draws that belong to a replica as a whole: how efficient its run turns out, and which discount was negotiated.

Both engines and the money side ask here, so that the same replica has the same luck everywhere. The draws are
stratified: a mean over replicas hardly depends on them, and what is left is the luck of failures.
"""

import numpy as np
from numpy.typing import NDArray

from simulator.engine.timeline import BLOCK
from simulator.foundation.streams import generator
from simulator.scenario.values import Scenario

FloatArray = NDArray[np.float64]

GROUP = 64  # replicas that are spread evenly already


def efficiencies(scenario: Scenario, replicas: range) -> FloatArray:
    """Return each replica's efficiency as a multiple of the median, log-normal, shape (replicas,)."""
    if scenario.efficiency_sigma == 0:
        return np.ones(len(replicas))
    from scipy.special import ndtri

    normal: FloatArray = ndtri(_shares(scenario.seed, "efficiency", replicas))
    return np.exp(scenario.efficiency_sigma * normal)


def luck_in_talks(scenario: Scenario, replicas: range) -> FloatArray:
    """Return each replica's place among the discounts that are possible, uniform from 0 to 1, shape (replicas,)."""
    if not scenario.tariff.is_uncertain:
        return np.full(len(replicas), 0.5)
    return _shares(scenario.seed, "discount", replicas)


def _shares(seed: int, name: str, replicas: range) -> FloatArray:
    """Return draws from 0 to 1 for some replicas, shape (replicas,)."""
    parts = []
    for block in range(replicas.start // BLOCK, (replicas.stop - 1) // BLOCK + 1):
        first, last = max(replicas.start, block * BLOCK), min(replicas.stop, (block + 1) * BLOCK)
        drawn = _even(generator(seed, name, block))
        parts.append(drawn[first - block * BLOCK : last - block * BLOCK])
    return np.concatenate(parts)


def _even(stream: np.random.Generator) -> FloatArray:
    """Return a block of draws from 0 to 1 that are spread evenly, shape (BLOCK,).

    Stratified twice: every `GROUP` of neighbours has one draw in each of as many wide slices, and the whole block one
    in each of `BLOCK` narrow ones.
    """
    groups = BLOCK // GROUP
    wide = stream.random((groups, GROUP)).argsort(axis=1)
    narrow = stream.random((GROUP, groups)).argsort(axis=1)
    slices = wide * groups + narrow[wide, np.arange(groups)[:, None]]
    return ((slices + stream.random((groups, GROUP))) / BLOCK).ravel()
