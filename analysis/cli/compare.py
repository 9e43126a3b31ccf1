"""``flopcast compare A B``: paired on the same faults, who is cheaper and sooner, and how surely."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.cli.output import AsJson, Replicas, Seed, Sets, Workers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from analysis.study.compare import Difference

# How each quantity is shown: its name with the unit, what to divide by, and the form.
_SHOWN = {
    "wall_days": ("days", 1.0, "{:,.2f}"),
    "usd": ("$ million", 1e6, "{:,.4f}"),
    "accelerator_hours": ("accelerator-kh", 1e3, "{:,.2f}"),
    "goodput": ("goodput", 1.0, "{:.4f}"),
    "interruptions": ("interruptions", 1.0, "{:,.2f}"),
}


def compare(
    a: Annotated[str, typer.Argument(help="A shipped scenario or a file: what is.", show_default=False)],
    b: Annotated[str, typer.Argument(help="A shipped scenario or a file: what might be.", show_default=False)],
    sets: Sets = None,
    sets_b: Annotated[
        list[str] | None, typer.Option("--set-b", help="Change a value of B alone; may be given several times.")
    ] = None,
    replicas: Replicas = None,
    seed: Seed = None,
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """Compare two scenarios on common random numbers: B less A, with intervals and probabilities."""
    from analysis.cli.output import all_sets, console, forecast_facts, to_json
    from analysis.cli.run import made
    from analysis.study.compare import differences
    from simulator.scenario.api import scenario

    first = scenario(a, all_sets(sets, seed, replicas))
    paired = all_sets([*(sets or []), *(sets_b or [])], first.seed, first.replicas)
    ours, theirs = made(first, workers), made(scenario(b, paired), workers)
    found = differences(ours, theirs)
    if as_json:
        facts = {"a": forecast_facts(ours), "b": forecast_facts(theirs)}
        typer.echo(to_json(facts | {"differences": [asdict(row) for row in found]}))
        return
    screen = console()
    screen.print(f"A: {ours.scenario.title}\nB: {theirs.scenario.title}")
    screen.print(_table(found))
    sooner, cheaper = (next(row for row in found if row.quantity == name) for name in ("wall_days", "usd"))
    screen.print(
        f"B is cheaper in {cheaper.probability_lower:.0%} of the replicas and sooner in "
        f"{sooner.probability_lower:.0%}; ties count half.\n"
        "Noise: what pairing divides the variance of the difference by."
    )
    screen.print(f"Dollars of A: {ours.basis}.\nDollars of B: {theirs.basis}.")
    screen.print(f"{ours.replicas:,} paired replicas, seed {ours.seed}, flopcast {ours.version}.")


def _table(found: "Sequence[Difference]") -> "Table":
    from rich.table import Table

    table = Table("", box=None, pad_edge=False)
    for name in ("A", "B", "B - A", "± 95 %", "p10", "p90", "noise"):
        table.add_column(name, justify="right")
    for row in found:
        unit, size, form = _SHOWN[row.quantity]
        numbers = (
            row.a,
            row.b,
            row.difference.mean,
            row.high - row.difference.mean,
            row.difference.p10,
            row.difference.p90,
        )
        noise = "" if row.variance_ratio is None else f"/ {row.variance_ratio:,.1f}"
        table.add_row(unit, *(form.format(number / size) for number in numbers), noise)
    return table
