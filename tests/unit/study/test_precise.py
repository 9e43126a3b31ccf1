"""As many replicas as are needed, and no fewer."""

import math

import numpy as np
import pytest

from analysis.study import precise as module
from analysis.study.goal import Figure, figure
from analysis.study.precise import FIRST, half_width, precise
from simulator.foundation.streams import generator
from simulator.scenario.api import scenario


@pytest.mark.parametrize(("of", "wanted"), [("days_p90", 0.002), ("days", 0.0005), ("interruptions_p50", 0.01)])
def test_it_goes_on_until_the_figure_is_known(of: str, wanted: float) -> None:
    found = precise(scenario("llama-65b"), figure(of), wanted)
    assert found.reached
    assert found.forecast.replicas % FIRST == 0
    assert found.forecast.scenario.replicas == found.forecast.replicas == found.forecast.samples.usd.size
    few = precise(scenario("llama-65b"), figure(of), 1e9)
    assert few.forecast.replicas == FIRST
    assert (few.half_width > wanted) == (found.forecast.replicas > FIRST)


def test_it_says_the_same_as_a_run_of_so_many() -> None:
    found = precise(scenario("llama-65b"), figure("days_p90"), 0.002)
    whole = precise(scenario("llama-65b", ["run.replicas=7"]), figure("days_p90"), 0.002)
    assert np.array_equal(found.forecast.samples.wall_days, whole.forecast.samples.wall_days)


def test_it_ends_even_if_the_figure_cannot_be_known_so_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.MOST, "estimate", 3 * FIRST)
    found = precise(scenario("llama-65b"), figure("days_p99"), 1e-6)
    assert not found.reached
    assert found.forecast.replicas == 3 * FIRST


def test_intervals_cover_the_truth() -> None:
    """95 % of the intervals of a mean and of a quantile hold the truth of an exponential law."""
    for of, truth in ((Figure(quantity="usd"), 1.0), (Figure(quantity="usd", quantile=0.9), math.log(10))):
        inside = 0
        for case in range(400):
            sample = generator(case, "precise").standard_exponential(1000)
            value = of.of_values(sample)
            inside += abs(value - truth) <= half_width(sample, of) * value
        assert 0.92 <= inside / 400 <= 0.98


def test_samples_that_say_nothing() -> None:
    assert half_width(np.ones(5), Figure(quantity="usd", quantile=0.9)) == math.inf
    assert half_width(np.zeros(5), Figure(quantity="usd")) == 0.0
    assert half_width(np.array([-1.0, 1.0]), Figure(quantity="usd")) == math.inf
    assert half_width(np.ones(50), Figure(quantity="usd")) == 0.0
