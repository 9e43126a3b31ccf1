"""Tiers, queues in a tree, deadlines and reservations, by hand."""

import pytest

from simulator.engine.cluster import simulate_cluster
from simulator.engine.cluster_meters import Meters
from simulator.engine.cluster_rules import Rules
from simulator.scheduling.hierarchy import OverQuota
from simulator.scheduling.job import Job
from simulator.scheduling.policies import make_policy
from simulator.scheduling.reservations import Gate, Reservation
from simulator.scheduling.state import ClusterState


def run(jobs, policy, capacity=8, gate=None):
    state = ClusterState(capacity)
    state.gate = gate
    return simulate_cluster(jobs, make_policy(policy), state, meters=Meters())


def test_a_higher_tier_evicts_a_lower_one_whatever_the_priorities():
    jobs = [Job("a", 0, 8, 50, 50, queue="bronze", priority=9), Job("b", 10, 8, 10, 10, queue="gold")]
    log = run(jobs, "tiers:gold=2,bronze=1")
    assert [(end.start_s, end.end_s, end.stops) for end in log.ends] == [(0, 60, 1), (10, 20, 0)]
    assert [end.start_s for end in run(jobs, "tiers:gold=2,preempt=0").ends] == [0, 50]


def test_who_is_over_a_limit_waits_for_his_quota_and_blocks_nobody():
    jobs = [Job(at, 0, 4, 10, 10, queue="gold", user="ann") for at in range(2)] + [Job(2, 0, 4, 10, 10, queue="free")]
    log = run(jobs, "tiers:gold=1,gold.most=4")
    assert [end.start_s for end in log.ends] == [0, 10, 0]
    assert log.waits_s[1] == {"capacity": 10}  # the free job took the rest
    assert run(jobs[:2], "tiers:gold.user=4").waits_s == {1: {"quota": 10}}


def test_nobody_takes_the_room_that_others_are_under_notice_to_make():
    """Else the one it is made for would have to stop him in turn, and so on for ever."""
    jobs = [
        Job("victim", 0, 9, 40, 40, queue="blue", priority=1),
        Job("claimant", 10, 12, 10, 10, queue="blue", priority=2),
        Job("late", 11, 3, 20, 20, queue="blue"),
    ]
    log = simulate_cluster(jobs, make_policy("over-quota"), ClusterState(12), rules=Rules(grace_s=3))
    assert [(end.start_s, end.end_s) for end in log.ends] == [(0, 53), (13, 23), (23, 43)]


def test_nobody_is_stopped_for_one_whose_room_goes_to_somebody_in_front():
    jobs = [
        Job("b", 0, 4, 50, 50, queue="blue", priority=1),
        Job("r", 10, 5, 50, 50, queue="red", priority=1),
        Job("B", 10, 12, 10, 10, queue="blue", priority=2),
    ]
    log = run(jobs, "over-quota", capacity=12)
    assert [(end.start_s, end.stops) for end in log.ends] == [(0, 0), (10, 0), (60, 0)]


class EachAfterEach:
    """Stops whoever runs, each second, while somebody waits."""

    def stops(self, queue, cluster, now_s):
        return list(cluster.ends) if queue else ()

    def starts(self, queue, cluster, now_s):
        if queue and cluster.fits(queue[0]):
            yield queue[0]

    def wake_s(self, queue, cluster, now_s):
        return now_s + 1


def test_jobs_that_stop_each_other_for_ever_are_an_error_and_not_an_endless_run(monkeypatch):
    monkeypatch.setattr("simulator.engine.cluster_stops.MOST_IN_VAIN", 20)
    jobs = [Job(number, number, 8, 40, 40) for number in range(2)]
    with pytest.raises(RuntimeError, match="20 stops in a row"):
        simulate_cluster(jobs, EachAfterEach(), ClusterState(8), rules=Rules(grace_s=1, keep_on_notice=False))
    log = simulate_cluster(jobs, EachAfterEach(), ClusterState(8), rules=Rules(grace_s=1))
    assert sum(end.stops for end in log.ends) > 20  # each leaves some work behind


def test_shares_follow_quotas_then_weights_down_the_tree():
    policy = OverQuota(**{"a": 8, "b": 8, "a/x": 2, "a/y": 6, "b.weight": 3})
    shares = policy.shares({"a/x": 20, "a/y": 4, "b": 100}, 32)
    assert shares == pytest.approx({"a": 12, "b": 20, "a/x": 8, "a/y": 4})
    assert policy.shares({"b": 3}, 32) == {"b": 3}
    assert sum(OverQuota(a=30, b=10).shares({"a": 99, "b": 99}, 20).values()) == pytest.approx(20)


