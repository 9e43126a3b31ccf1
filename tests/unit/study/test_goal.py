"""Goals as people write them."""

import numpy as np
import pytest

from analysis.study.goal import Figure, figure, goal
from simulator.foundation.issues import ScenarioError


@pytest.mark.parametrize(
    ("text", "name", "at_most", "bound"),
    [
        ("days_p90 <= 30 d", "wall_days_p90", True, 30.0),
        ("wall_days <= 720 h", "wall_days_mean", True, 30.0),
        ("usd_p50<=$4.5M", "usd_p50", True, 4.5e6),
        ("dollars <= $10000", "usd_mean", True, 1e4),
        ("goodput >= 92 %", "goodput_mean", False, 0.92),
        ("goodput_p10 >= 0.9", "goodput_p10", False, 0.9),
        ("interruptions_mean <= 100", "interruptions_mean", True, 100.0),
        ("accelerator_hours_p95 <= 1e6", "accelerator_hours_p95", True, 1e6),
    ],
)
def test_goals_are_read_with_their_units(text: str, name: str, at_most: bool, bound: float) -> None:
    found = goal(text)
    assert (found.figure.name, found.at_most) == (name, at_most)
    assert found.bound == pytest.approx(bound, rel=1e-12)
    assert goal(found.text) == found


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("godput >= 0.9", "did you mean goodput"),
        ("goodput > 0.9", "expected FIGURE"),
        ("days <= 30", "no unit"),
        ("days <= nan", "nan"),
        ("days <= -3 d", "-3"),
        ("goodput >= 90", "0 to 1"),
        ("goodput_p0 >= 0.9", "no figure"),
        ("usd <= 30 d", "dollar"),
        ("usd <= $inf", "inf"),
        ("", "expected FIGURE"),
        ("days_p90 <= 30 d and usd <= $1", "30 d and"),
    ],
)
def test_what_is_no_goal_is_refused_in_one_message(text: str, word: str) -> None:
    with pytest.raises(ScenarioError) as refusal:
        goal(text)
    assert word in str(refusal.value)
    assert "--goal" in str(refusal.value)


def test_figures_are_those_of_the_sample() -> None:
    sample = np.arange(101.0)
    assert Figure(quantity="usd").of_values(sample) == 50.0
    assert figure("usd_p90").of_values(sample) == 90.0
    assert goal("usd_p90 <= $80").spare(90.0) == -10.0
    assert goal("goodput >= 0.5").spare(0.75) == 0.25
