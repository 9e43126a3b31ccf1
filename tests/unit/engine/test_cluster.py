"""Stops and what they cost: failures, notice, requeueing, dependencies, refusals."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.cluster import simulate_cluster
from simulator.engine.cluster_meters import Meters
from simulator.engine.cluster_rules import Outage, Rules
from simulator.reliability.attempt import Cycle
from simulator.scheduling.job import Job
from simulator.scheduling.placement import PLACEMENTS, NodePool
from simulator.scheduling.policies import make_policy
from simulator.scheduling.state import ClusterState, PlacedState


def nodes(count=2, units=4, rule="consolidated"):
    return PlacedState(NodePool([units] * count, PLACEMENTS[rule]()))


def run(jobs, outages=(), state=None, policy="fcfs", **options):
    return simulate_cluster(jobs, make_policy(policy), state or nodes(), outages=outages, keep_stays=True, **options)


LONG = Job("a", 0, 8, 100, 100)


def test_a_failed_member_stops_the_gang_and_all_work_since_the_last_save_is_lost():
    rules = Rules(cycle=Cycle(work_s=20, write_s=5), recovery_s=3)
    end = run([LONG], [Outage(65, 10, 1)], rules=rules).ends[0]
    # two saves are usable at 65, so 40 is kept; back at 75: 3 recovery, 60 left in three stretches with two saves
    assert (end.start_s, end.end_s, end.stops) == (0, 75 + 3 + 60 + 10, 1)
    assert (end.held_s, end.lost_s) == (65 + 73, 65 + 73 - 100)


def test_without_saves_everything_is_lost():
    end = run([LONG], [Outage(99, 1, 0)]).ends[0]
    assert (end.end_s, end.held_s, end.lost_s) == (200, 199, 99)


def test_work_that_ends_as_the_failure_strikes_counts():
    log = run([LONG], [Outage(100, 5, 0)])
    assert (log.ends[0].end_s, log.ends[0].stops) == (100, 0)


def test_a_failure_spares_the_gangs_on_other_nodes():
    log = run([Job("a", 0, 4, 50, 50), Job("b", 0, 4, 50, 50)], [Outage(20, 10, 1)])
    assert [(end.end_s, end.stops) for end in log.ends] == [(50, 0), (80, 1)]


def test_a_drained_node_lets_its_job_end_and_takes_no_other():
    jobs = [Job("a", 0, 8, 50, 50), Job("b", 1, 8, 10, 10), Job("c", 2, 4, 10, 10)]
    log = run(jobs, [Outage(20, 100, 0, drained=True)], policy="easy")
    assert [(end.start_s, end.stops) for end in log.ends] == [(0, 0), (120, 0), (50, 0)]


def test_overlapping_outages_of_a_node_end_with_the_last():
    log = run([Job("a", 0, 8, 10, 10)], [Outage(5, 10, 0), Outage(8, 30, 0)])
    assert log.ends[0].end_s == 48


@pytest.mark.parametrize(
    ("requeue", "ends"), [("original", [40, 50, 60]), ("head", [40, 50, 60]), ("tail", [60, 40, 50])]
)
def test_where_a_stopped_job_joins_the_queue(requeue, ends):
    jobs = [Job("a", 0, 8, 10, 10), Job("b", 1, 8, 10, 10), Job("c", 2, 8, 10, 10)]
    log = run(jobs, [Outage(5, 25, 0)], rules=Rules(requeue=requeue))
    assert [end.end_s for end in log.ends] == ends


def test_dependencies_wait_and_are_explained():
    jobs = [Job("a", 0, 4, 30, 30), Job("b", 1, 4, 5, 5, after="a"), Job("c", 2, 4, 5, 5, after="not in the log")]
    log = run(jobs, meters=Meters())
    assert [end.start_s for end in log.ends] == [0, 30, 2]
    assert log.waits_s == {"b": {"dependency": 29}}


def test_reasons_name_outage_and_reservation():
    jobs = [Job("a", 0, 4, 50, 50), Job("b", 1, 8, 5, 5), Job("c", 2, 4, 100, 100)]
    log = run(jobs, policy="easy", meters=Meters())
    assert log.waits_s == {"b": {"capacity": 49}, "c": {"reservation": 48, "capacity": 5}}
    down = run([Job("a", 0, 8, 5, 5)], [Outage(0, 20, 0)], meters=Meters())
    assert down.waits_s == {"a": {"outage": 20}}


def test_idle_stranded_and_down_units_are_integrated():
    jobs = [Job("a", 0, 2, 10, 10), Job("b", 20, 8, 10, 10)]
    log = run(jobs, [Outage(12, 3, 0)], meters=Meters())
    assert (log.idle_unit_s, log.stranded_unit_s, log.out_unit_s()) == (6 * 10 + 8 * 10 - 4 * 3, 2 * 10, 4 * 3)


@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        ([Job(1, 5, 1, 1, 1), Job(2, 4, 1, 1, 1)], "not in order"),
        ([Job(1, 5, 1, 1, 1), Job(1, 5, 1, 1, 1)], "there twice"),
        ([Job(1, 5, 9, 1, 1)], "never fits"),
    ],
)
def test_what_cannot_run_is_refused(jobs, said):
    with pytest.raises(ValueError, match=said):
        simulate_cluster(jobs, make_policy("fcfs"), ClusterState(8))


def test_jobs_that_come_after_each_other_are_named():
    jobs = [Job("a", 0, 1, 1, 1, after="b"), Job("b", 0, 1, 1, 1, after="a")]
    with pytest.raises(RuntimeError, match="2 jobs never started, the first is 'a'"):
        run(jobs)


def test_no_jobs_give_an_empty_log():
    assert run([]).ends == []


@st.composite
def troubles(draw):
    """Draw jobs, outages, and rules."""
    submits = sorted(draw(st.lists(st.integers(0, 60), min_size=1, max_size=12)))
    jobs = [
        Job(at, submit_s, draw(st.integers(1, 12)), run_s := draw(st.integers(1, 40)), run_s + draw(st.integers(0, 9)),
            priority=draw(st.integers(0, 2)), queue=draw(st.sampled_from("rb")))
        for at, submit_s in enumerate(submits)
    ]  # fmt: skip
    starts = sorted(draw(st.lists(st.integers(0, 150), max_size=6)))
    outages = [Outage(start_s, draw(st.integers(1, 30)), draw(st.integers(0, 2))) for start_s in starts]
    cycle = draw(st.sampled_from([None, Cycle(work_s=8, write_s=1), Cycle(work_s=5, write_s=1, flush_s=2)]))
    rules = Rules(
        requeue=draw(st.sampled_from(["original", "head", "tail"])),
        grace_s=draw(st.sampled_from([0, 3])),
        keep_on_notice=draw(st.booleans()),
        cycle=cycle,
        recovery_s=draw(st.sampled_from([0, 2])),
    )
    return jobs, outages, rules


@pytest.mark.parametrize(
    "policy", ["fcfs", "easy", "conservative", "priority-preempt", "quota:r=4,b=8", "srtf", "las:threshold_unit_s=50"]
)
@given(trouble=troubles())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_stops_lose_no_job_and_the_ledger_closes(policy, trouble):
    jobs, outages, rules = trouble
    state = nodes(3, 4)
    meters = Meters()
    log = run(jobs, outages, state, policy, rules=rules, meters=meters)
    assert [end.job for end in log.ends] == jobs
    held = dict.fromkeys(range(len(jobs)), 0)
    for stay in log.stays:
        held[stay.job_id] += stay.end_s - stay.start_s
        for outage in outages:  # nobody is on a broken node
            if outage.node in stay.nodes:
                assert stay.end_s <= outage.start_s or stay.start_s >= outage.start_s + outage.duration_s
    for end in log.ends:
        assert end.held_s == pytest.approx(held[end.job.job_id], abs=1e-9)
        assert end.held_s - end.lost_s == pytest.approx(end.job.run_s, abs=1e-9)
        waited_s = sum(log.waits_s.get(end.job.job_id, {}).values())
        assert waited_s == pytest.approx(end.end_s - end.job.submit_s - end.held_s, abs=1e-9)
    assert (state.pool.free_on, state.leaving) == ([4, 4, 4], {})


def test_the_least_remaining_time_has_the_least_mean_completion_on_one_unit():
    """Schrage 1968: with free preemption and exact estimates no other order ends jobs sooner on average."""

    @given(runs=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 20)), min_size=1, max_size=10))
    @settings(max_examples=60, deadline=None, derandomize=True)
    def holds(runs):
        jobs = [Job(at, submit_s, 1, run_s, run_s) for at, (submit_s, run_s) in enumerate(sorted(runs))]
        total = {
            policy: sum(end.end_s for end in simulate_cluster(jobs, make_policy(policy), ClusterState(1)).ends)
            for policy in ("srtf", "fcfs", "sjf", "easy", "las")
        }
        assert total["srtf"] == min(total.values())

    holds()
