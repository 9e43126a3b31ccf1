"""The published facts of Acme: in the catalogue as published, and in what is drawn from them."""

import csv
import math

import pytest

from simulator.catalogue.reader import entry
from simulator.traces.published import published
from simulator.traces.synthetic import draw
from tests.beside import trace


@pytest.mark.parametrize(("key", "low", "high"), [("acme-seren", 0.66, 0.67), ("acme-kalos", 0.60, 0.61)])
def test_61_to_66_percent_of_the_accelerator_time_ends_cancelled(key, low, high):
    """Hu et al., NSDI 2024: 66.4 and 60.7 %, from 7.5 and 6.2 % of the jobs."""
    facts, workload = entry("workloads", key), published(key)
    jobs, work = workload.shares_by_status()["cancelled"]
    assert low < work < high
    assert jobs == pytest.approx(facts.number("cancelled_jobs"), abs=0.001)
    shares = math.fsum(group.share for group in workload.groups)
    assert math.fsum(group.share * group.mean_size for group in workload.groups) / shares == pytest.approx(
        facts.number("mean_gpus"), rel=0.01
    )


@pytest.mark.parametrize("key", ["acme-seren", "acme-kalos"])
def test_what_is_drawn_has_the_published_means(key):
    """200,000 jobs; the means of such heavy tails are within 10 % of the published, the medians within 20 %."""
    facts, jobs = entry("workloads", key), draw(published(key), 200_000, seed=20).jobs
    runs, sizes = sorted(job.run_s for job in jobs), sorted(job.size for job in jobs)
    assert sum(runs) / len(runs) == pytest.approx(facts.number("mean_run_s"), rel=0.10)
    assert sum(sizes) / len(sizes) == pytest.approx(facts.number("mean_gpus"), rel=0.10)
    assert runs[len(runs) // 2] == pytest.approx(facts.number("median_run_s"), rel=0.20)
    assert sizes[len(sizes) // 2] == facts.number("median_gpus")
    assert max(sizes) == facts.number("largest_gpus")
    assert max(runs) <= facts.number("longest_run_s")
    work = sum(job.size * job.run_s for job in jobs)
    cancelled = sum(job.size * job.run_s for job in jobs if job.status == "cancelled") / work
    assert 0.55 < cancelled < 0.72


def test_the_catalogue_has_the_figures_of_the_summary():
    columns = {
        "gpu_jobs": "gpu_job_num", "mean_run_s": "avg_run_time_gpu", "median_run_s": "med_run_time_gpu",
        "longest_run_s": "max_run_time_gpu", "mean_gpus": "avg_gpu_num", "median_gpus": "med_gpu_num",
        "largest_gpus": "max_gpu", "completed_jobs": "complete_rate_gpu", "cancelled_jobs": "cancel_rate_gpu",
        "failed_jobs": "fail_rate_gpu", "completed_accelerator_seconds": "complete_gpu_time",
        "cancelled_accelerator_seconds": "cancel_gpu_time", "failed_accelerator_seconds": "fail_gpu_time",
    }  # fmt: skip
    with trace("open/acme/cluster_summary.csv").open(newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    for key, name in (("acme-seren", "Seren"), ("acme-kalos", "Kalos")):
        facts = entry("workloads", key)
        assert {ours: facts.number(ours) for ours in columns} == {
            ours: float(rows[name][theirs]) for ours, theirs in columns.items()
        }
