"""Fitting what was drawn gives the parameters back, within the errors stated."""

import math
from dataclasses import replace

import numpy as np
import pytest

from analysis.metrics.workload_fit import fit_workload, shares_by_status
from simulator.scheduling.job import Job
from simulator.traces.joblog import TraceError, collect
from simulator.traces.synthetic import DAY_S, Group, NamedLaw, Workload, draw

HOURS = tuple(1.0 + 0.8 * math.sin(2 * math.pi * (hour - 8) / 24) for hour in range(24))
WEEKDAYS = (1.2, 1.2, 1.2, 1.2, 1.2, 0.5, 0.5)


def group(share, sizes, law, mean_s, shape, status):
    return Group(share=share, sizes=sizes, weights=tuple(1 / len(sizes) for _ in sizes),
                 run=NamedLaw(law=law, mean_s=mean_s, shape=shape), status=status)  # fmt: skip


TRUTH = Workload(
    title="t", source="s", jobs_per_day=800.0, gap=NamedLaw(law="weibull", mean_s=1.0, shape=0.6), hours=HOURS,
    weekdays=WEEKDAYS, queues={"a": 0.7, "b": 0.3}, users={"x": 0.5, "y": 0.5},
    groups=(
        group(0.5, (1, 2, 4), "lognormal", 1800.0, 1.5, "completed"),
        group(0.2, (64, 128), "weibull", 30_000.0, 0.7, "cancelled"),
        group(0.3, (1,), "exponential", 300.0, 1.0, "failed"),
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def fitted():
    return fit_workload(draw(TRUTH, 60_000, seed=11), title="t", source="s")


def test_arrivals_come_back(fitted):
    """75 days of arrivals: rate and gap shape within 3 %, hours within 10 %, weekdays within 6 %."""
    found = fitted.workload
    assert found.jobs_per_day == pytest.approx(800, rel=0.03)
    assert (found.gap.law, found.gap.shape) == ("weibull", pytest.approx(0.6, rel=0.03))
    assert found.hours == pytest.approx([hour / np.mean(HOURS) for hour in HOURS], rel=0.10)
    assert found.weekdays == pytest.approx([day / np.mean(WEEKDAYS) for day in WEEKDAYS], rel=0.06)
    assert fitted.has_days
    assert fitted.has_weeks


def test_groups_come_back(fitted):
    """Shares within 1 point, means within 6 %, shapes within 6 % of 5,000 times each."""
    found = {(each.status, min(each.sizes) > 8): each for each in fitted.workload.groups}
    for truth in TRUTH.groups:
        parts = [each for each in fitted.workload.groups if each.status == truth.status]
        assert sum(each.share for each in parts) == pytest.approx(truth.share, abs=0.01)
        mean_size = sum(each.share * each.mean_size for each in parts) / sum(each.share for each in parts)
        assert mean_size == pytest.approx(truth.mean_size, rel=0.02)
    cancelled = [each for each in fitted.workload.groups if each.status == "cancelled"]
    assert [each.run.law for each in cancelled] == ["weibull"] * len(cancelled)
    for each in cancelled:
        assert each.run.mean_s == pytest.approx(30_000, rel=0.06)
        assert each.run.shape == pytest.approx(0.7, rel=0.06)
    completed = [each for each in fitted.workload.groups if each.status == "completed"]
    assert {each.run.law for each in completed} == {"lognormal"}
    assert completed[0].run.shape == pytest.approx(1.5, rel=0.06)
    assert found["failed", False].run.law == "exponential"


def test_the_rest_comes_back(fitted):
    found = fitted.workload
    assert found.queues == {"a": pytest.approx(0.7, abs=0.01), "b": pytest.approx(0.3, abs=0.01)}
    assert set(found.users) == {"x", "y"}
    assert found.estimates == ()
    for end, (jobs, work) in fitted.shares.items():
        truth = TRUTH.shares_by_status()[end]
        assert jobs == pytest.approx(truth[0], abs=0.01)
        assert work == pytest.approx(truth[1], abs=0.02)
        assert found.shares_by_status()[end][1] == pytest.approx(work, abs=0.01)


def test_work_is_kept_where_the_tail_is_cut():
    """The longest run limits what is drawn; the mean of the log holds nevertheless."""
    heavy = replace(TRUTH, groups=(group(1, (1,), "lognormal", 5000.0, 2.2, "completed"),), longest_run_s=200_000.0)
    log = draw(heavy, 20_000, seed=3)
    again = draw(fit_workload(log, title="t", source="s").workload, 20_000, seed=4)
    means = [np.mean([job.run_s for job in each.jobs]) for each in (log, again)]
    assert means[1] == pytest.approx(means[0], rel=0.08)


def test_requests_come_back():
    log = draw(replace(TRUTH, estimates=(1.0, 3.0, 5.0)), 5000, seed=5)
    found = fit_workload(log, title="t", source="s").workload.estimates
    assert len(found) == 21
    assert found[10] == pytest.approx(3.0, abs=0.1)


def jobs(*rows):
    return collect([Job(at, *row) for at, row in enumerate(rows, 1)])


def test_a_short_log_has_no_cycles_and_small_groups_join():
    log = jobs(*((at * 100, 1 + at % 3 * 100, 60, 60) for at in range(40)))
    found = fit_workload(log, title="t", source="s")
    assert (found.has_days, found.has_weeks) == (False, False)
    assert set(found.workload.hours) == {1.0}
    assert len(found.workload.groups) == 1
    assert found.workload.groups[0].run.shape == 0.01  # all run times are alike


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(0, 1, 5, 5)], "1 jobs are left, and a workload needs 8"),
        ([(7, 1, 5, 5)] * 20, "all jobs are submitted at one instant"),
    ],
)
def test_logs_that_say_too_little(rows, said):
    with pytest.raises(TraceError, match=said):
        fit_workload(jobs(*rows), title="t", source="s")


def test_many_sizes_and_many_names_are_bounded():
    rows = [(at * 10, 1 + at % 700, 60 + at % 50, 60 + at % 50, f"u{at % 90}", "q") for at in range(3000)]
    found = fit_workload(jobs(*rows), title="t", source="s").workload
    assert max(len(each.sizes) for each in found.groups) <= 192
    assert len(found.users) == 50
    assert found.queues == {}
    assert sum(found.users.values()) == pytest.approx(1)
    mean = sum(each.share * each.mean_size for each in found.groups)
    assert mean == pytest.approx(np.mean([row[1] for row in rows]), rel=0.01)


def test_days_of_the_log_count_from_its_first_week():
    late = jobs(*((30 * DAY_S + at * 3600, 1, 60 + at, 60 + at) for at in range(24 * 30)))
    found = fit_workload(late, title="t", source="s")
    assert found.has_weeks
    assert found.workload.hours == pytest.approx([1.0] * 24, rel=0.1)


def test_shares_by_status_of_an_empty_end():
    assert shares_by_status([Job(1, 0, 2, 5, 5)]) == {"unknown": (1.0, 1.0)}
