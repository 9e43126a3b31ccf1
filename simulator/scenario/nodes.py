"""What a scenario says of single nodes: laws and domains of causes, lemons, spares, repair, retirement."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from simulator.catalogue.reader import Entry
from simulator.reliability.causes import Cause
from simulator.reliability.fleet import (
    NODE_DOMAINS,
    ByHand,
    Diagnosis,
    Domain,
    Fleet,
    Lemons,
    Mending,
    RepairLaw,
    Reserve,
    Retirement,
    Selection,
    Shop,
)
from simulator.reliability.hazard import Steps
from simulator.reliability.law import FailureLaw
from simulator.reliability.laws import LAWS, law, shaped
from simulator.scenario import schema
from simulator.scenario.findings import Findings
from simulator.scenario.machines import Machines

CAUSES = ("failures", "causes")
SHAPES = ("shape", "times", "units", "ages", "multiples")


def domain_nodes(
    name: str, own: schema.OwnCause, document: schema.Document, machines: Machines, findings: Findings
) -> float:
    """Return how many nodes go out together; a domain that the system does not know is a problem."""
    domain, job = own.domain or "host", job_nodes(document, machines)
    if own.domain_nodes is not None:
        if own.domain_nodes > 0:
            return float(min(own.domain_nodes, job))
        findings.problem((*CAUSES, name, "domain_nodes"), "is zero; a domain has nodes, or a share of one")
        return 1.0
    known = {
        "accelerator": 1.0 / machines.per_node,
        "host": 1.0,
        "nvl72": max(72.0 / machines.per_node, 1.0),
        "rack": _of_system(machines, "rack"),
        "leaf": _of_system(machines, "rack"),
        "pod": _of_system(machines, "pod"),
        "cube": _of_system(machines, "cube"),
        "power": None,
        "cluster": float(job),
    }[domain]
    if known is None:
        what = "are on one feed" if domain == "power" else f"a {domain} of this system has"
        findings.problem((*CAUSES, name, "domain"), f"how many nodes {what} is not known; state domain_nodes")
        return 1.0
    if domain not in NODE_DOMAINS:
        findings.fact((*CAUSES, name, "domain", "nodes"), f"{known:g}", f"{domain} of the system", "")
    return min(known, float(job))


def job_nodes(document: schema.Document, machines: Machines) -> int:
    """Return the most nodes that the job has in any phase."""
    stated = [phase.accelerators or machines.accelerators or 1 for phase in document.phases or []]
    return machines.nodes(max(stated, default=machines.accelerators or 1))


def _of_system(machines: Machines, domain: str) -> float | None:
    """Return the nodes in a rack, pod or cube of the system, where it has any."""
    system = machines.system
    if system is None:
        return None
    if domain == "cube":
        sides = system.values.get("cube_shape")
        return math.prod(sides) / machines.per_node if isinstance(sides, tuple) and sides else None
    rack = system.get_number("nodes_per_rack")
    racks = system.get_number("racks_per_pod") or system.get_number("racks") if domain == "pod" else 1.0
    return None if rack is None or racks is None else rack * racks


def law_of(
    name: str, own: schema.OwnCause, part: Entry | None, rate_per_node_s: float, nodes: float, findings: Findings
) -> FailureLaw | None:
    """Return the law of a cause's units; None where they are memoryless."""
    stated = {
        key: tuple(value) if isinstance(value, list) else value
        for key in SHAPES
        if (value := getattr(own, key)) is not None
    }
    mean_s = 1.0 / (rate_per_node_s * nodes)
    path = (*CAUSES, name, "law")
    try:
        if own.law is None and part is not None and (known := part.values.get("law")):
            found = shaped(str(known), mean_s=mean_s, shape=part.get_number("law_shape"))
            findings.fact(path, f"{known}, shape {part.get_number('law_shape') or 'none'}", part.source, part.evidence)
        elif own.law is None:
            if stated:
                findings.problem((*CAUSES, name, next(iter(stated))), "shapes a law, and none is named; state law")
            return None
        elif set(stated) <= {"shape"}:
            found = shaped(own.law, mean_s=mean_s, shape=own.shape)
        else:
            found = law(own.law, mean_s=mean_s, **stated)
    except (KeyError, ValueError) as error:
        findings.problem(path, str(error.args[0]))
        return None
    return None if isinstance(found, LAWS["exponential"]) else found


