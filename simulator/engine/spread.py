"""Draws that belong to a replica as a whole: how efficient it is, how often it fails, which discount was negotiated.

Both engines and the money side ask here, so that the same replica has the same luck everywhere. The draws are
stratified: a mean over replicas hardly depends on them, and what is left is the luck of failures.
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulator.engine.queued import placement_speeds
from simulator.engine.timeline import BLOCK
from simulator.foundation.streams import generator
from simulator.reliability.causes import Cause
from simulator.scenario.values import Scenario

FloatArray = NDArray[np.float64]

GROUP = 64  # replicas that are spread evenly already


def efficiencies(scenario: Scenario, replicas: range) -> FloatArray:
    """Return each replica's efficiency as a multiple of the median, shape (replicas,).

    It is log-normal; on a shared cluster it is also as the placement that the replica got allows.
    """
    placed = placement_speeds(scenario, replicas)
    own = np.ones(len(replicas)) if placed is None else placed
    if scenario.efficiency_sigma == 0:
        return own
    from scipy.special import ndtri

    normal: FloatArray = ndtri(_shares(scenario.seed, "efficiency", replicas))
    return own * np.exp(scenario.efficiency_sigma * normal)


def luck_in_talks(scenario: Scenario, replicas: range) -> FloatArray:
    """Return each replica's place among the discounts that are possible, uniform from 0 to 1, shape (replicas,)."""
    if not scenario.tariff.is_uncertain:
        return np.full(len(replicas), 0.5)
    return _shares(scenario.seed, "discount", replicas)


def rate_factors(scenario: Scenario, replicas: range) -> FloatArray | None:
    """Return each replica's rates as multiples of the stated ones, shape (causes, replicas); None where all are known.

    A rate that was counted is drawn from its posterior, Gamma(count) over the count, whose mean is the stated rate, so
    that a split by cause shifts nothing; one with a published range is lognormal in it.
    """
    if not any(map(doubtful, scenario.causes)):
        return None
    return np.array([_factors(scenario.seed, cause, replicas) for cause in scenario.causes])


def doubtful(cause: Cause) -> bool:
    """Tell whether a cause's rate is sampled across replicas."""
    return cause.rate_count is not None or cause.rate_sigma > 0


def mean_factor(cause: Cause) -> float:
    """Return the mean of the multiples of a cause's rate over all replicas that there might be."""
    return 1.0 if cause.rate_count is not None else math.exp(cause.rate_sigma**2 / 2)


def as_lived(scenario: Scenario, replica: int) -> Scenario:
    """Return the scenario with the rates of one replica."""
    factors = rate_factors(scenario, range(replica, replica + 1))
    if factors is None:
        return scenario
    pairs = zip(scenario.causes, factors[:, 0].tolist(), strict=True)
    return replace(scenario, causes=tuple(cause.times(factor) for cause, factor in pairs))


def _factors(seed: int, cause: Cause, replicas: range) -> FloatArray:
    if not doubtful(cause):
        return np.ones(len(replicas))
    from scipy.special import gammaincinv, ndtri

    shares = _shares(seed, f"rates {cause.name}", replicas)
    if cause.rate_count is None:
        return np.exp(cause.rate_sigma * np.asarray(ndtri(shares)))
    return np.asarray(gammaincinv(cause.rate_count, shares), dtype=np.float64) / cause.rate_count


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
