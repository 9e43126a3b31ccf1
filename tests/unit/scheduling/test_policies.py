"""What each policy is for, on workloads small enough to check by hand."""

import math

import pytest

from simulator.engine.cluster import simulate_cluster
from simulator.engine.cluster_rules import Rules
from simulator.scheduling.job import Job
from simulator.scheduling.policies import QUEUE_POLICIES, make_policy
from simulator.scheduling.priority import Multifactor
from simulator.scheduling.state import ClusterState, Stay
from simulator.scheduling.usage import DecayedUsage


def starts(jobs, policy, capacity=4, **options):
    log = simulate_cluster(jobs, make_policy(policy), ClusterState(capacity), **options)
    return [end.start_s for end in log.ends]


def ends(jobs, policy, capacity=4, **options):
    log = simulate_cluster(jobs, make_policy(policy), ClusterState(capacity), **options)
    return [end.end_s for end in log.ends]


FIRST = Job(0, 0, 4, 10, 10)  # fills the cluster until 10


def test_orders():
    jobs = [FIRST, Job(1, 1, 4, 5, 5), Job(2, 2, 4, 3, 3), Job(3, 3, 3, 9, 9)]
    assert starts(jobs, "fcfs") == [0, 10, 15, 18]
    assert starts(jobs, "sjf") == [0, 13, 10, 18]
    assert starts(jobs, "ljf") == [0, 19, 24, 10]
    assert starts(jobs, "smallest-area") == [0, 13, 10, 18]


def test_sjf_by_oracle_knows_what_the_estimate_hides():
    jobs = [FIRST, Job(1, 1, 4, 9, 20), Job(2, 2, 4, 5, 30)]
    assert (starts(jobs, "sjf"), starts(jobs, "sjf-oracle")) == ([0, 10, 19], [0, 15, 10])


def test_a_blocked_head_is_not_skipped_without_backfilling():
    jobs = [Job(0, 0, 3, 10, 10), Job(1, 1, 2, 5, 5), Job(2, 2, 1, 5, 5)]
    assert starts(jobs, "fcfs") == [0, 10, 10]
    assert starts(jobs, "easy") == [0, 10, 2]


def test_easy_shares_the_surplus():
    """One unit is left over when the head starts at 10: one of two long jobs may use it."""
    jobs = [Job(0, 0, 4, 10, 10), Job(1, 1, 5, 5, 5), Job(2, 2, 1, 50, 50), Job(3, 3, 1, 50, 50)]
    assert starts(jobs, "easy", capacity=6) == [0, 10, 2, 15]


def test_easy_sjbf_takes_the_shorter_candidate():
    jobs = [Job(0, 0, 3, 10, 10), Job(1, 1, 4, 5, 5), Job(2, 2, 1, 8, 8), Job(3, 2, 1, 4, 4)]
    assert (starts(jobs, "easy")[2:], starts(jobs, "easy-sjbf")[2:]) == ([2, 15], [15, 2])


def test_conservative_protects_those_in_the_middle():
    """EASY lets the last job delay the second in line, which has no reservation; conservative does not."""
    jobs = [Job(0, 0, 2, 10, 10), Job(1, 1, 3, 10, 10), Job(2, 2, 4, 5, 5), Job(3, 3, 1, 40, 40)]
    assert starts(jobs, "easy") == [0, 10, 43, 3]
    assert starts(jobs, "depth-k:k=1") == [0, 10, 43, 3]
    assert starts(jobs, "conservative") == [0, 10, 20, 25]
    assert starts(jobs, "depth-k:k=2") == [0, 10, 20, 25]


def test_conservative_compresses_when_a_job_ends_early():
    jobs = [Job(0, 0, 4, 10, 100), Job(1, 1, 4, 5, 5), Job(2, 2, 2, 5, 5)]
    assert starts(jobs, "conservative") == [0, 10, 15]


def test_conservative_starts_at_a_reservation_at_which_nothing_else_happens():
    """Job 3 leaves its place before job 2, which does not move: when 2's time comes, no job ends."""
    jobs = [Job(0, 0, 3, 6, 20), Job(1, 0, 1, 30, 30), Job(2, 1, 4, 5, 5), Job(3, 2, 3, 9, 9)]
    assert starts(jobs, "conservative") == [0, 0, 30, 6]


