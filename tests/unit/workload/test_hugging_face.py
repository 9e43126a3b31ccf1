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
    ],
)
def test_sizes_of_released_weights(config: dict[str, Any], published: int) -> None:
    assert from_hugging_face(config).parameters == pytest.approx(published, rel=1e-4)


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
