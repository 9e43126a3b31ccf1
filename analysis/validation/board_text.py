"""All boards as Markdown, as the documentation stores them."""

from collections.abc import Sequence
from typing import Final

from analysis.validation.board_lines import Board, Line

HEADS: Final = ("what", "figures", "how far off", "ours", "baseline", "rule of the baseline", "in p10-p90", "promise")
TEXT: Final = """# Scoreboard

Predicted against published, beside simple rules. Written by `flopcast scoreboard all --out docs/scoreboard/all.md`;
do not edit. The same in figures is beside it (`all.json`), and a test holds every build against that: an error may grow
by half a point, one that is drawn by 3.5 of its Monte Carlo errors, the runs beyond 30 % by one run, and the share
inside p10 to p90 may move away from 80 % by one figure. `flopcast scoreboard all --against docs/scoreboard/all.json`
does the same and ends with 1 where something is worse.

How to read it:

- Hours and step times are predicted without the run, the source or the stack in question; dollars of predicted hours,
  too, at the stated price. `published` is what a scenario forecasts that
  states architecture, tokens, accelerator and count alone. The splits of the step times are those of their table;
  parameters of the model were fitted on `dev`.
- Single runs and stacks: `flopcast scoreboard runs` ([table](runs.md)) and `flopcast scoreboard throughput`
  ([table](../explanation/throughput.md)).
- Runs that failed are the shipped scenarios with published goodput, stops or days. Where the run's own stops were
  published, its scenario takes that rate, so that the line tests what stops cost and not that they were foreseen.
  Llama 3's goodput is published as a lower bound. PaLM's published days hold losses that nobody has listed.
- Starts of jobs are held against other simulators, job by job: they agree or they do not.
- Steps and starts need figures that are no part of this project. Where those are absent the board says so.
"""


def markdown(boards: Sequence[Board]) -> str:
    """Return the page of the documentation."""
    blocks = [TEXT.rstrip()]
    for board in boards:
        blocks.append(f"## {board.title}")
        blocks.append(f"{board.absent[:1].upper()}{board.absent[1:]}." if board.absent else _table(board))
    return "\n\n".join(blocks) + "\n"


def _table(board: Board) -> str:
    rows = ["| " + " | ".join(HEADS) + " |", "|---|--:|---|--:|--:|---|--:|---|"]
    rows += ["| " + " | ".join(cells(line)) + " |" for line in board.lines]
    return "\n".join(rows)


def cells(line: Line) -> Sequence[str]:
    """Return a line as text, in the order of `HEADS`.

    Examples
    --------
    >>> cells(Line(name="a run", count=1, error=0.031, kind="error", most=0.1))
    ('a run', '1', 'error', '3.1 %', '', '', '', '10 %: kept')
    """
    most = "" if line.most is None else f"x {line.most:g}" if line.factor else f"{line.most * 100:.0f} %"
    promise = most and f"{most}: {'kept' if line.kept else 'NOT KEPT'}"
    ours = f"x {line.error:.2f}" if line.factor else _percent(line.error)
    return (line.name, f"{line.count:,}", line.kind, ours, _percent(line.baseline), line.rule,
            _percent(line.coverage), promise)  # fmt: skip


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value * 100:.1f} %"