def test_priority_goes_first_and_age_overtakes_it():
    jobs = [FIRST, Job(1, 1, 4, 5, 5, priority=0), Job(2, 5, 4, 5, 5, priority=1)]
    assert starts(jobs, "priority") == [0, 15, 10]
    assert starts(jobs, "priority:max_age_s=9,age=3000") == [0, 10, 15]


def test_fair_share_serves_who_used_little():
    jobs = [
        Job(0, 0, 4, 10, 10, user="ann"),
        Job(1, 1, 4, 5, 5, user="ann"),
        Job(2, 2, 4, 5, 5, user="bob"),
        Job(3, 3, 4, 5, 5, user="ann"),
    ]
    assert starts(jobs, "fair-share") == [0, 15, 10, 20]
    assert starts(jobs, "fair-share:ann=100,bob=1")[1:3] == [15, 10]  # bob still has used nothing
    late = [jobs[0], jobs[1], jobs[3], jobs[2]._replace(submit_s=11)]
    assert starts(late, "fair-share") == [0, 10, 20, 15]


def test_usage_decays_by_half_lives():
    """Ann's early use is forgotten by the time both wait, so bob's recent use weighs more."""
    jobs = [
        Job(0, 0, 4, 20, 20, user="ann"),
        Job(1, 100, 4, 10, 10, user="bob"),
        Job(2, 101, 4, 5, 5, user="bob"),
        Job(3, 102, 4, 5, 5, user="ann"),
    ]
    assert starts(jobs, "fair-share:half_life_s=10,age=0") == [0, 100, 115, 110]
    assert starts(jobs, "fair-share:half_life_s=1e9,age=0") == [0, 100, 110, 115]


def test_preemption_by_priority_with_and_without_notice():
    jobs = [Job(0, 0, 2, 10, 10), Job(1, 1, 2, 10, 10), Job(2, 4, 2, 5, 5, priority=1)]
    assert starts(jobs, "priority") == [0, 1, 10]
    assert ends(jobs, "priority-preempt") == [
        10,
        16,
        9,
    ]  # job 1 started last: it leaves at 4 and does its last 7 s from 9
    assert ends(jobs, "priority-preempt", rules=Rules(grace_s=2)) == [10, 17, 11]  # kept what it had done by the notice
    lost = Rules(keep_on_notice=False)
    assert ends(jobs, "priority-preempt", rules=lost) == [10, 19, 9]


@pytest.mark.parametrize("policy", ["priority-preempt", "tiers:red=1", "quota:red=12", "over-quota:red=12,blue=0"])
def test_who_fits_alone_but_not_beside_those_in_front_evicts_in_the_same_instant(policy):
    low = Job(0, 0, 2, 9, 9, queue="blue")
    high = [Job(at, 1, 4, 5, 5, queue="red", priority=1) for at in range(1, 4)]
    log = simulate_cluster([low, *high], make_policy(policy), ClusterState(12))
    assert [(end.start_s, end.stops) for end in log.ends] == [(0, 1), (1, 0), (1, 0), (1, 0)]


def test_nobody_is_evicted_in_vain():
    jobs = [Job(0, 0, 2, 10, 10, priority=1), Job(1, 0, 2, 10, 10), Job(2, 4, 4, 5, 5, priority=1)]
    assert ends(jobs, "priority-preempt") == [10, 10, 15]


def test_shortest_remaining_time():
    jobs = [Job(0, 0, 4, 10, 10), Job(1, 2, 4, 3, 3), Job(2, 3, 4, 9, 9)]
    assert ends(jobs, "srtf") == [13, 5, 22]


def test_least_attained_service_moves_long_jobs_back():
    jobs = [Job(0, 0, 4, 10, 10), Job(1, 1, 4, 3, 3)]
    assert ends(jobs, "las:threshold_unit_s=20") == [13, 8]  # after 5 s on 4 units
    assert ends(jobs, "las:threshold_unit_s=1000") == [10, 13]


