"""When the money is due: dollars by calendar month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from analysis.plots.amounts import dollars
from analysis.plots.style import BLUE, INK, Amounts, Picture, canvas, drawn

_LABELLED = 9  # more bars than that carry no labels
_TICKS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """Dollars of one calendar month; `p10` and `p90` over replicas."""

    first: date
    usd: float
    p10: float
    p90: float

    @property
    def name(self) -> str:
        """Month and year."""
        return f"{self.first:%b %Y}"


@drawn
def cash_flow(name: str, months: Sequence[Month]) -> Picture:
    """Draw what falls due in each month: the mean, and where eight runs in ten lie.

    Parameters
    ----------
    name : str
        Of the picture.
    months : sequence of Month
        In order, without a gap; at least one.
    """
    figure = canvas(2.7)
    ax = figure.add_subplot()
    _draw_bars(ax, months)
    step = -(-len(months) // _TICKS)
    ax.set_xticks(range(0, len(months), step), [month.name.replace(" ", "\n") for month in months[::step]])
    ax.set_xlim(-0.75, max(len(months), 3) - 0.25)
    ax.set_ylim(0, 1.15 * max(max(month.usd, month.p90) for month in months))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(Amounts(dollars))
    ax.set_ylabel("dollars in the month")
    ax.grid(axis="y")
    parts = "; ".join(f"{month.name} {dollars(month.usd)}" for month in months[:24])
    return Picture(name=name, figure=figure, alt=f"Dollars by month: {parts}.")


def _draw_bars(ax: Axes, months: Sequence[Month]) -> None:
    heights = [month.usd for month in months]
    below = [max(month.usd - month.p10, 0.0) for month in months]
    above = [max(month.p90 - month.usd, 0.0) for month in months]
    ax.bar(range(len(months)), heights, width=0.6, color=BLUE, edgecolor=INK, linewidth=0.6)
    ax.errorbar(range(len(months)), heights, yerr=[below, above], fmt="none", ecolor=INK, capsize=4, elinewidth=1.2)
    if len(months) > _LABELLED:
        return
    for at, month in enumerate(months):
        ax.annotate(dollars(month.usd), (at, max(month.usd, month.p90)), xytext=(0, 4), textcoords="offset points",
                    ha="center")  # fmt: skip
