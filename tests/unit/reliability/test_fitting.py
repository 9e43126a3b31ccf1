"""Fits of laws, against SciPy's own, against parameters that are known, and against scaling."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simulator.foundation.streams import generator
from simulator.reliability.fitting import choose, poisson_interval, survival
from simulator.reliability.laws import law as law_of

RNG = ("tests", "fitting")


def censored(draw, horizon_mean):
    """Return times cut off at random horizons, split into those seen to their end and the others."""
    rng = generator(7, *RNG)
    times, horizon = draw(rng), rng.exponential(horizon_mean, 3000)
    return times[times <= horizon], horizon[times > horizon]


@pytest.mark.parametrize(
    ("law", "shape", "draw"),
    [
        ("weibull", 0.7, lambda rng: 100 * rng.weibull(0.7, 3000)),
        ("weibull", 2.5, lambda rng: 100 * rng.weibull(2.5, 3000)),
        ("gamma", 2.5, lambda rng: rng.gamma(2.5, 40, 3000)),
        ("lognormal", 1.3, lambda rng: np.exp(4 + 1.3 * rng.standard_normal(3000))),
    ],
)
def test_censored_times_give_the_law_back(law, shape, draw):
    found = choose(*censored(draw, 150))
    assert found.censored > 500
    assert found.best.law == law
    assert found.best.shape == pytest.approx(shape, rel=0.08)  # some three standard errors
    assert found.exponential_rejected


@pytest.mark.parametrize(
    ("law", "theirs"), [("weibull", stats.weibull_min), ("gamma", stats.gamma), ("lognormal", stats.lognorm)]
)
def test_likelihood_and_parameters_are_scipys(law, theirs):
    seen, open_ = censored(lambda rng: 100 * rng.weibull(0.9, 3000), 200)
    data = stats.CensoredData(uncensored=seen, right=open_)
    shape, _, scale = theirs.fit(data, floc=0)
    ours = choose(seen, open_).of(law)
    assert (ours.shape, ours.scale_s) == (pytest.approx(shape, rel=1e-4), pytest.approx(scale, rel=1e-4))
    assert ours.log_likelihood == pytest.approx(-theirs.nnlf((shape, 0, scale), seen) + np.log(
        theirs.sf(open_, shape, 0, scale)).sum(), rel=1e-9)  # fmt: skip
    assert ours.mean_s == pytest.approx(theirs.mean(ours.shape, 0, ours.scale_s), rel=1e-9)
    assert ours.median_s == pytest.approx(theirs.median(ours.shape, 0, ours.scale_s), rel=1e-9)


def test_exponential_is_total_time_over_failures():
    found = choose([1.0, 2.0, 3.0], [4.0, 5.0]).of("exponential")
    assert found.mean_s == pytest.approx(5.0)
    assert found.log_likelihood == pytest.approx(-3 * (math.log(5.0) + 1))


def test_the_null_is_rejected_as_often_as_it_says():
    """400 exponential samples: at 5 % the number of rejections is binomial, mean 20, sd 4.4; 3.5 sd allowed."""
    rng = generator(11, *RNG)
    rejected = sum(choose(rng.exponential(9.0, 60), [9.0]).exponential_rejected for _ in range(400))
    assert abs(rejected - 20) < 15.3


def test_the_interval_of_the_shape_covers_as_often_as_it_says():
    """300 samples: at 95 % the misses are binomial, mean 15, sd 3.8; 3.5 sd allowed."""
    rng = generator(13, *RNG)
    found = [choose(rng.weibull(0.8, 80)) for _ in range(300)]
    missed = sum(not each.shape_low <= 0.8 <= each.shape_high for each in found)
    assert abs(missed - 15) < 13.3


@settings(max_examples=25, deadline=None)
@given(st.floats(1e-6, 1e9), st.integers(0, 10_000))
def test_scaling_the_times_scales_the_laws(factor, seed):
    rng = generator(seed, *RNG)
    times, later = rng.weibull(0.8, 40), rng.weibull(0.8, 10)
    one, other = choose(times, later), choose(factor * times, factor * later)
    assert other.exponential_p == pytest.approx(one.exponential_p, rel=1e-6, abs=1e-12)
    for law in ("exponential", "weibull", "gamma", "lognormal"):
        assert other.of(law).shape == pytest.approx(one.of(law).shape, rel=1e-4)
        assert other.of(law).mean_s == pytest.approx(factor * one.of(law).mean_s, rel=1e-4)


def test_alike_laws_give_the_simplest():
    """Exponential times: no other law is better by two of Akaike's points and rejected at once."""
    assert choose(generator(3, *RNG).exponential(5.0, 500)).best.law == "exponential"


@pytest.mark.parametrize("times", [[], [0.0, 1.0], [-1.0, 2.0], [math.nan, 1.0], [math.inf, 1.0], [3.0, 3.0], [3.0]])
def test_times_that_say_nothing_are_refused(times):
    with pytest.raises(ValueError, match="expected"):
        choose(times)


def test_poisson_interval():
    assert poisson_interval(0) == (0.0, pytest.approx(-math.log(0.025)))
    low, high = poisson_interval(72)
    assert (low, high) == (pytest.approx(56.34, abs=0.01), pytest.approx(90.67, abs=0.01))  # Garwood's table


def test_survival_of_censored_times_is_scipys():
    seen, open_ = censored(lambda rng: 100 * rng.weibull(0.9, 3000), 200)
    theirs = stats.ecdf(stats.CensoredData(uncensored=seen, right=open_)).sf
    times, share = survival(np.sort(seen), np.sort(open_))
    assert share == pytest.approx(theirs.evaluate(times), abs=1e-12)


@pytest.mark.parametrize("name", ["exponential", "weibull", "gamma", "lognormal"])
def test_a_fit_makes_a_law(name):
    fit = choose(100 * generator(2, *RNG).weibull(0.8, 500)).of(name)
    made = law_of(name, mean_s=fit.mean_s, **fit.parameters)
    assert made.survival(fit.median_s) == pytest.approx(0.5, rel=1e-6)
