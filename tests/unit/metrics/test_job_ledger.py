"""Ledgers of small logs, by hand."""

import pytest

from analysis.metrics.job_ledger import job_ledger
from simulator.traces.events import JobEvent
from simulator.traces.joblog import TraceError


def ledger(*rows):
    return job_ledger(JobEvent(*row) for row in rows)


def test_work_since_the_last_complete_save_is_lost():
    found = ledger(
        (0, "queue_wait", None, 8), (100, "start"), (110, "productive"), (210, "checkpoint_save"), (220, "productive"),
        (250, "checkpoint_save"), (255, "stop", "gpu"), (265, "checkpoint_restore"), (275, "productive"), (375, "end"),
    )  # fmt: skip
    assert {line[1:]: seconds for line, seconds in found.accelerator_s.items()} == {
        ("queue_wait", "none"): 8 * 100,
        ("program_startup", "none"): 8 * 10,
        ("productive", "none"): 8 * 200,
        ("checkpoint_save", "none"): 8 * 15,
        ("wasted_progress", "gpu"): 8 * 30,
        ("infrastructure_recovery", "gpu"): 8 * 10,
        ("checkpoint_restore", "gpu"): 8 * 10,
    }
    assert (found.wall_s, found.productive_s, found.interruptions, found.mttr_s) == (375, 200, 1, 20)
    assert found.goodput == pytest.approx(200 / 275)
    assert found.ettr == pytest.approx(200 / 375)
    assert found.mtti_s == 275


def test_stop_upon_stop_and_sizes_that_change():
    found = ledger(
        (0, "productive", None, 4), (10, "saved"), (10, "productive", None, 2), (20, "stop", "a"), (25, "stop", "b"),
        (30, "productive"), (40, "end"),
    )  # fmt: skip
    assert dict(found.stops) == {"a": 1, "b": 1}
    assert found.accelerator_s["job", "productive", "none"] == 4 * 10 + 2 * 10
    assert found.accelerator_s["job", "wasted_progress", "a"] == 2 * 10
    assert found.accelerator_s["job", "infrastructure_recovery", "b"] == 2 * 5
    assert found.down_s == 10


def test_jobs_stages_and_spares_are_kept_apart():
    found = ledger(
        (0, "start", None, 2, "warm", "x"), (0, "start", None, 3, "main", "y"), (1, "spares", None, 5, None, "x"),
        (2, "productive", None, None, None, "x"), (2, "productive", None, None, None, "y"),
        (6, "end", None, None, None, "x"),
        (8, "stop", "z", None, None, "y"),
    )  # fmt: skip
    assert found.accelerator_s["warm", "idle_spare", "none"] == 25
    assert found.accelerator_s["warm", "productive", "none"] == 8
    assert found.accelerator_s["main", "wasted_progress", "z"] == 18
    assert found.open_jobs == ["y"]
    assert found.held_accelerator_s == 8 + 18 + 2 * 2 + 2 * 3


def test_nothing_happens_after_the_end():
    with pytest.raises(TraceError, match="productive after the end of the job 'x'"):
        ledger(
            (0, "start", None, None, None, "x"),
            (1, "end", None, None, None, "x"),
            (2, "productive", None, None, None, "x"),
        )


def test_no_stop_has_no_mean_time():
    found = ledger((0, "productive"), (5, "end"))
    assert (found.mtti_s, found.mttr_s, found.goodput) == (None, None, 1.0)


def test_a_save_after_an_announced_stop_is_of_its_cause():
    found = ledger(
        (0, "productive"), (50, "saved"), (50, "stop", "upgrade"), (50, "checkpoint_save"), (60, "planned_maintenance"),
        (90, "productive"), (100, "end"),
    )  # fmt: skip
    assert {line[1:]: seconds for line, seconds in found.accelerator_s.items()} == {
        ("productive", "none"): 60, ("checkpoint_save", "upgrade"): 10, ("planned_maintenance", "upgrade"): 30,
    }  # fmt: skip
    assert found.down_s == 40
