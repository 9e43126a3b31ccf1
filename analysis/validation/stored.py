"""How far forecasts of published runs were off, stored where a report can read it in no time.

`run_scores.toml` is written by ``python -m analysis.validation.stored`` from the scoreboard of published runs; a test
holds it against the board.
"""

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.validation.runs import Score

OUT: Final = Path(__file__).with_name("run_scores.toml")
KINDS: Final = {
    "published": "published, the headline",
    "runs": "published, the headline",
    "model": "model",
    "stated": "with one stated MFU or tokens/s",
}  # how a scenario says its speed -> the board's name of that way


class Kind(NamedTuple):
    """How one way to the hours did on published runs, each predicted without itself."""

    runs: int
    median_error: float  # of hours, ratio
    within_30: float  # share of runs
    coverage: float  # share of published hours inside p10 to p90


class Paid(NamedTuple):
    """Dollars of published hours at the stated price, against the published dollars."""

    runs: int
    worst_error: float


class Stored(NamedTuple):
    """What the file holds."""

    kinds: dict[str, Kind]
    dollars: Paid


def stored() -> Stored:
    """Read the stored scores."""
    found = tomllib.loads(OUT.read_text(encoding="utf-8"))
    return Stored({name: Kind(**found[name]) for name in KINDS}, Paid(**found["dollars"]))


def measured(scores: "Sequence[Score]") -> Stored:
    """Sum up a board, rounded as it is stored."""
    from analysis.validation.runs import dollar_errors, summarise

    lines = {line.name: line for line in summarise(scores)}
    kinds = {}
    for kind, name in KINDS.items():
        line = lines[name]
        assert line.coverage is not None
        kinds[kind] = Kind(line.runs, *(round(each, 4) for each in (line.median_error, line.within_30, line.coverage)))
    errors = [abs(error) for _, error in dollar_errors(scores)]
    return Stored(kinds, Paid(len(errors), round(max(errors), 4)))


def text(found: Stored) -> str:
    """Return the file."""
    lines = ["# Written by `python -m analysis.validation.stored` from the scoreboard of published runs; do not edit."]
    rows = {name: row._asdict() for name, row in found.kinds.items()} | {"dollars": found.dollars._asdict()}
    for name, row in rows.items():
        lines += ["", f"[{name}]", *(f"{key} = {value!r}" for key, value in row.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    from analysis.validation.runs import score

    OUT.write_text(text(measured(score())), encoding="utf-8")
