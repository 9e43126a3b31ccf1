"""A scenario on a spot market, from its section to ledger and dollars."""

import math

import numpy as np
import pytest

from analysis.metrics.forecast import days_by_phase, forecast
from analysis.metrics.job_ledger import events_of, job_ledger
from analysis.report.lives import story
from analysis.report.replay import replay
from simulator.engine.run import choose, run
from simulator.engine.simulate import simulate
from simulator.engine.timeline import UnfinishableError
from simulator.records import LedgerSink, ListSink
from simulator.reliability.gang import PREEMPTION
from simulator.scenario.api import scenario
from simulator.scenario.written import resolved_toml
from tests.unit.scenario.maker import Maker

TRACE = "time,nodes\n0,10\n36000,3\n43200,10\n90000,2\n100800,2\n"  # ten nodes for 10 h and 13 h of 28 h
LONG = """
[data]
tokens = "200B tokens"
"""  # twelve days
SPOT = (
    LONG
    + """
[spot]
trace = "capacity.csv"
notice = "2 min"
changeover = "20 min"
on_demand_rate = "$4/h"
"""
)


@pytest.fixture
def made(tmp_path):
    (tmp_path / "capacity.csv").write_text(TRACE)
    return Maker(tmp_path)


def test_the_books_close_and_waits_hold_nothing(made):
    found = made(SPOT)
    assert choose(found) == ("simulate", "machines are on a spot market and come and go together")
    assert [(stage.name, stage.accelerators) for stage in found.stages] == [
        ("train", 64), ("train: away", 0), ("train: on demand", 64),
    ]  # fmt: skip
    for replica in range(5):
        books, records = LedgerSink(), ListSink()
        header = simulate(found, replica, sink=books)
        assert simulate(found, replica, sink=records) == header
        spot_s, away_s, demand_s = header.stage_s
        assert demand_s == 0
        assert away_s > 0
        assert header.stops[PREEMPTION] > 3
        assert math.fsum(books.accelerator_s.values()) == pytest.approx(64 * spot_s, rel=1e-9)
        productive = books.accelerator_s["train", "productive", "none"] / 64
        assert productive == pytest.approx(found.stages[0].work_s, rel=1e-9)
        assert header.wall_s == pytest.approx(sum(record.duration_s for record in records.records), rel=1e-9)
        back = job_ledger(events_of(records.records))
        assert back.wall_s == pytest.approx(header.wall_s, rel=1e-9)
        assert back.productive_s == pytest.approx(productive, rel=1e-9)


def test_preemptions_come_when_the_trace_says(made):
    """Beginning with the record, 64 accelerators are eight nodes: up from 0 to 10 h, from 12 to 25 h, ..."""
    found = made(SPOT + "start = '0 s'\n", "failures.enabled=false")
    records = ListSink()
    simulate(found, 3, sink=records)
    waits = [(record.start_s / 3600, record.duration_s / 3600) for record in records.records
             if record.phase == "spare_wait"]  # fmt: skip
    assert waits[:3] == [pytest.approx(each) for each in [(10, 2), (25, 3), (38, 2)]]
    assert {record.cause for record in records.records} == {"none", PREEMPTION}


def test_replicas_begin_anywhere_and_repeat(made):
    found = made(SPOT, "failures.enabled=false")
    walls = run(found, range(8)).wall_s
    assert len(set(walls.tolist())) > 5
    assert np.array_equal(walls[3:5], run(found, range(3, 5)).wall_s)


def test_a_deadline_is_met_on_demand_and_paid(made):
    free = made(SPOT, "failures.enabled=false")
    slow = run(free, range(40))
    days = slow.wall_s.min() / 86400 - 0.5
    held = made(SPOT + f"deadline = '{days} d'\n", "failures.enabled=false")
    ensemble = run(held, range(40))
    assert ensemble.wall_s.max() <= days * 86400 * (1 + 1e-9)
    assert ensemble.stage_s[2].min() > 0
    outcome = forecast(held, ensemble, range(40))
    hours = ensemble.stage_s.mean(axis=1) * 64 / 3600
    assert outcome.usd.mean == pytest.approx(2 * hours[0] + 4 * hours[2], rel=1e-9)
    assert sum(days_by_phase(outcome).values()) == pytest.approx(outcome.wall_days.mean, rel=1e-9)
    rows = {(row.stage, row.phase): row for row in outcome.ledger}
    assert rows["train: away", "spare_wait"].accelerator_hours == 0
    told = story(held, replay(held, 0), "x")
    assert [span.name for span in told.stages] == ["train", "train: on demand"]


