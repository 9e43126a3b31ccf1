"""How every picture of flopcast looks, and how it becomes text or pixels.

Colours are those of Okabe and Ito, which colour-blind readers can tell apart; each phase also has its own hatch, so
that a black-and-white print says the same. Letters are drawn as paths of one bundled font, identifiers come from a
fixed salt and no date is written: equal input gives equal bytes.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from html import escape
from types import MappingProxyType
from typing import Any, Final, ParamSpec

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter

from analysis.plots.amounts import Written, distinct

WIDTH_IN: Final = 5.4  # half a page at 1280 pixels, a whole one on a telephone
INK: Final = "#222222"
SOFT: Final = "#666666"
RULE: Final = "#d0d0d0"

BLUE: Final = "#0072B2"
SKY: Final = "#9ACDEE"
GREEN: Final = "#009E73"
VERMILLION: Final = "#D55E00"
RUST: Final = "#A84600"  # vermillion that is dark enough for letters
ORANGE: Final = "#E69F00"
PURPLE: Final = "#CC79A7"
YELLOW: Final = "#F0E442"
GREY: Final = "#BBBBBB"

ON_WHITE: Final = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"}  # letters over lines

PHASE_FILLS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {  # colour, hatch
        "productive": (BLUE, ""),
        "checkpoint_save": (SKY, "||||"),
        "wasted_progress": (VERMILLION, "////"),
        "sdc_rollback": (VERMILLION, "xxxx"),
        "sdc_check": (SKY, "////"),
        "straggler_slowdown": (ORANGE, "----"),
        "planned_maintenance": (PURPLE, "||||"),
        "detection_latency": (YELLOW, ""),
        "spare_wait": (PURPLE, "++++"),
        "infrastructure_recovery": (PURPLE, "\\\\\\\\"),
        "elastic_slice_down": (GREEN, "////"),
        "elastic_scale_up": (GREEN, "\\\\\\\\"),
        "elastic_degraded": (YELLOW, "||||"),
        "accelerator_initialization": (ORANGE, "xxxx"),
        "checkpoint_restore": (GREEN, "||||"),
        "program_startup": (GREEN, "----"),
        "idle_spare": (GREY, "\\\\\\\\"),
        "other": ("#FFFFFF", "////"),
    }
)

_RC: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "font.family": "DejaVu Sans",
        "font.size": 9.5,
        "axes.labelsize": 9.5,
        "xtick.labelsize": 9,
        "ytick.labelsize": 9,
        "legend.fontsize": 9,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": SOFT,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.unicode_minus": False,
        "hatch.linewidth": 0.7,
        "grid.color": RULE,
        "grid.linewidth": 0.6,
        "legend.facecolor": "white",  # lines of the grid do not cross its words
        "legend.edgecolor": "none",
        "legend.fancybox": False,
        "legend.framealpha": 0.85,
        "figure.facecolor": "white",
        "svg.fonttype": "path",
        "svg.hashsalt": "flopcast",
        "svg.image_inline": True,
        "path.simplify": False,
    }
)

_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_HEAD = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_OPENING = re.compile(r"<svg\b[^>]*?>", re.DOTALL)


P = ParamSpec("P")


def look() -> AbstractContextManager[None]:
    """Draw in our look, whatever the user's own matplotlib settings are."""
    return matplotlib.style.context(["default", dict(_RC)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One figure, drawn but not yet written.

    Parameters
    ----------
    name : str
        Short and unique on a page, such as ``days``; prefixes all identifiers.
    figure : Figure
        What was drawn.
    alt : str
        What a reader who cannot see it should know, in a sentence or two.
    """

    name: str
    figure: Figure
    alt: str

    def svg(self) -> str:
        """Return a file's worth of SVG: letters as paths, byte-identical for equal input."""
        buffer = io.StringIO()
        with look():
            self.figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
        return _own_ids(_HEAD.sub("", _METADATA.sub("", buffer.getvalue())), self.name, self.alt)

    def inline(self) -> str:
        """Return the picture for a page, scaled to its place, with the text for those who cannot see it."""
        text = self.svg().replace("xlink:href", "href")
        text = re.sub(r'\s+xmlns(:xlink)?="[^"]*"', "", text)
        return re.sub(r'(<svg\b[^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg\b[^>]*?) height="[^"]*"', r"\1", text))

    def png(self, dots_per_inch: float = 200.0) -> bytes:
        """Return the picture as pixels."""
        buffer = io.BytesIO()
        with look():
            self.figure.savefig(buffer, format="png", dpi=dots_per_inch, metadata={"Software": None})
        return buffer.getvalue()


def drawn(draw: Callable[P, Picture]) -> Callable[P, Picture]:
    """Let a function draw in our look, and settle where everything stands."""

    @wraps(draw)
    def wrapped(*args: P.args, **named: P.kwargs) -> Picture:
        with look():
            picture = draw(*args, **named)
            _settle(picture.figure)
        return picture

    return wrapped


def _settle(figure: Figure) -> None:
    """Lay the figure out once and for all.

    The solver's last bits differ from call to call, and laying out again at each writing would move things: so its
    answer is rounded and kept.
    """
    layout = figure.get_layout_engine()
    assert layout is not None
    layout.execute(figure)
    figure.set_layout_engine(None)  # "none" would leave a placeholder, for which each writing draws twice
    for ax in figure.axes:
        left, bottom, width, height = (round(float(side), 4) for side in ax.get_position().bounds)
        ax.set_position((left, bottom, width, height))


def canvas(height_in: float, *, width_in: float = WIDTH_IN) -> Figure:
    """Return an empty figure, half a page wide unless said otherwise."""
    return Figure(figsize=(width_in, height_in), dpi=72, layout="constrained")  # measured as SVG is


def fill(phase: str) -> dict[str, Any]:
    """Return colour, hatch and edge of a phase, as matplotlib's patches take them."""
    colour, hatch = PHASE_FILLS.get(phase, (GREY, ""))
    return {"facecolor": colour, "hatch": hatch, "edgecolor": INK, "linewidth": 0.6}


class Amounts(Formatter):
    """Writes the numbers of an axis as amounts, with as many digits as tell neighbours apart."""

    def __init__(self, written: Written) -> None:
        self._written = written

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002 - the signature is matplotlib's
        """Write one number."""
        return self._written(x)

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Write all numbers of the axis."""
        return distinct([float(value) for value in values], self._written)


def only_bottom(ax: Axes) -> None:
    """Leave just the lower spine, for bars with names beside them."""
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)


def _own_ids(svg: str, name: str, alt: str) -> str:
    """Prefix every identifier, so that pictures can share a page, and add the text for those who cannot see."""
    svg = re.sub(r'\bid="([^"]*)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r'href="#([^"]*)"', rf'href="#{name}-\1"', svg)
    svg = re.sub(r"url\(#([^)]*)\)", rf"url(#{name}-\1)", svg)
    label = escape(alt, quote=True)
    opening = _OPENING.search(svg)
    if opening is None:
        raise AssertionError("matplotlib wrote no svg element")
    with_role = f'{opening[0][:-1]} role="img" aria-label="{label}">\n <title>{label}</title>'
    return svg[: opening.start()] + with_role + svg[opening.end() :]
