"""How often to save: the time that the run takes against the interval between checkpoints."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from analysis.plots.amounts import days, share
from analysis.plots.style import BLUE, INK, SKY, VERMILLION, Amounts, Picture, canvas, drawn

_LADDER_S = (10, 30, 60, 120, 300, 600, 1200, 3600, 7200, 14400, 43200, 86400, 172800, 604800)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Expected loss by interval.

    Parameters
    ----------
    intervals_s : sequence of float
        Useful time between saves, ascending [s].
    lost : sequence of float
        Expected time lost to saves and stops, over the useful time.
    chosen_s, best_s : float
        The scenario's interval, and the one that loses least [s].
    chosen_lost, best_lost : float
        Their losses, over the useful time.
    stage : str
        Which stage of the run this is.
    """

    intervals_s: Sequence[float]
    lost: Sequence[float]
    chosen_s: float
    chosen_lost: float
    best_s: float
    best_lost: float
    stage: str


@drawn
def interval_curve(name: str, curve: Curve) -> Picture:
    """Draw the loss against the interval, with the scenario's choice and the optimum."""
    figure = canvas(2.9)
    ax = figure.add_subplot()
    ax.plot(curve.intervals_s, curve.lost, color=BLUE, linewidth=2)
    ax.set_xscale("log")
    ax.set_xlim(curve.intervals_s[0], curve.intervals_s[-1])
    ax.set_ylim(0, 1.4 * max(curve.lost))
    _point(ax, curve.best_s, curve.best_lost, "least loss", "D", SKY, 11)  # the circle lies in it where both are one
    _point(ax, curve.chosen_s, curve.chosen_lost, "this scenario", "o", VERMILLION, 6)
    ax.legend(loc="upper center", handletextpad=0.3)
    low, high = curve.intervals_s[0], curve.intervals_s[-1]
    ticks = [tick for tick in _LADDER_S if low <= tick <= high]
    ax.xaxis.set_major_locator(FixedLocator(ticks[:: -(-len(ticks) // 6)]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: interval(value)))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(Amounts(share))
    ax.set_xlabel("useful time between checkpoints, logarithmic")
    ax.set_ylabel("lost, over useful time")
    ax.grid(axis="y")
    alt = (
        f"Expected loss against the checkpoint interval of stage {curve.stage}: at {interval(curve.chosen_s)}, as in "
        f"this scenario, {share(curve.chosen_lost)} of the useful time; least at {interval(curve.best_s)} with "
        f"{share(curve.best_lost)}."
    )
    return Picture(name=name, figure=figure, alt=alt)


def interval(value_s: float) -> str:
    """Write a short time.

    Examples
    --------
    >>> interval(1777), interval(3600), interval(45), interval(172800)
    ('29.6 min', '60 min', '45 s', '2 d')
    """
    if value_s < 60:
        return f"{value_s:.3g} s"
    if value_s < 2 * 3600:
        return f"{value_s / 60:.3g} min"
    return f"{value_s / 3600:.3g} h" if value_s < 48 * 3600 else days(value_s / 86400).replace(".0 d", " d")


def _point(ax: Axes, at_s: float, lost: float, name: str, marker: str, colour: str, size: float) -> None:
    ax.plot([at_s], [lost], marker=marker, markersize=size, markerfacecolor=colour, markeredgecolor=INK,
            linestyle="none", label=f"{name}: every {interval(at_s)} loses {share(lost)}")  # fmt: skip
