"""``flopcast fit failures``: a log of outages to rates, laws, lemons and a failure catalogue entry."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.cli.output import AsJson

if TYPE_CHECKING:
    from analysis.metrics.outages import OutageStudy

Option = typer.Option


def failures(
    log: Annotated[Path, typer.Argument(help="Log of outages: the LANL file, or a CSV with node, start, end, cause")],
    system: Annotated[str | None, Option(help="Which system of the LANL file, such as 18")] = None,
    format_: Annotated[str | None, Option("--format", help="lanl or csv, if the heading does not tell")] = None,
    columns: Annotated[str | None, Option(help="Columns of a CSV: node=host,start=down_at,end=up_at,cause=why")] = None,
    nodes: Annotated[int | None, Option(min=1, help="Nodes of the fleet, those that never failed included")] = None,
    since: Annotated[str | None, Option(help="Begin of the observation; default: as the log says")] = None,
    until: Annotated[str | None, Option(help="End of the observation; default: the last failure")] = None,
    out: Annotated[Path | None, Option("--out", "-o", help="Write a failure catalogue for scenarios (.toml)")] = None,
    key: Annotated[str | None, Option(help="Name of that catalogue; default: from the file's name")] = None,
    accelerators_per_node: Annotated[int | None, Option(min=1, help="Of the nodes in the log, for --out")] = None,
    plot: Annotated[Path | None, Option(help="Draw the gaps, a node's uptime and the repairs (.svg or .png)")] = None,
    as_json: AsJson = False,
) -> None:
    """Fit failure and repair laws to a log of outages, and name what is unusual in it."""
    from analysis.cli import fit_failures_report as shown
    from analysis.cli.fit_options import moment_s, refusing, save, save_picture
    from analysis.cli.output import PICTURES, check_file
    from analysis.metrics.observation import Observation
    from analysis.metrics.outages import study
    from simulator.traces.outage_logs import read_outages

    check_file(out, ".toml")
    check_file(plot, *PICTURES, option="--plot")
    with refusing():
        found = read_outages(log, format=format_, system=system, columns=columns)
        seen = Observation.of(
            found, nodes=nodes, since_s=moment_s("--since", since), until_s=moment_s("--until", until)
        )
    result = study(found, seen)
    name = key or _key(log, system)
    save(out, _entry(result, name, log, system, accelerators_per_node) if out else "")
    if plot is not None:
        from analysis.plots.failure_fit import failure_fit

        save_picture(plot, failure_fit(f"fit-{name}", result))
    if as_json:
        typer.echo(shown.as_json(found.report, result))
    else:
        shown.print_report(log.name, found.report, result)


def _key(log: Path, system: str | None) -> str:
    from analysis.metrics.outages import word

    stem = log.name.partition(".")[0]
    return word(stem if system is None else f"{stem}_{system}").replace("_", "-")


def _entry(result: "OutageStudy", key: str, log: Path, system: str | None, accelerators_per_node: int | None) -> str:
    from analysis.report.failure_entry import failure_entry

    which = "" if system is None else f", system {system}"
    return failure_entry(
        result,
        key=key,
        title=f"Fitted to {log.name}{which}",
        source=f"log {log.name}{which}, fitted by flopcast",
        node_accelerators=accelerators_per_node,
    )
