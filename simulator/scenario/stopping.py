"""What stops the run and how it comes back: from failure catalogues and changes to them to causes and a recovery."""

import math
from collections.abc import Mapping, Sequence

from simulator.catalogue.reader import Entry
from simulator.foundation.issues import not_among
from simulator.reliability.causes import Cause, Kind
from simulator.reliability.fleet import RepairLaw
from simulator.reliability.recovery import Exposure, Recovery
from simulator.scenario import schema
from simulator.scenario.defaults import DETECTION, REPAIR_S, REWIND_S, SLOWDOWN
from simulator.scenario.elastic import with_policy
from simulator.scenario.failure_files import failure_catalogue
from simulator.scenario.findings import Findings
from simulator.scenario.machines import Machines
from simulator.scenario.nodes import CAUSES, billed, check_repair, domain_nodes, domain_of, grown, job_nodes, law_of
from simulator.scenario.phases import Phase
from simulator.scenario.saving import State, save_s_of

PER_1000_NODE_DAYS = 1.0 / (1000.0 * 86400.0)


def causes_of(document: schema.Document, machines: Machines, findings: Findings) -> Sequence[Cause]:
    """Return the causes, none when failures are switched off or nothing is left for them to strike."""
    failures = document.failures
    if all(phase.hours_kind == "gross" for phase in document.phases or []):
        findings.warn(
            "All hours are calendar time, which contains every loss already: nothing strikes and nothing is saved."
        )
        return ()
    catalogue = failure_catalogue(str(failures.catalogue), findings)
    if catalogue is None:
        return ()
    if not failures.enabled:
        taken_back = document.spot is not None or document.pricing.preemption.per_1000_node_days
        what = "nothing but preemptions stops the run" if taken_back else "the forecast is that of a run without a stop"
        findings.warn(f"Failures are switched off: {what}.")
        return ()
    parts = _parts(catalogue, failures.causes, findings)
    for name, own in failures.causes.items():
        if name not in parts and own.rate_per_1000_node_days is None and own.mean is None and not _replays(own):
            known = f": {not_among(name, parts)}; for a cause of your own" if parts else ","
            findings.problem((*CAUSES, name), f"{catalogue.key} has no such cause{known} state rate_per_1000_node_days")
    found = [
        cause
        for name in dict.fromkeys([*parts, *failures.causes])
        if (cause := _cause(name, parts.get(name), document, machines, findings)) is not None
    ]
    if not found:
        findings.warn("No failures are simulated: name a failure catalogue, such as rsc-1, for a forecast with stops.")
    return tuple(found)


def _parts(catalogue: Entry, own: Mapping[str, schema.OwnCause], findings: Findings) -> Mapping[str, Entry]:
    """Return the causes that stop a job; those that only slow it are named in a warning."""
    if catalogue.parts:
        what = str(catalogue.values.get("counts_as", ""))
        findings.fact(("failures", "catalogue", "entry"), f"{catalogue.key}: {catalogue.title}; counts {what}",
                      catalogue.source, catalogue.evidence)  # fmt: skip
    if "WARNING" in catalogue.notes or catalogue.evidence in ("M", "V"):
        findings.warn(f"Failure catalogue {catalogue.key}: {catalogue.standing}.")
    slowing = [
        name
        for name, part in catalogue.parts.items()
        if part.get_number("slowdown_high") is not None and own.get(name, schema.OwnCause()).slowdown is None
    ]
    if slowing:
        findings.warn(f"{', '.join(slowing)} of {catalogue.key} slow a run and do not stop it; they are left out.")
    return {name: part for name, part in catalogue.parts.items() if name not in slowing}


