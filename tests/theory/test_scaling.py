"""Scaling laws: the published points, the optimum as an optimum, serving-aware sizes, and doubt where data end.

Sources: arXiv 2404.10102 (default fit), 2203.15556 (approach 3), 2401.00448 (serving-aware); theory: cost, section 5.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.workload.scaling import Size, law, lifetime_flop

steady = settings(deadline=None, derandomize=True)
budgets = st.floats(19.0, 27.0).map(lambda power: 10.0**power)
served = st.floats(9.0, 15.0).map(lambda power: 10.0**power)
keys = st.sampled_from(["besiroglu-2024", "hoffmann-2022", "hoffmann-2022-unrounded"])


@pytest.mark.parametrize(
    ("flop", "parameters", "tokens"),
    [
        (1e21, 2.78e9, 60e9),
        (1e23, 29.4e9, 566e9),
        (5.76e23, 72.2e9, 1.33e12),
        (1e24, 95.9e9, 1.74e12),
        (1e25, 312e9, 5.34e12),
    ],
)
def test_compute_optimal_points(flop: float, parameters: float, tokens: float) -> None:
    found = law().optimum(flop)
    assert found.parameters == pytest.approx(parameters, rel=0.01)
    assert found.tokens == pytest.approx(tokens, rel=0.01)


@pytest.mark.parametrize(
    ("parameters", "tokens", "loss"),
    [(175e9, 300e9, 2.0085), (70e9, 1.4e12, 1.9739), (65.2e9, 1.4e12, 1.9759), (405e9, 15.6e12, 1.8926)],
    ids=["gpt-3", "chinchilla", "llama-65b", "llama-3.1-405b"],
)
def test_losses_of_published_models(parameters: float, tokens: float, loss: float) -> None:
    assert law().loss(parameters, tokens) == pytest.approx(loss, abs=5e-5)


def test_the_serving_aware_case_of_the_paper() -> None:
    """The quality of a compute-optimal 13B with 2T tokens served: about 7B, and 16 to 17 % saved (arXiv 2401.00448)."""
    fit = law("hoffmann-2022-unrounded")
    flop = min(np.geomspace(1e22, 1e24, 4001), key=lambda each: abs(fit.optimum(each).parameters - 13e9))
    big = fit.optimum(float(flop))
    small = fit.serving_aware(float(fit.loss(*big)), 2e12)
    saved = 1 - lifetime_flop(small, 2e12) / lifetime_flop(big, 2e12)
    assert small.parameters == pytest.approx(7e9, rel=0.03)
    assert saved == pytest.approx(0.165, abs=0.02)


@steady
@given(keys, budgets, st.floats(0.2, 5.0))
def test_no_other_split_of_a_budget_is_better(key: str, flop: float, factor: float) -> None:
    fit = law(key)
    best = fit.optimum(flop)
    assert best.flop == pytest.approx(flop)
    assert fit.loss(*best) <= fit.loss(best.parameters * factor, best.tokens / factor) + 1e-12


@steady
@given(keys, budgets)
def test_the_cheapest_way_to_a_loss_is_the_optimum_that_has_it(key: str, flop: float) -> None:
    fit = law(key)
    best = fit.optimum(flop)
    assert fit.cheapest(float(fit.loss(*best))) == pytest.approx(best)


@steady
@given(keys, budgets, served, st.floats(-0.5, 0.5))
def test_no_other_size_of_equal_loss_takes_fewer_flop_with_serving(
    key: str, flop: float, tokens: float, shift: float
) -> None:
    fit = law(key)
    loss = float(fit.loss(*fit.optimum(flop)))
    best = fit.serving_aware(loss, tokens)
    assert fit.loss(*best) == pytest.approx(loss)
    assert best.parameters <= fit.optimum(flop).parameters * (1 + 1e-9)
    parameters = best.parameters * 2.0**shift
    rest = loss - fit.irreducible - fit.parameter_scale * parameters**-fit.parameter_exponent
    if rest > 0:
        other = Size(parameters, (fit.token_scale / rest) ** (1 / fit.token_exponent))
        assert lifetime_flop(best, tokens) <= lifetime_flop(other, tokens) * (1 + 1e-9)


@steady
@given(keys, budgets, served)
def test_what_a_budget_affords_is_what_its_loss_costs(key: str, flop: float, tokens: float) -> None:
    fit = law(key)
    bought = fit.affordable(flop, tokens)
    assert lifetime_flop(bought, tokens) == pytest.approx(flop, rel=1e-6)
    again = fit.serving_aware(float(fit.loss(*bought)), tokens)
    assert lifetime_flop(again, tokens) == pytest.approx(flop, rel=1e-3)


@steady
@given(budgets, st.floats(1.01, 100.0), served)
def test_a_larger_budget_never_buys_a_worse_model(flop: float, more: float, tokens: float) -> None:
    fit = law()
    assert fit.loss(*fit.affordable(flop * more, tokens)) <= fit.loss(*fit.affordable(flop, tokens))
    assert fit.loss(*fit.optimum(flop * more)) < fit.loss(*fit.optimum(flop))


def test_nothing_served_is_compute_optimal() -> None:
    assert law().affordable(1e23, 0.0) == law().optimum(1e23)
    assert law().serving_aware(2.0, 0.0) == pytest.approx(law().cheapest(2.0))


def test_a_loss_that_nothing_reaches_is_refused() -> None:
    with pytest.raises(ValueError, match=r"not above 1.8172"):
        law().cheapest(1.8)


def test_doubt_grows_with_the_distance_from_the_measured_runs() -> None:
    fit = law()
    many = fit.tilted(
        irreducible=np.array([1.7872, 1.8172, 1.8472]), compute_exponent=np.array([0.4926, fit.compute_exponent, 0.53])
    )
    middle = (6e18 * 3e21) ** 0.5
    assert np.ptp(many.loss(*many.optimum(middle))) < 1e-12
    assert np.ptp(np.log(many.optimum(middle).parameters)) < 1e-12
    spread = [float(np.ptp(many.loss(*many.optimum(flop)))) for flop in (1e21, 1e23, 1e25)]
    assert 0 < spread[0] < spread[1] < spread[2] < 0.05
    assert many.loss(7e9, 1e12)[1] == pytest.approx(fit.loss(7e9, 1e12))


def test_far_beyond_what_was_tested_warns() -> None:
    assert any("2,000 tokens a parameter" in each for each in law().warnings(Size(1e9, 2e12)))
    assert any("extrapolation" in each for each in law().warnings(Size(70e9, 1.4e12)))
    assert any("less than the smallest run" in each for each in law().warnings(Size(1e6, 1e8)))
    assert not law().warnings(Size(1e9, 2e10))
