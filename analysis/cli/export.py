"""``flopcast export``: a forecast in other programs' formats."""

from pathlib import Path
from typing import Annotated

import typer

from analysis.cli.output import Replicas, ScenarioName, Seed, Sets

export = typer.Typer(help="A forecast in other programs' formats.", no_args_is_help=True)


@export.callback()
def formats() -> None:
    """A forecast in other programs' formats."""


@export.command("focus")
def focus(
    scenario: ScenarioName,
    out: Annotated[Path, typer.Option("--out", "-o", help="The CSV to write.")],
    sets: Sets = None,
    replicas: Replicas = None,
    seed: Seed = None,
) -> None:
    """Write the bill of the mean run as FinOps FOCUS 1.2 CSV: list, contracted, effective and billed cost by month."""
    from analysis.cli.output import all_sets, check_file, write_text
    from analysis.metrics.focus import focus_csv
    from analysis.metrics.forecast import forecast
    from simulator.engine.run import run as run_engine
    from simulator.scenario.api import scenario as resolved

    check_file(out, ".csv", "")
    found = resolved(scenario, all_sets(sets, seed, replicas))
    every = range(found.replicas)
    ensemble = run_engine(found, every)
    result = forecast(found, ensemble, every)
    text = focus_csv(result, ensemble)
    write_text(out, text)
    rows = text.count("\n") - 1
    billed = result.usd.mean * found.tariff.per_usd
    typer.echo(f"{out}: {rows} rows, {found.tariff.currency} {billed:,.2f} billed. Basis: {result.basis}.")
