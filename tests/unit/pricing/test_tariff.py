"""What a run pays: portions, holdings, taxes and credits on four bases."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.pricing.holdings import Egress, Owed, Storage, Tier, owed_for, tiered_usd
from simulator.pricing.ledger import BASES, LedgerLine
from simulator.pricing.reserved import Committed
from simulator.pricing.tariff import Portion, Quote, Tariff, flat, term_of
from simulator.pricing.terms import Free, Negotiated, OnDemand, Spot, Usage, Use
from simulator.pricing.trace import StepTrace

USAGES = [Usage.of(8, 10.0, "one"), Usage.of(4, 5.0, "two")]
INF = float("inf")
JULY = date(2026, 7, 1)  # 31 days, and so has August
S3 = [Tier(51_200.0, 0.023), Tier(512_000.0, 0.022), Tier(INF, 0.021)]


def portion(term: Any, share: float = 1.0, **facts: Any) -> Portion:
    usual = {"usd_per_accelerator_h": 2.0, "list_usd_per_accelerator_h": 2.0}
    return Portion(term=term, share=share, quote=Quote(**{**usual, **facts}))


def test_a_flat_tariff_is_hours_times_price_on_every_basis() -> None:
    due = flat(2.0).bill(USAGES)
    assert [line.phase for line in due.used] == ["one", "two"]
    assert not due.owed
    assert {float(due.usd(basis)) for basis in BASES} == {200.0}


def test_a_discount_shows_on_all_bases_but_the_list() -> None:
    due = flat(2.0, 0.25, 0.25).bill(USAGES)
    assert [float(due.usd(basis)) for basis in BASES] == [200.0, 150.0, 150.0, 150.0]
    drawn = flat(2.0, 0.5, 0.8).bill(USAGES, quantile=np.array([0.0, 1.0]))
    np.testing.assert_allclose(drawn.usd("billed"), [100.0, 40.0])
    perhaps = flat(2.0, 0.0, 0.5).bill(USAGES, quantile=np.array([0.0, 1.0]))
    np.testing.assert_allclose(perhaps.usd("billed"), [200.0, 100.0])


def test_a_stage_may_have_its_own_list_price() -> None:
    due = flat(2.0, 0.5, 0.5).bill(USAGES, rates=[None, 3.0])
    assert [float(line.billed_usd) for line in due.used] == [80.0, 30.0]
    assert float(flat(0.0).bill(USAGES, rates=[None, 3.0]).usd("billed")) == 60.0


def test_shares_are_charged_apart_and_sum() -> None:
    half = Tariff(portions=[portion(OnDemand(usd_per_accelerator_h=2.0), 0.5), portion(Free(), 0.5)])
    assert float(half.bill(USAGES).usd("billed")) == 100.0
    with pytest.raises(ValueError, match="sum of 1"):
        Tariff(portions=[portion(Free(), 0.4)])


def test_the_idle_rest_of_a_commitment_is_owed_beside_the_use() -> None:
    term = Committed(usd_per_accelerator_h=1.0, list_usd_per_accelerator_h=2.0, accelerators=8, held_h=8760.0)
    due = Tariff(portions=[portion(term)]).bill(USAGES)
    [idle] = due.owed
    assert (idle.line.phase, float(idle.line.accelerator_hours), idle.unit) == ("idle_commitment", 0.0, "Hours")
    assert float(idle.quantity) == pytest.approx(8 * 8760 - 100)
    assert float(due.usd("billed")) == pytest.approx(8 * 8760.0)
    assert float(due.usd("list")) == 200.0


def test_a_discount_on_another_term_lowers_what_is_paid() -> None:
    term = Spot(usd_per_accelerator_h=1.0, list_usd_per_accelerator_h=2.0)
    due = Tariff(portions=[portion(term, discount_low=0.1, discount_high=0.1)]).bill(USAGES)
    assert float(due.usd("billed")) == pytest.approx(90.0)


def test_a_discount_on_a_spot_trace_lowers_every_price_of_it() -> None:
    """Eight for 10 h at $1 and four for 5 h at $3 are $140, less a tenth $126; a range has its ends."""
    trace = StepTrace(from_h=(0.0, 10.0), levels=(1.0, 3.0), length_h=20.0)
    term = Spot(usd_per_accelerator_h=9.0, list_usd_per_accelerator_h=2.0, trace=trace)
    then = [USAGES[0], replace(USAGES[1], start_h=10.0)]
    due = Tariff(portions=[portion(term, discount_low=0.1, discount_high=0.1)]).bill(then)
    assert [float(due.usd(basis)) for basis in ("list", "billed")] == pytest.approx([200.0, 126.0])
    drawn = Tariff(portions=[portion(term, discount_low=0.0, discount_high=0.5)]).bill(then, quantile=np.array([0, 1]))
    np.testing.assert_allclose(drawn.usd("billed"), [140.0, 70.0])


def test_what_is_taken_off_spot_is_not_taken_off_the_machines_that_a_run_leaves_for() -> None:
    """Four for 5 h on demand at $3 are $60, whatever the discount on the market was; eight for 10 h there are $40."""
    term = Spot(usd_per_accelerator_h=1.0, list_usd_per_accelerator_h=3.0)
    due = Tariff(portions=[portion(term, discount_low=0.5, discount_high=0.5)]).bill(USAGES, rates=[None, 3.0])
    assert [float(line.billed_usd) for line in due.used] == [40.0, 60.0]


def test_credits_pay_no_more_than_what_is_billed_with_its_tax() -> None:
    """Half off $200 is $100 billed, $110 with its tax; so much of $150 of credits is used, on every basis."""
    due = Tariff(portions=flat(2.0, 0.5, 0.5).portions, tax_rate=0.1, credits_usd=150.0).bill(USAGES)
    credit = due.owed[-1]
    assert [float(credit.line.usd(basis)) for basis in BASES] == pytest.approx([-110.0] * 4)
    assert (float(credit.quantity), credit.unit) == (pytest.approx(110.0), "USD")
    assert float(due.usd("billed")) == pytest.approx(0.0)
    assert float(due.usd("list")) == pytest.approx(220.0 - 110.0)


def test_the_price_of_an_open_discount_is_that_of_its_middle() -> None:
    """$4 less 20 to 60 % is $2.40; a spot price by a trace is its mean, less what is taken off it."""
    open_ended = portion(Negotiated(usd_per_accelerator_h=4.0, discount=(0.2, 0.6)), usd_per_accelerator_h=4.0,
                         discount_low=0.2, discount_high=0.6)  # fmt: skip
    assert open_ended.usd_per_accelerator_h == pytest.approx(2.4)
    trace = StepTrace(from_h=(0.0, 6.0), levels=(1.0, 2.0), length_h=24.0)
    spot = portion(Spot(usd_per_accelerator_h=9.0, list_usd_per_accelerator_h=9.0, trace=trace), discount_low=0.2,
                   discount_high=0.2)  # fmt: skip
    assert spot.usd_per_accelerator_h == pytest.approx(0.8 * (6 * 1.0 + 18 * 2.0) / 24)


def test_the_means_and_the_quote_of_several_portions() -> None:
    """A quarter at $8 list and $6, the rest at $2: $3.50 and $3 in the mean; the quote is that of the larger share."""
    few = portion(OnDemand(usd_per_accelerator_h=6.0), 0.25, usd_per_accelerator_h=6.0, list_usd_per_accelerator_h=8.0)
    both = Tariff(portions=[few, portion(OnDemand(usd_per_accelerator_h=2.0), 0.75)])
    assert both.list_usd_per_accelerator_h == pytest.approx(3.5)
    assert both.usd_per_accelerator_h == pytest.approx(3.0)
    assert both.quote.list_usd_per_accelerator_h == 2.0


def test_tax_is_on_each_basis_and_credits_are_the_same_on_all() -> None:
    paid = Tariff(portions=flat(2.0, 0.5, 0.5).portions, tax_rate=0.1, credits_usd=30.0).bill(USAGES)
    assert [round(float(paid.usd(basis)), 9) for basis in BASES] == [190.0, 80.0, 80.0, 80.0]
    generous = Tariff(portions=flat(2.0).portions, credits_usd=1e9).bill(USAGES)
    assert float(generous.usd("billed")) == 0.0


def test_storage_and_egress() -> None:
    store = Storage(what="data", gb=100.0, tiers=[Tier(50.0, 0.02), Tier(INF, 0.01)], since=JULY)
    leaving = Egress(what="weights", gb=10.0, tiers=[Tier(INF, 0.09)])
    due = Tariff(portions=flat(2.0).portions, holdings=[store, leaving]).bill([Usage.of(1, 62 * 24.0, "one")])
    assert {each.line.phase: round(float(each.line.billed_usd), 9) for each in due.owed} == {
        "storage": 3.0, "egress": 0.9
    }  # fmt: skip
    assert [each.unit for each in due.owed] == ["GiB-Months", "GiB"]
    with pytest.raises(ValueError, match="rising ends"):
        Storage(what="data", gb=1.0, tiers=[Tier(10.0, 0.1)], since=JULY).owed(1.0)


def test_holdings_of_one_price_row_are_counted_together_before_its_tiers_apply() -> None:
    """By hand, S3's tiers for a month: 51,200 GB at $0.023, the next 460,800 at $0.022, the rest at $0.021."""
    tiers = S3
    saves = Storage(what="checkpoints", gb=400_000.0, tiers=tiers, since=JULY, label="S3")
    data = Storage(what="data", gb=200_000.0, tiers=tiers, since=JULY, label="S3")
    elsewhere = Storage(what="data", gb=200_000.0, tiers=tiers, since=JULY, label="another region")
    leaving = Egress(what="data", gb=1000.0, tiers=tiers, label="S3")
    due = owed_for([saves, data, elsewhere, leaving], 31 * 24.0)
    paid = [float(each.line.billed_usd) for each in due]
    together = 51_200 * 0.023 + 460_800 * 0.022 + 88_000 * 0.021
    assert paid[0] + paid[1] == pytest.approx(together)  # $13,163.2, not $13,302.4 for one by one
    assert paid[0] == pytest.approx(2 * paid[1])
    assert paid[2] == pytest.approx(51_200 * 0.023 + 148_800 * 0.022)
    assert paid[3] == pytest.approx(23.0)
    assert [float(each.quantity) for each in due] == [400_000.0, 200_000.0, 200_000.0, 1000.0]


