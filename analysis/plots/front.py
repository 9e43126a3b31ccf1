"""Days against dollars: what can be had, what nothing beats, and where the bounds are."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from analysis.plots.amounts import days, dollars, share
from analysis.plots.style import BLUE, GREY, INK, ON_WHITE, RUST, SKY, SOFT, Amounts, Picture, canvas, drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way to run it: days and dollars at the asked confidence."""

    days: float
    usd: float


@drawn
def plan_front(
    name: str, options: Sequence[Option], front: Sequence[Option], best: Option | None,
    *, deadline_days: float, budget_usd: float, confidence: float,
) -> Picture:  # fmt: skip
    """Draw every option, the front as steps, the choice, and the bounds that are finite.

    Parameters
    ----------
    name : str
        Of the picture.
    options, front : sequence of Option
        All, and those that nothing beats, soonest first.
    best : Option or None
        The choice.
    deadline_days, budget_usd : float
        Infinite where nothing is asked.
    confidence : float
        At which the amounts hold, 0 to 1.
    """
    figure = canvas(3.6)
    ax = figure.add_subplot()
    ax.plot([o.days for o in options], [o.usd for o in options], linestyle="none", marker="o", markersize=4,
            markerfacecolor=GREY, markeredgecolor="none", label="tried")  # fmt: skip
    ax.plot([o.days for o in front], [o.usd for o in front], drawstyle="steps-post", color=BLUE, linewidth=1.5,
            marker="o", markersize=5, label="nothing is sooner and cheaper")  # fmt: skip
    if best is not None:
        ax.plot([best.days], [best.usd], linestyle="none", marker="D", markersize=9, markerfacecolor=SKY,
                markeredgecolor=INK, label=f"choice: {days(best.days)}, {dollars(best.usd)}")  # fmt: skip
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter(Amounts(days))
    ax.yaxis.set_major_formatter(Amounts(dollars))
    ax.set_xlabel(f"days, not exceeded with {share(confidence)}")
    ax.set_ylabel(f"dollars, not exceeded with {share(confidence)}")
    ax.grid()
    _zoom(ax, options, front)
    _bounds(ax, deadline_days, budget_usd)
    figure.legend(loc="outside upper center", ncols=2)
    return Picture(name=name, figure=figure, alt=_alt(options, front, best))


def _zoom(ax: Axes, options: Sequence[Option], front: Sequence[Option]) -> None:
    """Show the front and what is near it, and say how many options lie outside."""
    low, high = front[-1].usd, front[0].usd
    top = high + max(high - low, 0.1 * high)
    ax.set_ylim(low - 0.1 * (top - low), top)
    outside = sum(option.usd > top for option in options)
    if outside:
        ax.annotate(f"{outside} dearer options are above", (0.99, 0.97), xycoords="axes fraction", ha="right", va="top",
                    fontsize=8, color=SOFT, bbox=ON_WHITE)  # fmt: skip


def _bounds(ax: Axes, deadline_days: float, budget_usd: float) -> None:
    """Draw the bounds; the legend says of a budget beyond the axis where it lies, which is not widened for it."""
    if deadline_days < inf:
        ax.axvline(deadline_days, color=RUST, linestyle="--", linewidth=1.2, label=f"deadline {days(deadline_days)}")
    if budget_usd < inf:
        low, high = ax.get_ylim()
        beyond = ", above the picture" if budget_usd > high else ", below the picture" if budget_usd < low else ""
        ax.axhline(budget_usd, color=RUST, linestyle=":", linewidth=1.5, label=f"budget {dollars(budget_usd)}{beyond}")
        ax.set_ylim(low, high)


def _alt(options: Sequence[Option], front: Sequence[Option], best: Option | None) -> str:
    ends = (
        f"from {days(front[0].days)} for {dollars(front[0].usd)} to {days(front[-1].days)} for {dollars(front[-1].usd)}"
    )
    choice = (
        "no option meets the bounds" if best is None else f"the choice is {days(best.days)} for {dollars(best.usd)}"
    )
    return f"{len(options)} options by days and dollars; what nothing beats goes {ends}; {choice}."
