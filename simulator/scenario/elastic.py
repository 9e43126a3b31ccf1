"""What a lost machine does to the job: the whole of it stops, or it goes on with fewer replicas."""

from collections.abc import Sequence
from dataclasses import replace

from simulator.reliability.recovery import Policy, Recovery
from simulator.scenario import schema
from simulator.scenario.findings import Findings
from simulator.scenario.phases import Phase

RECOVERY = ("recovery",)
ELASTIC = ("group", "batch", "micro_batches", "stall", "rejoin")


def with_policy(recovery: Recovery, document: schema.Document, drafts: Sequence[Phase], findings: Findings) -> Recovery:
    """Return the recovery with its policy; a replica's size is stated, or tensor x pipeline x context."""
    written = document.recovery
    policy: Policy = "shrink" if written.policy == "shrink" else "replica" if written.policy == "replica" else "restart"
    if policy == "restart":
        unused = [name for name in ELASTIC if getattr(written, name) is not None]
        if unused:
            findings.warn(f"recovery.{' and '.join(unused)} are used only with policy = 'shrink' or 'replica'.")
        return recovery
    group = written.group or _group(document, findings)
    if group is None:
        findings.problem((*RECOVERY, "group"), "is missing: how many accelerators one data-parallel replica has")
        return recovery
    for draft in drafts:
        if not draft.gross and (draft.accelerators % group or draft.accelerators < 2 * group):
            found = f"{draft.accelerators} accelerators in {draft.name} are not two replicas of {group} or more"
            findings.problem((*RECOVERY, "group"), f"{found}; nothing would be left to go on with")
    if policy == "shrink" and recovery.spares is None:
        findings.warn("recovery.policy = 'shrink' changes nothing: spares are ample, so that no job waits for one.")
    if policy == "shrink" and (written.stall is not None or written.rejoin is not None):
        findings.warn(
            "recovery.stall and rejoin are used only with policy = 'replica'; shrinking sets the job up anew."
        )
    return replace(
        recovery, policy=policy, group=group, batch="shrink" if written.batch == "shrink" else "keep",
        micro_batches=written.micro_batches or 1, stall_s=written.stall or 0.0, rejoin_s=written.rejoin or 0.0,
    )  # fmt: skip


def _group(document: schema.Document, findings: Findings) -> int | None:
    plan = document.parallelism
    if plan.tensor is None or plan.pipeline is None:
        return None
    size = plan.tensor * plan.pipeline * (plan.context or 1)
    findings.fact((*RECOVERY, "group"), f"{size}", "parallelism: tensor x pipeline x context", "D")
    return size


def check_alone(
    recovery: Recovery, document: schema.Document, told_apart: bool, slow: Sequence[str], findings: Findings
) -> None:
    """Refuse what changes the pace of a run together with nodes that are told one by one."""
    paced = [f"recovery.policy = {recovery.policy!r}"] if recovery.policy != "restart" else []
    paced += [f"slow machines ({', '.join(slow)})"] if slow else []
    paced += ["checkpoint.verify"] if document.checkpoint.verify else []
    if told_apart and paced:
        message = f"{' and '.join(paced)} are not modelled together with nodes that are told one by one"
        findings.problem(("failures",), f"{message}: leave out laws other than exponential, lemons, and [repair]")
