"""How the outcomes of all replicas are distributed: days, or dollars."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator
from numpy.typing import NDArray

from analysis.plots.amounts import Written, distinct, is_single, share
from analysis.plots.style import BLUE, INK, SKY, VERMILLION, Amounts, Picture, canvas, drawn

_FEWEST_BINS, _MOST_BINS = 8, 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A value to hold the outcomes against, such as a published one."""

    value: float
    label: str


@drawn
def distribution(
    name: str, sample: NDArray[np.float64], *, quantity: str, written: Written, mark: Mark | None = None
) -> Picture:
    """Draw a histogram with the median and the interval that eight runs in ten fall into.

    Parameters
    ----------
    name : str
        Of the picture.
    sample : array of shape (replicas,)
        Outcomes.
    quantity : str
        Label of the axis, with its unit.
    written : Written
        Writes a value for a reader.
    mark : Mark, optional
        A value to hold them against.
    """
    figure = canvas(2.9)
    ax = figure.add_subplot()
    draw_distribution(ax, sample, written=written, mark=mark)
    ax.set_xlabel(quantity)
    return Picture(name=name, figure=figure, alt=_alt(sample, quantity, written, mark))


def draw_distribution(ax: Axes, sample: NDArray[np.float64], *, written: Written, mark: Mark | None) -> None:
    """Draw the histogram into axes that exist."""
    p10, p50, p90 = np.quantile(sample, (0.1, 0.5, 0.9)).tolist()
    if is_single(sample.tolist()):
        _draw_single(ax, p50, written)
    else:
        _draw_bars(ax, sample, p10, p90)
        _draw_quantiles(ax, (p10, p50, p90), written)
    ax.set_ylabel("share of runs")
    ax.yaxis.set_major_formatter(Amounts(share))
    ax.yaxis.set_major_locator(FixedLocator([0, 0.5, 1]) if is_single(sample.tolist()) else MaxNLocator(4))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter(Amounts(written))
    if mark is not None:
        _draw_mark(ax, mark)


def edges(sample: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the edges of the bars: Freedman and Diaconis' width, within sensible numbers of bars."""
    low, high = float(sample.min()), float(sample.max())
    q25, q75 = np.quantile(sample, (0.25, 0.75)).tolist()
    width = 2.0 * (q75 - q25) / sample.size ** (1 / 3)
    bins = _MOST_BINS if width <= 0 else round((high - low) / width)
    return np.linspace(low, high, min(max(bins, _FEWEST_BINS), _MOST_BINS) + 1)


def _draw_bars(ax: Axes, sample: NDArray[np.float64], p10: float, p90: float) -> None:
    bounds = edges(sample)
    counts, _ = np.histogram(sample, bounds)
    for left, right, height in zip(bounds[:-1], bounds[1:], counts / sample.size, strict=True):
        inside = p10 <= (left + right) / 2 <= p90
        ax.bar(
            (left + right) / 2, height, width=right - left, color=BLUE if inside else SKY,
            edgecolor="white" if inside else INK, linewidth=0.5, hatch="" if inside else "////",
        )  # fmt: skip
    ax.set_ylim(0, counts.max() / sample.size * 1.32)


def _draw_single(ax: Axes, value: float, written: Written) -> None:
    ax.axvline(value, color=BLUE, linewidth=3)
    ax.set_ylim(0, 1.32)
    ax.set_xlim(0.9 * value - 1e-9, 1.1 * value + 1e-9)
    ax.annotate(
        f"every run: {written(value)}", (value, 1.12), xytext=(8, 0), textcoords="offset points", va="center"
    )  # fmt: skip


def _draw_quantiles(ax: Axes, quantiles: tuple[float, float, float], written: Written) -> None:
    """Mark the quantiles; the median's label stands above the other two, so that they never meet."""
    top = ax.get_ylim()[1]
    places = ((0.84, "right", -4), (0.95, "center", 0), (0.84, "left", 4))
    words = [
        f"{word} {text}" for word, text in zip(("p10", "median", "p90"), distinct(quantiles, written), strict=True)
    ]
    for value, word, (height, side, shift) in zip(quantiles, words, places, strict=True):
        ax.plot([value, value], [0, top * (height - 0.04 if side == "center" else height + 0.03)], color=INK,
                linewidth=1.2, linestyle="-" if side == "center" else "--")  # fmt: skip
        ax.annotate(word, (value, top * height), xytext=(shift, 0), textcoords="offset points",
                    ha=side, va="center")  # fmt: skip


def _draw_mark(ax: Axes, mark: Mark) -> None:
    """Draw the value to compare with, or an arrow towards it where it lies far out."""
    low, high = ax.get_xlim()
    top, room = ax.get_ylim()[1], high - low
    if low - room <= mark.value <= high + room:
        ax.plot([mark.value, mark.value], [0, top * 0.62], color=VERMILLION, linewidth=1.6, linestyle=":")
        ax.set_xlim(min(low, mark.value - 0.05 * room), max(high, mark.value + 0.05 * room))
        low, high = ax.get_xlim()
        left = mark.value < (low + high) / 2
        ax.annotate(mark.label.replace(": ", ":\n"), (mark.value, top * 0.62), xytext=(5 if left else -5, 0),
                    textcoords="offset points", ha="left" if left else "right", va="top", color=VERMILLION)  # fmt: skip
        return
    right = mark.value > high
    ax.annotate(
        f"{mark.label} \N{RIGHTWARDS ARROW}" if right else f"\N{LEFTWARDS ARROW} {mark.label}",
        (0.99 if right else 0.01, 0.55), xycoords="axes fraction", ha="right" if right else "left", color=VERMILLION,
        bbox={"boxstyle": "square,pad=0.2", "facecolor": "white", "edgecolor": "none"},
    )  # fmt: skip


def _alt(sample: NDArray[np.float64], quantity: str, written: Written, mark: Mark | None) -> str:
    p10, p50, p90 = np.quantile(sample, (0.1, 0.5, 0.9)).tolist()
    beside = "" if mark is None else f" Beside it, {mark.label}."
    if is_single(sample.tolist()):
        return f"Distribution of {quantity}: every run comes to {written(p50)}.{beside}"
    low, median, high = distinct((p10, p50, p90), written)
    return (
        f"Histogram of {quantity} over {sample.size:,} simulated runs: one in ten is below {low}, the median is "
        f"{median}, one in ten is above {high}.{beside}"
    )
