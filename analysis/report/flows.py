"""What the pictures show, computed from the forecast: steps to the bill, losses, money by month, intervals."""

import math
from collections.abc import Sequence

import numpy as np

from analysis.metrics.due import due_bill
from analysis.metrics.forecast import Forecast
from analysis.plots.cashflow import Month
from analysis.plots.interval import Curve
from analysis.plots.pareto import Loss
from analysis.plots.waterfall import Step
from simulator.records import PHASES, Ensemble
from simulator.reliability.causes import Cause
from simulator.reliability.checkpoint import Optimal
from simulator.reliability.expected import segment_s, stops
from simulator.reliability.progress import halves_lost
from simulator.reliability.recovery import mean_down_s, way_back_s
from simulator.scenario.values import Scenario, Stage

_CURVE_POINTS = 81
_FINE_GRID = 801
_CURVE_FACTOR = 12.0  # the curve reaches from the smaller interval over this to the larger one times this
_MOST_EXPONENT = 50.0


def steps(forecast: Forecast) -> Sequence[Step]:
    """Return hours and dollars by phase: productive first, the losses by size, idle spares, what is owed beside."""
    found: dict[str, Step] = {}
    for row in forecast.ledger:
        before = found.get(row.phase, Step(phase=row.phase, accelerator_hours=0.0, usd=0.0))
        found[row.phase] = Step(
            phase=row.phase,
            accelerator_hours=before.accelerator_hours + row.accelerator_hours,
            usd=before.usd + row.usd,
        )
    order = {"productive": -1, "idle_spare": 1} | {row.phase: 2 for row in forecast.ledger if row.quantity is not None}
    return sorted(
        found.values(),
        key=lambda step: (order.get(step.phase, 0), -step.accelerator_hours, (*PHASES, step.phase).index(step.phase)),
    )


def losses(forecast: Forecast) -> Sequence[Loss]:
    """Return all that is not productive by phase and cause, stages together, largest first."""
    found: dict[tuple[str, str], Loss] = {}
    for row in forecast.ledger:
        if row.phase == "productive" or row.quantity is not None:
            continue
        key = (row.phase, row.cause)
        before = found.get(key, Loss(phase=row.phase, cause=row.cause, accelerator_hours=0.0, usd=0.0))
        found[key] = Loss(
            phase=row.phase,
            cause=row.cause,
            accelerator_hours=before.accelerator_hours + row.accelerator_hours,
            usd=before.usd + row.usd,
        )
    return sorted(found.values(), key=lambda loss: (-loss.accelerator_hours, loss.phase, loss.cause))


def cash_flow(forecast: Forecast, ensemble: Ensemble) -> Sequence[Month]:
    """Return the dollars of each calendar month from the start to the last in which something falls due.

    The months' means sum to the forecast's mean; `analysis.metrics.due` says what falls due when.
    """
    due = due_bill(forecast.scenario, ensemble, range(forecast.replicas))
    return [
        Month(first=first, usd=float(row.mean()), p10=float(np.quantile(row, 0.1)), p90=float(np.quantile(row, 0.9)))
        for first, row in zip(due.firsts, due.billed(), strict=True)
    ]


def interval_curve(scenario: Scenario) -> Curve | None:
    """Return expected loss against the checkpoint interval, of the largest stage that failures strike; None without.

    The closed form of `simulator.reliability.expected`, with the causes' mean downtime; waits for spares, and what
    silent errors spoil before the last save, are left out. A stop also costs the flush that was under way, for saves
    that are written in the background; one that destroys nothing costs its way back. None for two tiers: there are two
    intervals.
    """
    struck = [
        stage
        for stage in scenario.stages
        if _destroyed_per_s(scenario, stage) > 0 and stage.cycle.overhead_s > 0 and stage.cycle.durable is None
    ]
    if not struck:
        return None
    stage = max(struck, key=lambda stage: stage.work_s * stage.accelerators)
    best_s, chosen_s = _best_s(scenario, stage), min(stage.cycle.work_s, stage.work_s)
    low = max(min(best_s, chosen_s) / _CURVE_FACTOR, stage.cycle.lag_s, 1e-3)
    high = min(max(best_s, chosen_s) * _CURVE_FACTOR, stage.work_s)
    points = np.geomspace(low, high, _CURVE_POINTS).tolist() if high > 1.5 * low else []
    lost = [_lost(scenario, stage, interval_s) for interval_s in points]
    chosen_lost, best_lost = _lost(scenario, stage, chosen_s), _lost(scenario, stage, best_s)
    shown = [(at, value) for at, value in zip(points, lost, strict=True) if value < 6 * max(chosen_lost, best_lost)]
    if len(shown) < 10 or not math.isfinite(chosen_lost):
        return None
    return Curve(
        intervals_s=[at for at, _ in shown],
        lost=[value for _, value in shown],
        chosen_s=chosen_s,
        chosen_lost=chosen_lost,
        best_s=best_s,
        best_lost=best_lost,
        stage=stage.name,
    )


def _halves_lost(scenario: Scenario, stage: Stage, cause: Cause) -> float:
    bridged = scenario.recovery.policy == "replica"
    return halves_lost(cause, verified=stage.cycle.check_s > 0, bridged=bridged)


def _destroyed_per_s(scenario: Scenario, stage: Stage) -> float:
    """Return how often half a stretch of a stage is destroyed [1/s]."""
    if stage.gross:
        return 0.0
    return stage.nodes * math.fsum(
        cause.rate_per_node_s * _halves_lost(scenario, stage, cause) for cause in scenario.causes
    )


def _best_s(scenario: Scenario, stage: Stage) -> float:
    """Return the interval that loses least [s]: exact for blocking saves, the best of a fine grid for others."""
    mtbf_s = 1.0 / _destroyed_per_s(scenario, stage)
    exact_s = Optimal().interval_s(work_s=stage.work_s, cost_s=stage.cycle.overhead_s, mtbf_s=mtbf_s)
    if stage.cycle.lag_s == 0:
        return exact_s
    low_s = max(stage.cycle.lag_s, exact_s / 4)
    grid_s = np.geomspace(low_s, max(4 * exact_s, 4 * low_s), _FINE_GRID).tolist()
    return float(min(grid_s, key=lambda interval_s: _lost(scenario, stage, interval_s)))


def _lost(scenario: Scenario, stage: Stage, interval_s: float) -> float:
    """Return the expected loss at an interval, over the useful time."""
    mtbf_s, recovery = 1.0 / _destroyed_per_s(scenario, stage), scenario.recovery
    striking = [cause for cause in scenario.causes if _halves_lost(scenario, stage, cause)]
    down_s = mean_down_s(striking, recovery)
    if (interval_s + recovery.recovery_s) / mtbf_s > _MOST_EXPONENT:
        return math.inf
    length_s = segment_s(
        interval_s, stage.cycle.overhead_s, mtbf_s=mtbf_s, down_s=down_s, recovery_s=recovery.recovery_s,
        exposure=recovery.exposure,
    )  # fmt: skip
    struck = stops(length_s, mtbf_s=mtbf_s, down_s=down_s, recovery_s=recovery.recovery_s, exposure=recovery.exposure)
    spared_s = stage.nodes * math.fsum(
        cause.rate_per_node_s * math.fsum(way_back_s(cause, recovery, stage.cycle.last_s))
        for cause in scenario.causes if cause not in striking
    )  # fmt: skip
    return (length_s + struck * stage.cycle.lag_s) * (1.0 + spared_s) / interval_s - 1.0
