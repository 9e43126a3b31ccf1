"""Ways to one end over the demand: what each costs, and where two cost the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from analysis.plots.amounts import dollars
from analysis.plots.style import BLUE, GREEN, INK, ORANGE, PURPLE, RUST, SOFT, Picture, canvas, drawn

_LOOKS = (
    (BLUE, "-"),
    (RUST, "--"),
    (GREEN, "-."),
    (PURPLE, ":"),
    (ORANGE, (0, (5, 1, 1, 1, 1, 1))),
    (INK, (0, (1, 3))),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way: mean dollars at each demand [tokens written in the first month]."""

    name: str
    tokens_per_month: Sequence[float]
    usd: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A demand at which two ways cost the same."""

    tokens_per_month: float
    usd: float


@drawn
def demand(name: str, ways: Sequence[Way], crossings: Sequence[Crossing], *, now: float) -> Picture:
    """Draw dollars over demand, both in steps of ten.

    Parameters
    ----------
    name : str
        Of the picture.
    ways : sequence of Way
        At least one.
    crossings : sequence of Crossing
        Marked where two ways cost the same.
    now : float
        The demand of the scenarios [tokens written in the first month].
    """
    figure = canvas(3.6)
    ax = figure.add_subplot()
    for number, way in enumerate(ways):
        colour, dash = _LOOKS[number % len(_LOOKS)]
        ax.plot(way.tokens_per_month, way.usd, color=colour, linestyle=dash, linewidth=1.7, label=way.name)
    ax.plot([at.tokens_per_month for at in crossings], [at.usd for at in crossings], "o", color=INK, markersize=5,
            linestyle="none", label="cost the same")  # fmt: skip
    ax.axvline(now, color=SOFT, linewidth=1.0, linestyle=":")
    ax.annotate("demand", (now, 1.0), xycoords=("data", "axes fraction"), xytext=(4, -4), textcoords="offset points",
                va="top", color=SOFT)  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    for axis, form in ((ax.xaxis, _tokens), (ax.yaxis, lambda value, _: dollars(value))):
        axis.set_major_locator(LogLocator(10))
        axis.set_major_formatter(FuncFormatter(form))
        axis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("tokens written in the first month")
    ax.set_ylabel("dollars of the whole life")
    ax.grid()
    figure.legend(loc="outside upper center", ncols=3)
    return Picture(name=name, figure=figure, alt=_alt(ways, crossings))


def _tokens(value: float, _: object = None) -> str:
    return dollars(value).removeprefix("$")


def _alt(ways: Sequence[Way], crossings: Sequence[Crossing]) -> str:
    names = ", ".join(way.name for way in ways)
    at = "; ".join(f"{_tokens(each.tokens_per_month)} tokens a month, {dollars(each.usd)}" for each in crossings)
    return f"Dollars over demand of {names}. Two cost the same at: {at or 'no demand'}."
