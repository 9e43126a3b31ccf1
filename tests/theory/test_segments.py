"""T1 and T3 of theory/reliability.md: expected times and stops of exponential failures, by Monte Carlo.

Source: Daly, FGCS 22 (2006) for model C, and the same renewal argument with D, or D and R, out of reach for A and B.
"""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from simulator.engine.estimate import estimate
from simulator.records import Ensemble
from simulator.reliability.attempt import Cycle
from simulator.reliability.expected import first_order_waste, run_s, segment_s, stops
from simulator.reliability.recovery import Exposure, Recovery
from simulator.scenario.values import Scenario
from tests import factories

M = 10_000.0  # s
CELLS = [  # C/M, R/C, D/C, W/M
    (0.001, 0.0, 0.0, 0.05),
    (0.001, 10.0, 2.0, 0.05),
    (0.01, 1.0, 1.0, 0.15),
    (0.01, 10.0, 0.0, 0.30),
    (0.05, 5.0, 2.0, 0.30),
    (0.1, 10.0, 0.5, 0.40),
    (0.3, 1.0, 2.0, 0.60),
    (0.3, 3.0, 1.0, 1.00),
    (1.0, 1.0, 1.0, 0.80),
    (2.0, 0.0, 0.0, 0.90),
    (2.0, 0.5, 1.0, 0.50),
]
REPLICAS = 10_000
SEGMENTS = 3.4  # three with a save, and a shorter one without


def run(c: float, r: float, d: float, w: float, exposure: Exposure) -> tuple[Ensemble, dict[str, float]]:
    """Return an ensemble of one cell, and the arguments of its closed form."""
    write_s, work_s = c * M, w * M
    down_s, recovery_s = d * write_s, r * write_s
    scenario = factories.scenario(
        factories.stage(SEGMENTS * work_s, cycle=Cycle(work_s=work_s, write_s=write_s)),
        [factories.cause(1.0 / M, detection_s=0.75 * down_s, nodes_lost=1)],
        Recovery(
            exposure=exposure,
            swap_s=0.25 * down_s,
            initialization_s=0.5 * recovery_s,
            restore_s=0.5 * recovery_s,
        ),
        seed=round(1e6 * (c + r + d + w)) + ord(exposure),
    )
    closed = {"mtbf_s": M, "down_s": down_s, "recovery_s": recovery_s}
    return estimate(scenario, range(REPLICAS)), {"write_s": write_s, "interval_s": work_s, **closed}


def score(sample: np.ndarray, expected: float) -> float:
    """Return how many standard errors the mean of a sample is off."""
    return float((sample.mean() - expected) / (sample.std(ddof=1) / math.sqrt(sample.size)))


@pytest.mark.parametrize("exposure", factories.EXPOSURES)
def test_wall_clock_and_stops(exposure: Exposure) -> None:
    """T1: each cell within 3.5 standard errors, all together within 1 %; T3: E[N] = E[T] / (M + D)."""
    biases = []
    for cell in CELLS:
        found, given = run(*cell, exposure)
        expected_s = run_s(SEGMENTS * given["interval_s"], exposure=exposure, **given)
        closed = {name: given[name] for name in ("mtbf_s", "down_s", "recovery_s")}
        expected_stops = stops(expected_s, exposure=exposure, **closed)
        assert abs(score(found.wall_s, expected_s)) <= 3.5, cell
        assert abs(score(found.interruptions, expected_stops)) <= 3.5, cell
        if exposure == "A":
            assert expected_stops == pytest.approx(expected_s / (M + given["down_s"]), rel=1e-12)
        biases.append(found.wall_s.mean() / expected_s - 1.0)
    assert abs(np.mean(biases)) <= 0.01


@pytest.mark.parametrize(("exposure", "other"), list(itertools.permutations(factories.EXPOSURES, 2)))
def test_the_models_are_told_apart(exposure: Exposure, other: Exposure) -> None:
    """Where D and R are not small, the closed form of another model is far off: T1 could fail."""
    found, given = run(0.3, 1.0, 2.0, 0.6, exposure)
    wrong_s = run_s(SEGMENTS * given["interval_s"], exposure=other, **given)
    assert abs(score(found.wall_s, wrong_s)) > 10.0


