"""From productive training to the bill: how each phase adds hours and dollars."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from analysis.plots.amounts import distinct, dollars, hours
from analysis.plots.names import phase_name
from analysis.plots.style import INK, SOFT, Amounts, Picture, canvas, drawn, fill, only_bottom

_CUT_BELOW = 0.35  # losses that are a smaller share of the total are shown on an axis that does not begin at zero


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Accelerator-hours and dollars of one phase."""

    phase: str
    accelerator_hours: float
    usd: float


@drawn
def waterfall(name: str, steps: Sequence[Step]) -> Picture:
    """Draw the phases one after the other, the first from zero, and their total.

    Parameters
    ----------
    name : str
        Of the picture.
    steps : sequence of Step
        Productive training first.
    """
    figure = canvas(1.25 + 0.3 * (len(steps) + 1))
    ax = figure.add_subplot()
    total = Step(
        phase="total",
        accelerator_hours=sum(step.accelerator_hours for step in steps),
        usd=sum(step.usd for step in steps),
    )
    left = _left(steps[0].accelerator_hours, total.accelerator_hours)
    reached, rows = 0.0, []
    for row, step in enumerate(steps):
        _draw(ax, row, step, reached, left, total.accelerator_hours)
        reached += step.accelerator_hours
        rows.append(phase_name(step.phase))
    _draw(ax, len(steps), total, 0.0, left, total.accelerator_hours)
    _finish(ax, [*rows, "total"], left, total.accelerator_hours)
    return Picture(name=name, figure=figure, alt=_alt(steps, total))


def _left(productive: float, total: float) -> float:
    """Return where the axis begins [h]: at zero, or near the productive hours where the rest would be too thin."""
    lost = total - productive
    if lost <= 0 or lost >= _CUT_BELOW * total:
        return 0.0
    return max(productive - 0.45 * lost, 0.0)


def _draw(ax: Axes, row: int, step: Step, start: float, left: float, most: float) -> None:
    """Draw one bar, and beside it what it is."""
    begin, end = max(start, left), start + step.accelerator_hours
    look = {"facecolor": "#444444", "edgecolor": INK} if step.phase == "total" else fill(step.phase)
    ax.barh(row, end - begin, left=begin, height=0.62, **look)
    if start < left:
        _draw_break(ax, row, left + 0.06 * (most - left))
    ax.annotate(_amounts(step), (end, row), xytext=(4, 0),
                textcoords="offset points", va="center")  # fmt: skip


def _amounts(step: Step) -> str:
    """Write hours and dollars; dollars alone where no machine is held for them, as taxes."""
    return ", ".join([*([hours(step.accelerator_hours)] if step.accelerator_hours else []), dollars(step.usd)])


def _draw_break(ax: Axes, row: int, at: float) -> None:
    """Show that a bar begins further left than the axis does."""
    ax.annotate("//", (at, row), ha="center", va="center", color="white", fontweight="bold", fontsize=12)


def _finish(ax: Axes, rows: Sequence[str], left: float, most: float) -> None:
    ax.set_yticks(range(len(rows)), rows)
    ax.invert_yaxis()
    ax.set_xlim(left, left + 1.55 * (most - left))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter(Amounts(hours))
    cut = ""
    if left:
        begin = distinct([left, *(tick for tick in ax.get_xticks() if tick > left)], hours)[0]  # finer than the ticks
        cut = f"; the axis begins at {begin}"
    ax.set_xlabel(f"accelerator-hours{cut}", color=INK if not left else SOFT)
    only_bottom(ax)


def _alt(steps: Sequence[Step], total: Step) -> str:
    parts = "; ".join(f"{phase_name(step.phase)} {_amounts(step)}" for step in steps)
    return f"Waterfall of accelerator-hours and dollars: {parts}; total {_amounts(total)}."
