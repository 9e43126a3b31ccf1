"""Metrics on a schedule that can be checked by hand."""

import csv
from dataclasses import replace

import pytest

from analysis.metrics.job_table import COLUMNS, job_rows, priced_rows, write_job_table
from analysis.metrics.queueing import by_size, quantile, summarise
from analysis.metrics.showback import job_usd, showback
from simulator.engine.cluster_log import ClusterLog, JobEnd
from simulator.scheduling.job import Job

LOG = ClusterLog(
    ends=[
        JobEnd(Job("a", 0, 4, 100, 100, queue="red"), 0, 100, 100),
        JobEnd(Job("b", 10, 2, 2, 2, queue="blue"), 100, 102, 2, promised_s=90),
        JobEnd(Job("c", 20, 3, 40, 40, queue="red"), 30, 200, 60, promised_s=30, stops=1, lost_s=20),
    ],
    capacity=8,
    overruns=1,
    ledger_unit_s={("idle", "none"): 10},
    stranded_unit_s=4,
)


def test_summary_by_hand():
    found = summarise(LOG)
    assert (found.jobs, found.mean_wait_s, found.median_wait_s, found.max_wait_s) == (3, 100 / 3, 10, 90)
    assert found.mean_jct_s == (100 + 92 + 180) / 3
    assert found.mean_bounded_slowdown == pytest.approx((1 + 92 / 10 + 180 / 40) / 3)  # 20 s of c were lost
    assert (found.makespan_s, found.utilisation) == (200, (400 + 4 + 180) / 1600)
    assert found.goodput == (400 + 4 + 120) / 1600
    assert found.mean_queue == pytest.approx((90 + 120) / 200)
    assert (found.promised, found.late_promises, found.stops, found.overruns) == (2, 1, 1, 1)
    assert (found.lost_unit_h, found.fragmentation) == (60 / 3600, 0.4)


def test_warm_up_trims_waits_but_not_use():
    found = summarise(LOG, warm_up=0.34)
    assert (found.jobs, found.mean_wait_s) == (2, 50)
    assert found.utilisation == summarise(LOG).utilisation
    with pytest.raises(ValueError, match="warm_up"):
        summarise(LOG, warm_up=1)
    with pytest.raises(ValueError, match="no job"):
        summarise(ClusterLog(ends=[], capacity=1))


def test_size_classes_in_order():
    assert {name: group.jobs for name, group in by_size(LOG).items()} == {"2": 1, "3-4": 2}
    assert list(by_size(LOG)) == ["2", "3-4"]


def test_showback_closes_and_counts_lost_work():
    shares = showback(LOG, 36.0, lambda end: end.job.queue)
    assert shares["red"].lost_usd == pytest.approx(60 * 0.01)
    assert sum(share.useful_usd + share.lost_usd for share in shares.values()) == pytest.approx(1600 * 0.01)
    assert sum(job_usd(end, LOG, 36.0) for end in LOG.ends) == pytest.approx(584 * 0.01)


def test_quantile_at_the_ends():
    assert (quantile([3, 7], 0), quantile([3, 7], 1), quantile([3], 0.9)) == (3, 7, 3)


def test_table_of_jobs(tmp_path):
    assert len(next(job_rows(LOG))) == len(COLUMNS)
    write_job_table(tmp_path / "jobs.csv", LOG)
    lines = (tmp_path / "jobs.csv").read_text().splitlines()
    assert lines[2] == "b,10,100,102,2,90,2,0,0,90,,blue,"


def test_csv_has_the_cells_of_the_rows(tmp_path):
    awkward = replace(
        LOG, ends=[*LOG.ends, JobEnd(Job('d,"1"', 0, 3, 9, 9, "of\nC", status="failed"), 1, 10, 9, killed=True)]
    )
    write_job_table(tmp_path / "jobs.csv", awkward, 36.0)
    with (tmp_path / "jobs.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == [*COLUMNS, "usd"]
    assert rows == [["" if cell is None else str(cell) for cell in row] for row in priced_rows(awkward, 36.0)]


def test_parquet_has_the_same_rows(tmp_path):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    write_job_table(tmp_path / "jobs.parquet", LOG)
    assert pd.read_parquet(tmp_path / "jobs.parquet")["start_s"].tolist() == [0, 100, 30]
