"""What a budget buys: the loss of every size that it can train, the best one, and half and twice the budget."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from analysis.plots.style import BLUE, INK, RUST, SOFT, Picture, canvas, drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """One budget: its name, and the loss of each size; the first size is the smallest."""

    name: str
    parameters: Sequence[float]
    loss: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A model worth marking."""

    name: str
    parameters: float
    loss: float


_DASHES = (":", "-", "--")
_FAR = 100.0


@drawn
def isoflop(
    name: str, spends: Sequence[Spend], low: Spend, high: Spend, points: Sequence[Point], *, target: float | None = None
) -> Picture:
    """Draw loss over size for some budgets, and where eight draws in ten lie for the middle one.

    Parameters
    ----------
    name : str
        Of the picture.
    spends : sequence of Spend
        Three budgets, the one asked for in the middle.
    low, high : Spend
        The budget asked for when it buys little (p10 of the compute) and when it buys much (p90), on the same sizes.
    points : sequence of Point
        The best size, and the one with serving in mind.
    target : float or None
        A loss to reach.
    """
    figure = canvas(3.7)
    ax = figure.add_subplot()
    if low.loss != high.loss:
        ax.fill_between(
        low.parameters, _reached(low), _reached(high), color=BLUE, alpha=0.15, linewidth=0,
        label="compute of eight draws in ten",
    )  # fmt: skip
    for spend, dash in zip(spends, _DASHES, strict=True):
        colour, width = (BLUE, 1.8) if dash == "-" else (SOFT, 1.2)
        ax.plot(spend.parameters, spend.loss, dash, color=colour, linewidth=width, label=spend.name)
    for at, point in enumerate(points):
        label = f"{point.name}: {_size(point.parameters)}"
        ax.plot([point.parameters], [point.loss], "oD"[at], color=INK, markersize=6, linestyle="none", label=label)
    if target is not None:
        ax.axhline(target, color=RUST, linewidth=1.0, linestyle="-.", label=f"target {target:g}")
    _axes(ax, spends)
    figure.legend(loc="outside upper center", ncols=2)
    return Picture(name=name, figure=figure, alt=_alt(spends[1], points))


def _reached(spend: Spend) -> list[float]:
    """Return the losses, far above the picture where a size leaves nothing for its training."""
    return [_FAR if math.isnan(loss) else loss for loss in spend.loss]


def _axes(ax: Axes, spends: Sequence[Spend]) -> None:
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(10, subs=(1.0, 3.0)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _size(value)))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.set_xlim(spends[1].parameters[0], spends[1].parameters[-1])
    best = [min(_reached(spend)) for spend in spends]
    ax.set_ylim(min(best) - 0.25 * (max(best) - min(best)), max(best) + 1.2 * (max(best) - min(best)))
    ax.set_xlabel("parameters")
    ax.set_ylabel("loss [nat per token]")
    ax.grid(axis="y")


def _size(parameters: float) -> str:
    """Write a size as people say it.

    Examples
    --------
    >>> _size(7.03e9), _size(3e8), _size(1.2e12)
    ('7B', '300M', '1.2T')
    """
    for unit, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if parameters >= unit:
            return f"{parameters / unit:.2g}{letter}" if parameters < 100 * unit else f"{parameters / unit:.0f}{letter}"
    return f"{parameters:.3g}"


def _alt(spend: Spend, points: Sequence[Point]) -> str:
    marked = "; ".join(f"{point.name} {_size(point.parameters)} at a loss of {point.loss:.3f}" for point in points)
    return f"Loss over model size for {spend.name}: {marked}."
