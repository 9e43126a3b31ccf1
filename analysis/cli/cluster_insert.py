"""``flopcast cluster LOG --insert WHAT``: when one more run would start and end there, and whom it displaces."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum
from typing import TYPE_CHECKING, Any

from analysis.metrics.queueing import Interval, interval

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from analysis.cli.cluster_options import Question
    from analysis.metrics.displacement import Displaced
    from simulator.engine.cluster_insert import Insertion
    from simulator.engine.cluster_log import ClusterLog
    from simulator.scheduling.job import Job
    from simulator.workload.placed import Tiers, TrainingWork

NAME = "(inserted)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The run to insert, replication by replication.

    Parameters
    ----------
    title : str
        What it is.
    accelerators : int
        That it needs at once, its spares included.
    runs_s : sequence of float
        How long it holds them in each replication, stops of its own included [s].
    usd : sequence of float or None
        What it costs in each replication [USD]; None where the time on the cluster tells, by ``--price``.
    work, tiers : TrainingWork and Tiers, or None
        What it trains and what narrows the network, where the scenario says so: its speed then is as its placement
        allows.
    """

    title: str
    accelerators: int
    runs_s: Sequence[float]
    usd: Sequence[float] | None = None
    work: "TrainingWork | None" = None
    tiers: "Tiers | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inserted:
    """What the insertion came to under one policy."""

    policy: str
    submit_s: float
    start_delay_s: Interval
    finish_s: Interval
    usd: Interval | None
    by_size: Mapping[str, "Displaced"]
    by_team: Mapping[str, "Displaced"]
    replications: int
    log: "ClusterLog"  # of the first replication, with the run


def candidate(text: str, asked: "Question") -> Candidate:
    """Read what is to be inserted: ``512 x 30 d``, or a scenario by name or file.

    Raises
    ------
    ValueError
        If it is neither, or larger than the cluster.
    """
    found = _size_and_time(text, asked.replications) or _scenario(text, asked)
    size = asked.setup.capacity // asked.setup.units_per_accelerator
    if found.accelerators > size:
        raise ValueError(f"{found.accelerators:,} accelerators never fit a cluster of {size:,}")
    return found


def _size_and_time(text: str, replications: int) -> Candidate | None:
    count, cross, time = text.partition("x")
    if not cross or not count.strip().isdecimal() or not time.strip():
        return None
    from simulator.foundation.units import parse

    run_s = parse(time.strip(), "time")
    if not int(count) or not run_s:
        raise ValueError(f"{text!r} asks for nothing; write accelerators and a time above 0, such as '512 x 30 d'")
    return Candidate(
        title=f"{int(count):,} accelerators for {time.strip()}", accelerators=int(count), runs_s=[run_s] * replications
    )


def _scenario(text: str, asked: "Question") -> Candidate:
    """Run a scenario on machines of its own; where the cluster's nodes fail, those faults take the place of its own."""
    from analysis.metrics.forecast import samples
    from simulator.engine.run import run
    from simulator.foundation.issues import ScenarioError
    from simulator.scenario.api import scenario

    sets = [f"run.replicas={asked.replications}", f"run.seed={asked.setup.seed}"]
    try:
        found = scenario(text, sets + (["failures.enabled=false"] if _nodes_fail(asked) else []))
    except ScenarioError as problem:
        raise ValueError("; ".join(str(issue) for issue in problem.issues)) from None
    shared, found = found.shared, replace(found, shared=None)  # this cluster is the one on which it waits
    replicas = range(asked.replications)
    ensemble = run(found, replicas)
    spares = (found.recovery.spares or 0) * found.accelerators_per_node
    return Candidate(
        title=found.title,
        accelerators=max(stage.accelerators for stage in found.stages) + spares,
        runs_s=ensemble.wall_s.tolist(),
        usd=samples(found, ensemble, replicas).usd.tolist(),
        work=None if shared is None else shared.work,
        tiers=None if shared is None else shared.tiers,
    )


def _nodes_fail(asked: "Question") -> bool:
    return bool(asked.setup.causes)


