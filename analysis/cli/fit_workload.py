"""``flopcast fit workload``: a log of jobs to laws from which others are drawn."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.cli.output import AsJson
from simulator.foundation.units import percent

if TYPE_CHECKING:
    from analysis.metrics.workload_fit import WorkloadFit
    from simulator.traces.joblog import DropReport
    from simulator.traces.synthetic import Group, Workload


def workload(
    log: Annotated[Path, typer.Argument(help="Log of jobs: SWF, sacct -P, or a CSV; plain or .gz")],
    format_: Annotated[str | None, typer.Option("--format", help="Format, if the first line does not tell")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the workload (.toml)")] = None,
    as_json: AsJson = False,
) -> None:
    """Fit arrivals, sizes, run times and ends of a log; `flopcast cluster FILE.toml --jobs N` runs others like them."""
    from analysis.cli.fit_options import refuse, refusing, save
    from analysis.cli.output import check_file
    from analysis.metrics.workload_fit import fit_workload
    from simulator.traces.joblog import TraceError
    from simulator.traces.jobs import read_jobs
    from simulator.traces.workload_file import workload_toml

    check_file(out, ".toml")
    with refusing():
        found = read_jobs(log, format=format_)
    try:
        fit = fit_workload(found, title=f"Fitted to {log.name}", source=f"log {log.name}, fitted by flopcast")
    except TraceError as problem:
        refuse(f"{log}: {problem}")
    save(out, f"# Written by `flopcast fit workload`; see docs/how-to/my-workload.md.\n{workload_toml(fit.workload)}")
    if as_json:
        _print_json(found.report, fit)
    else:
        _print(log.name, found.report, fit)


def _print_json(rows: "DropReport", fit: "WorkloadFit") -> None:
    from dataclasses import asdict

    from analysis.cli.output import to_json

    laws = asdict(fit.workload)
    document: dict[str, Any] = {
        "rows": rows.facts(),
        "days": fit.days,
        "units_busy": fit.workload.units_busy,
        "shares": {name: {"jobs": jobs, "unit_time": work} for name, (jobs, work) in fit.shares.items()},
        "workload": laws,
    }
    typer.echo(to_json(document))


def _print(name: str, rows: "DropReport", fit: "WorkloadFit") -> None:
    from analysis.cli.fit_options import wide

    screen, laws = wide(), fit.workload
    screen.print(f"{name}: {rows}")
    gap = laws.gap.law + ("" if laws.gap.law == "exponential" else f", shape {laws.gap.shape:.3g}")
    screen.print(f"{laws.jobs_per_day:,.1f} jobs a day over {fit.days:,.1f} days; gaps {gap}; they keep "
                 f"{laws.units_busy / laws.units_per_accelerator:,.1f} accelerators busy")  # fmt: skip
    screen.print(_cycle("hour", laws.hours, fit.has_days, [f"{hour} h" for hour in range(24)]))
    screen.print(_cycle("weekday", laws.weekdays, fit.has_weeks, _weekdays(fit.calendar)))
    screen.print(_ends(fit))
    screen.print(_groups(laws))


def _weekdays(calendar: bool) -> list[str]:
    if calendar:
        return ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    return [f"day {number} of the log's week" for number in range(1, 8)]


def _cycle(what: str, weights: Any, has: bool, names: list[str]) -> str:
    if not has:
        return f"no cycle by {what}: the log is too short"
    high, low = max(range(len(weights)), key=weights.__getitem__), min(range(len(weights)), key=weights.__getitem__)
    return (
        f"busiest {what}: {names[high]} ({weights[high]:.2f} of the mean); quietest: {names[low]} ({weights[low]:.2f})"
    )


def _ends(fit: "WorkloadFit") -> Any:
    from rich.table import Table

    fitted = fit.workload.shares_by_status()
    table = Table(title="How jobs end", title_justify="left")
    for number, head in enumerate(("end", "of jobs", "of accelerator-time", "the same as fitted")):
        table.add_column(head, justify="right" if number else "left")
    for name, (jobs, work) in sorted(fit.shares.items()):
        table.add_row(name, percent(jobs), percent(work), percent(fitted[name][1]))
    return table


def _groups(laws: "Workload") -> Any:
    from rich.table import Table

    from analysis.cli.fit_options import length

    table = Table(title="Groups", title_justify="left")
    for number, head in enumerate(("end", "sizes", "of jobs", "mean size", "run time", "mean", "shape")):
        table.add_column(head, justify="right" if number else "left")
    units = laws.units_per_accelerator
    for group in laws.groups:
        shape = "" if group.run.law == "exponential" else f"{group.run.shape:.3g}"
        table.add_row(group.status or "unknown", _range(group, units), percent(group.share, ".2"),
                      f"{group.mean_size / units:,.3g}", group.run.law, length(group.run.mean_s), shape)  # fmt: skip
    return table


def _range(group: "Group", units: int) -> str:
    low, high = (f"{size / units:,g}" for size in (min(group.sizes), max(group.sizes)))
    return low if low == high else f"{low} to {high}"
