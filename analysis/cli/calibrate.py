"""``flopcast calibrate``: a stack factor from the user's own step times."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from analysis.cli.output import AsJson
from simulator.foundation.units import percent


def calibrate(
    measurements: Annotated[
        Path, typer.Argument(help="CSV with model, accelerator, count, degrees, global_batch, seq, step_time_s.")
    ],
    stack: Annotated[
        str | None, typer.Option(help="The stack that your software is closest to; else found row by row.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit one factor to measured steps of your own software: measured over modelled step time.

    Columns are those of the scoreboard's table; the more degrees you state, the less is inferred.
    """
    from analysis.cli.training import refuse, stack_of

    key = stack_of(stack)
    if not measurements.is_file():
        refuse(f"calibrate: no file {measurements}")
    from analysis.validation.own import own_factor

    try:
        found = own_factor(measurements, key)
    except UnicodeDecodeError as problem:
        refuse(f"calibrate: {measurements}: not UTF-8 text, at byte {problem.start}")
    except (OSError, ValueError) as problem:
        refuse(f"calibrate: {measurements}: {problem}")
    for row_id, reason in found.refused:
        typer.echo(f"{row_id}: left out: {reason}", err=True)
    if as_json:
        typer.echo(json.dumps(_document(found), indent=1))
        return
    typer.echo(f"stack {found.stack}: factor {found.factor:.4f} on {found.rows} rows "
               f"(shipped: {found.shipped:.4f}); log spread {found.sigma:.3f}")  # fmt: skip
    typer.echo(
        f"mean absolute error {percent(found.error_before)} with the shipped factor, "
        f"{percent(found.error_after)} with yours"
    )
    typer.echo(f'in a scenario: throughput.stack = "{found.stack}", throughput.factor = {found.factor:.4f}')


def _document(found: Any) -> dict[str, Any]:
    document: dict[str, Any] = found._asdict()
    return document