def test_faults_and_the_allowance_for_them(made):
    """With faults the deadline is met on the mean: half of the runs are a little late, none by much."""
    sets = ("failures.rate_multiplier=150", "checkpoint.interval=30 min")
    free = run(made(SPOT, *sets), range(60)).wall_s.mean() / 86400
    found = made(SPOT + f"deadline = '{free - 2} d'\n", *sets)
    assert found.spot.allowance > 1.1
    walls = run(found, range(60)).wall_s / 86400
    assert walls.mean() == pytest.approx(free - 2, rel=0.03)


def test_laws_instead_of_a_trace(made):
    found = made(LONG + "[spot]\nup = {mean = '8 h', law = 'weibull', shape = 0.8}\naway = {mean = '2 h'}\n",
                 "failures.enabled=false")  # fmt: skip
    ensemble = run(found, range(40))
    share = ensemble.stage_s[0].sum() / ensemble.wall_s.sum()
    assert share == pytest.approx(0.8, abs=0.03)
    assert ensemble.stops_by_cause[PREEMPTION] > 5


def test_interval_policies_see_preemptions(made):
    rare = made(SPOT, "checkpoint.policy=young", "failures.enabled=false").stages[0].cycle.work_s
    often = made("[spot]\nup = {mean = '1 h'}\naway = {mean = '2 h'}\n", "checkpoint.policy=young",
                 "failures.enabled=false").stages[0].cycle.work_s  # fmt: skip
    assert often < rare


def test_a_gang_of_the_trace_may_stand_for_the_job(made):
    assert made(SPOT + "gang = 3\n").spot.spans != made(SPOT).spot.spans


def test_resolved_text_gives_the_same_scenario(made, tmp_path):
    found = made(SPOT + "deadline = '60 d'\n")
    elsewhere = tmp_path / "deep" / "er"
    elsewhere.mkdir(parents=True)
    (elsewhere / "again.toml").write_text(resolved_toml(found))
    again = scenario(elsewhere / "again.toml")
    assert again == found
    assert again.fingerprint == found.fingerprint
    assert made(SPOT + "deadline = '61 d'\n").fingerprint != found.fingerprint
    assert made().fingerprint != found.fingerprint


@pytest.mark.parametrize(
    ("addition", "sets", "path", "said"),
    [
        ("[spot]\nnotice = '1 s'", (), "spot", "expected a trace, or up and away"),
        ("[spot]\ntrace = 'capacity.csv'\nup = {mean = '1 h'}", (), "spot", "expected a trace, or up and away"),
        ("[spot]\nup = {mean = '1 h'}", (), "spot.away.mean", "is missing"),
        ("[spot]\nup = {mean = '1 h', shape = 2}\naway = {mean = '1 h'}", (), "spot.up", "takes no shape"),
        ("[spot]\nup = {mean = '1 h', law = 'weibul'}\naway = {mean = '1 h'}", (), "spot.up.law", "mean 'weibull'"),
        ("[spot]\ntrace = 'none.csv'", (), "spot.trace", "cannot read it"),
        ("[spot]\ntrace = 'base.toml'", (), "spot.trace", "no log of capacity"),
        ("[spot]\ntrace = 'capacity.csv'\nmarket = 'v100'", (), "spot.trace", "spot.market: the log has one market"),
        ("[spot]\ntrace = 'capacity.csv'\ngang = 99", (), "spot.trace", "never has 99 nodes up, 10 at the most"),
        ("[spot]\ntrace = 'capacity.csv'\nstart = 'now'", (), "spot.start", "expected 'random' or a time"),
        (SPOT, ("run.engine=estimate",), "run.engine", "estimate cannot run [spot]"),
        (SPOT, ("cluster.spares=3",), "cluster.spares", "leave it out"),
        (SPOT, ("failures.exposure=C",), "failures.exposure", "[spot] runs under exposure A"),
        (SPOT, ("failures.causes.hardware.law=weibull", "failures.causes.hardware.shape=0.7"), "spot",
         "does not go with nodes that are told one by one"),
        (SPOT, ("pricing.preemption.per_1000_node_days=5",), "pricing.preemption", "contradicts [spot]"),
        (SPOT + "[[phases]]\naccelerators = 32\nshare = 0.5\n[[phases]]\nshare = 0.5\n", (), "spot",
         "phases of one size"),
    ],
)  # fmt: skip
def test_what_does_not_go_together(made, addition, sets, path, said):
    issues = made.issues(addition, *sets)
    assert said in issues[path]


@pytest.mark.no_cover
def test_capacity_that_is_never_enough_ends_with_a_reason(made):
    """Ten minutes up at a time, an hour from save to save: nothing is ever kept."""
    (made.folder / "short.csv").write_text("time,nodes\n0,10\n600,0\n1200,0\n")
    found = made("[spot]\ntrace = 'short.csv'\n", "recovery.initialization=20 min", "failures.enabled=false")
    with pytest.raises(UnfinishableError, match="nothing done"):
        simulate(found, 0, sink=LedgerSink())
