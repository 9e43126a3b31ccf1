"""``flopcast cluster``: a log of jobs on a shared cluster, under one policy or several."""

import gc
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from analysis.cli.complete import clusters

if TYPE_CHECKING:
    from collections.abc import Callable

    from analysis.cli.cluster_insert import Candidate, Inserted
    from analysis.cli.cluster_options import Options, Question
    from analysis.cli.cluster_report import PolicyResult
    from simulator.engine.cluster_log import ClusterLog

Option = typer.Option
Trace = Annotated[
    Path,
    typer.Argument(
        help="Log of jobs (SWF, sacct -P, a CSV; plain or .gz), a workload (.toml, acme-seren), or a scenario",
        autocompletion=clusters,
    ),
]
Jobs = Annotated[int | None, Option(min=1, help="Jobs to draw from a workload; default: 10,000")]
Policies = Annotated[
    list[str] | None, Option(help="Queue policy, options after a colon (depth-k:k=4); again for a comparison")
]
Size = Annotated[str | None, Option(help="Accelerators or processors of the cluster; default: as the log says")]
Format = Annotated[str | None, Option("--format", help="Format of the log, if its first line does not tell")]
Overrun = Annotated[str, Option(help="Jobs longer than their estimate: extend, kill or any-moment")]
JobsOut = Annotated[Path | None, Option(help="Write one row a job to this .csv or .parquet file")]
NodeSize = Annotated[int | None, Option(help="Accelerators of a node; gangs are placed on nodes")]
Nodes = Annotated[Path | None, Option(help="Inventory of nodes (Alibaba CSV) instead of --node-size")]
Placement = Annotated[str | None, Option(help="Rule that chooses nodes, such as compact, rack or segment:nodes=16")]
RackNodes = Annotated[int | None, Option(help="Nodes of a rack (leaf, block, NVL72 domain)")]
PodRacks = Annotated[int | None, Option(help="Racks of a pod")]
System = Annotated[str | None, Option(help="System of the catalogue: its nodes, racks, pods or torus")]
Torus = Annotated[str | None, Option(help="Sides of a torus of chips, such as 16x16x16")]
Cube = Annotated[str | None, Option(help="Sides of the cubes that optical switches join, such as 4x4x4")]
NodeMtbf = Annotated[str | None, Option(help='Mean time between failures of a node, such as "154 d"')]
Repair = Annotated[str, Option(help="Mean time until a failed node is back")]
Checkpoint = Annotated[str | None, Option(help='Work between two saves, such as "1 h"; default: none')]
Save = Annotated[str, Option(help="Time that one save takes")]
Recovery = Annotated[str, Option(help="Time from a restart until work goes on")]
Requeue = Annotated[str, Option(help="Where stopped jobs join the queue: original, head or tail")]
Grace = Annotated[str, Option(help="From the notice of a preemption until the job has to leave")]
Seed = Annotated[int, Option(min=0, help="Seed of failures, shifts and drawn jobs")]
Replications = Annotated[int, Option(min=1, help="Runs with shifted submissions, for intervals")]
Shake = Annotated[str, Option(help="Largest shift of a submission in these runs")]
WarmUp = Annotated[str, Option(help='Share of the first jobs whose waits do not count, such as "10 %"')]
Explain = Annotated[bool, Option("--explain", help="Say why jobs waited, and what lay idle")]
Price = Annotated[str | None, Option(help="Price of an accelerator, such as '$2.5/h': what each queue costs")]
Sets = Annotated[list[str] | None, Option("--set", help="Change a value of a scenario: path=value; again for more")]
Insert = Annotated[
    str | None, Option(help='One more run: "512 x 30 d" or a scenario; when it starts, whom it displaces')
]
At = Annotated[str | None, Option(help='When it is submitted after the first job, such as "10 d"; default: halfway')]
Report = Annotated[Path | None, Option(help="Write an .html page with pictures of the first policy")]
Json = Annotated[bool, Option("--json", help="For programs")]


