"""Which input moves the answer most: a bar from each input's low to its high end, the widest on top."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from analysis.plots.amounts import Written
from analysis.plots.style import BLUE, INK, SKY, Amounts, Picture, canvas, drawn, only_bottom

MOST = 12  # bars; the others move less


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One input: what the answer is at its ends, and what the ends are."""

    name: str
    low: float
    high: float
    low_label: str
    high_label: str


@drawn
def tornado(name: str, bars: Sequence[Bar], base: float, *, axis: str, written: Written) -> Picture:
    """Draw the bars around the answer as the scenario has it.

    Parameters
    ----------
    name : str
        Of the picture.
    bars : sequence of Bar
        The widest first.
    base : float
        The answer with every input as the scenario has it.
    axis : str
        What the answer is, such as ``dollars, mean``.
    written : callable
        How an amount of it is written.
    """
    shown = bars[:MOST]
    figure = canvas(1.0 + 0.42 * len(shown))
    ax = figure.add_subplot()
    for row, bar in enumerate(shown):
        for value, colour, hatch in ((bar.low, SKY, ""), (bar.high, BLUE, "////")):
            ax.barh(row, value - base, left=base, height=0.6, color=colour, hatch=hatch, edgecolor=INK, linewidth=0.6)
        _label(ax, row, bar.low, bar.low_label, right=bar.low > bar.high)
        _label(ax, row, bar.high, bar.high_label, right=bar.high >= bar.low)
    ax.axvline(base, color=INK, linewidth=1.0)
    ends = [value for bar in shown for value in (bar.low, bar.high)] + [base]
    reach = max(max(ends) - base, base - min(ends)) or abs(base) or 1.0
    ax.set_xlim(base - 1.45 * reach, base + 1.45 * reach)
    ax.set_yticks(range(len(shown)), [bar.name for bar in shown])
    ax.invert_yaxis()
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_formatter(Amounts(written))
    ax.set_xlabel(f"{axis}; the line is the scenario, {written(base)}")
    ax.grid(axis="x")
    only_bottom(ax)
    return Picture(name=name, figure=figure, alt=_alt(shown, base, axis, written))


def _label(ax: Axes, row: int, value: float, text: str, *, right: bool) -> None:
    """Write an end beside its bar: the greater to the right, so that two ends on one side stay apart."""
    side = "left" if right else "right"
    ax.annotate(text, (value, row), xytext=(4 if side == "left" else -4, 0), textcoords="offset points",
                va="center", ha=side, fontsize=8)  # fmt: skip


def _alt(bars: Sequence[Bar], base: float, axis: str, written: Written) -> str:
    parts = "; ".join(
        f"{bar.name} {written(bar.low)} at {bar.low_label}, {written(bar.high)} at {bar.high_label}" for bar in bars
    )
    return f"Tornado of {axis}, {written(base)} as the scenario has it: {parts}."
