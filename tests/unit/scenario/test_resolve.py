"""What a scenario says of work and machines: each rule by a small example whose answer is known."""

import json
from datetime import date
from pathlib import Path

import pytest

from simulator.catalogue.reader import entry
from simulator.scenario.api import load, resolve, resolved_toml, scenario
from simulator.scenario.experience import experience
from tests.unit.scenario.maker import Maker, fact

# efficiency


def test_tokens_per_second(made: Maker) -> None:
    [stage] = made().stages
    assert stage.work_s == pytest.approx(10e9 / 3000 / 64)
    assert stage.productive_s == stage.work_s
    assert stage.scales
    assert not stage.gross
    assert stage.nodes == 8


def test_mfu_counts_attention_in_full(made: Maker) -> None:
    [stage] = made("", "throughput.mfu=0.5").stages
    # 6 x 6.607e9 matrix weights + 12 x 32 layers x 4096 x 2048 positions
    flop = 6 * 6_607_077_376 + 12 * 32 * 4096 * 2048
    assert stage.flop_per_token == pytest.approx(flop)
    assert stage.work_s == pytest.approx(10e9 * flop / (0.5 * 312e12) / 64)
    assert stage.mfu == pytest.approx(0.5)


def test_step_time(made: Maker) -> None:
    [stage] = made("", "throughput.step_time=21 s").stages
    assert stage.work_s == pytest.approx(10e9 / 4e6 * 21)


def test_the_last_statement_of_an_efficiency_wins(made: Maker) -> None:
    found = made("[throughput]\nmfu = 0.4\n", "throughput.step_time=21 s")
    assert fact(found, "throughput.step_time").source == "--set"
    assert not [item for item in found.assumptions if item.path in ("throughput.mfu", "throughput.tokens_per_second")]


def test_published_efficiency_is_spread(made: Maker) -> None:
    found = made("", "throughput.method=published")
    known = experience(entry("accelerators", "a100"))
    assert found.efficiency_sigma == known.sigma
    [stage] = found.stages
    flop = 6 * 6_607_077_376 + 12 * 32 * 4096 * 2048  # matrices, without the table looked up; scores in full
    assert stage.work_s == pytest.approx(10e9 * flop / (known.mfu * 312e12) / 64, rel=1e-6)
    assert any("guess from published runs" in warning for warning in found.warnings)
    assert "47 published runs" in fact(found, "throughput.published_mfu").source


def test_spread_can_be_stated(made: Maker) -> None:
    assert made().efficiency_sigma == 0
    assert made("", "throughput.spread=0.1").efficiency_sigma == 0.1
    assert made("", "throughput.method=published", "throughput.spread=0.1").efficiency_sigma == 0.1


def test_only_uncertain_phases_scale(made: Maker) -> None:
    phases = "[[phases]]\nname='a'\nshare=0.5\nmfu=0.5\n[[phases]]\nname='b'\nshare=0.5\n"
    found = made(phases, "throughput.method=published")
    assert [stage.scales for stage in found.stages] == [False, True]


def test_no_efficiency_and_no_model(made: Maker) -> None:
    issues = made.issues(
        "without = ['model']", "throughput.tokens_per_second_per_accelerator=", "checkpoint.save_time=1 s"
    )
    assert "state one of mfu" in issues["throughput"]


# phases


def test_hours_of_both_kinds(made: Maker) -> None:
    text = "[[phases]]\nname='a'\nhours='20 h'\nhours_kind='{}'\n"
    net, gross = made(text.format("net")), made(text.format("gross"))
    assert [net.stages[0].work_s, gross.stages[0].work_s] == [72000, 72000]
    assert [net.stages[0].gross, gross.stages[0].gross] == [False, True]
    assert [net.stages[0].scales, gross.stages[0].scales] == [False, False]
    assert net.causes
    assert not gross.causes
    assert not gross.stages[0].final_save
    assert net.stages[0].final_save
    assert gross.stages[0].productive_s < net.stages[0].productive_s == 72000


