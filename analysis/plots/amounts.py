"""Amounts as people read them: $4.1M, 21.9 d, 1.07M h, 95.1 %; pictures, pages and tables all write them here."""

import math
from collections.abc import Sequence
from typing import Protocol

MOST_DIGITS = 7

_LETTERS = ((1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "B"), (1e12, "T"))


class Written(Protocol):
    """Writes an amount for a reader, to some digits."""

    def __call__(self, value: float, digits: int = 3) -> str:
        """Return the text."""
        ...


def dollars(value: float, digits: int = 3) -> str:
    """Write an amount of dollars to three digits, or to more.

    Examples
    --------
    >>> dollars(4_056_514.56), dollars(4.1e6), dollars(999_600), dollars(48), dollars(0), dollars(-1500)
    ('$4.06M', '$4.1M', '$1M', '$48', '$0', '-$1.5k')
    >>> dollars(107_258_330, 4), dollars(7.388, 2)
    ('$107.3M', '$7.4')
    """
    sign = "-" if value < 0 else ""
    return f"{sign}${_short(abs(value), digits)}"


def dollars_exact(value: float) -> str:
    """Write an amount to the dollar, and to the cent below a thousand.

    Examples
    --------
    >>> dollars_exact(4_056_514.56), dollars_exact(3.93), dollars_exact(-3.93), dollars_exact(-1e-9)
    ('$4,056,515', '$3.93', '-$3.93', '$0.00')
    """
    written = f"{value:z,.0f}" if abs(value) >= 1000 else f"{value:z,.2f}"
    return f"-${written[1:]}" if written.startswith("-") else f"${written}"


def days(value: float, digits: int = 3) -> str:
    """Write a time in days, or in hours or minutes where it is short; more than three digits show more decimals.

    Examples
    --------
    >>> days(21.886), days(0.5), days(0.01), days(1234.5), days(0)
    ('21.9 d', '12 h', '14.4 min', '1,234 d', '0 d')
    >>> days(21.886, 4)
    '21.89 d'
    """
    if value == 0:
        return "0 d"
    if abs(value) >= 0.95:
        return f"{value:,.{digits - 2 if abs(value) < 1000 else digits - 3}f} d"
    if abs(value) * 24 >= 0.95:
        return f"{value * 24:.{digits}g} h"
    return f"{value * 1440:.{digits}g} min"


def hours(value: float, digits: int = 3) -> str:
    """Write an amount of accelerator-hours to three digits.

    Examples
    --------
    >>> hours(1_075_779.0), hours(36_773.1), hours(339.0), hours(1.9)
    ('1.08M h', '36.8k h', '339 h', '1.9 h')
    """
    return f"{'-' if value < 0 else ''}{_short(abs(value), digits)} h"


def share(value: float, digits: int = 3) -> str:
    """Write a ratio as a percentage.

    Examples
    --------
    >>> share(0.9514), share(1.0), share(0.00123), share(0)
    ('95.1 %', '100 %', '0.12 %', '0 %')
    """
    percent = 100 * value
    if percent == 0:
        return "0 %"
    if abs(percent) < 1:
        return f"{percent:.{digits - 1}g} %"
    text = f"{percent:.{digits - 2}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + " %"


def count(value: float) -> str:
    """Write a number of things, of which a mean need not be whole.

    Examples
    --------
    >>> count(36.336), count(45.0), count(16384), count(0)
    ('36.3', '45', '16,384', '0')
    """
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 1000 else f"{value:,.1f}"


def spread(low: str, high: str) -> str:
    """Write an interval; a single value where both ends read alike.

    Examples
    --------
    >>> spread("21.6 d", "22.1 d"), spread("21.0 d", "21.0 d")
    ('21.6 d to 22.1 d', '21.0 d')
    """
    return low if low == high else f"{low} to {high}"


def distinct(values: Sequence[float], written: Written) -> list[str]:
    """Write several amounts with as few digits as tell them apart, so that an interval never reads "$107M to $107M".

    Examples
    --------
    >>> distinct([106.8e6, 107.2e6, 107.7e6], dollars), distinct([1e6, 2e6], dollars)
    (['$106.8M', '$107.2M', '$107.7M'], ['$1M', '$2M'])
    """
    different = len(set(values))
    for digits in range(3, MOST_DIGITS):
        texts = [written(value, digits) for value in values]
        if len(set(texts)) == different:
            return texts
    return [written(value, MOST_DIGITS) for value in values]


def is_single(sample: Sequence[float]) -> bool:
    """Tell whether every replica came to the same value, rounding of the last bits apart.

    Examples
    --------
    >>> is_single([21.0, 21.0 + 1e-14]), is_single([21.0, 21.1])
    (True, False)
    """
    low, high = float(min(sample)), float(max(sample))
    return math.isclose(low, high, rel_tol=1e-9, abs_tol=1e-12)


def _short(value: float, digits: int) -> str:
    """Write a number that is not negative to some digits, with k, M, B or T."""
    carried = 1.0 - 0.5 * 10.0**-digits  # what rounds up to the next letter
    size, letter = next((step for step in reversed(_LETTERS) if value >= carried * step[0]), _LETTERS[0])
    number = value / size
    whole = math.floor(math.log10(number)) + 1 if number >= 1 else 1
    text = f"{number:.{max(digits - whole, 0)}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + letter
