"""What holds for every queue policy, ours and yours: add a policy to the registry and it is tested here."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.engine.cluster_meters import Meters
from simulator.engine.cluster_rules import Rules
from simulator.scheduling.job import Job
from simulator.scheduling.nodes import NodePool
from simulator.scheduling.placement import PLACEMENTS
from simulator.scheduling.policies import QUEUE_POLICIES
from simulator.scheduling.state import PlacedState
from tests.properties import queue_kit as kit
from tests.properties.queue_kit import CAPACITY, peak, run, three_nodes, troubles, workloads

POLICIES = sorted(QUEUE_POLICIES)
FIRM = ["easy", "easy-sjbf", "conservative", "depth-k:k=1"]  # no job starts after its first promise

BESIDE_EACH_OTHER = [  # the last three fit alone beside the first, and not together
    Job(0, 0, 2, 9, 9, queue="blue"),
    *(Job(at, 1, 4, 5, 5, queue="red", priority=2) for at in range(1, 4)),
]

every_policy = pytest.mark.parametrize("policy", POLICIES)
fast = settings(max_examples=40, deadline=None, derandomize=True)


@every_policy
@given(jobs=workloads())
@fast
def test_every_job_runs_to_its_end_within_the_capacity(policy, jobs):
    kit.runs_everything(policy, jobs)


@every_policy
@given(jobs=workloads(), trouble=troubles())
@fast
def test_stops_lose_no_job_and_every_second_has_its_reason(policy, jobs, trouble):
    kit.accounts_for_everything(policy, jobs, *trouble)


@every_policy
@given(jobs=workloads())
@fast
def test_reservations_are_left_alone(policy, jobs):
    kit.leaves_reservations_alone(policy, jobs)


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
    kit.ids_are_names(policy, jobs, data.draw(st.permutations(range(len(jobs)))))


@every_policy
@given(jobs=workloads(), shift=st.integers(-1000, 1000))
@fast
def test_a_shift_of_the_clock_shifts_the_schedule(policy, jobs, shift):
    kit.a_shift_shifts(policy, jobs, shift)


@every_policy
@given(jobs=workloads())
@fast
def test_nodes_of_one_unit_are_interchangeable_units(policy, jobs):
    kit.nodes_are_units(policy, jobs)


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
    log = run(jobs, policy, three_nodes())
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


@pytest.mark.parametrize(
    ("policy", "top"),
    [
        ("priority-preempt:age=0", lambda job: job.priority == 2),
        ("tiers:red=1,age=0,priority=0", lambda job: job.queue == "red"),
    ],
)
@given(jobs=workloads(longest=6))
@example(jobs=BESIDE_EACH_OTHER)
@settings(fast, max_examples=150)
def test_the_first_in_line_of_the_highest_waits_only_for_its_equals(policy, top, jobs):
    """Whenever it waits, it would not fit if all others were gone."""
    stays = run(jobs, policy).stays
    for now_s in {time_s for stay in stays for time_s in (stay.start_s, stay.end_s)}:
        running = {stay.job_id: stay.size for stay in stays if stay.start_s <= now_s < stay.end_s}
        later = {stay.job_id for stay in stays if stay.start_s > now_s}
        waiting = [job for job in jobs if job.submit_s <= now_s and job.job_id in later - set(running)]
        first = next(filter(top, waiting), None)
        if first is not None:
            assert first.size + sum(size for name, size in running.items() if top(jobs[name])) > CAPACITY


@given(jobs=workloads(largest=5), most=st.integers(5, 12), user=st.integers(5, 8), preempt=st.integers(0, 1))
@fast
def test_no_queue_and_no_user_goes_over_a_limit(jobs, most, user, preempt):
    log = run(jobs, f"tiers:red=1,red.most={most},blue.user={user},preempt={preempt}")
    job_of = {job.job_id: job for job in jobs}
    assert peak([stay for stay in log.stays if job_of[stay.job_id].queue == "red"]) <= most
    for name in ("ann", "bob", "cy"):
        own = [stay for stay in log.stays if job_of[stay.job_id][5:7] == (name, "blue")]
        assert peak(own) <= user


@given(jobs=workloads(largest=4), firm=st.lists(st.booleans(), min_size=25, max_size=25))
@fast
def test_jobs_that_may_not_be_preempted_stay_within_the_quota_and_are_not_stopped(jobs, firm):
    jobs = [job._replace(preemptible=not each) for job, each in zip(jobs, firm, strict=False)]
    log = run(jobs, "over-quota:red=5,blue=7,red.weight=2")
    for name, quota in (("red", 5), ("blue", 7)):
        fixed = {job.job_id for job in jobs if job.queue == name and not job.preemptible}
        assert peak([stay for stay in log.stays if stay.job_id in fixed]) <= quota
    assert all(end.job.preemptible or not end.stops for end in log.ends)


@pytest.mark.parametrize(
    "policy", ["priority-preempt", "quota:red=6,blue=6", "srtf", "las:threshold_unit_s=9", "tiers:red=1"]
)
@given(jobs=workloads())
@fast
def test_nobody_stops_who_may_not_be_stopped(policy, jobs):
    jobs = [job._replace(preemptible=job.job_id % 2 == 0) for job in jobs]
    assert all(end.job.preemptible or not end.stops for end in run(jobs, policy).ends)


@given(runs=st.lists(st.tuples(st.integers(1, 20), st.integers(1, 90)), min_size=1, max_size=8))
@fast
def test_earliest_deadline_has_the_least_largest_lateness(runs):
    """Jackson 1955: on one unit, all jobs at hand, no order is late by less at its worst."""
    jobs = [Job(at, 0, 1, run_s, run_s, deadline_s=due_s) for at, (run_s, due_s) in enumerate(runs)]
    worst = {
        policy: max(end.end_s - end.job.deadline_s for end in run(jobs, policy, kit.ClusterState(1)).ends)
        for policy in ("edf", "fcfs", "sjf", "ljf")
    }
    assert worst["edf"] == min(worst.values())


def test_the_policy_of_the_how_to_is_short_and_conforms():
    page = (Path(__file__).parents[2] / "docs/how-to/queue-policy.md").read_text(encoding="utf-8")
    code = page.split("```python\n# mine.py\n")[1].split("```")[0]
    assert len(code.splitlines()) < 20
    exec(code, {})
    kit.conforms("widest-first", examples=25)
    kit.conforms("widest-first:reverse=1", examples=10)


def test_the_kit_finds_a_policy_that_looks_at_ids():
    @QUEUE_POLICIES.register("by-id-of-the-tests")
    class ById:
        def starts(self, queue, cluster, now_s):
            for job in sorted(queue, key=lambda job: job.job_id):
                if not cluster.fits(job):
                    return
                yield job

    with pytest.raises(AssertionError):
        kit.conforms("by-id-of-the-tests", examples=25, shrink=False)
