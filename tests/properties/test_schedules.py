"""What holds for every queue policy, ours and yours: add a policy to the registry and it is tested here."""

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.cluster import simulate_cluster
from simulator.engine.cluster_log import ClusterLog
from simulator.engine.cluster_meters import Meters
from simulator.scheduling.job import Job
from simulator.scheduling.placement import PLACEMENTS, NodePool
from simulator.scheduling.policies import QUEUE_POLICIES, make_policy
from simulator.scheduling.state import ClusterState, PlacedState

CAPACITY = 12
POLICIES = sorted(QUEUE_POLICIES)
FIRM = ["easy", "easy-sjbf", "conservative", "depth-k:k=1"]  # no job starts after its first promise

every_policy = pytest.mark.parametrize("policy", POLICIES)
fast = settings(max_examples=40, deadline=None, derandomize=True)


@st.composite
def workloads(draw, *, largest=CAPACITY, longest=40):
    """Draw up to 25 jobs in order of submission, many at equal times, whose estimates are at least their run times."""
    submits = sorted(draw(st.lists(st.integers(0, 60), min_size=1, max_size=25)))
    jobs = []
    for number, submit_s in enumerate(submits):
        run_s = draw(st.integers(1, longest))
        jobs.append(
            Job(
                number,
                submit_s,
                draw(st.integers(1, largest)),
                run_s,
                run_s + draw(st.integers(0, 20)),
                user=draw(st.sampled_from(["ann", "bob", "cy"])),
                queue=draw(st.sampled_from(["red", "blue"])),
                priority=draw(st.integers(0, 2)),
            )
        )
    return jobs


def run(jobs, policy, state=None, **options) -> ClusterLog:
    return simulate_cluster(jobs, make_policy(policy), state or ClusterState(CAPACITY), keep_stays=True, **options)


def peak(stays):
    """Return the largest number of units held at once; an end at an instant comes before a start."""
    changes = [(stay.start_s, 1, stay.size) for stay in stays] + [(stay.end_s, 0, -stay.size) for stay in stays]
    level = top = 0
    for _, _, change in sorted(changes):
        level += change
        top = max(top, level)
    return top


@every_policy
@given(jobs=workloads())
@fast
def test_every_job_runs_to_its_end_within_the_capacity(policy, jobs):
    log = run(jobs, policy)
    assert [end.job for end in log.ends] == jobs  # no lost job
    assert peak(log.stays) <= CAPACITY
    for end in log.ends:
        assert end.start_s >= end.job.submit_s
        assert end.held_s - end.lost_s == end.job.run_s  # work is conserved
    held = defaultdict(float)
    for stay in log.stays:
        held[stay.job_id] += stay.end_s - stay.start_s
        assert stay.size == log.ends[stay.job_id].job.size  # gangs are whole
    assert held == {end.job.job_id: end.held_s for end in log.ends}


@pytest.mark.parametrize("policy", FIRM)
@given(jobs=workloads())
@fast
def test_no_job_starts_after_its_first_promise(policy, jobs):
    for end in run(jobs, policy).ends:
        assert end.promised_s is None or end.start_s <= end.promised_s


@every_policy
@given(jobs=workloads(), data=st.data())
@fast
def test_ids_are_only_names(policy, jobs, data):
    names = data.draw(st.permutations(range(len(jobs))))
    renamed = [job._replace(job_id=name) for job, name in zip(jobs, names, strict=True)]
    before, after = run(jobs, policy), run(renamed, policy)
    assert [(end.start_s, end.end_s) for end in before.ends] == [(end.start_s, end.end_s) for end in after.ends]


@every_policy
@given(jobs=workloads(), shift=st.integers(-1000, 1000))
@fast
def test_a_shift_of_the_clock_shifts_the_schedule(policy, jobs, shift):
    moved = [job._replace(submit_s=job.submit_s + shift) for job in jobs]
    assert [end.start_s + shift for end in run(jobs, policy).ends] == [end.start_s for end in run(moved, policy).ends]


@every_policy
@given(jobs=workloads())
@fast
def test_nodes_of_one_unit_are_interchangeable_units(policy, jobs):
    nodes = PlacedState(NodePool([1] * CAPACITY, PLACEMENTS["first-fit"]()))
    assert [end.start_s for end in run(jobs, policy, nodes).ends] == [end.start_s for end in run(jobs, policy).ends]


