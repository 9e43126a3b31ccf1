"""What befalls nodes, by hand: detection, blast, spares, windows, coming and going; and services beside training."""

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.cluster import simulate_cluster
from simulator.engine.cluster_calendar import bought, sold, spot, window
from simulator.engine.cluster_faults import drawn_outages
from simulator.engine.cluster_meters import Meters
from simulator.engine.cluster_rules import Outage, Rules
from simulator.foundation.streams import generator
from simulator.reliability.attempt import Cycle
from simulator.reliability.causes import Cause
from simulator.scheduling.job import Job
from simulator.scheduling.nodes import NodePool
from simulator.scheduling.placement import PLACEMENTS
from simulator.scheduling.policies import make_policy
from simulator.scheduling.services import instances
from simulator.scheduling.state import PlacedState

LONG = Job("a", 0, 8, 100, 100)


def run(jobs, outages=(), policy="fcfs", nodes=2, **options):
    state = PlacedState(NodePool([4] * nodes, PLACEMENTS["consolidated"]()))
    return simulate_cluster(
        jobs, make_policy(policy), state, outages=outages, keep_stays=True, meters=Meters(), **options
    )


def closes(log):
    """Tell whether the ledger has every unit-second from the first submission to the last end."""
    span_s = max(end.end_s for end in log.ends) - min(end.job.submit_s for end in log.ends)
    return sum(log.ledger_unit_s.values()) == pytest.approx(log.capacity * span_s, rel=1e-9)


def test_a_hanging_gang_holds_its_units_until_somebody_knows():
    log = run([LONG], [Outage(40, 15, 0, cause="nccl", detection_s=10)], rules=Rules(cycle=Cycle(work_s=30)))
    end = log.ends[0]  # 30 kept at 40, hangs to 50, node back at 55, 70 left
    assert (end.end_s, end.held_s, end.lost_s, end.stops) == (125, 120, 20, 1)
    assert log.stops_by_cause == {"nccl": 1}
    assert log.ledger_unit_s == {
        ("productive", "none"): 800, ("wasted_progress", "nccl"): 80, ("detection_latency", "nccl"): 80,
        ("idle", "none"): 4 * 5, ("out_of_service", "nccl"): 4 * 5,
    }  # fmt: skip


def test_a_fault_of_software_stops_the_job_and_leaves_the_node():
    log = run([LONG], [Outage(40, 0, 1, cause="bug")])
    assert [(stay.start_s, stay.end_s) for stay in log.stays] == [(0, 40), (40, 140)]


def test_a_job_that_would_end_while_it_hangs_does_not():
    log = run([LONG], [Outage(99, 0, 1, detection_s=10)], rules=Rules(cycle=Cycle(work_s=90)))
    assert log.ends[0].end_s == 109 + 10


def test_a_hanging_job_that_gets_notice_keeps_only_what_it_had():
    low, high = Job("a", 0, 8, 100, 100), Job("b", 60, 8, 10, 10, priority=1)
    log = run([low, high], [Outage(50, 0, 0, cause="x", detection_s=100)], "priority-preempt", rules=Rules(grace_s=5))
    assert [(end.start_s, end.end_s) for end in log.ends] == [(0, 175), (65, 75)]
    assert log.stops_by_cause == {"x": 1}
    assert closes(log)


def test_a_rack_fails_together_and_a_gang_on_it_stops_once():
    log = run([Job("a", 0, 16, 100, 100)], [Outage(10, 5, node, cause="pdu") for node in range(3)], nodes=4)
    assert (log.ends[0].stops, log.ends[0].end_s) == (1, 115)
    rack = Cause(name="pdu", rate_per_node_s=1e-3, nodes_lost=1, repair_s=9, domain="rack", domain_nodes=4)
    drawn = drawn_outages(10, [rack], from_s=0, rng=generator(1, "outages"))
    first = [next(drawn) for _ in range(2)]
    assert first[0].start_s == first[1].start_s
    assert first[0].node // 4 == first[1].node // 4


def test_causes_strike_in_proportion_to_their_rates():
    causes = [Cause(name=name, rate_per_node_s=rate) for name, rate in (("a", 3e-3), ("b", 1e-3))]
    drawn = drawn_outages(5, causes, from_s=0, rng=generator(2, "outages"))
    faults = [next(drawn) for _ in range(4000)]
    assert sum(fault.cause == "a" for fault in faults) == pytest.approx(3000, abs=4 * (4000 * 3 / 16) ** 0.5)
    assert faults[-1].start_s == pytest.approx(4000 / 0.02, rel=4 / 4000**0.5)


