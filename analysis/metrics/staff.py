"""Who is paid when: the people of a life cycle over its calendar."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.engine.lifecycle_run import LifeEnsemble, pay_of
from simulator.scenario.life import MONTH_S
from simulator.workload.stages import LifeStage, Team

FloatArray = NDArray[np.float64]

DAY_S: Final = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamRow:
    """What one team came to: means; equity is no outlay and stands apart."""

    name: str
    people: int
    from_day: float
    until_day: float
    person_months: float
    busy: float  # share of the paid time that was spent on a stage
    usd: float
    equity_usd: float
    by_month: Sequence[float]  # people paid in each month of the calendar


def _of(team: Team, stages: Sequence[LifeStage]) -> list[tuple[int, int]]:
    """Return the numbers of a team's stages, and how many people each takes."""
    return [(number, stage.people[team.name]) for number, stage in enumerate(stages) if team.name in stage.people]


def busy_s(team: Team, stages: Sequence[LifeStage], ensemble: LifeEnsemble) -> FloatArray:
    """Return the person-seconds on stages."""
    lasted_s = ensemble.finish_s - ensemble.start_s
    found = np.zeros(len(ensemble.replicas))
    for number, people in _of(team, stages):
        found += people * lasted_s[number]
    return found


def window_s(team: Team, stages: Sequence[LifeStage], ensemble: LifeEnsemble) -> tuple[FloatArray, FloatArray]:
    """Return when a team's first stage begins and its last one ends."""
    mine = [number for number, _ in _of(team, stages)]
    if not mine:
        return np.zeros(len(ensemble.replicas)), np.zeros(len(ensemble.replicas))
    return ensemble.start_s[mine].min(axis=0), ensemble.finish_s[mine].max(axis=0)


def paid_s(team: Team, stages: Sequence[LifeStage], ensemble: LifeEnsemble) -> FloatArray:
    """Return the person-seconds that are paid."""
    if not team.employed:
        return busy_s(team, stages, ensemble)
    begin_s, end_s = window_s(team, stages, ensemble)
    return team.people * (end_s - begin_s)


def team_row(team: Team, stages: Sequence[LifeStage], ensemble: LifeEnsemble) -> TeamRow:
    """Return what one team comes to, over its stages and between them."""
    paid, busy = paid_s(team, stages, ensemble), busy_s(team, stages, ensemble)
    begin_s, end_s = window_s(team, stages, ensemble)
    mean_s = float(paid.mean())
    return TeamRow(
        name=team.name,
        people=team.people,
        from_day=float(begin_s.mean()) / DAY_S,
        until_day=float(end_s.mean()) / DAY_S,
        person_months=mean_s / MONTH_S,
        busy=float(busy.mean()) / mean_s if mean_s else 0.0,
        usd=round(float(np.mean(paid * pay_of(team, ensemble.shares))), 2),
        equity_usd=round(mean_s * team.equity_usd_per_person_s, 2),
        by_month=_by_month(team, stages, ensemble),
    )


def _by_month(team: Team, stages: Sequence[LifeStage], ensemble: LifeEnsemble) -> list[float]:
    """Return the people paid in each month: means over the replicas."""
    if team.employed:
        begin_s, end_s = window_s(team, stages, ensemble)
        spans = [(team.people, begin_s, end_s)]
    else:
        spans = [(people, ensemble.start_s[at], ensemble.finish_s[at]) for at, people in _of(team, stages)]
    months = math.ceil(float(ensemble.finish_s.max()) / MONTH_S)
    found = []
    for month in range(months):
        first, last = month * MONTH_S, (month + 1) * MONTH_S
        inside = [
            people * float(np.mean(np.clip(np.minimum(end, last) - np.maximum(begin, first), 0.0, None)))
            for people, begin, end in spans
        ]
        found.append(math.fsum(inside) / MONTH_S)
    return found
