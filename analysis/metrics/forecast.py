"""From an ensemble to the answer: days, dollars, accelerator-hours, goodput, and where they went."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.summary import Summary, summary
from simulator import __version__
from simulator.engine.spread import discounts
from simulator.records import Ensemble
from simulator.scenario.values import Scenario, Stage, Tariff

FloatArray = NDArray[np.float64]

DAY_S = 86400.0
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """Accelerator-hours and dollars of one stage, phase and cause: means a replica."""

    stage: str
    phase: str
    cause: str
    accelerator_hours: float
    usd: float
    wall_days: float  # on the job's own machines; zero for spares, which run beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Every replica's outcome; arrays of shape (replicas,).

    Parameters
    ----------
    wall_days : array
        From the first start to the end [d].
    usd : array
        Dollars on the basis that the forecast names.
    accelerator_hours : array
        Billed accelerator-hours: the job's own machines and the spares held beside it.
    goodput : array
        Productive accelerator-hours over those of the job's own machines, 0 to 1.
    interruptions : array
        Stops of the job.
    """

    wall_days: FloatArray
    usd: FloatArray
    accelerator_hours: FloatArray
    goodput: FloatArray
    interruptions: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What `flopcast run` says."""

    scenario: Scenario
    samples: Samples
    wall_days: Summary
    usd: Summary
    accelerator_hours: Summary
    goodput: Summary
    interruptions: Summary
    job_accelerator_hours: float  # mean, the spares apart: what publications count
    effective_mfu: float | None  # mean model FLOPs over peak and wall-clock, where tokens and MFU are known
    ledger: Sequence[LedgerRow]
    stops_by_cause: Mapping[str, float]
    basis: str
    engine: str
    engine_reason: str
    seed: int
    replicas: int
    version: str = __version__


def forecast(scenario: Scenario, ensemble: Ensemble, replicas: range) -> Forecast:
    """Turn an ensemble into the answer.

    Parameters
    ----------
    scenario : Scenario
        What was run.
    ensemble : Ensemble
        What it came to.
    replicas : range
        Which replicas these are: each has its own negotiated discount where that is uncertain.
    """
    found = samples(scenario, ensemble, replicas)
    return Forecast(
        scenario=scenario,
        samples=found,
        wall_days=summary(found.wall_days),
        usd=summary(found.usd),
        accelerator_hours=summary(found.accelerator_hours),
        goodput=summary(found.goodput),
        interruptions=summary(found.interruptions),
        job_accelerator_hours=float(ensemble.accelerator_s.mean()) / HOUR_S,
        effective_mfu=_effective_mfu(scenario, ensemble),
        ledger=_ledger(scenario, ensemble, found),
        stops_by_cause=ensemble.stops_by_cause,
        basis=basis(scenario.tariff),
        engine=ensemble.engine,
        engine_reason=ensemble.reason,
        seed=scenario.seed,
        replicas=len(replicas),
    )


def samples(scenario: Scenario, ensemble: Ensemble, replicas: range) -> Samples:
    """Return the outcome of every replica."""
    spares = (scenario.recovery.spares or 0) * scenario.accelerators_per_node
    usd = np.zeros(len(replicas))
    for stage, spent_s in zip(scenario.stages, ensemble.stage_s, strict=True):
        usd += list_rate(scenario, stage) * (stage.accelerators + spares) * spent_s / HOUR_S
    return Samples(
        wall_days=ensemble.wall_s / DAY_S,
        usd=usd * (1.0 - discounts(scenario, replicas)),
        accelerator_hours=(ensemble.accelerator_s + ensemble.idle_accelerator_s) / HOUR_S,
        goodput=ensemble.productive_accelerator_s / ensemble.accelerator_s,
        interruptions=ensemble.interruptions,
    )


def list_rate(scenario: Scenario, stage: Stage) -> float:
    """Return the list price in force in a stage [USD per accelerator-hour]."""
    own = stage.usd_per_accelerator_h
    return scenario.tariff.list_usd_per_accelerator_h if own is None else own


def _ledger(scenario: Scenario, ensemble: Ensemble, found: Samples) -> Sequence[LedgerRow]:
    """Price the lines at the mean rate that was paid, largest first."""
    rates = {stage.name: list_rate(scenario, stage) for stage in scenario.stages}
    hours = {line: seconds / HOUR_S for line, seconds in ensemble.accelerator_s_by_line.items()}
    at_list_usd = math.fsum(rates[line[0]] * value for line, value in hours.items())
    paid = float(found.usd.mean()) / at_list_usd if at_list_usd else 0.0
    machines = {stage.name: stage.accelerators for stage in scenario.stages}
    rows = [
        LedgerRow(
            stage=stage,
            phase=phase,
            cause=cause,
            accelerator_hours=value,
            usd=value * rates[stage] * paid,
            wall_days=0.0 if phase == "idle_spare" else value / machines[stage] / 24.0,
        )
        for (stage, phase, cause), value in hours.items()
    ]
    return sorted(rows, key=lambda row: (-row.accelerator_hours, row.stage, row.phase, row.cause))


def days_by_phase(forecast: Forecast) -> Mapping[str, float]:
    """Return the mean days that each phase takes, the largest first; they sum to the mean of `wall_days`."""
    days: dict[str, float] = {}
    for row in forecast.ledger:
        days[row.phase] = days.get(row.phase, 0.0) + row.wall_days
    return dict(sorted(((phase, value) for phase, value in days.items() if value > 0), key=lambda item: -item[1]))


def _effective_mfu(scenario: Scenario, ensemble: Ensemble) -> float | None:
    """Return MFU over the wall-clock: the stages' MFU weighted by productive time, over all the job's time."""
    if any(stage.mfu is None for stage in scenario.stages):
        return None
    useful_s = {stage.name: 0.0 for stage in scenario.stages}
    for (stage, phase, _), seconds in ensemble.accelerator_s_by_line.items():
        if phase == "productive":
            useful_s[stage] += seconds
    weighted = math.fsum((stage.mfu or 0.0) * useful_s[stage.name] for stage in scenario.stages)
    return weighted / float(ensemble.accelerator_s.mean())


def basis(tariff: Tariff) -> str:
    """Say on which basis the dollars are: price, term, discount, provider, region, date, host.

    Examples
    --------
    >>> basis(Tariff(list_usd_per_accelerator_h=3.93, discount_low=0.5, discount_high=0.5, host_included=False))
    '$3.93 per accelerator-hour, stated, less 50 %, host not included'
    """
    low, high = tariff.discount_low, tariff.discount_high
    off = "" if high == 0 else f"less {low:.0%}" if low == high else f"less {low:.0%} to {high:.0%}"
    host = {None: "host not stated", True: "host included", False: "host not included"}[tariff.host_included]
    parts = [
        f"${tariff.list_usd_per_accelerator_h:g} per accelerator-hour",
        tariff.term.replace("_", " "),
        off.replace("%", " %"),
        tariff.provider or "",
        tariff.region or "",
        tariff.on.isoformat() if tariff.on else "",
        host,
    ]
    return ", ".join(part for part in parts if part)
