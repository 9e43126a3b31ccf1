"""From a loaded text to a scenario: every default written out, every key looked up, every contradiction named."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from simulator.foundation.issues import ScenarioError
from simulator.foundation.units import DIMENSIONS
from simulator.reliability.causes import Cause, total_rate_per_node_s
from simulator.reliability.expected import segment_s
from simulator.reliability.gang import PREEMPTION
from simulator.reliability.recovery import Recovery, way_back_s
from simulator.reliability.silent import drifting_s
from simulator.scenario import schema
from simulator.scenario.asking import Speed
from simulator.scenario.defaults import Default, complete
from simulator.scenario.elastic import check_alone
from simulator.scenario.entry_files import placed
from simulator.scenario.failure_files import CATALOGUE
from simulator.scenario.findings import Findings, about
from simulator.scenario.fingerprint import fingerprint
from simulator.scenario.lines import Path, dotted
from simulator.scenario.load import Loaded
from simulator.scenario.machines import Machines, machines
from simulator.scenario.market import check_beside, check_saves, in_markets, market_of, preemption_of
from simulator.scenario.near import near_copies, with_near_copies, with_near_losses, with_near_restore
from simulator.scenario.nodes import fleet_of, maturity_of
from simulator.scenario.of_which_run import without_others_figures
from simulator.scenario.owning import power_plan
from simulator.scenario.paying import book_file, preemptions, start_of, tariff_of
from simulator.scenario.phases import Phase, phases
from simulator.scenario.problems import problems
from simulator.scenario.saving import State, at_notice, check_size, cycles_of, halves_destroyed, leaves_saves, state_of
from simulator.scenario.sharing import shared_of
from simulator.scenario.spot import named_file, traced
from simulator.scenario.stopping import causes_of, recovery_of
from simulator.scenario.system_files import SYSTEM
from simulator.scenario.text import toml_value
from simulator.scenario.trained import Trained, table_of_config, trained
from simulator.scenario.values import Assumption, Published, Scenario, Stage

MOST_STOPS = 1e6  # in one replica; more than any run has seen, and more than memory holds
RUN_ALONE = "This is the training run alone; flopcast lifecycle forecasts the whole life cycle."
_LARGEST_EXPONENT = 300.0
_BACKWARDS = (
    "silent errors or loss spikes set it back faster than it comes forward; check their rates, detection and rewind"
)


def resolve(loaded: Loaded) -> Scenario:
    """Check and resolve a loaded scenario, its sweep apart.

    Raises
    ------
    ScenarioError
        With every problem: first all of the schema, then all of what the values mean together.
    """
    document, whole, used = completed(loaded)
    findings = Findings(loaded)
    if document.queue is not None:
        findings.problem(("queue",), "makes it a shared cluster with many jobs; flopcast cluster simulates it")
        findings.close()
    if document.lifecycle is not None:
        if document.cluster == schema.Cluster():
            findings.problem(("lifecycle",), "is a life cycle without a training run; flopcast lifecycle forecasts it")
            findings.close()
        findings.warn(RUN_ALONE)
    document = without_others_figures(document, whole, findings)
    _stand_alone(document, whole, findings)
    site = machines(document, findings)
    if site is None:
        findings.close()
        raise AssertionError("machines are missing without a problem")
    return _resolved(document, site, findings, _settings(whole, used, loaded))


def completed(loaded: Loaded) -> tuple[schema.Document, dict[str, Any], dict[Path, Default]]:
    """Check a document against the schema, and write its defaults out.

    Returns
    -------
    Document
        With every default.
    dict, and dict of path to Default
        The same as TOML has it, and the defaults that were needed.

    Raises
    ------
    ScenarioError
        With every problem of the schema.
    """
    _, found = problems(loaded.document)
    if found:
        raise ScenarioError(loaded.issue(path, message) for path, message in found)
    whole, used = complete(loaded.document)
    document, found = problems(whole)
    if document is None:
        raise AssertionError(f"a default does not fit the schema: {found}")
    return document, whole, used


def _stand_alone(document: schema.Document, whole: dict[str, Any], findings: Findings) -> None:
    """Make the document independent of its place: a ``config.json`` becomes a table, other files get full paths."""
    whole.setdefault("title", findings.loaded.name.strip() or "scenario")
    for (section, key), name in ((CATALOGUE, document.failures.catalogue), (SYSTEM, document.cluster.system)):
        if name is not None:
            whole[section][key] = placed(name, (section, key), findings.loaded)
    if document.pricing.book is not None:
        whole["pricing"]["book"] = str(book_file(document.pricing.book, findings.loaded))
    if document.energy.trace is not None:
        whole["energy"]["trace"] = str(named_file(document.energy.trace, ("energy", "trace"), findings.loaded))
    for path, table in traced(whole["pricing"]):
        table["trace"] = str(named_file(table["trace"], (*path, "trace"), findings.loaded))
    if document.spot is not None and document.spot.trace is not None:
        whole["spot"]["trace"] = str(named_file(document.spot.trace, ("spot", "trace"), findings.loaded))
    named = document.model.architecture
    if isinstance(named, str) and named.endswith(".json"):
        try:
            whole["model"]["architecture"] = dict(table_of_config(named, Findings(findings.loaded)))
        except ValueError:
            return  # `trained` reads it again, and says what is wrong


def _resolved(
    document: schema.Document, site: Machines, findings: Findings, settings: Sequence[Assumption]
) -> Scenario:
    model = trained(document, findings)
    drafts = phases(document, site, model, findings)
    causes = list(causes_of(document, site, findings))
    state = state_of(document.checkpoint, site, model, findings)
    check_size(document.checkpoint, drafts, state, findings)
    start = start_of(document, site, findings)
    tariff = tariff_of(document, site, drafts, state, start, findings)
    causes += preemptions(document, tariff, findings)
    market = market_of(document, drafts, findings)
    causes += [] if market is None else [preemption_of(market, drafts[0].nodes)]
    power = power_plan(document, site, start, findings)
    causes = with_near_losses(at_notice(causes, document, findings), document, drafts, findings)
    recovery = recovery_of(document, drafts, state, leaves_saves(causes, document), findings)
    shared = shared_of(document, site, model, drafts, findings)
    fleet = fleet_of(document, causes, findings)
    maturity = maturity_of(document.failures.maturity, findings) if causes else None
    slow = [cause.name for cause in causes if cause.slowdown]
    if market is not None:
        check_beside(fleet, shared, recovery, slow, document, findings)
    check_alone(recovery, document, fleet is not None, slow, findings)
    findings.close()
    stages = _stages(document, drafts, site, model, state, causes, findings)
    recovery = with_near_restore(recovery, document.checkpoint.near, [stage.cycle for stage in stages])
    if not findings.issues:
        _check_totals(stages, causes, recovery, document, findings)
    if market is not None and stages:
        check_saves(stages, causes, findings)
        market = replace(market, allowance=_allowance(stages, causes, recovery, document, findings))
        stages = in_markets(stages, document, tariff, findings)
    facts = findings.close()
    sigma = _sigma(document, drafts, findings)
    scenario = Scenario(
        name=findings.loaded.name,
        title=document.title or findings.loaded.name,
        stages=tuple(stages),
        causes=tuple(causes) if any(not stage.gross for stage in stages) else (),
        recovery=recovery,
        accelerator=site.accelerator.key,
        accelerators_per_node=site.per_node,
        efficiency_sigma=sigma,
        tariff=tariff,
        start=start,
        seed=document.run.seed or 0,
        replicas=document.run.replicas or 1,
        engine=document.run.engine or "auto",
        shared=shared,
        fleet=fleet,
        spot=market,
        maturity=maturity,
        published=_published(document.published),
        power=power,
        warnings=tuple(findings.warnings),
        notes=dict(document.note),
        assumptions=(*settings, *facts),
    )
    return replace(scenario, fingerprint=fingerprint(scenario))


def _stages(
    document: schema.Document, drafts: Sequence[Phase], site: Machines, model: Trained | None, state: State | None,
    causes: Sequence[Cause], findings: Findings,
) -> Sequence[Stage]:  # fmt: skip
    work_s = [_work_s(draft, findings) for draft in drafts]
    if findings.issues:
        return []
    copies = near_copies(document, drafts, site, state, findings)
    cycles = cycles_of(document, drafts, [work for work, _ in work_s], state, causes, copies, findings)
    cycles = with_near_copies(cycles, copies)
    sigma = _sigma(document, drafts, findings)
    stages: list[Stage] = []
    for at, (draft, (work, productive), cycle) in enumerate(zip(drafts, work_s, cycles, strict=True)):
        before = drafts[at - 1].accelerators if at else draft.accelerators
        stages.append(
            Stage(
                name=draft.name,
                accelerators=draft.accelerators,
                nodes=draft.nodes,
                work_s=work,
                scales=draft.hours_s is None and (sigma == 0 or _spread(document, draft) > 0),
                gross=draft.gross,
                productive_s=productive,
                cycle=cycle,
                final_save=_final_save(document, draft, last=at == len(drafts) - 1),
                reenters=not draft.gross and before != draft.accelerators,
                tokens=draft.tokens,
                flop_per_token=None if model is None else model.flop_per_token,
                mfu=_mfu(draft, productive, site, model),
                usd_per_accelerator_h=draft.rate,
            )
        )
    return stages


def _final_save(document: schema.Document, draft: Phase, *, last: bool) -> bool:
    """Tell whether a phase ends with a save: each but the last hands its state on, if anything is ever saved."""
    if draft.gross:
        return False
    return bool(document.checkpoint.save_at_end) if last else document.checkpoint.policy != "none"


def _work_s(draft: Phase, findings: Findings) -> tuple[float, float]:
    """Return the phase's work and the part of it in which the model learns [s]."""
    needed = None if draft.tokens is None or not draft.tokens_per_s else draft.tokens / draft.tokens_per_s
    path = (*draft.path, "hours")
    if draft.hours_s is None:
        if needed is None:
            raise AssertionError(f"phase {draft.name}: neither hours nor tokens and speed are known")
        if not needed > 0 or not math.isfinite(needed) or needed > DIMENSIONS["time"].most:
            findings.problem(draft.path, f"takes {needed / 86400:.3g} days, which is no run; check tokens, "
                                         "speed and accelerators")  # fmt: skip
        return needed, needed
    if not draft.gross or needed is None:
        return draft.hours_s, draft.hours_s
    if needed > draft.hours_s * (1 + 1e-9):
        message = (
            f"{about(draft.hours_s, 'time')} are too few: the tokens take {about(needed, 'time')} at the stated speed"
        )
        findings.problem(path, message)
    return draft.hours_s, min(needed, draft.hours_s)


