"""The tables of a report, as rows of text."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from analysis.metrics.energy import COMPONENTS
from analysis.metrics.forecast import Forecast, hours_label
from analysis.metrics.published import comparisons, label
from analysis.plots.amounts import count, dollars_exact
from analysis.plots.names import cause_name, phase_name
from analysis.report import flows
from analysis.report.findings import Findings
from analysis.report.words import WEAK, standing
from simulator.foundation.units import percent
from simulator.pricing.energy import STATES
from simulator.records import NO_CAUSE, NOT_STATED
from simulator.scenario.lines import undotted
from simulator.scenario.values import Assumption, Scenario

Row = Sequence[str]

_ASIDE = ("title", "note")  # shown elsewhere in the report


class Table(NamedTuple):
    """A table: heads, and rows of equal length; the first column names, the rest are figures."""

    heads: Row
    rows: Sequence[Row]


def quantities(forecast: Forecast) -> Table:
    """Return the answer: quantities with mean and quantiles, as `flopcast run` prints them."""
    waiting = (
        ("start delay, days", forecast.start_delay_days),
        ("finish, days after submission", forecast.finish_days),
    )
    rows = (
        *((name, value, "{:,.2f}") for name, value in waiting if value is not None),
        ("days", forecast.wall_days, "{:,.2f}"),
        ("dollars", forecast.usd, "${:,.0f}"),
        (hours_label(forecast, billed=True), forecast.accelerator_hours, "{:,.0f}"),
        ("interruptions", forecast.interruptions, "{:,.1f}"),
        ("goodput", forecast.goodput, "{:.3f}"),
    )
    return Table(
        ("quantity", "mean", "p10", "p50", "p90"),
        [
            (name, *(form.format(number) for number in (value.mean, value.p10, value.p50, value.p90)))
            for name, value, form in rows
        ],
    )


def phases(forecast: Forecast) -> Table:
    """Return accelerator-hours and dollars by phase, with their sum."""
    steps = flows.steps(forecast)
    hours, usd = math.fsum(step.accelerator_hours for step in steps), math.fsum(step.usd for step in steps)
    rows = [
        _ledger_row(
            (phase_name(step.phase),), step.accelerator_hours, step.usd, percent(step.accelerator_hours / hours, ".2")
        )
        if step.accelerator_hours
        else (phase_name(step.phase), "", dollars_exact(step.usd), "")  # owed beside the machines
        for step in steps
    ]
    heads = ("phase", "accelerator-hours", "dollars", "share")
    return Table(heads, [*rows, _ledger_row(("total",), hours, usd, "100.00 %")])


def causes(forecast: Forecast) -> Table:
    """Return stops, accelerator-hours and dollars by cause, the dearest first."""
    hours, usd = dict.fromkeys(forecast.stops_by_cause, 0.0), dict.fromkeys(forecast.stops_by_cause, 0.0)
    for row in forecast.ledger:
        if row.cause not in (NO_CAUSE, NOT_STATED) and row.quantity is None:  # storage and taxes stop nothing
            hours[row.cause] = hours.get(row.cause, 0.0) + row.accelerator_hours
            usd[row.cause] = usd.get(row.cause, 0.0) + row.usd
    ranked = sorted(hours, key=lambda cause: (-hours[cause], cause))
    return Table(
        ("cause", "stops a run", "accelerator-hours", "dollars"),
        [
            _ledger_row((cause_name(cause), count(forecast.stops_by_cause.get(cause, 0.0))), hours[cause], usd[cause])
            for cause in ranked
        ],
    )


def ledger(forecast: Forecast) -> Table:
    """Return every line of the ledger."""
    return Table(
        ("stage", "phase", "cause", "accelerator-hours", "dollars"),
        [
            _ledger_row((row.stage, phase_name(row.phase), cause_name(row.cause)), row.accelerator_hours, row.usd)
            if row.quantity is None
            else (row.stage, phase_name(row.phase), cause_name(row.cause), "", dollars_exact(row.usd))
            for row in forecast.ledger
        ],
    )


def bases(forecast: Forecast) -> Table:
    """Return the mean dollars on each of the four bases; no rows where they are all the same."""
    means = {name: value.mean for name, value in forecast.usd_by_basis.items()}
    same = all(abs(value - forecast.usd.mean) < 0.005 for value in means.values())
    return Table(("basis", "dollars"), [] if same else [(name, dollars_exact(usd)) for name, usd in means.items()])


def energy(forecast: Forecast) -> Table:
    """Return energy by state and component [MWh]; no rows where the power is not known."""
    found = forecast.energy
    heads = ("state", *(f"{name}, MWh" for name in COMPONENTS), "total, MWh")
    if found is None:
        return Table(heads, [])
    places = max(3 - math.floor(math.log10(max(found.of() / 1000.0, 1e-3))), 0)  # four digits of the total
    rows = [
        (name, *(f"{found.of(component=part, state=state) / 1000.0:,.{places}f}" for part in (*COMPONENTS, None)))
        for name, state in (*((state, state) for state in STATES), ("total", None))
    ]
    return Table(heads, rows)


def months(found: Findings) -> Table:
    """Return dollars by month, and what has been spent by its end."""
    rows, reached = [], 0.0
    for month in flows.cash_flow(found.forecast, found.ensemble):
        reached += month.usd
        rows.append((month.name, dollars_exact(month.usd), dollars_exact(reached)))
    return Table(("month", "dollars, mean", "spent by its end"), rows)


def published(forecast: Forecast) -> Table:
    """Return the published figures beside ours."""
    return Table(
        ("quantity", "published", "forecast", "difference"),
        [
            (label(forecast, row), _figure(row.published), _figure(row.predicted), _off(row.error))
            for row in comparisons(forecast)
        ],
    )


def _off(error: float | None) -> str:
    return "" if error is None else f"{100 * error:+z.1f} %"


class AssumptionRow(NamedTuple):
    """One value with its source and how well that was read."""

    path: str
    value: str
    source: str
    standing: str
    weak: bool


def assumptions(scenario: Scenario) -> Sequence[tuple[str, Sequence[AssumptionRow]]]:
    """Return every value by section of the scenario, in the sections' first order."""
    sections: dict[str, list[AssumptionRow]] = {}
    for row in listed(scenario):
        section = str(undotted(row.path)[0])
        source = row.source.removeprefix("default: ")
        sections.setdefault(section, []).append(
            AssumptionRow(row.path, row.value, source, standing(row), row.evidence in WEAK)
        )
    return list(sections.items())


def listed(scenario: Scenario) -> Sequence[Assumption]:
    """Return the values that the table of assumptions shows: all but title and notes."""
    return [row for row in scenario.assumptions if undotted(row.path)[0] not in _ASIDE]


def _ledger_row(names: Row, accelerator_hours: float, usd: float, share: str | None = None) -> Row:
    """Return names, hours, dollars and, where there is one, a share."""
    return (
        *names,
        _hours(accelerator_hours),
        dollars_exact(usd),
        *([] if share is None else [share]),
    )


def _hours(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == 0 else f"{value:,.1f}"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"
