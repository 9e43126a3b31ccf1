"""The forecast beside what was published of the run, and how much of the difference events explain."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.metrics.forecast import DAY_S, Forecast, hours_label
from simulator.foundation.units import percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One published figure beside ours.

    Parameters
    ----------
    quantity : str
        What is compared, with its unit.
    published, predicted : float
        The two figures; `predicted` is what corresponds to the published one: productive hours where that is net.
    """

    quantity: str
    published: float
    predicted: float

    @property
    def error(self) -> float | None:
        """Signed relative error of the prediction; None beside a published zero."""
        return self.predicted / self.published - 1.0 if self.published else None


def comparisons(forecast: Forecast) -> Sequence[Comparison]:
    """Hold a forecast against the figures that its scenario says were published.

    Published hours that are net contain no stop and no save, so that they are held against the productive hours.
    """
    known = forecast.scenario.published
    if known is None:
        return []
    hours, days = ("accelerator-hours", forecast.job_accelerator_hours), ("days", forecast.wall_days.mean)
    if known.hours_kind == "net":
        hours = "accelerator-hours (net)", _useful_hours(forecast)
    if known.wall_kind == "net":
        days = "days (net)", math.fsum(row.wall_days for row in forecast.ledger if row.phase == "productive")
    found = [
        _row(hours[0], known.accelerator_hours, hours[1]),
        _row(days[0], known.wall_s and known.wall_s / DAY_S, days[1]),
        _row("dollars", known.usd, forecast.usd.mean),
        _row("goodput", known.goodput, forecast.goodput.mean),
        _row("interruptions", known.interruptions, forecast.interruptions.mean),
    ]
    return [row for row in found if row is not None]


def label(forecast: Forecast, row: Comparison) -> str:
    """Return the quantity of a comparison for people, who see billed hours beside it."""
    return row.quantity.replace("accelerator-hours", hours_label(forecast, billed=False))


def _row(quantity: str, published: float | None, predicted: float) -> Comparison | None:
    return None if published is None else Comparison(quantity=quantity, published=published, predicted=predicted)


def _useful_hours(forecast: Forecast) -> float:
    return math.fsum(row.accelerator_hours for row in forecast.ledger if row.phase == "productive")


def missing(forecast: Forecast) -> str | None:
    """Say in one sentence what a published gross figure contains that the forecast's events do not explain.

    Returns None where nothing gross was published, or where the forecast reaches nine tenths of it.
    """
    known = forecast.scenario.published
    if known is None or known.hours_kind != "gross" or known.accelerator_hours is None:
        return None
    useful = _useful_hours(forecast)
    lost, gap = forecast.job_accelerator_hours - useful, known.accelerator_hours - forecast.job_accelerator_hours
    if gap < 0.1 * known.accelerator_hours:
        return None
    return (
        f"Published: {known.accelerator_hours / 1e6:.2f}M accelerator-hours. Stepping needs {useful / 1e6:.2f}M, the "
        f"scenario's named events and phases explain {lost / 1e6:.2f}M more; {gap / 1e6:.2f}M "
        f"({percent(gap / known.accelerator_hours, '.0')}) are not explained by anything that was published."
    )