def place(asked: "Question", policy: str, what: Candidate, at: str | None, progress: Callable[[int], None]) -> Inserted:
    """Insert the run in every replication, and sum up; `progress` hears of each job that ends."""
    from analysis.metrics.displacement import averaged, by_size_class, displaced, team
    from simulator.engine.cluster_insert import insert

    setup, units = asked.setup, asked.setup.units_per_accelerator
    if what.work is not None and setup.node_units is not None:
        setup = replace(setup, works={NAME: what.work}, tiers=what.tiers)
    found: list[Insertion] = [
        insert(setup, job(asked, what, at, replica), policy, replica, progress=progress)
        for replica in range(asked.replications)
    ]
    return Inserted(
        policy=policy,
        submit_s=found[0].job.submit_s,
        start_delay_s=interval([each.end.wait_s for each in found]),
        finish_s=interval([each.end.end_s - each.job.submit_s for each in found]),
        usd=_usd(found, what, asked),
        by_size=averaged([displaced(each.before, each.after, NAME, by_size_class(units)) for each in found]),
        by_team=averaged([displaced(each.before, each.after, NAME, team) for each in found]),
        replications=len(found),
        log=found[0].after,
    )


def job(asked: "Question", what: Candidate, at: str | None, replica: int) -> "Job":
    """Return the run as a job of a replication; it asks for the longest time that it takes in any of them."""
    from simulator.foundation.units import parse
    from simulator.scheduling.job import Job

    jobs = asked.setup.jobs
    first_s, last_s = jobs[0].submit_s, jobs[-1].submit_s
    submit_s = (first_s + last_s) / 2 if at is None else first_s + parse(at, "time")
    size = what.accelerators * asked.setup.units_per_accelerator
    return Job(NAME, submit_s, size, what.runs_s[replica], max(what.runs_s), user=NAME, queue=NAME)


def _usd(found: "Sequence[Insertion]", what: Candidate, asked: "Question") -> Interval | None:
    if what.usd is not None:  # as far as its stay was as long as on machines of its own
        longer = [each.end.held_s / run_s for each, run_s in zip(found, what.runs_s, strict=True)]
        return interval([usd * factor for usd, factor in zip(what.usd, longer, strict=True)])
    if asked.usd_per_accelerator_h is None:
        return None
    rate = asked.usd_per_accelerator_h * what.accelerators / 3600
    return interval([each.end.held_s * rate for each in found])


def print_inserted(what: Candidate, found: Inserted, console: "Console") -> None:
    """Print when the run starts and ends, what it costs, and whom it displaces."""
    from analysis.cli.cluster_report import cell
    from analysis.cli.output import print_table, table_of

    table = table_of(f"{what.title}: {what.accelerators:,} at once", [""], [found.policy])
    table.add_row("submitted, in the clock of the log", f"{found.submit_s:,.0f} s")
    table.add_row("start delay", cell(found.start_delay_s, "time"))
    table.add_row("finish after submission", cell(found.finish_s, "time"))
    if found.usd is not None:
        table.add_row("dollars", cell(found.usd, "usd"))
    print_table(console, table)
    console.print(sentence(found), highlight=False)
    for title, groups in (("size", found.by_size), ("team", found.by_team)):
        print_table(console, _displaced(f"displaced, by {title}", title, groups))


def sentence(found: Inserted) -> str:
    """Say in words whom the run displaces."""
    groups = found.by_size.values()
    later, sooner = sum(group.later for group in groups), sum(group.sooner for group in groups)
    added_h = fsum(group.added_h for group in groups)
    mean = " (means of the replications)" if found.replications > 1 else ""
    return f"{later:,} jobs start later and {sooner:,} sooner; together they wait {added_h:+,.1f} h{mean}."


def _displaced(title: str, name: str, groups: "Mapping[str, Displaced]") -> "Table":
    from analysis.cli.cluster_report import shown
    from analysis.cli.output import table_of

    table = table_of(title, [name], ["jobs", "later", "sooner", "added wait, job-h", "longest added"])
    for group, row in groups.items():
        table.add_row(group, f"{row.jobs:,}", f"{row.later:,}", f"{row.sooner:,}", f"{row.added_h:+,.1f}",
                      shown(row.longest_added_s, "time"))  # fmt: skip
    return table


def as_facts(what: Candidate, found: Inserted) -> Mapping[str, Any]:
    """Return the answer for programs."""
    return {
        "what": what.title,
        "accelerators": what.accelerators,
        "submit_s": found.submit_s,
        "start_delay_s": found.start_delay_s._asdict(),
        "finish_s": found.finish_s._asdict(),
        "usd": None if found.usd is None else found.usd._asdict(),
        "displaced_by_size": {name: row._asdict() for name, row in found.by_size.items()},
        "displaced_by_team": {name: row._asdict() for name, row in found.by_team.items()},
    }
