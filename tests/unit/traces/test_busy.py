"""The made-up workload carries the load that it is asked for, with the shares of its source."""

import math
from collections import Counter

import pytest

from simulator.traces.busy import COUNTS, LONGEST_S, MEDIAN_S, NODES, OVERESTIMATE, busy_jobs, busy_workload

DAY_S = 86400.0


@pytest.mark.parametrize("load", [0.3, 0.83])
def test_load_shares_and_run_times(load):
    jobs = busy_jobs(512, load, to_s=400 * DAY_S, seed=1)
    asked = math.fsum(job.size * job.run_s for job in jobs) / (512 * jobs[-1].submit_s)
    assert asked == pytest.approx(load, rel=0.03)  # 70,000 jobs and more: a standard error of about 0.6 %
    counts = Counter(job.size for job in jobs)
    for size, count in zip(NODES, COUNTS, strict=True):
        share = count / sum(COUNTS)
        assert counts[size] / len(jobs) == pytest.approx(share, abs=4 * math.sqrt(share / len(jobs)))
    runs_s = sorted(job.run_s for job in jobs)
    assert runs_s[len(runs_s) // 2] == pytest.approx(MEDIAN_S, rel=0.03)
    assert runs_s[-1] <= LONGEST_S
    assert all(job.run_s <= job.estimate_s <= OVERESTIMATE * job.run_s + 1 for job in jobs)
    assert jobs[-1].submit_s > 399 * DAY_S


def test_a_small_cluster_has_small_jobs():
    assert {job.size for job in busy_jobs(2, 0.5, to_s=100 * DAY_S, seed=1)} == {1, 2}
    assert busy_workload(2, 0.5).units_busy == pytest.approx(1.0)


def test_what_is_left_out_changes_nothing_before() -> None:
    all_of_them = busy_jobs(64, 0.7, to_s=30 * DAY_S, seed=5)
    early = busy_jobs(64, 0.7, to_s=30 * DAY_S, seed=5, told_s=3 * DAY_S)
    assert early == [job for job in all_of_them if job.submit_s <= 3 * DAY_S]
    assert 0 < len(early) < len(all_of_them) / 5
