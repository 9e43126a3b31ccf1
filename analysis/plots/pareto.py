"""Which losses matter: lines of the ledger by size, and what they come to together."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.ticker import MaxNLocator

from analysis.plots.amounts import dollars, hours, share
from analysis.plots.names import brief, line_name
from analysis.plots.style import Amounts, Picture, canvas, drawn, fill, only_bottom

MOST_ROWS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Accelerator-hours and dollars of one phase and cause; `label` replaces their names."""

    phase: str
    cause: str
    accelerator_hours: float
    usd: float
    label: str = ""

    @property
    def name(self) -> str:
        """What the reader sees."""
        return self.label or line_name(self.phase, self.cause)


def largest(losses: Sequence[Loss], most: int = MOST_ROWS) -> Sequence[Loss]:
    """Return the largest losses, with the small ones together as the last.

    Examples
    --------
    >>> rows = [Loss(phase="other", cause=str(n), accelerator_hours=n, usd=n) for n in (1, 5, 2)]
    >>> [(row.name, row.accelerator_hours) for row in largest(rows, most=2)]
    [('not explained: 5', 5), ('2 smaller lines', 3)]
    """
    ranked = sorted(losses, key=lambda loss: (-loss.accelerator_hours, loss.phase, loss.cause))
    if len(ranked) <= most:
        return ranked
    rest = ranked[most - 1 :]
    together = Loss(
        phase="rest",
        cause="",
        accelerator_hours=sum(loss.accelerator_hours for loss in rest),
        usd=sum(loss.usd for loss in rest),
        label=f"{len(rest)} smaller lines",
    )
    return [*ranked[: most - 1], together]


@drawn
def pareto(name: str, losses: Sequence[Loss]) -> Picture:
    """Draw the losses by size, each with its dollars and the share that it and all larger ones have.

    Parameters
    ----------
    name : str
        Of the picture.
    losses : sequence of Loss
        All that is not productive; at least one.
    """
    rows = largest(losses)
    total = sum(loss.accelerator_hours for loss in rows)
    most = max(loss.accelerator_hours for loss in rows)
    figure = canvas(1.2 + 0.3 * len(rows))
    ax = figure.add_subplot()
    reached = 0.0
    for row, loss in enumerate(rows):
        reached += loss.accelerator_hours
        ax.barh(row, loss.accelerator_hours, height=0.62, **fill(loss.phase))
        ax.annotate(f"{dollars(loss.usd)}, {share(reached / total)}", (loss.accelerator_hours, row), xytext=(4, 0),
                    textcoords="offset points", va="center")  # fmt: skip
    ax.set_yticks(range(len(rows)), [brief(loss.name) for loss in rows])
    ax.invert_yaxis()
    ax.set_xlim(0, 1.9 * most)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_formatter(Amounts(hours))
    ax.set_xlabel("accelerator-hours")
    only_bottom(ax)
    first = rows[0]
    alt = (
        f"Bars of the losses by phase and cause, largest first: {first.name} is {hours(first.accelerator_hours)} or "
        f"{share(first.accelerator_hours / total)} of all {hours(total)} that are not productive."
    )
    return Picture(name=name, figure=figure, alt=alt)
