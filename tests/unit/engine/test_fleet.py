"""Runs told node by node: who is struck, who goes, who comes, and what it costs, against ledgers made by hand."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.engine.simulate import RunHeader, simulate
from simulator.engine.timeline import UnfinishableError
from simulator.records import ListSink
from simulator.reliability.attempt import Cycle
from simulator.reliability.causes import Cause
from simulator.reliability.fleet import ByHand, Diagnosis, Fleet, Lemons, Mending, Reserve, Retirement, Shop
from simulator.reliability.laws import Gamma, Lognormal, Trace, Weibull
from simulator.reliability.recovery import Recovery
from simulator.scenario.values import Scenario
from tests import factories

CONSTANT = Shop(manual=Mending(mean_s=50.0, law="constant"))
BACK = Recovery(swap_s=3.0, initialization_s=4.0, restore_s=6.0)


def lived(scenario: Scenario, replica: int = 0) -> tuple[RunHeader, dict[str, float]]:
    """Return the header and the books in machine-seconds by phase, after the ledger has been seen to close."""
    sink = ListSink()
    header = simulate(scenario, replica, sink=sink)
    books: dict[str, float] = {}
    for record in sink.records:
        books[record.phase] = books.get(record.phase, 0.0) + record.duration_s * record.accelerators
    spares = (scenario.recovery.spares or 0) * scenario.accelerators_per_node
    machines = zip(scenario.stages, header.stage_s, strict=True)
    whole_s = sum((stage.accelerators + spares) * length_s for stage, length_s in machines)
    assert sum(books.values()) == pytest.approx(whole_s, rel=1e-9)
    assert min(books.values()) >= 0
    return header, books


def replay(times: Sequence[float], units: Sequence[int], **given: Any) -> Cause:
    """Return a cause that strikes units at instants of exposed time."""
    law = Trace(mean_s=1.0, times=tuple(times), units=tuple(units))
    return factories.cause(1.0, law=law, **{"nodes_lost": 1, "detection_s": 2.0, **given})


def run(
    causes: Sequence[Cause], fleet: Fleet, *, work_s: float = 100.0, nodes: int = 4, recovery: Recovery = BACK,
    **given: Any,
) -> Scenario:  # fmt: skip
    stage = factories.stage(work_s, nodes=nodes, accelerators=1, cycle=Cycle(work_s=20.0))
    spares = fleet.warm.nodes + fleet.cold.nodes
    return factories.scenario([stage], causes, replace(recovery, spares=spares), fleet=fleet, **given)


# by hand --------------------------------------------------------------------------------------------------------------


def test_a_stop_and_a_spare() -> None:
    """Struck at 10 s of 100: detection 2, swap 3, initialization 4, restore 6, and 10 s of work again."""
    header, books = lived(run([replay([10], [0])], Fleet(cold=Reserve(nodes=1, swap_s=3.0), shop=CONSTANT)))
    assert header.wall_s == 125.0
    assert books == {
        "wasted_progress": 10.0, "detection_latency": 2.0, "infrastructure_recovery": 3.0, "idle_spare": 125.0,
        "accelerator_initialization": 4.0, "checkpoint_restore": 6.0, "productive": 100.0,
    }  # fmt: skip


def test_a_wait_for_repair() -> None:
    """No spare: known at 12, mended at 62, and in place 3 s later."""
    _, books = lived(run([replay([10], [0])], Fleet(cold=Reserve(swap_s=0.0), shop=CONSTANT)))
    assert books["spare_wait"] == 50.0


def test_clocks_stand_still_while_the_job_is_not_exposed() -> None:
    """Exposure A: strikes at 10 and 33 s of exposed time. The way back is exposed from the swap at 15 s on."""
    found = run([replay([10, 33], [0, 1])], Fleet(cold=Reserve(nodes=2, swap_s=3.0), shop=CONSTANT))
    sink = ListSink()
    simulate(found, sink=sink)
    lost = [record.start_s + record.duration_s for record in sink.records if record.phase == "wasted_progress"]
    assert lost == [10.0, 38.0]
    behind = replace(found, recovery=replace(found.recovery, exposure="B"))
    sink = ListSink()
    simulate(behind, sink=sink)
    lost = [record.start_s + record.duration_s for record in sink.records if record.phase == "wasted_progress"]
    assert lost == [10.0, 48.0]


def test_exposure_c_strikes_the_way_back() -> None:
    """At 10 s and, while the node is replaced, at 13 s: two stops, and detection begins anew."""
    recovery = replace(BACK, exposure="C")
    _, books = lived(
        run([replay([10, 13], [0, 1])], Fleet(cold=Reserve(nodes=2, swap_s=3.0), shop=CONSTANT), recovery=recovery)
    )
    assert books["detection_latency"] == 4.0
    assert books["infrastructure_recovery"] == 1.0 + 3.0
    assert books["wasted_progress"] == 10.0


def test_a_domain_takes_all_its_nodes() -> None:
    """A rack of three under a job of six with two spares: one is waited for."""
    strike = replay([10], [1], domain="rack", domain_nodes=3)
    _, books = lived(run([strike], Fleet(cold=Reserve(nodes=2), shop=CONSTANT), nodes=6))
    assert books["spare_wait"] == 50.0
    _, books = lived(run([strike], Fleet(cold=Reserve(nodes=3), shop=CONSTANT), nodes=6))
    assert "spare_wait" not in books


def test_a_domain_without_nodes_of_the_job_stops_nothing_but_takes_the_spares_in_it() -> None:
    """The spares 6 and 7 go with their rack at 5 s, so that the stop at 10 s waits until one is back at 55 s."""
    causes = [
        replay([5], [2], name="rack", domain="rack", domain_nodes=3),
        replay([10], [0], name="host"),
    ]
    header, books = lived(run(causes, Fleet(cold=Reserve(nodes=2), shop=CONSTANT), nodes=6))
    assert header.stops == {"rack": 0, "host": 1}
    assert books["spare_wait"] == 55.0 - 12.0


def test_the_cluster_goes_and_comes_back() -> None:
    """Every node is lost, and every node is mended at once."""
    strike = replay([10], [0], domain="cluster", domain_nodes=4)
    _, books = lived(run([strike], Fleet(cold=Reserve(nodes=1), shop=CONSTANT)))
    assert books["spare_wait"] == 50.0


def test_several_hosts_at_once() -> None:
    """A cause that loses five hosts takes the neighbours of the one that it strikes."""
    _, books = lived(run([replay([10], [3], nodes_lost=5)], Fleet(cold=Reserve(nodes=4), shop=CONSTANT), nodes=6))
    assert books["spare_wait"] == 50.0
    _, books = lived(run([replay([10], [3], nodes_lost=5)], Fleet(cold=Reserve(nodes=5), shop=CONSTANT), nodes=6))
    assert "spare_wait" not in books


def test_spares_are_taken_warm_cold_preemptible_and_hosts_are_selected_anew() -> None:
    """Three stops: a warm spare at once; a cold one after host selection, which warms up another; then that one."""
    fleet = Fleet(
        warm=Reserve(nodes=1, swap_s=1.0), cold=Reserve(nodes=2, swap_s=5.0), preemptible=Reserve(nodes=1, swap_s=9.0),
        host_selection_s=20.0, shop=Shop(manual=Mending(mean_s=1e6, law="constant")),
    )  # fmt: skip
    stops = [10.0, 20.0, 30.0, 40.0]
    swaps = [1.0, 25.0, 1.0, 29.0]
    for count in range(1, 5):
        _, books = lived(run([replay(stops[:count], range(count))], fleet, nodes=8))
        assert books["infrastructure_recovery"] == pytest.approx(sum(swaps[:count]), rel=1e-12)


def test_hot_spares_fail_and_nobody_notices() -> None:
    """The spare, node 4, fails at 5 s and is back at 55 s; the job's own stop at 10 s waits for it."""
    fleet = Fleet(cold=Reserve(nodes=1, fails=True), shop=CONSTANT)
    header, books = lived(run([replay([5, 10], [4, 0])], fleet))
    assert header.interruptions == 1
    assert books["spare_wait"] == 55.0 - 12.0
    cold = run([replay([5, 10], [4, 0])], replace(fleet, cold=Reserve(nodes=1)))
    assert lived(cold)[0].interruptions == 2  # its life begins when it takes the place of node 0


