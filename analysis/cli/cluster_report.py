"""What ``flopcast cluster`` prints: tables for people, JSON for programs."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from analysis.cli.output import print_table, table_of
from analysis.metrics.queueing import Interval, QueueingSummary, by_size, interval, ledger, wait_reasons_s
from analysis.metrics.showback import Share, showback
from simulator.engine.cluster_ledger import NO_CAUSE
from simulator.engine.cluster_log import ClusterLog, JobEnd
from simulator.foundation.units import hourly

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
    ("deadlines", "deadlines", "count"),
    ("ended after it", "missed_deadlines", "count"),
    ("services without accelerators", "unserved", "share"),
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


def user_name(end: JobEnd) -> str:
    """Return the user of a job, for showback."""
    return end.job.user or "(no user)"


def print_report(asked: "Question", results: Sequence[PolicyResult], console: "Console") -> None:
    """Print tables: all policies side by side, then what was asked for of each."""
    print_comparison(asked, results, console)
    for result in results:
        _print_sizes(result, console)
        if asked.setup.explain:
            _print_reasons(result, console)
            _print_ledger(result, console)
        if asked.usd_per_accelerator_h is not None:
            _print_showback(result, asked.usd_per_accelerator_h, "queue", queue_name, console)
            _print_showback(result, asked.usd_per_accelerator_h, "user", user_name, console)


def print_comparison(asked: "Question", results: Sequence[PolicyResult], console: "Console") -> None:
    """Print all policies side by side, and their paired differences to the first where there are replications."""
    if asked.title:
        console.print(asked.title, highlight=False, soft_wrap=True)
    for warning in asked.warnings:
        console.print(f"warning: {warning}", highlight=False, soft_wrap=True)
    console.print(str(asked.report), highlight=False, soft_wrap=True)
    title = f"{len(asked.setup.jobs):,} jobs on {asked.setup.capacity // asked.setup.units_per_accelerator:,} units"
    if asked.replications > 1:
        title += f", {asked.replications} replications, 95 % intervals"
    table = table_of(title, [""], [result.policy for result in results])
    for name, field, how in ROWS:
        table.add_row(name, *(cell(result.value(field), how) for result in results))
    print_table(console, table)
    if asked.replications > 1 and len(results) > 1:
        _print_differences(results, console)


def differences(first: PolicyResult, other: PolicyResult) -> Mapping[str, Interval]:
    """Return by how much each number of a policy is above the first one's, replication by replication.

    Both lived through the same jobs and the same faults, so that most of the chance is in neither difference.
    """
    found = {}
    for _, field, _ in ROWS:
        pairs = [
            (getattr(ours, field), getattr(theirs, field))
            for ours, theirs in zip(first.summaries, other.summaries, strict=True)
        ]
        if all(value is not None for pair in pairs for value in pair):
            found[field] = interval([theirs - ours for ours, theirs in pairs])
    return found


def _print_differences(results: Sequence[PolicyResult], console: "Console") -> None:
    first, *others = results
    title = f"difference to {first.policy}, paired on the same jobs and faults, 95 % intervals"
    table = table_of(title, [""], [result.policy for result in others])
    found = [differences(first, result) for result in others]
    for name, field, how in ROWS:
        if any(each.get(field, Interval(0, 0, 0)).mean for each in found):
            table.add_row(name, *(_change(each.get(field), how) for each in found))
    print_table(console, table)


def _change(found: Interval | None, how: str) -> str:
    """Write a difference with its interval; one that holds zero is in brackets."""
    if found is None or found.low is None or found.high is None:
        return "-"
    text = " to ".join(_signed(value, how) for value in (found.low, found.high))
    return f"({text})" if found.low <= 0 <= found.high else text


def _signed(value: float, how: str) -> str:
    return ("-" if value < 0 else "+") + shown(abs(value), how)


def _print_sizes(result: PolicyResult, console: "Console") -> None:
    table = table_of(f"{result.policy}: by size", ["units"], ["jobs", "mean wait", "longest wait", "unit-hours"])
    for name, group in by_size(result.log).items():
        table.add_row(name, shown(group.jobs, "count"), shown(group.mean_wait_s, "time"),
                      shown(group.max_wait_s, "time"), shown(group.unit_h, "number"))  # fmt: skip
    print_table(console, table)


def _print_reasons(result: PolicyResult, console: "Console") -> None:
    reasons_s = wait_reasons_s(result.log)
    total_s = sum(reasons_s.values()) or 1
    table = table_of(f"{result.policy}: why jobs waited", ["reason"], ["job-hours", "share"])
    for reason, time_s in reasons_s.items():
        table.add_row(reason, shown(time_s / 3600, "number"), shown(time_s / total_s, "share"))
    print_table(console, table)


def _print_ledger(result: PolicyResult, console: "Console") -> None:
    """Print where the accelerators' time went, and what stopped jobs."""
    table = table_of(f"{result.policy}: where the time went", ["phase", "cause"], ["accelerator-hours", "share"])
    for row in ledger(result.log):
        cause = "" if row.cause == NO_CAUSE else row.cause.replace("_", " ")
        table.add_row(row.phase.replace("_", " "), cause, shown(row.accelerator_h, "number"), shown(row.share, "share"))
    print_table(console, table)
    if stops := result.log.stops_by_cause:
        words = ", ".join(f"{cause.replace('_', ' ')} {count:,}" for cause, count in stops.items())
        console.print(f"Stops: {words}.", highlight=False, soft_wrap=True)


def _print_showback(
    result: PolicyResult, usd_per_accelerator_h: float, what: str, by: Callable[[JobEnd], str], console: "Console"
) -> None:
    title = f"{result.policy}: who pays, by {what}, at a stated {hourly(usd_per_accelerator_h)} an accelerator-hour"
    table = table_of(title, [what], ["jobs", "accelerator-hours", "useful $", "lost or idle $"])
    for who, share in showback(result.log, usd_per_accelerator_h, by).items():
        name = who.replace("_", " ") if who.startswith("(") else who  # a cause, not somebody
        table.add_row(name, shown(share.jobs, "count"), shown(share.unit_h, "number"),
                      shown(share.useful_usd, "number"), shown(share.lost_usd, "number"))  # fmt: skip
    print_table(console, table)


def as_json(asked: "Question", results: Sequence[PolicyResult], more: Mapping[str, Any] | None = None) -> str:
    """Return the report for programs, with more that was asked; a replicated number has its mean and interval."""
    report = asked.report
    document: dict[str, Any] = {
        "title": asked.title,
        "warnings": list(asked.warnings),
        "rows": report.facts(),
        "capacity": asked.setup.capacity // asked.setup.units_per_accelerator,
        "replications": asked.replications,
        "seed": asked.setup.seed,
        "policies": {result.policy: _document(asked, result) for result in results},
        **(more or {}),
    }
    if asked.replications > 1 and len(results) > 1:
        document["differences"] = {
            other.policy: {field: found._asdict() for field, found in differences(results[0], other).items()}
            for other in results[1:]
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
        document["ledger"] = [row._asdict() for row in ledger(result.log)]
        document["stops_by_cause"] = dict(result.log.stops_by_cause)
    if asked.usd_per_accelerator_h is not None:
        for key, by in (("showback", queue_name), ("showback_by_user", user_name)):
            shares: Mapping[str, Share] = showback(result.log, asked.usd_per_accelerator_h, by)
            document[key] = {who: share._asdict() for who, share in shares.items()}
    return document
