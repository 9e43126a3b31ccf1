"""The price book: which row is found, and what is said when none is."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from simulator.pricing.book import STALE_DAYS, Price, PriceBook, PriceError, price_book, provider_key

DAY = date(2022, 12, 12)


def own_file(folder: Path, text: str) -> Path:
    path = folder / "prices.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_seeds_two_rows() -> None:
    gpu = price_book().lookup("a100-80gb", provider="Google Cloud", region="us-central1", date=DAY)
    assert (gpu.usd_per_accelerator_h, gpu.host_included, gpu.date_from) == (3.93, False, DAY)
    chip = price_book().lookup("TPU v4", provider="gcp", region="us-central2", date=date(2022, 5, 11))
    assert (chip.usd_per_accelerator_h, chip.host_included) == (3.22, True)


@pytest.mark.parametrize(
    ("term", "usd"), [("on_demand", 3.22), ("commit_1y", 2.03), ("commit_3y", 1.45), ("spot", 0.9215)]
)
def test_tpu_v4_on_every_term(term: str, usd: float) -> None:
    assert price_book().lookup("tpu-v4", provider="gcp", term=term, date=date(2026, 6, 1)).usd_per_accelerator_h == usd


def test_the_row_observed_last_before_the_day_is_used() -> None:
    book = price_book()
    prices = [book.lookup("h100", provider="lambda", date=day).usd_per_accelerator_h
              for day in (date(2023, 7, 1), date(2024, 8, 31), date(2024, 9, 1), date(2026, 3, 1))]  # fmt: skip
    assert prices == [1.99, 3.49, 2.99, 3.00]


def test_the_cheapest_of_equal_days_is_used_and_the_others_are_named() -> None:
    found = price_book().lookup("v100-16gb", provider="exoscale", date=date(2022, 9, 1))
    assert (found.usd, found.others) == (0.83, (1.01, 1.38))


def test_a_cheaper_row_of_the_year_is_named_where_no_provider_is_asked_for() -> None:
    """On 1 July 2025 the newest of an H100 are Oracle's $10, Google's and Amazon's; two weeks older, Cudo's $2.45."""
    newest = price_book().lookup("h100-sxm", date=date(2025, 7, 1))
    assert (newest.provider, newest.usd) == ("oracle", 10.0)
    assert newest.cheaper is not None
    assert (newest.cheaper.provider, newest.cheaper.usd) == ("cudo", 2.45)
    assert price_book().lookup("h100-sxm", provider="oracle", date=date(2025, 7, 1)).cheaper is None
    assert price_book().lookup("h100-sxm", date=date(2025, 3, 10)).cheaper is None
    old = price_book().lookup("h100-sxm", date=date(2026, 3, 18)).cheaper
    assert old is None or (date(2026, 3, 18) - (old.last_seen or date.min)).days <= STALE_DAYS


def test_staleness_starts_after_a_year() -> None:
    fresh, stale = (
        price_book().lookup("a100-80gb", provider="gcp", date=day) for day in (date(2023, 12, 12), date(2023, 12, 13))
    )
    assert (fresh.stale, stale.stale) == (False, True)
    assert (date(2023, 12, 12) - DAY).days == STALE_DAYS


def test_a_row_is_as_old_as_the_last_day_on_which_it_held(tmp_path: Path) -> None:
    """Amazon's $3.00 for a committed A100 held from December 2022 to August 2024: the price of June 2024."""
    held = price_book().lookup("a100-80gb", provider="aws", term="commit_1y", date=date(2024, 6, 1))
    assert (held.date_from, held.last_seen, held.stale) == (date(2022, 12, 9), date(2024, 8, 2), False)
    path = own_file(tmp_path, "accelerator,usd_per_accelerator_h,date_from,date_to\nh100,2,2020-01-01,2025-03-31\n")
    assert not PriceBook(catalogue=()).with_file(path).lookup("h100", date=date(2025, 3, 31)).stale


