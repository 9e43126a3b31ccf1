"""``flopcast scoreboard runs``: hours and dollars of published runs beside ours."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.cli.output import AsJson
from simulator.foundation.units import percent

if TYPE_CHECKING:
    from analysis.validation.runs import Hours, Score

HEADS = ("run", "kind", "published h", "p10", "p50", "p90", "p50 / published", "stated figure", "gen. median")
MONEY_HEADS = ("run", "published $", "of published hours", "error", "price", "p50 $ of predicted hours")


def scoreboard_runs(
    truth: Annotated[
        Path | None, typer.Option(help="Table with the columns of truth/runs.csv; the catalogue's own without it.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the board as Markdown too.")] = None,
    as_json: AsJson = False,
) -> None:
    """Score hours and dollars against published training runs, beside constant MFU and the generation's median.

    Hours come from architecture, tokens, accelerator and count alone, on the path of every scenario. A run that took
    part in the fit is predicted without itself. Dollars are what `run` makes of published hours at the stated price.
    """
    from analysis.cli.output import check_file
    from analysis.validation.runs import plain, score

    check_file(out, ".md", "")
    try:
        scores = score(truth)
    except (OSError, ValueError) as problem:
        typer.echo(f"scoreboard runs: {truth}: {problem}", err=True)
        raise typer.Exit(2) from None
    if not scores:
        typer.echo(f"scoreboard runs: {truth}: no rows", err=True)
        raise typer.Exit(2)
    if out is not None:
        from analysis.cli.output import write_text

        write_text(out, markdown(scores))
    if as_json:
        from analysis.cli.output import to_json

        typer.echo(to_json([plain(one) for one in scores]))
        return
    _print(scores)


def _print(scores: "Sequence[Score]") -> None:
    from rich.table import Table

    from analysis.cli.output import console, print_table

    screen = console()
    for title, (heads, rows) in tables(scores).items():
        table = Table(*heads, title=title, title_justify="left", box=None, pad_edge=False)
        for column in table.columns[1:]:
            column.justify = "right"
        for row in rows:
            table.add_row(*row)
        print_table(screen, table)
        screen.print()
    for score in scores:
        if not score.scored:
            screen.print(f"{score.id}: hours not scored: {score.reason}")
    screen.print(dollars_verdict(scores))


def tables(scores: "Sequence[Score]") -> dict[str, tuple[Sequence[str], Sequence[Sequence[str]]]]:
    """Return the board as tables of text, by title."""
    from analysis.validation.runs import summarise

    summary = [
        (line.name, str(line.runs), _share(line.median_error), _share(line.within_30), _share(line.within_2),
         "" if line.coverage is None else _share(line.coverage), "" if line.width is None else f"{line.width:.2f}")
        for line in summarise(scores)
    ]  # fmt: skip
    return {
        "Accelerator-hours from architecture, tokens, accelerator and count alone": (HEADS, [
            (score.id, score.kind, _hours(score.published_hours), *_interval(score.hours), _ratio(score.hours, score),
             _ratio(score.stated, score), _ratio_of(score.baselines.get("generation_median"), score))
            for score in scores if score.hours
        ]),
        "How good each way is": (
            ("", "runs", "median error", "within 30 %", "within x 2", "in p10-p90", "p90 / p10"), summary,
        ),
        "Dollars": (MONEY_HEADS, [_money(score) for score in scores if score.usd_of_hours]),
    }  # fmt: skip


def dollars_verdict(scores: "Sequence[Score]") -> str:
    """Say how many rows' dollars could be compared, how far off the worst is, and what the others lack."""
    from collections import Counter

    from analysis.validation.runs import dollar_errors

    errors = [abs(error) for _, error in dollar_errors(scores)]
    worst = f", the worst {_share(max(errors))} off" if errors else ""
    lacks = Counter(score.usd_reason for score in scores if score.usd_reason)
    others = "".join(f"; {count} {reason}" for reason, count in lacks.most_common())
    return f"Dollars: {len(errors)} of {len(scores)} rows state hours, price and dollars{worst}{others}."


def _money(score: "Score") -> Sequence[str]:
    error = ""
    if score.published_usd and score.usd_of_hours:
        error = percent(score.usd_of_hours / score.published_usd - 1, "+z.1")
    predicted = "" if score.hours is None or not score.price else f"${score.hours.p50 * score.price:,.0f}"
    published = "" if not score.published_usd else f"${score.published_usd:,.0f}"
    of_hours = f"${score.usd_of_hours:,.0f}" if score.usd_of_hours else ""
    return score.id, published, of_hours, error, f"${score.price or 0:.4g}/h {score.price_source}", predicted


def markdown(scores: "Sequence[Score]") -> str:
    """Return the board for the documentation."""
    from simulator import __version__

    lines = [
        "# Scoreboard: published runs",
        "",
        f"Written by `flopcast scoreboard runs --out`, flopcast {__version__}; do not edit. Hours are of accelerators,",
        "in the unit of the source. `stated figure` is predicted over published with the stated MFU or tokens/s,",
        "`gen. median` with the median MFU of the other runs of the generation. Prices of the book show the order of",
        "magnitude; nobody says that they were paid. GPT-3 is no forecast: a V100's efficiency is taken from it.",
    ]
    for title, (heads, rows) in tables(scores).items():
        lines += ["", f"## {title}", "", f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
        lines += [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows]
    lines += ["", "Not scored: " + "; ".join(f"{one.id} ({one.reason})" for one in scores if not one.scored) + "."]
    lines += ["", dollars_verdict(scores)]
    return "\n".join(lines) + "\n"


def _interval(hours: "Hours | None") -> tuple[str, str, str]:
    return ("", "", "") if hours is None else (_hours(hours.p10), _hours(hours.p50), _hours(hours.p90))


def _hours(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _ratio(hours: "Hours | None", score: "Score") -> str:
    return _ratio_of(None if hours is None else hours.p50, score)


def _ratio_of(value: float | None, score: "Score") -> str:
    return "" if value is None or not score.published_hours else f"{value / score.published_hours:.2f}"


def _share(value: float) -> str:
    return percent(value)
