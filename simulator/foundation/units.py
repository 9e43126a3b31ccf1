"""Text with units to floats in base units, and back for people.

Base units: second, byte, FLOP, token, USD. Everything inside flopcast is a float in these; text with units exists only
at the border. The units are our own small set, because the usual registries read ``1.4T tokens`` as tesla and
``400 Gb/s`` as gilbert.
"""

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from simulator.foundation.issues import nearest, shorten


class UnitError(ValueError):
    """A quantity that cannot be read; the message says what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """What a quantity measures, how it is written, and how large it can sensibly be."""

    unit: str  # base unit, as an expression of the definitions below; empty for pure numbers
    example: str
    most: float
    bare: bool = False  # whether a number without unit is understood


_YEARS_1000 = 1000 * 365.25 * 86400.0

DIMENSIONS = {
    "time": Dimension(unit="second", example='"21 d" or "90 min"', most=_YEARS_1000),
    "bytes": Dimension(unit="byte", example='"80 GiB" or "2.3 TB"', most=1e24),
    "bytes_per_s": Dimension(unit="byte/second", example='"400 Gb/s" or "50 GB/s"', most=1e21),
    "flop_per_s": Dimension(unit="FLOP/second", example='"312 TFLOP/s"', most=1e24),
    "tokens": Dimension(unit="token", example='"1.4T tokens"', most=1e18),
    "tokens_per_s": Dimension(unit="token/second", example='"380 tokens/s"', most=1e15),
    "usd": Dimension(unit="USD", example="'$250000' or '$4M'", most=1e15),
    "usd_per_h": Dimension(unit="USD/hour", example="'$3.93/h'", most=1e9),
    "power": Dimension(unit="watt", example='"400 W" or "10.2 kW"', most=1e12),
    "rate": Dimension(unit="1/second", example='"6.5 /kday" or "0.2 /h"', most=1e9),
    "ratio": Dimension(unit="", example='0.462 or "46.2 %"', most=1e6, bare=True),
    "count": Dimension(unit="", example='2048 or "2k"', most=1e9, bare=True),
}

_DEFINITIONS = """
kilo- = 1e3 = k-
mega- = 1e6 = M-
giga- = 1e9 = G-
tera- = 1e12 = T-
peta- = 1e15 = P-
exa- = 1e18 = E-
milli- = 1e-3 = m-
micro- = 1e-6 = u-
kibi- = 1024 = Ki-
mebi- = 1048576 = Mi-
gibi- = 1073741824 = Gi-
tebi- = 1099511627776 = Ti-
pebi- = 1125899906842624 = Pi-
second = [time] = s = sec
minute = 60 * second = min
hour = 3600 * second = h = hr
day = 86400 * second = d
week = 604800 * second = wk
year = 31557600 * second = yr
byte = [information] = B
bit = byte / 8 = b
FLOP = [work] = FLOP = flop
FLOPS = FLOP / second
token = [tokens] = tok
watt = [power] = W
USD = [money] = USD = usd
"""

_MULTIPLIERS = {"": 1.0, "K": 1e3, "k": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "T": 1e12}
_QUANTITY = re.compile(
    r"(?P<money>\$)?\s*(?P<number>[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?\.?\d*(?:[eE][-+]?\d{1,3})?)"
    r"(?P<times>[kKMBGT](?![A-Za-z]))?\s*(?P<unit>%|[A-Za-z$]*(?:\s*/\s*[A-Za-z]+)?)"
)
_NAMED_COUNT = {"accelerators", "accelerator", "chips", "chip", "gpus", "gpu", "nodes", "node", "params", "parameters"}


def parse(text: object, dimension: str) -> float:
    """Read a quantity into base units.

    Parameters
    ----------
    text : str, int or float
        A number with its unit; numbers alone are understood for ratios and counts, and a zero always.
    dimension : str
        A key of `DIMENSIONS`.

    Returns
    -------
    float
        The value in base units: finite, not negative, no larger than the dimension allows.

    Raises
    ------
    UnitError
        With what was found, what is allowed, and an example.

    Examples
    --------
    >>> parse("21 d", "time"), parse("1.4T tokens", "tokens"), parse("400 Gb/s", "bytes_per_s")
    (1814400.0, 1400000000000.0, 50000000000.0)
    >>> round(parse("$3.93/h", "usd_per_h"), 2), parse("46.2 %", "ratio"), parse("80 GiB", "bytes") == 80 * 2**30
    (3.93, 0.462, True)
    """
    kind = DIMENSIONS[dimension]
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise UnitError(f"expected {_what(dimension)} such as {kind.example}, found {shorten(text)!r}")
    if isinstance(text, str):
        value = _parse_text(text.strip(), dimension, kind)
    elif kind.bare or text == 0:
        value = _float(text)
    else:
        raise UnitError(f"{shorten(text)} has no unit; write {_what(dimension)} such as {kind.example}")
    return _checked(value, text, dimension, kind)


def _float(number: str | float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _checked(value: float, text: object, dimension: str, kind: Dimension) -> float:
    if math.isnan(value) or math.isinf(value):
        raise UnitError(f"{shorten(text)!r} is not a finite number; write {_what(dimension)} such as {kind.example}")
    if value < 0:
        raise UnitError(f"{shorten(text)!r} is negative; write {_what(dimension)} such as {kind.example}")
    if value > kind.most:
        raise UnitError(f"{shorten(text)!r} is beyond the largest {_what(dimension, 'a ')} that makes sense, "
                        f"{show(kind.most, dimension)}")  # fmt: skip
    return value


def _parse_text(text: str, dimension: str, kind: Dimension) -> float:
    found = _QUANTITY.fullmatch(text)
    if found is None or not any(c.isdigit() for c in found["number"]):
        raise UnitError(f"cannot read {shorten(text)!r}; write {_what(dimension)} such as {kind.example}")
    number = _float(found["number"].replace(",", "")) * _MULTIPLIERS[found["times"] or ""]
    unit = "".join(found["unit"].split())
    if found["money"]:
        unit = "USD" + unit
    if unit == "%" and dimension == "ratio":
        return number / 100
    if dimension == "count" and unit.lower() in _NAMED_COUNT:
        return number
    if not unit and (kind.bare or number == 0):
        return number
    return number * _factor(unit, dimension)


@lru_cache(maxsize=4096)
def _factor(unit: str, dimension: str) -> float:
    """Return how many base units one such unit is; the registry that knows all of them takes a while to load."""
    if (usual := _USUAL.get(dimension, {}).get(unit)) is not None:
        return usual
    from pint.errors import DimensionalityError, UndefinedUnitError

    kind = DIMENSIONS[dimension]
    if not unit:
        raise UnitError(f"no unit is given; write {_what(dimension)} such as {kind.example}")
    if not kind.unit:
        raise UnitError(f"unit {unit!r} does not fit here; write {_what(dimension)} such as {kind.example}")
    registry = _registry()
    above, _, below = unit.replace("$", "USD").partition("/")
    try:
        quantity = registry.Quantity(1.0, registry.parse_units(above))
        quantity /= registry.Quantity(1.0, registry.parse_units(below))
        return float(quantity.to(kind.unit).magnitude)
    except UndefinedUnitError:
        guess = nearest(unit, _USUAL.get(dimension, {}))
        hint = f", did you mean {guess!r}?" if guess else ";"
        raise UnitError(f"unit {unit!r} is not known{hint} write {_what(dimension)} such as {kind.example}") from None
    except DimensionalityError:
        raise UnitError(f"unit {unit!r} does not fit; write {_what(dimension)} such as {kind.example}") from None


@lru_cache(maxsize=1)
def _registry() -> Any:  # pint's registry is generic over a type that only its own plugins name
    import pint

    registry: Any = pint.UnitRegistry(None, cache_folder=None)
    registry.load_definitions([line for line in _DEFINITIONS.splitlines() if line])
    return registry


_USUAL: dict[str, dict[str, float]] = {
    "time": {
        "s": 1.0, "sec": 1.0, "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0, "hours": 3600.0,
        "d": 86400.0, "day": 86400.0, "days": 86400.0, "week": 604800.0, "weeks": 604800.0,
        "year": 31557600.0, "years": 31557600.0,
    },
    "bytes": {
        "B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "PB": 1e15, "KiB": 2.0**10, "MiB": 2.0**20,
        "GiB": 2.0**30, "TiB": 2.0**40, "bytes": 1.0,
    },
    "bytes_per_s": {
        "GB/s": 1e9, "MB/s": 1e6, "TB/s": 1e12, "Gb/s": 1e9 / 8, "Tb/s": 1e12 / 8, "Mb/s": 1e6 / 8, "GiB/s": 2.0**30,
        "kB/s": 1e3, "B/s": 1.0,
    },
    "flop_per_s": {
        "TFLOP/s": 1e12, "PFLOP/s": 1e15, "GFLOP/s": 1e9, "TFLOPS": 1e12, "PFLOPS": 1e15, "EFLOP/s": 1e18,
        "FLOP/s": 1.0,
    },
    "tokens": {"tokens": 1.0, "token": 1.0},
    "tokens_per_s": {"tokens/s": 1.0, "tokens/h": 1.0 / 3600.0, "tokens/d": 1.0 / 86400.0},
    "usd": {"USD": 1.0, "$": 1.0},
    "usd_per_h": {"USD/h": 1.0, "$/h": 1.0, "USD/d": 1.0 / 24.0},
    "power": {"W": 1.0, "kW": 1e3, "MW": 1e6},
    "rate": {"/h": 1.0 / 3600.0, "/d": 1.0 / 86400.0, "/s": 1.0, "/year": 1.0 / 31557600.0},
}  # fmt: skip
"""How many base units the usual spellings of each dimension are, bit by bit what pint says of the definitions above."""


_WHAT = {
    "time": "a time",
    "bytes": "an amount of data",
    "bytes_per_s": "a bandwidth",
    "flop_per_s": "a compute rate",
    "tokens": "a token count",
    "tokens_per_s": "a token rate",
    "usd": "an amount of dollars",
    "usd_per_h": "a price per hour",
    "power": "a power",
    "rate": "a rate",
    "ratio": "a ratio",
    "count": "a count",
}


def _what(dimension: str, article: str | None = None) -> str:
    words = _WHAT[dimension]
    return words if article is None else words.split(" ", 1)[1]


_SHOWN = {
    "time": (("s", 1.0), ("min", 60.0), ("h", 3600.0), ("d", 86400.0)),
    "bytes": (("B", 1.0), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("PB", 1e15)),
    "bytes_per_s": (("B/s", 1.0), ("kB/s", 1e3), ("MB/s", 1e6), ("GB/s", 1e9), ("TB/s", 1e12)),
    "flop_per_s": (("FLOP/s", 1.0), ("GFLOP/s", 1e9), ("TFLOP/s", 1e12), ("PFLOP/s", 1e15), ("EFLOP/s", 1e18)),
    "tokens": ((" tokens", 1.0), ("K tokens", 1e3), ("M tokens", 1e6), ("B tokens", 1e9), ("T tokens", 1e12)),
    "tokens_per_s": ((" tokens/s", 1.0), ("K tokens/s", 1e3), ("M tokens/s", 1e6), ("B tokens/s", 1e9)),
    "power": (("W", 1.0), ("kW", 1e3), ("MW", 1e6)),
    "rate": (("/d", 1 / 86400.0), ("/h", 1 / 3600.0), ("/s", 1.0)),
}


def hourly(usd: float) -> str:
    """Write the price of an hour as price lists do, with cents at least; to six digits.

    Examples
    --------
    >>> hourly(4.2), hourly(3.93), hourly(1.196718), hourly(2)
    ('$4.20', '$3.93', '$1.19672', '$2.00')
    """
    dollars, _, cents = f"{usd:,.6g}".partition(".")
    return f"${dollars}.{cents:0<2}"


def percent(ratio: float, form: str = ".1") -> str:
    """Return a ratio as a percentage, with a blank before the sign, as all of flopcast writes it.

    Parameters
    ----------
    ratio : float
        1 is 100 %.
    form : str
        Python's sign and decimals, such as ``.0`` or ``+z.1``.

    Examples
    --------
    >>> percent(0.995), percent(0.5, ".0"), percent(-0.0004, "+z.1"), percent(0.021, "+.1")
    ('99.5 %', '50 %', '+0.0 %', '+2.1 %')
    """
    return f"{100 * ratio:{form}f} %"


def show(value: float, dimension: str) -> str:
    """Write a value in base units as text that a person reads and `parse` accepts.

    Examples
    --------
    >>> show(1814400.0, "time"), show(1.4e12, "tokens"), show(50e9, "bytes_per_s"), show(3.93, "usd_per_h")
    ('21 d', '1.4T tokens', '50 GB/s', '$3.93/h')
    """
    if dimension == "usd":
        return f"${value:,.12g}"
    if dimension == "usd_per_h":
        return f"${value:,.12g}/h"
    if dimension not in _SHOWN:
        return f"{value:.12g}"
    ladder = _SHOWN[dimension]
    unit, size = next((step for step in reversed(ladder) if value >= step[1]), ladder[0])
    gap = "" if dimension in ("tokens", "tokens_per_s") else " "
    return f"{value / size:.12g}{gap}{unit}"