def _cause(
    name: str, part: Entry | None, document: schema.Document, machines: Machines, findings: Findings
) -> Cause | None:
    """Return one cause, or None when it never strikes."""
    own = document.failures.causes.get(name, schema.OwnCause())
    nodes = domain_nodes(name, own, document, machines, findings)
    if _replays(own) and own.times and own.rate_per_1000_node_days is None:
        rate = len(own.times) / (max(*own.times, 1.0) * job_nodes(document, machines))
    else:
        rate = _rate(name, part, own, machines, nodes, findings) * PER_1000_NODE_DAYS
    rate *= document.failures.rate_multiplier or 0.0
    if rate == 0:
        return None
    kind: Kind = own.kind or (part.text("kind") if part else "fail_stop")  # type: ignore[assignment]  # checked words
    nodes_lost = own.nodes_lost if own.nodes_lost is not None else int(_number(part, "nodes_lost") or 0)
    repair_law, repair_shape = _repair_law(name, part, own, document, findings)
    count, sigma = _doubt(part, own, document)
    return Cause(
        name=name,
        rate_per_node_s=rate,
        kind=kind,
        detection_s=_detection(name, part, own, kind, document, findings),
        nodes_lost=nodes_lost,
        repair_s=_repair(name, part, own, document, findings) if nodes_lost else 0.0,
        repair_law=repair_law,
        repair_shape=repair_shape,
        law=law_of(name, own, part, rate, nodes, findings),
        age="equilibrium" if own.age is None else own.age,  # type: ignore[arg-type]  # one of two words, or seconds
        domain=domain_of(own.domain),
        domain_nodes=nodes,
        rate_count=count,
        rate_sigma=sigma,
        rewind_s=_rewind(name, own, kind, findings),
        slowdown=_slowdown(name, own, kind, findings),
        away_s=(own.duration or 0.0) if kind == "planned" else 0.0,
        counts_as=str(part.values.get("counts_as", "all_cause")) if part else "all_cause",
        source=part.source if part and own.rate_per_1000_node_days is None else "stated in the scenario",
        evidence=part.evidence if part and own.rate_per_1000_node_days is None else "",
    )


def _rate(
    name: str, part: Entry | None, own: schema.OwnCause, machines: Machines, nodes: float, findings: Findings
) -> float:
    """Return stops per 1000 node-days of the scenario's nodes, of which each domain has so many."""
    if own.mean is not None and own.rate_per_1000_node_days is not None:
        findings.problem((*CAUSES, name, "mean"), "is stated, and so is rate_per_1000_node_days; keep one of them")
    if own.mean is not None:
        return 1.0 / (own.mean * nodes * PER_1000_NODE_DAYS)
    if own.rate_per_1000_node_days is not None or part is None:
        return own.rate_per_1000_node_days or 0.0
    rate = part.number("rate_per_1000_node_days")
    size = part.get_number("node_accelerators") or machines.per_node
    if size != machines.per_node:
        findings.warn(f"The catalogue's nodes have {size:g} accelerators, these have {machines.per_node}: "
                      "rates are scaled by the accelerators in a node.")  # fmt: skip
        rate *= machines.per_node / size
    findings.fact((*CAUSES, name, "rate_per_1000_node_days"), f"{rate:g}", part.source, part.evidence)
    return rate


def _replays(own: schema.OwnCause) -> bool:
    """Tell whether a cause states all its instants, and so its rate."""
    return own.law == "trace" and own.times is not None


def _doubt(part: Entry | None, own: schema.OwnCause, document: schema.Document) -> tuple[float | None, float]:
    """Return what is sampled of a rate's doubt: its count, or the spread of its published range."""
    stated = own.rate_per_1000_node_days is not None or own.mean is not None
    if part is None or stated or document.failures.rate_uncertainty != "poisson":
        return None, 0.0
    if (count := part.get_number("count")) is not None:
        return count, 0.0
    low, high = part.get_number("rate_low"), part.get_number("rate_high")
    return None, math.log(high / low) / (2.0 * 1.96) if low and high else 0.0


def _number(part: Entry | None, name: str) -> float | None:
    return None if part is None else part.get_number(name)


def _standing(part: Entry, name: str) -> str:
    return "M" if name in part.unverified else part.evidence


def _detection(
    name: str, part: Entry | None, own: schema.OwnCause, kind: Kind, document: schema.Document, findings: Findings
) -> float:
    """Return the latency of the cause, its kind, the scenario or the catalogue, in this order, or the default."""
    for given in (own.detection, getattr(document.failures.detection, kind), document.recovery.detection):
        if given is not None:
            return float(given)
    path = (*CAUSES, name, "detection")
    if part and (known := part.get_number("detection_s")) is not None:
        outage = part.get_number("outage_s") or 0.0
        source = str(part.values.get("detection_source", part.source)) + (", and the outage itself" if outage else "")
        return findings.amount(path, known + outage, "time", source, _standing(part, "detection_s"))
    value, source, evidence = DETECTION[kind]
    return findings.amount(path, value, "time", f"default for {kind}: {source}", evidence)


