"""The bill as FOCUS 1.2: required columns, value lists, sums on four bases, and the way back into prices."""

import csv
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app
from analysis.metrics.focus import COLUMNS
from analysis.validation.price_files import read_prices

REQUIRED = {
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart",
    "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost",
    "EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName",
    "ServiceCategory", "ServiceName",
}  # fmt: skip
NOT_NULL = REQUIRED - {"ChargeClass", "PricingQuantity", "PricingUnit"}
VALUES = {
    "ChargeCategory": {"Usage", "Purchase", "Tax", "Credit", "Adjustment"},
    "ChargeClass": {"", "Correction"},
    "ChargeFrequency": {"One-Time", "Recurring", "Usage-Based"},
    "PricingCategory": {"", "Standard", "Committed", "Dynamic", "Other"},
    "CommitmentDiscountCategory": {"", "Spend", "Usage"},
    "CommitmentDiscountStatus": {"", "Used", "Unused"},
    "ServiceCategory": {
        "AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases", "Developer Tools",
        "Identity", "Integration", "Internet of Things", "Management and Governance", "Media", "Migration", "Mobile",
        "Multicloud", "Networking", "Other", "Security", "Storage", "Web",
    },
}  # fmt: skip
BASES = {"list": "ListCost", "contracted": "ContractedCost", "effective": "EffectiveCost", "billed": "BilledCost"}
MIXED = """
extends = "llama-65b"
without = ["pricing.provider", "pricing.region"]
[pricing]
rate = "$4/h"
provider = "gcp"
region = "us-central1"
tax = "10 %"
credits = "$1000"
currency = "EUR"
per_usd = 0.5
[pricing.storage]
tier = "aws-s3-standard"
checkpoints = 2
[pricing.egress]
tier = "gcp"
data = "1 TB"
[[pricing.parts]]
share = 0.5
term = "commit_1y"
rate = "$2/h"
[[pricing.parts]]
share = 0.25
term = "spot"
rate = "$1/h"
[[pricing.parts]]
share = 0.25
[energy]
carbon_price = "$50"
[run]
replicas = 20
"""


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, str]], dict, Path]:  # type: ignore[type-arg]  # JSON
    folder = tmp_path_factory.mktemp("focus")
    (folder / "mixed.toml").write_text(MIXED)
    done = CliRunner().invoke(app, ["export", "focus", str(folder / "mixed.toml"), "-o", str(folder / "bill.csv")])
    assert done.exit_code == 0, done.output
    shown = CliRunner().invoke(app, ["run", str(folder / "mixed.toml"), "--json"])
    with (folder / "bill.csv").open() as text:
        return list(csv.DictReader(text)), json.loads(shown.stdout), folder / "bill.csv"


def test_required_columns_and_value_lists(bill) -> None:  # type: ignore[no-untyped-def]  # the fixture above
    rows, _, _ = bill
    assert set(COLUMNS) >= REQUIRED
    assert len(set(COLUMNS)) == len(COLUMNS)
    assert list(rows[0]) == list(COLUMNS)
    for row in rows:
        assert all(row[name] for name in NOT_NULL)
        for name, allowed in VALUES.items():
            assert row[name] in allowed, (name, row[name])
        assert re.fullmatch(r"[A-Z]{3}", row["BillingCurrency"])
        assert all(value == "" or name.startswith("x_") or not name.startswith("_") for name, value in row.items())
        json.loads(row["Tags"])


def test_periods_are_months_and_charges_lie_in_them(bill) -> None:  # type: ignore[no-untyped-def]
    rows, _, _ = bill
    for row in rows:
        assert re.fullmatch(r"\d{4}-\d\d-01T00:00:00Z", row["BillingPeriodStart"])
        assert row["BillingPeriodStart"] <= row["ChargePeriodStart"] < row["ChargePeriodEnd"] <= row["BillingPeriodEnd"]
    held = {"2022-12-01T00:00:00Z", *(f"2023-{month:02}-01T00:00:00Z" for month in range(1, 13))}
    for phase, months in (("idle_commitment", held), ("productive", {"2022-12-01T00:00:00Z", "2023-01-01T00:00:00Z"})):
        assert {row["BillingPeriodStart"] for row in rows if row["x_GoodputPhase"] == phase} == months


def test_costs_sum_to_the_forecast_on_all_four_bases(bill) -> None:  # type: ignore[no-untyped-def]
    rows, facts, _ = bill
    for basis, column in BASES.items():
        whole = sum(float(row[column]) for row in rows)
        assert whole == pytest.approx(0.5 * facts["usd_by_basis"][basis]["mean"], rel=1e-9, abs=0.01)
    for row in rows:
        if row["PricingQuantity"] and float(row["PricingQuantity"]):
            quantity = float(row["PricingQuantity"])
            assert float(row["ListUnitPrice"]) * quantity == pytest.approx(float(row["ListCost"]), rel=1e-6, abs=1e-6)
            assert float(row["ContractedUnitPrice"]) * quantity == pytest.approx(
                float(row["ContractedCost"]), rel=1e-6, abs=1e-6
            )


def test_terms_show(bill) -> None:  # type: ignore[no-untyped-def]
    rows, _, _ = bill
    seen = {(row["PricingCategory"], row["CommitmentDiscountStatus"]) for row in rows}
    assert {("Committed", "Used"), ("Committed", "Unused"), ("Dynamic", ""), ("Standard", ""), ("", "")} == seen
    assert {row["ChargeCategory"] for row in rows} == {"Usage", "Tax", "Credit"}
    phases = {row["x_GoodputPhase"] for row in rows}
    assert {"productive", "idle_commitment", "storage", "egress", "carbon", "tax", "credit"} <= phases
    hours = sum(float(row["PricingQuantity"]) for row in rows if row["ServiceCategory"] == "Compute" and
                row["x_GoodputPhase"] != "idle_commitment")  # fmt: skip
    assert hours == pytest.approx(bill[1]["accelerator_hours"]["mean"], rel=1e-9)


def test_a_bill_comes_back_as_prices(bill) -> None:  # type: ignore[no-untyped-def]
    found = read_prices(bill[2])
    assert found.form == "FOCUS bill"
    prices = {row["term"]: float(row["usd_per_accelerator_h"]) for row in found.rows}
    assert prices == pytest.approx({"commit_1y": 1.0, "spot": 0.5, "on_demand": 2.0})  # in euros, at half a dollar
    assert {row["region"] for row in found.rows} == {"us-central1"}
    assert sum(found.dropped.values()) + len([row for row in bill[0] if row["ServiceCategory"] == "Compute" and
               row["CommitmentDiscountStatus"] != "Unused"]) == found.read  # fmt: skip
