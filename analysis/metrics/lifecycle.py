"""From the calendars of a life cycle to the answer: days, dollars by stage and team, critical path, what drives them.

Dollars are rounded to the cent by stage, part and replica before anything is summed, so that totals are the sums of
their stages, exactly.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.forecast import basis, samples
from analysis.metrics.staff import TeamRow, busy_s, paid_s, team_row
from analysis.metrics.summary import Summary, summary
from simulator import __version__
from simulator.engine.lifecycle_batch import because, chain
from simulator.engine.lifecycle_run import LifeEnsemble, pay_of, rate_of, serve
from simulator.scenario.life import LifeCycle
from simulator.workload.stages import LifeStage, Serving, TheRun

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

DAY_S: Final = 86400.0
PARTS: Final = ("staff", "machines", "other")
_CENTS: Final = 100.0
_MILLION: Final = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRow:
    """What one stage came to.

    Parameters
    ----------
    start_days, finish_days, days : Summary or None
        Its place in the calendar; None for a team's waiting time, which is no stage.
    usd : Summary
        Dollars; the mean is to the cent.
    parts : mapping of str to float
        Mean dollars of `PARTS`; they sum to the mean.
    critical : float
        Share of the replicas in which it is on the critical path.
    of_usd_spread, of_days_spread : float
        Its share of the variance of all dollars, and of the days to the end of the critical path; each sums to 1 over
        the stages, where there is a variance.
    """

    name: str
    kind: str
    start_days: Summary | None
    finish_days: Summary | None
    days: Summary | None
    usd: Summary
    parts: Mapping[str, float]
    critical: float
    of_usd_spread: float
    of_days_spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeForecast:
    """What `flopcast lifecycle` says.

    Parameters
    ----------
    launch_days : Summary
        To the first serving, or to the end where nothing is served.
    days : Summary
        To the end of everything.
    usd, equity_usd : Summary
        All dollars, and the equity apart from them.
    usd_per_m_written : float or None
        All dollars over the tokens written, in millions: mean over mean, the price at which a sale of them all would
        pay for everything. A mean of quotients would be that of the few lives in which little is asked for.
    written_per_month : float or None
        Demand of the first month, most probably [tokens].
    stages : sequence of StageRow
        In booking order, then the waiting time of the teams.
    """

    life: LifeCycle
    ensemble: LifeEnsemble
    launch_days: Summary
    days: Summary
    usd: Summary
    usd_sample: FloatArray
    equity_usd: Summary
    usd_per_m_written: float | None
    written_per_month: float | None
    stages: Sequence[StageRow]
    teams: Sequence[TeamRow]
    bases: Sequence[str]
    version: str = __version__


def life_forecast(life: LifeCycle, ensemble: LifeEnsemble) -> LifeForecast:
    """Turn an ensemble into the answer."""
    stages = ordered(life)
    cents, names = _cents(life, ensemble, stages)
    total = cents.sum(axis=(0, 1)) / _CENTS
    launch_s, last = _launch(stages, ensemble)
    critical = chain(because(life.plan, ensemble.start_s, ensemble.finish_s), last)
    rows = _rows(life, ensemble, cents, names, critical)
    teams = [team_row(team, stages, ensemble) for team in life.teams]
    services = [stage for stage in stages if isinstance(stage.work, Serving)]
    return LifeForecast(
        life=life,
        ensemble=ensemble,
        launch_days=summary(launch_s / DAY_S),
        days=summary(ensemble.finish_s.max(axis=0) / DAY_S),
        usd=replace(summary(total), mean=round(math.fsum(row.usd.mean for row in rows), 2)),
        usd_sample=total,
        equity_usd=summary(_equity(life, stages, ensemble)),
        usd_per_m_written=float(total.mean() / _written_m(services, ensemble).mean()) if services else None,
        written_per_month=_demand(services) if services else None,
        stages=rows,
        teams=teams,
        bases=_bases(life),
    )


def ordered(life: LifeCycle) -> Sequence[LifeStage]:
    """Return the stages in booking order."""
    by_name = {stage.name: stage for stage in life.stages}
    return [by_name[name] for name in life.plan.names]


def mean_usd(found: LifeForecast, demand: float) -> float:
    """Return the mean dollars of everything if the demand were so many times what it is; the calendar stays."""
    moved = 0.0
    for stage in ordered(found.life):
        if isinstance(stage.work, Serving):
            now, then = (sum(_service_usd(found.life, stage, found.ensemble, factor)) for factor in (1.0, demand))
            moved += float(np.mean(then) - np.mean(now))
    return float(found.usd_sample.mean()) + moved


def _service_usd(
    life: LifeCycle, stage: LifeStage, ensemble: LifeEnsemble, demand: float
) -> tuple[FloatArray, FloatArray]:
    """Return what serving costs by the token, and in machines [USD]."""
    bought, machine_s = serve(stage, ensemble.shares, demand)
    return bought, machine_s * _machine_rate(life, stage, ensemble)


def _machine_rate(life: LifeCycle, stage: LifeStage, ensemble: LifeEnsemble) -> FloatArray:
    """Return the price of the stage's machines in each replica [USD/s]; zero where it has none."""
    pool = next((pool for pool in life.pools if pool.name == stage.machines), None)
    return np.zeros(len(ensemble.replicas)) if pool is None else rate_of(pool, ensemble.shares)


