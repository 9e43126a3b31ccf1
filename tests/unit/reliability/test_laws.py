"""Failure laws: each has the mean that it states, and draws what its survival says, new and at any age."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from simulator.foundation.streams import generator
from simulator.reliability.ages import Age, first_s, renewals
from simulator.reliability.hazard import Piecewise, Steps
from simulator.reliability.law import LAWS, AgeingLaw
from simulator.reliability.laws import Empirical, Exponential, Gamma, Lognormal, Trace, Weibull, law

MEAN_S = 100.0
SIZE = 20_000
SMOOTH = [
    Exponential(mean_s=MEAN_S),
    Weibull(mean_s=MEAN_S, shape=0.6),
    Weibull(mean_s=MEAN_S, shape=1.5),
    Gamma(mean_s=MEAN_S, shape=0.5),
    Gamma(mean_s=MEAN_S, shape=3.0),
    Lognormal(mean_s=MEAN_S, sigma=0.8),
    Piecewise(mean_s=MEAN_S, ages=(0.0, 10.0, 150.0), multiples=(4.0, 1.0, 3.0)),
    Piecewise(mean_s=MEAN_S, ages=(0.0, 20.0, 60.0), multiples=(1.0, 0.0, 2.0)),
]
AGEING = [*SMOOTH, Empirical(mean_s=MEAN_S, times=(1.0, 2.0, 2.0, 5.0, 40.0))]
names = [type(each).__name__ for each in AGEING]


def test_every_law_is_registered() -> None:
    assert {type(each) for each in [*AGEING, Trace(mean_s=1.0, times=())]} == {LAWS[name] for name in LAWS}


@pytest.mark.parametrize("each", AGEING, ids=names)
def test_mean(each: AgeingLaw) -> None:
    found = each.times_s(generator(1, "mean"), SIZE)
    assert found.mean() == pytest.approx(MEAN_S, abs=4.0 * found.std() / SIZE**0.5)


@pytest.mark.parametrize("each", SMOOTH, ids=names[: len(SMOOTH)])
def test_draws_follow_the_survival(each: AgeingLaw) -> None:
    found = each.times_s(generator(2, "survival"), SIZE)
    assert stats.kstest(found, lambda age: 1.0 - each.survival(age)).pvalue > 1e-3
    assert quad(lambda age: float(each.survival(age)), 0.0, 60.0 * MEAN_S, limit=500)[0] == pytest.approx(
        MEAN_S, rel=1e-3
    )


@pytest.mark.parametrize("age_s", [0.0, 30.0, 200.0])
@pytest.mark.parametrize("each", SMOOTH, ids=names[: len(SMOOTH)])
def test_time_left_at_an_age(each: AgeingLaw, age_s: float) -> None:
    """P(left > t | age) = S(age + t) / S(age)."""
    found = first_s(each, generator(3, "left"), SIZE, age_s)
    left = stats.kstest(found, lambda t: 1.0 - each.survival(age_s + t) / each.survival(age_s))
    assert left.pvalue > 1e-3


@pytest.mark.parametrize("each", SMOOTH, ids=names[: len(SMOOTH)])
def test_time_left_in_equilibrium(each: AgeingLaw) -> None:
    """Its density is S(t) / mean: what a length-biased life leaves."""
    found = first_s(each, generator(4, "equilibrium"), SIZE, "equilibrium")
    grid = np.linspace(0.0, 40.0 * MEAN_S, 200_001)
    below = np.concatenate([[0.0], np.cumsum((each.survival(grid)[1:] + each.survival(grid)[:-1]) / 2.0)])
    share = below * (grid[1] - grid[0]) / MEAN_S
    assert stats.kstest(found, lambda t: np.interp(t, grid, share)).pvalue > 1e-3


@dataclass(frozen=True)
class Foreign:
    """A law as a user would write it: nothing but lives."""

    mean_s: float = 1.5

    def times_s(self, rng: np.random.Generator, size: int) -> np.ndarray:
        return 1.0 + rng.random(size)


@pytest.mark.parametrize(("age", "mean_s"), [("fresh", 1.5), ("equilibrium", 7.0 / 9.0), (1.5, 0.25)])
def test_a_law_without_closed_forms(age: Age, mean_s: float) -> None:
    """Uniform on 1 to 2: in equilibrium E[X^2] / (2 E[X]) is left, and at age 1.5 half of the rest."""
    found = first_s(Foreign(), generator(5, "foreign"), SIZE, age)
    assert found.mean() == pytest.approx(mean_s, abs=4.0 * found.std() / SIZE**0.5)


def test_an_age_that_nothing_reaches() -> None:
    with pytest.raises(ValueError, match=r"hardly a unit reaches an age of 3 s under Foreign"):
        first_s(Foreign(), generator(5, "foreign"), 2, 3.0)
    assert Empirical(mean_s=2.0, times=(1.0, 3.0)).left_s(generator(1), 2, 9.0).tolist() == [0.0, 0.0]


@settings(derandomize=True, deadline=None, max_examples=30)
@given(at=st.integers(0, len(AGEING) - 1), scale=st.floats(1e-3, 1e6))
def test_times_scale_with_the_mean(at: int, scale: float) -> None:
    """The shape is free of units: all laws but the trace scale."""
    made = {name: LAWS[name] for name in LAWS}
    each = AGEING[at]
    name = next(key for key, kind in made.items() if kind is type(each))
    shape = {key: getattr(each, key) for key in ("shape", "sigma", "times", "multiples") if hasattr(each, key)}
    if name == "piecewise":
        shape["ages"] = tuple(age * scale for age in each.ages)  # type: ignore[attr-defined]  # of this law
    scaled = law(name, mean_s=MEAN_S * scale, **shape)
    ours, theirs = (one.times_s(generator(6, "scale"), 50) for one in (each, scaled))
    np.testing.assert_allclose(ours * scale, theirs, rtol=1e-9)


def test_a_fleet_is_renewed_node_by_node() -> None:
    """Theory, section 3: 143.6, 116.5, 75.0 and 45.5 failures were counted by Monte Carlo; these are exact."""
    counted = {0.6: 143.6, 0.7: 116.5, 1.0: 75.0, 1.5: 45.5}
    exact = {shape: 128 * renewals(Weibull(mean_s=154.0, shape=shape), 90.0) for shape in counted}
    assert exact == pytest.approx(counted, rel=0.01)
    assert exact[1.0] == pytest.approx(128 * 90.0 / 154.0, rel=1e-6)


def test_renewals_of_two_stages() -> None:
    """An Erlang law of two stages: m(t) = t/mean - 1/4 + exp(-4 t / mean) / 4."""
    assert renewals(Gamma(mean_s=2.0, shape=2.0), 3.0) == pytest.approx(1.25 + np.exp(-6.0) / 4.0, rel=1e-6)


def test_steps_are_inverted() -> None:
    steps = Steps((0.0, 10.0, 20.0, 50.0), (2.0, 0.0, 1.0, 0.5))
    ages = np.array([0.0, 5.0, 10.0, 25.0, 50.0, 70.0])
    exposure = steps.exposure_s(ages)
    assert exposure.tolist() == [0.0, 10.0, 20.0, 25.0, 50.0, 60.0]
    assert steps.age_s(exposure).tolist() == ages.tolist()
    assert steps.age_s(20.5) == 20.5  # the step without hazard is passed over


def test_a_trace_is_replayed() -> None:
    replay = Trace(mean_s=1.0, times=(2.0, 5.0, 5.0), units=(1, 0, 1))
    assert replay.times_s(None, 4).tolist() == [2.0, 3.0, 0.0, np.inf]
    assert [replay.of(unit).tolist() for unit in (0, 1, 2)] == [[5.0], [2.0, 5.0], []]
    assert Trace(mean_s=1.0, times=(2.0, 5.0)).of(0).tolist() == [2.0, 5.0]


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("weibull", {}, "the law 'weibull' takes shape; found nothing"),
        ("exponential", {"shape": 1.0}, "the law 'exponential' takes no shape; found shape"),
        ("weibull", {"shape": 0.0}, "shape=0: expected a positive"),
        ("lognormal", {"sigma": np.inf}, "sigma=inf: expected a positive"),
        ("empirical", {"times": ()}, "times: expected at least one"),
        ("trace", {"times": (2.0, 1.0)}, "expected instants in order"),
        ("trace", {"times": (-2.0, 1.0)}, "before the beginning"),
        ("trace", {"times": (1.0,), "units": (1, 2)}, "expected one for each of the 1 times, found 2"),
        ("piecewise", {"ages": (1.0,), "multiples": (1.0,)}, "expected ages from 0 on"),
        ("piecewise", {"ages": (0.0, 0.0), "multiples": (1.0, 1.0)}, "expected each to be later"),
        ("piecewise", {"ages": (0.0, 1.0), "multiples": (1.0, 0.0)}, "the last one to be positive"),
        ("piecewise", {"ages": (0.0, 200.0), "multiples": (0.0, 1.0)}, "nothing fails before 200 s"),
    ],
)
def test_what_a_law_refuses(name: str, shape: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        law(name, mean_s=MEAN_S, **shape)


def test_unknown_laws_are_named() -> None:
    with pytest.raises(KeyError, match=r"weibul.*did you mean 'weibull'"):
        law("weibul", mean_s=1.0)