def _mfu(draft: Phase, productive_s: float, site: Machines, model: Trained | None) -> float | None:
    """Return the MFU while the model learns, attention counted in full."""
    if model is None:
        return None
    speed = draft.speed.tokens_per_s if draft.speed else None
    if speed is None and draft.tokens is not None:
        speed = draft.tokens / productive_s / draft.accelerators
    return None if speed is None else speed * model.flop_per_token / site.peak_flop_per_s


def _spread(document: schema.Document, draft: Phase) -> float:
    speed = draft.speed or Speed(tokens_per_s=1.0)
    return speed.sigma if document.throughput.spread is None else document.throughput.spread


def _sigma(document: schema.Document, drafts: Sequence[Phase], findings: Findings) -> float:
    """Return the spread of the efficiency across replicas: one for all, the widest of the phases."""
    sigma = max((_spread(document, draft) for draft in drafts if draft.hours_s is None), default=0.0)
    path = "throughput.spread"
    if document.throughput.spread is None and all(fact.path != path for fact in findings.facts):
        whys = [draft.speed.why for draft in drafts if draft.speed and draft.speed.sigma == sigma]
        why = whys[0] if sigma and whys else "hours or an efficiency are stated, so it does not vary"
        findings.fact(("throughput", "spread"), f"{sigma:.4g}", why)
    return sigma


