"""Dollars of a life: the total is the sum of its stages to the cent, waiting is paid, the drivers explain it all."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.metrics.lifecycle import LifeForecast, life_forecast, mean_usd
from analysis.study.choice import break_evens, cheapest_shares
from simulator.engine.lifecycle_run import run_life
from simulator.scenario.api import life
from tests.toml_files import write

NAMES = ("life-of-a-13b", "life-in-20-stages", "choices/train", "choices/full", "choices/lora", "choices/qlora",
         "choices/api")  # fmt: skip


def forecast(name: str | Path, *sets: str) -> LifeForecast:
    made = life(name, ["run.replicas=200", *sets])
    return life_forecast(made, run_life(made))


@pytest.fixture(scope="module")
def shipped() -> dict[str, LifeForecast]:
    return {name: forecast(name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_the_total_is_the_sum_of_its_stages_to_the_cent(shipped: dict[str, LifeForecast], name: str) -> None:
    found = shipped[name]
    assert found.usd.mean == round(math.fsum(row.usd.mean for row in found.stages), 2)
    for row in found.stages:
        assert row.usd.mean == round(row.usd.mean, 2) == round(math.fsum(row.parts.values()), 2)
    assert found.usd.mean == pytest.approx(found.usd_sample.mean(), abs=0.005 * 3 * len(found.stages))
    cents = found.usd_sample * 100
    assert np.abs(cents - np.rint(cents)).max() < 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_drivers_explain_the_whole_spread(shipped: dict[str, LifeForecast], name: str) -> None:
    found = shipped[name]
    assert math.fsum(row.of_usd_spread for row in found.stages) == pytest.approx(1.0)
    assert math.fsum(row.of_days_spread for row in found.stages) == pytest.approx(1.0)


@pytest.mark.parametrize("name", NAMES)
def test_the_critical_path_ends_at_the_launch(shipped: dict[str, LifeForecast], name: str) -> None:
    found = shipped[name]
    assert max(row.critical for row in found.stages) == 1.0
    assert all(row.critical == 0 for row in found.stages if row.kind in ("serve", "waiting"))
    service = next(row for row in found.stages if row.kind == "serve")
    assert service.start_days == found.launch_days


@pytest.mark.parametrize("name", NAMES)
def test_staff_by_month_adds_up(shipped: dict[str, LifeForecast], name: str) -> None:
    found = shipped[name]
    for team in found.teams:
        assert math.fsum(team.by_month) == pytest.approx(team.person_months)
        assert max(team.by_month) <= team.people + 1e-9
    staff = math.fsum(row.parts["staff"] for row in found.stages)
    assert staff == pytest.approx(math.fsum(team.usd for team in found.teams), abs=1.0)


TEAM = """
[lifecycle.teams.t]
people = 2
pay = "$365250"  # a thousand a day
{paid}
[lifecycle.stages.a]
people = {{ t = 1 }}
duration = "10 d"
usd = "$500"
[lifecycle.stages.b]
after = ["a"]
people = {{ t = 2 }}
duration = "5 d"
"""


def test_waiting_is_paid_unless_people_are_paid_by_the_hour(tmp_path: Path) -> None:
    employed = forecast(write(tmp_path, TEAM.format(paid="")))
    busy = forecast(write(tmp_path, TEAM.format(paid='paid = "busy"')))
    assert [row.usd.mean for row in employed.stages] == [10_500.00, 10_000.00, 10_000.00]
    assert [row.usd.mean for row in busy.stages] == [10_500.00, 10_000.00]
    assert [(row.name, row.kind) for row in employed.stages][-1] == ("t, waiting", "waiting")
    assert employed.teams[0].busy == pytest.approx(2 / 3)
    assert (employed.usd.mean, busy.usd.mean) == (30_500.00, 20_500.00)


def test_overhead_and_prices_scale(tmp_path: Path) -> None:
    dear = forecast(write(tmp_path, TEAM.format(paid="overhead = 2.0")))
    assert dear.usd.mean == 60_500.00


def test_twice_the_price_of_machines_is_twice_their_dollars() -> None:
    once = forecast("choices/train", "lifecycle.machines.cores.rate=$0.05/h")
    twice = forecast("choices/train", "lifecycle.machines.cores.rate=$0.10/h")
    name = [row.name for row in once.stages].index("tokenise")
    assert twice.stages[name].parts["machines"] == pytest.approx(2 * once.stages[name].parts["machines"], abs=0.02)
    assert twice.days == once.days


def test_a_larger_team_is_never_later() -> None:
    few = forecast("life-of-a-13b", "lifecycle.teams.research.people=6")
    many = forecast("life-of-a-13b", "lifecycle.teams.research.people=20")
    assert (many.ensemble.finish_s <= few.ensemble.finish_s + 1e-6).all()


def test_break_even_is_where_two_ways_cost_the_same(shipped: dict[str, LifeForecast]) -> None:
    ways = [shipped[f"choices/{name}"] for name in ("api", "qlora", "train")]
    found = break_evens(ways)
    by_name = {each.life.name: each for each in ways}
    assert [(each.below, each.above) for each in found][:1] == [("api", "qlora")]
    for each in found:
        below, above = by_name[each.below], by_name[each.above]
        assert mean_usd(below, each.demand) == pytest.approx(mean_usd(above, each.demand), rel=1e-6)
        assert mean_usd(below, each.demand * 1.1) > mean_usd(above, each.demand * 1.1)
        assert mean_usd(below, each.demand / 1.1) < mean_usd(above, each.demand / 1.1)
        assert each.written_per_month == pytest.approx(each.demand * 1e9)


def test_the_cheapest_way_is_told_replica_by_replica(shipped: dict[str, LifeForecast]) -> None:
    ways = [shipped["choices/qlora"], forecast("choices/api", "lifecycle.stages.serve.serving.growth=0.15")]
    shares = cheapest_shares(ways)
    assert sum(shares) == pytest.approx(1.0)
    assert shares[0] == float(np.mean(ways[0].usd_sample < ways[1].usd_sample))
    assert 0 < shares[0] < 1
    with pytest.raises(ValueError, match="equal seeds"):
        cheapest_shares([ways[0], forecast("choices/api", "run.seed=2")])


def test_demand_as_it_is_costs_what_was_said(shipped: dict[str, LifeForecast]) -> None:
    for found in shipped.values():
        assert mean_usd(found, 1.0) == pytest.approx(found.usd.mean, abs=1.0)
        assert mean_usd(found, 2.0) > mean_usd(found, 1.0) > mean_usd(found, 0.5)


def test_ways_to_different_ends_are_not_compared(shipped: dict[str, LifeForecast]) -> None:
    with pytest.raises(ValueError, match="one demand"):
        break_evens([shipped["choices/api"], shipped["life-of-a-13b"]])


def test_a_life_without_service_ends_with_its_last_stage(tmp_path: Path) -> None:
    found = forecast(write(tmp_path, TEAM.format(paid="")))
    assert found.launch_days == found.days
    assert found.usd_per_m_written is None
    assert found.days.p50 == pytest.approx(15)
    certain = [replace(row.usd, mean=0.0) for row in found.stages]
    assert all(row.p10 == row.p90 for row in certain)
    assert all(row.of_usd_spread == 0 for row in found.stages)


def test_uncertain_pay_and_prices_widen_the_dollars_and_nothing_else(tmp_path: Path) -> None:
    text = """
    [lifecycle.teams.t]
    people = 1
    pay = {pay}
    [lifecycle.machines.m]
    rate = {rate}
    [lifecycle.stages.a]
    people = {{ t = 1 }}
    machines = "m"
    count = 10
    duration = "100 d"
    """
    known = forecast(write(tmp_path, text.format(pay='"$200k"', rate='"$2/h"'), "known.toml"))
    doubtful = forecast(
        write(tmp_path, text.format(pay='["$100k", "$200k", "$300k"]', rate='["$1/h", "$2/h", "$3/h"]'), "doubt.toml")
    )
    assert known.usd.p10 == known.usd.p90 == pytest.approx(100 * (200_000 / 365.25 + 10 * 24 * 2), abs=0.01)
    assert doubtful.usd.p10 < known.usd.p50 < doubtful.usd.p90
    assert doubtful.usd.mean == pytest.approx(known.usd.mean, rel=0.05)
    assert doubtful.days == known.days
    assert doubtful.bases == ["m: $1.00 to $3.00/h, most probably $2.00, stated"]


def test_the_first_service_is_the_launch(tmp_path: Path) -> None:
    text = """
    [lifecycle.stages.pilot]
    duration = "10 d"
    [lifecycle.stages.rest]
    duration = "30 d"
    [lifecycle.stages.beta]
    after = ["pilot"]
    serving = { months = 1, written = "1M tokens", usd_per_m_written = "$3" }
    [lifecycle.stages.full]
    after = ["pilot", "rest"]
    serving = { months = 2, written = "1M tokens", usd_per_m_written = "$3" }
    """
    found = forecast(write(tmp_path, text))
    assert found.launch_days.p50 == pytest.approx(10)
    assert [row.name for row in found.stages if row.critical == 1.0] == ["pilot"]
    assert found.usd.mean == 9.00
    assert found.usd_per_m_written == pytest.approx(3.0)
    assert found.written_per_month == 2e6


def test_the_price_of_a_token_times_all_tokens_pays_for_everything(tmp_path: Path) -> None:
    text = """
    [lifecycle.stages.build]
    duration = "1 d"
    usd = "$1000"
    [lifecycle.stages.serve]
    after = ["build"]
    serving = { months = 1, written = ["10M tokens", "100M tokens", "900M tokens"], usd_per_m_written = "$1" }
    """
    found = forecast(write(tmp_path, text))
    written_m = found.usd.mean - 1000  # a dollar each
    assert found.usd_per_m_written == pytest.approx(found.usd.mean / written_m, rel=1e-4)
