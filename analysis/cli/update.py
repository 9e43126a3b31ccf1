"""``flopcast update``: what is still to come, given what was seen of the run so far."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.cli.output import AsJson, ScenarioName, Seed, Sets, led
from simulator.foundation.units import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from analysis.study.so_far import Seen
    from analysis.study.update import Outlook
    from simulator.scenario.values import Scenario


def update(
    scenario: ScenarioName,
    so_far: Annotated[
        Path,
        typer.Option(
            "--so-far",
            help="CSV with columns day, tokens, stops, counted from the start, and if it was measured "
            "tokens_per_second_per_accelerator while stepping; the last row is now.",
            show_default=False,
        ),
    ],
    sets: Sets = None,
    seed: Seed = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Write the forecast over time as .svg or .png.")] = None,
    as_json: AsJson = False,
) -> None:
    """Update a forecast during the run: days and dollars that remain, given tokens, stops and speed so far."""
    from analysis.cli.output import PICTURES, all_sets, check_file, console, luck, progress, to_json
    from analysis.study.so_far import read
    from analysis.study.update import DRAWS, REPLICAS, history
    from simulator import __version__
    from simulator.scenario.api import scenario as resolved

    check_file(plot, *PICTURES, option="--plot")
    known = resolved(scenario, all_sets(sets, seed, None))
    log = read(so_far)
    with progress(DRAWS * (len(log) + 1), "runs of the rest") as show:
        found = history(known, log, progress=show)
    if plot is not None:
        _draw(known, found, plot)
    if as_json:
        drawn = {"replicas": DRAWS * REPLICAS, "seed": known.seed, "version": __version__}
        typer.echo(to_json({"scenario": known.name, "moments": [_facts(each) for each in found], **drawn}))
        return
    screen = console()
    screen.print(led(known.title))
    screen.print(_table(found))
    screen.print(_answer(found))
    screen.print(
        luck(DRAWS * REPLICAS, known.seed, f"replicas of each row, {REPLICAS} for each pair of rate and speed")
    )


def _answer(found: "Sequence[Outlook]") -> str:
    last = found[-1]
    usd, days, belief = last.rest_usd, last.rest_days, last.belief
    return (
        f"To come: {days.p50:,.2f} days ({days.p10:,.2f} to {days.p90:,.2f}) and ${usd.p50:,.0f} (${usd.p10:,.0f} to "
        f"${usd.p90:,.0f}), 80 % intervals. The run fails {belief.rate:.2f} times as often and steps "
        f"{belief.speed:.3f} times as fast as the scenario says. Ranges before the start and the drift of "
        f"{percent(belief.drift_sigma, '.0')} in the rest are assumptions."
    )


def _table(found: "Sequence[Outlook]") -> "Table":
    from rich.table import Table

    from analysis.plots.amounts import dollars
    from simulator.scenario.findings import about

    table = Table("day", box=None, pad_edge=False)
    for name in ("tokens", "stops", "days p50", "p10 to p90", "dollars", "failures", "speed"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in found:
        seen, days = each.seen, each.wall_days
        known = ["start", "", ""]
        if seen is not None:
            tokens = about(seen.tokens, "tokens").removesuffix(" tokens")
            known = [f"{seen.elapsed_s / 86400:,.4g}", tokens, f"{seen.stops:,}"]
        table.add_row(
            *known,
            f"{days.p50:,.2f}",
            f"{days.p10:,.2f} to {days.p90:,.2f}",
            dollars(each.usd.p50, 4),
            f"x {each.belief.rate:.2f}",
            f"x {each.belief.speed:.3f}",
        )
    return table


def _facts(each: "Outlook") -> dict[str, Any]:
    from analysis.metrics.facts import cents

    return {
        "seen": None if each.seen is None else _seen(each.seen),
        "belief": asdict(each.belief) | {"rate": each.belief.rate, "speed": each.belief.speed},
        "wall_days": asdict(each.wall_days),
        "usd": cents(each.usd),
        "interruptions": asdict(each.interruptions),
        "rest_days": asdict(each.rest_days),
        "rest_usd": cents(each.rest_usd),
    }


def _seen(seen: "Seen") -> dict[str, Any]:
    return {name: value for name, value in asdict(seen).items() if name not in ("file", "line")}


def _draw(scenario: "Scenario", found: "Sequence[Outlook]", plot: Path) -> None:
    from analysis.cli.output import write_picture
    from analysis.plots.outlook import Moment, outlook_picture

    moments = [
        Moment(
            at_days=0.0 if each.seen is None else each.seen.elapsed_s / 86400,
            p10=each.wall_days.p10,
            p50=each.wall_days.p50,
            p90=each.wall_days.p90,
        )
        for each in found
    ]
    known = scenario.published
    ended = None if known is None or known.wall_s is None else known.wall_s / 86400
    picture = outlook_picture("outlook", moments, published_days=ended)
    write_picture(plot, picture)