def test_tiers_count_the_gb_months_of_a_calendar_month() -> None:
    """100 TiB for the last 16 days of March are 52,852 GB-months, of which all but 1,652 are in the first tier."""
    store = Storage(what="data", gb=102_400.0, tiers=S3, since=date(2026, 3, 16))
    march = 51_200 * 0.023 + (102_400 * 16 / 31 - 51_200) * 0.022
    april = 102_400 * 3 / 30 * 0.023
    assert float(store.owed(16 * 24.0).line.billed_usd) == pytest.approx(march)
    assert float(store.owed(19 * 24.0).line.billed_usd) == pytest.approx(march + april)
    assert float(store.owed(19 * 24.0).quantity) == pytest.approx(102_400 * (16 / 31 + 3 / 30))


@pytest.mark.parametrize("since", [date(2023, 12, 12), date(2024, 2, 1), date(2024, 2, 29), date(2026, 1, 31)])
def test_many_lengths_at_once_are_those_of_a_count_by_the_hour(since: date) -> None:
    """Leap years, months that are filled to the hour, and runs that end where a month does."""
    lengths_h = [0, 1, 24, 29 * 24, 31 * 24, 60 * 24, 100 * 24 + 7, 400 * 24]
    held: dict[tuple[int, int], float] = {}
    by_hour = [0.0]
    for hour in range(max(lengths_h)):
        day = since + timedelta(days=hour // 24)
        after = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        month, length_h = (day.year, day.month), (after - day.replace(day=1)).days * 24
        before = held.get(month, 0.0)
        held[month] = before + 600_000.0 / length_h
        by_hour.append(by_hour[-1] + float(tiered_usd(held[month], S3)) - float(tiered_usd(before, S3)))
    found = Storage(what="data", gb=600_000.0, tiers=S3, since=since).owed(np.array(lengths_h, dtype=float))
    assert np.asarray(found.line.billed_usd) == pytest.approx([by_hour[length] for length in lengths_h], rel=1e-9)


def test_what_falls_due_once_is_owed_at_the_end() -> None:
    """A holding says itself whether it accrues: one of somebody else's class does too."""

    @dataclass(frozen=True)
    class Licence:
        what = label = row = "licence"
        gb = 0.0
        accrues = False

        def owed(self, wall_h: Any, together_gb: float | None = None) -> Owed:
            return Owed(LedgerLine("licence", "none", 0.0, 5.0, 5.0, 5.0, 5.0), 1.0, "licences")

    store = Storage(what="data", gb=100.0, tiers=[Tier(INF, 0.02)], since=JULY)
    tariff = Tariff(portions=flat(2.0).portions, holdings=[store, Licence()])
    phases = {ended: [each.line.phase for each in tariff.bill(USAGES, ended=ended).owed] for ended in (True, False)}
    assert phases == {True: ["storage", "licence"], False: ["storage"]}


@given(st.floats(0, 1e5), st.floats(0, 1e5))
def test_tiers_rise_and_are_never_dearer_than_the_first(amount: float, more: float) -> None:
    tiers = [Tier(10.0, 0.3), Tier(100.0, 0.2), Tier(INF, 0.1)]
    usd, above = float(tiered_usd(amount, tiers)), float(tiered_usd(amount + more, tiers))
    assert usd <= above <= (amount + more) * 0.3 + 1e-9
    assert usd >= amount * 0.1 - 1e-9


@given(st.floats(0, 500), st.floats(0.01, 500), st.floats(0.05, 0.95))
def test_a_trace_is_paid_alike_in_one_piece_and_in_two(begin: float, length: float, share: float) -> None:
    trace = StepTrace(from_h=(0.0, 3.0, 7.5), levels=(1.0, 4.0, 2.0), length_h=10.0)
    middle, end = begin + share * length, begin + length
    first, last = float(trace.mean_between(begin, middle)), float(trace.mean_between(middle, end))
    whole = float(trace.mean_between(begin, end))
    assert first * share + last * (1 - share) == pytest.approx(whole, rel=1e-6)
    assert 1.0 - 1e-9 <= whole <= 4.0 + 1e-9
    assert float(trace.mean_between(begin, begin + 10.0)) == pytest.approx(trace.mean)


def test_a_moment_has_the_price_of_its_time_and_bad_traces_are_refused() -> None:
    trace = StepTrace(from_h=(0.0, 3.0), levels=(1.0, 4.0), length_h=10.0)
    assert [float(trace.mean_between(at, at)) for at in (0.0, 3.0, 9.9, 10.0)] == [1.0, 4.0, 4.0, 1.0]
    for from_h, usd in (((1.0,), (1.0,)), ((0.0, 0.0), (1.0, 1.0)), ((0.0,), (1.0, 2.0)), ((0.0,), (0.0,))):
        with pytest.raises(ValueError, match="trace"):
            StepTrace(from_h=from_h, levels=usd, length_h=10.0)


def test_spot_follows_its_trace_and_can_be_dearer_than_on_demand() -> None:
    trace = StepTrace(from_h=(0.0, 10.0), levels=(1.0, 5.0), length_h=20.0)
    term = Spot(usd_per_accelerator_h=1.0, list_usd_per_accelerator_h=2.0, trace=trace)
    [line] = term.charge(Usage(uses=(Use("x", "", 10.0),), wall_h=10.0, start_h=5.0))
    assert (float(line.billed_usd), float(line.list_usd)) == (pytest.approx(30.0), 20.0)


def test_a_registered_term_gets_the_facts_that_it_has_fields_for() -> None:
    facts = {"usd_per_accelerator_h": 1.0, "list_usd_per_accelerator_h": 2.0, "years": 3, "accelerators": 4}
    assert term_of("committed", facts).years == 3  # type: ignore[attr-defined]  # it is the commitment
    assert isinstance(term_of("on_demand", facts), OnDemand)
    with pytest.raises(KeyError, match="price term"):
        term_of("barter", facts)


def test_an_uncertain_discount_is_told() -> None:
    assert flat(1.0, 0.5, 0.8).is_uncertain
    assert not flat(1.0, 0.5, 0.5).is_uncertain
    assert isinstance(flat(1.0, 0.5, 0.8).portions[0].term, Negotiated)


def test_talks_settle_an_open_discount() -> None:
    open_ended = flat(2.0, 0.5, 0.8)
    assert open_ended.discount == (0.5, 0.8)
    settled = open_ended.settled(0.5)
    assert settled.discount == pytest.approx((0.65, 0.65))
    assert float(settled.bill(USAGES).usd("billed")) == pytest.approx(70.0)
    assert flat(2.0, 0.3, 0.3).settled(0.9).discount == (0.3, 0.3)