def _check_totals(
    stages: Sequence[Stage], causes: Sequence[Cause], recovery: Recovery, document: schema.Document, findings: Findings
) -> None:
    """Refuse a run that would not end within a thousand years."""
    rate = total_rate_per_node_s(causes)
    most = DIMENSIONS["time"].most
    whole = 0.0
    for at, stage in enumerate(stages):
        spent = stage.work_s if stage.gross else _expected_s(stage, causes, recovery, document)
        whole += spent
        if not stage.gross and _drifting_s(stage, causes) > most:
            findings.problem(("phases", at), f"would not end: {_BACKWARDS}")
        elif not spent <= most or (not stage.gross and spent * rate * stage.nodes > MOST_STOPS):
            mean = about(1 / (rate * stage.nodes), "time") if rate else "never"
            length = about(stage.cycle.length_s, "time")
            message = f"would not end: a stop every {mean} on average, and {length} from one save to the next"
            findings.problem(("phases", at), f"{message}; save more often, or check rates and sizes")
    if not findings.issues and whole > most:
        findings.problem(("phases",), f"the run takes {whole / 86400 / 365.25:.3g} years; the most is 1000")


def _expected_s(stage: Stage, causes: Sequence[Cause], recovery: Recovery, document: schema.Document) -> float:
    """Return about how long a stage takes [s], infinite where the closed form overflows.

    Stops that destroy nothing add their way back to all the others take. Waits for spares enter only where they set the
    pace: one stop for each repair of as many machines as can be away.
    """
    spared = [cause for cause in causes if not halves_destroyed(cause, document)]
    struck_s = _destroyed_s(stage, [cause for cause in causes if halves_destroyed(cause, document)], recovery)
    back_s = [cause.rate_per_node_s * math.fsum(way_back_s(cause, recovery, stage.cycle.last_s)) for cause in spared]
    return struck_s * (1.0 + stage.nodes * math.fsum(back_s))


