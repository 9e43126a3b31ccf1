"""What is owed beside the machines has dollars and no hours, and is no cause of stops."""

import pytest

from analysis.metrics.forecast import Forecast, forecast
from analysis.plots.waterfall import waterfall
from analysis.report import flows
from analysis.report.tables import causes, ledger, phases
from simulator.engine.run import run
from simulator.scenario.api import scenario

SETS = [
    "run.replicas=20", "pricing.tax=0.1", "pricing.credits=$1000", "pricing.storage.tier=aws-s3-standard",
    "pricing.storage.checkpoints=4", "pricing.storage.data=100 TB", "pricing.egress.tier=aws",
    "pricing.egress.data=1 TB",
]  # fmt: skip


@pytest.fixture(scope="module")
def found() -> Forecast:
    known = scenario("llama-65b", SETS)
    return forecast(known, run(known, range(20)), range(20))


def test_only_what_stops_a_run_is_a_cause(found: Forecast) -> None:
    assert [row[0] for row in causes(found).rows] == ["hardware"]


def test_taxes_storage_and_credits_have_no_hours(found: Forecast) -> None:
    beside = {"taxes", "storage", "data out", "credits"}
    by_phase = {row[0]: row[1:] for row in phases(found).rows}
    assert beside <= set(by_phase)
    assert {by_phase[name][0] for name in beside} == {by_phase[name][2] for name in beside} == {""}
    assert all(row[1] and row[3] for name, row in by_phase.items() if name not in beside for row in [("", *row)])
    assert all(row[3] == "" for row in ledger(found).rows if row[1] in beside)
    assert "taxes $" in waterfall("w", flows.steps(found)).alt
