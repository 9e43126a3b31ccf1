"""From the section ``[shared]`` to the busy cluster on which the run waits."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from simulator.scenario import schema
from simulator.scenario.findings import Findings
from simulator.scenario.machines import Machines
from simulator.scenario.phases import Phase
from simulator.scenario.shared import Shared
from simulator.scenario.trained import Trained
from simulator.workload.placed import Tiers, TrainingWork

T = TypeVar("T")


def shared_of(
    document: schema.Document, site: Machines, model: Trained | None, drafts: Sequence[Phase], findings: Findings
) -> Shared | None:
    """Return the busy cluster, or None where the run has machines of its own; problems are noted."""
    stated = document.shared
    if stated == schema.Shared():
        return None
    if stated.accelerators is None:
        findings.problem(("shared", "accelerators"), "is missing; state how many accelerators the shared cluster has")
        return None
    nodes, rest = divmod(stated.accelerators, site.per_node)
    if rest:
        findings.problem(("shared", "accelerators"), f"are no whole number of nodes of {site.per_node}")
    gang = max(draft.nodes for draft in drafts) + (document.cluster.spares or 0)
    if gang > nodes:
        findings.problem(("shared", "accelerators"), f"are {nodes} nodes; the run with its spares needs {gang}")
    if not 0 < (stated.load or 0) < 1:
        findings.problem(("shared", "load"), "expected a share between 0 and 1; at 1 the queue grows without end")
    _attempt(findings, "policy", lambda: _check_policy(stated.policy or ""))
    _attempt(findings, "placement", lambda: _check_placement(stated.placement or ""))
    tiers = _attempt(findings, "across_racks", lambda: _tiers(stated, site))
    return Shared(
        nodes=nodes,
        gang=gang,
        policy=stated.policy or "easy",
        placement=stated.placement or "compact",
        load=stated.load or 0.0,
        busy_s=stated.busy or 0.0,
        replications=stated.replications or 1,
        nodes_per_rack=stated.nodes_per_rack or _fact(site, "nodes_per_rack"),
        racks_per_pod=stated.racks_per_pod or _fact(site, "racks_per_pod"),
        tiers=tiers or Tiers(),
        work=_work(document, site, model, drafts, tiers, findings) if tiers else None,
    )


def _attempt(findings: Findings, key: str, make: Callable[[], T]) -> T | None:
    try:
        return make()
    except (ValueError, KeyError) as problem:
        findings.problem(("shared", key), str(problem.args[0]))
        return None


def _check_policy(text: str) -> None:
    from simulator.scheduling.policies import make_policy

    make_policy(text)


def _check_placement(text: str) -> None:
    from simulator.scheduling.placement import make_placement

    make_placement(text)
    if text.partition(":")[0] in ("box", "slices"):
        raise ValueError("slices of a torus are not simulated here; use flopcast cluster LOG --torus")


def _fact(site: Machines, name: str) -> int | None:
    found = None if site.system is None else site.system.get_number(name)
    return None if found is None else int(found)


def _tiers(stated: schema.Shared, site: Machines) -> Tiers:
    racks = stated.across_racks or 1.0
    domain = site.accelerator.get_number("scale_up_domain") or site.per_node
    return Tiers(
        domain_is_rack=domain > site.per_node, across_racks=racks, across_pods=max(stated.across_pods or racks, racks)
    )


def _work(
    document: schema.Document, site: Machines, model: Trained | None, drafts: Sequence[Phase], tiers: Tiers,
    findings: Findings,
) -> TrainingWork | None:  # fmt: skip
    """Return what is trained, if the placement of whole nodes can change its speed and enough is known."""
    if tiers == Tiers():
        return None
    batch = document.data.batch
    if model is None or batch is None:
        findings.warn(
            "The speed of the run does not follow its placement: that needs model.architecture and data.batch."
        )
        return None
    from simulator.workload.choice import best_plan, whole_batch
    from simulator.workload.stacks import chip_of, fabric_of

    accelerators = max(draft.accelerators for draft in drafts)
    chip, fabric = chip_of(site.accelerator), fabric_of(site.accelerator)
    if site.nic_bytes_per_s:
        fabric = replace(fabric, nic_bytes_per_s=site.nic_bytes_per_s)
    sequences = whole_batch(batch / model.sequence)
    try:
        plan = best_plan(
            model.shape, chip, fabric, accelerators=accelerators, seq=model.sequence, global_batch=sequences
        )
    except ValueError as problem:
        findings.warn(f"The speed of the run does not follow its placement: {problem}.")
        return None
    findings.fact(("shared", "plan"), plan.text(), "the fastest that fits, by the throughput model; stays as it is")
    return TrainingWork(
        architecture=model.shape, plan=plan, chip=chip, fabric=fabric, seq=model.sequence, global_batch=sequences
    )
