"""Architectures from config.json."""

from typing import Any

import pytest

from simulator.workload.hugging_face import from_hugging_face

LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "num_hidden_layers": 80,
    "hidden_size": 8192,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "intermediate_size": 28672,
    "vocab_size": 128256,
    "max_position_embeddings": 8192,
}
DEEPSEEK = LLAMA | {
    "model_type": "deepseek_v3",
    "num_hidden_layers": 61,
    "hidden_size": 7168,
    "num_attention_heads": 128,
    "num_key_value_heads": 128,
    "intermediate_size": 18432,
    "vocab_size": 129280,
    "q_lora_rank": 1536,
    "kv_lora_rank": 512,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "n_routed_experts": 256,
    "num_experts_per_tok": 8,
    "n_shared_experts": 1,
    "moe_intermediate_size": 2048,
    "first_k_dense_replace": 3,
}
MIXTRAL = LLAMA | {
    "model_type": "mixtral",
    "num_hidden_layers": 32,
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "intermediate_size": 14336,
    "vocab_size": 32000,
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
}
MISTRAL = LLAMA | {"model_type": "mistral", "sliding_window": 4096}
GPT2 = {"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024, "vocab_size": 50257}
OPT = {
    "model_type": "opt", "num_hidden_layers": 24, "hidden_size": 2048, "num_attention_heads": 32, "ffn_dim": 8192,
    "vocab_size": 50272, "max_position_embeddings": 2048,
}  # fmt: skip
BLOOM = {"model_type": "bloom", "n_layer": 70, "n_embed": 14336, "num_attention_heads": 112, "vocab_size": 250880}
MPT = {"model_type": "mpt", "n_layers": 32, "d_model": 4096, "n_heads": 32, "vocab_size": 50432, "max_seq_len": 2048}
FALCON = {
    "model_type": "falcon", "num_hidden_layers": 60, "hidden_size": 8192, "num_attention_heads": 128,
    "num_kv_heads": 8, "new_decoder_architecture": True, "vocab_size": 65024,
}  # fmt: skip
QWEN = LLAMA | {"model_type": "qwen2", "intermediate_size": 29568, "vocab_size": 152064}
QWEN_MOE = LLAMA | {
    "model_type": "qwen3_moe", "num_hidden_layers": 94, "hidden_size": 4096, "num_key_value_heads": 4,
    "head_dim": 128, "intermediate_size": 12288, "vocab_size": 151936, "num_experts": 128, "num_experts_per_tok": 8,
    "moe_intermediate_size": 1536,
}  # fmt: skip
GEMMA_2 = LLAMA | {
    "model_type": "gemma2", "num_hidden_layers": 42, "hidden_size": 3584, "num_attention_heads": 16, "head_dim": 256,
    "intermediate_size": 14336, "vocab_size": 256000, "sliding_window": 4096,
}  # fmt: skip
GEMMA_3 = {
    "model_type": "gemma3",
    "text_config": {
        "model_type": "gemma3_text", "num_hidden_layers": 62, "hidden_size": 5376, "num_attention_heads": 32,
        "num_key_value_heads": 16, "head_dim": 128, "intermediate_size": 21504, "sliding_window": 1024,
    },
    "vision_config": {"hidden_size": 1152},
}  # fmt: skip
GPT_OSS = LLAMA | {
    "model_type": "gpt_oss", "num_hidden_layers": 36, "hidden_size": 2880, "head_dim": 64, "intermediate_size": 2880,
    "vocab_size": 201088, "num_local_experts": 128, "num_experts_per_tok": 4, "attention_bias": True,
    "sliding_window": 128,
}  # fmt: skip
NEOX = LLAMA | {
    "model_type": "gpt_neox", "num_hidden_layers": 44, "hidden_size": 6144, "intermediate_size": 24576,
    "vocab_size": 50432, "tie_word_embeddings": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "published"),
    [
        (LLAMA, 70_553_706_496),
        (DEEPSEEK, 671_026_419_200),
        (MIXTRAL, 46_702_792_704),
        (GPT2, 124_439_808),
        (OPT, 1_315_758_080),
        (BLOOM, 176_247_271_424),
        (MPT, 6_649_286_656),
        (FALCON, 41_303_293_952),
        (QWEN, 72_706_203_648),
        (QWEN_MOE, 235_093_634_560),
        (NEOX, 20_554_567_680),
        (GEMMA_2, 9_241_705_984),
        (GEMMA_3, 27_009_346_304),
    ],
)
def test_sizes_of_released_weights(config: dict[str, Any], published: int) -> None:
    assert from_hugging_face(config).parameters == pytest.approx(published, rel=1e-4)


def test_layer_types_are_those_of_all_layers() -> None:
    with pytest.raises(ValueError, match="layer_types has 24 entries, num_hidden_layers is 36"):
        from_hugging_face(GPT_OSS | {"layer_types": ["sliding_attention"] * 24})


def test_gpt_oss_without_the_biases_of_its_experts() -> None:
    assert from_hugging_face(GPT_OSS).parameters == pytest.approx(116_829_156_672, rel=5e-4)


@pytest.mark.parametrize(
    ("config", "window", "windowed"),
    [
        (LLAMA, None, 0),
        (MISTRAL, 4096, 80),
        (MISTRAL | {"sliding_window": None}, None, 0),
        (MIXTRAL | {"sliding_window": 4096}, 4096, 32),
        (QWEN | {"sliding_window": 4096}, None, 0),
        (QWEN | {"sliding_window": 4096, "use_sliding_window": False}, None, 0),
        (QWEN | {"sliding_window": 4096, "use_sliding_window": True, "max_window_layers": 70}, 4096, 10),
        (QWEN | {"sliding_window": 4096, "use_sliding_window": True, "max_window_layers": 80}, None, 0),
        (GEMMA_2, 4096, 21),
        (GEMMA_2 | {"num_hidden_layers": 43}, 4096, 22),
        (GEMMA_2 | {"layer_types": ["sliding_attention"] * 7 + ["full_attention"] * 35}, 4096, 7),
        (GEMMA_3, 1024, 52),
        (GPT_OSS, 128, 18),
    ],
)
def test_windows(config: dict[str, Any], window: int | None, windowed: int) -> None:
    found = from_hugging_face(config)
    assert (found.window, found.windowed) == (window, windowed)


@pytest.mark.parametrize("key", sorted(set(LLAMA) - {"num_key_value_heads"}))
def test_missing_key_is_named(key: str) -> None:
    with pytest.raises(ValueError, match=key):
        from_hugging_face({k: v for k, v in LLAMA.items() if k != key})


def test_unsupported_kind_is_named_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"mixtrl.*did you mean 'mixtral'"):
        from_hugging_face(MIXTRAL | {"model_type": "mixtrl"})


def test_mixed_biases_are_refused() -> None:
    with pytest.raises(ValueError, match="mlp_bias"):
        from_hugging_face(LLAMA | {"attention_bias": True})
