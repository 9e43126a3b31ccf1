"""The picture of what flopcast does: the question, the distribution of answers, and where the hours went."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from analysis.plots.amounts import days, dollars, hours
from analysis.plots.distribution import Mark, draw_distribution
from analysis.plots.names import phase_name
from analysis.plots.style import SOFT, Amounts, Picture, canvas, drawn, fill, only_bottom
from analysis.plots.waterfall import Step

_WIDTH_IN, _HEIGHT_IN = 9.2, 3.7
_MOST_ROWS = 6


@drawn
def overview(
    name: str, *, question: str, answer: str, wall_days: NDArray[np.float64], steps: Sequence[Step], mark: Mark | None
) -> Picture:
    """Draw a forecast on one wide picture.

    Parameters
    ----------
    name : str
        Of the picture.
    question, answer : str
        A line each: what was asked, and the answer with its interval.
    wall_days : array of shape (replicas,)
        Length of every run [d].
    steps : sequence of Step
        Hours and dollars by phase; the productive one is left out of the bars.
    mark : Mark, optional
        What was published.
    """
    figure = canvas(_HEIGHT_IN, width_in=_WIDTH_IN)
    grid = figure.add_gridspec(2, 2, height_ratios=[0.24, 1.0], width_ratios=[1.0, 1.05], wspace=0.06)
    head = figure.add_subplot(grid[0, :])
    head.axis("off")
    head.text(0.0, 0.95, question, transform=head.transAxes, color=SOFT, va="top", fontsize=11, in_layout=False)
    head.text(0.0, 0.4, answer, transform=head.transAxes, va="top", fontsize=12, fontweight="bold", in_layout=False)
    left, right = figure.add_subplot(grid[1, 0]), figure.add_subplot(grid[1, 1])
    draw_distribution(left, wall_days, written=days, mark=mark)
    left.set_xlabel("days from start to end")
    losses = [step for step in steps if step.phase != "productive"]
    _draw_losses(right, sorted(losses, key=lambda step: -step.accelerator_hours)[:_MOST_ROWS])
    return Picture(name=name, figure=figure, alt=f"{question} {answer}")


def _draw_losses(ax: Axes, steps: Sequence[Step]) -> None:
    for row, step in enumerate(steps):
        ax.barh(row, step.accelerator_hours, height=0.62, **fill(step.phase))
        ax.annotate(f"{hours(step.accelerator_hours)}, {dollars(step.usd)}", (step.accelerator_hours, row),
                    xytext=(5, 0), textcoords="offset points", va="center")  # fmt: skip
    ax.set_yticks(range(len(steps)), [phase_name(step.phase) for step in steps])
    ax.invert_yaxis()
    ax.set_xlim(0, 1.55 * max(step.accelerator_hours for step in steps))
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_formatter(Amounts(hours))
    ax.set_xlabel("accelerator-hours that are not training")
    only_bottom(ax)