def test_idle_quota_is_lent_and_taken_back():
    jobs = [
        Job("r", 0, 8, 50, 50, queue="red"),
        Job("r2", 1, 4, 50, 50, queue="red"),
        Job("b", 5, 4, 10, 10, queue="blue"),
    ]
    log = run(jobs, "over-quota:red=8,blue=4", capacity=12)
    assert [(end.start_s, end.stops) for end in log.ends] == [(0, 0), (1, 1), (5, 0)]


def test_priority_evicts_within_a_queue_but_not_who_may_not_be_preempted():
    low = Job("low", 0, 8, 50, 50, queue="red")
    high = Job("high", 5, 8, 10, 10, queue="red", priority=1)
    assert [end.start_s for end in run([low, high], "over-quota:red=8").ends] == [0, 5]
    assert [end.start_s for end in run([low._replace(preemptible=False), high], "over-quota:red=8").ends] == [0, 50]


def test_who_may_not_be_preempted_borrows_nothing():
    jobs = [
        Job("a", 0, 4, 10, 10, queue="red", preemptible=False),
        Job("b", 1, 4, 10, 10, queue="red", preemptible=False),
    ]
    log = run(jobs, "over-quota:red=4")
    assert [end.start_s for end in log.ends] == [0, 10]
    assert log.waits_s["b"] == {"quota": 9}


def test_deadlines_set_the_order_and_who_has_none_comes_last():
    jobs = [
        Job(0, 0, 8, 5, 5),
        Job(1, 1, 8, 5, 5),
        Job(2, 2, 8, 5, 5, deadline_s=20),
        Job(3, 3, 8, 5, 5, deadline_s=15),
    ]
    assert [end.start_s for end in run(jobs, "edf").ends] == [0, 15, 10, 5]


@pytest.mark.parametrize("policy", ["fcfs", "easy", "conservative", "priority", "max-min", "over-quota"])
def test_a_reservation_is_kept_free_and_said_to_be_why(policy):
    gate = Gate([Reservation(queue="launch", start_s=20, end_s=60, units=6)])
    jobs = [Job("a", 0, 4, 40, 40), Job("l", 5, 6, 10, 10, queue="launch"), Job("s", 6, 2, 99, 99)]
    log = run(jobs, policy, gate=gate)
    assert [end.start_s for end in log.ends[:2]] == [60, 20]
    assert log.waits_s["a"]["reservation"] >= 30
    assert log.waits_s["l"] == {"reservation": 15}
    assert log.ends[2].start_s == (60 if policy == "fcfs" else 6)


@pytest.mark.parametrize("policy", ["quota:red=8", "over-quota:red=8"])
def test_a_job_that_ends_before_a_reservation_passes_one_like_it_that_does_not(policy):
    """Both want all eight units that six are reserved of from 20 on: 30 s do not fit in before it, 20 s do."""
    gate = Gate([Reservation(queue="launch", start_s=20, end_s=60, units=6)])
    jobs = [Job("long", 0, 8, 30, 30, queue="red"), Job("short", 0, 8, 20, 20, queue="red")]
    assert [end.start_s for end in run(jobs, policy, gate=gate).ends] == [60, 0]


@pytest.mark.parametrize("policy", ["priority-preempt:fair=1000000", "tiers:gold=1,fair=1000000"])
def test_nobody_is_evicted_for_one_whose_user_has_just_used_more_than_another(policy):
    """Ann's 200 unit-seconds end at 100, so that Bob goes first, fits into what she leaves, and evicts nobody."""
    jobs = [
        Job("ann", 0, 2, 100, 100, user="ann"),
        Job("low", 50, 2, 100, 100, user="cy"),
        Job("more", 100, 4, 10, 10, user="ann", queue="gold", priority=1),
        Job("bob", 100, 2, 100, 100, user="bob", queue="gold", priority=1),
    ]
    log = run(jobs, policy, capacity=4)
    assert [(end.start_s, end.stops) for end in log.ends] == [(0, 0), (50, 0), (200, 0), (100, 0)]


def test_jobs_of_a_reservation_that_is_over_are_jobs_like_others():
    gate = Gate([Reservation(queue="launch", start_s=20, end_s=30, units=6)])
    jobs = [Job("a", 0, 8, 50, 10), Job("l", 5, 6, 10, 10, queue="launch")]
    state = ClusterState(8)
    state.gate = gate
    log = simulate_cluster(jobs, make_policy("easy"), state, rules=Rules(overrun="any-moment"))
    assert [end.start_s for end in log.ends] == [0, 50]
    with pytest.raises(ValueError, match="ends after it starts"):
        Reservation(queue="x", start_s=5, end_s=5, units=1)


@pytest.mark.parametrize(
    "text", ["tiers:gold.least=3", "tiers:gold=-1", "over-quota:red=-1", "edf:k=1", "fair-share:ann=1e308,bob=1e308"]
)
def test_options_that_make_no_sense_are_refused(text):
    with pytest.raises(ValueError, match=r"limit|0 or more|edf|shares"):
        make_policy(text)
