"""What a sweep came to, drawn by its shape: lines over one input, a heat map over two, small multiples over three.

A grid of one input becomes a line with its band from p10 to p90; two inputs become a heat map, or a family of lines
where one of them has no more than three values; a third input of up to six values repeats that picture. Points that
fill no grid (samples) become dots, a panel for each input.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator, NullLocator

from analysis.plots.amounts import Written, distinct
from analysis.plots.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    WIDTH_IN,
    Amounts,
    Picture,
    canvas,
    drawn,
)  # fmt: skip

FEW = 3  # values of an input up to which it becomes a family of lines
MOST_PANELS = 6
MOST_CELLS = 8  # in a row of a heat map, with a number in each
_NUMBER = re.compile(r"\$?\s*([-+]?[\d.]+(?:e[-+]?\d+)?)\s*(.*)")
_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, INK)
_MARKS = "os^Dvx"


class UndrawableError(ValueError):
    """A sweep of a shape that no picture fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One run of a sweep: what was varied, as a person writes it, and the figure with its band."""

    values: Sequence[str]
    middle: float
    low: float
    high: float


@drawn
def swept(name: str, inputs: Sequence[str], spots: Sequence[Spot], *, what: str, written: Written) -> Picture:
    """Draw a sweep.

    Parameters
    ----------
    name : str
        Of the picture.
    inputs : sequence of str
        What was varied, in the order of every spot's values.
    spots : sequence of Spot
        In any order.
    what : str
        The figure, such as ``dollars, p50``.
    written : callable
        How an amount of it is written.

    Raises
    ------
    UndrawableError
        If nothing was varied, or too much for a picture.
    """
    if not inputs or not spots:
        raise UndrawableError("nothing was varied: there is no picture of one run")
    levels = [ordered({spot.values[at] for spot in spots}) for at in range(len(inputs))]
    alt = _alt(inputs, spots, what, written)
    size = 1
    for level in levels:
        size *= len(level)
    if size != len(spots) or (len(inputs) > 1 and min(len(level) for level in levels) * 2 > len(spots)):
        return Picture(name=name, figure=_dots(inputs, spots, levels, what, written), alt=alt)
    order = sorted(range(len(inputs)), key=lambda at: -len(levels[at]))
    if len(order) > 3 or (len(order) == 3 and len(levels[order[2]]) > MOST_PANELS):
        raise UndrawableError(f"{len(inputs)} inputs on a grid are too many for a picture; vary three at most, the "
                              f"third over no more than {MOST_PANELS} values")  # fmt: skip
    return Picture(name=name, figure=_grid(inputs, spots, levels, order, what, written), alt=alt)


def ordered(values: set[str]) -> Sequence[str]:
    """Return values by their numbers where all have one in the same unit, and by their letters where not.

    Examples
    --------
    >>> ordered({"60 min", "120 min", "15 min"}), ordered({"rsc-2", "rsc-1"})
    (['15 min', '60 min', '120 min'], ['rsc-1', 'rsc-2'])
    """
    numbers = _numbers(sorted(values))
    return (
        sorted(values) if numbers is None else [text for _, text in sorted(zip(numbers, sorted(values), strict=True))]
    )


def _numbers(values: Sequence[str]) -> Sequence[float] | None:
    """Return the numbers in front of a common unit; None where there is none."""
    matches = [_NUMBER.fullmatch(value) for value in values]
    found = [match for match in matches if match is not None]
    if len(found) < len(values) or len({match[2] for match in found}) > 1:
        return None
    try:
        return [float(match[1]) for match in found]
    except ValueError:
        return None


def _grid(
    inputs: Sequence[str], spots: Sequence[Spot], levels: Sequence[Sequence[str]], order: Sequence[int], what: str,
    written: Written,
) -> Figure:  # fmt: skip
    """Draw one panel, or one for each value of the third input; all on the same scale."""
    panels = levels[order[2]] if len(order) == 3 else [""]
    across = 1 if len(panels) == 1 else 2 if len(panels) < 5 else 3
    down = ceil(len(panels) / across)
    map_it = len(order) > 1 and len(levels[order[1]]) > FEW
    figure = canvas((3.4 if across == 1 else 2.6) * down, width_in=WIDTH_IN * (1.0 if across == 1 else 1.7))
    shown = figure.subplots(down, across, squeeze=False)
    ends = (min(spot.middle for spot in spots), max(spot.middle for spot in spots))
    for ax in shown.flat[len(panels) :]:
        ax.set_visible(False)
    for ax, panel in zip(shown.flat, panels, strict=False):
        here = [spot for spot in spots if not panel or spot.values[order[2]] == panel]
        if panel:
            ax.set_title(f"{_last(inputs[order[2]])} {panel}", fontsize=9.5)
        if map_it:
            image = _map(ax, inputs, here, levels, order[:2], ends, written)
        else:
            _lines(ax, inputs, here, levels, order[:2], what, written)
    if map_it:
        bar = figure.colorbar(image, ax=shown, label=what)
        bar.ax.yaxis.set_major_locator(MaxNLocator(5))
        bar.ax.yaxis.set_major_formatter(Amounts(written))
    return figure


def _lines(
    ax: Axes, inputs: Sequence[str], spots: Sequence[Spot], levels: Sequence[Sequence[str]], order: Sequence[int],
    what: str, written: Written,
) -> None:  # fmt: skip
    """Draw a line with its band over the first input, for each value of the second."""
    names = levels[order[1]] if len(order) > 1 else [""]
    at, positions = order[0], _positions(ax, levels[order[0]])
    for number, line in enumerate(names):
        here = {spot.values[at]: spot for spot in spots if not line or spot.values[order[1]] == line}
        row = [here[level] for level in levels[at]]
        colour = _COLOURS[number % len(_COLOURS)]
        low, high = [s.low for s in row], [s.high for s in row]
        ax.fill_between(positions, low, high, color=colour, alpha=0.18, linewidth=0)
        if line:  # where bands overlap, and on grey paper, their edges tell them apart
            dashes = (0, (2 + 2 * number, 2))
            ax.plot(positions, np.array([low, high]).T, color=colour, linewidth=0.8, linestyle=dashes)
        label = f"{_last(inputs[order[1]])} {line}" if line else "median; band p10 to p90"
        ax.plot(positions, [s.middle for s in row], color=colour, marker=_MARKS[number % len(_MARKS)], markersize=4,
                label=label)  # fmt: skip
    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.yaxis.set_major_formatter(Amounts(written))
    ax.set_xlabel(inputs[at])
    ax.set_ylabel(what)
    ax.grid(axis="y")
    if names[0] and not ax.get_title():  # of a panel, it stands above
        ax.legend(fontsize=8, title_fontsize=8, title="median; band p10 to p90", loc="lower left",
                  bbox_to_anchor=(0, 1.0), ncols=len(names), alignment="left")  # fmt: skip
    else:
        ax.legend(fontsize=8, title_fontsize=8, title="median; band p10 to p90" if names[0] else None)


def _positions(ax: Axes, levels: Sequence[str]) -> Sequence[float]:
    """Return where values stand: by their number, on a logarithmic scale where they spread widely, or side by side."""
    numbers = _numbers(levels)
    places: Sequence[float] = range(len(levels)) if numbers is None else numbers
    if numbers is not None and min(numbers) > 0 and max(numbers) / min(numbers) >= 8:
        ax.set_xscale("log")
        ax.xaxis.set_minor_locator(NullLocator())
    step = ceil(len(levels) / 8)
    ax.set_xticks(list(places)[::step], list(levels)[::step])
    if numbers is None and max(map(len, levels)) * len(levels) > 48:
        ax.tick_params(axis="x", labelrotation=20)
    return places


def _map(
    ax: Axes, inputs: Sequence[str], spots: Sequence[Spot], levels: Sequence[Sequence[str]], order: Sequence[int],
    ends: tuple[float, float], written: Written,
) -> AxesImage:  # fmt: skip
    """Draw a cell for each pair of values, light where the figure is small, with its amount where there is room."""
    across, down = levels[order[0]], levels[order[1]]
    table = np.empty((len(down), len(across)))
    for spot in spots:
        table[down.index(spot.values[order[1]]), across.index(spot.values[order[0]])] = spot.middle
    image = ax.imshow(table, cmap="cividis_r", vmin=ends[0], vmax=ends[1], aspect="auto", origin="lower")
    step = ceil(len(across) / 8)
    ax.set_xticks(range(0, len(across), step), list(across)[::step])
    ax.set_yticks(range(len(down)), list(down))
    ax.set_xlabel(inputs[order[0]])
    ax.set_ylabel(inputs[order[1]])
    if len(across) <= MOST_CELLS:
        middle = sum(ends) / 2
        texts = iter(distinct(table.ravel().tolist(), written))
        for (row, column), value in np.ndenumerate(table):
            ax.text(column, row, next(texts), ha="center", va="center", fontsize=8,
                    color="white" if value > middle else INK)  # fmt: skip
    return image


def _dots(
    inputs: Sequence[str], spots: Sequence[Spot], levels: Sequence[Sequence[str]], what: str, written: Written
) -> Figure:
    """Draw the figure over each input on its own."""
    across = min(len(inputs), 3)
    down = ceil(len(inputs) / across)
    figure = canvas(2.6 * down, width_in=WIDTH_IN * (1.0 if across == 1 else 1.7))
    shown = figure.subplots(down, across, squeeze=False, sharey=True)
    for ax in shown.flat[len(inputs) :]:
        ax.set_visible(False)
    for at, (ax, name) in enumerate(zip(shown.flat, inputs, strict=False)):
        numbers = _numbers(levels[at])
        place = dict(zip(levels[at], numbers or range(len(levels[at])), strict=True))
        ax.vlines([place[s.values[at]] for s in spots], [s.low for s in spots], [s.high for s in spots], color=SKY)
        ax.plot([place[s.values[at]] for s in spots], [s.middle for s in spots], linestyle="none", marker="o",
                markersize=4, color=BLUE)  # fmt: skip
        if numbers is None:
            ax.set_xticks(range(len(levels[at])), list(levels[at]))
        else:
            ax.xaxis.set_major_locator(MaxNLocator(4))
        ax.yaxis.set_major_locator(MaxNLocator(5))
        ax.yaxis.set_major_formatter(Amounts(written))
        ax.set_xlabel(f"{_last(name)}{_unit(levels[at][0]) if numbers is not None else ''}")
        ax.grid(axis="y")
    shown[0][0].set_ylabel(what)
    return figure


def _unit(value: str) -> str:
    """Return what stands around a value's number, in brackets.

    Examples
    --------
    >>> _unit("60 min"), _unit("$3.93/h"), _unit("0.4")
    (' [min]', ' [$/h]', '')
    """
    found = _NUMBER.fullmatch(value)
    around = f"{'$' * value.startswith('$')}{found[2]}" if found else ""
    return f" [{around}]" if around else ""


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _alt(inputs: Sequence[str], spots: Sequence[Spot], what: str, written: Written) -> str:
    least, most = min(spots, key=lambda spot: spot.middle), max(spots, key=lambda spot: spot.middle)

    def said(spot: Spot) -> str:
        where = ", ".join(f"{_last(name)} {value}" for name, value in zip(inputs, spot.values, strict=True))
        return f"{written(spot.middle)} at {where}"

    return f"{what} of {len(spots)} runs over {', '.join(inputs)}: from {said(least)} to {said(most)}."
