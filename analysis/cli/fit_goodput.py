"""``flopcast fit goodput``: a job's log of events to a ledger, goodput and the times between and after stops."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.cli.output import AsJson
from simulator.foundation.units import percent

if TYPE_CHECKING:
    from analysis.metrics.job_ledger import JobLedger
    from simulator.traces.events import EventLog

HOUR_S = 3600.0


def goodput(
    log: Annotated[Path, typer.Argument(help="Log of events: time, event, cause, accelerators (CSV or JSON lines)")],
    as_json: AsJson = False,
) -> None:
    """Sum up where a job's time went, in the phases of Google's goodput library."""
    from analysis.cli.fit_options import refuse, refusing
    from analysis.metrics.job_ledger import job_ledger
    from simulator.traces.events import read_events
    from simulator.traces.joblog import TraceError

    with refusing():
        found = read_events(log)
        try:
            ledger = job_ledger(found.events)
        except TraceError as problem:
            raise TraceError(f"{log}: {problem}") from None
    if not ledger.held_accelerator_s:
        refuse(f"{log}: no time passes in it; expected at least two events with different times")
    if as_json:
        _print_json(found, ledger)
    else:
        _print(log.name, found, ledger)


def _rows(ledger: "JobLedger") -> list[tuple[str, str, str, float]]:
    """Return stage, phase, cause and accelerator-hours, the largest first."""
    rows = [(*line, seconds / HOUR_S) for line, seconds in ledger.accelerator_s.items()]
    return sorted(rows, key=lambda row: (-row[3], row[:3]))


def _print_json(log: "EventLog", ledger: "JobLedger") -> None:
    from analysis.cli.output import to_json

    document = {
        "rows": {"read": log.report.read, "kept": log.report.kept, "sorted": not log.was_sorted},
        "goodput": ledger.goodput,
        "ettr": ledger.ettr,
        "ettr_without_queue": ledger.ettr_running,
        "wall_s": ledger.wall_s,
        "stops": dict(ledger.stops),
        "interruptions": ledger.interruptions,
        "mtti_s": ledger.mtti_s,
        "mttr_s": ledger.mttr_s,
        "open_jobs": list(ledger.open_jobs),
        "ledger": [
            {"stage": stage, "phase": phase, "cause": cause, "accelerator_hours": hours}
            for stage, phase, cause, hours in _rows(ledger)
        ],
    }
    typer.echo(to_json(document))


def _print(name: str, log: "EventLog", ledger: "JobLedger") -> None:
    from rich.table import Table

    from analysis.cli.fit_options import length, wide
    from analysis.plots.names import cause_name, phase_name

    screen = wide()
    screen.print(f"{name}: {log.report}" + ("" if log.was_sorted else "; the rows were put in order of time"))
    if ledger.open_jobs:
        named = ", ".join(filter(None, ledger.open_jobs)) or "the job"
        screen.print(f"no end of {named} in the log: it counts up to its last event, its last work as kept")
    whole = sum(hours for *_, hours in _rows(ledger))
    stages = len({stage for stage, *_ in _rows(ledger)}) > 1
    table = Table(title="Where the time went", title_justify="left")
    for head in (*(["stage"] * stages), "phase", "in words", "cause"):
        table.add_column(head)
    for head in ("accelerator-hours", "share"):
        table.add_column(head, justify="right")
    for stage, phase, cause, hours in _rows(ledger):
        table.add_row(
            *([stage] * stages),
            phase,
            phase_name(phase),
            cause_name(cause),
            f"{hours:,.2f}",
            percent(hours / whole, ".2"),
        )
    table.add_section()
    table.add_row(*([""] * stages), "total", "", "", f"{whole:,.2f}", "100.00 %")
    screen.print(table)
    screen.print(f"goodput {ledger.goodput:.4f} of accelerator-time; effective training time ratio {ledger.ettr:.4f} "
                 f"of wall-clock, {ledger.ettr_running:.4f} without the queue")  # fmt: skip
    if ledger.mtti_s is not None and ledger.mttr_s is not None:
        what = "stop" if ledger.interruptions == 1 else "stops"
        screen.print(f"{ledger.interruptions:,} {what}: one in {length(ledger.mtti_s)}, "
                     f"{length(ledger.mttr_s)} until work went on")  # fmt: skip
    else:
        screen.print("no stop in the log")
