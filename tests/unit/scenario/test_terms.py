"""Price terms, storage, taxes and spot traces as a scenario writes them."""

import json
from datetime import date
from pathlib import Path

import pytest

from simulator.pricing.reserved import CapacityBlock, Committed, ReservedMinimum
from simulator.pricing.terms import Negotiated, OnDemand, Owned, Spot, Usage
from simulator.scenario.api import resolved_toml
from simulator.scenario.spot import read_trace
from tests.unit.scenario.maker import Maker

AWS = "without = ['pricing.rate']\nstart = 2023-06-01\n[pricing]\nprovider = 'aws'\nregion = 'us-east-1'\n"


def only(made: Maker, *sets: str, text: str = AWS) -> tuple[object, object]:
    [portion] = made(text, *sets).tariff.portions
    return portion.term, portion.quote


def test_a_commitment_is_looked_up_with_the_list_price_beside_it(made: Maker) -> None:
    term, _ = only(made, "pricing.term=commit_1y")
    assert isinstance(term, Committed)
    assert (term.usd_per_accelerator_h, term.list_usd_per_accelerator_h) == (3.0, 5.12)
    assert (term.years, term.held_h) == (1, 8760.0)
    assert term.accelerators == made(AWS).stages[0].accelerators
    shared, _ = only(made, "pricing.term=commit_3y", "pricing.rest=shared", "pricing.reserved=32")
    assert isinstance(shared, Committed)
    assert (shared.years, shared.held_h, shared.accelerators) == (3, None, 32)


def test_negotiated_without_a_discount_takes_the_prior(made: Maker) -> None:
    term, _ = only(made, "pricing.term=negotiated")
    assert isinstance(term, Negotiated)
    assert term.bounds == (0.5, 0.8)
    term, _ = only(made, "pricing.term=negotiated", "pricing.discount=0.3")
    assert isinstance(term, Negotiated)
    assert term.bounds == (0.3, 0.3)
    term, _ = only(made, "pricing.rate=$1/h", "pricing.list_rate=$4/h", "pricing.term=negotiated", text="")
    assert isinstance(term, Negotiated)
    assert (term.usd_per_accelerator_h, term.share_off) == (4.0, 0.75)


def test_a_stated_rate_off_which_the_prior_goes_is_a_warning(made: Maker) -> None:
    taken = "$3.40/h is taken for the list price, and as no discount is stated, 50 % to 80 % go off it."
    found = made("", "pricing.rate=$3.40/h", "pricing.term=negotiated")
    assert [taken in warning for warning in found.warnings].count(True) == 1
    for settled in ("pricing.discount=0", "pricing.discount=unknown", "pricing.list_rate=$5.50/h"):
        found = made("", "pricing.rate=$3.40/h", "pricing.term=negotiated", settled)
        assert not any(taken in warning for warning in found.warnings)


def test_a_list_rate_beside_a_row_is_the_list_price_and_leaves_the_prior_of_a_negotiated_term(made: Maker) -> None:
    term, _ = only(made, "pricing.list_rate=$8/h")
    assert isinstance(term, Negotiated)
    assert (term.usd_per_accelerator_h, term.share_off) == (8.0, pytest.approx(1 - 5.12 / 8))
    term, _ = only(made, "pricing.term=negotiated", "pricing.list_rate=$8/h")
    assert isinstance(term, Negotiated)
    assert term.bounds == pytest.approx((1 - 0.5 * 5.12 / 8, 1 - 0.2 * 5.12 / 8))


@pytest.mark.parametrize(
    ("sets", "where"),
    [
        (["pricing.trace=prices.csv"], "pricing.trace"),
        (["pricing.rest=shared", "pricing.term=negotiated"], "pricing.rest"),
        (["pricing.block=7 d", "pricing.term=commit_1y"], "pricing.block"),
        (
            ["pricing.parts=[{share = 0.5, term = 'commit_1y'}, {share = 0.5, reserved = 8}]"],
            "pricing.parts[1].reserved",
        ),
    ],
)
def test_what_no_term_reads_is_a_warning(made: Maker, sets: list[str], where: str) -> None:
    assert any(f"{where} is stated and counts for nothing" in each for each in made(AWS, *sets).warnings)
    commit = ["pricing.parts=[{share = 0.5, term = 'commit_1y'}, {share = 0.5}]", "pricing.reserved=8"]
    assert not any("counts for nothing" in each for each in made(AWS, *commit).warnings)


def test_an_amount_that_each_of_several_parts_takes_is_a_warning(made: Maker) -> None:
    halves = ["pricing.term=commit_1y", "pricing.reserved=8"]
    both = made(AWS, *halves, "pricing.parts=[{share = 0.5}, {share = 0.5}]")
    assert "pricing.reserved counts for each of 2 parts, 16 in all; state it in the parts." in both.warnings
    one = made(AWS, *halves, "pricing.parts=[{share = 0.5}, {share = 0.5, term = 'on_demand'}]")
    assert not any("counts for each" in warning for warning in one.warnings)