def _repair(
    name: str, part: Entry | None, own: schema.OwnCause, document: schema.Document, findings: Findings
) -> float:
    for given in (own.repair, document.recovery.repair, document.repair.manual.time):
        if given is not None:
            return given
    path = (*CAUSES, name, "repair")
    if part and (known := part.get_number("repair_mean_s")) is not None:
        source = str(part.values.get("repair_source", part.source))
        return findings.amount(path, known, "time", source, _standing(part, "repair_mean_s"))
    value, source, evidence = REPAIR_S
    return findings.amount(path, value, "time", f"default: {source}", evidence)


def _slowdown(name: str, own: schema.OwnCause, kind: Kind, findings: Findings) -> float:
    """Return the share of its speed that a job loses to a slow machine; other causes stop it."""
    if own.slowdown is not None and kind != "slow":
        findings.problem((*CAUSES, name, "slowdown"), f"is for causes of the kind 'slow'; this one is {kind!r}")
    if own.slowdown is not None and own.slowdown >= 1:
        findings.problem((*CAUSES, name, "slowdown"), "a job that stands still has stopped: write a share below 1")
    if kind != "slow":
        return 0.0
    if own.slowdown is not None:
        return own.slowdown
    value, source, evidence = SLOWDOWN
    return findings.amount((*CAUSES, name, "slowdown"), value, "ratio", f"default: {source}", evidence)


def _rewind(name: str, own: schema.OwnCause, kind: Kind, findings: Findings) -> float:
    """Return how far back a loss spike sends the run [s]; other causes do not."""
    for key, wanted in (("rewind", "loss_spike"), ("duration", "planned")):
        if getattr(own, key) is not None and kind != wanted:
            findings.problem((*CAUSES, name, key), f"is for causes of the kind {wanted!r}; this one is {kind!r}")
    if kind != "loss_spike":
        return 0.0
    if own.rewind is not None:
        return own.rewind
    value, source, evidence = REWIND_S
    return findings.amount((*CAUSES, name, "rewind"), value, "time", f"default: {source}", evidence)


def _repair_law(
    name: str, part: Entry | None, own: schema.OwnCause, document: schema.Document, findings: Findings
) -> tuple[RepairLaw, float | None]:
    """Return the law of repair and what shapes it: the cause's, the scenario's or the catalogue's, in this order."""
    catalogue = None if part is None else part.values.get("repair_law")
    found = (
        (own.repair_law, own.repair_shape),
        (document.recovery.repair_law, document.recovery.repair_shape),
        (catalogue, None if part is None else part.get_number("repair_law_shape")),
        ("exponential", None),
    )
    law, shape = next((law, shape) for law, shape in found if law is not None)
    word: RepairLaw = law  # type: ignore[assignment]  # one of the words
    check_repair(word, shape, (*CAUSES, name, "repair_law"), findings)
    return word, shape


def recovery_of(
    document: schema.Document, drafts: Sequence[Phase], state: State | None, saved: bool, findings: Findings
) -> Recovery:
    """Return what a stop costs; `saved` tells whether it can find a save."""
    written, striking = document.recovery, [draft for draft in drafts if not draft.gross]
    initialization_s = grown(written, [draft.accelerators for draft in striking], findings)
    startup_s = written.startup
    if not striking:
        initialization_s = startup_s = 0.0
    elif startup_s is None:
        startup_s = findings.amount(("recovery", "startup"), initialization_s, "time", "like recovery.initialization")
    exposure: Exposure = document.failures.exposure or "A"  # type: ignore[assignment]  # one of the three words
    recovery = Recovery(
        exposure=exposure,
        swap_s=written.swap or 0.0 if striking else 0.0,
        initialization_s=initialization_s,
        restore_s=_restore(document, striking, state, saved, findings),
        startup_s=startup_s or 0.0,
        spares=billed(document),
    )
    return with_policy(recovery, document, drafts, findings)


def _restore(
    document: schema.Document, striking: Sequence[Phase], state: State | None, saved: bool, findings: Findings
) -> float:
    """Return the time to read a checkpoint: stated, or like the slowest save."""
    if document.recovery.restore is not None:
        return document.recovery.restore
    changes = len({draft.accelerators for draft in striking}) > 1 and document.checkpoint.policy != "none"
    if not striking or not (saved or changes):
        return 0.0
    path = ("recovery", "restore")
    if state is not None:
        slowest = max(state.move_s(draft.accelerators) for draft in striking)
        return findings.amount(path, slowest, "time", "state / min(accelerators x NIC, bandwidth)", "D")
    return findings.amount(path, save_s_of(document.checkpoint, None, 1), "time", "like checkpoint.save_time")
