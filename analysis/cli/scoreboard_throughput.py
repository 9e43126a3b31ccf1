"""``flopcast scoreboard throughput``: measured step times beside the model's."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.foundation.units import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.validation.throughput import Score


def scoreboard_throughput(
    truth: Annotated[Path | None, typer.Option(help="Table with the columns of truth/throughput.csv.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One object for each row: id, measured, p10, p50, p90.")
    ] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Tables as the documentation stores them.")] = False,
) -> None:
    """Score the step-time model against a table of measured rows, beside a constant MFU.

    The columns `source left out` and `stack left out` are the errors when all rows of a row's source, or of its whole
    stack, took no part in the calibration: the second is the honest number for software that nobody has measured.
    """
    from analysis.validation.beside import truth as beside

    path = truth or beside("throughput.csv")
    if not path.is_file():
        typer.echo(f"scoreboard throughput: no table at {path}; give one with --truth FILE.csv", err=True)
        raise typer.Exit(2)
    from analysis.validation.throughput import score

    try:
        scores, refused = score(path)
    except (OSError, UnicodeDecodeError, ValueError) as problem:
        typer.echo(f"scoreboard throughput: {path}: {problem}", err=True)
        raise typer.Exit(2) from None
    for row_id, reason in refused:
        typer.echo(f"{row_id}: left out: {reason}", err=True)
    if as_json:
        typer.echo(json.dumps([_plain(asdict(one)) for one in scores] + [_refused(*one) for one in refused], indent=1))
    elif not scores:
        typer.echo(f"scoreboard throughput: {path}: no row can be scored", err=True)
        raise typer.Exit(2)
    elif as_markdown:
        from analysis.validation.throughput_runs import runs
        from analysis.validation.throughput_table import markdown

        typer.echo(markdown(scores, runs()), nl=False)
    else:
        _table(scores)
        _runs()


def _plain(row: dict[str, object]) -> dict[str, object]:
    """Names that a program expects first: id, measured, p10, p50, p90 in seconds."""
    renamed = {"measured_s": "measured", "p10_s": "p10", "p50_s": "p50", "p90_s": "p90"}
    return {renamed.get(name, name): value for name, value in row.items()} | {"reason": ""}


def _refused(row_id: str, reason: str) -> dict[str, object]:
    """A row that cannot be scored, and why."""
    return {"id": row_id, "measured": None, "p10": None, "p50": None, "p90": None, "reason": reason}


def _table(scores: "Sequence[Score]") -> None:
    from rich.table import Table

    from analysis.cli.output import console, print_table
    from analysis.validation.throughput import FAMOUS, errors_of, summarise

    table = Table(title="Step time: mean absolute error", caption=_memory_line(scores), caption_justify="left")
    for name in ("family", "rows", "model", "p90", "source left out", "stack left out", "constant MFU", "in p10-p90",
                 "same, source left out"):  # fmt: skip
        table.add_column(name, justify="left" if name == "family" else "right", no_wrap=True)
    for line in summarise(scores):
        table.add_row(line.name, str(line.rows), *(percent(value) for value in line[2:]))
    print_table(console(), table)
    for name, word, calculon in FAMOUS:
        errors = errors_of(scores, word)
        if errors:
            typer.echo(
                f"{name}: {percent(sum(errors) / len(errors))} on {len(errors)} rows (Calculon {percent(calculon)})"
            )


def _runs() -> None:
    """Whole runs from architecture and plan alone."""
    from rich.table import Table

    from analysis.cli.output import console, print_table
    from analysis.validation.throughput_runs import runs

    table = Table(title="Accelerator-hours of published runs; predictions are net of failures, saves and batch ramps")
    for name in ("run", "plan", "p10", "p50", "p90", "published", "kind", "p50 / published"):
        table.add_column(name, justify="left" if name in {"run", "plan", "kind"} else "right")
    for run in runs():
        hours = [f"{value:,.0f}" for value in (run.p10_h, run.p50_h, run.p90_h, run.published_h)]
        table.add_row(run.key, run.plan, *hours, run.kind, f"{run.ratio:.2f}")
    print_table(console(), table)


def _memory_line(scores: "Sequence[Score]") -> str:
    fits = sum(one.fits for one in scores) / len(scores)
    from analysis.validation.throughput import memory_errors

    measured = memory_errors(scores)
    line = f"Fits in memory: {percent(fits)} of {len(scores)} rows, all of which ran."
    return line + (
        f" Peak memory: {percent(sum(measured) / len(measured))} on {len(measured)} rows." if measured else ""
    )
