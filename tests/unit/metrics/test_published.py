"""Forecast beside published figures: gross against all hours, net against useful ones."""

from dataclasses import replace

import pytest

from analysis.metrics.forecast import forecast
from analysis.metrics.published import comparisons, missing
from simulator.engine.estimate import estimate
from simulator.reliability.attempt import Cycle
from simulator.scenario.api import scenario
from simulator.scenario.values import Published
from tests import factories

RUN = factories.scenario(factories.stage(36_000.0, accelerators=10, cycle=Cycle(work_s=3600.0, write_s=400.0)))
# 10 h of work and 1 h of saves on 10 accelerators: 110 accelerator-hours, goodput 10/11


def held(published: Published | None) -> dict[str, tuple[float, float, float]]:
    run = replace(RUN, published=published)
    found = forecast(run, estimate(run, range(2)), range(2))
    return {row.quantity: (row.published, row.predicted, row.error) for row in comparisons(found)}


def said(published: Published | None) -> str | None:
    run = replace(RUN, published=published)
    return missing(forecast(run, estimate(run, range(2)), range(2)))


def test_gross() -> None:
    known = Published(wall_s=44 * 3600.0, accelerator_hours=440.0, usd=100.0, goodput=0.5, interruptions=2,
                      hours_kind="gross")  # fmt: skip
    found = held(known)
    assert found["accelerator-hours"] == pytest.approx((440.0, 110.0, -0.75))
    assert found["days"] == pytest.approx((44 / 24, 11 / 24, -0.75))
    assert found["dollars"] == pytest.approx((100.0, 110.0, 0.1))
    assert found["goodput"] == pytest.approx((0.5, 10 / 11, 20 / 11 - 1))
    assert found["interruptions"] == pytest.approx((2.0, 0.0, -1.0))


def test_net_hours_are_held_against_useful_ones() -> None:
    found = held(Published(accelerator_hours=100.0, wall_s=36_000.0, hours_kind="net", wall_kind="net"))
    assert found["accelerator-hours (net)"] == pytest.approx((100.0, 100.0, 0.0), abs=1e-12)
    assert found["days (net)"] == pytest.approx((10 / 24, 10 / 24, 0.0), abs=1e-12)
    assert set(found) == {"accelerator-hours (net)", "days (net)"}


def test_useful_hours_are_a_mean_of_products_not_a_product_of_means() -> None:
    """OPT-175B's scenario does its published hours and no others, however long that takes: 0.2 % more by the means."""
    run = scenario("opt-175b", ["run.replicas=50"])
    found = {row.quantity: row for row in comparisons(forecast(run, estimate(run, range(50)), range(50)))}
    assert found["accelerator-hours (net)"].error == pytest.approx(0.0, abs=1e-9)


def test_a_length_with_stops_beside_hours_without_is_held_against_the_whole_run() -> None:
    found = held(Published(accelerator_hours=100.0, wall_s=39_600.0, hours_kind="net", wall_kind="gross"))
    assert found["accelerator-hours (net)"] == pytest.approx((100.0, 100.0, 0.0), abs=1e-12)
    assert found["days"] == pytest.approx((11 / 24, 11 / 24, 0.0), abs=1e-12)


def test_the_lengths_of_shipped_runs_are_of_the_kind_of_their_hours_unless_stated() -> None:
    opt, llama = scenario("opt-175b").published, scenario("llama-65b").published
    assert opt is not None
    assert llama is not None
    assert (opt.hours_kind, opt.wall_kind) == ("net", "gross")
    assert (llama.hours_kind, llama.wall_kind) == ("net", "net")


def test_nothing_published() -> None:
    assert held(None) == {}
    assert said(None) is None


@pytest.mark.parametrize("known", [
    Published(accelerator_hours=440.0, hours_kind="net"), Published(hours_kind="gross"),
    Published(accelerator_hours=115.0, hours_kind="gross"), Published(accelerator_hours=100.0, hours_kind="gross"),
])  # fmt: skip
def test_nothing_is_missing(known: Published) -> None:
    assert said(known) is None


def test_what_is_missing() -> None:
    words = said(Published(accelerator_hours=4.4e6, hours_kind="gross"))
    assert words is not None
    assert "Published: 4.40M accelerator-hours" in words
    assert "(100 %) are not explained" in words
