"""The sentences of a report, and how well its values are founded, in words."""

import math
from collections.abc import Sequence
from datetime import timedelta

from analysis.metrics.forecast import DAY_S, FloatArray, Forecast
from analysis.metrics.summary import Summary
from analysis.plots.amounts import Written, days, distinct, dollars, is_single, share
from simulator.catalogue.reader import EVIDENCE
from simulator.scenario.values import Assumption, Scenario, rate_per_s

WEAK = frozenset("SVM")  # evidence marks that a reader should doubt


def answer(forecast: Forecast) -> str:
    """Return the answer in one sentence, with its interval."""
    time, money = _quantiles(forecast)
    if time[0] == time[2] and money[0] == money[2]:
        return f"The run takes {time[1]} and costs {money[1]}."
    return (
        f"The run takes {time[1]} in the median ({_between(time)} in eight runs of ten) "
        f"and costs {money[1]} ({_between(money)})."
    )


def short_answer(forecast: Forecast) -> str:
    """Return the answer for a heading: medians, and where eight runs of ten lie."""
    time, money = _quantiles(forecast)
    return f"{time[1]} ({_between(time)}) and {money[1]} ({_between(money)})"


def _quantiles(forecast: Forecast) -> tuple[Sequence[str], Sequence[str]]:
    """Return p10, p50 and p90 of days and dollars as texts, alike where all runs are alike."""

    def texts(of: Summary, sample: FloatArray, written: Written) -> Sequence[str]:
        single = is_single(sample.tolist())
        return [written(of.p50)] * 3 if single else distinct((of.p10, of.p50, of.p90), written)

    samples = forecast.samples
    return texts(forecast.wall_days, samples.wall_days, days), texts(forecast.usd, samples.usd, dollars)


def _between(texts: Sequence[str]) -> str:
    return texts[0] if texts[0] == texts[2] else f"{texts[0]} to {texts[2]}"


def calendar(forecast: Forecast) -> str:
    """Say from which day to which day the run goes."""
    start = forecast.scenario.start
    first, middle, last = (
        start + timedelta(days=value)
        for value in (forecast.wall_days.p10, forecast.wall_days.p50, forecast.wall_days.p90)
    )
    delay = forecast.start_delay_days
    waits = f", {days(delay.mean)} in the mean after it was submitted to the shared cluster" if delay else ""
    late = "" if first == last else f" (between {_date(first)} and {_date(last)} in eight runs of ten)"
    if any(row.path == "start" and row.source.startswith("default") for row in forecast.scenario.assumptions):
        return f"The scenario states no start; counted from {_date(start)}{waits}, it ends on {_date(middle)}{late}."
    return f"Started on {_date(start)}{waits}, it ends on {_date(middle)}{late}."


def _date(day: object) -> str:
    return f"{day:%d %b %Y}".lstrip("0")


def added(forecast: Forecast) -> str:
    """Say how much of the machine time is not training."""
    useful = math.fsum(row.accelerator_hours for row in forecast.ledger if row.phase == "productive")
    total = math.fsum(row.accelerator_hours for row in forecast.ledger)
    lost_usd = math.fsum(row.usd for row in forecast.ledger if row.phase != "productive" and row.quantity is None)
    if total - useful <= 1e-9 * total:
        return "All billed accelerator-hours are productive: this scenario contains no loss."
    return (
        f"{share(1 - useful / total)} of the billed accelerator-hours, worth {dollars(lost_usd)}, are not productive "
        "training: saves, stops, work done twice, restarts, spares."
    )


def chance(scenario: Scenario) -> str:
    """Say what the interval covers and what it does not."""
    struck = any(rate_per_s(scenario, stage) > 0 for stage in scenario.stages)
    parts = [
        *(["when failures strike, and of which cause"] if struck else []),
        *(["how efficient the run turns out"] if scenario.efficiency_sigma > 0 else []),
        *(["which discount is negotiated"] if scenario.tariff.is_uncertain else []),
    ]
    if not parts:
        return "Nothing is left to chance in this scenario. Errors of its assumptions are not in the figures."
    return f"The interval covers chance: {'; '.join(parts)}. Errors of the assumptions below come on top of it."


def standing(row: Assumption) -> str:
    """Say how well a value is founded.

    Examples
    --------
    >>> standing(Assumption(path="a", value="1", source="default: x", evidence="M"))
    'unverified: from memory or assumed'
    >>> standing(Assumption(path="a", value="1", source="my.toml:3", toml="1"))
    'stated in the scenario'
    """
    if row.evidence:
        return EVIDENCE.get(row.evidence, row.evidence)
    if row.source.startswith("default"):
        return "convention of flopcast"
    return "stated in the scenario" if row.toml is not None else "follows from the scenario"


def doubtful(rows: Sequence[Assumption]) -> str:
    """Count the values that were not read in a primary source."""
    weak = sum(1 for row in rows if row.evidence in WEAK)
    if not weak:
        return f"Not one of the {len(rows)} values is marked as secondary or unverified."
    mark = "\N{BLACK UP-POINTING TRIANGLE}"
    return f"{weak} of the {len(rows)} values are secondary or unverified; they are marked with {mark}."


def stages(scenario: Scenario, lengths_s: Sequence[float]) -> str:
    """List the stages of a run with their lengths, where there are several."""
    if len(scenario.stages) == 1:
        return ""
    parts = (
        f"{number} {stage.name} ({days(length_s / DAY_S)} on {stage.accelerators:,})"
        for number, (stage, length_s) in enumerate(zip(scenario.stages, lengths_s, strict=True), start=1)
    )
    return f"Stages: {', '.join(parts)}."
