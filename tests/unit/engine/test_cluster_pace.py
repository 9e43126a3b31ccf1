"""The speed of a gang follows its placement, by the throughput model's own ratio, and the closest is never slower."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.catalogue.reader import entry
from simulator.engine.cluster_pace import Pace, links_on, step_s
from simulator.scheduling.job import Job
from simulator.scheduling.layout import Layout
from simulator.scheduling.span import Ruler, Span
from simulator.scheduling.state import Place
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