def test_a_node_that_rests_between_stages_is_not_struck() -> None:
    """Four nodes, then two, then four: the strike on node 3 waits until it works again."""
    stages = [
        factories.stage(20.0, name=name, nodes=nodes, accelerators=nodes)
        for name, nodes in (("wide", 4), ("narrow", 2), ("wide-again", 4))
    ]
    fleet = Fleet(cold=Reserve(nodes=1), shop=CONSTANT)
    found = factories.scenario(stages, [replay([30], [3], nodes_lost=0)], Recovery(spares=1), fleet=fleet)
    sink = ListSink()
    simulate(found, sink=sink)
    lost = [record for record in sink.records if record.phase == "wasted_progress"]
    assert [(record.subject, record.start_s + record.duration_s) for record in lost] == [("wide-again", 50.0)]


def test_an_undiagnosed_fault_leaves_the_node_in_the_job() -> None:
    fleet = Fleet(diagnosis=Diagnosis(misses=1.0), shop=CONSTANT)
    header, books = lived(run([replay([10, 20, 30], [0, 0, 0])], fleet, recovery=Recovery(exposure="A")))
    assert header.interruptions == 3
    assert "spare_wait" not in books


def test_a_wrong_diagnosis_takes_out_a_healthy_node() -> None:
    """Node 0 strikes again and again, although a node was taken out each time."""
    fleet = Fleet(diagnosis=Diagnosis(blames_wrong=1.0), cold=Reserve(nodes=3), shop=CONSTANT)
    header, books = lived(run([replay([10, 20, 30], [0, 0, 0])], fleet))
    assert header.interruptions == 3
    assert "spare_wait" not in books
    right = replace(fleet, diagnosis=Diagnosis())
    assert lived(run([replay([10, 20, 30], [0, 0, 0])], right))[0].interruptions == 1  # it is away for 50 s


