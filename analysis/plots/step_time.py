"""Where one training step's time goes, part by part."""

from collections.abc import Mapping

from matplotlib.ticker import MaxNLocator

from analysis.plots.amounts import share
from analysis.plots.style import INK, Picture, canvas, drawn, fill, only_bottom

USEFUL = ("matrix products", "attention core")


def seconds(value: float) -> str:
    """Write a time to three digits.

    Examples
    --------
    >>> seconds(12.345), seconds(0.01234)
    ('12.3 s', '12.3 ms')
    """
    return f"{value:.3g} s" if value >= 0.1 else f"{1e3 * value:.3g} ms"


@drawn
def step_time(name: str, parts_s: Mapping[str, float], *, title: str) -> Picture:
    """Draw one bar for each part, longest on top; what computes the model is of another colour than what does not.

    Parameters
    ----------
    name : str
        Of the picture.
    parts_s : mapping of str to float
        Seconds by part, at least one, none negative.
    title : str
        Which model, on which plan.
    """
    ordered = sorted(parts_s.items(), key=lambda item: -item[1])
    total = sum(parts_s.values())
    figure = canvas(1.1 + 0.3 * len(ordered), width_in=7.0)
    ax = figure.add_subplot()
    for row, (part, length) in enumerate(ordered):
        ax.barh(row, length, height=0.62, **fill("productive" if part in USEFUL else "wasted_progress"))
        ax.annotate(f"{seconds(length)}, {share(length / total)}", (length, row), xytext=(4, 0),
                    textcoords="offset points", va="center")  # fmt: skip
    ax.set_yticks(range(len(ordered)), [part for part, _ in ordered])
    ax.invert_yaxis()
    ax.set_xlim(0, 1.35 * ordered[0][1])
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.set_xlabel(f"seconds of a step of {seconds(total)}", color=INK)
    ax.set_title(title, loc="left", fontsize=9.5)
    only_bottom(ax)
    parts = "; ".join(f"{part} {share(length / total)}" for part, length in ordered)
    return Picture(
        name=name, figure=figure, alt=f"Bars of the parts of one training step of {seconds(total)}: {parts}."
    )
