"""Amounts: what a reader sees is the value, to the digits shown, and tells neighbours apart."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.plots.amounts import count, days, distinct, dollars, dollars_exact, hours, is_single, share

_SIZES = {"": 1.0, "k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


def _read(text: str) -> float:
    found = re.fullmatch(r"-?\$?([\d.,]+)([kMBT]?)( h)?", text)
    assert found, text
    return float(found[1].replace(",", "")) * _SIZES[found[2]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4_056_514.56, "$4.06M"),
        (4.1e6, "$4.1M"),
        (9_970_000, "$9.97M"),
        (999_499, "$999k"),
        (999_500, "$1M"),
        (999.6, "$1k"),
        (27_064_074.24, "$27.1M"),
        (1.234e9, "$1.23B"),
        (0.5, "$0.5"),
        (0.0, "$0"),
        (-1500.0, "-$1.5k"),
    ],
)
def test_dollars(value: float, text: str) -> None:
    assert dollars(value) == text


@pytest.mark.parametrize(("value", "text"), [(21.886, "21.9 d"), (20.8, "20.8 d"), (0.5, "12 h"), (1234.5, "1,234 d")])
def test_days(value: float, text: str) -> None:
    assert days(value) == text


@given(st.floats(1.0, 9e14))
def test_short_amounts_are_right_to_three_digits(value: float) -> None:
    assert _read(dollars(value)) == pytest.approx(value, rel=5.1e-3)
    assert _read(hours(value)) == pytest.approx(value, rel=5.1e-3)
    assert _read(dollars(value, 5)) == pytest.approx(value, rel=5.1e-5)
    assert len(re.sub(r"\D", "", dollars(value))) <= 3


@given(st.floats(1e3, 1e14))
def test_exact_dollars_are_right_to_the_dollar(value: float) -> None:
    assert _read(dollars_exact(value)) == pytest.approx(value, abs=0.51)


@given(st.floats(0.0, 1.0))
def test_shares_are_right_to_the_digit(value: float) -> None:
    assert float(share(value).removesuffix(" %")) == pytest.approx(100 * value, abs=0.051, rel=0.1)


@given(st.lists(st.integers(1000, 9999), min_size=2, max_size=5, unique=True))
def test_neighbours_are_told_apart(values: list[int]) -> None:
    texts = distinct([value * 1e5 for value in values], dollars)
    assert len(set(texts)) == len(values)


def test_single_values() -> None:
    assert is_single([64.0, 64.0 * (1 + 1e-15)])
    assert not is_single([64.0, 64.1])
    assert count(36.336) == "36.3"