def _drifting_s(stage: Stage, causes: Sequence[Cause]) -> float:
    """Return about how long a stage takes under stops that void what lies far before them [s]."""
    found = [cause for cause in causes if cause.reach_s and not (cause.kind == "silent" and stage.cycle.check_s)]
    rate = total_rate_per_node_s(found)
    if not rate:
        return stage.work_s
    reach_s = math.fsum(cause.rate_per_node_s * cause.reach_s for cause in found) / rate
    return drifting_s(stage.work_s, reach_s, rate_per_s=rate * stage.nodes)


def _destroyed_s(stage: Stage, causes: Sequence[Cause], recovery: Recovery) -> float:
    """Return about how long a stage takes under stops that destroy work [s]."""
    cycle, rate = stage.cycle, total_rate_per_node_s(causes) * stage.nodes
    work_s = min(cycle.work_s, stage.work_s)
    count = stage.work_s / work_s
    if rate == 0:
        return count * (work_s + cycle.overhead_s)
    if rate * (work_s + cycle.overhead_s + recovery.recovery_s) > _LARGEST_EXPONENT:
        return math.inf
    weights = [cause.rate_per_node_s / total_rate_per_node_s(causes) for cause in causes]
    back_s = [math.fsum(way_back_s(cause, recovery)) - recovery.recovery_s for cause in causes]
    down_s = math.fsum(weight * back for weight, back in zip(weights, back_s, strict=True))
    if recovery.spares is not None:
        away_s = math.fsum(weight * cause.repair_s for weight, cause in zip(weights, causes, strict=True))
        down_s = max(down_s, away_s / (recovery.spares + 1) - 1 / rate)
    return count * segment_s(
        work_s, cycle.overhead_s, mtbf_s=1 / rate, down_s=down_s, recovery_s=recovery.recovery_s, exposure="A"
    )


def _allowance(
    stages: Sequence[Stage], causes: Sequence[Cause], recovery: Recovery, document: schema.Document, findings: Findings
) -> float:
    """Return by how much faults lengthen the work on machines that stay, on the mean."""
    faults = [cause for cause in causes if cause.name != PREEMPTION]
    spent_s = math.fsum(_expected_s(stage, faults, recovery, document) for stage in stages)
    found = spent_s / math.fsum(_expected_s(stage, [], recovery, document) for stage in stages)
    findings.fact(
        ("spot", "allowance"), f"{found:.4g}", "time with faults over time without, on machines that stay", "D"
    )
    return found


def _published(run: schema.PublishedRun) -> Published | None:
    if run == schema.PublishedRun():
        return None
    return Published(
        wall_s=run.wall,
        accelerator_hours=run.accelerator_hours,
        usd=run.usd,
        goodput=run.goodput,
        interruptions=run.interruptions,
        hours_kind=run.hours_kind or "unknown",
        wall_kind=run.wall_kind or run.hours_kind or "unknown",
        source=run.source or "",
        evidence=run.evidence or "",
    )


def _settings(whole: Mapping[str, Any], used: Mapping[Path, Default], loaded: Loaded) -> Sequence[Assumption]:
    """Return every leaf of the completed document, with the place or the default that it came from."""
    settings = []
    for path, value in _leaves(whole, ()):
        default = next((found for at, found in used.items() if path[: len(at)] == at), None)
        source = f"default: {default.source}" if default else str(loaded.place(path) or loaded.places[()])
        settings.append(
            Assumption(
                path=dotted(path),
                value=value if isinstance(value, str) else toml_value(value),
                source=source,
                evidence=default.evidence if default else "",
                toml=toml_value(value),
            )
        )
    return settings


def _leaves(value: Any, path: Path) -> Sequence[tuple[Path, Any]]:
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in _leaves(item, (*path, key))]
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return [leaf for at, item in enumerate(value) for leaf in _leaves(item, (*path, at))]
    return [(path, value)]
