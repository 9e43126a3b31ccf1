"""One run from start to end: its stages, each stop by cause, and the work lost on the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.plots.amounts import count, days, share
from analysis.plots.names import brief, cause_name
from analysis.plots.style import BLUE, INK, RULE, SKY, VERMILLION, Picture, canvas, drawn

MOST_CAUSES = 8
_LETTER = 0.028  # of the axis, that a letter of a stage's name takes; stages too short for their name carry a number
_MOST_TICKS, _BINS = 500, 120  # of a lane, and of the counts in their place
_RESOLUTION = 1500  # places along the axis that can be told apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stage of the run."""

    name: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One stop of the job: when, why, and the time from then until it worked again, with the work it destroyed [h]."""

    at: datetime
    cause: str
    lost_h: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One run: its stages and stops, in order."""

    title: str
    stages: Sequence[Span]
    stops: Sequence[Stop]

    @property
    def days(self) -> float:
        """Length of the run [d]."""
        return (self.stages[-1].end - self.stages[0].start).total_seconds() / 86400

    @property
    def lost_h(self) -> float:
        """Time that the stops cost together [h]."""
        return sum(stop.lost_h for stop in self.stops)


@drawn
def timeline(name: str, story: Story, *, until: datetime | None = None, most_lost_h: float | None = None) -> Picture:
    """Draw one run.

    Parameters
    ----------
    name : str
        Of the picture.
    story : Story
        The run.
    until : datetime, optional
        End of the axis, so that two runs can be held against each other.
    most_lost_h : float, optional
        Top of the axis of lost time, for the same reason [h].
    """
    lanes = _lanes(story.stops)
    figure = canvas(2.0 + 0.24 * max(len(lanes), 1))
    grid = figure.add_gridspec(3, 1, height_ratios=[0.45, 0.24 * max(len(lanes), 1) + 0.1, 1.0], hspace=0.04)
    top, middle, bottom = (figure.add_subplot(grid[row]) for row in range(3))
    start, end = story.stages[0].start, until or story.stages[-1].end
    for ax in (top, middle, bottom):
        ax.set_xlim(_number(start), _number(end))
    _draw_stages(top, story, start, end)
    _draw_stops(middle, story.stops, lanes, (end - start).total_seconds() / 86400)
    _draw_lost(bottom, story, end, story.lost_h if most_lost_h is None else most_lost_h)
    return Picture(name=name, figure=figure, alt=_alt(story))


def _lanes(stops: Sequence[Stop]) -> Sequence[str]:
    """Return the causes that get a lane of their own, most frequent first, and "other causes" if there are more."""
    counts: dict[str, int] = {}
    for stop in stops:
        counts[stop.cause] = counts.get(stop.cause, 0) + 1
    ranked = sorted(counts, key=lambda cause: (-counts[cause], cause))
    return ranked if len(ranked) <= MOST_CAUSES else [*ranked[: MOST_CAUSES - 1], ""]


def _draw_stages(ax: Axes, story: Story, start: datetime, end: datetime) -> None:
    whole = (end - start).total_seconds()
    for number, stage in enumerate(story.stages):
        left, right = _number(stage.start), _number(stage.end)
        ax.barh(0, right - left, left=left, height=0.7, color=BLUE if number % 2 == 0 else SKY, edgecolor=INK,
                linewidth=0.6)  # fmt: skip
        letters = (stage.end - stage.start).total_seconds() / whole / _LETTER
        text = stage.name if letters > len(stage.name) else str(number + 1) if letters > 1 else ""
        ax.annotate(text, ((left + right) / 2, 0), ha="center", va="center",
                    color="white" if number % 2 == 0 else INK, fontweight="bold", annotation_clip=True)  # fmt: skip
    ax.set_yticks([0], ["stage"])
    _bare(ax)


