"""The importer: every observation carried or dropped for a reason, and the shipped book is what it makes."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from analysis.validation.import_prices import K80_UNIT, NO_PRICE, UNKNOWN_NAME, main, normalise
from simulator.catalogue.reader import rows
from tests.beside import truth

ROOT = Path(__file__).parents[3]
EMPTY = {
    "accelerator": "NVIDIA H100 SXM",
    "provider": "Nebius",
    "instance": "",
    "region": "",
    "on_demand_usd_per_accel_hour": "",
    "spot_usd_per_accel_hour": "",
    "commit_1y_usd_per_accel_hour": "",
    "commit_3y_usd_per_accel_hour": "",
    "purchase_usd_per_accel": "",
    "date": "2025-01-01",
    "note": "",
    "source": "s",
}


def seen(**given: str) -> dict[str, str]:
    return EMPTY | {"on_demand_usd_per_accel_hour": "2"} | given


@pytest.fixture
def collected() -> list[dict[str, str]]:
    with truth("prices.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_collected_row_is_carried_or_dropped_for_a_reason(collected: list[dict[str, str]]) -> None:
    outcome = normalise(collected)
    assert len(collected) == 304
    assert outcome.carried + len(outcome.dropped) == 304
    assert Counter(outcome.dropped.values()) == {K80_UNIT: 3}


def test_no_price_is_lost_but_for_the_spot_that_is_none(collected: list[dict[str, str]]) -> None:
    columns = [name for name in collected[0] if "usd_per" in name or name.startswith("purchase_usd")]
    made = normalise(collected)
    kept = [row for index, row in enumerate(collected) if index not in made.dropped]
    prices = sum(bool(row[column]) * max(1, len(row["region"].split(","))) for row in kept for column in columns)
    assert len(made.rows) == prices - 1 == 515


def test_the_shipped_book_is_what_the_importer_makes(collected: list[dict[str, str]]) -> None:
    assert [dict(row) for row in rows("prices")] == [dict(row) for row in normalise(collected).rows]


def test_importing_writes_the_same_file(
    collected: list[dict[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = tmp_path / "prices.csv"
    assert main([str(truth("prices.csv")), str(book)]) == 0
    assert book.read_bytes() == (ROOT / "simulator" / "catalogue" / "prices.csv").read_bytes()
    assert capsys.readouterr().out.startswith("301 observations carried as 515 rows\n3 dropped: unit unclear")


def test_wrong_arguments_explain_the_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "import_prices" in capsys.readouterr().err


def test_host_only_rows_get_terms_of_their_own() -> None:
    made = normalise(
        [seen(accelerator="(host only) GCP a2-ultragpu-8g", provider="Google Cloud", spot_usd_per_accel_hour="1")]
    )
    assert [(row["accelerator"], row["term"], row["host_included"]) for row in made.rows] == [
        ("a100-sxm-80gb", "host", ""),
        ("a100-sxm-80gb", "host_spot", ""),
    ]


def test_google_lists_gpus_without_their_host_but_not_machines() -> None:
    bare, machine = (
        normalise([seen(accelerator="NVIDIA A100 SXM4 40 GB", provider="Google Cloud", instance=instance)]).rows[0]
        for instance in ("", "A100 (40 GB)")
    )
    assert (bare["host_included"], machine["host_included"]) == ("false", "true")


def test_spot_that_repeats_on_demand_is_dropped_and_noted() -> None:
    [row] = normalise([seen(spot_usd_per_accel_hour="2")]).rows
    assert row["term"] == "on_demand"
    assert "no spot" in row["note"]


def test_purchases_are_per_accelerator_and_keep_how_they_were_split() -> None:
    given = EMPTY | {
        "provider": "PURCHASE",
        "purchase_usd_per_accel": "30000",
        "note": "system price / 8; DGX, euro to USD",
    }
    [row] = normalise([given]).rows
    assert (row["term"], row["usd_per_accelerator_h"], row["usd_per_accelerator"]) == ("purchase", "", "30000")
    assert row["note"] == "price of a system divided by 8; converted from euros"


def test_several_regions_become_several_rows() -> None:
    given = seen(accelerator="Google TPU v5e", provider="Google Cloud", region="Iowa (us-central1),Oregon,East US")
    assert [row["region"] for row in normalise([given]).rows] == ["us-central1", "us-east", "us-west1"]


def test_a_row_ends_the_day_before_the_next_observation() -> None:
    made = normalise([seen(date="2025-03-01"), seen(date="2025-01-01"), seen(date="2025-01-01", region="us")])
    assert [(row["region"], row["date_from"], row["date_to"]) for row in made.rows] == [
        ("", "2025-01-01", "2025-02-28"),
        ("", "2025-03-01", ""),
        ("us", "2025-01-01", ""),
    ]


def test_undated_rows_say_so() -> None:
    [row] = normalise([seen(date="2026 (v8 catalogue)")]).rows
    assert (row["date_from"], row["note"]) == ("2026-01-01", "date as collected: 2026 (v8 catalogue)")


def test_what_cannot_be_used_is_dropped_with_its_reason() -> None:
    made = normalise([seen(accelerator="NVIDIA Foo"), EMPTY, seen(on_demand_usd_per_accel_hour="0")])
    assert made.dropped == {0: UNKNOWN_NAME, 1: NO_PRICE, 2: NO_PRICE}
    assert made.carried == 0
