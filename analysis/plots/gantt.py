"""The calendar of a life cycle: which stage when, which of them set the pace, and how sure their ends are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from analysis.plots.amounts import days, share
from analysis.plots.names import brief
from analysis.plots.style import INK, SKY, VERMILLION, Picture, canvas, drawn, only_bottom

_BEYOND = 0.12  # share of the time to the launch that is shown after it


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One stage: typical start and end, the interval of its end [days from the first], and how often it is critical."""

    name: str
    start_days: float
    finish_days: float
    finish_p10: float
    finish_p90: float
    critical: float


@drawn
def gantt(name: str, bars: Sequence[Bar], *, first: date, launch_days: float) -> Picture:
    """Draw the stages in order, the critical ones hatched; what lasts beyond the launch is cut.

    Parameters
    ----------
    name : str
        Of the picture.
    bars : sequence of Bar
        In the order of their start.
    first : date
        Day 0.
    launch_days : float
        Typical day on which serving begins, or everything has ended.
    """
    latest = max(bar.finish_p90 for bar in bars if bar.start_days < launch_days)
    end = max(launch_days, latest) * (1.0 + _BEYOND)
    figure = canvas(1.3 + 0.27 * len(bars))
    ax = figure.add_subplot()
    for row, bar in enumerate(bars):
        _draw(ax, row, bar, end)
    ax.axvline(launch_days, color=INK, linewidth=0.9, linestyle=":")
    ax.annotate(f"launch, {days(launch_days)}", (launch_days, -0.75), ha="center", va="bottom", annotation_clip=False)
    ax.set_yticks(range(len(bars)), [brief(bar.name, 26) for bar in bars])
    ax.set_ylim(len(bars) - 0.5, -0.6)
    _dates(ax, first, end)
    handles = [
        Patch(facecolor=VERMILLION, hatch="////", edgecolor=INK, label="critical in most replicas"),
        Patch(facecolor=SKY, edgecolor=INK, label="has time to spare"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return Picture(name=name, figure=figure, alt=_alt(bars, launch_days))


def _draw(ax: Axes, row: int, bar: Bar, end: float) -> None:
    """Draw one bar, and where eight of ten ends lie."""
    look: dict[str, Any] = {"facecolor": VERMILLION, "hatch": "////"} if bar.critical >= 0.5 else {"facecolor": SKY}
    right = min(bar.finish_days, end)
    ax.barh(row, right - bar.start_days, left=bar.start_days, height=0.6, edgecolor=INK, linewidth=0.6, **look)
    if bar.finish_days > end:
        ax.annotate(f"{days(bar.finish_days - bar.start_days)} \N{RIGHTWARDS ARROW}", (end, row), xytext=(-3, 0),
                    textcoords="offset points", ha="right", va="center")  # fmt: skip
        return
    spread = [[max(bar.finish_days - bar.finish_p10, 0.0)], [max(min(bar.finish_p90, end) - bar.finish_days, 0.0)]]
    ax.errorbar([bar.finish_days], [row], xerr=spread, fmt="none", ecolor=INK, capsize=3, elinewidth=1.0)


def _dates(ax: Axes, first: date, end: float) -> None:
    """Mark the axis of days with dates: about five of them, on the first of a month where that is coarse enough."""
    ax.set_xlim(0, end)
    step = max(1, round(end / 30.4375 / 5))
    marks = []
    at = date(first.year, first.month, 1)
    while (at - first).days <= end:
        if (at - first).days >= 0:
            marks.append(at)
        month = at.month - 1 + step
        at = date(at.year + month // 12, month % 12 + 1, 1)
    if len(marks) < 2:
        marks = [first + timedelta(days=end * part / 4) for part in range(5)]
    ax.set_xticks([(mark - first).days for mark in marks], [f"{mark:%b %Y}" for mark in marks])
    ax.grid(axis="x")
    only_bottom(ax)


def _alt(bars: Sequence[Bar], launch_days: float) -> str:
    path = ", ".join(f"{bar.name} ({share(bar.critical)})" for bar in bars if bar.critical >= 0.5)
    return f"Calendar of {len(bars)} stages to the launch after {days(launch_days)}; on the critical path: {path}."
