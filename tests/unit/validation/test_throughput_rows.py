"""Rows of measured step times, however incomplete."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.validation.own import own_factor
from analysis.validation.throughput import score, summarise
from analysis.validation.throughput_cases import case_of, forecast
from analysis.validation.throughput_rows import COLUMNS, parse
from simulator.catalogue.reader import CatalogueError
from simulator.workload.plan import Plan
from simulator.workload.stacks import calibrated

FULL = {
    "id": "A1", "model": "llama3-8b", "seq": "8192", "global_batch": "128", "micro_batch": "1", "accelerator": "H100",
    "count": "8", "tp": "1", "pp": "1", "dp": "4", "cp": "2", "precision": "bf16", "step_time_s": "12.78",
    "source": "DGXC benchmarking v25.02", "split": "val",
}  # fmt: skip


def test_a_full_row() -> None:
    row = parse(FULL)
    assert row.arch.parameters == 8_030_261_248
    assert row.tokens_per_s == pytest.approx(128 * 8192 / 12.78 / 8)
    assert row.stack == "nemo-2025"
    assert "tp" not in row.inferred
    assert "recompute" in row.inferred


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("H100-80GB-SXM", "h100-sxm"),
        ("DGX-GB200", "gb200-nvl72"),
        ("A100 SXM 40GB", "a100-sxm-40gb"),
        ("TPU v4", "tpu-v4"),
    ],
)
def test_names_of_accelerators(name: str, key: str) -> None:
    assert parse(FULL | {"accelerator": name}).accelerator.key == key


@pytest.mark.parametrize(
    ("source", "stack"),
    [
        ("mosaicml/llm-foundry README", "mosaic-fsdp-2023"),
        ("arXiv 2104.04473 Table 1", "megatron-2021"),
        ("pytorch/torchtitan performance", "torchtitan-2024"),
        ("NVIDIA/NeMo docs 24.07", "nemo-2024"),
        ("somebody's notebook", "generic"),
    ],
)
def test_stacks_by_words(source: str, stack: str) -> None:
    assert parse(FULL | {"source": source}).stack == stack


def test_reduced_layers_and_sizes_without_a_shape() -> None:
    assert parse(FULL | {"model": "llama3-70b-12layer", "layers": "12"}).arch.layers == 12
    guess = parse(FULL | {"model": "Something-30B"})
    assert "architecture" in guess.inferred
    assert guess.arch.parameters == pytest.approx(30e9, rel=0.1)


def test_what_cannot_be_used_says_why() -> None:
    with pytest.raises(ValueError, match="neither shape"):
        parse(FULL | {"model": "mystery"})
    with pytest.raises(CatalogueError, match="accelerators"):
        parse(FULL | {"accelerator": "abacus"})


def test_flop_conventions() -> None:
    causal = parse(FULL | {"step_time_s": "", "tflops_per_dev": "500", "flop_convention": "causal attention"})
    whole = parse(FULL | {"step_time_s": "", "tflops_per_dev": "500", "flop_convention": "non-causal attention"})
    assert causal.tokens_per_s is not None
    assert whole.tokens_per_s is not None
    assert causal.tokens_per_s > whole.tokens_per_s


def test_a_model_with_layers_of_a_state_space_is_refused_for_that_or_taken_by_its_size() -> None:
    with pytest.raises(ValueError, match="state space"):
        parse(FULL | {"model": "Nemotron_3_Nano"})
    assert parse(FULL | {"model": "Nemotron-H-56B"}).arch.parameters == pytest.approx(56e9, rel=0.1)


@pytest.mark.parametrize(
    ("word", "low", "four", "block_scaled"),
    [
        ("FP8-CS", True, False, False),
        ("FP8-MX", True, False, True),
        ("MXFP8", True, False, True),
        ("FP8-CS (FP8-MX)", True, False, False),  # the figure before the parentheses is the first precision's
        ("NVFP4", True, True, False),
        ("bf16", False, False, False),
    ],
)
def test_words_of_precision(word: str, *, low: bool, four: bool, block_scaled: bool) -> None:
    row = parse(FULL | {"precision": word})
    assert (row.fp8, row.fp4, row.block_scaled) == (low, four, block_scaled)


def test_sharding_that_is_denied() -> None:
    assert parse(FULL | {"sharding": "FSDP"}).zero == 3
    denied = parse(FULL | {"sharding": "FSDP=0"})
    assert (denied.zero, denied.fully_sharded) == (None, False)


def plan_of(**cells: str) -> Plan:
    case = case_of(parse(FULL | {"dp": "", "cp": "", "tp": "", "pp": ""} | cells))
    return case.plans.at(forecast(case, calibrated(), {}).chosen)


def test_maxtext_shards_fully_unless_a_row_says_otherwise_or_cannot_be() -> None:
    tpu = {"accelerator": "TPU v6e", "source": "maxtext", "model": "llama3-70b", "count": "64", "micro_batch": ""}
    assert plan_of(**tpu).tp == 1
    assert plan_of(**tpu, tp="4").tp == 4
    few = plan_of(**tpu, global_batch="16", step_time_s="3")  # 16 sequences cannot lie whole on 64 chips
    assert few.dp == 16
    assert few.tp * few.cp == 4


def test_a_batch_that_nobody_states() -> None:
    blank = FULL | {
        "global_batch": "",
        "count": "4096",
        "seq": "2048",
        "dp": "",
        "cp": "",
        "step_time_s": "",
        "tok_s_per_dev": "9",
    }
    assert parse(blank).global_batch == 1024  # 2**21 tokens
    assert parse(blank | {"accelerator": "TPU v5p", "source": "maxtext"}).global_batch == 4096


def test_activations_go_to_the_host_of_a_grace_before_layers_are_repeated() -> None:
    rack = {"model": "llama3-70b", "count": "64", "global_batch": "256", "micro_batch": "2", "sharding": "FSDP"}
    assert plan_of(**rack, accelerator="GB200").recompute == 0  # 40 of 80 layers are offloaded, says the recipe
    assert plan_of(**rack, accelerator="B200").recompute > 0
    assert plan_of(**rack, accelerator="GB200", source="pytorch/torchtitan").recompute > 0


@given(
    st.dictionaries(
        st.sampled_from(COLUMNS), st.sampled_from(["", "1", "8", "2048", "fp8", "full", "n/a", "-3", "1e9"])
    )
)
def test_any_cells_give_a_row_or_a_reason(cells: dict[str, str]) -> None:
    with suppress(ValueError, CatalogueError):  # a reason; anything else is a fault
        found = forecast(case_of(parse(FULL | cells)), calibrated(), {})
        assert 0 < found.low <= found.tokens_per_s <= found.high


def table(path: Path, *rows: dict[str, str]) -> Path:
    lines = [",".join(FULL)] + [",".join(row[name] for name in FULL) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_scores_of_a_small_table(tmp_path: Path) -> None:
    found, refused = score(table(tmp_path / "t.csv", FULL, FULL | {"id": "A2", "accelerator": "abacus"}))
    assert [one.id for one in found] == ["A1"]
    assert [row_id for row_id, _ in refused] == ["A2"]
    assert found[0].p10_s < found[0].p50_s < found[0].p90_s
    assert summarise(found)[-1].name == "all"


def test_own_factor_recovers_a_known_slowdown(tmp_path: Path) -> None:
    first = own_factor(table(tmp_path / "a.csv", FULL))
    slower = own_factor(table(tmp_path / "b.csv", FULL | {"step_time_s": "25.56"}))
    assert slower.factor == pytest.approx(2 * first.factor, rel=1e-9)
    assert first.error_after == pytest.approx(0, abs=1e-9)
    with pytest.raises(ValueError, match="no row"):
        own_factor(table(tmp_path / "c.csv"))
