"""Where the dollars of a life cycle go: by stage, for people, machines and the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from matplotlib.ticker import MaxNLocator

from analysis.plots.amounts import dollars
from analysis.plots.names import brief
from analysis.plots.style import BLUE, GREY, INK, ORANGE, Amounts, Picture, canvas, drawn, only_bottom

_LOOKS: Final[Mapping[str, Mapping[str, Any]]] = {
    "staff": {"facecolor": ORANGE, "hatch": "xxxx"},
    "machines": {"facecolor": BLUE},
    "other": {"facecolor": GREY, "hatch": "\\\\\\\\"},
}
_WORDS: Final[Mapping[str, str]] = {"staff": "people", "machines": "machines", "other": "data, fees and tokens"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StageDollars:
    """One stage: mean dollars of its parts, and where eight replicas in ten lie."""

    name: str
    parts: Mapping[str, float]
    p10: float
    p90: float

    @property
    def usd(self) -> float:
        """Mean of all parts."""
        return sum(self.parts.values())


@drawn
def stage_dollars(name: str, stages: Sequence[StageDollars]) -> Picture:
    """Draw the stages by dollars, largest first; the first bars hold most of the money.

    Parameters
    ----------
    name : str
        Of the picture.
    stages : sequence of StageDollars
        In any order; at least one.
    """
    rows = sorted(stages, key=lambda stage: (-stage.usd, stage.name))
    most = max(max(stage.usd, stage.p90) for stage in rows) or 1.0
    figure = canvas(1.3 + 0.27 * len(rows))
    ax = figure.add_subplot()
    for row, stage in enumerate(rows):
        reached = 0.0
        for part, look in _LOOKS.items():
            label = _WORDS[part] if row == 0 else None
            ax.barh(row, stage.parts[part], left=reached, height=0.6, edgecolor=INK, linewidth=0.6, label=label, **look)
            reached += stage.parts[part]
        spread = [[max(reached - stage.p10, 0.0)], [max(stage.p90 - reached, 0.0)]]
        ax.errorbar([reached], [row], xerr=spread, fmt="none", ecolor=INK, capsize=3, elinewidth=1.0)
        ax.annotate(dollars(stage.usd), (max(stage.p90, reached), row), xytext=(5, 0), textcoords="offset points",
                    va="center")  # fmt: skip
    ax.set_yticks(range(len(rows)), [brief(stage.name, 30) for stage in rows])
    ax.invert_yaxis()
    ax.set_xlim(0, 1.18 * most)
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter(Amounts(dollars))
    ax.grid(axis="x")
    only_bottom(ax)
    figure.legend(loc="outside lower center", ncols=3)
    total = sum(stage.usd for stage in rows)
    alt = f"Dollars by stage, {dollars(total)} in all: " + "; ".join(
        f"{stage.name} {dollars(stage.usd)}" for stage in rows[:12]
    )
    return Picture(name=name, figure=figure, alt=f"{alt}.")
