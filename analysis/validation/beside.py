"""Where the tables and traces lie that may not be shipped: beside the repository, or where FLOPCAST_TRACES says."""

import os
from pathlib import Path
from typing import Final

VARIABLE: Final = "FLOPCAST_TRACES"  # names the folder of traces; `truth` is its sibling


def traces() -> Path:
    """Return the folder of traces, there or not."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "data"


def truth(name: str) -> Path:
    """Return a table of measured figures, there or not."""
    return traces().parent / "truth" / name


def absent(what: str) -> str:
    """Say that something is not here, and how to get it."""
    where = f"{VARIABLE} names the folder of traces in or beside which it lies"
    return f"not here: {what} is no part of this project; {where}"
