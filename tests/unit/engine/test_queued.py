"""A run on a shared cluster waits, lives through the faults of a dedicated one, and goes as its placement allows."""

from dataclasses import replace

import numpy as np
import pytest

from simulator.engine.cluster_pace import step_s
from simulator.engine.queued import StarvedError, _kept, placement_speeds, start_delays_s, starts
from simulator.engine.run import run
from simulator.scenario.api import scenario
from simulator.scheduling.layout import Layout
from simulator.scheduling.span import Ruler, Span

SMALL = ["cluster.accelerators=256", "cluster.spares=2", "shared.accelerators=512", "shared.replications=3",
         "shared.busy=3 d"]  # fmt: skip


def small(*sets):
    return scenario("llama-65b-shared", [*SMALL, *sets])


def mean_delay_s(*sets):
    return np.mean([start.delay_s for start in starts(small(*sets, "shared.replications=8"))])


def test_the_start_waits_and_repeats():
    found = small()
    again = small()
    assert starts(found) == starts(again)
    delays_s = start_delays_s(found, range(1, 8))
    assert delays_s.tolist() == [starts(found)[replica % 3].delay_s for replica in range(1, 8)]
    assert min(delays_s) >= 0
    assert len(set(delays_s.tolist())) > 1


def test_pasts_that_others_lived_through_are_kept_here():
    """Else `compare` on two processes lives through each past of a shared cluster once for each scenario on it."""
    _kept.cache_clear()
    asked = []

    def others(function, pieces):
        asked.extend(pieces)
        return map(function, pieces)

    assert starts(small(), others) == starts(small(), others)
    assert asked == list(range(3))


def test_jobs_that_come_after_the_start_need_not_be_known(monkeypatch):
    found = starts(small())
    _kept.cache_clear()
    monkeypatch.setattr("simulator.engine.queued.SOON_S", min(start.delay_s for start in found))
    assert starts(small()) == found


def test_apart_from_the_wait_the_run_is_that_of_a_dedicated_cluster():
    dedicated = scenario("llama-65b", SMALL[:2])
    shared = small("recovery.swap=50 s")
    replicas = range(20)
    alone, queued = run(dedicated, replicas), run(shared, replicas)
    assert alone.start_delay_s is None
    assert np.array_equal(alone.wall_s, queued.wall_s)
    assert np.array_equal(alone.accelerator_s, queued.accelerator_s)
    assert queued.start_delay_s.shape == (20,)
    assert dedicated.fingerprint != shared.fingerprint


def test_a_busier_cluster_makes_it_wait_longer():
    delays_s = [mean_delay_s(f"shared.load={load}") for load in (0.3, 0.6, 0.9)]
    assert delays_s == sorted(delays_s)
    assert delays_s[0] < delays_s[2]


def test_the_policy_is_the_clusters_own():
    assert mean_delay_s("shared.policy=fcfs", "shared.load=0.7") != mean_delay_s("shared.load=0.7")


@pytest.mark.no_cover
def test_a_run_that_others_overtake_for_ever_is_told_so():
    with pytest.raises(StarvedError, match="choose a policy with reservations"):
        starts(small("shared.policy=srtf", "cluster.accelerators=496", "shared.load=0.95"))


def test_speed_follows_the_placement_on_a_narrow_network():
    narrow = small("shared.nodes_per_rack=4", "shared.across_racks=4", "shared.placement=spread")
    shared = narrow.shared
    assert shared.work is not None
    assert placement_speeds(small(), range(3)) is None  # a network without bottlenecks: nothing to predict
    speeds = placement_speeds(narrow, range(3))
    ruler = Ruler(Layout(units=[8] * 64, rack_nodes=4))
    least = ruler.least(34 * 8)
    possible = {
        step_s(shared.work, least, shared.tiers) / step_s(shared.work, Span(272, nodes, racks, 1), shared.tiers)
        for nodes in range(34, 65) for racks in range(9, 17)
    }  # fmt: skip
    assert set(speeds.tolist()) <= possible | {1.0}
    slow, fast = run(narrow, range(3)), run(replace(narrow, shared=replace(shared, work=None)), range(3))
    assert (slow.wall_s >= fast.wall_s).all()
    assert np.array_equal(slow.wall_s > fast.wall_s, speeds < 1)
    assert (speeds < 1).any()
