"""``flopcast cluster``: a log of jobs on a shared cluster, under one policy or several."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.cli.cluster_report import PolicyResult
    from analysis.cli.cluster_setup import Setup
    from simulator.engine.cluster_log import JobEnd

Text = str | None


def cluster(
    trace: Annotated[Path, typer.Argument(help="Log of jobs: SWF, sacct -P, or a CSV; plain or .gz")],
    policy: Annotated[
        list[str] | None, typer.Option(help="Queue policy, options after a colon (depth-k:k=4); again for a comparison")
    ] = None,
    size: Annotated[
        Text, typer.Option(help="Accelerators or processors of the cluster; default: as the log says")
    ] = None,
    format_: Annotated[
        Text, typer.Option("--format", help="Format of the log, if its first line does not tell")
    ] = None,
    overrun: Annotated[
        str, typer.Option(help="Jobs longer than their estimate: extend, kill or any-moment")
    ] = "extend",
    jobs_out: Annotated[Path | None, typer.Option(help="Write one row a job to this .csv or .parquet file")] = None,
    node_size: Annotated[int | None, typer.Option(help="Accelerators of a node; places gangs on nodes")] = None,
    placement: Annotated[Text, typer.Option(help="Rule that chooses nodes, such as best-fit or rack")] = None,
    rack_nodes: Annotated[int | None, typer.Option(help="Nodes of a rack")] = None,
    node_mtbf: Annotated[Text, typer.Option(help='Mean time between failures of a node, such as "154 d"')] = None,
    repair: Annotated[str, typer.Option(help="Mean time until a failed node is back")] = "24 h",
    checkpoint: Annotated[Text, typer.Option(help='Work between two saves, such as "1 h"; default: none')] = None,
    save: Annotated[str, typer.Option(help="Time that one save takes")] = "0",
    recovery: Annotated[str, typer.Option(help="Time from a restart until work goes on")] = "0",
    requeue: Annotated[
        str, typer.Option(help="Where stopped jobs join the queue: original, head or tail")
    ] = "original",
    grace: Annotated[str, typer.Option(help="From the notice of a preemption until the job has to leave")] = "0",
    seed: Annotated[int, typer.Option(min=0, help="Seed of failures and shifts")] = 0,
    replications: Annotated[int, typer.Option(min=1, help="Runs with shifted submissions, for intervals")] = 1,
    shake: Annotated[str, typer.Option(help="Largest shift of a submission in these runs")] = "1 min",
    warm_up: Annotated[
        str, typer.Option(help='Share of the first jobs whose waits do not count, such as "10 %"')
    ] = "0",
    explain: Annotated[bool, typer.Option("--explain", help="Say why jobs waited, and what lay idle")] = False,
    price: Annotated[Text, typer.Option(help='Price of a unit, such as "$2.5/h": what each queue costs')] = None,
    json_: Annotated[bool, typer.Option("--json", help="For programs")] = False,
) -> None:
    """Simulate the jobs of a log on a shared cluster."""
    from analysis.cli.cluster_setup import Options, SetupError, make_setup
    from simulator.traces.joblog import TraceError
    from simulator.traces.jobs import read_jobs

    options = Options(
        policies=tuple(dict.fromkeys(policy or ["easy"])),
        size=size,
        overrun=overrun,
        requeue=requeue,
        node_size=node_size,
        placement=placement,
        rack_nodes=rack_nodes,
        node_mtbf=node_mtbf,
        repair=repair,
        checkpoint=checkpoint,
        save=save,
        recovery=recovery,
        grace=grace,
        seed=seed,
        replications=replications,
        shake=shake,
        warm_up=warm_up,
        explain=explain,
        price=price,
    )
    try:
        if jobs_out and len(options.policies) > 1:
            raise SetupError("--jobs-out takes the jobs of one policy; name one")
        _run(make_setup(read_jobs(trace, format=format_), options), jobs_out, as_json=json_)
    except (TraceError, SetupError) as problem:
        _refuse(str(problem))


def _run(setup: "Setup", jobs_out: Path | None, *, as_json: bool) -> None:
    from analysis.cli import cluster_report

    if not setup.jobs:
        _refuse(f"no job is left to run: {setup.report}")
    results = [_result(setup, policy) for policy in setup.policies]
    if jobs_out is not None:
        _write(jobs_out, results[0].log.ends)
    if as_json:
        typer.echo(cluster_report.as_json(setup, results))
    else:
        from rich.console import Console

        cluster_report.print_report(setup, results, Console())


def _result(setup: "Setup", policy: str) -> "PolicyResult":
    """Run all replications of a policy; only the first log is kept."""
    from analysis.cli.cluster_report import PolicyResult
    from analysis.metrics.queueing import summarise

    log = setup.run(policy)
    others = (setup.run(policy, replica) for replica in range(1, setup.replications))
    summaries = [summarise(log, warm_up=setup.warm_up), *(summarise(run, warm_up=setup.warm_up) for run in others)]
    return PolicyResult(policy=policy, log=log, summaries=summaries)


def _write(path: Path, ends: "Sequence[JobEnd]") -> None:
    from analysis.metrics.job_table import write_job_table

    try:
        write_job_table(path, ends)
    except ImportError:
        _refuse(f"--jobs-out: {path.name} needs the extra [data]; write .csv instead")
    except OSError as problem:
        _refuse(f"--jobs-out: cannot write {path}: {problem.strerror}")


def _refuse(message: str) -> NoReturn:
    for line in message.splitlines():
        typer.echo(f"flopcast cluster: {line}", err=True)
    raise typer.Exit(2)
