"""How a forecast narrows while the run goes on: the end as it was foreseen at each moment."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.ticker import MaxNLocator

from analysis.plots.amounts import days
from analysis.plots.style import BLUE, INK, RUST, SKY, Amounts, Picture, canvas, drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What was foreseen of the whole run at one moment; all in days."""

    at_days: float
    p10: float
    p50: float
    p90: float


@drawn
def outlook_picture(name: str, moments: Sequence[Moment], *, published_days: float | None = None) -> Picture:
    """Draw the band from p10 to p90 and the median of the end against the moment of the forecast.

    Parameters
    ----------
    name : str
        Of the picture.
    moments : sequence of Moment
        In the order of time; the first is the forecast before the start.
    published_days : float or None
        When it really ended.
    """
    figure = canvas(3.0)
    ax = figure.add_subplot()
    at = [moment.at_days for moment in moments]
    low, high = [moment.p10 for moment in moments], [moment.p90 for moment in moments]
    ax.fill_between(at, low, high, color=SKY, label="p10 to p90")
    ax.plot(at, [moment.p50 for moment in moments], color=BLUE, marker="o", markersize=4, label="median")
    if published_days is not None:
        ax.axhline(
            published_days, color=RUST, linestyle="--", linewidth=1.2, label=f"published, {days(published_days)}"
        )
    if max(at) > 0.8 * min(low):
        ax.plot([min(low), max(at)], [min(low), max(at)], color=INK, linewidth=0.8, linestyle=":", label="now")
    ax.set_xlim(0, max(at) * 1.03 or 1)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter(Amounts(days))
    ax.yaxis.set_major_formatter(Amounts(days))
    ax.set_xlabel("when the forecast was made, days from the start")
    ax.set_ylabel("length of the whole run")
    ax.grid()
    figure.legend(loc="outside upper center", ncols=4)
    first, last = moments[0], moments[-1]
    alt = (
        f"Forecast length of the run against the day of the forecast: {days(first.p10)} to {days(first.p90)} at the "
        f"start, {days(last.p10)} to {days(last.p90)} at day {last.at_days:.4g}."
    )
    return Picture(name=name, figure=figure, alt=alt)