def test_a_day_before_every_row_is_an_error_with_the_nearest() -> None:
    with pytest.raises(PriceError, match=r"no price for a100-sxm-80gb, gcp.*2020-01-01; nearest rows: .*3\.93/h"):
        price_book().lookup("a100-80gb", provider="gcp", date=date(2020, 1, 1))


def test_an_accelerator_without_prices_names_the_nearest() -> None:
    with pytest.raises(PriceError, match="did you mean 'b200-sxm'"):
        price_book().lookup("b300", date=DAY)


def test_an_unknown_term_names_the_nearest() -> None:
    with pytest.raises(PriceError, match="did you mean 'commit_3y'"):
        price_book().lookup("h100", term="commit_2y", date=DAY)


def test_spot_equal_to_on_demand_is_no_spot() -> None:
    assert price_book().lookup("a100-pcie-80gb", provider="runpod", date=date(2026, 2, 1)).usd == 1.39
    with pytest.raises(PriceError, match="spot"):
        price_book().lookup("a100-pcie-80gb", provider="runpod", term="spot", date=date(2026, 2, 1))


def test_the_host_is_added_only_where_it_is_missing() -> None:
    book, day = price_book(), date(2026, 2, 1)
    host = book.lookup("a100-80gb", term="host", date=day)
    with_host = book.lookup("a100-80gb", provider="gcp", date=day).plus_host(host)
    assert with_host.usd == pytest.approx(5.0296)
    assert with_host.host_included is True
    with pytest.raises(PriceError, match="cannot be added"):
        with_host.plus_host(host)


def test_a_price_with_a_host_is_as_old_as_the_older_of_the_two() -> None:
    book, day = price_book(), date(2026, 2, 1)
    host = book.lookup("a100-80gb", term="host", date=day)
    bare = replace(book.lookup("a100-80gb", provider="gcp", date=day), stale=False)
    assert [bare.plus_host(replace(host, stale=stale)).stale for stale in (False, True)] == [False, True]


def test_a_cheaper_row_counts_the_same_machine(tmp_path: Path) -> None:
    """A price without its host is no cheaper one of the same; of those with it the least is named."""
    rows = ["h100,3,newest,true,2025-06-01", "h100,2,bare,false,2025-05-01", "h100,2.5,whole,true,2025-05-01",
            "h100,2.8,dearer,true,2025-05-01"]  # fmt: skip
    text = "\n".join(["accelerator,usd_per_accelerator_h,provider,host_included,date_from", *rows, ""])
    found = PriceBook(catalogue=()).with_file(own_file(tmp_path, text)).lookup("h100", date=date(2025, 6, 10))
    assert found.provider == "newest"
    assert found.cheaper is not None
    assert found.cheaper.provider == "whole"


def test_a_second_file_leaves_the_first_in_the_book(tmp_path: Path) -> None:
    book = PriceBook(catalogue=())
    for accelerator, usd in (("h100", 2), ("b200", 4)):
        path = own_file(tmp_path, f"accelerator,usd_per_accelerator_h\n{accelerator},{usd}\n")
        book = book.with_file(path)
    assert [book.lookup(accelerator, date=DAY).usd for accelerator in ("h100", "b200")] == [2, 4]


def test_a_purchase_has_no_hourly_price() -> None:
    bought = price_book().lookup("h100", term="purchase", date=date(2024, 8, 1))
    assert bought.usd == 36017.75
    with pytest.raises(PriceError, match="no price per hour"):
        _ = bought.usd_per_accelerator_h


def test_no_price_is_zero_or_absurd() -> None:
    for row in price_book().catalogue:
        low, high = (400, 60_000) if row.term == "purchase" else (0.1, 13)
        assert low < row.usd < high, row.label