def test_gross_hours_know_what_they_trained(made: Maker) -> None:
    [stage] = made("[[phases]]\nname='a'\nhours='20 h'\nhours_kind='gross'\n").stages
    assert stage.tokens == 10e9
    assert stage.productive_s == pytest.approx(10e9 / 3000 / 64)
    assert stage.work_s == 72000


def test_net_hours_train_tokens(made: Maker) -> None:
    [first, second] = made("[[phases]]\nhours='1 h'\nhours_kind='net'\n[[phases]]\n").stages
    assert first.tokens == pytest.approx(3600 * 3000 * 64)
    assert second.tokens == pytest.approx(10e9 - 3600 * 3000 * 64)
    assert (first.name, second.name) == ("phase-1", "phase-2")


def test_phases_on_other_machines(made: Maker) -> None:
    text = "[[phases]]\nname='a'\nshare='40 %'\n[[phases]]\nname='b'\naccelerators=32\nrate='$1/h'\n"
    found = made(text)
    first, second = found.stages
    assert [stage.accelerators for stage in found.stages] == [64, 32]
    assert second.tokens == pytest.approx(6e9)
    assert not first.reenters
    assert second.reenters
    assert (first.usd_per_accelerator_h, second.usd_per_accelerator_h) == (None, 1.0)
    assert first.final_save
    assert second.final_save


def test_nodes_are_rounded_up(made: Maker) -> None:
    found = made("", "cluster.accelerators=60")
    assert found.stages[0].nodes == 8
    assert any("60 accelerators do not fill nodes of 8" in warning for warning in found.warnings)


def test_a_sum_that_misses_the_total_is_said(made: Maker) -> None:
    found = made("[[phases]]\nname='a'\ntokens='9B tokens'\n")
    assert "The phases train 9B tokens, data.tokens says 10B tokens." in found.warnings


def test_tokens_of_a_dataset(made: Maker) -> None:
    found = made("", "data.tokens=", "data.dataset=roots")
    assert found.stages[0].tokens == 341e9
    assert "roots" in fact(found, "data.tokens").source


def test_absurd_runs_are_refused(made: Maker) -> None:
    assert "which is no run" in made.issues("", "data.tokens=1e18 tokens", "throughput.mfu=0.001")["phases[0]"]
    long = "".join(f"[[phases]]\nname='{name}'\nhours='600 years'\nhours_kind='gross'\n" for name in "ab")
    assert "the most is 1000" in made.issues(long)["phases"]


# machines


def test_a_system_brings_its_machines(made: Maker) -> None:
    found = made("without = ['cluster.accelerator']", "cluster.system=vela")
    assert (found.accelerator, found.accelerators_per_node) == ("a100-sxm-80gb", 8)
    assert made("", "cluster.accelerator=a100").accelerator == "a100-sxm-80gb"
    assert made("", "cluster.accelerators_per_node=4").stages[0].nodes == 16


def test_rates_follow_the_size_of_nodes(made: Maker) -> None:
    found = made("", "cluster.accelerators_per_node=4")
    assert found.causes[0].rate_per_node_s * 1000 * 86400 == pytest.approx(3.25)
    assert any("rates are scaled" in warning for warning in found.warnings)


def test_spares(made: Maker) -> None:
    assert made().recovery.spares is None
    assert made("", "cluster.spares=0").recovery.spares == 0
    assert made("", "cluster.spares=ample").recovery.spares is None


# saves


LLAMA = {
    "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "num_attention_heads": 32,
    "intermediate_size": 11008, "vocab_size": 32000, "max_position_embeddings": 2048,
}  # fmt: skip


def test_a_hugging_face_configuration_is_the_same_model(made: Maker) -> None:
    (made.folder / "config.json").write_text(json.dumps(LLAMA))
    found = made("[model]\narchitecture = 'config.json'\n")
    assert found.fingerprint == made().fingerprint
    assert fact(found, "model.architecture.layers").toml == "32"