def test_a_spare_serves_in_the_place_of_a_failed_node_which_becomes_the_spare():
    jobs = [Job("a", 0, 8, 100, 100), Job("b", 0, 12, 10, 10)]
    outages = [Outage(40, 30, 0), Outage(80, 1000, 1)]
    log = run(jobs[:1], outages, nodes=3, spares=[2], rules=Rules(cycle=Cycle(work_s=10)))
    # back at once on nodes 1 and 2; then node 0, repaired, replaces node 1
    assert [(stay.start_s, stay.end_s, stay.nodes) for stay in log.stays] == [
        (0, 40, (0, 1)), (40, 80, (1, 2)), (80, 100, (0, 2)),
    ]  # fmt: skip
    assert closes(log)
    with pytest.raises(RuntimeError, match="never started"):  # spares are no room for a larger job
        run(jobs, [Outage(5, 1, 0)], nodes=3, spares=[2], policy="easy")


def test_without_spares_left_the_repair_is_waited_for():
    outages = [Outage(10, 50, 0), Outage(20, 100, 1)]
    log = run([LONG], outages, nodes=3, spares=[2], rules=Rules(cycle=Cycle(work_s=1)))
    assert [(stay.start_s, stay.end_s) for stay in log.stays] == [(0, 10), (10, 20), (60, 140)]
    assert log.waits_s["a"] == {"outage": 40}


def test_a_window_is_drained_before_it_begins_and_those_still_there_get_notice():
    jobs = [Job("a", 0, 4, 50, 50), Job("b", 0, 4, 20, 20), Job("c", 15, 4, 10, 10)]
    log = run(jobs, window([0, 1], 30, 40, drain_s=10))
    assert [end.end_s for end in log.ends] == [90, 20, 80]  # c finds the drained node closed
    assert log.stops_by_cause == {"maintenance": 1}
    assert log.waits_s["c"] == {"capacity": 5, "outage": 50}
    assert log.out_unit_s("maintenance") == 4 * 10 + 8 * 40
    assert closes(log)


def test_nodes_are_bought_and_sold():
    log = run([LONG, Job("b", 100, 4, 200, 200)], sorted([*bought([1], 50, from_s=0), *sold([0], 170)]))
    assert [end.start_s for end in log.ends] == [50, 150]
    assert log.stays[-1].nodes == (1,)
    assert log.stops_by_cause == {"absent": 1}  # it began on node 0, and moved when that was sold
    assert log.out_unit_s("absent") == 4 * 50 + 4 * (350 - 170)


def test_a_spot_market_reclaims_its_nodes_with_notice():
    outages = spot([1], [(30, 0), (90, 1)])
    log = run([LONG], outages, rules=Rules(grace_s=2, recovery_s=1))
    assert (log.ends[0].stops, log.ends[0].end_s) == (1, 90 + 1 + 70)
    assert log.ledger_unit_s["notice", "spot"] == 16
    assert closes(log)
    assert [outage.duration_s for outage in spot([0, 1], [(5, 1)])] == [inf]


@pytest.mark.parametrize(
    "wrong",
    [lambda: spot([0], [(1, 2)]), lambda: window([0], 5, 0), lambda: window([0], 5, 1, drain_s=-1),
     lambda: Rules(limit_s=0), lambda: next(drawn_outages(0, [], from_s=0, rng=generator(0, "x")))],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=r"expected|a window lasts"):
        wrong()


def test_services_take_units_for_a_time_and_lose_nothing():
    demand = [(0, 1), (50, 2), (80, 0)]
    services = instances("s", demand, 80, size=4, queue=None, priority=9)
    training = Job("t", 10, 4, 100, 100)
    log = run([services[0], training, services[1]], policy="priority-preempt", rules=Rules(recovery_s=3))
    assert [(end.start_s, end.end_s) for end in log.ends] == [(0, 80), (10, 80 + 3 + 60), (50, 80)]
    assert log.stops_by_cause == {"preemption": 1}
    struck = run(services[:1], [Outage(20, 30, 0), Outage(20, 30, 1)], rules=Rules(recovery_s=3)).ends[0]
    assert (struck.held_s, struck.lost_s, struck.end_s, struck.killed) == (50, 3, 80, False)


def test_a_service_that_finds_no_room_leaves_when_its_time_is_over():
    log = run([LONG, Job("s", 10, 4, 30, 30, until_s=40), Job("z", 20, 4, 5, 5, after="s")])
    assert [(end.start_s, end.end_s, end.held_s) for end in log.ends] == [(0, 100, 100), (40, 40, 0), (100, 105, 5)]
    assert log.waits_s == {"s": {"capacity": 30}, "z": {"dependency": 20, "capacity": 60}}


