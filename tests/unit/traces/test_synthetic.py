"""Workloads drawn from laws: what is asked for comes out, and the clock of the cycles runs both ways."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.traces.synthetic import (
    DAY_S,
    WEEK_S,
    Group,
    NamedLaw,
    Workload,
    draw,
    limited_mean_s,
    operational_edges,
    to_clock_s,
    to_operational_s,
    with_mean_s,
)

SHORT = Group(share=3, sizes=(1, 2), weights=(3, 1), run=NamedLaw(law="exponential", mean_s=600.0), status="completed")
LONG = Group(
    share=1, sizes=(64,), weights=(1,), run=NamedLaw(law="lognormal", mean_s=9000.0, shape=1.0), status="failed"
)
WORK = Workload(title="t", source="s", jobs_per_day=400.0, groups=(SHORT, LONG), queues={"a": 1, "b": 3})


def test_shares_means_and_rate():
    jobs = draw(WORK, 40_000, seed=1).jobs
    failed = [job for job in jobs if job.status == "failed"]
    assert len(failed) / len(jobs) == pytest.approx(0.25, abs=0.01)
    assert np.mean([job.run_s for job in failed]) == pytest.approx(9000, rel=0.05)
    assert np.mean([job.size for job in jobs if job.status == "completed"]) == pytest.approx(1.25, abs=0.02)
    assert jobs[-1].submit_s / DAY_S == pytest.approx(100, rel=0.02)
    assert np.mean([job.queue == "b" for job in jobs]) == pytest.approx(0.75, abs=0.01)
    shares = WORK.shares_by_status()
    assert shares["failed"] == (0.25, pytest.approx(64 * 9000 / (64 * 9000 + 3 * 1.25 * 600)))
    assert WORK.units_busy == pytest.approx(400 / DAY_S * (0.25 * 64 * 9000 + 0.75 * 1.25 * 600))


def test_the_same_seed_gives_the_same_jobs_and_another_one_others():
    assert draw(WORK, 500, seed=7).jobs == draw(WORK, 500, seed=7).jobs
    assert draw(WORK, 500, seed=7).jobs != draw(WORK, 500, seed=8).jobs


def test_jobs_are_in_order_and_whole():
    log = draw(replace(WORK, gap=NamedLaw(law="weibull", mean_s=1.0, shape=0.4)), 3000, seed=2)
    submits = [job.submit_s for job in log.jobs]
    assert submits == sorted(submits)
    assert all(isinstance(job.submit_s, int) and isinstance(job.run_s, int) and job.run_s >= 1 for job in log.jobs)
    assert [job.job_id for job in log.jobs] == list(range(1, 3001))
    assert log.report.read == log.report.kept == 3000


def test_night_and_weekend_are_quiet():
    hours = [0.0] * 8 + [1.0] * 10 + [0.0] * 6
    jobs = draw(replace(WORK, hours=hours, weekdays=[1, 1, 1, 1, 1, 0, 0]), 5000, seed=3).jobs
    assert {int(job.submit_s % DAY_S // 3600) for job in jobs} == set(range(8, 18))
    assert max(job.submit_s % WEEK_S for job in jobs) < 5 * DAY_S
    assert jobs[-1].submit_s / DAY_S == pytest.approx(12.5, abs=1.5)  # the rate is that of the whole week


def test_requests_follow_their_quantiles():
    jobs = draw(replace(WORK, estimates=(1.0, 2.0, 8.0)), 20_000, seed=4).jobs
    ratios = np.array([job.estimate_s / job.run_s for job in jobs if job.run_s > 300])
    assert np.median(ratios) == pytest.approx(2.0, abs=0.05)
    assert ratios.min() >= 0.99


@given(st.lists(st.floats(0.01, 10), min_size=24, max_size=24), st.lists(st.floats(0.01, 10), min_size=7, max_size=7),
       st.lists(st.floats(0, 1e7), min_size=1, max_size=50))  # fmt: skip
def test_the_clock_runs_both_ways(hours, weekdays, moments):
    edges, at = operational_edges(hours, weekdays), np.sort(np.array(moments))
    there = to_operational_s(at, edges)
    assert np.all(np.diff(there) >= 0)
    assert np.allclose(to_clock_s(there, edges), at, rtol=1e-9, atol=1e-3)
    assert to_operational_s(np.array([3 * WEEK_S]), edges)[0] == pytest.approx(3 * WEEK_S)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["exponential", "weibull", "gamma", "lognormal"]), st.floats(0.3, 2.5), st.floats(0.01, 0.6))
def test_a_limited_mean_is_what_was_wanted(name, shape, part):
    run = with_mean_s(NamedLaw(law=name, mean_s=1.0, shape=shape), 3600.0, 3600.0 / part)
    if run.mean_s < 1e8:
        assert limited_mean_s(run, 3600.0 / part) == pytest.approx(3600.0, rel=1e-4)
    assert limited_mean_s(run, math.inf) == run.mean_s >= 3600.0


def test_a_limited_mean_is_that_of_the_drawn_times():
    run = NamedLaw(law="lognormal", mean_s=4000.0, shape=2.0)
    group = replace(SHORT, run=run)
    jobs = draw(replace(WORK, groups=(group,), longest_run_s=86400.0), 60_000, seed=5).jobs
    assert np.mean([job.run_s for job in jobs]) == pytest.approx(limited_mean_s(run, 86400.0), rel=0.03)
    assert max(job.run_s for job in jobs) == 86400
