"""What ``flopcast cluster`` prints: tables for people, JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from analysis.metrics.queueing import Interval, QueueingSummary, by_size, interval, wait_reasons_s
from analysis.metrics.showback import Share, showback
from simulator.engine.cluster_log import ClusterLog, JobEnd

if TYPE_CHECKING:
    from rich.console import Console

    from analysis.cli.cluster_options import Question

ROWS: Sequence[tuple[str, str, str]] = (  # name for people, field, how it is shown
    ("mean wait", "mean_wait_s", "time"),
    ("median wait", "median_wait_s", "time"),
    ("95 % of waits below", "p95_wait_s", "time"),
    ("longest wait", "max_wait_s", "time"),
    ("mean time to completion", "mean_jct_s", "time"),
    ("mean bounded slowdown", "mean_bounded_slowdown", "number"),
    ("jobs waiting on average", "mean_queue", "number"),
    ("utilisation", "utilisation", "share"),
    ("goodput", "goodput", "share"),
    ("makespan", "makespan_s", "time"),
    ("jobs promised a start", "promised", "count"),
    ("later than promised", "late_promises", "count"),
    ("stops", "stops", "count"),
    ("lost unit-hours", "lost_unit_h", "number"),
    ("longer than estimated", "overruns", "count"),
    ("idle on partly used nodes", "fragmentation", "share"),
)

LADDER = ((172800.0, 86400.0, "d"), (7200.0, 3600.0, "h"), (120.0, 60.0, "min"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyResult:
    """One policy: the log as it is, and the summaries of all replications."""

    policy: str
    log: ClusterLog
    summaries: Sequence[QueueingSummary]

    def value(self, field: str) -> Interval | None:
        """Return a number over the replications, or None if it was not measured."""
        values = [getattr(summary, field) for summary in self.summaries]
        return None if None in values else interval(values)


def shown(value: float, how: str) -> str:
    """Write a number for people.

    Examples
    --------
    >>> shown(7200, "time"), shown(75, "time"), shown(0.685, "share"), shown(1234567, "count")
    ('2.00 h', '75.00 s', '68.5 %', '1,234,567')
    """
    if how == "time":
        size, unit = next(((size, unit) for least, size, unit in LADDER if value >= least), (1.0, "s"))
        return f"{value / size:,.2f} {unit}"
    if how == "usd":
        return f"${value:,.0f}"
    if how == "share":
        return f"{value * 100:.1f} %"
    return f"{value:,.0f}" if how == "count" else f"{value:,.2f}"


def cell(found: Interval | None, how: str) -> str:
    """Write a mean with its interval for people."""
    if found is None:
        return "-"
    if found.low is None or found.high is None:
        return shown(found.mean, how)
    return f"{shown(found.mean, how)} ({shown(max(found.low, 0), how)} to {shown(found.high, how)})"


def queue_name(end: JobEnd) -> str:
    """Return the queue of a job, for showback."""
    return end.job.queue or "(no queue)"


def print_report(asked: "Question", results: Sequence[PolicyResult], console: "Console") -> None:
    """Print tables: all policies side by side, then what was asked for of each."""
    from rich.table import Table

    console.print(str(asked.report), highlight=False, soft_wrap=True)
    title = f"{len(asked.setup.jobs):,} jobs on {asked.setup.capacity // asked.setup.units_per_accelerator:,} units"
    if asked.replications > 1:
        title += f", {asked.replications} replications, 95 % intervals"
    table = Table("", *(result.policy for result in results), title=title)
    for name, field, how in ROWS:
        table.add_row(name, *(cell(result.value(field), how) for result in results))
    console.print(table)
    for result in results:
        _print_sizes(result, console)
        if asked.setup.explain:
            _print_reasons(result, console)
        if asked.usd_per_accelerator_h is not None:
            _print_showback(result, asked.usd_per_accelerator_h, console)


def _print_sizes(result: PolicyResult, console: "Console") -> None:
    from rich.table import Table

    table = Table("units", "jobs", "mean wait", "longest wait", "unit-hours", title=f"{result.policy}: by size")
    for name, group in by_size(result.log).items():
        table.add_row(name, shown(group.jobs, "count"), shown(group.mean_wait_s, "time"),
                      shown(group.max_wait_s, "time"), shown(group.unit_h, "number"))  # fmt: skip
    console.print(table)


def _print_reasons(result: PolicyResult, console: "Console") -> None:
    from rich.table import Table

    reasons_s = wait_reasons_s(result.log)
    total_s = sum(reasons_s.values()) or 1
    table = Table("reason", "job-hours", "share", title=f"{result.policy}: why jobs waited")
    for reason, time_s in reasons_s.items():
        table.add_row(reason, shown(time_s / 3600, "number"), shown(time_s / total_s, "share"))
    console.print(table)


def _print_showback(result: PolicyResult, usd_per_accelerator_h: float, console: "Console") -> None:
    from rich.table import Table

    table = Table(
        "queue",
        "jobs",
        "unit-hours",
        "useful $",
        "lost or idle $",
        title=f"{result.policy}: who pays, at a stated ${usd_per_accelerator_h:g} an accelerator-hour",
    )
    for who, share in showback(result.log, usd_per_accelerator_h, queue_name).items():
        table.add_row(who, shown(share.jobs, "count"), shown(share.unit_h, "number"),
                      shown(share.useful_usd, "number"), shown(share.lost_usd, "number"))  # fmt: skip
    console.print(table)


def as_json(asked: "Question", results: Sequence[PolicyResult], more: Mapping[str, Any] | None = None) -> str:
    """Return the report for programs, with more that was asked; a replicated number has its mean and interval."""
    report = asked.report
    document = {
        "rows": {"read": report.read, "kept": report.kept, "dropped": dict(report.dropped)},
        "capacity": asked.setup.capacity // asked.setup.units_per_accelerator,
        "replications": asked.replications,
        "seed": asked.setup.seed,
        "policies": {result.policy: _document(asked, result) for result in results},
        **(more or {}),
    }
    return json.dumps(document, indent=2)


def _document(asked: "Question", result: PolicyResult) -> Mapping[str, Any]:
    summary = asdict(result.summaries[0])
    if asked.replications > 1:
        intervals = {field: result.value(field) for field in summary}
        summary = {field: found and found._asdict() for field, found in intervals.items()}
    document: dict[str, Any] = {"summary": summary}
    document["by_size"] = {name: group._asdict() for name, group in by_size(result.log).items()}
    if asked.setup.explain:
        document["waits_by_reason_s"] = wait_reasons_s(result.log)
    if asked.usd_per_accelerator_h is not None:
        shares: Mapping[str, Share] = showback(result.log, asked.usd_per_accelerator_h, queue_name)
        document["showback"] = {who: share._asdict() for who, share in shares.items()}
    return document