def test_a_limit_kills_whoever_is_longer():
    log = run([LONG._replace(estimate_s=500), Job("b", 0, 4, 30, 30)], rules=Rules(limit_s=60))
    assert [(end.end_s, end.killed, end.lost_s) for end in log.ends] == [(60, True, 0), (90, False, 0)]


@pytest.mark.no_cover
def test_a_cluster_that_can_never_run_a_job_again_says_so():
    endless = (Outage(at, 10, 1) for at in range(5, 10**9, 5))
    with pytest.raises(RuntimeError, match="could start"):
        run([LONG], endless)


POLICIES = ["fcfs", "easy", "conservative", "depth-k", "priority-preempt", "quota:r=4,b=8", "srtf",
            "las:threshold_unit_s=50", "max-min", "fair-share"]  # fmt: skip


@st.composite
def everything(draw):
    """Draw jobs and services, failures of all kinds, a window, rules and spares."""
    submits = sorted(draw(st.lists(st.integers(0, 60), min_size=1, max_size=10)))
    jobs = []
    for at, submit_s in enumerate(submits):
        run_s = draw(st.integers(1, 40))
        service = draw(st.integers(0, 4)) == 0
        jobs.append(
            Job(at, submit_s, draw(st.integers(1, 8)), run_s, run_s if service else run_s + draw(st.integers(0, 9)),
                priority=draw(st.integers(0, 2)), queue=draw(st.sampled_from("rb")), user=draw(st.sampled_from("xy")),
                until_s=submit_s + run_s if service else None, preemptible=draw(st.integers(0, 3)) > 0,
                after=draw(st.one_of(st.none(), st.integers(0, at - 1))) if at and not service else None)
        )  # fmt: skip
    outages = [
        Outage(start_s, draw(st.sampled_from([0, 5, 20])), draw(st.integers(0, 2)), noticed=draw(st.booleans()),
               cause=draw(st.sampled_from(["nic", "bug"])), detection_s=draw(st.sampled_from([0, 0, 4])))
        for start_s in draw(st.lists(st.integers(0, 120), max_size=6))
    ]  # fmt: skip
    outages += window([draw(st.integers(0, 2))], 50, 10, drain_s=draw(st.sampled_from([0, 15])))
    rules = Rules(
        overrun=draw(st.sampled_from(["extend", "kill", "any-moment"])),
        requeue=draw(st.sampled_from(["original", "head", "tail"])),
        grace_s=draw(st.sampled_from([0, 3])),
        keep_on_notice=draw(st.booleans()),
        cycle=draw(st.sampled_from([None, Cycle(work_s=8, write_s=1), Cycle(work_s=5, write_s=1, flush_s=2)])),
        recovery_s=draw(st.sampled_from([0, 2])),
        limit_s=draw(st.sampled_from([None, 25])),
    )
    return jobs, sorted(outages), rules, draw(st.sampled_from([[], [2]]))


@pytest.mark.parametrize("policy", POLICIES)
@given(drawn=everything())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_whatever_happens_no_job_is_lost_and_every_second_is_accounted_for(policy, drawn):
    jobs, outages, rules, spares = drawn
    log = run(jobs, outages, policy, nodes=3, rules=rules, spares=spares)
    assert [end.job for end in log.ends] == jobs
    assert closes(log)
    held = dict.fromkeys(range(len(jobs)), 0)
    for stay in log.stays:
        held[stay.job_id] += stay.end_s - stay.start_s
        assert stay.size == jobs[stay.job_id].size
        assert stay.size <= 4 * len(stay.nodes)
    for end in log.ends:
        job = end.job
        assert end.held_s == pytest.approx(held[job.job_id], abs=1e-9)
        waited_s = sum(log.waits_s.get(job.job_id, {}).values())
        assert waited_s == pytest.approx(end.end_s - job.submit_s - end.held_s, abs=1e-9)
        useful_s = end.held_s - end.lost_s
        if job.until_s is None:
            wanted_s = min(job.run_s, rules.limit_s or inf, job.estimate_s if rules.overrun == "kill" else inf)
            assert useful_s == pytest.approx(wanted_s, abs=1e-9)
        else:
            assert 0 <= useful_s <= job.run_s
    useful = sum((end.held_s - end.lost_s) * end.job.size for end in log.ends)
    assert log.ledger_unit_s.get(("productive", "none"), 0) == pytest.approx(useful, abs=1e-6)
