"""Effective time so far and survival of attempts, read out of the records of runs."""

import math

import pytest

from analysis.report.lives import lives, track
from analysis.report.replay import Replay, replay, stops
from simulator.engine.simulate import RunHeader
from simulator.records import Record
from simulator.scenario.api import scenario


def told(*records: tuple[float, float, str, str], wall_s: float) -> Replay:
    """Return a run of one stage from (start, duration, phase, cause)."""
    header = RunHeader(0, 1, "", (wall_s,), {})
    kept = [Record(at, length, "train", phase, by, 1) for at, length, phase, by in records]
    return Replay(header=header, records=kept, stops=stops(kept))


def test_effective_time_by_hand() -> None:
    """100 s: 10 of start-up, 40 of work, 10 lost, 40 of work."""
    run = told(
        (0, 10, "program_startup", "none"), (10, 40, "productive", "none"), (50, 10, "wasted_progress", "host"),
        (60, 40, "productive", "none"), wall_s=100,
    )  # fmt: skip
    found = track("a run", run)
    at = dict(zip((round(day * 86400, 6) for day in found.days), found.effective, strict=True))
    assert at[100.0] == pytest.approx(0.8)
    assert min(at.values()) == 0.0
    near_50 = min(at, key=lambda second: abs(second - 50))
    assert at[near_50] == pytest.approx((min(near_50, 50) - 10) / near_50)


def test_attempts_by_hand() -> None:
    """Nine attempts of an hour end by stops, the last one ends with the run."""
    hour, records = 3600.0, []
    for number in range(9):
        records.append((number * 1.5 * hour, hour, "wasted_progress", "host"))
        records.append((number * 1.5 * hour + hour, 0.5 * hour, "detection_latency", "host"))
    records.append((9 * 1.5 * hour, 2 * hour, "productive", "none"))
    found = lives([told(*records, wall_s=15.5 * hour)])
    assert found is not None
    assert found.hours == pytest.approx([1.0] * 9 + [2.0])
    assert list(found.stopped) == [True] * 9 + [False]
    assert found.mean_h == pytest.approx(11 / 9)
    assert lives([told(*records[:4], records[-1], wall_s=15.5 * hour)]) is None


@pytest.mark.parametrize("name", ["llama3-405b", "opt-175b"])
def test_of_shipped_scenarios(name: str) -> None:
    run = replay(scenario(name), 5)
    wall_s = math.fsum(run.header.stage_s)
    productive_s = math.fsum(record.duration_s for record in run.records if record.phase == "productive")
    assert track("a run", run).effective[-1] == pytest.approx(productive_s / wall_s, rel=1e-9)
    found = lives([run])
    assert found is not None
    assert sum(found.stopped) <= run.header.interruptions
    assert sum(found.hours) * 3600 < wall_s
