"""Types of scenario values: text with units on the outside, floats in base units on the inside.

Each type says in one sentence what is wrong; `problems` adds the place.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from simulator.foundation.issues import not_among, shorten
from simulator.foundation.units import DIMENSIONS, UnitError, parse


def kind_of(value: object) -> str:
    """Name the TOML type of a value, with its article.

    Examples
    --------
    >>> kind_of({}), kind_of(3), kind_of(True)
    ('a table', 'the number 3', 'the boolean true')
    """
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {shorten(value)}" if not isinstance(value, int) or abs(value) < 1 << 63 else "a huge number"
    if isinstance(value, str):
        return f"the text {shorten(value)!r}"
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return f"the value {shorten(value)!r}"


def _quantity(value: object, dimension: str, positive: bool) -> float:
    number = parse(value, dimension)
    if positive and number == 0:
        raise UnitError(f"{shorten(value)!r} is zero; write something larger, such as {DIMENSIONS[dimension].example}")
    return number


def price(value: object, advice: str = "write one such as '$3.93/h'") -> float:
    """Accept a price of an hour above zero [USD/h]; of zero it advises what to write instead."""
    number = parse(value, "usd_per_h")
    if number == 0:
        raise UnitError(f"{shorten(value)!r} is zero, and no price is; {advice}")
    return number


def _whole(value: object, least: int) -> int:
    number = parse(value, "count")
    if number != int(number):
        raise UnitError(f"{shorten(value)!r} is not a whole number")
    if number < least:
        raise UnitError(f"{shorten(value)!r} is too small; the least is {least}")
    return int(number)


def _share(value: object, most: float) -> float:
    number = parse(value, "ratio")
    if number > most:
        raise UnitError(f"{shorten(value)!r} is more than {most:g}; write a share such as 0.462 or '46.2 %'")
    return number


def _positive_share(value: object, most: float) -> float:
    number = _share(value, most)
    if number == 0:
        raise UnitError(f"{shorten(value)!r} is zero; write a share such as 0.462 or '46.2 %'")
    return number


def _overhead(value: object) -> float:
    number = parse(value, "ratio")
    if not 1 <= number <= MOST_PUE:
        raise UnitError(
            f"{shorten(value)!r} is no PUE: energy of the site over that of the machines, 1 to {MOST_PUE:g}, as 1.25"
        )
    return number


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text in quotes, found {kind_of(value)}")
    if not value.strip():
        raise ValueError("expected text, found an empty one")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, found {kind_of(value)}")
    return value


def _day(value: object) -> date:
    found = _date(value)
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ValueError(f"{found} is out of range: expected a date from {FIRST_YEAR} to {LAST_YEAR}")
    return found


def _date(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            pass
    raise ValueError(f"expected a date such as 2022-12-12, found {kind_of(value)}")


def word_among(value: object, words: Iterable[str] | Callable[[], Iterable[str]]) -> str:
    """Accept one of some words; the words may be looked up late."""
    allowed = words() if callable(words) else words
    text = _text(value)
    if text not in (known := list(allowed)):
        raise ValueError(not_among(text, known))
    return text


def _spares(value: object) -> int | None:
    if value == "ample":
        return None
    if isinstance(value, str) and not any(c.isdigit() for c in value):
        raise ValueError(f"expected a count of nodes or 'ample', found {kind_of(value)}")
    count = _whole(value, 0)
    if count > MOST_SPARES:
        raise ValueError(
            f"{count:,} spares are more than the {MOST_SPARES:,} that are told one by one; 'ample' never runs out"
        )
    return count


def _age(value: object) -> str | float:
    if value in ("fresh", "equilibrium"):
        return str(value)
    if isinstance(value, str) and not any(c.isdigit() for c in value):
        raise ValueError(f"expected 'fresh', 'equilibrium' or an age such as '90 d', found {kind_of(value)}")
    return parse(value, "time")


def _discount(value: object) -> tuple[float, float]:
    if value == "unknown":
        return UNKNOWN_DISCOUNT
    if isinstance(value, list):
        if len(value) != 2:
            raise ValueError(f"expected a share, [low, high] or 'unknown', found a list of {len(value)}")
        low, high = (_discounted(item) for item in value)
        if low > high:
            raise ValueError(f"the range runs from {low:g} down to {high:g}; write [low, high]")
        return low, high
    share = _discounted(value)
    return share, share


def _discounted(value: object) -> float:
    if isinstance(value, str) and not any(c.isdigit() for c in value):
        raise ValueError(f"expected a share, [low, high] or 'unknown', found {kind_of(value)}")
    return _share(value, 1.0)


FIRST_YEAR, LAST_YEAR = 1900, 2999  # a run of a thousand years still has a calendar at its end
MOST_PUE = 10.0
MOST_SPARES = 50_000  # each is followed in each replica
UNKNOWN_DISCOUNT = (0.5, 0.8)  # negotiated discounts reported for large buyers; theory: cost, section 1


def _schema(kind: str, dimension: str) -> WithJsonSchema:
    example = DIMENSIONS[dimension].example
    return WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "number"}], "description": f"{kind}, such as {example}"}
    )


def _amount(kind: str, dimension: str, positive: bool) -> tuple[BeforeValidator, WithJsonSchema]:
    return BeforeValidator(partial(_quantity, dimension=dimension, positive=positive)), _schema(kind, dimension)


_ANY_TIME, _TIME = _amount("a time", "time", False), _amount("a time", "time", True)
_BYTES, _BANDWIDTH = _amount("an amount of data", "bytes", True), _amount("a bandwidth", "bytes_per_s", True)
_TOKENS, _TOKEN_RATE = _amount("a token count", "tokens", True), _amount("a token rate", "tokens_per_s", True)
_POWER = _amount("a power", "power", False)
_USD = _amount("dollars", "usd", False)

AnyTime = Annotated[float, _ANY_TIME[0], _ANY_TIME[1]]
Time = Annotated[float, _TIME[0], _TIME[1]]
Bytes = Annotated[float, _BYTES[0], _BYTES[1]]
Bandwidth = Annotated[float, _BANDWIDTH[0], _BANDWIDTH[1]]
Tokens = Annotated[float, _TOKENS[0], _TOKENS[1]]
TokenRate = Annotated[float, _TOKEN_RATE[0], _TOKEN_RATE[1]]
Power = Annotated[float, _POWER[0], _POWER[1]]
Usd = Annotated[float, _USD[0], _USD[1]]
_GIFT = "for a gift state its list price and [pricing] discount = '100 %'"
Price = Annotated[float, BeforeValidator(partial(price, advice=_GIFT)), _schema("a price above zero", "usd_per_h")]
Share = Annotated[float, BeforeValidator(partial(_share, most=1.0)), _schema("a share", "ratio")]
Mfu = Annotated[float, BeforeValidator(partial(_positive_share, most=1.0)), _schema("a share", "ratio")]
Factor = Annotated[float, BeforeValidator(partial(_share, most=1e6)), _schema("a factor", "ratio")]
Pue = Annotated[float, BeforeValidator(_overhead), _schema("a factor from 1", "ratio")]
Spread = Annotated[float, BeforeValidator(partial(_share, most=3.0)), _schema("a log standard deviation", "ratio")]
Positive = Annotated[
    float, BeforeValidator(partial(_quantity, dimension="ratio", positive=True)), _schema("a factor", "ratio")
]
PerThousand = Annotated[float, BeforeValidator(partial(_share, most=1e6)), _schema("a number", "ratio")]
Count = Annotated[int, BeforeValidator(partial(_whole, least=1)), _schema("a whole number", "count")]
Number = Annotated[int, BeforeValidator(partial(_whole, least=0)), _schema("a whole number", "count")]
Spares = Annotated[int | None, BeforeValidator(_spares), _schema("a count of nodes or 'ample'", "count")]
Age = Annotated[str | float, BeforeValidator(_age), _schema("'fresh', 'equilibrium' or an age", "time")]
Amount = Annotated[
    float, BeforeValidator(partial(_quantity, dimension="count", positive=False)), _schema("a number", "count")
]
Text = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": "string", "minLength": 1})]
Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Discount = Annotated[
    tuple[float, float],
    BeforeValidator(_discount),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 1},
                {"type": "string"},
                {"type": "array", "minItems": 2, "maxItems": 2},
            ],
            "description": "a share off the list price, [low, high], or 'unknown'",
        }
    ),
]


def estimate_of(dimension: str, one: Callable[[object], float] | None = None) -> tuple[Any, Any]:
    """Return the validator and JSON Schema of a quantity that may be uncertain: one value, or [low, mode, high]."""
    read_one = one or partial(parse, dimension=dimension)

    def read(value: object) -> tuple[float, float, float]:
        if not isinstance(value, list):
            known = read_one(value)
            return known, known, known
        if len(value) != 3:
            raise ValueError(f"expected one value or [low, mode, high], found a list of {len(value)}")
        low, mode, high = (read_one(item) for item in value)
        if not low <= mode <= high:
            raise ValueError(f"{shorten(value)} does not rise; write [low, mode, high]")
        return low, mode, high

    example = DIMENSIONS[dimension].example
    words = f"a value such as {example}, or [low, mode, high]"
    return BeforeValidator(read), WithJsonSchema({"type": ["string", "number", "array"], "description": words})


def one_of(*words: str) -> tuple[Any, Any]:
    """Return the validator and JSON Schema of a closed choice."""
    return BeforeValidator(partial(word_among, words=words)), WithJsonSchema({"type": "string", "enum": list(words)})


def key_of(words: Callable[[], Iterable[str]], description: str) -> tuple[Any, Any]:
    """Return the validator and JSON Schema of a key of the catalogue or of a registry."""
    schema = WithJsonSchema({"type": "string", "description": description})
    return BeforeValidator(partial(word_among, words=words)), schema
