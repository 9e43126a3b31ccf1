"""What a budget buys: more money never buys less, every doubt is in the interval, the reverse agrees."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.study.budget import Answer, Question, answers, drivers, losses
from analysis.study.offers import Wish, last_day, offers
from simulator.pricing.book import PriceError, price_book
from simulator.workload.scaling import law, lifetime_flop

BOOK = price_book()
DAY = date(2026, 1, 31)
H100 = offers(BOOK, Wish(date=DAY, accelerator="h100-sxm", term="on_demand"))
STATED = offers(BOOK, Wish(date=DAY, accelerator="a100-80gb", term="on_demand", provider="aws", mfu=0.4))


def ask(usd: float | None, **given: float) -> Answer:
    [found] = answers(Question(usd=usd, loss=given.pop("loss", None), law=law(), replicas=200, **given), H100)  # type: ignore[arg-type]
    return found


def test_by_hand() -> None:
    """Dollars over price are hours; hours times peak and MFU are FLOP; FLOP are the optimum of the law."""
    [offer] = STATED
    fit = law()
    [found] = answers(Question(usd=1e6, loss=None, law=fit, replicas=50), STATED)
    flop = 1e6 / offer.prices[0].usd * 3600 * 312e12 * 0.4
    assert found.optimal.typical == pytest.approx(fit.optimum(flop))
    assert found.optimal.accelerator_hours.p50 * offer.prices[0].usd == pytest.approx(1e6)
    assert found.optimal.usd == pytest.approx((1e6, 1e6, 1e6))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.floats(3.0, 9.0), st.floats(1.0, 100.0), st.sampled_from([0.0, 1e10, 1e13]))
def test_more_money_never_buys_a_worse_model(power: float, factor: float, served: float) -> None:
    less, more = ask(10.0**power, served_tokens=served), ask(10.0**power * factor, served_tokens=served)
    for one, other in zip(less, more, strict=True):
        if one is not None and other is not None:
            assert all(after <= before + 1e-9 for before, after in zip(one.loss, other.loss, strict=True))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.floats(4.0, 9.0), st.sampled_from([1e9, 1e12, 1e14]))
def test_with_serving_in_mind_never_loses(power: float, served: float) -> None:
    found = ask(10.0**power, served_tokens=served)
    assert found.serving_aware is not None
    assert found.serving_aware.loss.p50 <= found.optimal.loss.p50 + 1e-9
    assert found.serving_aware.typical.parameters <= found.optimal.typical.parameters * (1 + 1e-9)
    again = ask(None, loss=found.serving_aware.loss.p50, served_tokens=served)
    assert again.serving_aware is not None
    assert again.serving_aware.usd.p50 <= again.optimal.usd.p50 * (1 + 1e-9)


def test_the_reverse_costs_what_the_budget_was() -> None:
    [bought] = answers(Question(usd=2e6, loss=None, law=law(), replicas=50, served_tokens=1e12), STATED)
    assert bought.serving_aware is not None
    loss = float(law().loss(*bought.serving_aware.typical))
    [cost] = answers(Question(usd=None, loss=loss, law=law(), replicas=50, served_tokens=1e12), STATED)
    assert cost.serving_aware is not None
    assert cost.serving_aware.typical == pytest.approx(bought.serving_aware.typical, rel=1e-3)
    flop = lifetime_flop(cost.serving_aware.typical, 1e12)
    assert flop / (312e12 * 0.4 * 3600) * STATED[0].prices[0].usd == pytest.approx(2e6, rel=1e-3)


def test_a_loss_out_of_reach_in_some_draws_never_gets_there() -> None:
    found = ask(None, loss=1.83)
    assert found.optimal.usd.p90 == float("inf")
    assert ask(1e5, loss=1.9).optimal.reached == 0.0
    assert 0 < (ask(1e7, loss=1.96).optimal.reached or 0) < 1


def test_every_doubt_is_in_the_interval() -> None:
    question = Question(usd=5e6, loss=None, law=law(), replicas=500)
    alone = drivers(question, H100[0])
    [found] = answers(question, H100)
    widths = {name: at.p90 - at.p10 for name, at in alone.items()}
    assert set(widths) == {"efficiency", "price", "scaling law"}
    assert all(0 < width < found.optimal.loss.p90 - found.optimal.loss.p10 for width in widths.values())


def test_dearer_serving_leaves_less_for_training() -> None:
    cheap, dear = ask(1e7, served_tokens=1e12), ask(1e7, served_tokens=1e12, serving_mfu=0.05)
    assert dear.serving_aware is not None
    assert cheap.serving_aware is not None
    assert dear.serving_aware.loss.p50 > cheap.serving_aware.loss.p50
    assert ask(1e7, final_run=0.5).optimal.loss.p50 == pytest.approx(ask(5e6).optimal.loss.p50)


def test_the_best_offer_comes_first_and_all_are_current() -> None:
    every = offers(BOOK, Wish(date=DAY))
    found = answers(Question(usd=5e6, loss=None, law=law(), replicas=50), every)
    order = [(each.optimal.offer.term == "spot", each.optimal.loss.p50) for each in found]
    assert order == sorted(order)
    assert min(order, key=lambda each: each[1])[0]  # a spot price is the lowest, and yet not the first
    assert len(found) > 20
    assert not any(price.stale for offer in every for price in offer.prices)
    assert last_day(BOOK) == DAY


def test_a_gpu_alone_gets_its_host() -> None:
    [offer] = offers(BOOK, Wish(date=date(2022, 12, 12), accelerator="a100-80gb", term="on_demand", provider="gcp"))
    assert [price.host_included for price in offer.prices] == [True]
    assert offer.prices[0].usd == pytest.approx(3.93 + 1.10, abs=0.01)


def test_what_nobody_offers_is_refused() -> None:
    with pytest.raises(PriceError, match="no price of 2026-01-31 fits: h100-sxm, gcp, mars"):
        offers(BOOK, Wish(date=DAY, accelerator="h100-sxm", provider="gcp", region="mars"))
    with pytest.raises(PriceError, match="did you mean 'spot'"):
        offers(BOOK, Wish(date=DAY, term="spott"))


def test_sizes_that_serving_alone_uses_up_have_no_loss() -> None:
    question = Question(usd=1.0, loss=None, law=law(), served_tokens=1e12)
    found = losses(question, 1e23, np.array([1e9, 1e11]))
    assert np.isfinite(found[0])
    assert np.isnan(found[1])
