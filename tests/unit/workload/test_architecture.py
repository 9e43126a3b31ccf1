"""Exact parameter and FLOP counts."""

import tomllib
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.workload.architecture import Architecture, architecture, six_n_d, training_flops

CATALOGUE = tomllib.loads(files("simulator.catalogue").joinpath("architectures.toml").read_text(encoding="utf-8"))
GPT = Architecture(layers=96, hidden=12288, heads=96, ffn=49152, vocab=51200, seq=2048, gated=False)


@pytest.mark.parametrize("key", CATALOGUE)
def test_count_within_one_percent_of_published(key: str) -> None:
    assert architecture(CATALOGUE[key]).parameters == pytest.approx(CATALOGUE[key]["published_params"], rel=0.01)


@pytest.mark.parametrize("key", CATALOGUE)
def test_entry_carries_its_source(key: str) -> None:
    entry = CATALOGUE[key]
    assert entry["title"]
    assert entry["source"]
    assert entry["evidence"] in {"P", "A", "S", "V", "D", "M"}
    assert entry["date"].year >= 2019


@pytest.mark.parametrize(
    ("key", "active"),
    [
        ("mixtral-8x7b", 12.9e9),
        ("deepseek-v3", 37e9),
        ("deepseek-v2", 21e9),
        ("dbrx", 36e9),
        ("llama-4-maverick", 17e9),
    ],
)
def test_active_parameters_match_published(key: str, active: float) -> None:
    assert architecture(CATALOGUE[key]).active_parameters == pytest.approx(active, rel=0.02)


def test_flops_equal_megatron_formula() -> None:
    """96 B s l h^2 (1 + s/6h + V/16lh), arXiv 2104.04473 Eq. 3: full recompute of the blocks, attention in full."""
    h, layers, s, v = 12288, 96, 2048, 51200
    expected = 96 * layers * h**2 * (1 + s / (6 * h) + v / (16 * layers * h))
    assert training_flops(GPT, causal=False, recompute="full").hardware_flop == pytest.approx(expected, rel=1e-12)


def test_causal_halves_attention_only() -> None:
    causal, full = training_flops(GPT), training_flops(GPT, causal=False)
    assert full.attention_flop == 2 * causal.attention_flop
    assert full.matrix_flop == causal.matrix_flop


@pytest.mark.parametrize("seq", [100, 128, 1000, 4096])
def test_a_windowed_layer_scores_a_token_against_the_window_only(seq: int) -> None:
    """A query meets min(i, w) tokens, the one with itself counted half; a score and its value are 4 x 12288 FLOPs."""
    shape = replace(GPT, window=128, windowed_layers=60)
    pairs = sum(36 * (i - 0.5) + 60 * min(i - 0.5, 128) for i in range(1, seq + 1))
    flops = training_flops(shape, seq=seq)
    assert flops.attention_flop == pytest.approx(3 * 4 * 12288 * pairs / seq, rel=1e-12)
    assert training_flops(shape, seq=seq, causal=False).attention_flop == 2 * flops.attention_flop
    assert training_flops(shape, seq=seq, recompute="selective").recompute_flop == pytest.approx(
        flops.attention_flop / 3, rel=1e-12
    )
    assert flops.matrix_flop == training_flops(GPT).matrix_flop
    assert shape.parameters == GPT.parameters


def test_a_window_as_long_as_the_context_changes_nothing() -> None:
    assert training_flops(replace(GPT, window=2048)) == training_flops(GPT)
    assert training_flops(replace(GPT, window=2047)).attention_flop < training_flops(GPT).attention_flop


def test_six_n_d_is_close_for_a_wide_model_only() -> None:
    assert six_n_d(GPT) == pytest.approx(training_flops(GPT).model_flop, rel=0.02)
    assert six_n_d(GPT) < 0.8 * training_flops(GPT, seq=65536).model_flop


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"layers": 0}, "layers=0"),
        ({"heads": 7}, "head_dim"),
        ({"kv_heads": 7}, "kv_heads"),
        ({"experts": 8}, "experts_per_token"),
        ({"experts": 8, "experts_per_token": 9}, "exceeds experts"),
        ({"experts": 8, "experts_per_token": 2, "dense_layers": 97}, "exceeds layers"),
        ({"experts_per_token": 2}, "experts_per_token without experts; state it"),
        ({"window": 8, "windowed_layers": 97}, "windowed_layers=97 exceeds layers"),
        ({"windowed_layers": 1}, "windowed_layers without window"),
        ({"expert_ffn": 9, "dense_layers": 1}, "expert_ffn, dense_layers without experts"),
        ({"q_lora_rank": 8, "v_head_dim": 8}, "q_lora_rank without kv_lora_rank"),
        ({"kv_lora_rank": 512}, "v_head_dim"),
    ],
)
def test_errors_name_the_field(change: dict[str, Any], word: str) -> None:
    shape: dict[str, Any] = {"layers": 96, "hidden": 12288, "heads": 96, "ffn": 49152, "vocab": 51200, "seq": 2048}
    with pytest.raises(ValueError, match=word):
        Architecture(**(shape | change))


@given(
    layers=st.integers(1, 200),
    width=st.integers(1, 64),
    heads=st.sampled_from([1, 2, 4, 8, 16]),
    gated=st.booleans(),
    tied=st.booleans(),
    biases=st.booleans(),
)
def test_active_never_exceeds_total_and_layers_add(
    layers: int, width: int, heads: int, gated: bool, tied: bool, biases: bool
) -> None:
    def shape(n: int) -> Architecture:
        return Architecture(
            layers=n, hidden=64 * width, heads=heads, ffn=100, vocab=1000, seq=128, gated=gated, tied=tied,
            biases=biases, experts=4, experts_per_token=2, head_dim=64,
        )  # fmt: skip

    one, two = shape(layers), shape(layers + 1)
    assert one.active_parameters < one.parameters
    assert two.parameters - one.parameters == shape(layers + 2).parameters - two.parameters
    assert one.matrix_parameters < one.active_parameters + one.head_matrix
