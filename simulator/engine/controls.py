"""Numbers of each replica whose mean is known: control variates for the mean of an outcome or of a difference.

They come from the streams that decide a replica's luck, not from its run: what every failure would destroy and cost if
attempts followed each other without an end, taken less what was to be expected when the attempt began. Such a sum has
mean zero wherever it stops, if nothing later decides where (a martingale at a stopping time); it stops once a hazard is
reached that is set beforehand. What the sum leaves out of the run, such as waits for spares or the end of a stage,
makes it a weaker control and never a wrong one.

Source: Henderson and Glynn, Mathematics of Operations Research 27 (2002) 253, for martingales as control variates.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulator.engine.estimate import BATCH
from simulator.engine.spread import efficiencies, luck_in_talks, mean_factor, rate_factors
from simulator.engine.timeline import chunks
from simulator.reliability.attempt import total_s
from simulator.reliability.expected import lost_s
from simulator.reliability.recovery import REPLACED, exposed_from_s, way_back_s
from simulator.scenario.values import Scenario, Stage, rate_per_s

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]

MOST_HAZARD = 10_000.0  # failures of a stage that are looked at
KINDS = ("stops", "lost work", "downtime")


def controls(scenario: Scenario, replicas: range) -> Mapping[str, Sequence[FloatArray]]:
    """Return numbers of mean zero by what they are of, of the order of one; arrays of shape (replicas,).

    ``discount``, ``speed`` and ``failure rates`` are drawn once a replica, where they are uncertain. ``stops``, ``lost
    work`` and ``downtime`` are of the failures, one array for each size of machine that the run's stages use; they are
    left out where failures are told unit by unit or come from a spot market.
    """
    found = dict(_of_replicas(scenario, replicas))
    struck = [stage for stage in scenario.stages if rate_per_s(scenario, stage) > 0]
    if struck and scenario.fleet is None and scenario.spot is None:
        starts = range(replicas.start, replicas.stop, BATCH)
        parts = [_failures(scenario, struck, range(at, min(at + BATCH, replicas.stop))) for at in starts]
        found |= dict(zip(KINDS, map(list, np.concatenate(parts, axis=2)), strict=True))
    return found


def _of_replicas(scenario: Scenario, replicas: range) -> Iterator[tuple[str, Sequence[FloatArray]]]:
    """Yield the draws that belong to a replica as a whole, less their means."""
    if scenario.tariff.is_uncertain:
        yield "discount", [luck_in_talks(scenario, replicas) - 0.5]
    if scenario.efficiency_sigma:
        slowness = 1.0 / efficiencies(replace(scenario, shared=None), replicas)
        yield "speed", [slowness - math.exp(scenario.efficiency_sigma**2 / 2)]
    factors = rate_factors(scenario, replicas)
    if factors is not None:
        rates = np.array([cause.rate_per_node_s for cause in scenario.causes])
        means = np.array([[mean_factor(cause)] for cause in scenario.causes])
        yield "failure rates", [rates / rates.sum() @ (factors - means)]


class _Attempts:
    """Attempts of some replicas that follow each other: what each costs, and what was to be expected of it.

    Parameters
    ----------
    scenario : Scenario
        Whose causes strike.
    stages : sequence of Stage
        Those in which they do.
    rates : array of shape (causes, replicas)
        Of each cause in each replica [1/s per node].
    speeds : array of shape (replicas,)
        Multiples of the median efficiency.
    """

    def __init__(self, scenario: Scenario, stages: Sequence[Stage], rates: FloatArray, speeds: FloatArray) -> None:
        nodes = np.array([[stage.nodes] for stage in stages])
        self.columns = np.arange(rates.shape[1])
        self.mtbf_s = 1.0 / (nodes * rates.sum(axis=0))  # of shape (stages, replicas), as `ends`
        self.lag_s = np.array([stage.cycle.lag_s for stage in stages])
        self.length_s = np.array([stage.cycle.length_s for stage in stages])
        recovery, shares = scenario.recovery, rates / rates.sum(axis=0)
        self.down_s = np.array(
            [
                [math.fsum(way_back_s(cause, recovery, stage.cycle.last_s)[:REPLACED]) for cause in scenario.causes]
                for stage in stages
            ]
        )
        self.ready_s = self.down_s + recovery.recovery_s
        self.exposed_s = exposed_from_s(0.0 * self.down_s, self.down_s, self.ready_s, recovery.exposure)
        self.loses = np.array([0.0 if cause.announced else 1.0 for cause in scenario.causes])
        self.losing = self.loses @ shares
        self.mean_down_s = self.down_s @ shares
        self.usual_s = self.losing * np.array(
            [
                lost_s(np.zeros_like(mtbf_s), mtbf_s=mtbf_s, lag_s=stage.cycle.lag_s, length_s=stage.cycle.length_s)
                for mtbf_s, stage in zip(self.mtbf_s, stages, strict=True)
            ]
        )  # that an attempt loses which works at once; one that has to wait is struck before with its probability
        self.ends = np.cumsum([self._hazard(at, stage, shares, speeds) for at, stage in enumerate(stages)], axis=0)

    def _hazard(self, at: int, stage: Stage, shares: FloatArray, speeds: FloatArray) -> FloatArray:
        """Return about how many failures a stage meets: its clock over the mean progress of an attempt."""
        work_s = stage.work_s / speeds if stage.scales else np.full(len(speeds), stage.work_s)
        mtbf_s, ready_s = self.mtbf_s[at], self.ready_s[at][:, np.newaxis]
        gained_s = (shares * np.exp(-ready_s / mtbf_s)).sum(axis=0) * (mtbf_s - self.usual_s[at])
        clock_s = np.asarray(total_s(work_s, stage.cycle, final_save=stage.final_save))
        return np.asarray(clock_s / np.maximum(gained_s, clock_s / MOST_HAZARD))

    def take(
        self, stage: IndexArray, gap: FloatArray, cause: IndexArray, ready_s: FloatArray, exposed_s: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the surplus of an attempt, shape (kinds, replicas), and from when on the next one works and can fail.

        Parameters
        ----------
        stage, gap, cause : array of shape (replicas,)
            In which stage it is, the hazard until its end, and what ends it.
        ready_s, exposed_s : array of shape (replicas,)
            From the last fault until it works and until it can be struck [s].
        """
        mtbf_s, lag_s, length_s = self.mtbf_s[stage, self.columns], self.lag_s[stage], self.length_s[stage]
        passed_s = gap * mtbf_s
        hit, up_s = passed_s >= exposed_s, passed_s - ready_s
        saved_s = np.floor(np.maximum(up_s - lag_s, 0.0) / length_s) * length_s
        lost = self.loses[cause] * (np.maximum(up_s, 0.0) - saved_s)
        usual = self.usual_s[stage, self.columns] * np.exp(-ready_s / mtbf_s)
        down_s = self.down_s[stage, cause] - self.mean_down_s[stage, self.columns]
        surplus = np.array([hit - np.exp(-exposed_s / mtbf_s) * gap, lost - usual, hit * down_s])
        ready_s = np.where(hit, self.ready_s[stage, cause], ready_s - passed_s)
        return surplus, ready_s, np.where(hit, self.exposed_s[stage, cause], exposed_s - passed_s)