def cluster(
    trace: Trace,
    policy: Policies = None,
    size: Size = None,
    format_: Format = None,
    jobs: Jobs = None,
    overrun: Overrun = "extend",
    jobs_out: JobsOut = None,
    node_size: NodeSize = None,
    nodes: Nodes = None,
    placement: Placement = None,
    rack_nodes: RackNodes = None,
    pod_racks: PodRacks = None,
    system: System = None,
    torus: Torus = None,
    cube: Cube = None,
    node_mtbf: NodeMtbf = None,
    repair: Repair = "24 h",
    checkpoint: Checkpoint = None,
    save: Save = "0",
    recovery: Recovery = "0",
    requeue: Requeue = "original",
    grace: Grace = "0",
    seed: Seed = 0,
    replications: Replications = 1,
    shake: Shake = "1 min",
    warm_up: WarmUp = "0",
    explain: Explain = False,
    price: Price = None,
    sets: Sets = None,
    insert: Insert = None,
    at: At = None,
    report: Report = None,
    json_: Json = False,
) -> None:
    """Simulate the jobs of a log, a workload or a scenario on a shared cluster."""
    from analysis.cli.cluster_options import Options
    from analysis.cli.output import check_file, progress

    check_file(jobs_out, ".csv", ".parquet", "", option="--jobs-out")
    check_file(report, ".html", ".htm", "", option="--report")
    options = Options(
        policies=tuple(dict.fromkeys(policy or ["easy"])), size=size, overrun=overrun, requeue=requeue,
        node_size=node_size, nodes=nodes, placement=placement, rack_nodes=rack_nodes, pod_racks=pod_racks,
        system=system, torus=torus, cube=cube, node_mtbf=node_mtbf,
        repair=repair, checkpoint=checkpoint, save=save, recovery=recovery, grace=grace, seed=seed,
        replications=replications, shake=shake, warm_up=warm_up, explain=explain, price=price,
    )  # fmt: skip
    asked = _scenario(trace, options, sets or [], policy) or _question(trace, format_, jobs, sets, options)
    if jobs_out is not None and len(asked.policies) > 1:
        _refuse("--jobs-out: takes the jobs of one policy; name one")
    if at is not None and insert is None:
        _refuse("--at: says when a run is submitted; give --insert as well")
    if report is not None:
        asked = replace(asked, setup=replace(asked.setup, explain=True, chart=True))
    what = None if insert is None else _candidate(asked, insert, at)
    try:
        with progress(jobs_to_run(asked, inserts=what is not None), "jobs") as show:
            labels = asked.labels or asked.policies
            results = [result_of(asked, each, label, show) for each, label in zip(asked.policies, labels, strict=True)]
            found = [] if what is None else [_inserted(asked, each, what, at, show) for each in asked.policies]
    except RuntimeError as problem:
        _refuse(str(problem))
    if jobs_out is not None:
        _write(jobs_out, found[0].log if found else results[0].log, asked.usd_per_accelerator_h)
    if report is not None:
        _write_page(report, trace, asked, results, what, found)
    _print(asked, results, what, found, as_json=json_)
    gc.freeze()  # the process ends here: to search its jobs for cycles once more costs 5 % of the time


def _scenario(name: Path, options: "Options", sets: list[str], policies: list[str] | None) -> "Question | None":
    """Return the question of a scenario, or None if the name is that of a log or a workload."""
    from analysis.cli.cluster_shared import is_scenario, shared_question

    if not is_scenario(name):
        return None
    from analysis.cli.cluster_options import OptionsError

    try:
        return shared_question(name, options, sets, policies)
    except OptionsError as problem:
        _refuse(str(problem))


