"""Near copies of the state: where they lie, how long they take, and which stops take them away."""

from collections.abc import Sequence
from dataclasses import replace

from simulator.reliability import tiers
from simulator.reliability.attempt import NEVER_S, Cycle, Durable
from simulator.reliability.causes import Cause
from simulator.reliability.fleet import NODE_DOMAINS
from simulator.reliability.recovery import Recovery
from simulator.scenario import schema
from simulator.scenario.defaults import NEAR_BANDWIDTH, NEAR_SAVES, PARTNER_BANDWIDTH
from simulator.scenario.findings import Findings
from simulator.scenario.machines import Machines
from simulator.scenario.phases import Phase
from simulator.scenario.saving import Near, State

NEAR = ("checkpoint", "near")
COPIES = 2


def near_bandwidth(near: schema.Near, machines: Machines, findings: Findings) -> float:
    """Return what one accelerator moves to its near copy [byte/s]: stated, its network's share, or an assumption."""
    if near.bandwidth is not None:
        return near.bandwidth
    path = (*NEAR, "bandwidth")
    if near.tier == "partner_memory" and machines.nic_bytes_per_s is not None:
        return findings.amount(path, machines.nic_bytes_per_s, "bytes_per_s", "one accelerator's share of the network")
    value, source, evidence = NEAR_BANDWIDTH.get(str(near.tier), PARTNER_BANDWIDTH)
    return findings.amount(path, value, "bytes_per_s", f"default: {source}", evidence)


def near_copies(
    document: schema.Document, drafts: Sequence[Phase], machines: Machines, state: State | None, findings: Findings
) -> Sequence[Near | None]:
    """Return the near copies of each phase; None where it makes none."""
    near = document.checkpoint.near
    if not _wanted(document, state, findings):
        return [None] * len(drafts)
    saves = near.saves
    if saves is None:
        saves, source, evidence = NEAR_SAVES
        findings.fact((*NEAR, "saves"), f"{saves}", f"default: {source}", evidence)
    speed = 0.0 if near.save_time is not None else near_bandwidth(near, machines, findings)
    return [
        None if draft.gross or document.checkpoint.policy == "none"
        else Near(saves=saves, save_s=_save_s(near, draft, state, speed, findings))
        for draft in drafts
    ]  # fmt: skip


def with_near_copies(cycles: Sequence[Cycle], copies: Sequence[Near | None]) -> Sequence[Cycle]:
    """Return the cycles with near copies between their saves, which stay where they were."""
    return [
        cycle if near is None or cycle.work_s >= NEVER_S else _layered(cycle, near)
        for cycle, near in zip(cycles, copies, strict=True)
    ]


def _wanted(document: schema.Document, state: State | None, findings: Findings) -> bool:
    checkpoint, near = document.checkpoint, document.checkpoint.near
    if near == schema.Near():
        return False
    if near.tier is None:
        findings.problem((*NEAR, "tier"), "is missing: device, host_memory, partner_memory or local_disk")
    if checkpoint.corrupt:
        findings.problem(("checkpoint", "corrupt"), "is not modelled together with near copies; leave one of them out")
    if near.save_time is None and state is None:
        findings.lacks_model((*NEAR, "save_time"), "is not known: state it, checkpoint.state or model.architecture")
    if near.tier != "partner_memory" and (near.copies or near.together):
        findings.warn("checkpoint.near.copies and together are used only with tier = 'partner_memory'.")
    return not findings.issues


def _save_s(near: schema.Near, draft: Phase, state: State | None, speed: float, findings: Findings) -> float:
    if near.save_time is not None or state is None:
        return near.save_time or 0.0
    copies = (near.copies or COPIES) - 1 if near.tier == "partner_memory" else 1
    return findings.amount(
        (*draft.path, "near_save_time"),
        max(copies, 1) * tiers.save_s(state.state_bytes, writers=draft.accelerators, writer_bytes_per_s=speed),
        "time", "state / (accelerators x bandwidth), once for each copy elsewhere", "D",
    )  # fmt: skip


def _layered(cycle: Cycle, near: Near) -> Cycle:
    """Split the work between two durable saves among near ones."""
    durable = Durable(every=near.saves, write_s=cycle.write_s, flush_s=cycle.flush_s, slowdown=cycle.slowdown,
                      in_flight=cycle.in_flight)  # fmt: skip
    return Cycle(work_s=cycle.work_s / near.saves, write_s=near.save_s, durable=durable, keep=cycle.keep)


def with_near_restore(recovery: Recovery, near: schema.Near, cycles: Sequence[Cycle]) -> Recovery:
    """Return the recovery with the time to read a near copy: stated, or like the slowest near save."""
    saves_s = [cycle.write_s for cycle in cycles if cycle.durable is not None]
    if not saves_s:
        return recovery
    return replace(recovery, near_restore_s=max(saves_s) if near.restore is None else near.restore)


def with_near_losses(
    causes: Sequence[Cause], document: schema.Document, drafts: Sequence[Phase], findings: Findings
) -> list[Cause]:
    """Return the causes with the probability that each takes the near copies away."""
    near = document.checkpoint.near
    striking = [draft.nodes for draft in drafts if not draft.gross]
    if near.tier is None or not striking:
        return list(causes)
    found = []
    for cause in causes:
        lost, why = _lost(near, cause, min(striking))
        findings.fact(("failures", "causes", cause.name, "near_lost"), f"{lost:.4g}", why, "D")
        found.append(replace(cause, near_lost=lost))
    return found


def _lost(near: schema.Near, cause: Cause, nodes: int) -> tuple[float, str]:
    """Return the probability that a stop by a cause takes the near copies away, and why."""
    if cause.nodes_lost and near.recoverable is not None:
        return 1.0 - near.recoverable, "1 - checkpoint.near.recoverable"
    if cause.nodes_lost and cause.domain not in NODE_DOMAINS and near.tier == "partner_memory":
        every = cause.domain == "cluster" or bool(near.together)
        return float(every), f"a whole {cause.domain} is out: copies {'are in it together' if every else 'stand apart'}"
    tier: tiers.Tier = near.tier  # type: ignore[assignment]  # one of the words
    lost = tiers.near_lost(tier, nodes, copies=near.copies or COPIES, lost=cause.nodes_lost,
                           together=near.together or 0.0)  # fmt: skip
    return lost, f"{cause.nodes_lost} machines lost, copies in {near.tier}"