def maturity_of(written: schema.Maturity, findings: Findings) -> Steps | None:
    """Return how the rates change over the run; None where they do not."""
    if written.ages is None and written.multiples is None:
        return None
    try:
        return Steps(tuple(written.ages or ()), tuple(written.multiples or ()))
    except ValueError as error:
        findings.problem(("failures", "maturity"), str(error))
        return None


def grown(written: schema.Recovery, accelerators: Sequence[int], findings: Findings) -> float:
    """Return how long processes and collectives take to start, by a power law of the job's accelerators [s].

    Where phases differ in size, the largest sets the time of all, and a warning says so.
    """
    stated_s, at = written.initialization or 0.0, written.initialization_at
    if (at is None and written.initialization_exponent is None) or not accelerators:
        return stated_s
    if at is None or written.initialization_exponent is None:
        lacks = "initialization_at" if at is None else "initialization_exponent"
        findings.problem(
            ("recovery", lacks), "is missing; a start that grows has a number of accelerators and an exponent"
        )
        return stated_s
    most = max(accelerators)
    if len(set(accelerators)) > 1:
        findings.warn(f"Every phase starts as slowly as the largest, on {most:,} accelerators.")
    grown_s = stated_s * (most / at) ** written.initialization_exponent
    why = f"initialization on {at:,} accelerators, by a power law"
    return findings.amount(("recovery", "initialization", "grown"), grown_s, "time", why, "D")


def fleet_of(document: schema.Document, causes: Sequence[Cause], findings: Findings) -> Fleet | None:
    """Return the rules of the fleet; None where nothing is said that both engines cannot tell."""
    spares, retirement = document.spares, _retirement(document.retirement, findings)
    lemons = _lemons(document.failures.lemons, findings)
    pools = any(pool.nodes for pool in (spares.warm, spares.cold, spares.preemptible))
    if pools and document.cluster.spares is not None:
        findings.problem(("cluster", "spares"), "is stated, and so are the nodes of [spares]; keep one of them")
    found = Fleet(
        lemons=lemons,
        warm=_reserve(spares.warm, 0.0),
        cold=_cold(document, pools=pools),
        preemptible=_reserve(spares.preemptible, document.recovery.swap or 0.0),
        ample=not pools and document.cluster.spares is None,
        host_selection_s=spares.host_selection or 0.0,
        selection=_selection(spares.selection),
        shop=_shop(document.repair, findings),
        diagnosis=Diagnosis(
            misses=document.failures.diagnosis.misses or 0.0,
            blames_wrong=document.failures.diagnosis.blames_wrong or 0.0,
        ),
        retirement=retirement,
        by_hand=_by_hand(document.recovery.by_hand, findings),
    )
    why = tuple(_why(found, causes, pools=pools))
    if not causes or not why:
        return None
    if document.run.engine == "estimate":
        findings.problem(("run", "engine"), f"estimate cannot run this scenario: {why[0]}; write auto or simulate")
    return replace(found, why=why)


def billed(document: schema.Document) -> int | None:
    """Return the spare nodes that are billed beside the job; those that run other work are not."""
    held = [pool.nodes for pool in (document.spares.warm, document.spares.cold) if pool.nodes]
    return sum(held) if held or document.spares.preemptible.nodes else document.cluster.spares


def _why(fleet: Fleet, causes: Sequence[Cause], *, pools: bool) -> Iterator[str]:
    """Yield what only the event engine can tell."""
    for cause in causes:
        if cause.law is not None:
            yield f"{cause.name} follows a law with memory ({type(cause.law).__name__.lower()})"
        if cause.domain not in NODE_DOMAINS:
            yield f"{cause.name} takes out a whole {cause.domain}"
        if cause.nodes_lost and cause.repair_law not in ("constant", "exponential"):
            yield f"repair after {cause.name} is {cause.repair_law}"
    said = {
        "some nodes are lemons": fleet.lemons is not None,
        "spares are of several kinds, or chosen by a rule": pools
        or fleet.host_selection_s
        or fleet.selection != "first",
        "repair has stages, crews or failures of its own": fleet.shop != Shop(),
        "diagnosis takes out the wrong node, or none": fleet.diagnosis != Diagnosis(),
        "nodes are retired": fleet.retirement is not None,
        "people restart the job now and then": fleet.by_hand is not None,
    }
    yield from (reason for reason, holds in said.items() if holds)


