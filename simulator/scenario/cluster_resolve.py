"""From a loaded text to a shared cluster: machines, jobs, teams and calendar looked up, checked, and put in order."""

from collections.abc import Sequence

from simulator.cluster.hardware import System
from simulator.foundation.issues import ScenarioError
from simulator.reliability.attempt import Cycle
from simulator.reliability.causes import Cause
from simulator.scenario import schema
from simulator.scenario.cluster_case import PlannedNodes, SharedCluster
from simulator.scenario.cluster_jobs import submitted
from simulator.scenario.cluster_teams import policy_text, reservations_of
from simulator.scenario.defaults import complete
from simulator.scenario.findings import Findings
from simulator.scenario.load import Loaded
from simulator.scenario.machines import Machines, machines
from simulator.scenario.problems import problems
from simulator.scenario.schema.queue import Planned, Queue
from simulator.scenario.stopping import causes_of

QUEUE = ("queue",)
OF_A_RUN = ("model", "data", "throughput", "phases", "lifecycle", "published", "spares", "repair", "retirement")
DEFAULT_RESTART_S = 600.0


def is_shared(loaded: Loaded) -> bool:
    """Tell whether a scenario is a shared cluster, and no run of its own."""
    return "queue" in loaded.document


def shared_of(loaded: Loaded) -> SharedCluster:
    """Check and resolve a shared cluster.

    Raises
    ------
    ScenarioError
        With every problem: first all of the schema, then all of what the values mean together.
    """
    written, found = problems(loaded.document)
    if found:
        raise ScenarioError(loaded.issue(path, message) for path, message in found)
    whole, _ = complete(loaded.document)
    document, found = problems(whole)
    if document is None or written is None:
        raise AssertionError(f"a default does not fit the schema: {found}")
    findings = Findings(loaded)
    if document.queue is None:
        findings.problem(QUEUE, "is missing: this scenario has no shared cluster; flopcast run forecasts its run")
        findings.close()
    for name in OF_A_RUN:
        if name in loaded.document:
            findings.problem((name,), "belongs to one training run; the jobs of a shared cluster are in [queue]")
    site = machines(document, findings)
    findings.close()
    assert site is not None, "machines are missing without a problem"
    assert document.queue is not None, "the queue is missing without a problem"
    return _resolved(document, document.queue, written, site, findings)


def _resolved(
    document: schema.Document, queue: Queue, written: schema.Document, site: Machines, findings: Findings
) -> SharedCluster:
    system = System.of_entry(site.system) if site.system else None
    nodes = _nodes(site, system, findings)
    seed = document.run.seed or 0
    origin_s, log = submitted(queue, seed, findings)
    per_node = site.per_node * log.units_per_accelerator
    cycle = _cycle(written.checkpoint, findings)
    causes = _causes(document, site, findings)
    spares = written.cluster.spares or 0
    if spares >= nodes:
        findings.problem(("cluster", "spares"), f"{spares} spare nodes leave none of the {nodes} to work")
    planned = [_planned(each, at, nodes, origin_s, findings) for at, each in enumerate(queue.calendar)]
    reservations = reservations_of(queue, origin_s, log.units_per_accelerator, findings)
    facts = findings.close()
    return SharedCluster(
        name=findings.loaded.name,
        title=document.title or findings.loaded.name,
        jobs=log.jobs,
        report=log.report,
        labels=queue.policy or ["easy"],
        policies=[policy_text(text, queue.teams, log.units_per_accelerator) for text in queue.policy or ["easy"]],
        capacity=nodes * per_node,
        node_units=[per_node] * nodes,
        rack_nodes=queue.rack_nodes or (system.nodes_per_rack if system else None),
        pod_racks=system.racks_per_pod if system else None,
        placement=queue.placement or "consolidated",
        overrun=queue.overrun or "extend",
        requeue=queue.requeue or "original",
        grace_s=queue.grace or 0,
        keep_on_notice=queue.keep_on_notice is not False,
        limit_s=queue.limit,
        cycle=cycle,
        recovery_s=_recovery_s(written, findings),
        causes=causes,
        spares=spares,
        planned=[each for each in planned if each is not None],
        reservations=reservations,
        units_per_accelerator=log.units_per_accelerator,
        seed=seed,
        replications=written.run.replicas or 1,
        shake_s=60 if queue.shake is None else queue.shake,
        warm_up=queue.warm_up or 0,
        usd_per_accelerator_h=written.pricing.rate,
        warnings=tuple(findings.warnings),
        facts=facts,
    )


