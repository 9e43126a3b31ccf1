"""What a legend or a label names is to be seen: no mark hides another, no bound is off the axis unsaid."""

import pytest
from matplotlib.figure import Figure

from analysis.plots.amounts import hours
from analysis.plots.front import Option, plan_front
from analysis.plots.interval import Curve, interval_curve
from analysis.plots.waits import waits
from analysis.plots.waterfall import Step, waterfall

ONE = Curve(intervals_s=[60.0, 300.0, 3600.0], lost=[0.05, 0.02, 0.06], chosen_s=300.0, chosen_lost=0.02,
            best_s=300.0, best_lost=0.02, stage="train")  # fmt: skip
OPTIONS = [Option(days=20.0, usd=4.3e6), Option(days=40.0, usd=4.1e6)]


def assert_later_marks_are_smaller(figure: Figure, at: float) -> None:
    """Of the marks at one place, each has to leave a rim of those under it."""
    [ax] = figure.axes
    marks = [line for line in ax.lines if line.get_marker() not in ("None", "", None) and at in list(line.get_xdata())]
    marks.sort(key=lambda line: (line.get_zorder(), ax.lines.index(line)))
    sizes = [float(line.get_markersize()) for line in marks]
    assert len(sizes) == 2
    assert sizes[1] < 0.7 * sizes[0]


def test_a_choice_that_is_the_best_hides_neither() -> None:
    assert_later_marks_are_smaller(interval_curve("i", ONE).figure, 300.0)


def test_equal_waits_hide_neither_of_their_marks() -> None:
    assert_later_marks_are_smaller(waits("w", [("1", 7, 0.0, 0.0), ("2", 5, 0.0, 90.0)]).figure, 10.0)


@pytest.mark.parametrize(
    ("budget_usd", "said"),
    [(4.2e6, "budget $4.2M"), (1e7, "budget $10M, above the picture"), (1e6, "budget $1M, below the picture")],
)
def test_a_budget_off_the_axis_says_so(budget_usd: float, said: str) -> None:
    figure = plan_front("f", OPTIONS, OPTIONS, None, deadline_days=30.0, budget_usd=budget_usd, confidence=0.9).figure
    [ax] = figure.axes
    low, high = ax.get_ylim()
    [label] = [str(line.get_label()) for line in ax.lines if str(line.get_label()).startswith("budget")]
    assert label == said
    assert ("picture" in said) == (not low <= budget_usd <= high)


def test_where_an_axis_begins_is_said_as_finely_as_its_ticks() -> None:
    steps = [
        Step(phase="productive", accelerator_hours=2_964_048.0, usd=5.93e6),
        Step(phase="program_startup", accelerator_hours=341.0, usd=683.0),
    ]
    [ax] = waterfall("w", steps).figure.axes
    left = ax.get_xlim()[0]
    begin = ax.get_xlabel().removeprefix("accelerator-hours; the axis begins at ")
    assert begin not in [hours(tick) for tick in ax.get_xticks() if tick > left]
    assert begin == "2.9639M h"
