"""A picture of where one training step's time goes."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure


def step_time(parts_s: Mapping[str, float], *, title: str) -> Figure:
    """Draw one bar for each part, longest on top.

    Parameters
    ----------
    parts_s : mapping of str to float
        Seconds by part.
    """
    ordered = sorted(parts_s.items(), key=lambda item: item[1])
    total = sum(parts_s.values())
    figure = Figure(figsize=(7.5, 0.9 + 0.32 * max(len(ordered), 1)), layout="constrained")
    axes = figure.add_subplot()
    bars = axes.barh([name for name, _ in ordered], [seconds for _, seconds in ordered], color="#33658a")
    axes.bar_label(bars, [f"{seconds / total:.1%}" for _, seconds in ordered], padding=3)
    axes.set_xlabel(f"seconds of {total:.3g} s a step")
    axes.set_xlim(0, 1.15 * max((seconds for _, seconds in ordered), default=1.0))
    axes.set_title(title, loc="left", fontsize="medium")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def save(path: Path, parts_s: Mapping[str, float], *, title: str) -> None:
    """Write the picture; the suffix says which format."""
    metadata = {".svg": {"Date": None}}.get(path.suffix.lower())
    step_time(parts_s, title=title).savefig(path, metadata=metadata, dpi=150)