@pytest.mark.parametrize(
    ("more", "pairs"),
    [({"sliding_window": 512}, 512 - 512**2 / 4096), ({"sliding_window": 2048}, 1024), ({"sliding_window": None}, 1024),
     ({"sliding_window": 512, "use_sliding_window": False}, 1024)],
)  # fmt: skip
def test_a_window_shortens_the_run(made: Maker, more: dict[str, object], pairs: float) -> None:
    """6 FLOPs a weight; 3 x 4 x 4096 x 32 a pair, counted twice: in full."""
    (made.folder / "config.json").write_text(json.dumps(LLAMA | more))
    windowed = made("[model]\narchitecture = 'config.json'\n", "throughput.mfu=0.4")
    weights = 6 * (6_738_415_616 - 32000 * 4096 - 65 * 4096)
    flop = [weights + 24 * 4096 * 32 * each for each in (pairs, 1024)]
    ratio = windowed.stages[0].work_s / made("", "throughput.mfu=0.4").stages[0].work_s
    assert ratio == pytest.approx(flop[0] / flop[1], rel=1e-9)
    assert ("512 in 32 of 32 layers" in fact(windowed, "model.architecture.flop_per_token").source) == (pairs < 1024)


def test_a_long_context_that_nobody_stated_is_worth_a_word(made: Maker) -> None:
    def said(**more: object) -> list[str]:
        (made.folder / "config.json").write_text(json.dumps(LLAMA | more))
        found = made("[model]\narchitecture = 'config.json'\n", "throughput.mfu=0.4", *sets)
        (made.folder / "again.toml").write_text(resolved_toml(found))
        assert scenario(made.folder / "again.toml").warnings == found.warnings
        return [warning for warning in found.warnings if "model.sequence" in warning]

    sets: tuple[str, ...] = ()
    assert not said()
    assert "the 32,768 tokens of context" in said(max_position_embeddings=32768)[0]
    sets = ("model.sequence=32768",)
    assert not said(max_position_embeddings=32768)


def test_a_table_is_a_model(made: Maker) -> None:
    found = made(
        "[model]\narchitecture = {layers = 32, hidden = 4096, heads = 32, ffn = 11008, vocab = 32000, seq = 2048}\n"
    )
    assert found.fingerprint == made().fingerprint


def test_longer_sequences_cost_more(made: Maker) -> None:
    short, long = made("", "throughput.mfu=0.4"), made("", "throughput.mfu=0.4", "model.sequence=8192")
    assert long.stages[0].work_s > short.stages[0].work_s


# corners


def test_shares_need_a_total(made: Maker) -> None:
    issues = made.issues("[[phases]]\nname='a'\nshare=0.5\n[[phases]]\nname='b'\nshare=0.5\n", "data.tokens=")
    assert "needs data.tokens" in issues["phases[0].share"]
    issues = made.issues("[[phases]]\nname='a'\nshare=0.5\ntokens='1B tokens'\n[[phases]]\nname='b'\nshare=0\n")
    assert "contradicts tokens" in issues["phases[0].share"]
    assert "is zero" in issues["phases[1].share"]
    assert "state the tokens or a dataset" in made.issues("", "data.tokens=")["data.tokens"]


def test_accelerators_are_needed(made: Maker) -> None:
    assert "state how many" in made.issues("", "cluster.accelerators=")["cluster.accelerators"]
    assert made("[[phases]]\naccelerators = 16\n", "cluster.accelerators=").stages[0].nodes == 2


def test_own_cause_under_no_catalogue(made: Maker) -> None:
    issues = made.issues("[failures.causes.mine]\nnodes_lost=1\n", "failures.catalogue=none")
    assert "none has no such cause, state rate_per_1000_node_days" in issues["failures.causes.mine"]
    [cause] = made(
        "[failures.causes.mine]\nrate_per_1000_node_days=1\nnodes_lost=1\n", "failures.catalogue=none"
    ).causes
    assert (cause.repair_s, cause.detection_s, cause.source) == (86400, 60, "stated in the scenario")


