"""The shipped scenarios: the seed's dollars to the cent, and the published figures they rest on."""

import pytest

from simulator.scenario.api import check, load, scenario, shipped, variants
from simulator.scenario.values import Scenario


def accelerator_hours(found: Scenario) -> float:
    return sum(stage.work_s / 3600 * stage.accelerators for stage in found.stages)


def dollars(found: Scenario) -> float:
    """Return list price less discount on the stated or net hours."""
    return accelerator_hours(found) * found.tariff.list_usd_per_accelerator_h * (1 - found.tariff.quote.discount_low)


def net_days(found: Scenario) -> float:
    return sum(stage.work_s for stage in found.stages) / 86400


@pytest.mark.parametrize(
    ("name", "usd"),
    [
        ("llama-65b-seed", 4_056_514.56),
        ("palm-540b-seed", 27_064_074.24),
        ("llama-65b-negotiated-50", 2_028_257.28),
        ("llama-65b-negotiated-80", 811_302.912),
    ],
)
def test_seed_dollars(name: str, usd: float) -> None:
    found = scenario(name)
    assert dollars(found) == pytest.approx(usd, abs=1e-6)
    assert all(stage.gross and not stage.final_save for stage in found.stages)
    assert not found.causes


def test_palm_seed() -> None:
    found = scenario("palm-540b-seed")
    assert accelerator_hours(found) == 8_404_992
    learning = sum(stage.productive_s / 3600 * stage.accelerators for stage in found.stages)
    assert learning == pytest.approx(5.59e6, rel=0.002)  # theory T11
    assert learning / accelerator_hours(found) == pytest.approx(0.66, abs=0.01)
    assert [stage.productive_s / stage.work_s for stage in found.stages] == pytest.approx([learning / 8_404_992] * 2)
    assert sum(stage.tokens or 0 for stage in found.stages) == pytest.approx(780e9)


def test_llama_takes_20_8_days_without_failures() -> None:
    found = scenario("llama-65b", ["failures.enabled=false"])
    assert not found.causes
    assert any("switched off" in warning for warning in found.warnings)
    saves = net_days(found) * 24 * found.stages[0].cycle.overhead_s / 86400
    assert net_days(found) + saves + found.recovery.startup_s / 86400 == pytest.approx(20.8, abs=0.05)
    assert [stage.nodes for stage in found.stages] == [256]


def test_llama_has_the_failures_of_rsc_1() -> None:
    [cause] = scenario("llama-65b").causes
    assert cause.rate_per_node_s * 1000 * 86400 == pytest.approx(6.5)
    assert (cause.nodes_lost, cause.kind, cause.detection_s) == (1, "fail_stop", 60.0)


def test_llama_3_has_its_causes() -> None:
    found = scenario("llama3-405b")
    assert len(found.causes) == 19
    stops = sum(cause.rate_per_node_s for cause in found.causes) * 2048 * 54 * 86400
    assert stops == pytest.approx(466, abs=0.5)
    assert [stage.tokens for stage in found.stages] == [252e6, 2.869748e12, pytest.approx(12.73e12)]
    assert found.recovery.spares is None
    tflops = (found.stages[2].mfu or 0) * 989.5
    assert tflops == pytest.approx(400, rel=0.01)  # arXiv 2407.21783, Table 4


def test_palm_steps() -> None:
    found = scenario("palm-540b")
    batches = [1.048576e6, 2.097152e6]
    steps = [(stage.tokens or 0) / batch for stage, batch in zip(found.stages, batches, strict=False)]
    assert steps == pytest.approx([50_000, 65_000])
    speed = (found.stages[2].tokens or 0) / found.stages[2].work_s
    assert speed == pytest.approx(238.3e3, rel=0.005)  # tokens/s on 6,144 chips, arXiv 2204.02311
    assert [stage.reenters for stage in found.stages] == [False, False, False, True]
    assert "loss_spike" in {cause.name for cause in found.causes}
    assert not {"ici_cable", "optical_switch"} & {cause.name for cause in found.causes}


def test_opt_hours() -> None:
    found = scenario("opt-175b")
    assert accelerator_hours(found) == 809_472
    assert not found.stages[0].gross
    stops = sum(cause.rate_per_node_s for cause in found.causes) * 1000 * 86400
    assert 13 <= stops <= 16


def test_bloom_saves() -> None:
    found = scenario("bloom-176b")
    assert found.stages[0].cycle.write_s == 40
    assert found.recovery.spares == 4
    assert found.recovery.restore_s == pytest.approx(43, abs=1)  # 2.47 TB at 57 GB/s
    assert net_days(found) == pytest.approx(366e9 / 4.194304e6 * 105 / 86400)


@pytest.mark.parametrize("name", shipped())
def test_each_says_what_is_published_and_what_is_assumed(name: str) -> None:
    found = check(name)
    assert {"published", "assumed", "hours_kind"} <= set(found.notes)
    assert found.tariff.list_usd_per_accelerator_h > 0
    assert found.title != found.name


def test_the_sweep() -> None:
    found = variants(load("sweep-size-interval"))
    assert len(found) == 16
    assert len({made.fingerprint for _, made in found}) == 16
    first, made = found[1]
    assert first == {"cluster.accelerators": 512, "checkpoint.interval": "30 min"}
    assert made.stages[0].accelerators == 512
    assert made.stages[0].cycle.work_s == 1800


def test_the_pair() -> None:
    rent, negotiated = scenario("what-if-rent"), scenario("what-if-negotiate")
    assert rent.tariff.list_usd_per_accelerator_h == pytest.approx(5.03)
    assert rent.tariff.quote.host_included is True
    assert (negotiated.tariff.quote.discount_low, negotiated.tariff.quote.discount_high) == (0.5, 0.8)
    assert rent.stages == negotiated.stages
