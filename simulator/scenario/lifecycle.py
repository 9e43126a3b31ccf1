"""From a loaded text to a life cycle: teams, machines and stages looked up, checked, and put in order."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from simulator.catalogue.reader import entry
from simulator.foundation.issues import ScenarioError, not_among
from simulator.foundation.units import DIMENSIONS
from simulator.scenario import schema
from simulator.scenario.findings import Findings, about
from simulator.scenario.life import YEAR_S, LifeCycle, Quality, longest, usual_s
from simulator.scenario.life_means import pools_of, teams_of
from simulator.scenario.life_work import Draft, work_of
from simulator.scenario.load import Loaded
from simulator.scenario.paying import UNDATED
from simulator.scenario.resolve import RUN_ALONE, completed, resolve
from simulator.scenario.schema.lifecycle import LifeCycle as Tables
from simulator.scenario.schema.lifecycle import LifeStage as StageTable
from simulator.scenario.trained import shape_of
from simulator.scenario.values import Scenario
from simulator.workload.scaling import law
from simulator.workload.stages import (
    NOTHING,
    CycleError,
    Estimate,
    LifeStage,
    OfTheRun,
    Plan,
    Pool,
    Serving,
    Team,
    TheRun,
    plan,
)

STAGES = ("lifecycle", "stages")
MOST_S = DIMENSIONS["time"].most
MOST_REPLICAS = 1_000_000


def lifecycle_of(loaded: Loaded) -> LifeCycle:
    """Check and resolve the life cycle of a loaded scenario, and its training run if a stage is one.

    Raises
    ------
    ScenarioError
        With every problem: first all of the schema, then all of what the values mean together.
    """
    document, _, _ = completed(loaded)
    findings = Findings(loaded)
    tables = document.lifecycle
    if tables is None or not tables.stages:
        raise ScenarioError([loaded.issue(STAGES, "is missing: this scenario has no life cycle; flopcast run forecasts "
                                                  "its training run")])  # fmt: skip
    runs = [name for name, stage in tables.stages.items() if stage.run]
    if len(runs) > 1:
        findings.problem((*STAGES, runs[1], "run"), f"stage {runs[0]} is the run already; one stage at most")
    run = resolve(loaded) if runs else None
    return _resolved(document, tables, run, findings)


def _resolved(document: schema.Document, tables: Tables, run: Scenario | None, findings: Findings) -> LifeCycle:
    start = _start(document, tables, findings)
    teams = teams_of(tables.teams, findings)
    pools = pools_of(document, tables.machines, start, findings)
    stages = [_stage(document, tables, name, table, findings) for name, table in tables.stages.items()]
    for stage, table in zip(stages, tables.stages.values(), strict=True):
        _check(stage, table, {each.name: each for each in teams}, {each.name: each for each in pools}, tables, findings)
        if isinstance(stage.work, OfTheRun) and run is None:
            findings.problem((*STAGES, stage.name), "is a multiple of the training run, but no stage says run = true")
    quality = _quality(document, tables, findings)
    findings.close()
    _check_totals(stages, run, document.run.replicas or 1, findings)
    findings.close()
    return LifeCycle(
        name=findings.loaded.name,
        title=document.title or findings.loaded.name,
        stages=tuple(stages),
        teams=tuple(teams),
        pools=tuple(pools),
        plan=_plan(stages, teams, pools, run, findings),
        start=start,
        seed=document.run.seed or 0,
        replicas=document.run.replicas or 1,
        engine=document.run.engine or "auto",
        run=run,
        quality=quality,
        notes=dict(document.note),
        warnings=(*findings.warnings, *(each for each in (run.warnings if run else ()) if each != RUN_ALONE)),
        assumptions=findings.close(),
    )


def _start(document: schema.Document, tables: Tables, findings: Findings) -> date:
    """Return the first day; a price that is looked up needs one, and today is never taken."""
    stated = document.start or document.pricing.date
    if stated is not None:
        return stated
    undated = [name for name, pool in tables.machines.items() if pool.rate is None and pool.date is None]
    if undated:
        message = f"is missing: the price of {undated[0]} has a date; write start = 2026-01-31, or state its rate"
        findings.problem(("start",), message)
    else:
        findings.fact(("start",), UNDATED.isoformat(), "default: a constant, so that results repeat")
    return UNDATED


def _stage(document: schema.Document, tables: Tables, name: str, table: StageTable, findings: Findings) -> LifeStage:
    draft = Draft(name=name, table=table, document=document, pools=tables.machines, findings=findings)
    if table.source:
        findings.fact((*STAGES, name, "stated"), "as written", table.source, table.evidence or "")
    return LifeStage(
        name=name,
        kind=table.kind or "other",
        work=work_of(draft),
        after=tuple(dict.fromkeys(table.after)),
        people=dict(table.people),
        machines=table.machines,
        count=table.count or 0,
        usd=Estimate(*(table.usd or NOTHING)),
    )


def _check(
    stage: LifeStage, table: StageTable, teams: Mapping[str, Team], pools: Mapping[str, Pool], tables: Tables,
    findings: Findings,
) -> None:  # fmt: skip
    """Note what a stage asks for that is not there."""
    path = (*STAGES, stage.name)
    for before in stage.after:
        if before not in tables.stages:
            findings.problem((*path, "after"), not_among(before, tables.stages, most=30))
    for team, people in stage.people.items():
        if team not in teams:
            findings.problem((*path, "people"), f"team {not_among(team, teams)}")
        elif people > teams[team].people > 0:
            findings.problem((*path, "people", team), f"{people} people, but the team has {teams[team].people}")
    pool = pools.get(stage.machines or "")
    if stage.machines is not None and pool is None:
        findings.problem((*path, "machines"), not_among(stage.machines, pools))
    if pool is not None and pool.count is not None and stage.count > pool.count:
        findings.problem((*path, "count"), f"{stage.count} machines, but the pool has {pool.count}")
    if table.count is not None and stage.machines is None and not isinstance(stage.work, TheRun):
        findings.problem((*path, "count"), "of which machines? state machines, a pool of lifecycle.machines")
    if isinstance(stage.work, Serving) and table.count is not None:
        findings.problem((*path, "count"), "follows from the demand; state serving.at_least instead")


def _plan(
    stages: Sequence[LifeStage], teams: Sequence[Team], pools: Sequence[Pool], run: Scenario | None, findings: Findings
) -> Plan:
    try:
        return plan(stages, teams, pools, {stage.name: usual_s(stage, run) for stage in stages})
    except CycleError as error:
        findings.problem(STAGES, str(error))
        findings.close()
        raise AssertionError("a problem was noted, and closing did not raise") from error


def _quality(document: schema.Document, tables: Tables, findings: Findings) -> Quality:
    """Return the loss that the default law expects of the model that all rests on."""
    table = tables.quality
    named: str | Mapping[str, Any] | None = table.architecture
    tokens = table.tokens
    if any(stage.run for stage in tables.stages.values()):
        named, tokens = named or document.model.architecture, tokens or document.data.tokens
    loss = None
    if named is not None and tokens is not None:
        try:
            shape = shape_of(named, Findings(findings.loaded))
        except (ValueError, TypeError, KeyError, ArithmeticError, AttributeError) as error:
            findings.problem(("lifecycle", "quality", "architecture"), str(error))
            return Quality()
        fit = law()
        loss = float(fit.loss(shape.active_parameters, tokens))
        words = f"{fit.key}: {shape.active_parameters / 1e9:.4g}B parameters on {about(tokens, 'tokens')}"
        mark = entry("scaling_laws", fit.key).evidence
        findings.fact(("lifecycle", "quality", "loss"), f"{loss:.4f}", words, mark)
    return Quality(target_loss=table.target_loss, loss=loss, trusted=table.trusted or "")


def _check_totals(stages: Sequence[LifeStage], run: Scenario | None, replicas: int, findings: Findings) -> None:
    """Refuse a calendar of more than a thousand years, and more replicas than memory holds."""
    whole_s = 0.0
    for stage in stages:
        longest_s = longest(stage, run)
        whole_s += longest_s
        if not longest_s <= MOST_S:
            path = (*STAGES, stage.name)
            findings.problem(path, f"may last {longest_s / YEAR_S:.3g} years; the most is 1000")
    if not findings.issues and whole_s > MOST_S:
        findings.problem(STAGES, f"one after the other they last {whole_s / YEAR_S:.3g} years; the most is 1000")
    if replicas > MOST_REPLICAS:
        findings.problem(("run", "replicas"), f"{replicas} are too many for a life cycle; {MOST_REPLICAS} at most")
