"""When the bill falls due: by hand, and the same in the months of the report and of the FOCUS export."""

import csv
from collections import defaultdict
from datetime import date
from io import StringIO
from itertools import pairwise
from math import fsum
from pathlib import Path

import numpy as np
import pytest

from analysis.metrics.dollars import bill_of
from analysis.metrics.due import DueBill, due_bill
from analysis.metrics.focus import focus_csv
from analysis.metrics.forecast import Forecast, forecast
from analysis.report import flows
from simulator.engine.run import run
from simulator.records import Ensemble
from simulator.scenario.api import scenario

CALM = ("failures.enabled=false", "throughput.mfu=40 %", "start=2023-01-15", "run.replicas=3")
MACHINES = 2048 + 32  # spares
PRICES = ("pricing.rate=$2/h", "pricing.list_rate=$4/h")


def lived(*sets: str, name: str = "llama-65b") -> tuple[Forecast, Ensemble, DueBill]:
    found = scenario(name, sets)
    every = range(found.replicas)
    ensemble = run(found, every)
    return forecast(found, ensemble, every), ensemble, due_bill(found, ensemble, every)


def test_the_idle_rest_of_a_commitment_is_billed_in_the_months_after_the_run() -> None:
    """2,080 accelerators at $2 for a year from 15 January: every month its hours, whatever the run does."""
    _, ensemble, due = lived(*CALM, *PRICES, "pricing.term=commit_1y")
    assert ensemble.wall_s.max() < 40 * 86400
    months = [date(2023 + at // 12, at % 12 + 1, 1) for at in range(14)]
    assert due.firsts == months[:13]
    held = [17 * 24.0, *((after - first).days * 24.0 for first, after in pairwise(months[1:13])), 14 * 24.0]
    assert due.billed()[:, 0] == pytest.approx([MACHINES * 2 * each for each in held], rel=1e-12)
    assert fsum(held) == 8760


def test_a_block_is_paid_to_its_end_and_a_promised_minimum_when_the_run_ends() -> None:
    block = "pricing.term=capacity_block", "pricing.block=30 d"
    _, ensemble, due = lived(*CALM, *PRICES, *block)
    assert 20 * 86400 < ensemble.wall_s.min() < 30 * 86400  # ends in February, as its block does
    assert due.billed()[:, 0] == pytest.approx([MACHINES * 2 * 24 * 17, MACHINES * 2 * 24 * 13], rel=1e-12)
    promised = "pricing.term=reserved_minimum", "pricing.minimum_accelerator_hours=2000000"
    _, _, due = lived(*CALM, *PRICES, *promised)
    assert due.billed()[:, 0] == pytest.approx([MACHINES * 2 * 24 * 17, 4e6 - MACHINES * 2 * 24 * 17], rel=1e-12)


def test_credits_take_the_first_dollars_taxes_follow_and_data_leaves_at_the_end() -> None:
    sets = ("pricing.tax=10 %", "pricing.credits=$2000000", "pricing.egress.tier=gcp", "pricing.egress.data=1 TB")
    calm = [each.replace("start=2023-01-15", "start=2023-01-11") for each in CALM]
    _, ensemble, due = lived(*calm, *PRICES, *sets)
    wall_h = float(ensemble.wall_s[0]) / 3600
    [egress] = [each.line for each in due.dues if each.line.phase == "egress"]
    machines = [MACHINES * 2 * 21 * 24, MACHINES * 2 * (wall_h - 21 * 24) + float(np.mean(egress.billed_usd))]
    assert due.credits()[:, 0] == pytest.approx([2e6, 0.0])
    assert due.billed()[:, 0] == pytest.approx([1.1 * machines[0] - 2e6, 1.1 * machines[1]], rel=1e-12)


MIXED = (
    "pricing.rate=$4/h", "pricing.tax=10 %", "pricing.credits=$1000", "pricing.storage.tier=aws-s3-standard",
    "pricing.storage.checkpoints=2", "pricing.egress.tier=gcp", "pricing.egress.data=1 TB", "energy.carbon_price=$50",
    'pricing.parts=[{share=0.5, term="commit_1y", rate="$2/h"}, {share=0.25, term="spot", rate="$1/h"}, {share=0.25}]',
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "sets"),
    [("llama-65b", MIXED), ("llama-65b", (*PRICES, "pricing.term=commit_3y")), ("palm-540b", ()), ("llama3-405b", ())],
)
def test_report_export_and_bill_agree_month_by_month(name: str, sets: tuple[str, ...]) -> None:
    found, ensemble, due = lived(*sets, "run.replicas=40", name=name)
    months = {month.first.isoformat(): month.usd for month in flows.cash_flow(found, ensemble)}
    exported: dict[str, list[float]] = defaultdict(list)
    for row in csv.DictReader(StringIO(focus_csv(found, ensemble))):
        exported[row["BillingPeriodStart"][:10]].append(float(row["BilledCost"]))
    assert {day: fsum(costs) for day, costs in exported.items()} == pytest.approx(months, rel=1e-9, abs=1e-6)
    owed = bill_of(found.scenario, ensemble, range(40)).usd("billed")
    assert due.billed().sum(axis=0) == pytest.approx(np.broadcast_to(owed, (40,)), rel=1e-12)


def test_data_that_is_kept_is_billed_by_the_calendar_month() -> None:
    """1 PiB for 59 days from 1 January is a month and a month, as S3 bills it, though January is longer: $23,345 each.

    51,200 GB-months at $0.023, 460,800 at $0.022 and the rest at $0.021 (`aws-s3-standard`).
    """
    gb = 2.0**20
    month = 51_200 * 0.023 + 460_800 * 0.022 + (gb - 512_000) * 0.021
    calm = [each.replace("start=2023-01-15", "start=2023-01-01") for each in CALM]
    kept = ("pricing.storage.tier=aws-s3-standard", f"pricing.storage.data={2**50} B", "data.tokens=4T tokens")
    found, ensemble, due = lived(*calm, "pricing.rate=$2/h", *kept)
    assert 59 * 24 < ensemble.wall_s.min() / 3600 < 90 * 24
    storage = [each for each in due.dues if each.line.phase == "storage"]
    by_month = due.by_month("billed", storage)[:, 0]
    assert by_month[:2] == pytest.approx([month, month], rel=1e-9)
    of_march = gb * (float(ensemble.wall_s[0]) / 86400 - 59) / 31
    assert 51_200 < of_march < 512_000
    assert by_month[2] == pytest.approx(51_200 * 0.023 + (of_march - 51_200) * 0.022, rel=1e-9)
    [row] = [row for row in found.ledger if row.phase == "storage"]
    assert by_month.sum() == pytest.approx(row.usd, abs=0.01)


@pytest.mark.parametrize(("off", "even"), [("0 %", 50), ("20 %", 40), ("[0.4, 0.6]", 25)])
def test_a_commitment_breaks_even_at_the_price_that_is_paid(off: str, even: int) -> None:
    """$2 against $4 on demand is half of the hours; with half off, $1 against $4 is a quarter."""
    found, _, _ = lived(*CALM, *PRICES, "pricing.term=commit_1y", f"pricing.discount={off}")
    assert f"on demand at {even} %" in " ".join(found.remarks)


def test_spot_is_held_against_the_whole_price_on_demand() -> None:
    """Half of $2 against all of $4 saves three quarters: the discount is one on spot."""
    found, _, _ = lived(*CALM, *PRICES, "pricing.term=spot", "pricing.discount=50 %")
    assert "spot saves 75 %" in " ".join(found.remarks)


def test_spot_is_held_against_the_price_on_demand_that_is_known_and_against_no_other() -> None:
    """$1.50 against $6, which a run that leaves the market pays, and not against $1.50 again."""
    alone = (*CALM, "pricing.rate=$1.5/h", "pricing.term=spot")
    found, _, _ = lived(*alone)
    assert "State pricing.list_rate, the price on demand, to see whether spot saves" in " ".join(found.remarks)
    market = ("spot.up.mean=50 h", "spot.away.mean=1 h", "cluster.spares=", "spot.on_demand_rate=$6/h")
    found, ensemble, _ = lived(*alone, *market)
    assert "On demand at $6.00/h and never preempted" in " ".join(found.remarks)
    hours = float(ensemble.productive_accelerator_s.mean()) / 3600
    saved = round(100 * (1 - found.usd.mean / (hours * 6)))
    assert any(f"spot saves {each} %" in " ".join(found.remarks) for each in (saved, saved + 1))


def test_machines_on_a_spot_market_are_paid_at_the_prices_of_the_days_on_which_they_are_held(tmp_path: Path) -> None:
    """Up half of the time, on average: $1 until hour 200 and $3 after it, whatever the hours before it were."""
    prices = tmp_path / "prices.csv"
    prices.write_text("hours,usd_per_accelerator_h\n0,1\n200,3\n90000,3\n")
    market = ("spot.up.mean=1 h", "spot.away.mean=1 h", "cluster.spares=", "checkpoint.interval=1 min")
    _, ensemble, due = lived(*CALM, *PRICES, *market, "pricing.term=spot", f"pricing.trace={prices}")
    wall_h = ensemble.wall_s / 3600
    assert wall_h.min() > 600  # 21 days of work, with days of waiting between
    paid = ensemble.accelerator_s / 3600 * (200 * 1 + (wall_h - 200) * 3) / wall_h
    assert due.billed().sum(axis=0) == pytest.approx(paid, rel=1e-9)
    assert due.billed()[0] == pytest.approx(paid * 17 * 24 / wall_h, rel=1e-9)  # January, of which 17 days are left


def test_where_a_commitment_pays_is_said_only_beside_a_price_on_demand() -> None:
    """$2 beside $4 on demand pays from half the hours on; beside nothing, nobody can say."""
    for rest, known in (("billed", "breaks even with $4.00/h on demand at 50 %"), ("shared", "pays if 50 % of it")):
        terms = ("pricing.term=commit_1y", f"pricing.rest={rest}")
        assert any(known in said for said in lived(*CALM, *PRICES, *terms)[0].remarks)
        [said] = lived(*CALM, PRICES[0], *terms)[0].remarks
        assert "State pricing.list_rate" in said
        assert "100 %" not in said
