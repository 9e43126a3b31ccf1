"""How long jobs of each size waited: the median, and the time that one in twenty exceeds."""

from collections.abc import Sequence

from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from analysis.plots.interval import interval
from analysis.plots.style import BLUE, INK, RULE, VERMILLION, Picture, canvas, drawn, only_bottom

Row = tuple[str, int, float, float]
"""Name of the class, its jobs, median and 95th percentile of their waits [s]."""

_LEAST_S = 10.0  # shorter waits stand at the left edge
_LADDER_S = (10, 60, 600, 3600, 6 * 3600, 86400, 4 * 86400, 14 * 86400, 60 * 86400, 240 * 86400)


@drawn
def waits(name: str, rows: Sequence[Row]) -> Picture:
    """Draw one line a size class, small jobs on top; time is logarithmic.

    Parameters
    ----------
    name : str
        Of the picture.
    rows : sequence of Row
        At least one.
    """
    figure = canvas(1.1 + 0.26 * len(rows))
    ax = figure.add_subplot()
    longest_s = max(max(row[3] for row in rows), 10 * _LEAST_S)
    for at, (_, _, median_s, p95_s) in enumerate(rows):
        ax.plot([max(median_s, _LEAST_S), max(p95_s, _LEAST_S)], [at, at], color=RULE, linewidth=3, zorder=1)
    for label, column, marker, colour, size in (
        ("half wait longer", 2, "o", BLUE, 4.5),  # above the diamond and smaller, so that it shows where both are one
        ("one in 20 waits longer", 3, "D", VERMILLION, 7.5),
    ):
        ax.plot([max(float(row[column]), _LEAST_S) for row in rows], range(len(rows)), linestyle="none", marker=marker,
                markersize=size, markerfacecolor=colour, markeredgecolor=INK, markeredgewidth=0.6, label=label,
                clip_on=False, zorder=5 - column)  # fmt: skip
    ax.set_xscale("log")
    ax.set_xlim(0.75 * _LEAST_S, 1.6 * longest_s)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_yticks(range(len(rows)), [f"{row[0]}  ({row[1]:,})" for row in rows])
    ax.xaxis.set_major_locator(FixedLocator([tick for tick in _LADDER_S if tick <= 1.6 * longest_s]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: "0" if value <= _LEAST_S else interval(value)))
    ax.set_xlabel("wait for the first start, logarithmic; below 10 s as 0")
    ax.set_ylabel("accelerators (jobs)")
    ax.grid(axis="x")
    only_bottom(ax)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0.2, handletextpad=0.2)
    slowest = max(rows, key=lambda row: (row[3], row[0]))
    alt = (
        f"Waits by size class, {len(rows)} classes. The longest are those of {slowest[0]} accelerators: half of "
        f"{slowest[1]:,} jobs wait longer than {interval(slowest[2])}, one in twenty than {interval(slowest[3])}."
    )
    return Picture(name=name, figure=figure, alt=alt)
