"""What a scenario says of single nodes: values, what follows from them, and what is refused."""

import math
from pathlib import Path

import pytest

from simulator.engine.run import choose, simulate_all
from simulator.foundation.issues import ScenarioError
from simulator.reliability.fleet import ByHand, Diagnosis, Fleet, Lemons, Mending, Reserve, Retirement, Shop
from simulator.reliability.hazard import Steps
from simulator.reliability.laws import Empirical, Lognormal, Piecewise, Trace, Weibull
from simulator.scenario.api import resolved_toml, scenario
from simulator.scenario.values import Scenario
from tests.closing import assert_closed

DAY_S, HOUR_S = 86400.0, 3600.0


def of(*sets: str) -> Scenario:
    return scenario("llama-65b", ["failures.catalogue=rsc-1", *sets])


def refused(*sets: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        of(*sets)
    return [f"{issue.path}: {issue.message}" for issue in caught.value.issues]


def test_a_law_has_the_mean_that_the_rate_says() -> None:
    run = of("failures.causes.hardware.law=weibull", "failures.causes.hardware.shape=0.8")
    (cause,) = run.causes
    assert cause.law == Weibull(mean_s=1.0 / cause.rate_per_node_s, shape=0.8)
    assert cause.rate_per_node_s * 1000 * DAY_S == pytest.approx(6.5)
    assert cause.age == "equilibrium"
    assert choose(run) == ("simulate", "nodes are told one by one: hardware follows a law with memory (weibull)")


def test_a_mean_says_the_rate() -> None:
    sets = ["failures.causes.wear.mean=154 d", "failures.causes.wear.law=lognormal", "failures.causes.wear.shape=1.2"]
    wear = of(*sets, "failures.causes.wear.age=30 d", "failures.rate_multiplier=2").causes[-1]
    assert wear.rate_per_node_s == pytest.approx(2.0 / (154 * DAY_S))
    assert isinstance(wear.law, Lognormal)
    assert wear.law.mean_s == pytest.approx(77 * DAY_S)
    assert wear.age == 30 * DAY_S


def test_a_domain_has_nodes() -> None:
    """Eight accelerators to a node: a domain of 72 is nine nodes; its mean is that of the domain."""
    nvl = of("failures.causes.fabric.mean=100 d", "failures.causes.fabric.domain=nvl72").causes[-1]
    assert nvl.domain_nodes == 9.0
    assert nvl.rate_per_node_s == pytest.approx(1.0 / (900 * DAY_S))
    gpu = of("failures.causes.hardware.domain=accelerator", "failures.causes.hardware.law=weibull",
             "failures.causes.hardware.shape=2").causes[0]  # fmt: skip
    assert gpu.domain_nodes == 0.125
    assert gpu.law is not None
    assert gpu.law.mean_s == pytest.approx(8.0 / gpu.rate_per_node_s)
    whole = of("failures.causes.hardware.domain=cluster").causes[0]
    assert whole.domain_nodes == 256.0
    stated = of("failures.causes.hardware.domain=power", "failures.causes.hardware.domain_nodes=20").causes[0]
    assert stated.domain_nodes == 20.0


def test_domains_of_a_system() -> None:
    for domain, nodes in (("cube", 16.0), ("rack", 16.0), ("pod", 1024.0)):
        run = scenario("palm-540b", ["cluster.system=tpu-v4-pod", f"failures.causes.host.domain={domain}"])
        assert run.causes[0].domain_nodes == nodes
        assert f"takes out a whole {domain}" in choose(run)[1]


def test_memoryless_hosts_stay_with_the_batch_engine() -> None:
    run = of("failures.causes.hardware.law=exponential", "failures.causes.hardware.domain=host")
    assert run.fleet is None
    assert run == of()
    assert run.fingerprint == of().fingerprint


def test_other_laws() -> None:
    burn_in = of("failures.causes.hardware.law=piecewise", 'failures.causes.hardware.ages=["0 d", "30 d"]',
                 "failures.causes.hardware.multiples=[3, 1]").causes[0]  # fmt: skip
    assert isinstance(burn_in.law, Piecewise)
    assert burn_in.law.ages == (0.0, 30 * DAY_S)
    seen = of("failures.causes.hardware.law=empirical", 'failures.causes.hardware.times=["1 d", "3 d"]').causes[0]
    assert isinstance(seen.law, Empirical)
    replay = of("failures.causes.log.law=trace", 'failures.causes.log.times=["2 h", "10 h"]').causes[-1]
    assert replay.law == Trace(mean_s=5 * HOUR_S * 256, times=(2 * HOUR_S, 10 * HOUR_S))


def test_rules_of_a_fleet() -> None:
    run = of(
        "cluster.spares=", "spares.warm.nodes=2", "spares.warm.fails=true", "spares.cold.nodes=3",
        "spares.cold.swap=5 min", "spares.preemptible.nodes=10", "spares.preemptible.swap=20 min",
        "spares.host_selection=3 min", "spares.selection=history", "failures.lemons.share=0.1",
        "failures.lemons.multiple=9", "failures.diagnosis.misses=0.1", "failures.diagnosis.blames_wrong=0.2",
        "repair.automatic.time=2 h", "repair.automatic.mends=0.6", "repair.automatic.crews=9",
        "repair.manual.time=2 d", "repair.manual.law=lognormal", "repair.manual.shape=1", "repair.manual_share=0.8",
        "repair.relapse=3", "repair.requalification=1 h", "repair.requalification_finds=0.9", "retirement.failures=3",
        "retirement.half_life=30 d", "retirement.replacement=14 d",
    )  # fmt: skip
    assert run.fleet == Fleet(
        lemons=Lemons(share=0.1, multiple=9.0),
        warm=Reserve(nodes=2, fails=True),
        cold=Reserve(nodes=3, swap_s=300.0),
        preemptible=Reserve(nodes=10, swap_s=1200.0),
        host_selection_s=180.0,
        selection="history",
        diagnosis=Diagnosis(misses=0.1, blames_wrong=0.2),
        shop=Shop(
            automatic=Mending(mean_s=2 * HOUR_S, mends=0.6, crews=9),
            manual=Mending(mean_s=2 * DAY_S, law="lognormal", shape=1.0),
            manual_share=0.8, relapse=3.0, requalification_s=HOUR_S, requalification_finds=0.9,
        ),
        retirement=Retirement(failures=3.0, window_s=30 * DAY_S, decays=True, replacement_s=14 * DAY_S),
    )  # fmt: skip
    assert run.recovery.spares == 5  # those that run other work are not billed


def test_plain_spares_under_rules() -> None:
    """`cluster.spares` are cold ones, put in place in `recovery.swap`; ample ones are at hand."""
    run = of("cluster.spares=4", "repair.manual.crews=2", "recovery.swap=90 s")
    assert run.fleet is not None
    assert (run.fleet.cold, run.fleet.ample, run.recovery.spares) == (Reserve(nodes=4, swap_s=90.0), False, 4)
    ample = of("cluster.spares=ample", "failures.lemons.share=0.1", "failures.lemons.multiple=2")
    assert ample.fleet is not None
    assert ample.fleet.ample


def test_maturity_and_people() -> None:
    ages = 'failures.maturity.ages=["0 d", "10 d"]'
    run = of(ages, "failures.maturity.multiples=[3, 1]")
    assert run.maturity == Steps((0.0, 10 * DAY_S), (3.0, 1.0))
    assert choose(run)[0] == "estimate"
    assert run.fingerprint != of().fingerprint
    people = of("recovery.by_hand.share=0.1", "recovery.by_hand.time=2 h").fleet
    assert people is not None
    assert people.by_hand == ByHand(share=0.1, time=Mending(mean_s=2 * HOUR_S))


def test_a_start_that_grows() -> None:
    """17 s on 16,384 accelerators and an exponent of 1.378 are 200 s on 98,000 (arXiv 2602.00277 through notes)."""
    sets = [
        "recovery.initialization=17 s",
        "recovery.initialization_at=16384",
        "recovery.initialization_exponent=1.378",
    ]
    assert of("cluster.accelerators=98000", *sets).recovery.initialization_s == pytest.approx(200.0, rel=0.01)
    assert of("cluster.accelerators=16384", *sets).recovery.initialization_s == 17.0
    assert of(sets[0]).recovery.initialization_s == 17.0
    uneven = ["phases=[{name='a', share=0.5, accelerators=1024}, {name='b'}]", *sets]
    assert any("as slowly as the largest, on 2,048" in warning for warning in of(*uneven).warnings)


CATALOGUE = """
[mine]
title = "Fitted"
node_accelerators = 8
source = "a log"
date = 2026-11-24
evidence = "P"
[mine.hardware]
rate_per_1000_node_days = 5.0
count = 80
kind = "fail_stop"
nodes_lost = 1
law = "weibull"
law_shape = 0.75
repair_mean_s = 12600.0
repair_law = "lognormal"
repair_law_shape = 1.58
"""


def test_a_fitted_catalogue_brings_its_laws(tmp_path: Path) -> None:
    """What `flopcast fit failures` writes: the law of a node's life and of its repair, which `simulate` then runs."""
    (tmp_path / "mine.toml").write_text(CATALOGUE)
    (tmp_path / "run.toml").write_text('extends = "llama-65b"\n[failures]\ncatalogue = "mine.toml"\n')
    run = scenario(tmp_path / "run.toml")
    (cause,) = run.causes
    assert cause.law == Weibull(mean_s=1.0 / cause.rate_per_node_s, shape=0.75)
    assert (cause.repair_s, cause.repair_law, cause.repair_shape) == (12600.0, "lognormal", 1.58)
    found = simulate_all(run, range(4))
    assert_closed(found)
    assert found.interruptions.mean() == pytest.approx(5e-3 * 256 * found.wall_s.mean() / DAY_S, rel=0.5)
    memoryless = scenario(tmp_path / "run.toml", ["failures.causes.hardware.law=exponential",
                                                  "recovery.repair_law=exponential"])  # fmt: skip
    assert memoryless.fleet is None


def test_doubt_of_rates() -> None:
    counted = of("failures.rate_uncertainty=poisson")
    assert counted.causes[0].rate_count == 4393.0
    assert counted.fleet is None
    ranged = of("failures.catalogue=meta-100k", "failures.rate_uncertainty=poisson").causes[0]
    assert ranged.rate_sigma == pytest.approx(math.log(4.0) / 3.92)
    stated = of("failures.rate_uncertainty=poisson", "failures.causes.hardware.rate_per_1000_node_days=5").causes[0]
    assert (stated.rate_count, stated.rate_sigma) == (None, 0.0)


@pytest.mark.parametrize(
    "sets",
    [
        ["failures.causes.hardware.law=weibull", "failures.causes.hardware.shape=0.8",
         "failures.causes.hardware.age=fresh"],
        ["failures.causes.hardware.law=piecewise", 'failures.causes.hardware.ages=["0 d", "30 d"]',
         "failures.causes.hardware.multiples=[3, 1]"],
        ["cluster.spares=", "spares.cold.nodes=3", "repair.manual.crews=2", "retirement.failures=3",
         "retirement.window=30 d", "failures.lemons.share=0.1", "failures.lemons.multiple=9"],
        ["failures.rate_uncertainty=poisson"],
        ['failures.maturity.ages=["0 d", "10 d"]', "failures.maturity.multiples=[3, 1]"],
        ["recovery.by_hand.share=0.1", "recovery.by_hand.time=2 h", "recovery.by_hand.law=gamma",
         "recovery.by_hand.shape=0.5"],
    ],
)  # fmt: skip
def test_what_is_written_out_loads_again(sets: list[str], tmp_path: Path) -> None:
    run = of(*sets)
    file = tmp_path / "resolved.toml"
    file.write_text(resolved_toml(run), encoding="utf-8")
    again = scenario(file)
    assert again == run
    assert again.fingerprint == run.fingerprint != of().fingerprint


@pytest.mark.parametrize(
    ("sets", "problem"),
    [
        (["failures.causes.hardware.law=weibul"], "failures.causes.hardware.law: 'weibul' is not known"),
        (["failures.causes.hardware.law=weibull"], "the law 'weibull' takes shape; found nothing"),
        (["failures.causes.hardware.shape=0.8"], "shapes a law, and none is named; state law"),
        (["failures.causes.hardware.domain=rack"], "how many nodes a rack of this system has is not known"),
        (["failures.causes.hardware.domain=power"], "how many nodes are on one feed is not known"),
        (["failures.causes.hardware.domain_nodes=0"], "is zero; a domain has nodes"),
        (["failures.causes.hardware.age=old"], "expected 'fresh', 'equilibrium' or an age"),
        (["failures.causes.hardware.mean=9 d", "failures.causes.hardware.rate_per_1000_node_days=1"],
         "is stated, and so is rate_per_1000_node_days"),
        (["failures.causes.hardware.repair_law=lognormal"], "the law 'lognormal' takes sigma; found nothing"),
        (["repair.manual.law=constant", "repair.manual.shape=1"], "the law 'constant' takes no shape"),
        (["failures.lemons.share=0.1"], "failures.lemons.multiple: is missing"),
        (["spares.cold.nodes=3"], "cluster.spares: is stated, and so are the nodes of [spares]"),
        (["repair.manual_share=0.5"], "repair.automatic.time: is missing"),
        (["recovery.by_hand.share=0.1"], "recovery.by_hand.time: is missing"),
        (["failures.maturity.multiples=[1, 2]"], "failures.maturity: expected ages from 0 on"),
        (["recovery.initialization_at=64"], "recovery.initialization_exponent: is missing"),
        (["retirement.failures=2"], "retirement: expected failures, and one of window and half_life"),
        (["run.engine=estimate", "failures.lemons.share=0.1", "failures.lemons.multiple=2"],
         "run.engine: estimate cannot run this scenario: some nodes are lemons"),
    ],
)  # fmt: skip
def test_what_is_refused(sets: list[str], problem: str) -> None:
    assert any(problem in found for found in refused(*sets)), refused(*sets)
