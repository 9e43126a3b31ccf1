"""The shipped day on a Vela-like cluster: everything closes, and every wait has its reasons."""

import pytest

from analysis.metrics.queueing import ledger, summarise, wait_reasons_s
from analysis.metrics.showback import showback
from simulator.engine.cluster_scenario import setup_of
from simulator.scenario.api import load
from simulator.scenario.cluster_resolve import shared_of

pytestmark = pytest.mark.no_cover  # a day of 2,000 jobs, explained one by one


@pytest.fixture(scope="module")
def shared():
    return shared_of(load("clusters/vela-busy-day"))


@pytest.fixture(scope="module")
def log(shared):
    return setup_of(shared, explain=True).run(shared.policies[0])


def test_it_is_what_it_says(shared):
    assert sum(str(job.job_id).isdecimal() for job in shared.jobs) == 2000
    assert (shared.capacity, len(shared.node_units), shared.rack_nodes) == (2880, 360, 6)
    assert len(shared.causes) > 10
    assert sum(cause.rate_per_node_s for cause in shared.causes) * 86400e3 == pytest.approx(37.9 + 4.25, rel=0.02)


def test_every_second_of_every_accelerator_is_in_the_ledger(log):
    span_s = summarise(log).makespan_s
    assert sum(log.ledger_unit_s.values()) == pytest.approx(2880 * span_s, rel=1e-9)
    assert sum(row.share for row in ledger(log)) == pytest.approx(1)
    phases = {row.phase for row in ledger(log)}
    assert {"productive", "idle", "checkpoint_save", "wasted_progress", "detection_latency", "out_of_service"} <= phases


def test_no_job_is_lost_and_every_wait_is_explained(shared, log):
    assert [end.job for end in log.ends] == list(shared.jobs)
    for end in log.ends:
        waited_s = end.end_s - end.job.submit_s - end.held_s
        assert sum(log.waits_s.get(end.job.job_id, {}).values()) == pytest.approx(waited_s, abs=1e-6)
        if end.job.until_s is None:
            assert end.held_s - end.lost_s == pytest.approx(end.job.run_s, rel=1e-9)
    assert {"capacity", "outage", "fragmentation", "priority", "reservation"} <= set(wait_reasons_s(log))


def test_preemption_failures_service_and_deadline_all_happen(log):
    found = summarise(log)
    assert log.stops_by_cause["preemption"] > 10
    assert sum(log.stops_by_cause.values()) - log.stops_by_cause["preemption"] > 3
    assert found.unserved < 0.01
    assert (found.deadlines, found.missed_deadlines) == (1, 0)
    firm = [end for end in log.ends if not end.job.preemptible]
    assert firm
    preempted = {end.job.job_id for end in log.ends if end.stops}
    assert not any(end.job.job_id in preempted and log.stops_by_cause.keys() == {"preemption"} for end in firm)


def test_the_bill_closes_by_team_and_by_user(log):
    whole_usd = 2880 * summarise(log).makespan_s / 3600 * 2.0
    for by in (lambda end: end.job.queue or "none", lambda end: end.job.user or "none"):
        lines = showback(log, 2.0, by).values()
        assert sum(line.useful_usd + line.lost_usd for line in lines) == pytest.approx(whole_usd, rel=1e-6)
