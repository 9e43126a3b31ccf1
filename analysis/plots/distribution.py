"""How the outcomes of all replicas are distributed: days, or dollars."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator
from numpy.typing import NDArray

from analysis.plots.amounts import Written, distinct, is_single, share
from analysis.plots.style import BLUE, INK, ON_WHITE, RUST, SKY, VERMILLION, Amounts, Picture, canvas, drawn

_FEWEST_BINS, _MOST_BINS = 8, 36
_LETTER: Final = 0.017  # width of a letter over that of the axes


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
    single = is_single(sample.tolist())
    highest = _draw_single(ax, p50, written) if single else _draw_bars(ax, sample, p10, p90)
    if mark is not None:
        _draw_mark(ax, mark, highest)
    if not single:
        _draw_quantiles(ax, (p10, p50, p90), written, highest)
    ax.set_ylim(0, highest * (1.26 if mark is None else 1.4))
    ax.set_ylabel("share of runs")
    ax.yaxis.set_major_formatter(Amounts(share))
    ax.yaxis.set_major_locator(FixedLocator([0, 0.5, 1]) if single else MaxNLocator(4))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter(Amounts(written))


def edges(sample: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the edges of the bars: Freedman and Diaconis' width, within sensible numbers of bars."""
    low, high = float(sample.min()), float(sample.max())
    q25, q75 = np.quantile(sample, (0.25, 0.75)).tolist()
    width = 2.0 * (q75 - q25) / sample.size ** (1 / 3)
    bins = _MOST_BINS if width <= 0 else round((high - low) / width)
    return np.linspace(low, high, min(max(bins, _FEWEST_BINS), _MOST_BINS) + 1)


def _draw_bars(ax: Axes, sample: NDArray[np.float64], p10: float, p90: float) -> float:
    """Draw the bars, those outside the interval hatched, and return the highest."""
    bounds = edges(sample)
    counts, _ = np.histogram(sample, bounds)
    for left, right, height in zip(bounds[:-1], bounds[1:], counts / sample.size, strict=True):
        inside = p10 <= (left + right) / 2 <= p90
        ax.bar(
            (left + right) / 2, height, width=right - left, color=BLUE if inside else SKY,
            edgecolor="white" if inside else INK, linewidth=0.5, hatch="" if inside else "////",
        )  # fmt: skip
    return float(counts.max()) / sample.size


def _draw_single(ax: Axes, value: float, written: Written) -> float:
    ax.plot([value, value], [0, 1], color=BLUE, linewidth=3)
    ax.set_xlim(0.9 * value - 1e-9, 1.1 * value + 1e-9)
    ax.annotate(f"every run: {written(value)}", (value, 0.9), xytext=(8, 0), textcoords="offset points", va="center")
    return 1.0


def _draw_quantiles(ax: Axes, quantiles: tuple[float, float, float], written: Written, highest: float) -> None:
    """Mark the quantiles; the median's label stands above the other two, so that they never meet."""
    places = ((1.08, "right", -4), (1.19, "center", 0), (1.08, "left", 4))
    words = [
        f"{word} {text}" for word, text in zip(("p10", "median", "p90"), distinct(quantiles, written), strict=True)
    ]
    for value, word, (height, side, shift) in zip(quantiles, words, places, strict=True):
        middle = side == "center"
        ax.plot([value, value], [0, highest * (height - 0.05 if middle else height + 0.04)], color=INK, linewidth=1.2,
                linestyle="-" if middle else "--")  # fmt: skip
        ax.annotate(word, (value, highest * height), xytext=(shift, 0), textcoords="offset points", ha=side,
                    va="center", bbox=ON_WHITE)  # fmt: skip
    _make_room(ax, quantiles[0], quantiles[2], len(words[0]), len(words[2]))


def _make_room(ax: Axes, p10: float, p90: float, letters_left: int, letters_right: int) -> None:
    """Widen the axis where the labels left of `p10` and right of `p90` would leave it, as with few runs."""
    low, high = ax.get_xlim()
    left, right = (_LETTER * (letters + 1.3) for letters in (letters_left, letters_right))
    both = (p90 - p10) / (1.0 - left - right)  # the width at which each label just fits on its side
    low = min(low, (p10 - left * high) / (1.0 - left), p10 - left * both)
    ax.set_xlim(low, max(high, (p90 - right * low) / (1.0 - right)))


def _draw_mark(ax: Axes, mark: Mark, highest: float) -> None:
    """Draw the value to compare with, its label above all others; only an arrow towards it where it lies far out."""
    low, high = ax.get_xlim()
    room = high - low
    if low - room <= mark.value <= high + room:
        ax.plot([mark.value, mark.value], [0, highest * 1.27], color=VERMILLION, linewidth=1.6, linestyle=":")
        ax.set_xlim(min(low, mark.value - 0.05 * room), max(high, mark.value + 0.05 * room))
        left = mark.value < sum(ax.get_xlim()) / 2
        ax.annotate(mark.label, (mark.value, highest * 1.33), xytext=(-3 if left else 3, 0),
                    textcoords="offset points", ha="left" if left else "right", va="center", color=RUST)  # fmt: skip
        return
    right = mark.value > high
    arrow = "\N{RIGHTWARDS ARROW}" if right else "\N{LEFTWARDS ARROW}"
    ax.annotate(f"{mark.label} {arrow}" if right else f"{arrow} {mark.label}", (high if right else low, highest * 1.33),
                ha="right" if right else "left", va="center", color=RUST)  # fmt: skip


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