def _draw_stops(ax: Axes, stops: Sequence[Stop], lanes: Sequence[str], whole_d: float) -> None:
    """Draw a tick for each stop, in the lane of its cause, or their number where ticks would be one block."""
    for row, lane in enumerate(lanes):
        found = [stop.at for stop in stops if (stop.cause == lane if lane else stop.cause not in lanes)]
        steps = sorted({round(_number(at) / whole_d * _RESOLUTION) for at in found})
        places = [step * whole_d / _RESOLUTION for step in steps]
        ax.axhline(row, color=RULE, linewidth=0.6, zorder=0)
        if len(places) > _MOST_TICKS:
            _draw_counts(ax, row, [_number(at) for at in found])
            continue
        ax.plot(
            [x for place in places for x in (place, place, float("nan"))],
            [y for _ in places for y in (row - 0.34, row + 0.34, float("nan"))],
            color=VERMILLION, linewidth=1.3, solid_capstyle="butt",
        )  # fmt: skip
    names = [
        f"{brief(cause_name(lane), 30) if lane else 'other causes'} ({_times(stops, lane, lanes):,})" for lane in lanes
    ]
    ax.set_yticks(range(len(lanes)), names)
    ax.set_ylim(max(len(lanes), 1) - 0.5, -0.5)
    if not lanes:
        ax.annotate("nothing stops this run", (0.5, 0.5), xycoords="axes fraction", ha="center", va="center")
    _bare(ax)


def _draw_counts(ax: Axes, row: int, places: Sequence[float]) -> None:
    """Draw how many stops fell into each of equal stretches of time, from the lane's floor up."""
    counts, edges = np.histogram(places, _BINS)
    floor = row + 0.34
    tops = floor - 0.68 * counts / counts.max()
    ax.stairs(tops, edges, baseline=floor, fill=True, color=VERMILLION)


def _times(stops: Sequence[Stop], lane: str, lanes: Sequence[str]) -> int:
    return sum(1 for stop in stops if (stop.cause == lane if lane else stop.cause not in lanes))


def _draw_lost(ax: Axes, story: Story, end: datetime, most_h: float) -> None:
    """Draw the time lost so far, and below it the dates."""
    at = [story.stages[0].start, *(stop.at for stop in story.stops), story.stages[-1].end]
    reached = story.lost_h
    lost = [0.0, *accumulate(stop.lost_h for stop in story.stops), reached]
    x, lost = _thinned([_number(moment) for moment in at], lost)
    ax.step(x, lost, where="post", color=VERMILLION, linewidth=1.5)
    ax.fill_between(x, lost, step="post", color=VERMILLION, alpha=0.18, linewidth=0)
    ax.set_ylim(0, max(1.15 * most_h, 1.0))
    ax.yaxis.set_major_locator(MaxNLocator(3))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} h"))
    ax.set_ylabel("lost so far")
    ax.grid(axis="y")
    ax.xaxis.set_major_locator(mdates.AutoDateLocator(minticks=2, maxticks=5))  # type: ignore[no-untyped-call]  # of matplotlib's making
    form = _date_format((end - at[0]).days)
    ax.xaxis.set_major_formatter(mdates.DateFormatter(form))  # type: ignore[no-untyped-call]  # of matplotlib's making
    ax.set_xlabel(str(at[0].year) if at[0].year == end.year else f"{at[0].year} to {end.year}")


def _thinned(x: Sequence[float], y: Sequence[float]) -> tuple[list[float], list[float]]:
    """Return a curve with no more points than can be told apart, each the last of those that fall together."""
    if len(x) <= _RESOLUTION:
        return list(x), list(y)
    width = (x[-1] - x[0]) / _RESOLUTION
    kept = {round((place - x[0]) / width): (place, value) for place, value in zip(x, y, strict=True)}
    return [place for place, _ in kept.values()], [value for _, value in kept.values()]


def _number(moment: datetime) -> float:
    """Return a moment as matplotlib counts them: days since 1970."""
    return (moment - datetime(1970, 1, 1)) / timedelta(days=1)


def _date_format(length_d: int) -> str:
    return "%b %Y" if length_d > 300 else "%d %b" if length_d > 3 else "%d %b %H:%M"


def _bare(ax: Axes) -> None:
    """Leave only the names at the left."""
    ax.tick_params(axis="both", length=0, labelbottom=False)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)


def _alt(story: Story) -> str:
    if not story.stops:
        return f"{story.title}: {days(story.days)} without a stop."
    counts: dict[str, int] = {}
    for stop in story.stops:
        counts[stop.cause] = counts.get(stop.cause, 0) + 1
    often = max(sorted(counts), key=lambda cause: counts[cause])
    lost, plural = story.lost_h / 24 / story.days, "s" if len(story.stops) > 1 else ""
    return (
        f"{story.title}: {days(story.days)} with {count(len(story.stops))} stop{plural}, most often by "
        f"{cause_name(often)} ({counts[often]}), that cost {story.lost_h:.0f} h or {share(lost)} of the time."
    )
