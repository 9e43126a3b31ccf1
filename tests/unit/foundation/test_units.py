"""Text with units: what is read, what is refused with which words, and the way back."""

import math
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.foundation import units
from simulator.foundation.units import DIMENSIONS, UnitError, parse, show

GOOD = [
    ("21 d", "time", 21 * 86400), ("90min", "time", 5400), ("1.5 h", "time", 5400), ("2 weeks", "time", 1209600),
    ("3 ms", "time", 3e-3), ("0", "time", 0), (0, "time", 0), ("1,200 h", "time", 4_320_000), ("1e3 s", "time", 1000),
    ("1.4T tokens", "tokens", 1.4e12), ("780B tokens", "tokens", 7.8e11), ("4M tokens", "tokens", 4e6),
    ("12K tokens", "tokens", 12e3), ("380 tokens/s", "tokens_per_s", 380), ("3.6M tokens/h", "tokens_per_s", 1000),
    ("400 Gb/s", "bytes_per_s", 50e9), ("50 GB/s", "bytes_per_s", 50e9), ("1 TiB", "bytes", 2**40),
    ("80 GiB", "bytes", 80 * 2**30), ("2.3 TB", "bytes", 2.3e12), ("8 bits", "bytes", 1),
    ("312 TFLOP/s", "flop_per_s", 312e12), ("312 TFLOPS", "flop_per_s", 312e12), ("$3.93/h", "usd_per_h", 3.93),
    ("3.93 USD/h", "usd_per_h", 3.93), ("$24 / d", "usd_per_h", 1), ("$4M", "usd", 4e6), ("250000 USD", "usd", 250000),
    ("$1,000", "usd", 1000), ("0.2 /h", "rate", 0.2 / 3600), ("46.2 %", "ratio", 0.462), (0.5, "ratio", 0.5),
    ("0.5", "ratio", 0.5), ("2048", "count", 2048), ("2k", "count", 2000), ("16 GPUs", "count", 16), (7, "count", 7),
]  # fmt: skip

BAD = [
    ("21", "time", "no unit is given"), (21, "time", "21 has no unit"), ("21 lightyears", "time", "is not known"),
    ("21 dayz", "time", "did you mean 'day"), ("21 GB", "time", "does not fit"), ("$5", "time", "does not fit"),
    ("-1 d", "time", "is negative"), (-1, "count", "is negative"), ("nan", "ratio", "cannot read"),
    (math.nan, "ratio", "not a finite number"), (math.inf, "count", "not a finite number"),
    ("1e999 s", "time", "not a finite number"), (10**400, "count", "not a finite number"),
    ("1e9 years", "time", "beyond the largest"), ("", "time", "cannot read"), ("d", "time", "cannot read"),
    ("1 2 d", "time", "cannot read"), ("12 K tokens", "tokens", "cannot read"),
    (True, "count", "expected a count"), (None, "time", "expected a time"),
    ([1], "bytes", "expected an amount of data"), ("5 apples", "count", "does not fit here"),
    ("5 s", "ratio", "does not fit here"), ("50 %", "count", "does not fit here"), ("5 %", "time", "is not known"),
    ("\x00\xff", "time", "cannot read"), ("x" * 1000, "time", "cannot read"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "dimension", "value"), GOOD)
def test_read(text: object, dimension: str, value: float) -> None:
    assert parse(text, dimension) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("text", "dimension", "words"), BAD)
def test_refused(text: object, dimension: str, words: str) -> None:
    with pytest.raises(UnitError) as refused:
        parse(text, dimension)
    message = str(refused.value)
    assert words in message
    assert "\n" not in message
    assert len(message) < 250


@settings(derandomize=True, deadline=None, max_examples=300)
@given(dimension=st.sampled_from(sorted(DIMENSIONS)), exponent=st.floats(-3.0, 9.0))
def test_there_and_back(dimension: str, exponent: float) -> None:
    """What is shown to people is read again, to the twelve digits that are shown."""
    value = 10.0**exponent
    if value <= DIMENSIONS[dimension].most:
        assert parse(show(value, dimension), dimension) == pytest.approx(value, rel=1e-11)


@settings(derandomize=True, deadline=None, max_examples=400)
@given(
    text=st.text(max_size=12) | st.integers() | st.floats() | st.none(), dimension=st.sampled_from(sorted(DIMENSIONS))
)
def test_whatever_is_written_is_read_or_refused(text: object, dimension: str) -> None:
    with suppress(UnitError):
        assert 0 <= parse(text, dimension) <= DIMENSIONS[dimension].most


@settings(derandomize=True, deadline=None)
@given(number=st.floats(0.001, 999.0), unit=st.sampled_from(["s", "min", "h", "d", "week"]), k=st.integers(1, 50))
def test_reading_is_linear(number: float, unit: str, k: int) -> None:
    assert parse(f"{number * k!r} {unit}", "time") == pytest.approx(k * parse(f"{number!r} {unit}", "time"), rel=1e-12)


def test_zero_is_shown_in_base_units() -> None:
    assert show(0.0, "time") == "0 s"


def test_usual_spellings_are_worth_what_the_registry_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bit by bit: they are written down only so that it need not load."""
    usual = units._USUAL
    monkeypatch.setattr(units, "_USUAL", {})
    for dimension, spellings in usual.items():
        for unit, factor in spellings.items():
            assert units._factor.__wrapped__(unit, dimension) == factor, (unit, dimension)


def test_what_is_shown_needs_no_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise AssertionError("the registry was loaded")

    monkeypatch.setattr(units, "_registry", refused)
    units._factor.cache_clear()
    for dimension, kind in DIMENSIONS.items():
        for value in (1.0, 7e4, 3e9, kind.most / 2):
            text = show(min(value, kind.most), dimension)
            assert parse(text, dimension) == pytest.approx(min(value, kind.most), rel=1e-2), text
