"""``flopcast own``: what an hour of one's own accelerator costs, and from which utilisation on owning beats renting."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.cli.complete import entries, runs
from analysis.cli.output import AsJson, Sets, led
from simulator.foundation.units import percent

if TYPE_CHECKING:
    from analysis.study.ownership import Answer

_SHOWN = 8  # bars of the tornado on the screen


def _completed(incomplete: str) -> list[str]:
    return [*entries("accelerators", incomplete), *runs(incomplete)]


def own(
    name: Annotated[
        str,
        typer.Argument(
            help="An accelerator, such as h100-sxm, a shipped scenario, or a file.", autocompletion=_completed
        ),
    ],
    sets: Sets = None,
    rent: Annotated[
        str | None, typer.Option("--rent", help="Rent of an accelerator-hour, such as '$2.49/h'; looked up without it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what owning costs by utilisation and life, when it beats renting, and which inputs decide.

    Inputs are the keys of the section ownership in a scenario, or --set ownership.life="5 years".
    """
    from analysis.cli.output import console, to_json
    from analysis.study.ownership import answer
    from simulator.scenario.quantities import price

    found = answer(name, sets or [], None if rent is None else price(rent))
    if as_json:
        typer.echo(to_json(_facts(found)))
        return
    screen = console()
    for block in _page(found):
        screen.print(block)


def _facts(found: "Answer") -> Mapping[str, Any]:
    from dataclasses import asdict

    return {
        "accelerator": found.accelerator,
        "usd_per_accelerator_h": found.usd_per_accelerator_h,
        "inputs": asdict(found.ownership),
        "parts": [part._asdict() for part in found.parts],
        "by_life_and_utilisation": [row._asdict() for row in found.grid],
        "rent_usd_per_accelerator_h": found.rent,
        "rent_basis": found.rent_basis,
        "rent_has_host": found.rent_has_host,
        "break_even_utilisation": found.break_even,
        "tornado": [bar._asdict() for bar in found.tornado],
        "sources": [{"path": each.path, "value": each.value, "source": each.source} for each in found.sources],
        "warnings": found.warnings,
    }


def _page(found: "Answer") -> "list[Any]":
    from rich.table import Table

    inputs = found.ownership
    used = f"{inputs.life_years:g} years, {percent(inputs.utilisation, '.0')} in use"
    hour = f"An hour of one's own {found.accelerator}: ${found.usd_per_accelerator_h:.3g}"
    blocks: list[Any] = [led(hour, f" ({used})")]
    parts = Table("part", "$/h", "share", box=None, pad_edge=False)
    for part in found.parts:
        share = part.usd_per_accelerator_h / found.usd_per_accelerator_h
        parts.add_row(part.name, f"{part.usd_per_accelerator_h:.3f}", percent(share, ".0"))
    shares = (percent(each, ".0") for each in found.utilisations)
    grid = Table("$/h at utilisation of", *shares, box=None, pad_edge=False)
    for years in found.lives:
        grid.add_row(f"{years:g} years", *(f"{row.usd_per_accelerator_h:.2f}" for row in found.grid
                                           if row.life_years == years))  # fmt: skip
    bars = Table("input alone", "from", "to", "$/h", "break-even at", box=None, pad_edge=False)
    for bar in found.tornado[:_SHOWN]:
        even = ""
        if found.rent:
            at = [usd * inputs.utilisation / found.rent for usd in (bar.usd_at_low, bar.usd_at_high)]
            even = "" if bar.name == "utilisation" else f"{percent(at[0], '.0')} to {percent(at[1], '.0')}"
        span = f"{bar.usd_at_low:.2f} to {bar.usd_at_high:.2f}"
        bars.add_row(bar.name.replace("_", " "), bar.low, bar.high, span, even)
    blocks += [parts, grid, bars, found.verdict]
    if not (inputs.staff_usd_per_year or inputs.support_share or inputs.spares_share):
        blocks.append("Staff, support and spare parts are not in it: state ownership.staff_per_year, support, spares.")
    return [*blocks, *_sources(found), *(f"Warning: {warning}" for warning in found.warnings)]


def _sources(found: "Answer") -> "list[str]":
    """Return what was taken from the catalogue, a line for each source."""
    by_source: dict[str, list[str]] = {}
    for each in found.sources:
        by_source.setdefault(each.source, []).append(f"{each.path.removeprefix('ownership.')} {each.value}")
    return [f"{', '.join(values)}: {source}." for source, values in by_source.items()]
