"""Saves: how large the state is, how long it takes to write, and how often that happens."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from simulator.reliability import tiers
from simulator.reliability.attempt import NEVER_S, ROUNDING, Cycle
from simulator.reliability.causes import Cause
from simulator.reliability.checkpoint import CheckpointPolicy, policy
from simulator.reliability.progress import halves_lost
from simulator.scenario import schema
from simulator.scenario.defaults import BANDWIDTH, BYTES_PER_PARAMETER
from simulator.scenario.findings import Findings
from simulator.scenario.machines import Machines
from simulator.scenario.phases import Phase
from simulator.scenario.trained import Trained

CHECKPOINT = ("checkpoint",)
ASYNCHRONOUS = ("blocking_time", "flush_slowdown", "flushes_in_flight", "flush_bandwidth")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The state of a training run, and how fast it moves.

    Parameters
    ----------
    state_bytes : float
        Size [byte].
    bytes_per_s : float
        What the file system takes, all writers together [byte/s].
    nic_bytes_per_s : float or None
        What one accelerator sends [byte/s]; None where not known.
    """

    state_bytes: float
    bytes_per_s: float
    nic_bytes_per_s: float | None

    def move_s(self, accelerators: int) -> float:
        """Return the time to write or read the state once: state / min(writers x NIC, file system) [s]."""
        network = math.inf if self.nic_bytes_per_s is None else accelerators * self.nic_bytes_per_s
        return self.state_bytes / min(network, self.bytes_per_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """Near copies between two durable saves: how many, and the time of one [s]."""

    saves: int
    save_s: float


def state_of(
    checkpoint: schema.Checkpoint, machines: Machines, model: Trained | None, findings: Findings
) -> State | None:
    """Return the state, or None where neither its size nor the model is known."""
    size = checkpoint.state
    if size is None:
        if model is None:
            return None
        factor, source, evidence = BYTES_PER_PARAMETER
        size = findings.amount((*CHECKPOINT, "state"), factor * model.shape.parameters, "bytes",
                               f"{factor:g} B per parameter: {source}", evidence)  # fmt: skip
    return State(state_bytes=size, bytes_per_s=_bandwidth(checkpoint, machines, findings),
                 nic_bytes_per_s=machines.nic_bytes_per_s)  # fmt: skip


def check_size(checkpoint: schema.Checkpoint, drafts: Sequence[Phase], state: State | None, findings: Findings) -> None:
    """Note a problem where something is saved and nobody knows how long that takes."""
    saves = checkpoint.policy != "none" and any(not draft.gross for draft in drafts)
    if saves and checkpoint.save_time is None and state is None:
        findings.lacks_model(
            (*CHECKPOINT, "save_time"), "is not known: state it, checkpoint.state or model.architecture"
        )


def _bandwidth(checkpoint: schema.Checkpoint, machines: Machines, findings: Findings) -> float:
    if checkpoint.bandwidth is not None:
        return checkpoint.bandwidth
    path = (*CHECKPOINT, "bandwidth")
    for name in ("storage_write_bytes_per_s", "storage_read_bytes_per_s"):
        found = None if machines.system is None else machines.system.get_number(name)
        if machines.system and found:
            return findings.amount(
                path, found, "bytes_per_s", f"{machines.system.key}: {name}", machines.system.evidence
            )
    value, source, evidence = BANDWIDTH
    return findings.amount(path, value, "bytes_per_s", f"default: {source}", evidence)


def cycles_of(
    document: schema.Document, drafts: Sequence[Phase], work_s: Sequence[float], state: State | None,
    causes: Sequence[Cause], near: Sequence[Near | None], findings: Findings,
) -> Sequence[Cycle]:  # fmt: skip
    """Return the cycle of each phase, from one durable save to the next."""
    checkpoint = document.checkpoint
    if checkpoint.policy != "periodic" and checkpoint.interval is not None:
        findings.warn(f"checkpoint.interval is not used: the policy {checkpoint.policy!r} chooses its own.")
    unused = [name for name in ASYNCHRONOUS if getattr(checkpoint, name) is not None]
    if checkpoint.mode == "blocking" and unused:
        findings.warn(f"checkpoint.{' and '.join(unused)} are used only with mode = 'asynchronous'.")
    if checkpoint.verify and (checkpoint.corrupt or checkpoint.near != schema.Near()):
        findings.problem((*CHECKPOINT, "verify"), "is not modelled together with corrupt saves or near copies")
    if checkpoint.corrupt == 1:
        findings.problem((*CHECKPOINT, "corrupt"), "is 1: a run of which no save is usable does not end; write less")
    if findings.issues:
        return [Cycle(work_s=NEVER_S) for _ in work_s]
    return [
        _cycle(document, draft, work, state, causes, copies, findings)
        for draft, work, copies in zip(drafts, work_s, near, strict=True)
    ]


def save_s_of(checkpoint: schema.Checkpoint, state: State | None, accelerators: int) -> float:
    """Return the time of one full save [s]."""
    if checkpoint.save_time is not None:
        return checkpoint.save_time
    if state is None:
        return 0.0
    return max(state.move_s(accelerators), state.state_bytes / (checkpoint.flush_bandwidth or math.inf))


def can_save(checkpoint: schema.Checkpoint) -> bool:
    """Tell whether a run saves when it is told to stop: it saves anyway, or it is stated how long that takes."""
    return checkpoint.policy != "none" or checkpoint.save_time is not None


def leaves_saves(causes: Sequence[Cause], document: schema.Document) -> bool:
    """Tell whether a stop can find a save: without a policy only one that another stop has waited for."""
    if document.checkpoint.policy != "none":
        return bool(causes)
    told = any(cause.announced or cause.slowdown for cause in causes) or document.recovery.policy == "shrink"
    market = document.spot is not None and bool(document.spot.notice) and document.spot.save_at_notice is not False
    return can_save(document.checkpoint) and (told or market)


def at_notice(causes: Sequence[Cause], document: schema.Document, findings: Findings) -> Sequence[Cause]:
    """Return the causes; where nothing is ever saved, an announced stop destroys all work, as any other does."""
    if can_save(document.checkpoint):
        return causes
    hint = "state checkpoint.save_time for a run that saves when it is told to stop"
    slow = [cause.name for cause in causes if cause.slowdown]
    leaving = [f"recovery.policy = {document.recovery.policy!r}"] if document.recovery.policy == "shrink" else []
    if stopping := leaving + ([f"slow machines ({', '.join(slow)})"] if slow else []):
        findings.problem((*CHECKPOINT, "policy"), f"is 'none', and {' and '.join(stopping)} save first; {hint}")
    if told := [cause.name for cause in causes if cause.announced]:
        findings.warn(f"Nothing is ever saved (checkpoint.policy = 'none'): {', '.join(told)} destroys all work though "
                      f"it is announced; {hint}.")  # fmt: skip
    return [replace(cause, unsaved=cause.announced) for cause in causes]


def halves_destroyed(cause: Cause, document: schema.Document, near_saves: int = 1) -> float:
    """Return what a stop destroys of the work between two durable saves, in halves of it."""
    verified, bridged = bool(document.checkpoint.verify), document.recovery.policy == "replica"
    return halves_lost(cause, verified=verified, bridged=bridged, near_saves=near_saves)


def _cycle(
    document: schema.Document, draft: Phase, work_s: float, state: State | None, causes: Sequence[Cause],
    near: Near | None, findings: Findings,
) -> Cycle:  # fmt: skip
    """Return the cycle of one phase."""
    checkpoint = document.checkpoint
    if draft.gross or checkpoint.policy == "none":
        return Cycle(work_s=NEVER_S, write_s=0.0 if draft.gross else checkpoint.save_time or 0.0)
    save_s = save_s_of(checkpoint, state, draft.accelerators)
    if checkpoint.save_time is None:
        findings.amount((*draft.path, "save_time"), save_s, "time", "state / min(accelerators x NIC, bandwidth)", "D")
    asynchronous = checkpoint.mode == "asynchronous"
    write_s = min(checkpoint.blocking_time or 0.0, save_s) if asynchronous else save_s
    flush_s = save_s if asynchronous else 0.0
    slowdown = (checkpoint.flush_slowdown or 0.0) if asynchronous else 0.0
    in_flight = (checkpoint.flushes_in_flight or 1) if asynchronous else 1
    check_s = checkpoint.verify or 0.0
    cost_s = check_s + write_s + slowdown * flush_s
    near_saves, near_s = (1, 0.0) if near is None else (near.saves, near.saves * near.save_s)
    rate = math.fsum(cause.rate_per_node_s * halves_destroyed(cause, document, near_saves) for cause in causes)
    mtbf_s = 1.0 / (draft.nodes * rate) if rate > 0 else math.inf
    chosen = _policy(document, draft, findings)
    if chosen is None:
        return Cycle(work_s=work_s)
    interval_s = chosen.interval_s(work_s=work_s, cost_s=cost_s + near_s, mtbf_s=mtbf_s)
    least_s = _pace_s(checkpoint, draft, state, save_s, in_flight) - cost_s if asynchronous else -cost_s
    interval_s = _at_least_the_flush(interval_s, least_s, checkpoint, work_s, findings)
    if not interval_s > 0:
        message = f"{checkpoint.policy!r} would take a save that costs nothing all the time"
        findings.problem((*CHECKPOINT, "policy"), f"{message}; state save_time, or write 'periodic'")
        return Cycle(work_s=work_s)
    findings.amount((*draft.path, "interval"), interval_s, "time", f"policy {checkpoint.policy}", "D")
    if interval_s >= work_s:  # a slow replica outlasts the median's work, but not a policy that has no use for a save
        interval_s = checkpoint.interval if checkpoint.policy == "periodic" and checkpoint.interval else NEVER_S
    if asynchronous and in_flight > 1:
        flush_s = _beside_others_s(checkpoint, draft, state, flush_s, interval_s + cost_s, in_flight)
    return Cycle(
        work_s=interval_s, write_s=write_s, flush_s=min(flush_s, in_flight * (interval_s + cost_s)), slowdown=slowdown,
        in_flight=in_flight, keep=checkpoint.keep, corrupt=checkpoint.corrupt or 0.0, check_s=check_s,
    )  # fmt: skip


def _policy(document: schema.Document, draft: Phase, findings: Findings) -> CheckpointPolicy | None:
    """Return the interval policy; None, with a problem, where it needs the time of a step and nobody knows that."""
    checkpoint, at = document.checkpoint, int(str(draft.path[-1]))
    batch = (document.phases or [])[at].batch or document.data.batch
    step_s = batch / draft.tokens_per_s if batch and draft.tokens_per_s else None
    if checkpoint.policy == "per-iteration" and step_s is None:
        message = "'per-iteration' needs the time of a step: state data.batch, and tokens or an efficiency"
        findings.problem((*CHECKPOINT, "policy"), message)
        return None
    return policy(str(checkpoint.policy), every_s=checkpoint.interval, step_s=step_s)


def _rates(checkpoint: schema.Checkpoint, draft: Phase, state: State) -> tuple[float, float]:
    """Return what one flush can write alone, and what the file system takes in all [byte/s]."""
    network = math.inf if state.nic_bytes_per_s is None else draft.accelerators * state.nic_bytes_per_s
    return min(network, checkpoint.flush_bandwidth or math.inf), state.bytes_per_s


def _pace_s(checkpoint: schema.Checkpoint, draft: Phase, state: State | None, save_s: float, in_flight: int) -> float:
    """Return the least time from one flush to the next [s]: with several in flight they share the file system."""
    if checkpoint.save_time is not None or state is None:
        return save_s / in_flight
    alone, shared = _rates(checkpoint, draft, state)
    return state.state_bytes / min(in_flight * alone, shared)


def _beside_others_s(
    checkpoint: schema.Checkpoint, draft: Phase, state: State | None, save_s: float, length_s: float, in_flight: int
) -> float:
    """Return how long a flush takes beside those that run at once [s]; a stated time is taken as it is."""
    if checkpoint.save_time is not None or state is None:
        return save_s
    alone, shared = _rates(checkpoint, draft, state)
    found = tiers.flush_s(state.state_bytes, length_s * (1 + ROUNDING), flush_bytes_per_s=alone,
                          shared_bytes_per_s=shared, in_flight=in_flight)  # fmt: skip
    return save_s if found is None else found[0]


def _at_least_the_flush(
    interval_s: float, least_s: float, checkpoint: schema.Checkpoint, work_s: float, findings: Findings
) -> float:
    """Return an interval in which the flush can end; stretch the policies' own choice, refuse a stated one."""
    if interval_s >= least_s:
        return interval_s
    if interval_s >= work_s:
        return least_s  # no save comes before the end, whatever the interval
    if checkpoint.policy == "periodic":
        message = f"a flush does not end within the interval: it takes {least_s:.6g} s of {interval_s:.6g} s"
        findings.problem((*CHECKPOINT, "interval"), f"{message}; save less often or widen the bandwidth")
        return work_s
    findings.warn(
        f"A flush takes longer than the interval that {checkpoint.policy!r} would choose; the interval is stretched."
    )
    return least_s
