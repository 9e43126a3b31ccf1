"""The speed of a gang follows its placement, by the throughput model's own ratio, and the closest is never slower."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.catalogue.reader import entry
from simulator.engine.cluster import simulate_cluster
from simulator.engine.cluster_meters import Meters
from simulator.engine.cluster_pace import Pace, links_on, step_s
from simulator.engine.cluster_rules import Outage, Rules
from simulator.reliability.attempt import Cycle
from simulator.scheduling.job import Job
from simulator.scheduling.layout import Layout
from simulator.scheduling.placement import NodePool, make_placement
from simulator.scheduling.policies import make_policy
from simulator.scheduling.pool import Place
from simulator.scheduling.span import Ruler, Span
from simulator.scheduling.state import PlacedState
from simulator.workload.architecture import architecture
from simulator.workload.placed import Tiers, TrainingWork
from simulator.workload.plan import Plan
from simulator.workload.prediction import predict
from simulator.workload.stacks import chip_of, fabric_of

LLAMA = architecture(entry("architectures", "llama-65b").values)
A100 = entry("accelerators", "a100-80gb")
WORK = TrainingWork(
    architecture=LLAMA, plan=Plan(tp=8, pp=2, dp=4), chip=chip_of(A100), fabric=fabric_of(A100), seq=2048,
    global_batch=64,
)  # fmt: skip
LAYOUT = Layout(units=[8] * 32, rack_nodes=4, pod_racks=4)
NARROW = Tiers(across_racks=2.0, across_pods=7.0)


def gang(size, job_id="run"):
    return Job(job_id, 0, size, 1, 1)


def test_the_ratio_is_that_of_the_throughput_model():
    """64 accelerators on 16 half-filled nodes over 4 racks, 2 to 1 between them: pieces of four on half the network."""
    pace = Pace(Ruler(LAYOUT), NARROW, {"run": WORK})
    scattered = Place(tuple(range(16)), (4,) * 16)
    kept = replace(WORK.fabric, scale_up_domain=8)
    cut = replace(WORK.fabric, scale_up_domain=4, nic_bytes_per_s=WORK.fabric.nic_bytes_per_s / 2)
    racks = replace(kept, nic_bytes_per_s=kept.nic_bytes_per_s / 2)  # 8 nodes fill two racks, so at best they cross too
    times_s = [
        float(
            predict(LLAMA, WORK.plan, WORK.chip, fabric, seq=2048, global_batch=64).step_time_s.p50
        ) for fabric in (racks, cut)
    ]  # fmt: skip
    assert pace.speed(gang(64), scattered) == times_s[0] / times_s[1]
    assert times_s[0] < times_s[1]


def test_pods_cost_more_than_racks_and_racks_more_than_none():
    small = replace(WORK, plan=Plan(tp=8, dp=4))
    one, racks, pods = (step_s(small, Span(32, 4, racks, pods), NARROW) for racks, pods in ((1, 1), (4, 1), (4, 2)))
    assert one < racks < pods
    assert step_s(small, Span(32, 4, 4, 2), Tiers()) == step_s(small, Span(32, 4, 1, 1), Tiers())


def test_an_nvl72_domain_keeps_wide_groups_on_fast_links():
    gb200 = entry("accelerators", "gb200")
    wide = TrainingWork(
        architecture=LLAMA, plan=Plan(tp=16, dp=4), chip=chip_of(gb200), fabric=fabric_of(gb200), seq=2048,
        global_batch=64,
    )  # fmt: skip
    tiers = Tiers(domain_is_rack=True)
    inside, halves, scattered = (Span(64, 16, racks, 1) for racks in (1, 2, 16))
    assert links_on(inside, tiers).together == 64
    assert step_s(wide, inside, tiers) < step_s(wide, halves, tiers) < step_s(wide, scattered, tiers)


def test_jobs_without_training_work_go_at_one():
    pace = Pace(Ruler(LAYOUT), NARROW, {"run": WORK})
    assert pace.speed(gang(64, "other"), Place(tuple(range(32)), (2,) * 32)) == 1
    closest = Place(tuple(range(8)), (8,) * 8)
    assert pace.speed(gang(64), closest) == 1


@given(data=st.data(), across=st.tuples(st.floats(1, 8), st.floats(1, 8)))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_closer_placement_is_never_slower(data, across):
    tiers = Tiers(across_racks=min(across), across_pods=max(across))
    ruler = Ruler(LAYOUT)
    pace = Pace(ruler, tiers, {"run": WORK})
    per_node = data.draw(st.sampled_from([1, 2, 4, 8]))
    nodes = data.draw(st.permutations(range(32)))[: min(64 // per_node, 32)]
    place = Place(tuple(nodes), (64 // len(nodes),) * len(nodes))
    closest = Place(tuple(range(8)), (8,) * 8)
    assert 0 < pace.speed(gang(64), place) <= pace.speed(gang(64), closest) == 1
    span, least = ruler.span(place), ruler.least(64)
    assert all(mine >= theirs for mine, theirs in zip(span, least, strict=True))


def test_oversubscription_that_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        Tiers(across_racks=0.5)
    with pytest.raises(ValueError, match="between pods"):
        Tiers(across_racks=3, across_pods=2)


class Steady:
    """Half speed on more than one node, full speed on one."""

    def speed(self, job, place):
        return 1.0 if len(place.nodes) == 1 else 0.5


def paced(jobs, rules=None, outages=(), rule="first-fit"):
    state = PlacedState(NodePool([8, 8], make_placement(rule)), Steady())
    meters = Meters()
    log = simulate_cluster(jobs, make_policy("easy"), state, rules=rules, outages=outages, meters=meters)
    assert math.fsum(log.ledger_unit_s.values()) == pytest.approx(16 * max(end.end_s for end in log.ends), rel=1e-12)
    return log


def test_the_engine_lets_a_scattered_job_take_longer_and_accounts_for_it():
    jobs = [Job("small", 0, 4, 1000, 1000), Job("run", 0, 8, 100, 100)]
    scattered, together = paced(jobs), paced(jobs, rule="consolidated")
    assert [(end.end_s, end.held_s, end.lost_s) for end in scattered.ends] == [(1000, 1000, 0), (200, 200, 100)]
    assert [(end.end_s, end.lost_s) for end in together.ends] == [(1000, 0), (100, 0)]
    assert scattered.ledger_unit_s["slow_placement", "none"] == 800
    assert ("slow_placement", "none") not in together.ledger_unit_s


def test_what_a_stopped_job_keeps_is_counted_at_its_speed():
    """At half speed 100 s between saves are 50 s of work: a failure at 150 s leaves 50 of 100 to do."""
    jobs = [Job("small", 0, 4, 1000, 1000), Job("run", 0, 8, 100, 100)]
    rules = Rules(cycle=Cycle(work_s=100.0, write_s=0.0))
    log = paced(jobs, rules, [Outage(150.0, 10.0, 1)])
    end = log.ends[1]
    assert (end.stops, end.end_s) == (1, 150 + 10 + 100)  # 10 s of repair, then 50 s of work at half speed
    assert end.held_s - end.lost_s == pytest.approx(100)
    assert log.ledger_unit_s["wasted_progress", "failure"] == 8 * 50
    assert log.ledger_unit_s["slow_placement", "none"] == pytest.approx(8 * 100)


def test_the_scheduler_believes_in_the_slower_end():
    """The promise to the blocked head counts with the speed that the running job got, so it is kept."""
    jobs = [Job("small", 0, 4, 1000, 1000), Job("run", 0, 8, 100, 100), Job("head", 1, 12, 10, 10)]
    log = paced(jobs)
    head = log.ends[2]
    assert head.promised_s == 200
    assert head.start_s == 200