def _failures(scenario: Scenario, stages: Sequence[Stage], replicas: range) -> FloatArray:
    """Return the surplus of the failures, shape (kinds, sizes of machine, replicas)."""
    factors = rate_factors(scenario, replicas)
    stated = np.array([[cause.rate_per_node_s] for cause in scenario.causes])
    attempts = _Attempts(
        scenario, stages, stated * (np.ones((1, len(replicas))) if factors is None else factors),
        efficiencies(scenario, replicas),
    )  # fmt: skip
    sizes = sorted({stage.accelerators for stage in stages})
    size = np.array([sizes.index(stage.accelerators) for stage in stages])
    units = np.array([1.0, float(attempts.length_s.max()), float(attempts.down_s.max()) or 1.0])[:, np.newaxis]
    sums = np.zeros((len(KINDS), len(sizes), len(replicas)))
    ready_s, exposed_s, reached = np.zeros((3, len(replicas)))
    for chunk in chunks(scenario.seed, replicas, scenario.causes, repairs=False, factors=factors):
        for hazard, cause in zip(chunk.hazard, chunk.cause, strict=True):
            stage = (reached >= attempts.ends).sum(axis=0)
            goes = stage < len(stages)
            if not goes.any():
                return sums
            stage = np.minimum(stage, len(stages) - 1)
            surplus, ready_s, exposed_s = attempts.take(stage, hazard - reached, cause, ready_s, exposed_s)
            sums[:, size[stage], attempts.columns] += np.where(goes, surplus / units, 0.0)
            reached = hazard.copy()
    raise AssertionError("the hazard has no end, and what is looked at has one")
