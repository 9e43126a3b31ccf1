"""How long attempts live: the share that still runs, against what a constant rate would leave."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import MaxNLocator

from analysis.plots.amounts import share
from analysis.plots.style import BLUE, RUST, Amounts, Picture, canvas, drawn

STEPS = 1000  # that are drawn: more are finer than a pixel, and make a report megabytes long


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """Attempts and how they ended.

    Parameters
    ----------
    hours : sequence of float
        From when work began to the stop, or to the end of the run [h].
    stopped : sequence of bool
        Whether a stop ended it; the others ended with the run.
    """

    hours: Sequence[float]
    stopped: Sequence[bool]

    @property
    def mean_h(self) -> float:
        """Hours at work for each stop."""
        return sum(self.hours) / sum(self.stopped)


def kaplan_meier(lives: Lives) -> tuple[Sequence[float], Sequence[float]]:
    """Return hours, and which share of attempts outlives them; those that ended with the run count until then.

    Examples
    --------
    >>> kaplan_meier(Lives(hours=[1.0, 2.0, 3.0, 4.0], stopped=[True, False, True, True]))
    ([0.0, 1.0, 3.0, 4.0], [1.0, 0.75, 0.375, 0.0])
    """
    order = sorted(zip(lives.hours, lives.stopped, strict=True), key=lambda life: (life[0], not life[1]))
    hours, left, at_risk = [0.0], [1.0], len(order)
    for length_h, stopped in order:
        if stopped:
            hours.append(length_h)
            left.append(left[-1] * (at_risk - 1) / at_risk)
        at_risk -= 1
    return hours, left


@drawn
def survival(name: str, lives: Lives) -> Picture:
    """Draw the survival of attempts beside the exponential of the same mean."""
    figure = canvas(2.6)
    ax = figure.add_subplot()
    hours, left = kaplan_meier(lives)
    longest = max(lives.hours)
    grid = np.linspace(0.0, longest, 200)
    kept = np.unique(np.linspace(0, len(hours) - 1, STEPS).astype(int)) if len(hours) > STEPS else range(len(hours))
    ax.step([*(hours[at] for at in kept), longest], [*(left[at] for at in kept), left[-1]], where="post", color=BLUE,
            linewidth=2, label="attempts of these runs")  # fmt: skip
    ax.plot(grid, np.exp(-grid / lives.mean_h), color=RUST, linestyle="--", linewidth=1.5,
            label=f"constant rate, a stop every {lives.mean_h:.3g} h at work")  # fmt: skip
    ax.set_xlim(0.0, longest)
    ax.set_ylim(0.0, 1.0)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(Amounts(share))
    ax.set_xlabel("hours at work")
    ax.set_ylabel("attempts that still run")
    ax.grid(axis="y")
    ax.legend(loc="upper right")
    half_h = next((length_h for length_h, share_left in zip(hours, left, strict=True) if share_left <= 0.5), longest)
    alt = (
        f"Survival of {len(lives.hours):,} attempts: half of them are stopped within {half_h:.3g} h of work; a stop "
        f"every {lives.mean_h:.3g} h on the mean."
    )
    return Picture(name=name, figure=figure, alt=alt)
