"""From an ensemble to the answer: days, dollars, accelerator-hours, goodput, and where they went."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.dollars import WHOLE_RUN, basis, bill_of, energy_of, list_rate, remarks
from analysis.metrics.summary import Summary, summary
from simulator import __version__
from simulator.pricing.energy import Energy
from simulator.pricing.ledger import BASES, Amount
from simulator.pricing.tariff import Bill
from simulator.records import Ensemble, Line
from simulator.reliability.gang import PREEMPTION
from simulator.scenario.values import Scenario

FloatArray = NDArray[np.float64]

DAY_S = 86400.0
HOUR_S = 3600.0
LEAST_REPLICAS = 10  # with fewer, no run lies outside p10 and p90

__all__ = ["DAY_S", "HOUR_S", "FloatArray", "Forecast", "LedgerRow", "Samples", "basis", "days_by_phase", "forecast",
           "groups_of",           "list_rate", "samples"]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """Accelerator-hours and dollars of one stage, phase and cause: means a replica.

    What is owed beside the use of machines, such as an idle commitment or storage, has no accelerator-hours but a
    `quantity` in a `unit`, and `WHOLE_RUN` as its stage.
    """

    stage: str
    phase: str
    cause: str
    accelerator_hours: float
    usd: float  # billed
    wall_days: float  # on the job's own machines; zero for spares, which run beside it
    list_usd: float = 0.0
    contracted_usd: float = 0.0
    effective_usd: float = 0.0
    quantity: float | None = None
    unit: str = ""


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
    start_delay_days, finish_days : array
        From the submission to the first start, 0 on machines of its own, and to the end [d].
    """

    wall_days: FloatArray
    usd: FloatArray
    accelerator_hours: FloatArray
    goodput: FloatArray
    interruptions: FloatArray
    start_delay_days: FloatArray
    finish_days: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What `flopcast run` says."""

    scenario: Scenario
    samples: Samples
    wall_days: Summary
    usd: Summary
    usd_by_basis: Mapping[str, Summary]  # by `BASES`; "billed" is `usd`
    accelerator_hours: Summary
    goodput: Summary
    interruptions: Summary
    job_accelerator_hours: float  # mean, the spares apart: what publications count
    effective_mfu: float | None  # mean model FLOPs over peak and wall-clock, where tokens and MFU are known
    ledger: Sequence[LedgerRow]
    stops_by_cause: Mapping[str, float]
    basis: str
    remarks: Sequence[str]  # what a buyer should know of the terms
    energy: Energy | None  # means; None where the power of the accelerator is not known
    engine: str
    engine_reason: str
    seed: int
    replicas: int
    version: str = __version__
    start_delay_days: Summary | None = None  # on a shared cluster: from submission to start, and to the end
    finish_days: Summary | None = None

    @property
    def warnings(self) -> Sequence[str]:
        """What the reader should know: the scenario's warnings, and that of an interval from too few replicas."""
        if self.replicas >= LEAST_REPLICAS or not is_uncertain(self.scenario):
            return self.scenario.warnings
        runs = "one run" if self.replicas == 1 else f"{self.replicas} runs"
        few = f"p10, p50 and p90 are of {runs} and no interval: that takes {LEAST_REPLICAS} replicas at least."
        return (*self.scenario.warnings, few)


def hours_label(forecast: Forecast, *, billed: bool) -> str:
    """Name accelerator-hours for people: billed with the spares, or those of the job alone, as publications count."""
    if all(row.phase != "idle_spare" for row in forecast.ledger):
        return "accelerator-hours"
    return f"accelerator-hours {'with' if billed else 'without'} spares"


