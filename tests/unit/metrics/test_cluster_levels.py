"""Averages over time keep the area under a curve; tiles cover what stays held; displaced jobs add up."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.metrics.cluster_levels import binned, shares, tiles, waits_by_size
from analysis.metrics.displacement import averaged, by_size_class, displaced, team
from simulator.engine.cluster_insert import insert
from simulator.engine.cluster_log import Level
from simulator.engine.cluster_setup import ClusterSetup
from simulator.scheduling.job import Job

fast = settings(max_examples=60, deadline=None, derandomize=True)


@given(
    gaps=st.lists(st.integers(1, 1000), min_size=1, max_size=30),
    data=st.data(),
    bins=st.integers(1, 50),
)
@fast
def test_the_area_is_kept(gaps, data, bins):
    values = data.draw(st.lists(st.integers(0, 100), min_size=len(gaps), max_size=len(gaps)))
    times = [sum(gaps[:at]) for at in range(len(gaps) + 1)]
    levels = [Level(time, value, 0, 0, 0) for time, value in zip(times, [*values, 0], strict=True)]
    curve = binned(levels, lambda level: level.waiting, bins=bins)
    widths = [b - a for a, b in zip(curve.edges_d, curve.edges_d[1:], strict=False)]
    area = math.fsum(width * mean for width, mean in zip(widths, curve.means, strict=True)) * 86400
    assert area == pytest.approx(math.fsum(gap * value for gap, value in zip(gaps, values, strict=True)), abs=1e-6)
    assert len(curve.means) == bins
    assert min(values) - 1e-9 <= min(curve.means) <= max(curve.means) <= max(values) + 1e-9


def setup(**given):
    jobs = [Job(1, 0, 16, 86400, 86400), Job(2, 10, 4, 3600, 3600), Job(3, 20, 32, 7200, 7200, queue="red")]
    usual = {"jobs": jobs, "capacity": 32, "node_units": [8] * 4, "rack_nodes": 2, "chart": True}
    return ClusterSetup(**{**usual, **given})


def test_levels_agree_with_the_ledger():
    log = setup().run("easy")
    held = shares(log)["held"]
    span_s = log.levels[-1].time_s - log.levels[0].time_s
    curve = binned(log.levels, held, bins=7)
    wanted = math.fsum(end.held_s * end.job.size for end in log.ends) / 32 / span_s
    assert math.fsum(curve.means) / 7 == pytest.approx(wanted, rel=1e-12)
    stranded = binned(log.levels, shares(log)["stranded"], bins=5)
    assert math.fsum(stranded.means) / 5 == pytest.approx(log.stranded_unit_s / 32 / span_s, rel=1e-12)
    assert [level.waiting for level in log.levels][:3] == [0, 0, 1]


def test_tiles_cover_the_nodes_that_jobs_held():
    log = setup().run("easy")
    found = tiles(log, most=100)
    area = math.fsum((tile.end_d - tile.start_d) * (tile.last - tile.first + 1) for tile in found) * 86400
    assert area == pytest.approx(math.fsum((stay.end_s - stay.start_s) * len(stay.nodes) for stay in log.stays))
    assert len(tiles(log, most=2)) == 2
    assert [tile.share for tile in tiles(log, most=1, marked=2)] == [4 / 32]  # the marked job is never left out


def test_waits_by_size_class():
    rows = waits_by_size(setup().run("easy"))
    assert [(row.name, row.jobs) for row in rows] == [("3-4", 1), ("9-16", 1), ("17-32", 1)]
    assert rows[2].median_s == rows[2].longest_s == 86400 - 20


def test_an_inserted_job_displaces_those_behind_it():
    found = insert(setup(), Job("mine", 15, 16, 90000, 90000), "fcfs")
    assert (found.end.start_s, found.end.end_s) == (3610, 93610)  # once the four units are free
    by_team = displaced(found.before, found.after, "mine", team)
    assert by_team["red"].later == 1
    assert by_team["red"].added_h == (93610 - 86400) / 3600
    assert sum(group.jobs for group in by_team.values()) == 3
    same = displaced(found.before, found.before, "mine", by_size_class(1))
    assert all(group.added_h == 0 == group.later for group in same.values())


def test_an_inserted_job_that_needs_nothing_displaces_nobody():
    found = insert(setup(capacity=64, node_units=[8] * 8), Job("mine", 15, 8, 60, 60), "easy")
    assert found.end.wait_s == 0
    assert all(group.later == 0 for group in displaced(found.before, found.after, "mine", team).values())


def test_replications_insert_into_the_same_shaken_workload():
    shaken = setup(shake_s=5.0, seed=4)
    found = insert(shaken, Job("mine", 40, 8, 60, 60), "easy", 2)
    assert [end.job for end in found.before.ends] == [end.job for end in found.after.ends if end.job.job_id != "mine"]
    assert [end.start_s for end in found.before.ends] == [end.start_s for end in shaken.run("easy", 2).ends]
    rows = averaged([displaced(found.before, found.after, "mine", team)] * 3)
    assert rows == displaced(found.before, found.after, "mine", team)


def test_a_job_before_the_log_is_refused():
    with pytest.raises(ValueError, match="before the first job"):
        insert(setup(), Job("mine", -1, 8, 60, 60), "easy")
