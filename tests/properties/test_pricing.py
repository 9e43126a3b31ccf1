"""What holds for every term, price and usage."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.pricing.ledger import BASES, total
from simulator.pricing.reserved import Committed
from simulator.pricing.terms import Negotiated, OnDemand, Owned, PriceTerm, Spot, Usage, Use

rates = st.floats(0.01, 100)
hours = st.floats(0, 1e7)
usages = st.builds(
    lambda amounts, wall_h: Usage(uses=tuple(Use(f"p{i}", "c", h) for i, h in enumerate(amounts)), wall_h=wall_h),
    st.lists(hours, max_size=4),
    st.floats(0.01, 1e4),
)

MAKE: dict[str, Callable[[float], PriceTerm]] = {
    "on_demand": lambda rate: OnDemand(usd_per_accelerator_h=rate),
    "negotiated": lambda rate: Negotiated(usd_per_accelerator_h=rate, quantile=0.3),
    "owned": lambda rate: Owned(usd_per_accelerator_h=rate),
    "spot": lambda rate: Spot(usd_per_accelerator_h=0.7 * rate, list_usd_per_accelerator_h=rate),
    "committed": lambda rate: Committed(
        usd_per_accelerator_h=0.6 * rate, list_usd_per_accelerator_h=rate, accelerators=50
    ),
}
kinds = st.sampled_from(sorted(MAKE))


@given(kinds, rates, usages)
def test_twice_the_price_is_twice_the_cost(kind: str, rate: float, usage: Usage) -> None:
    once, twice = (total(MAKE[kind](price).charge(usage)) for price in (rate, 2 * rate))
    for basis in BASES:
        assert twice.usd(basis) == pytest.approx(2 * once.usd(basis), rel=1e-12)


@given(kinds, rates, usages, st.floats(0.01, 0.99))
def test_splitting_an_interval_changes_nothing(kind: str, rate: float, usage: Usage, share: float) -> None:
    def part(of: float) -> Usage:
        uses = tuple(use._replace(accelerator_hours=use.accelerator_hours * of) for use in usage.uses)
        return Usage(uses=uses, wall_h=usage.wall_h * of)

    term = MAKE[kind](rate)
    whole = total(term.charge(usage))
    halves = total([*term.charge(part(share)), *term.charge(part(1 - share))])
    for basis in BASES:
        assert halves.usd(basis) == pytest.approx(whole.usd(basis), rel=1e-9, abs=1e-6)
    assert halves.accelerator_hours == pytest.approx(whole.accelerator_hours, rel=1e-9, abs=1e-6)


@given(rates, usages, st.floats(0, 0.99), st.floats(0, 0.99))
def test_a_larger_discount_never_costs_more(rate: float, usage: Usage, one: float, other: float) -> None:
    low, high = sorted((one, other))
    less, more = (total(Negotiated(usd_per_accelerator_h=rate, discount=d).charge(usage)) for d in (low, high))
    assert more.billed_usd <= less.billed_usd <= less.list_usd
    assert more.list_usd == less.list_usd


@given(kinds, rates, usages)
def test_hours_are_the_usages_plus_what_is_billed_idle(kind: str, rate: float, usage: Usage) -> None:
    lines = list(MAKE[kind](rate).charge(usage))
    used = [line for line in lines if line.phase != "idle_commitment"]
    assert total(used).accelerator_hours == pytest.approx(usage.accelerator_hours)
    assert all(line.accelerator_hours > 0 for line in lines if line not in used)


@given(rates, usages, st.floats(0, 1e4))
def test_a_commitment_bills_at_least_what_it_reserves(rate: float, usage: Usage, accelerators: float) -> None:
    term = Committed(usd_per_accelerator_h=rate, list_usd_per_accelerator_h=2 * rate, accelerators=accelerators,
                     held_h=1.0)  # fmt: skip
    billed = total(term.charge(usage)).billed_usd
    assert billed >= accelerators * usage.wall_h * rate * (1 - 1e-9)
    assert billed >= usage.accelerator_hours * rate * (1 - 1e-9)


@given(rates, st.floats(1, 1e4), st.floats(0.01, 1e4), st.floats(0, 1))
def test_a_commitment_pays_off_above_its_break_even(
    rate: float, count: float, wall_h: float, utilisation: float
) -> None:
    term = Committed(usd_per_accelerator_h=0.6 * rate, list_usd_per_accelerator_h=rate, accelerators=count,
                     held_h=wall_h)  # fmt: skip
    usage = Usage(uses=(Use("training", "", count * wall_h * utilisation),), wall_h=wall_h)
    line = total(term.charge(usage))
    saves = line.billed_usd - line.list_usd
    assert saves == pytest.approx(
        count * wall_h * rate * (0.6 - utilisation), rel=1e-6, abs=1e-6 * count * wall_h * rate
    )
