"""Terms: what each bills, and what it refuses."""

import pytest

from simulator.pricing.ledger import BASES, total
from simulator.pricing.reserved import Committed
from simulator.pricing.terms import TERMS, Negotiated, OnDemand, Owned, Spot, Usage, Use, bill, dated

MONTH = Usage(uses=(Use("training", "", 600.0), Use("restart", "gpu", 120.0)), wall_h=720.0)


def test_all_terms_are_registered() -> None:
    assert set(TERMS) >= {"on_demand", "committed", "negotiated", "spot", "owned"}


def test_on_demand_and_owned_are_equal_on_all_bases() -> None:
    for term in (OnDemand(usd_per_accelerator_h=2.0), Owned(usd_per_accelerator_h=2.0)):
        lines = list(term.charge(MONTH))
        assert [line.phase for line in lines] == ["training", "restart"]
        assert {total(lines).usd(basis) for basis in BASES} == {1440.0}


def test_negotiated_keeps_the_list_price_visible() -> None:
    line = total(Negotiated(usd_per_accelerator_h=4.0, discount=0.25).charge(MONTH))
    assert (line.list_usd, line.contracted_usd, line.effective_usd, line.billed_usd) == (2880, 2160, 2160, 2160)


@pytest.mark.parametrize(("quantile", "share"), [(0.0, 0.5), (0.5, 0.65), (1.0, 0.8)])
def test_an_unknown_discount_is_uniform_between_50_and_80_percent(quantile: float, share: float) -> None:
    assert Negotiated(usd_per_accelerator_h=1.0).at(quantile).share_off == pytest.approx(share)


def test_a_known_discount_ignores_the_quantile() -> None:
    assert Negotiated(usd_per_accelerator_h=1.0, discount=0.1, quantile=1.0).share_off == 0.1


def test_a_commitment_bills_idle_hours() -> None:
    term = Committed(usd_per_accelerator_h=1.0, list_usd_per_accelerator_h=2.0, accelerators=2, held_h=720.0)
    lines = list(term.charge(MONTH))
    assert lines[-1][:3] == ("idle_commitment", "unused", 720.0)
    assert total(lines).billed_usd == 2 * 720.0
    assert total(lines).list_usd == 1440.0


def test_a_commitment_charges_the_excess_on_demand() -> None:
    term = Committed(usd_per_accelerator_h=1.0, list_usd_per_accelerator_h=2.0, accelerators=0.5)
    line = total(term.charge(MONTH))
    assert line.billed_usd == pytest.approx(360 * 1.0 + 360 * 2.0)
    assert line.accelerator_hours == pytest.approx(720.0)


def test_a_commitment_that_nobody_shares_bills_the_whole_term() -> None:
    term = Committed(usd_per_accelerator_h=1.0, list_usd_per_accelerator_h=2.0, accelerators=1, held_h=8760.0)
    assert total(term.charge(MONTH)).billed_usd == 720.0
    assert total(bill(term, [MONTH])).billed_usd == term.term_h == 8760.0


def test_use_falls_due_in_its_interval_and_the_rest_of_a_commitment_after_the_last() -> None:
    """100 h and 50 h of one accelerator under 1,000 h: 850 h are idle from hour 150 on, once the run ended."""
    term = Committed(usd_per_accelerator_h=1.0, list_usd_per_accelerator_h=2.0, accelerators=1, held_h=1000.0)
    stages = [Usage(uses=(Use(name, "", hours),), wall_h=hours, start_h=start_h)
              for name, hours, start_h in (("one", 100.0, 0.0), ("two", 50.0, 100.0))]  # fmt: skip
    found = [(each.line.phase, each.line.billed_usd, each.begin_h, each.end_h) for each in dated(term, stages)
             if each.line.billed_usd]  # fmt: skip
    assert found == [("one", 100.0, 0.0, 100.0), ("two", 50.0, 100.0, 150.0), ("idle_commitment", 850.0, 150.0, 1000.0)]
    assert total(bill(term, stages, ended=False)).billed_usd == 150.0


def test_break_even_is_where_both_cost_the_same() -> None:
    term = Committed(usd_per_accelerator_h=2.03, list_usd_per_accelerator_h=3.22, accelerators=100, held_h=1000.0)
    used = Usage(uses=(Use("training", "", 100 * 1000 * term.break_even_utilisation),), wall_h=1000.0)
    on_demand = total(OnDemand(usd_per_accelerator_h=3.22).charge(used)).billed_usd
    assert total(term.charge(used)).billed_usd == pytest.approx(on_demand)


def test_a_commitment_without_use_bills_idle_alone() -> None:
    term = Committed(usd_per_accelerator_h=1.0, list_usd_per_accelerator_h=2.0, accelerators=3, held_h=10.0)
    assert total(term.charge(Usage(uses=(), wall_h=10.0))).billed_usd == 30.0


def test_spot_may_be_dearer_than_on_demand() -> None:
    line = total(Spot(usd_per_accelerator_h=3.0, list_usd_per_accelerator_h=2.0).charge(MONTH))
    assert line.billed_usd > line.list_usd


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_price_of_zero_is_refused(rate: float) -> None:
    for make in (OnDemand, Owned, Negotiated):
        with pytest.raises(ValueError, match="price above zero"):
            make(usd_per_accelerator_h=rate)
    with pytest.raises(ValueError, match="price above zero"):
        Spot(usd_per_accelerator_h=1.0, list_usd_per_accelerator_h=rate)


@pytest.mark.parametrize("wrong", [{"discount": 1.1}, {"discount": -0.1}, {"quantile": 1.5}])
def test_shares_outside_their_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected a"):
        Negotiated(usd_per_accelerator_h=1.0, **wrong)


@pytest.mark.parametrize("wrong", [{"accelerators": -1}, {"accelerators": 1, "years": 2}])
def test_impossible_commitments_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="1 or 3 years"):
        Committed(usd_per_accelerator_h=1.0, list_usd_per_accelerator_h=2.0, **wrong)
