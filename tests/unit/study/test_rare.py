"""Rare tails by importance sampling say the same as many plain replicas, with fewer."""

from dataclasses import replace
from itertools import takewhile

import numpy as np
import pytest

from analysis.metrics.forecast import samples
from analysis.study import rare
from analysis.study.factors import failing
from analysis.study.goal import Figure, figure
from analysis.study.precise import FIRST, half_width, precise
from simulator.engine.run import run
from simulator.engine.timeline import faults, passed
from simulator.scenario.api import scenario

SEEDS = 40
SIZE = 512


def mixture_of(each, of, size=SIZE):
    """Return a mixture of `size` plain and as many tilted replicas, and the plain ones' ensemble."""
    plain, there = range(size), range(rare.FIRST_TILTED, rare.FIRST_TILTED + size)
    ensemble = run(each, plain)
    factor = rare.tilt(of, float(ensemble.interruptions.mean()))
    return rare.mixture(each, of, factor, (ensemble, plain), (run(failing(each, factor), there), there)), ensemble


@pytest.mark.parametrize(
    ("name", "of"), [("llama-65b", "days_p99"), ("opt-175b", "goodput_p1"), ("vela-13b", "usd_p99")]
)
def test_a_rare_figure_is_that_of_many_plain_replicas_with_fewer(name, of):
    asked, shipped = figure(of), scenario(name)
    many = range(40 * SIZE)
    truth_sample = getattr(samples(shipped, run(replace(shipped, seed=10_000), many), many), asked.quantity)
    truth, error = asked.of_values(truth_sample), half_width(truth_sample, asked)
    found, plain, inside = [], [], 0
    for seed in range(SEEDS):
        each = replace(shipped, seed=seed)
        mixed, ensemble = mixture_of(each, asked)
        inside += abs(mixed.value / truth - 1) <= mixed.half_width + error
        found.append(mixed.value)
        plain.append(asked.of_values(getattr(samples(each, ensemble, range(SIZE)), asked.quantity)))
    assert np.mean(found) == pytest.approx(truth, rel=3 * np.std(found) / truth / SEEDS**0.5 + error)
    assert inside >= 0.85 * SEEDS
    assert np.var(plain) / np.var(found) > 5  # of half as many replicas; the other half is worth more than twice


def test_likelihoods_of_what_replicas_met_have_mean_one():
    shipped, size = scenario("palm-540b"), 4096  # phases of several sizes, two causes
    for factor in (0.9, 1.1):
        plain, ensemble = range(size), run(shipped, range(size))
        ratios = rare.log_ratios(shipped.seed, plain, ensemble, factor, of_tilted=False)
        assert np.exp(ratios).mean() == pytest.approx(1, abs=4 * np.exp(ratios).std() / size**0.5)
        assert np.exp(ratios).std() > 0.3
        there = range(rare.FIRST_TILTED, rare.FIRST_TILTED + size)
        ensemble = run(failing(shipped, factor), there)
        back = -rare.log_ratios(shipped.seed, there, ensemble, factor, of_tilted=True)
        assert np.exp(back).mean() == pytest.approx(1, abs=4 * np.exp(back).std() / size**0.5)


def test_faults_are_counted_as_the_timeline_has_them():
    causes = scenario("llama-65b").causes
    replicas, hazard = range(1020, 1030), np.linspace(0.1, 99.0, 10)
    counted = []
    for replica, until in zip(replicas, hazard.tolist(), strict=True):
        before = takewhile(lambda fault, end=until: fault.hazard <= end, faults(7, replica, causes))
        counted.append(sum(1 for _ in before))
    assert passed(7, replicas, hazard).tolist() == counted
    assert counted[0] < counted[-1]


def test_a_tail_that_the_faults_do_not_make_is_found_all_the_same():
    """Weights of one half and no more than two: the quantile of a sample that has nothing to do with the ratios."""
    rng = np.random.default_rng(5)
    values = rng.standard_exponential((2, 20_000))
    count = np.stack([rng.poisson(30, 20_000), rng.poisson(42, 20_000)])
    mixed = rare.Mixture(values=values, ratios=count * np.log(1.4) - 12, quantile=0.99)
    assert mixed.value == pytest.approx(np.log(100), rel=2 * mixed.half_width)
    assert mixed.half_width < 0.05


def test_it_is_used_where_it_helps_and_nowhere_else():
    shipped = scenario("llama-65b")
    found = precise(shipped, figure("days_p99"), 0.001)
    assert found.reached
    assert found.tilt is not None
    assert found.forecast.replicas < 4 * FIRST  # plain replicas alone take about ten thousand
    assert found.value == pytest.approx(22.37, rel=0.003)
    assert precise(shipped, figure("days_p95"), 0.1).tilt is None  # known from the first replicas
    assert precise(shipped, figure("days_p90"), 0.002).tilt is None
    ensemble = run(shipped, range(64))
    assert rare.applies(shipped, figure("goodput_p1"), ensemble)
    assert not rare.applies(shipped, figure("usd"), ensemble)
    assert not rare.applies(shipped, figure("usd_p99"), replace(ensemble, hazard=None))
    assert not rare.applies(shipped, figure("usd_p99"), replace(ensemble, interruptions=np.zeros(64)))
    assert not rare.applies(scenario("llama-65b-shared"), figure("usd_p99"), ensemble)


def test_too_few_replicas_say_nothing():
    mixed = rare.Mixture(values=np.ones((2, 5)), ratios=np.zeros((2, 5)), quantile=0.99)
    assert mixed.half_width == np.inf
    assert rare.tilt(Figure(quantity="usd", quantile=0.01), 4) == pytest.approx(1 / rare.tilt(figure("usd_p99"), 4))
