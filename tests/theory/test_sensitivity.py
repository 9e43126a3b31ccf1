"""Sensitivity against functions whose indices are known."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.study.sensitivity import information, morris, sobol
from analysis.study.space import latin
from analysis.study.uncertain import Input

FloatArray = NDArray[np.float64]


def inputs(count: int) -> list[Input]:
    return [Input(name=f"x{number + 1}", low="0", high="1", source="a test") for number in range(count)]


def ishigami(shares: FloatArray) -> FloatArray:
    """T. Ishigami, T. Homma, ISUMA 1990, with a = 7 and b = 0.1 on (-pi, pi)."""
    x = math.pi * (2.0 * shares - 1.0)
    found: FloatArray = np.sin(x[0]) + 7.0 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])
    return found


def test_sobol_has_the_indices_of_ishigami() -> None:
    a, b = 7.0, 0.1
    whole = a**2 / 8 + b * math.pi**4 / 5 + b**2 * math.pi**8 / 18 + 0.5
    first = [0.5 * (1 + b * math.pi**4 / 5) ** 2 / whole, a**2 / 8 / whole, 0.0]
    both = b**2 * math.pi**8 * (1 / 18 - 1 / 50) / whole
    total = [first[0] + both, first[1], both]
    found = {effect.input.name: effect for effect in sobol(inputs(3), ishigami, 8192, seed=1)}
    for number in range(3):
        effect = found[f"x{number + 1}"]
        assert effect.first == pytest.approx(first[number], abs=0.02)
        assert effect.total == pytest.approx(total[number], abs=0.02)
        assert abs(effect.first - first[number]) <= 3 * effect.first_error + 1e-3


def test_sobol_repeats_itself() -> None:
    once, again = (sobol(inputs(3), ishigami, 64, seed=4) for _ in range(2))
    assert once == again


def test_morris_ranks_a_sum_and_sees_no_interaction() -> None:
    pytest.importorskip("SALib", reason="SALib comes with the extra [stats]")
    weights = np.array([1.0, -5.0, 3.0, 0.0])
    found = morris(inputs(4), lambda shares: weights @ shares, 10, seed=2)
    assert [walk.input.name for walk in found] == ["x2", "x3", "x1", "x4"]
    assert [walk.mean for walk in found] == pytest.approx([-5.0, 3.0, 1.0, 0.0])
    assert max(walk.spread for walk in found) == pytest.approx(0.0, abs=1e-9)


def test_perfect_information_about_one_of_two_inputs() -> None:
    """Rent is 10 x1 + x2, building 5.5: x1 alone says nearly everything, x2 alone nothing.

    Expected rent 5.5; knowing x1 saves E[max(0, 10 x1 + 0.5 - 5.5)] - 0 = 10 (1/2)^2 / 2 = 1.25.
    """
    side = (np.arange(200) + 0.5) / 200
    shares = np.array(np.meshgrid(side, side)).reshape(2, -1).T
    rent = 10.0 * shares[:, 0] + shares[:, 1]
    costs = np.column_stack([np.full_like(rent, 5.5), rent])
    found = information(["build", "rent"], inputs(2), shares, costs)
    known = {each.name: value for each, value in found.partial}
    assert found.expected == pytest.approx([5.5, 5.5])
    assert known["x1"] == pytest.approx(1.25, rel=0.01)
    assert known["x2"] == pytest.approx(0.125, rel=0.01)
    assert found.perfect == pytest.approx(float(np.maximum(0, 5.5 - rent).mean()))
    assert found.perfect >= known["x1"]


def mean_worth(rent: Callable[[FloatArray], FloatArray], build: float, points: int, width: int) -> FloatArray:
    """Return what knowing each input is worth, the mean of 40 samples of points."""
    found = []
    for seed in range(40):
        shares = latin(width, points, seed)
        costs = np.column_stack([np.full(points, build), rent(shares.T)])
        known = {each.name: usd for each, usd in information(["build", "rent"], inputs(width), shares, costs).partial}
        found.append([known[each.name] for each in inputs(width)])
    return np.mean(found, axis=0)


def test_a_weak_input_beside_a_strong_one_is_told_for_what_it_is_worth() -> None:
    """Rent 10 x1 + x2 against 5.5, as above; neighbours alone told 0.04 to 0.07 of x2's 0.125 from so few points."""
    assert mean_worth(lambda x: 10.0 * x[0] + x[1], 5.5, 64, 2) == pytest.approx([1.25, 0.125], rel=0.02)


def test_inputs_that_act_through_each_other() -> None:
    """Rent (1/2 + x1) (1/2 + x2) (0.9 + x3 / 5) against 1: each factor has mean 1, so that the others drop out.

    Knowing a factor 1 + w (x - 1/2) saves E[max(0, w (1/2 - x))] = w / 8. The points: those of the command, 256, and
    those of the how-to, 64. Told too low by 2, 2 and 14 %, and by 3, 4 and 24 %; neighbours alone: 5, 4 and 46 %.
    """
    exact = np.array([1.0, 1.0, 0.2]) / 8

    def rent(x: FloatArray) -> FloatArray:
        return (0.5 + x[0]) * (0.5 + x[1]) * (0.9 + 0.2 * x[2])

    for points, error in ((256, [0.03, 0.03, 0.2]), (64, [0.05, 0.05, 0.3])):
        found = mean_worth(rent, 1.0, points, 3)
        assert (np.abs(found / exact - 1.0) < error).all(), (points, found / exact)


def test_one_input_is_never_worth_more_than_all_of_them() -> None:
    """Renting costs 1 - exp(12 (x1 - 0.4)) / 50 less than nothing beyond a point: steep, as dollars over failure rates.

    Knowing x1 is knowing everything: the two are equal but for the points around the turn.
    """
    for seed in range(5):
        shares = np.random.default_rng(seed).random((256, 2))
        costs = np.column_stack([np.zeros(256), 1.0 - np.exp(12.0 * (shares[:, 0] - 0.4)) / 50.0])
        found = information(["build", "rent"], inputs(2), shares, costs)
        known = {each.name: value for each, value in found.partial}
        assert 0.98 * found.perfect <= known["x1"] <= found.perfect
        assert known["x2"] <= 0.02 * found.perfect


def test_what_changes_no_decision_is_worth_nothing() -> None:
    shares = np.linspace(0, 1, 101)[:, None]
    costs = np.hstack([1.0 + shares, 3.0 + shares])
    found = information(["a", "b"], inputs(1), shares, costs)
    assert found.perfect == 0.0
    assert found.partial[0][1] == 0.0
    assert found.chosen == [1.0, 0.0]
