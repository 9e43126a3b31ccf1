"""EASY looks only at who is new while nothing changed; whoever starts is the same as if it looked at everybody."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.cluster import simulate_cluster
from simulator.engine.cluster_rules import Outage, Rules
from simulator.scheduling.backfill import Easy, EasySjbf
from simulator.scheduling.job import Job
from simulator.scheduling.layout import Layout
from simulator.scheduling.reservations import Gate, Reservation
from simulator.scheduling.state import ClusterState, PlacedState

UNITS = 8


class Forgetful(Easy):
    """EASY as the books have it: everybody is looked at in each pass."""

    remembers = False


class ForgetfulSjbf(EasySjbf):
    """The same with the shortest first."""

    remembers = False


@st.composite
def workloads(draw: st.DrawFn) -> list[Job]:
    """Draw jobs with gaps, ties, overruns, services and dependencies."""
    jobs, submit_s = [], 0
    for number in range(draw(st.integers(2, 40))):
        submit_s += draw(st.integers(0, 6))
        run_s = draw(st.integers(1, 30))
        until_s = submit_s + run_s if draw(st.integers(0, 9)) == 0 else None
        after = draw(st.integers(0, number - 1)) if number and draw(st.integers(0, 9)) == 0 else None
        size, estimate_s, queue = draw(st.integers(1, UNITS)), draw(st.integers(1, 40)), draw(st.sampled_from("ab"))
        jobs.append(Job(number, submit_s, size, run_s, estimate_s, queue=queue, until_s=until_s, after=after))
    return jobs


def starts(jobs: list[Job], policy: Easy, state: ClusterState, overrun: str, outages: list[Outage]) -> list[object]:
    """Return when each job started and ended, and what it was promised."""
    rules = Rules(overrun=overrun)
    log = simulate_cluster(jobs, policy, state, rules=rules, outages=outages)
    return [(end.start_s, end.end_s, end.promised_s, end.stops) for end in log.ends]


@given(workloads(), st.sampled_from(["extend", "kill", "any-moment"]), st.booleans())
def test_units(jobs: list[Job], overrun: str, reserved: bool) -> None:
    def state() -> ClusterState:
        empty = ClusterState(UNITS)
        if reserved:
            empty.gate = Gate([Reservation(queue="b", start_s=20, end_s=60, units=3)])
        return empty

    for ours, plain in ((Easy, Forgetful), (EasySjbf, ForgetfulSjbf)):
        assert starts(jobs, ours(), state(), overrun, []) == starts(jobs, plain(), state(), overrun, [])


@given(workloads(), st.lists(st.tuples(st.integers(0, 80), st.integers(1, 30), st.integers(0, 3)), max_size=6))
def test_nodes_that_fail(jobs: list[Job], failures: list[tuple[int, int, int]]) -> None:
    outages = sorted(Outage(start_s, duration_s, node) for start_s, duration_s, node in failures)

    def state() -> PlacedState:
        return PlacedState(Layout(units=[2] * (UNITS // 2)).pool("consolidated"))

    assert starts(jobs, Easy(), state(), "extend", outages) == starts(jobs, Forgetful(), state(), "extend", outages)
