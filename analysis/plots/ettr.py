"""Effective training time: which share of the time so far was productive, day by day."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.ticker import MaxNLocator

from analysis.plots.amounts import share
from analysis.plots.style import BLUE, RUST, Amounts, Picture, canvas, drawn

_LINES = ((BLUE, "-"), (RUST, "--"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One run's effective time.

    Parameters
    ----------
    title : str
        Which run.
    days : sequence of float
        Since the start, ascending.
    effective : sequence of float
        Productive time until then, over the time until then.
    """

    title: str
    days: Sequence[float]
    effective: Sequence[float]


@drawn
def ettr(name: str, tracks: Sequence[Track]) -> Picture:
    """Draw the effective time of one run or several against the days."""
    figure = canvas(2.6)
    ax = figure.add_subplot()
    for track, (colour, line) in zip(tracks, _LINES * len(tracks), strict=False):
        ends = f"{track.title}: {share(track.effective[-1])} at the end"
        ax.plot(track.days, track.effective, color=colour, linestyle=line, linewidth=2, label=ends)
    lowest = min(min(track.effective[len(track.effective) // 10 :]) for track in tracks)
    ax.set_ylim(max(0.0, 1.0 - 1.8 * (1.0 - lowest)), 1.0)
    ax.set_xlim(0.0, max(track.days[-1] for track in tracks))
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(Amounts(share))
    ax.set_xlabel("days since the start")
    ax.set_ylabel("effective so far")
    ax.grid(axis="y")
    ax.legend(loc="lower right")
    told = "; ".join(f"{track.title}: {share(track.effective[-1])} at the end" for track in tracks)
    return Picture(name=name, figure=figure, alt=f"Productive time over the time so far, by days. {told}.")
