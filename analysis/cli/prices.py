"""``flopcast prices import``: a catalogue of prices or one's own bill becomes a price file that wins in lookups."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from analysis.cli.output import AsJson

prices = typer.Typer(help="One's own prices.", no_args_is_help=True)


@prices.callback()
def own_prices() -> None:
    """One's own prices."""


@prices.command("import")
def import_prices(
    file: Annotated[Path, typer.Argument(help="CSV of a SkyPilot catalogue, or of a FOCUS bill.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="The price file to write.")] = Path("my-prices.csv"),
    provider: Annotated[
        str | None,
        typer.Option("--provider", help="Of a SkyPilot catalogue; from the path without, as in gcp/vms.csv."),
    ] = None,
    date: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Day of the prices; none holds always.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Turn a SkyPilot catalogue or a FOCUS bill into a price file for pricing.book; say what was dropped, and why."""
    from analysis.cli.output import check_file, to_json, write_text
    from analysis.validation.price_files import read_prices, written
    from simulator.pricing.book import PriceError, price_book

    check_file(out, ".csv", "")
    try:
        found = read_prices(file, provider=provider, day=None if date is None else date.date())
    except (PriceError, OSError, UnicodeDecodeError) as problem:
        said = problem.strerror if isinstance(problem, OSError) else problem
        typer.echo(f"prices import: {file}: {said}", err=True)
        raise typer.Exit(2) from None
    if not found.rows:
        typer.echo(f"prices import: {file}: none of {found.read} rows has a price of an accelerator", err=True)
        raise typer.Exit(2)
    write_text(out, written(found.rows))
    price_book().with_file(out)  # refuses what the book could not use
    if as_json:
        facts = {"file": str(out), "format": found.form, "read": found.read, "kept": len(found.rows)}
        typer.echo(to_json({**facts, "dropped": dict(found.dropped)}))
        return
    typer.echo(f"{out}: {len(found.rows)} prices from {found.read} rows of a {found.form}")
    for reason, count in found.dropped.items():
        typer.echo(f"  {count} dropped: {reason}")
    typer.echo(f'Name it in a scenario: [pricing] book = "{out.name}"')