def _by_hand(written: schema.ByHand, findings: Findings) -> ByHand | None:
    if written == schema.ByHand():
        return None
    for key in ("share", "time"):
        if getattr(written, key) is None:
            findings.problem(
                ("recovery", "by_hand", key), "is missing; people restart a share of the stops in some time"
            )
            return None
    time = schema.Mending.model_construct(time=written.time, law=written.law, shape=written.shape)
    return ByHand(share=written.share or 0.0, time=_mending(time, ("recovery", "by_hand", "law"), findings))


def _lemons(written: schema.Lemons, findings: Findings) -> Lemons | None:
    if written.share is None and written.multiple is None:
        return None
    for key in ("share", "multiple"):
        if getattr(written, key) is None:
            findings.problem(("failures", "lemons", key), "is missing; lemons have a share and a multiple")
            return None
    return Lemons(share=written.share or 0.0, multiple=written.multiple or 0.0)


def _reserve(written: schema.Reserve, swap_s: float) -> Reserve:
    return Reserve(
        nodes=written.nodes or 0,
        swap_s=swap_s if written.swap is None else written.swap,
        fails=bool(written.fails),
    )


def _cold(document: schema.Document, *, pools: bool) -> Reserve:
    swap_s = document.recovery.swap or 0.0
    if pools:
        return _reserve(document.spares.cold, swap_s)
    return Reserve(nodes=document.cluster.spares or 0, swap_s=swap_s, fails=bool(document.spares.cold.fails))


def _selection(word: str | None) -> Selection:
    words: dict[str | None, Selection] = {"random": "random", "history": "history"}
    return words.get(word, "first")


def _shop(written: schema.Repair, findings: Findings) -> Shop:
    automatic = None
    if written.automatic.time is not None:
        automatic = _mending(written.automatic, ("repair", "automatic", "law"), findings)
    elif written.automatic != schema.Mending() or written.manual_share is not None:
        findings.problem(("repair", "automatic", "time"), "is missing; an automatic repair takes some time")
    return Shop(
        automatic=automatic,
        manual=_mending(written.manual, ("repair", "manual", "law"), findings),
        manual_share=1.0 if written.manual_share is None else written.manual_share,
        relapse=1.0 if written.relapse is None else written.relapse,
        requalification_s=written.requalification or 0.0,
        requalification_finds=written.requalification_finds or 0.0,
    )


def _mending(written: schema.Mending, path: tuple[str, ...], findings: Findings) -> Mending:
    name: RepairLaw = written.law or "exponential"  # type: ignore[assignment]  # one of the words
    check_repair(name, written.shape, path, findings)
    return Mending(
        mean_s=written.time,
        law=name,
        shape=written.shape,
        mends=1.0 if written.mends is None else written.mends,
        crews=written.crews,
    )


def check_repair(name: RepairLaw, shape: float | None, path: tuple[str, ...], findings: Findings) -> None:
    """Note a law of repair that lacks its shape, or has one that it does not take."""
    try:
        if name != "constant":
            shaped(name, mean_s=1.0, shape=shape)
        elif shape is not None:
            raise ValueError("the law 'constant' takes no shape; found shape")
    except ValueError as error:
        findings.problem(path, str(error))


def _retirement(written: schema.Retirement, findings: Findings) -> Retirement | None:
    if written == schema.Retirement():
        return None
    if written.failures is None or (written.window is None) == (written.half_life is None):
        findings.problem(("retirement",), "expected failures, and one of window and half_life")
        return None
    return Retirement(
        failures=written.failures,
        window_s=written.window or written.half_life or 0.0,
        decays=written.window is None,
        replacement_s=written.replacement,
    )


def domain_of(word: str | None) -> Domain:
    """Return the word of a domain; a host where none is stated."""
    return word or "host"  # type: ignore[return-value]  # one of the words