def is_uncertain(scenario: Scenario) -> bool:
    """Tell whether two replicas can differ."""
    drawn = scenario.causes or scenario.shared or scenario.spot
    return bool(drawn) or scenario.efficiency_sigma > 0 or scenario.tariff.is_uncertain


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
    due = bill_of(scenario, ensemble, replicas)
    found = _samples(ensemble, due)
    shared = scenario.shared is not None
    return Forecast(
        scenario=scenario,
        samples=found,
        wall_days=summary(found.wall_days),
        usd=summary(found.usd),
        usd_by_basis={name: summary(_each(due.usd(name), found.usd)) for name in BASES},
        accelerator_hours=summary(found.accelerator_hours),
        start_delay_days=summary(found.start_delay_days, groups=groups_of(scenario)) if shared else None,
        finish_days=summary(found.finish_days, groups=groups_of(scenario)) if shared else None,
        goodput=summary(found.goodput),
        interruptions=summary(found.interruptions),
        job_accelerator_hours=float(ensemble.accelerator_s.mean()) / HOUR_S,
        effective_mfu=_effective_mfu(scenario, ensemble),
        ledger=_ledger(scenario, ensemble, due),
        stops_by_cause=ensemble.stops_by_cause,
        basis=basis(scenario.tariff),
        remarks=remarks(scenario, due),
        energy=energy_of(scenario, ensemble),
        engine=ensemble.engine,
        engine_reason=ensemble.reason,
        seed=scenario.seed,
        replicas=len(replicas),
    )


def samples(scenario: Scenario, ensemble: Ensemble, replicas: range) -> Samples:
    """Return the outcome of every replica."""
    return _samples(ensemble, bill_of(scenario, ensemble, replicas))


def groups_of(*scenarios: Scenario) -> int | None:
    """Return after how many replicas the luck of a shared cluster comes again; None where there is none."""
    return next((each.shared.replications for each in scenarios if each.shared is not None), None)


def _samples(ensemble: Ensemble, due: Bill) -> Samples:
    waits_s = np.zeros(ensemble.wall_s.size) if ensemble.start_delay_s is None else ensemble.start_delay_s
    return Samples(
        start_delay_days=waits_s / DAY_S,
        finish_days=(waits_s + ensemble.wall_s) / DAY_S,
        wall_days=ensemble.wall_s / DAY_S,
        usd=_each(due.usd("billed"), ensemble.wall_s),
        accelerator_hours=(ensemble.accelerator_s + ensemble.idle_accelerator_s) / HOUR_S,
        goodput=ensemble.productive_accelerator_s / ensemble.accelerator_s,
        interruptions=ensemble.interruptions,
    )


def _each(amount: Amount, like: FloatArray) -> FloatArray:
    """Return an amount as an array with a value a replica."""
    return np.broadcast_to(np.asarray(amount, dtype=float), like.shape).copy()


def _ledger(scenario: Scenario, ensemble: Ensemble, due: Bill) -> Sequence[LedgerRow]:
    """Price the lines at the mean rate that was paid in their stage, largest first; what is owed beside comes last."""
    hours = {line: seconds / HOUR_S for line, seconds in ensemble.accelerator_s_by_line.items()}
    machines = {stage.name: stage.accelerators for stage in scenario.stages}
    whole = dict.fromkeys(machines, 0.0)
    for (stage, _, _), value in hours.items():
        whole[stage] += value
    rates = {
        line.phase: [float(np.mean(line.usd(name))) / whole[line.phase] if whole[line.phase] else 0.0 for name in BASES]
        for line in due.used
    }
    rows = [
        _row(line, value, [value * rate for rate in rates[line[0]]],
             0.0 if line[1] == "idle_spare" else value / machines[line[0]] / 24.0)
        for line, value in hours.items()
    ]  # fmt: skip
    rows += [
        _row((stage.name, "spare_wait", PREEMPTION), 0.0, [0.0] * len(BASES), float(spent_s.mean()) / DAY_S)
        for stage, spent_s in zip(scenario.stages, ensemble.stage_s, strict=True)
        if not stage.accelerators and spent_s.any()
    ]
    beside = [
        replace(_row((WHOLE_RUN, each.line.phase, each.line.cause), 0.0,
                     [float(np.mean(each.line.usd(name))) for name in BASES], 0.0),
                quantity=float(np.mean(each.quantity)), unit=each.unit)
        for each in due.owed
    ]  # fmt: skip
    return [
        *sorted(rows, key=lambda row: (-row.accelerator_hours, row.stage, row.phase, row.cause)),
        *sorted(beside, key=lambda row: (-row.usd, row.phase, row.cause)),
    ]


def _row(line: Line, hours: float, usd: Sequence[float], wall_days: float) -> LedgerRow:
    at_list, contracted, effective, billed = usd
    return LedgerRow(
        stage=line[0], phase=line[1], cause=line[2], accelerator_hours=hours, usd=billed, wall_days=wall_days,
        list_usd=at_list, contracted_usd=contracted, effective_usd=effective,
    )  # fmt: skip


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