def test_a_list_rate_below_the_price_is_said_and_left_out(made: Maker) -> None:
    found = made("", "pricing.rate=$4/h", "pricing.list_rate=$2/h")
    assert found.tariff.list_usd_per_accelerator_h == 4.0
    assert any("list_rate of $2.00/h is below" in warning for warning in found.warnings)
    assert (
        made("", "pricing.rate=$4/h", "pricing.list_rate=$2/h", "pricing.term=spot").tariff.list_usd_per_accelerator_h
        == 2.0
    )


@pytest.mark.parametrize(
    ("sets", "kind"),
    [
        (["pricing.term=capacity_block", "pricing.block=7 d", "pricing.list_rate=$3/h"], CapacityBlock),
        (["pricing.term=reserved_minimum", "pricing.minimum_accelerator_hours=1000"], ReservedMinimum),
        (["pricing.term=spot"], Spot),
        (["pricing.term=owned"], Owned),
        (["pricing.term=on_demand"], OnDemand),
    ],
)
def test_stated_prices_on_every_term(made: Maker, sets: list[str], kind: type) -> None:
    term, _ = only(made, "pricing.rate=$2/h", *sets, text="")
    assert isinstance(term, kind)
    if isinstance(term, CapacityBlock):
        assert (term.block_h, term.list_usd_per_accelerator_h) == (168.0, 3.0)


def test_mixed_terms(made: Maker) -> None:
    text = AWS + "[[pricing.parts]]\nshare = 0.75\nterm = 'commit_3y'\n[[pricing.parts]]\nshare = 0.25\n"
    found = made(text).tariff
    assert [(part.share, part.quote.term) for part in found.portions] == [(0.75, "commit_3y"), (0.25, "on_demand")]
    issues = made.issues(text, "pricing.parts[1].share=0.5")
    assert "sum to 1" in issues["pricing.parts"]


def test_what_contradicts_is_refused(made: Maker) -> None:
    assert "belongs to term = 'spot'" in made.issues("", "pricing.preemption.away=1 h")["pricing.preemption"]
    assert "needs currency" in made.issues("", "pricing.per_usd=0.9")["pricing.per_usd"]
    assert "is missing" in made.issues("", "pricing.storage.checkpoints=3")["pricing.storage.tier"]
    assert "how much leaves" in made.issues("", "pricing.egress.tier=aws")["pricing.egress.data"]
    assert "did you mean 'spot'" in made.issues("", "pricing.term=spott")["pricing.term"]
    missing = made.issues("", "pricing.term=reserved_minimum")
    assert "how many are paid" in missing["pricing.minimum_accelerator_hours"]
    assert "100 %" in made.issues("", "pricing.term=spot", "pricing.discount=1")["pricing.discount"]


@pytest.mark.parametrize("zero", ["$0/h", "0", "0.0"])
@pytest.mark.parametrize("key", ["rate", "list_rate", "host"])
def test_a_price_of_zero_is_no_price(made: Maker, key: str, zero: str) -> None:
    """Source: theory of dollars, section 2: a missing or zero price is an error, never $0."""
    assert "zero, and no price is" in made.issues("", f"pricing.{key}={zero}")[f"pricing.{key}"]


def test_a_gift_keeps_its_list_price(made: Maker) -> None:
    term, _ = only(made, "pricing.rate=$2/h", "pricing.discount=100 %", text="")
    [line] = term.charge(Usage.of(8, 10.0))
    assert (line.list_usd, line.contracted_usd, line.billed_usd) == (160.0, 0.0, 0.0)


def test_spot_brings_preemptions(made: Maker) -> None:
    spot = made("", "pricing.term=spot", "pricing.list_rate=$5/h", "pricing.preemption.per_1000_node_days=10",
                "pricing.preemption.away=20 min")  # fmt: skip
    cause = next(cause for cause in spot.causes if cause.name == "preemption")
    assert (cause.detection_s, cause.nodes_lost) == (1200.0, 0)
    assert cause.rate_per_node_s == pytest.approx(10 / 1000 / 86400)
    assert any("never taken back" in text for text in made("", "pricing.term=spot").warnings)


def test_storage_taxes_and_credits(made: Maker) -> None:
    sets = ["storage.tier=aws-s3-standard", "storage.checkpoints=2", "storage.data=1 TB", "egress.tier=lambda",
            "egress.data=3 GB", "tax=20 %", "credits=$5", "currency=EUR", "per_usd=0.9"]  # fmt: skip
    found = made("", "checkpoint.state=1 TB", *(f"pricing.{each}" for each in sets)).tariff
    sizes = [(each.what, each.gb) for each in found.holdings]
    assert sizes == [("checkpoints", 2e12 / 2**30), ("data", 1e12 / 2**30), ("data", 3e9 / 2**30)]
    assert (found.tax_rate, found.credits_usd, found.currency, found.per_usd) == (0.2, 5.0, "EUR", 0.9)


