"""The conformance kit of queue policies: what must hold for every policy, ours and yours.

Register your class, then call `conforms("your-name")` in a test; it raises an AssertionError with the smallest workload
that breaks a rule. What it does not ask for is a matter of the policy: promises, order, fairness.
"""

from collections import defaultdict

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from simulator.engine.cluster import simulate_cluster
from simulator.engine.cluster_log import ClusterLog
from simulator.engine.cluster_meters import Meters
from simulator.engine.cluster_rules import Outage, Rules
from simulator.reliability.attempt import Cycle
from simulator.scheduling.job import Job
from simulator.scheduling.nodes import NodePool
from simulator.scheduling.placement import PLACEMENTS
from simulator.scheduling.policies import make_policy
from simulator.scheduling.reservations import Gate, Reservation
from simulator.scheduling.state import ClusterState, PlacedState

CAPACITY = 12


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
                deadline_s=draw(st.one_of(st.none(), st.integers(0, 200))),
            )
        )
    return jobs


@st.composite
def troubles(draw):
    """Draw outages of three nodes, in order, and rules for those that they stop."""
    outages = [
        Outage(start_s, draw(st.sampled_from([0, 5, 20])), draw(st.integers(0, 2)), noticed=draw(st.booleans()),
               detection_s=draw(st.sampled_from([0, 4])))
        for start_s in sorted(draw(st.lists(st.integers(0, 120), max_size=5)))
    ]  # fmt: skip
    rules = Rules(
        grace_s=draw(st.sampled_from([0, 3])),
        keep_on_notice=draw(st.booleans()),
        cycle=draw(st.sampled_from([None, Cycle(work_s=8, write_s=1)])),
        recovery_s=draw(st.sampled_from([0, 2])),
    )
    return outages, rules


def run(jobs, policy, state=None, **options) -> ClusterLog:
    """Run a policy on interchangeable units, and keep every stay."""
    return simulate_cluster(jobs, make_policy(policy), state or ClusterState(CAPACITY), keep_stays=True, **options)


def three_nodes(rule="consolidated"):
    """Return three nodes of four units."""
    return PlacedState(NodePool([4, 4, 4], PLACEMENTS[rule]()))


def peak(stays):
    """Return the largest number of units held at once; an end at an instant comes before a start."""
    changes = [(stay.start_s, 1, stay.size) for stay in stays] + [(stay.end_s, 0, -stay.size) for stay in stays]
    level = top = 0
    for _, _, change in sorted(changes):
        level += change
        top = max(top, level)
    return top


def runs_everything(policy, jobs):
    """Every job runs to its end within the capacity, as a whole gang, and its work is conserved."""
    log = run(jobs, policy)
    assert [end.job for end in log.ends] == jobs, "a job is lost"
    assert peak(log.stays) <= CAPACITY
    held = defaultdict(float)
    for stay in log.stays:
        held[stay.job_id] += stay.end_s - stay.start_s
        assert stay.size == jobs[stay.job_id].size, "a gang is not whole"
    for end in log.ends:
        assert end.start_s >= end.job.submit_s
        assert end.held_s - end.lost_s == end.job.run_s, "work is not conserved"
        assert end.held_s == held[end.job.job_id]


def ids_are_names(policy, jobs, names):
    """Other ids give the same schedule."""
    renamed = [job._replace(job_id=name) for job, name in zip(jobs, names, strict=True)]
    before, after = run(jobs, policy), run(renamed, policy)
    assert [(end.start_s, end.end_s) for end in before.ends] == [(end.start_s, end.end_s) for end in after.ends]


def a_shift_shifts(policy, jobs, shift):
    """Another zero of the clock gives the same schedule."""
    moved = [
        job._replace(
            submit_s=job.submit_s + shift, deadline_s=None if job.deadline_s is None else job.deadline_s + shift
        )
        for job in jobs
    ]
    assert [end.start_s + shift for end in run(jobs, policy).ends] == [end.start_s for end in run(moved, policy).ends]


def nodes_are_units(policy, jobs):
    """Nodes of one unit each are interchangeable units."""
    nodes = PlacedState(NodePool([1] * CAPACITY, PLACEMENTS["first-fit"]()))
    assert [end.start_s for end in run(jobs, policy, nodes).ends] == [end.start_s for end in run(jobs, policy).ends]


def accounts_for_everything(policy, jobs, outages, rules):
    """With failures, notices and saves no job is lost, every wait has its reasons, and the ledger closes."""
    state, meters = three_nodes(), Meters()
    log = run(jobs, policy, state, outages=outages, rules=rules, meters=meters)
    assert [end.job for end in log.ends] == jobs, "a job is lost"
    assert state.pool.free_on == [4, 4, 4]
    for end in log.ends:
        assert end.held_s - end.lost_s == pytest.approx(end.job.run_s, abs=1e-9)
        waited_s = sum(log.waits_s.get(end.job.job_id, {}).values())
        assert waited_s == pytest.approx(end.end_s - end.job.submit_s - end.held_s, abs=1e-9)
    span_s = max(end.end_s for end in log.ends) - min(job.submit_s for job in jobs)
    assert sum(log.ledger_unit_s.values()) == pytest.approx(CAPACITY * span_s, rel=1e-9)


def leaves_reservations_alone(policy, jobs):
    """Whoever is not of a reservation leaves it its units, and whoever is starts in its time."""
    state = ClusterState(CAPACITY)
    state.gate = Gate([Reservation(queue="launch", start_s=30, end_s=60, units=8)])
    launch = Job(len(jobs), 20, 8, 20, 25, queue="launch")
    everybody = sorted([*jobs, launch], key=lambda job: job.submit_s)
    log = run(everybody, policy, state)
    others = [stay for stay in log.stays if stay.job_id != launch.job_id]
    for stay in others:
        if stay.start_s < 60 and stay.end_s > 30:
            assert stay.size <= CAPACITY - 8 or stay.start_s >= 50
    by_id = {end.job.job_id: end for end in log.ends}
    assert by_id[launch.job_id].start_s == 30


def conforms(policy, *, examples=40, shrink=True):
    """Run the whole kit on a policy, named as on the command line; without shrinking a failure tells less, sooner."""
    phases = [phase for phase in Phase if shrink or phase is not Phase.shrink]
    quick = settings(max_examples=examples, deadline=None, derandomize=True, phases=phases)
    quick(given(jobs=workloads())(lambda jobs: runs_everything(policy, jobs)))()
    quick(given(jobs=workloads())(lambda jobs: nodes_are_units(policy, jobs)))()

    @quick
    @given(jobs=workloads(), shift=st.integers(-1000, 1000))
    def clock(jobs, shift):
        a_shift_shifts(policy, jobs, shift)

    @quick
    @given(jobs=workloads(), data=st.data())
    def names(jobs, data):
        ids_are_names(policy, jobs, data.draw(st.permutations(range(len(jobs)))))

    @quick
    @given(jobs=workloads(), trouble=troubles())
    def books(jobs, trouble):
        accounts_for_everything(policy, jobs, *trouble)

    clock()
    names()
    books()
