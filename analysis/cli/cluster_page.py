"""``flopcast cluster LOG --report FILE.html``: what the command prints, with pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.cli.cluster_report import ROWS, PolicyResult, as_json, cell, shown
from analysis.metrics.queueing import wait_reasons_s

if TYPE_CHECKING:
    from analysis.cli.cluster_insert import Candidate, Inserted
    from analysis.cli.cluster_options import Question
    from analysis.report.cluster_page import Part
    from analysis.report.tables import Table


def write_page(
    path: Path, trace: Path, asked: "Question", results: Sequence[PolicyResult],
    what: "Candidate | None" = None, inserted: "Sequence[Inserted]" = (), more: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write the report of the first policy, with all policies in its table."""
    from analysis.cli.cluster_insert import NAME
    from analysis.cli.output import write_text
    from analysis.report.cluster_exhibits import cluster_exhibits
    from analysis.report.cluster_page import ClusterPage, Part

    log = inserted[0].log if inserted else results[0].log
    parts = [Part(key="answer", title="The answer", tables=[_summary(results)])]
    if what is not None and inserted:
        parts.append(_insertion(what, inserted[0]))
    parts += [
        Part(key="queue", title="The queue and the use of the cluster"),
        Part(key="waits", title="Who waited", tables=[_reasons(results[0])]),
    ]
    if any(stay.nodes for stay in log.stays):
        parts.insert(-1, Part(key="placement", title="Where the jobs lay"))
    room = asked.setup.capacity // asked.setup.units_per_accelerator
    jobs = f"{len(asked.setup.jobs):,} jobs on {room:,} accelerators"
    page = ClusterPage(
        title=asked.title or f"{trace.name}: {jobs}",
        answer=_answer(results, inserted),
        rows_read=f"{jobs}. Of the log: {asked.report}.",
        parts=parts,
        exhibits=cluster_exhibits(log, rack_nodes=asked.setup.rack_nodes, inserted=NAME if inserted else None),
        policy=results[0].policy,
        shown="the log with the inserted run" if inserted else "the log as it is",
        seed=asked.setup.seed,
        replications=asked.replications,
        facts=as_json(asked, results, more),
    )
    write_text(path, page.html())


def _answer(results: Sequence[PolicyResult], inserted: "Sequence[Inserted]") -> str:
    first = results[0]
    wait, use = first.value("mean_wait_s"), first.value("utilisation")
    assert wait is not None
    assert use is not None
    text = f"under {first.policy}, jobs wait {shown(wait.mean, 'time')} on average; {shown(use.mean, 'share')} in use."
    if not inserted:
        return text[0].upper() + text[1:]
    delay, finish = inserted[0].start_delay_s, inserted[0].finish_s
    starts = f"after {cell(delay, 'time')}" if delay.mean >= 1 else "at once"
    return f"The run starts {starts} and ends {cell(finish, 'time')} after its submission. Without it: {text}"


def _summary(results: Sequence[PolicyResult]) -> "Table":
    from analysis.report.tables import Table

    rows = [
        (name, *(cell(result.value(field), how) for result in results))
        for name, field, how in ROWS
        if any(result.value(field) is not None for result in results)
    ]
    return Table(("", *(result.policy for result in results)), rows)


def _reasons(result: PolicyResult) -> "Table":
    from analysis.report.tables import Table

    reasons_s = wait_reasons_s(result.log)
    total_s = sum(reasons_s.values()) or 1
    rows = [
        (reason, shown(time_s / 3600, "number"), shown(time_s / total_s, "share"))
        for reason, time_s in reasons_s.items()
    ]
    return Table(("why jobs waited", "job-hours", "share"), rows)


def _insertion(what: "Candidate", found: "Inserted") -> "Part":
    from analysis.cli.cluster_insert import sentence
    from analysis.report.cluster_page import Part
    from analysis.report.tables import Table

    answer = [
        ("start delay", cell(found.start_delay_s, "time")),
        ("finish after submission", cell(found.finish_s, "time")),
    ]
    if found.usd is not None:
        answer.append(("dollars", cell(found.usd, "usd")))
    tables = [Table((f"{what.title}, {what.accelerators:,} at once", found.policy), answer)]
    for name, groups in (("accelerators", found.by_size), ("team", found.by_team)):
        rows = [
            (str(group), f"{row.jobs:,}", f"{row.later:,}", f"{row.sooner:,}", f"{row.added_h:+,.1f}",
             shown(row.longest_added_s, "time"))
            for group, row in groups.items()
        ]  # fmt: skip
        tables.append(Table((name, "jobs", "later", "sooner", "added wait, job-h", "longest added"), rows))
    return Part(key="inserted", title="The inserted run, and whom it displaces", text=[sentence(found)], tables=tables)