def _nodes(site: Machines, system: System | None, findings: Findings) -> int:
    path = ("cluster", "accelerators")
    if site.accelerators is None and system is None:
        findings.problem(path, "is missing: how many there are in all; or name a system")
        return 1
    if system is not None and system.fabric == "torus":
        findings.problem(("cluster", "system"), "is a torus; flopcast cluster --system simulates it with a log")
    if site.accelerators is None and system is not None:
        return system.nodes
    nodes, rest = divmod(site.accelerators or 0, site.per_node)
    if rest:
        findings.problem(path, f"{site.accelerators} are no whole number of nodes of {site.per_node}")
    return max(nodes, 1)


def _causes(document: schema.Document, site: Machines, findings: Findings) -> Sequence[Cause]:
    if document.failures.catalogue == "none" and not document.failures.causes:
        return ()
    causes = causes_of(document, site, findings)
    for cause in causes:
        if cause.law is not None:
            findings.problem(("failures", "causes", cause.name, "law"),
                             "is not memoryless, and the nodes of a shared cluster are; leave it out")  # fmt: skip
    return causes


def _cycle(checkpoint: schema.Checkpoint, findings: Findings) -> Cycle | None:
    """Return the saves that all jobs make; none where nothing is written."""
    if checkpoint == schema.Checkpoint() or checkpoint.policy == "none":
        return None
    path = ("checkpoint",)
    if checkpoint.policy not in (None, "periodic"):
        findings.problem((*path, "policy"), "saves of a shared cluster are periodic or none: its jobs differ in size")
    if checkpoint.interval is None or checkpoint.save_time is None:
        lacking = "interval" if checkpoint.interval is None else "save_time"
        findings.problem((*path, lacking), "is missing: saves of all jobs need an interval and a save_time")
        return None
    try:
        if checkpoint.mode == "asynchronous":
            return Cycle(work_s=checkpoint.interval, write_s=1.0 if checkpoint.blocking_time is None
                         else checkpoint.blocking_time, flush_s=checkpoint.save_time,
                         slowdown=checkpoint.flush_slowdown or 0)  # fmt: skip
        return Cycle(work_s=checkpoint.interval, write_s=checkpoint.save_time)
    except ValueError as error:
        findings.problem((*path, "interval"), str(error))
        return None


def _recovery_s(written: schema.Document, findings: Findings) -> float:
    """Return the time from a restart until work goes on [s]."""
    recovery = written.recovery
    if recovery.initialization is None:
        source = "restart of 5 to 20 min on RSC-1, arXiv 2410.21680 through notes; 10 min taken"
        findings.amount(("recovery", "initialization"), DEFAULT_RESTART_S, "time", f"default: {source}", "S")
    started_s = DEFAULT_RESTART_S if recovery.initialization is None else recovery.initialization
    return started_s + (recovery.restore or 0)


def _planned(each: Planned, at: int, nodes: int, origin_s: float, findings: Findings) -> PlannedNodes | None:
    path = ("queue", "calendar", at)
    needed = {"maintenance": ("at", "duration"), "buy": ("at",), "sell": ("at",), "spot": ("times", "counts")}
    if each.kind is None or not each.nodes:
        findings.problem((*path, "nodes" if each.kind else "kind"), "is missing: which nodes, and what happens to them")
        return None
    for name in needed[each.kind]:
        if getattr(each, name) is None:
            findings.problem((*path, name), f"is missing: {each.kind} needs {' and '.join(needed[each.kind])}")
            return None
    if each.nodes[-1] >= nodes:
        findings.problem((*path, "nodes"), f"{each.nodes[-1]} is no node; they are numbered 0 to {nodes - 1}")
        return None
    steps = list(zip(each.times or (), each.counts or (), strict=False))
    if len(each.times or ()) != len(each.counts or ()) or steps != sorted(steps, key=lambda step: step[0]):
        findings.problem((*path, "times"), "need a count each, in order of time")
    if any(count > len(each.nodes) for _, count in steps):
        findings.problem((*path, "counts"), f"there are only {len(each.nodes)} spot nodes")
    return PlannedNodes(
        kind=each.kind,
        nodes=each.nodes,
        at_s=origin_s + (each.at or 0),
        duration_s=each.duration or 0,
        drain_s=each.drain or 0,
        steps=[(origin_s + at_s, count) for at_s, count in steps],
    )