def test_retirement_for_good() -> None:
    """A node that failed twice within its window is gone, and the job waits for none."""
    shop = Shop(manual=Mending(mean_s=0.0, law="constant"))
    fleet = Fleet(shop=shop, retirement=Retirement(failures=2, window_s=1e6))
    recovery = Recovery(exposure="A")
    with pytest.raises(UnfinishableError, match="none is left that could come"):
        lived(run([replay([10, 20], [0, 0], detection_s=0.0)], fleet, recovery=recovery))
    longer = replace(fleet, retirement=Retirement(failures=2, window_s=5.0))
    assert lived(run([replay([10, 20], [0, 0])], longer, recovery=recovery))[0].interruptions == 2
    bought = replace(fleet, retirement=Retirement(failures=2, window_s=1e6, replacement_s=70.0))
    _, books = lived(run([replay([10, 20], [0, 0])], bought, recovery=recovery))
    assert books["spare_wait"] == 70.0


def test_an_endless_run_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.engine.fleet.MOST_STRIKES", 50)
    with pytest.raises(UnfinishableError, match="gets nothing done"):
        lived(run([factories.cause(1.0)], Fleet(), work_s=1000.0))


def test_people_restart_a_share_of_the_stops() -> None:
    """Half of the stops, 30 s each on the mean: the way back is longer by that."""
    people = ByHand(share=0.5, time=Mending(mean_s=30.0, law="lognormal", shape=1.0))
    fleet = Fleet(ample=True, by_hand=people)
    recovery = Recovery(exposure="B")
    found = run([factories.cause(1e-2)], fleet, work_s=1e4, nodes=4, recovery=recovery)
    header, books = lived(found)
    assert header.interruptions > 400
    assert books["infrastructure_recovery"] / header.interruptions == pytest.approx(15.0, rel=0.3)
    always = replace(found, fleet=replace(fleet, by_hand=ByHand(share=1.0, time=Mending(mean_s=30.0, law="constant"))))
    header, books = lived(always)
    assert books["infrastructure_recovery"] == pytest.approx(30.0 * header.interruptions)


# by chance ------------------------------------------------------------------------------------------------------------


@pytest.mark.no_cover
def test_lemons_are_mended_one_by_one() -> None:
    """Share 0.2 of 500 nodes, ten times as often, each repair mends: about 100 failures more than without them."""
    work_s, rate = 2e6, 1e-6
    recovery, shop = Recovery(exposure="B"), Shop(manual=Mending(mean_s=0.0, law="constant"))
    fault = factories.cause(rate, nodes_lost=1)
    plain = run([fault], Fleet(shop=shop), work_s=work_s, nodes=500, recovery=recovery)
    lemons = replace(plain, fleet=Fleet(shop=shop, lemons=Lemons(share=0.2, multiple=10.0)))
    never = replace(
        plain, fleet=Fleet(shop=Shop(manual=Mending(mean_s=0.0, law="constant", mends=0.0)),
                           lemons=Lemons(share=0.2, multiple=10.0)),
    )  # fmt: skip
    counts = [sum(lived(each, replica)[0].interruptions for replica in range(8)) / 8 for each in (plain, lemons, never)]
    assert counts[0] == pytest.approx(1000, rel=0.04)
    assert counts[1] - counts[0] == pytest.approx(100 * 0.9, abs=40)  # a lemon fails once, 9 tenths of it extra
    assert counts[2] == pytest.approx(1000 * Lemons(share=0.2, multiple=10.0).factor, rel=0.06)