@pytest.mark.parametrize("placement", sorted(set(PLACEMENTS) - {"box", "slices"}))  # those two need a torus
@pytest.mark.parametrize("policy", ["fcfs", "easy", "conservative", "depth-k:k=2"])
@given(jobs=workloads())
@fast
def test_no_unit_of_a_node_is_held_twice(policy, placement, jobs):
    pool = NodePool([4, 4, 4], PLACEMENTS[placement](), racks=[0, 0, 1])
    meters = Meters()
    log = run(jobs, policy, PlacedState(pool), meters=meters)
    assert (pool.free, pool.free_on) == (12, [4, 4, 4])  # everything was given back, and take() refuses a second holder
    assert len(log.ends) == len(jobs)
    if placement not in ("first-fit", "best-fit", "spread"):
        assert all(len(stay.nodes) == -(-stay.size // 4) for stay in log.stays)
    for end in log.ends:  # every wait is explained, to the second
        assert sum(log.waits_s.get(end.job.job_id, {}).values()) == end.wait_s


@pytest.mark.parametrize("policy", ["easy", "easy-sjbf"])
@given(jobs=workloads())
@fast
def test_the_firm_promise_holds_on_nodes(policy, jobs):
    log = run(jobs, policy, PlacedState(NodePool([4, 4, 4], PLACEMENTS["consolidated"]())))
    for end in log.ends:
        assert end.promised_s is None or end.start_s <= end.promised_s


def reference_easy(jobs, capacity):
    """Return the starts of EASY by the definition: at each instant look at everything anew."""
    starts, pending = {}, list(jobs)
    times = {job.submit_s for job in jobs}
    while pending:
        now = min(times)
        times.discard(now)
        waiting = [job for job in pending if job.submit_s <= now]
        blocked, shadow, extra = None, None, None
        for job in waiting:
            running = [other for other in jobs if other.job_id in starts and starts[other.job_id] + other.run_s > now]
            free = capacity - sum(other.size for other in running)
            if blocked is None and job.size > free:
                blocked = job
                later = sorted({starts[other.job_id] + other.estimate_s for other in running})
                room = {t: free + sum(o.size for o in running if starts[o.job_id] + o.estimate_s <= t) for t in later}
                shadow = next(t for t in later if room[t] >= job.size)
                extra = room[shadow] - job.size
                continue
            fits = job.size <= free
            if blocked is not None and fits and now + job.estimate_s > shadow:
                fits = job.size <= extra
                extra -= job.size if fits else 0
            if fits:
                starts[job.job_id] = now
                pending.remove(job)
                times.add(now + job.run_s)
    return [starts[job.job_id] for job in jobs]


@given(jobs=workloads())
@fast
def test_easy_is_what_the_definition_says(jobs):
    wanted = reference_easy(jobs, CAPACITY)
    assert [end.start_s for end in run(jobs, "easy").ends] == wanted
    assert [end.start_s for end in run(jobs, "depth-k:k=1").ends] == wanted


@given(jobs=workloads())
@fast
def test_conservative_with_exact_estimates_delays_nobody_for_those_behind(jobs):
    """With exact estimates a reservation depends only on the jobs before it: cutting the log moves no start."""
    exact = [job._replace(estimate_s=job.run_s) for job in jobs]
    whole = run(exact, "conservative")
    half = run(exact[: len(exact) // 2 + 1], "conservative")
    assert [end.start_s for end in half.ends] == [end.start_s for end in whole.ends[: len(half.ends)]]


@pytest.mark.parametrize("overrun", ["extend", "kill", "any-moment"])
@every_policy
@given(jobs=workloads())
@fast
def test_overruns_lose_no_job(policy, overrun, jobs):
    from simulator.engine.cluster_rules import Rules

    short = [job._replace(estimate_s=max(job.run_s - 5, 1)) for job in jobs]
    log = run(short, policy, rules=Rules(overrun=overrun))
    assert peak(log.stays) <= CAPACITY
    assert log.overruns == sum(job.run_s > job.estimate_s for job in short)
    for end in log.ends:
        wanted = min(end.job.run_s, end.job.estimate_s) if overrun == "kill" else end.job.run_s
        assert end.held_s - end.lost_s == wanted
        assert end.killed == (overrun == "kill" and end.job.run_s > end.job.estimate_s)


@pytest.mark.parametrize("reclaim", [0, 1])
@given(jobs=workloads(largest=6), borrow=st.integers(0, 6))
@fast
def test_no_queue_holds_more_than_its_own_and_what_it_may_borrow(reclaim, borrow, jobs):
    log = run(jobs, f"quota:red=6,blue=6,borrow={borrow},reclaim={reclaim}")
    for name in ("red", "blue"):
        stays = [stay for stay in log.stays if log.ends[stay.job_id].job.queue == name]
        assert peak(stays) <= 6 + borrow


@given(jobs=workloads())
@fast
def test_the_highest_priority_waits_only_for_its_equals(jobs):
    """With preemption, what lower priorities do does not change when the highest start."""
    log = run(jobs, "priority-preempt:age=0")
    top = [job for job in jobs if job.priority == 2]
    alone = {end.job.job_id: end.start_s for end in run(top, "priority-preempt:age=0").ends} if top else {}
    assert {end.job.job_id: end.start_s for end in log.ends if end.job.priority == 2} == alone
