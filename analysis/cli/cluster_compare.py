"""``flopcast compare`` on shared clusters: policies, sizes or rules, paired on the same jobs and the same faults."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import typer

USUAL_REPLICATIONS = 5
"""Where neither the option nor the scenario says how many."""


def all_shared(names: Sequence[str]) -> bool:
    """Tell whether what is to be compared are shared clusters.

    Raises
    ------
    ScenarioError
        If one cannot be read.
    """
    from simulator.scenario.api import is_shared, load

    return all(is_shared(load(name)) for name in names)


def compare_clusters(
    names: Sequence[str], sets: Sequence[str], sets_b: Sequence[str], replicas: int | None, *, as_json: bool
) -> None:
    """Run every policy of every scenario through the jobs and faults of the first one's seed, and print differences.

    Raises
    ------
    ScenarioError
        With every problem of a scenario.
    """
    from analysis.cli import cluster_report
    from analysis.cli.cluster import jobs_to_run, result_of
    from analysis.cli.cluster_options import Options
    from analysis.cli.cluster_shared import shared_question
    from analysis.cli.output import progress

    if len(names) == 1 and sets_b:
        names = list(names) * 2
    plain = Options()
    first = shared_question(Path(names[0]), plain, sets, None)
    count = replicas or (first.replications if first.replications > 1 else USUAL_REPLICATIONS)
    pairing = [f"run.seed={first.setup.seed}", f"run.replicas={count}"]
    asked = [
        shared_question(Path(name), plain, [*sets, *(sets_b if at == 1 else ()), *pairing], None)
        for at, name in enumerate(names)
    ]
    with progress(sum(map(jobs_to_run, asked)), "jobs") as show:
        results = [
            result_of(each, policy, label if len(asked) == 1 else f"{letter}: {label}", show)
            for letter, each in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", asked, strict=False)
            for policy, label in zip(each.policies, each.labels, strict=True)
        ]
    if len(results) < 2:
        raise typer.BadParameter("one policy has nothing to compare with: name two in queue.policy, or use --set-b")
    whole = replace(asked[0], title=" against ".join(dict.fromkeys(each.title or "" for each in asked)))
    if as_json:
        typer.echo(cluster_report.as_json(whole, results))
        return
    from rich.console import Console

    cluster_report.print_comparison(whole, results, Console())