@pytest.mark.parametrize("exposure", factories.EXPOSURES)
def test_no_recovery_on_the_first_start(exposure: Exposure) -> None:
    """One segment without save, D and R equal to 0: M (e^(W/M) - 1), whatever the model."""
    assert segment_s(M, 0.0, mtbf_s=M, down_s=0.0, recovery_s=0.0, exposure=exposure) == pytest.approx(
        M * (math.e - 1.0), rel=1e-12
    )
    first_s = run_s(M, interval_s=M, write_s=7.0, mtbf_s=M, down_s=0.0, recovery_s=0.0, exposure=exposure)
    assert first_s == pytest.approx(M * (math.e - 1.0), rel=1e-12)


def test_detection_latency_is_downtime() -> None:
    """A hang with latency L: D becomes D + L (section 1), so that only the sum counts."""
    work, recovery = factories.stage(M, cycle=Cycle(work_s=M / 5, write_s=50.0)), Recovery(swap_s=300.0)
    late = factories.scenario(work, [factories.cause(3 / M, detection_s=600.0, nodes_lost=1, kind="hang")], recovery)
    down = factories.scenario(work, [factories.cause(3 / M, nodes_lost=1)], Recovery(swap_s=900.0))
    one, other = estimate(late, range(100)), estimate(down, range(100))
    np.testing.assert_allclose(one.wall_s, other.wall_s, rtol=1e-9)


RATES = (4.0, 2.0, 1.0, 0.25)


def by_cause(replicas: int) -> tuple[Scenario, np.ndarray]:
    """Return stops by cause and replica, in a run without downtime: the whole of it is exposed."""
    scenario = factories.scenario(
        factories.stage(5.0, cycle=Cycle(work_s=1e-3)),  # 5 units of exposure, next to nothing lost
        [factories.cause(rate, name=str(rate)) for rate in RATES],
    )
    counts = [list(estimate(scenario, range(at, at + 1)).stops_by_cause.values()) for at in range(replicas)]
    return scenario, np.array(counts)


def test_counts_by_cause_are_poisson() -> None:
    """T3: chi-square of the counts of each cause against the Poisson law, p > 1e-3; the causes are independent."""
    _, counts = by_cause(1500)
    for column, rate in enumerate(RATES):
        mean = 5.0 * rate
        edges = np.unique(stats.poisson(mean).ppf([0.0, 0.1, 0.25, 0.4, 0.6, 0.75, 0.9, 0.99]).clip(0))
        bins = np.concatenate([[-1], edges, [np.inf]])
        expected = np.diff(stats.poisson(mean).cdf(bins)) * len(counts)
        found = np.histogram(counts[:, column], bins=bins + 0.5)[0]
        keep = expected > 0
        p = stats.chisquare(found[keep], expected[keep] * found.sum() / expected[keep].sum()).pvalue
        assert p > 1e-3, (rate, found, expected)
    correlation = np.corrcoef(counts.T) - np.eye(len(RATES))
    assert np.abs(correlation).max() < 3.5 / math.sqrt(len(counts))


def test_first_order_is_an_approximation() -> None:
    """It holds far below M, and fails near it (section 1)."""

    def exact(work_s: float, write_s: float, down_s: float) -> float:
        spent_s = segment_s(work_s, write_s, mtbf_s=M, down_s=down_s, recovery_s=0.0, exposure="A")
        return 1.0 - work_s / spent_s

    for work_s, write_s, down_s, far in ((0.01 * M, 1e-4 * M, 1e-4 * M, 2e-2), (0.7 * M, 0.3 * M, 0.2 * M, None)):
        shown = first_order_waste(work_s, write_s, mtbf_s=M, down_s=down_s, recovery_s=0.0)
        off = abs(shown / exact(work_s, write_s, down_s) - 1.0)
        assert off < far if far else off > 0.2
