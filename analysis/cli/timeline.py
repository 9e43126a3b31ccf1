"""``flopcast timeline``: one run, event by event, for Perfetto."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.cli.output import AsJson, Replicas, ScenarioName, Seed, Sets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.records import Record
    from simulator.scenario.values import Scenario


def timeline(
    scenario: ScenarioName,
    out: Annotated[Path, typer.Option("--out", "-o", help="The JSON file to write.")] = Path("timeline.json"),
    replica: Annotated[
        int | None, typer.Option("--replica", min=0, help="Which run; default: the one of median length.")
    ] = None,
    sets: Sets = None,
    events: Annotated[
        Path | None, typer.Option(help="Write the run as a log of events, too, for `fit goodput` (.csv or .jsonl).")
    ] = None,
    replicas: Replicas = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Write the timeline of one run as a Chrome trace; https://ui.perfetto.dev opens it."""
    import json

    from analysis.cli.output import all_sets, check_file, to_json, write_text
    from analysis.report.replay import replay, stops
    from analysis.report.source import read
    from analysis.report.trace import chrome_trace

    check_file(out, ".json", "")
    check_file(events, ".csv", ".jsonl", ".csv.gz", ".jsonl.gz", "", option="--events")
    found = read(scenario, all_sets(sets, seed, replicas)).scenario
    run = replay(found, _median(found) if replica is None else replica)
    write_text(out, json.dumps(chrome_trace(found, run), allow_nan=False) + "\n")
    if events is not None:
        _write_events(events, run.records)
    facts = {
        "timeline": str(out),
        "replica": run.header.replica,
        "wall_days": run.header.wall_s / 86400.0,
        "interruptions": run.header.interruptions,
    }
    if as_json:
        typer.echo(to_json(facts))
    else:
        days, number = facts["wall_days"], len(stops(run.records))
        typer.echo(f"{out}: replica {run.header.replica}, {days:,.2f} days, {number:,} stops")


def _write_events(path: Path, records: "Sequence[Record]") -> None:
    from analysis.cli.output import whole
    from analysis.metrics.job_ledger import events_of
    from simulator.traces.events import write_events

    with whole(path) as part:
        write_events(part, events_of(records))


def _median(scenario: "Scenario") -> int:
    """Return the replica of median length."""
    from analysis.cli.output import progress
    from analysis.report.replay import nearest_replica
    from simulator.engine.run import run

    with progress(scenario.replicas, "replicas") as show:
        return nearest_replica(run(scenario, range(scenario.replicas), progress=show).wall_s, 0.5)
