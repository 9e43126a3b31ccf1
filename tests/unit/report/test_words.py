"""Sentences of the report."""

from pathlib import Path

import pytest

from analysis.metrics.forecast import forecast
from analysis.report.words import calendar
from simulator.engine.estimate import estimate
from simulator.scenario.api import scenario

TEXT = """
[[phases]]
name = "train"
hours = "240 h"
hours_kind = "net"
[cluster]
accelerator = "a100"
accelerators = 64
[run]
replicas = 2
[checkpoint]
policy = "none"
[recovery]
startup = "0 s"
[pricing]
rate = "$2/h"
"""


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("", "The scenario states no start; counted from 1 Jan 2026, it ends on 11 Jan 2026."),
        ("start = 2026-03-02", "Started on 2 Mar 2026, it ends on 12 Mar 2026."),
    ],
)
def test_a_run_without_a_start_is_not_said_to_begin_on_one(start: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(start + TEXT)
    found = scenario(tmp_path / "mine.toml")
    assert calendar(forecast(found, estimate(found, range(2)), range(2))) == said