def _cents(
    life: LifeCycle, ensemble: LifeEnsemble, stages: Sequence[LifeStage]
) -> tuple[FloatArray, Sequence[tuple[str, str]]]:
    """Return whole cents of shape (rows, parts, replicas), and each row's name and kind."""
    lasted_s = ensemble.finish_s - ensemble.start_s
    rows = [_stage_usd(life, ensemble, stage, lasted) for stage, lasted in zip(stages, lasted_s, strict=True)]
    names = [(stage.name, stage.kind) for stage in stages]
    for team in life.teams:
        idle_s = paid_s(team, stages, ensemble) - busy_s(team, stages, ensemble)
        if team.employed and float(idle_s.max()) > 1e-6:
            nothing = np.zeros_like(idle_s)
            rows.append((np.maximum(idle_s, 0.0) * pay_of(team, ensemble.shares), nothing, nothing))
            names.append((f"{team.name}, waiting", "waiting"))
    return np.rint(np.array(rows) * _CENTS), names


def _stage_usd(
    life: LifeCycle, ensemble: LifeEnsemble, stage: LifeStage, lasted_s: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return dollars for people, machines and the rest."""
    staff = np.zeros_like(lasted_s)
    for team in life.teams:
        staff = staff + lasted_s * stage.people.get(team.name, 0) * pay_of(team, ensemble.shares)
    other = np.asarray(stage.usd.at(ensemble.shares[stage.name, "usd"]))
    number = life.plan.names.index(stage.name)
    machines = ensemble.machine_s[number] * _machine_rate(life, stage, ensemble)
    if isinstance(stage.work, Serving):
        bought, machines = _service_usd(life, stage, ensemble, 1.0)
        other = other + bought
    if isinstance(stage.work, TheRun):
        assert life.run is not None
        assert ensemble.training is not None
        machines = samples(life.run, ensemble.training, ensemble.replicas).usd
    return staff, machines, other


def _rows(
    life: LifeCycle, ensemble: LifeEnsemble, cents: FloatArray, names: Sequence[tuple[str, str]], critical: BoolArray
) -> Sequence[StageRow]:
    usd = cents.sum(axis=1) / _CENTS
    lasted_s = ensemble.finish_s - ensemble.start_s
    of_usd, of_days = _spread(usd), _spread(lasted_s * critical)
    found = []
    for row, (name, kind) in enumerate(names):
        is_stage = row < len(life.plan.names)
        parts = {part: round(float(cents[row, at].mean()) / _CENTS, 2) for at, part in enumerate(PARTS)}
        found.append(
            StageRow(
                name=name,
                kind=kind,
                start_days=summary(ensemble.start_s[row] / DAY_S) if is_stage else None,
                finish_days=summary(ensemble.finish_s[row] / DAY_S) if is_stage else None,
                days=summary(lasted_s[row] / DAY_S) if is_stage else None,
                usd=replace(summary(usd[row]), mean=round(math.fsum(parts.values()), 2)),
                parts=parts,
                critical=float(critical[row].mean()) if is_stage else 0.0,
                of_usd_spread=of_usd[row],
                of_days_spread=of_days[row] if is_stage else 0.0,
            )
        )
    return found


def _spread(parts: FloatArray) -> list[float]:
    """Return each part's share of the variance of the sum: its covariance with the sum, over the variance.

    Examples
    --------
    >>> _spread(np.array([[1.0, 2.0, 3.0], [5.0, 5.0, 5.0]]))
    [1.0, 0.0]
    """
    total = parts.sum(axis=0)
    apart = total - total.mean()
    variance = float(np.mean(apart * apart))
    if variance <= 1e-18 * float(np.mean(total)) ** 2:
        return [0.0] * len(parts)
    return [float(np.mean((part - part.mean()) * apart)) / variance for part in parts]


def _launch(stages: Sequence[LifeStage], ensemble: LifeEnsemble) -> tuple[FloatArray, NDArray[np.intp]]:
    """Return when serving begins, or the end, and the stage that the way there ends with."""
    columns = np.arange(len(ensemble.replicas))
    serving = [number for number, stage in enumerate(stages) if isinstance(stage.work, Serving)]
    if not serving:
        return ensemble.finish_s.max(axis=0), np.argmax(ensemble.finish_s, axis=0)
    first = np.array(serving)[np.argmin(ensemble.start_s[serving], axis=0)]
    launch_s = ensemble.start_s[first, columns]
    before = np.where(ensemble.finish_s <= launch_s, ensemble.finish_s, -1.0)
    before[serving] = -1.0
    last = np.argmax(before, axis=0)
    return launch_s, np.where(before[last, columns] == launch_s, last, -1)


def _equity(life: LifeCycle, stages: Sequence[LifeStage], ensemble: LifeEnsemble) -> FloatArray:
    found = np.zeros(len(ensemble.replicas))
    for team in life.teams:
        found += paid_s(team, stages, ensemble) * team.equity_usd_per_person_s
    return found


def _demand(services: Sequence[LifeStage]) -> float:
    """Return the tokens written in the first month of every service, most probably."""
    return math.fsum(stage.work.written_per_month.mode for stage in services if isinstance(stage.work, Serving))


def _written_m(services: Sequence[LifeStage], ensemble: LifeEnsemble) -> FloatArray:
    """Return the tokens written over every service [millions]."""
    found = np.zeros(len(ensemble.replicas))
    for stage in services:
        work = stage.work
        assert isinstance(work, Serving)
        months = float(((1.0 + work.growth) ** np.arange(work.months)).sum())
        found += np.asarray(work.written_per_month.at(ensemble.shares[stage.name, "written"])) * months / _MILLION
    return found


def _bases(life: LifeCycle) -> Sequence[str]:
    """Say on which basis the machines' dollars are."""
    found = [f"{pool.name}: {pool.basis}" for pool in life.pools]
    return found if life.run is None else [*found, f"training run: {basis(life.run.tariff)}"]