def test_hosts_by_history_meet_fewer_lemons() -> None:
    """Where repair mends nothing, taking the spare with the fewest failures leaves the lemons outside."""
    shop = Shop(manual=Mending(mean_s=1.0, law="constant", mends=0.0))
    fleet = Fleet(lemons=Lemons(share=0.2, multiple=30.0), cold=Reserve(nodes=60), shop=shop, selection="random")
    found = run([factories.cause(1e-6, nodes_lost=1)], fleet, work_s=2e6, nodes=100, recovery=Recovery())
    by_history = replace(found, fleet=replace(fleet, selection="history"))
    counts = [sum(lived(each, replica)[0].interruptions for replica in range(5)) for each in (found, by_history)]
    assert counts[1] < 0.8 * counts[0]


def test_a_score_halves_with_time() -> None:
    rule = Retirement(failures=1.5, window_s=10.0, decays=True)
    assert rule.score([0.0, 10.0], 10.0) == 1.5
    assert rule.score([0.0, 11.0], 11.0) < 1.5


def test_the_same_seed_gives_the_same_run() -> None:
    found = random_fleet(Random(5))
    assert lived(found, 3) == lived(found, 3)
    assert lived(found, 3) != lived(found, 4)


def random_fleet(rng: Random) -> Scenario:
    """Make a scenario with a fleet that ends."""
    nodes, mean_s = rng.randint(1, 30), 10 ** rng.uniform(3.5, 5.0)
    laws = [None, Weibull(mean_s=mean_s, shape=rng.uniform(0.5, 3.0)), Gamma(mean_s=mean_s, shape=rng.uniform(0.5, 3)),
            Lognormal(mean_s=mean_s, sigma=rng.uniform(0.3, 1.5))]  # fmt: skip
    causes = []
    for number in range(rng.randint(1, 3)):
        size = rng.choice([1, 1, 2, 4, nodes])
        law = rng.choice(laws)
        causes.append(
            factories.cause(
                1.0 / (mean_s * size), name=f"cause-{number}", law=law, domain="host" if size == 1 else "rack",
                domain_nodes=size, age=rng.choice(["fresh", "equilibrium", mean_s / 3.0]),
                nodes_lost=rng.choice([0, 1, 1, 2]), detection_s=rng.uniform(0, 50), repair_s=rng.uniform(0, 500),
                repair_law=rng.choice(["constant", "exponential"]),
            )
        )  # fmt: skip
    fleet = Fleet(
        lemons=rng.choice([None, Lemons(share=0.3, multiple=3.0)]),
        warm=Reserve(nodes=rng.randint(0, 2), swap_s=rng.uniform(0, 9), fails=rng.random() < 0.5),
        cold=Reserve(nodes=rng.randint(0, 3), swap_s=rng.uniform(0, 30)),
        preemptible=Reserve(nodes=rng.randint(0, 2), swap_s=rng.uniform(0, 90)),
        ample=rng.random() < 0.2,
        host_selection_s=rng.choice([0.0, 20.0]),
        selection=rng.choice(["first", "random", "history"]),
        shop=rng.choice([
            Shop(),
            Shop(automatic=Mending(mean_s=50.0, crews=2, mends=0.7), manual=Mending(mean_s=200.0, mends=0.8, crews=1),
                 manual_share=0.5, relapse=2.0, requalification_s=9.0, requalification_finds=0.5),
        ]),
        diagnosis=rng.choice([Diagnosis(), Diagnosis(misses=0.1, blames_wrong=0.2)]),
        retirement=rng.choice([None, Retirement(failures=3, window_s=1e4, replacement_s=500.0)]),
    )  # fmt: skip
    widths = [rng.randint(1, nodes) for _ in range(rng.randint(0, 2))]
    stages = [
        factories.stage(10 ** rng.uniform(2.5, 3.5), name=f"stage-{number}", nodes=width, accelerators=2 * width,
                        cycle=Cycle(work_s=200.0, write_s=rng.uniform(0, 20)), reenters=number > 0)
        for number, width in enumerate([*widths, nodes])
    ]  # fmt: skip
    recovery = Recovery(
        exposure=rng.choice(["A", "B"] if len(causes) > 1 else ["A", "B", "C"]), initialization_s=rng.uniform(0, 30),
        restore_s=rng.uniform(0, 30), startup_s=rng.uniform(0, 30),
        spares=None if fleet.ample else fleet.warm.nodes + fleet.cold.nodes,
    )  # fmt: skip
    return factories.scenario(stages, causes, recovery, fleet=fleet, seed=rng.randrange(2**32), accelerators_per_node=2)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(rng=st.randoms(use_true_random=True))
def test_every_ledger_closes(rng: Random) -> None:
    """Whatever the rules: the books sum to wall times machines, and nothing is negative (asserted in `lived`)."""
    header, books = lived(random_fleet(rng), rng.randrange(3000))
    assert header.wall_s > 0
    assert books["productive"] > 0