def _question(
    trace: Path, format_: str | None, jobs: int | None, sets: list[str] | None, options: "Options"
) -> "Question":
    from analysis.cli.cluster_options import OptionsError, question
    from simulator.traces.joblog import TraceError
    from simulator.traces.workloads import jobs_of

    if sets:
        _refuse("--set: changes a scenario; a log has options instead, such as --size")
    try:
        asked = question(jobs_of(trace, format=format_, jobs=jobs, seed=options.seed), options)
    except (TraceError, OptionsError) as problem:
        _refuse(str(problem))
    if not asked.setup.jobs:
        _refuse(f"no job is left to run: {asked.report}")
    return asked


def jobs_to_run(asked: "Question", *, inserts: bool = False) -> int:
    """Return how many jobs all policies and replications run; with a run to insert, twice more, once beside it."""
    jobs = len(asked.setup.jobs)
    return len(asked.policies) * asked.replications * (3 * jobs + 1 if inserts else jobs)


def result_of(asked: "Question", policy: str, label: str, progress: "Callable[[int], None]") -> "PolicyResult":
    """Run all replications of a policy; only the first log is kept. `progress` hears of each job that ends."""
    from analysis.cli.cluster_report import PolicyResult
    from analysis.metrics.queueing import summarise

    log = asked.setup.run(policy, progress=progress)
    others = (asked.setup.run(policy, replica, progress=progress) for replica in range(1, asked.replications))
    summaries = [summarise(log, warm_up=asked.warm_up), *(summarise(run, warm_up=asked.warm_up) for run in others)]
    return PolicyResult(policy=label, log=log, summaries=summaries)


def _write(path: Path, log: "ClusterLog", usd_per_accelerator_h: float | None) -> None:
    from analysis.cli.output import whole
    from analysis.metrics.job_table import write_job_table

    try:
        with whole(path) as part:
            write_job_table(part, log, usd_per_accelerator_h)
    except ImportError:
        _refuse(f"--jobs-out: {path.name} needs the extra [data]; write .csv instead")
    except OSError as problem:
        _refuse(f"--jobs-out: cannot write {path}: {problem.strerror}")


def _print(
    asked: "Question",
    results: "list[PolicyResult]",
    what: "Candidate | None",
    found: "list[Inserted]",
    *,
    as_json: bool,
) -> None:
    from analysis.cli import cluster_report

    if as_json:
        typer.echo(cluster_report.as_json(asked, results, _more(what, found)))
        return
    from analysis.cli.output import console

    screen = console()
    cluster_report.print_report(asked, results, screen)
    if what is not None:
        from analysis.cli.cluster_insert import print_inserted

        for each in found:
            print_inserted(what, each, screen)


def _more(what: "Candidate | None", found: "list[Inserted]") -> "dict[str, Any] | None":
    """Return what the insertion adds for programs."""
    if what is None:
        return None
    from analysis.cli.cluster_insert import as_facts

    return {"inserted": {each.policy: as_facts(what, each) for each in found}}


def _candidate(asked: "Question", insert: str, at: str | None) -> "Candidate":
    from analysis.cli.cluster_insert import candidate, job

    try:
        what = candidate(insert, asked)
    except ValueError as problem:
        _refuse(f"--insert: {problem}")
    try:
        job(asked, what, at, 0)
    except ValueError as problem:
        _refuse(f"--at: {problem}")
    return what


def _inserted(
    asked: "Question", policy: str, what: "Candidate", at: str | None, progress: "Callable[[int], None]"
) -> "Inserted":
    from analysis.cli.cluster_insert import place

    try:
        return place(asked, policy, what, at, progress)
    except ValueError as problem:
        _refuse(f"--insert: {problem}")


def _write_page(
    path: Path, trace: Path, asked: "Question", results: "list[PolicyResult]", what: "Candidate | None",
    found: "list[Inserted]",
) -> None:  # fmt: skip
    from analysis.cli.cluster_page import write_page

    try:
        write_page(path, trace, asked, results, what, found, _more(what, found))
    except OSError as problem:
        _refuse(f"--report: cannot write {path}: {problem.strerror}")


def _refuse(message: str) -> NoReturn:
    for line in message.splitlines():
        typer.echo(f"flopcast cluster: {line}", err=True)
    raise typer.Exit(2)