def test_pace_set_by_repairs(made: Maker) -> None:
    slow = ["recovery.repair=999 years", "cluster.spares=0", "failures.rate_multiplier=100"]
    assert "would not end" in made.issues("", *slow)["phases[0]"]


def test_architecture_values(made: Maker) -> None:
    shape = "{layers = 2, hidden = 8, heads = 2, ffn = 8, vocab = 8, seq = 8, %s}"
    for extra, message in (
        ("tied = 1", "tied: expected true or false"),
        ("norm = 'rmx'", "did you mean 'rms'"),
        ("kv_heads = -1", "kv_heads: expected a whole number"),
        ("experts = 4", "experts without experts_per_token"),
    ):
        assert message in made.issues(f"[model]\narchitecture = {shape % extra}\n")["model.architecture"]
    assert "expected a key" in made.issues("[model]\narchitecture = 3\n")["model.architecture"]


def test_odd_words(made: Maker) -> None:
    issues = made.issues(
        "title = ' '\n[cluster]\nspares = 'some'\n[pricing]\ndiscount = 'some'\n[throughput]\nmfu = 0\n"
        "[published]\nwall = 1979-05-27\n[run]\nengine = []\n"
    )
    assert "found an empty one" in issues["title"]
    assert "a count of nodes or 'ample'" in issues["cluster.spares"]
    assert "[low, high] or 'unknown'" in issues["pricing.discount"]
    assert "is zero" in issues["throughput.mfu"]
    assert "expected a time" in issues["published.wall"]
    assert "found a list" in issues["run.engine"]
    assert "a list of 3" in made.issues("[pricing]\ndiscount = [0.1, 0.2, 0.3]\n")["pricing.discount"]
    assert made("start = 2023-05-27T07:32:00Z\n").start == date(2023, 5, 27)


# the rest


def test_published(made: Maker) -> None:
    assert made().published is None
    found = made("[published]\nwall = '2 d'\ngoodput = '90 %'\nhours_kind = 'net'\n").published
    assert found is not None
    assert (found.wall_s, found.goodput, found.hours_kind, found.usd) == (172800, 0.9, "net", None)


def test_fingerprints_tell_results_apart(made: Maker) -> None:
    first = made()
    for change in ("run.seed=7", "run.replicas=7", "title=x", "note.a=b", "published.wall=3 d"):
        assert made("", change).fingerprint == first.fingerprint, change
    for change in ("cluster.accelerators=72", "pricing.rate=$3/h", "cluster.spares=1", "run.engine=simulate",
                   "failures.exposure=B", "recovery.swap=1 s", "start=2023-01-01"):  # fmt: skip
        assert made("", change).fingerprint != first.fingerprint, change


def test_every_default_has_a_source(made: Maker) -> None:
    found = made()
    assert all(item.source for item in found.assumptions)
    assert fact(found, "checkpoint.interval").source.startswith("default: hourly saves")
    assert fact(found, "cluster.accelerators").source.endswith("base.toml:4")
    assert fact(found, "failures.causes.hardware.repair").evidence == "M"


def test_resolve_is_what_scenario_does(tmp_path: Path) -> None:
    assert resolve(load("llama-65b")) == scenario("llama-65b")
    assert resolve(load("llama-65b")) != scenario("llama-65b", ["run.seed=2"])
    assert tmp_path


@pytest.mark.parametrize(("batch", "warned"), [("4M", False), ("10B", False), ("20B", True)])
def test_a_batch_that_is_larger_than_the_run_is_warned_of(made: Maker, batch: str, warned: bool) -> None:
    found = made("", f"data.batch={batch} tokens").warnings
    text = "A batch of 20B tokens is more than the 10B tokens of phase"
    assert any(each.startswith(text) for each in found) is warned
