"""What an hour of one's own accelerator costs."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.pricing.ownership import (
    Ownership,
    break_even_utilisation,
    parts,
    tornado,
    usd_per_accelerator_h,
)

H100 = Ownership(server_usd=36018.0, power_w=1275.0)


@pytest.mark.parametrize(
    ("years", "costs"), [(3, (2.46, 3.07, 4.10)), (4, (2.02, 2.53, 3.37)), (5, (1.76, 2.20, 2.93))]
)
def test_the_nine_numbers_of_an_owned_h100(years: float, costs: tuple[float, ...]) -> None:
    """Source: theory/cost.md section 4: server of $36,018 a GPU, 10 % capital, at 100, 80 and 60 % in use."""
    for utilisation, usd in zip((1.0, 0.8, 0.6), costs, strict=True):
        own = replace(H100, life_years=years, utilisation=utilisation)
        assert usd_per_accelerator_h(own) == pytest.approx(usd, rel=0.01)


def test_by_hand_without_interest() -> None:
    """$8,760 over 2 years is $0.50/h; with half the cluster being network, twice that; 1 kW at $73 a month $0.10/h."""
    own = Ownership(server_usd=8760.0, network_share=0.5, life_years=2.0, capital_rate=0.0, power_w=1000.0,
                    colocation_usd_per_kw_month=73.0, usd_per_kwh=0.1, draw_share=0.5, pue=2.0, utilisation=1.0,
                    staff_usd_per_year=876.0, support_share=0.1, spares_share=0.1)  # fmt: skip
    found = {part.name: part.usd_per_accelerator_h for part in parts(own)}
    assert found == pytest.approx({"servers": 0.5, "spare parts": 0.05, "network": 0.55, "colocation": 0.1,
                                   "electricity": 0.1, "staff": 0.1, "support": 0.1})  # fmt: skip
    assert usd_per_accelerator_h(own) == pytest.approx(math.fsum(found.values()))


@given(st.floats(1e3, 1e6), st.floats(1, 10), st.floats(0, 0.3), st.floats(0, 0.9), st.floats(0.05, 1.0))
def test_the_annuity_pays_the_machine_off(
    server: float, years: float, rate: float, residual: float, used: float
) -> None:
    """What is paid each year, discounted, is the price less what is left of it."""
    own = Ownership(server_usd=server, network_share=0.0, life_years=years, capital_rate=rate, residual_share=residual,
                    power_w=0.0, utilisation=used)  # fmt: skip
    yearly = usd_per_accelerator_h(own) * 8760 * used
    worth = (1 + rate) ** -years
    present = yearly * ((1 - worth) / rate if rate > 1e-9 else years)
    assert present == pytest.approx(server * (1 - residual * worth), rel=1e-5)


@given(st.floats(0.1, 20))
def test_at_break_even_both_cost_the_same(rent: float) -> None:
    used = break_even_utilisation(H100, rent)
    if used <= 1:
        assert usd_per_accelerator_h(replace(H100, utilisation=used)) == pytest.approx(rent)
    assert break_even_utilisation(H100, 2 * rent) == pytest.approx(used / 2)


def test_utilisation_and_life_decide_and_power_does_not() -> None:
    """Source: theory/cost.md section 4: rent or own turns on utilisation and life, not on power (6 %)."""
    bars = {bar.name: bar.span for bar in tornado(H100)}
    assert list(bars)[:2] == ["utilisation", "life_years"]
    assert max(bars["usd_per_kwh"], bars["draw_share"], bars["pue"]) < 0.25 * bars["life_years"]
    share = {part.name: part.usd_per_accelerator_h for part in parts(H100)}["electricity"] / usd_per_accelerator_h(H100)
    assert share < 0.065


@pytest.mark.parametrize(
    "given",
    [
        {"building_usd_per_kw": 12_000.0, "colocation_usd_per_kw_month": 0.0},
        {"life_years": 8.0, "capital_rate": 0.0, "pue": 1.05, "support_share": 0.1},
        {"storage_share": 0.78},
    ],
)
def test_every_bar_has_the_cost_itself_between_its_ends(given: dict[str, float]) -> None:
    """Also where one has a building instead of colocation, or an input beyond its usual range."""
    own = replace(H100, **given)
    usd = usd_per_accelerator_h(own)
    bars = {bar.name: sorted((bar.usd_at_low, bar.usd_at_high)) for bar in tornado(own)}
    assert ("colocation_usd_per_kw_month" in bars) != ("building_usd_per_kw" in bars)
    assert ("building_usd_per_kw" in bars) == ("building_usd_per_kw" in given)
    for low, high in bars.values():
        assert low - 1e-9 <= usd <= high + 1e-9


def test_impossible_inputs_are_refused() -> None:
    for wrong in ({"server_usd": 0.0}, {"life_years": 0.0}, {"utilisation": 1.1}, {"network_share": 1.0}):
        with pytest.raises(ValueError, match=r"expected above 0|stay below 1"):
            replace(H100, **wrong)