def test_max_min_levels_the_users():
    jobs = [Job(at, 0, 1, 10, 10, user="ann") for at in range(6)] + [Job(6, 1, 1, 10, 10, user="bob"),
                                                                    Job(7, 1, 1, 10, 10, user="bob")]  # fmt: skip
    assert starts(jobs, "max-min") == [0, 0, 0, 0, 10, 10, 10, 10]
    assert starts(jobs, "fcfs")[6:] == [10, 10]


def test_quota_lends_and_reclaims():
    jobs = [
        Job(0, 0, 2, 10, 10, queue="red"),
        Job(1, 1, 2, 10, 10, queue="red"),  # borrows what blue leaves idle
        Job(2, 4, 2, 5, 5, queue="blue"),
    ]
    assert ends(jobs, "quota:red=2,blue=2") == [10, 16, 9]
    assert ends(jobs, "quota:red=2,blue=2,reclaim=0") == [10, 11, 15]
    assert starts(jobs, "quota:red=2,blue=2,borrow=0") == [0, 10, 4]


def test_why_and_options():
    assert make_policy("quota").why(FIRST) == "quota"
    with pytest.raises(ValueError, match="expected name=number, found 'k'"):
        make_policy("depth-k:k")
    with pytest.raises(ValueError, match="depth-k:z=1"):
        make_policy("depth-k:z=1")
    with pytest.raises(ValueError, match="at least 1"):
        make_policy("depth-k:k=0")
    with pytest.raises(KeyError, match="did you mean 'easy'"):
        make_policy("eazy")


def test_a_policy_of_your_own_needs_one_method():
    class WidestFirst:
        def starts(self, queue, cluster, _):
            for job in sorted(queue, key=lambda job: -job.size):
                if cluster.fits(job):
                    yield job

    jobs = [FIRST, Job(1, 1, 1, 5, 5), Job(2, 2, 4, 5, 5)]
    assert [end.start_s for end in simulate_cluster(jobs, WidestFirst(), ClusterState(4)).ends] == [0, 15, 10]
    assert "easy" in QUEUE_POLICIES


def test_half_of_a_use_is_forgotten_after_a_half_life() -> None:
    """Two units for 100 s, a half-life: 2 (1 - 1/2) 100 / ln 2 = 144.3 unit-seconds, and half of that 100 s later."""
    usage = DecayedUsage(lambda stay: stay.job.user or "", half_life_s=100.0)
    usage.add([Stay(100.0, 1, 2, 0.0, Job(1, 0, 2, 100, 100, user="ann"), None)], now_s=100.0)
    assert usage.at("ann", 100.0) == pytest.approx(100.0 / math.log(2))
    assert usage.at("ann", 200.0) == pytest.approx(50.0 / math.log(2))


def test_age_stops_to_count_at_its_limit() -> None:
    """At 100 both have waited 10 s or more, which is as old as one gets: the priority decides, and not the 90 s."""
    jobs = [Job("runs", 0, 1, 100, 100), Job("old", 1, 1, 10, 10), Job("dear", 90, 1, 10, 10, priority=1.5)]
    log = simulate_cluster(jobs, Multifactor(priority=1, age=1, max_age_s=10), ClusterState(1))
    assert [end.start_s for end in log.ends] == [0, 110, 100]


def test_fairness_is_the_use_over_the_share_among_all_shares() -> None:
    """Ann used everything on 3 of 4 shares: 2^(-4/3) = 0.397, and 0.5 of priority, against Bob's 1."""
    jobs = [Job("runs", 0, 1, 100, 100, user="ann"), Job("ann's", 1, 1, 10, 10, user="ann", priority=0.5),
            Job("bob's", 2, 1, 10, 10, user="bob")]  # fmt: skip
    log = simulate_cluster(jobs, Multifactor(priority=1, age=0, fair=1, ann=3), ClusterState(1))
    assert [end.start_s for end in log.ends] == [0, 110, 100]


def test_a_queue_borrows_beyond_its_own_units():
    """Red owns 2 of 4 and may borrow 1: its third unit starts at once, the fourth when one is back."""
    jobs = [Job(0, 0, 2, 10, 10, queue="red"), Job(1, 0, 1, 20, 20, queue="red"), Job(2, 0, 1, 5, 5, queue="red")]
    assert starts(jobs, "quota:red=2,blue=2,borrow=1") == [0, 0, 10]
