"""Reads quantities of the command line, and gathers what is wrong with them, so that all of it is said at once."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Reader:
    """Reads values and notes what is wrong with them."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    def attempt(self, option: str, read: Callable[[], T]) -> T | None:
        """Return what was read, or None with the problem noted."""
        try:
            return read()
        except (ValueError, KeyError) as problem:
            self.wrong.append(f"{option}: {problem.args[0]}")
            return None

    def quantity(self, option: str, text: str, dimension: str) -> float:
        """Return a quantity in base units, or 0 with the problem noted."""
        if text.isdecimal() and (dimension in ("count", "ratio") or not int(text)):
            return int(text)  # as most are, and it saves the load of the unit library
        from simulator.foundation.units import parse

        return self.attempt(option, lambda: parse(_bare(text), dimension)) or 0

    def optional(self, option: str, text: str | None, dimension: str) -> float | None:
        """Return a quantity, or None where nothing was written."""
        return None if text is None else self.quantity(option, text, dimension)


def _bare(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text
