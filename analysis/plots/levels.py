"""Levels of a cluster over time: the queue, the use, the idle part and what of it is stranded."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.plots.amounts import Written
from analysis.plots.style import INK, Amounts, Picture, canvas, drawn

_RIGHT_OF_LAST = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One curve in steps.

    Parameters
    ----------
    name : str
        For the legend.
    means : sequence of float
        Mean of each stretch of time.
    colour, hatch : str
        How the area below it is filled; an empty colour draws the line alone.
    """

    name: str
    means: Sequence[float]
    colour: str
    hatch: str = ""


@drawn
def levels(
    name: str,
    edges_d: Sequence[float],
    series: Sequence[Series],
    *,
    quantity: str,
    written: Written,
    top: float | None = None,
    alt: str,
) -> Picture:
    """Draw areas over days, the first at the back.

    Parameters
    ----------
    name : str
        Of the picture.
    edges_d : sequence of float
        Edges of the stretches of time [d].
    series : sequence of Series
        One or more; each has one mean a stretch.
    quantity : str
        Label of the axis.
    written : Written
        Writes a level.
    top : float, optional
        End of the axis, such as 1 for shares.
    alt : str
        What it shows, in words.
    """
    figure = canvas(2.5)
    ax = figure.add_subplot()
    for each in series:
        ax.stairs(each.means, edges_d, fill=True, facecolor=each.colour, hatch=each.hatch, edgecolor=INK, linewidth=0)
        ax.stairs(each.means, edges_d, color=INK, linewidth=0.7, label="_line", baseline=None)
    highest = max((max(each.means) for each in series), default=0.0)
    ax.set_ylim(0, top if top is not None else max(1.15 * highest, 1e-9))
    ax.set_xlim(edges_d[0], edges_d[-1])
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(Amounts(written))
    ax.set_xlabel("days since the first submission")
    ax.set_ylabel(quantity)
    ax.grid(axis="y")
    if len(series) > 1:
        ax.legend(
            handles=[_patch(each) for each in series], loc="lower left",
            bbox_to_anchor=(0, _RIGHT_OF_LAST), ncols=len(series), borderaxespad=0.2, handlelength=1.4,
        )  # fmt: skip
    return Picture(name=name, figure=figure, alt=alt)


def _patch(series: Series) -> Patch:
    return Patch(facecolor=series.colour, hatch=series.hatch, edgecolor=INK, linewidth=0.6, label=series.name)