def test_a_users_file_wins(tmp_path: Path) -> None:
    path = own_file(tmp_path, "accelerator,usd_per_accelerator_h,provider\na100-80gb,$1.10,\n")
    found = price_book().with_file(path).lookup("a100-sxm-80gb", provider="gcp", date=DAY)
    assert (found.usd, found.own, found.source, found.host_included) == (1.10, True, "prices.csv", True)
    assert price_book().with_file(path).lookup("tpu-v4", date=date(2023, 1, 1)).usd == 3.22


def test_a_users_dated_rows_hold_on_their_days_only(tmp_path: Path) -> None:
    path = own_file(
        tmp_path, "accelerator,usd_per_accelerator_h,provider,date_from,date_to\nh100,2,gcp,2025-01-01,2025-03-31\n"
    )
    book = PriceBook(catalogue=()).with_file(path)
    assert book.lookup("h100", date=date(2025, 3, 31)).usd == 2
    with pytest.raises(PriceError, match="no price for h100-sxm"):
        book.lookup("h100", date=date(2025, 4, 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("accelerator,usd_per_accelerator_h\nh100,0\n", ":2: usd_per_accelerator_h is '0'"),
        ("accelerator,usd_per_accelerator_h\nh100,cheap\n", ":2: usd_per_accelerator_h is 'cheap'"),
        ("accelerator,usd_per_accelerator_h\nh100,2\nh100,nan\nh100,-1\n", r":3: .*'nan'.*\n.*:4: .*'-1'"),
        ("accelerator,usd_per_accelerator_h,term\nh100,2,weekly\n", ":2: term of a price 'weekly'"),
        ("accelerator,usd_per_accelerator_h,date_from\nh100,2,soon\n", ":2: 'soon' is not a date"),
        ("accelerator,usd_per_accelerator_h,host_included\nh100,2,maybe\n", ":2: host_included 'maybe'"),
        ("accelerator,price\nh100,2\n", ":1: column usd_per_accelerator_h is missing"),
        ("accelerator,usd_per_accelerator_h\n", "no rows"),
        ("accelerator,usd_per_accelerator_h\nh100,1e300\n", ":2: usd_per_accelerator_h is '1e300'"),
        ("accelerator,usd_per_accelerator_h\nh100,2,10\n", ":2: has 3 fields, and the header names 2"),
        ("accelerator,usd_per_accelerator_h,prvider\nh100,2,aws\n", ":1: column 'prvider'.*did you mean 'provider'"),
        ("accelerator,accelerator,usd_per_accelerator_h\nh100,b200,2\n", ":1: column accelerator is there more"),
    ],
)
def test_a_bad_file_names_its_lines(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PriceError, match=message):
        price_book().with_file(own_file(tmp_path, text))


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(PriceError, match=r"absent\.csv: cannot be read: No such file or directory$"):
        price_book().with_file(tmp_path / "absent.csv")
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(PriceError, match="not UTF-8 text, at byte 0"):
        price_book().with_file(binary)


def test_the_label_carries_the_whole_basis() -> None:
    found = price_book().lookup("a100-80gb", provider="gcp", date=DAY)
    assert found.label == "$3.93/h, a100-sxm-80gb, gcp, us-central1, on_demand, 2022-12-12, host extra"


def test_rows_of_a_series_follow_on_each_other() -> None:
    def series(row: Price) -> tuple[object, ...]:
        return row.accelerator, row.provider, row.region, row.term, row.host_included

    rows = price_book().catalogue
    starts = {(*series(row), row.date_from) for row in rows}
    for row in rows:
        if row.date_to is not None:
            assert row.date_from is not None
            assert row.date_from <= row.date_to
            assert (*series(row), row.date_to + timedelta(days=1)) in starts


def test_provider_names() -> None:
    assert [provider_key(name) for name in ("AWS", "Amazon Web Services", "Lambda Labs", "Nebius")] == [
        "aws",
        "aws",
        "lambda",
        "nebius",
    ]