def test_a_gigabyte_of_a_price_list_has_two_to_the_thirty_bytes(made: Maker) -> None:
    """Amazon's own example of S3 (its FAQ) divides byte-hours by 1,073,741,824: 10 TiB are 10,240 GB at $0.023."""
    sets = ["pricing.storage.tier=aws-s3-standard", "pricing.storage.data=10 TiB", "start=2026-07-01"]
    [kept] = made("", *sets).tariff.bill([Usage.of(8, 31 * 24.0, "train")]).owed
    assert (float(kept.line.billed_usd), float(kept.quantity)) == (pytest.approx(235.52), 10_240.0)
    assert kept.unit == "GiB-Months"


def test_a_trace_of_prices(made: Maker) -> None:
    (made.folder / "spot.csv").write_text(
        "time,usd_per_accelerator_h\n2023-01-01,1.0\n2023-01-02,3.0\n2023-01-03T12:00,2.0\n"
    )
    trace = read_trace(made.folder / "spot.csv", date(2023, 1, 2))
    assert (trace.from_h, trace.levels, trace.length_h) == ((0.0, 36.0, 66.0), (3.0, 2.0, 1.0), 90.0)
    assert read_trace(made.folder / "spot.csv", date(2030, 1, 1)).levels == (1.0, 3.0, 2.0)
    text = "[pricing]\nterm = 'spot'\ntrace = 'spot.csv'\n"
    found = made(text)
    term = found.tariff.portions[0].term
    assert isinstance(term, Spot)
    assert term.trace is not None
    again = made.folder / "again.toml"
    again.write_text(resolved_toml(found))
    from simulator.scenario.api import scenario

    assert scenario(again).fingerprint == found.fingerprint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("when,what\n1,2\n", "header needs"),
        ("hours,usd_per_accelerator_h\n1,2\n", "two rows"),
        ("hours,usd_per_accelerator_h\n1,2\nx,3\n", "bad.csv:3"),
    ],
)
def test_bad_traces(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_trace(tmp_path / "bad.csv", date(2023, 1, 1))


def test_amazons_own_history_of_spot_prices(made: Maker) -> None:
    """Machines of 8; the zone that changed most often counts."""
    rows = [("a", "2023-01-01T00:00:00.000Z", "8.0"), ("b", "2023-01-01T00:00:00.000Z", "99"),
            ("a", "2023-01-02T00:00:00.000Z", "16.0"), ("a", "2023-01-03T00:00:00.000Z", "24.0")]  # fmt: skip
    history = [{"AvailabilityZone": zone, "InstanceType": "p4de.24xlarge", "Timestamp": at, "SpotPrice": usd}
               for zone, at, usd in reversed(rows)]  # fmt: skip
    (made.folder / "spot.json").write_text(json.dumps({"SpotPriceHistory": history}))
    found = made("start = 2023-01-02\n[pricing]\nterm = 'spot'\ntrace = 'spot.json'\n")
    term = found.tariff.portions[0].term
    assert isinstance(term, Spot)
    assert term.trace is not None
    assert (term.trace.from_h, term.trace.levels) == ((0.0, 24.0, 48.0), (2.0, 3.0, 1.0))
    (made.folder / "spot.json").write_text("{}")
    issues = made.issues("[pricing]\nterm = 'spot'\ntrace = 'spot.json'\n")
    assert "no SpotPriceHistory" in issues["pricing.term"]


@pytest.mark.parametrize(
    ("sets", "word"),
    [
        (["start=2022-12-10"], None),
        (["start=2021-12-12"], None),
        (["start=2021-12-11"], "before"),
        (["start=2015-01-01"], "before"),
        (["start=2023-12-12"], None),
        (["start=2023-12-13"], "after"),
        (["start=2022-12-12", "pricing.date=2024-06-01"], "after"),
        (["start=2015-01-01", "pricing.rate=$2/h"], None),
        (["start=2015-01-01", "pricing.rate=$2/h", "pricing.date=2022-12-10"], "before"),
    ],
)
def test_a_run_far_from_the_day_of_its_price_is_warned_of(made: Maker, sets: list[str], word: str | None) -> None:
    row = "without = ['pricing.rate']\n[pricing]\nprovider = 'gcp'\nregion = 'us-central1'\ndate = 2022-12-12\n"
    text = row if all("rate" not in each for each in sets) else ""
    found = [each for each in made(text, *sets).warnings if "more than a year" in each]
    assert [f" {word} the day of its price" in each for each in found] == [True] * (word is not None)


def test_a_price_that_was_seen_again_is_of_all_the_days_between(made: Maker) -> None:
    row = "without = ['pricing.rate']\nstart = 2024-01-20\n[pricing]\nbook = 'my.csv'\n"
    for last, count in (("2024-01-28", 0), ("", 1)):
        (made.folder / "my.csv").write_text(
            f"accelerator,usd_per_accelerator_h,date_from,date_to\na100-sxm-80gb,2,2021-08-13,{last}\n"
        )
        assert sum("more than a year after" in each for each in made(row).warnings) == count


def test_a_price_that_nobody_has_says_what_to_do(made: Maker) -> None:
    nothing = made.issues("without = ['pricing.rate']\n[cluster]\naccelerator = 'tpu-v5p'\n", "start=2026-01-01")
    assert "no row has a price of an hour of it: pricing.book adds one; or state pricing.rate" in nothing["pricing"]
    assert "purchase" not in nothing["pricing"]
