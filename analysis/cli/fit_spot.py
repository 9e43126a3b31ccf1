"""``flopcast fit spot``: a log of spot capacity to what a gang of nodes would have of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.cli.output import AsJson
from simulator.foundation.units import percent

if TYPE_CHECKING:
    from analysis.metrics.spot_market import GangView, MarketView
    from simulator.traces.joblog import DropReport


def spot(
    log: Annotated[Path, typer.Argument(help="Log of capacity: Bamboo, AWS and GCP events, or a CSV with time, nodes")],
    gang: Annotated[
        list[int] | None, typer.Option(min=1, help="Nodes that a job needs at once; again for several sizes")
    ] = None,
    market: Annotated[
        str | None, typer.Option(help="Which market of the log, such as v100x1 or k80x8/us-east-1b")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say how long gangs of nodes are fully up, and which law preempts them."""
    from analysis.cli.fit_options import refusing
    from analysis.metrics.spot_market import market_view
    from simulator.traces.availability import read_capacity

    with refusing():
        found = read_capacity(log, market=market)
    view = market_view(found, gang or ())
    if as_json:
        _print_json(found.report, view)
    else:
        _print(log.name, found.report, view)


def _print(name: str, rows: "DropReport", view: "MarketView") -> None:
    from rich.table import Table

    from analysis.cli.fit_laws import laws_table, laws_verdict
    from analysis.cli.fit_options import length, wide

    screen = wide()
    screen.print(f"{name}: {rows}")
    if view.markets:
        screen.print(f"markets: {', '.join(view.markets)}")
    screen.print(f"{view.node_hours:,.6f} node-hours in {length(view.length_s)}: "
                 f"{view.mean_nodes:.2f} nodes on the mean, {view.least} to {view.most}")  # fmt: skip
    table = Table(title="Gangs", title_justify="left")
    for head in ("nodes", "fully up", "times", "mean", "median", "away, mean"):
        table.add_column(head, justify="right")
    for each in view.gangs:
        table.add_row(f"{each.nodes}", percent(each.share), f"{each.times}", *map(_length, _lengths(each)))
    screen.print(table)
    if view.runs is not None:
        screen.print(laws_table("Time of one node in the market", view.runs))
        screen.print(laws_verdict(view.runs))


def _lengths(gang: "GangView") -> tuple[float | None, float | None, float | None]:
    return gang.mean_up_s, gang.median_up_s, gang.mean_away_s


def _length(value_s: float | None) -> str:
    from analysis.cli.fit_options import length

    return "" if value_s is None else length(value_s)


def _print_json(rows: "DropReport", view: "MarketView") -> None:
    from dataclasses import asdict

    from analysis.cli.fit_laws import laws_json
    from analysis.cli.output import to_json

    document = {
        "rows": rows.facts(),
        "markets": list(view.markets),
        "node_hours": view.node_hours,
        "length_s": view.length_s,
        "mean_nodes": view.mean_nodes,
        "gangs": [asdict(each) for each in view.gangs],
        "node_runs": laws_json(view.runs),
    }
    typer.echo(to_json(document))
