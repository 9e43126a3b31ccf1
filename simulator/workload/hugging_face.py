"""An `Architecture` from the ``config.json`` of a Hugging Face model."""

from collections.abc import Callable, Mapping
from typing import Any

from simulator.foundation.issues import nearest
from simulator.workload.architecture import Architecture, architecture

Config = Mapping[str, Any]

LLAMA = {
    "layers": "num_hidden_layers",
    "hidden": "hidden_size",
    "heads": "num_attention_heads",
    "ffn": "intermediate_size",
    "vocab": "vocab_size",
    "seq": "max_position_embeddings",
}
OPTIONAL = {"kv_heads": "num_key_value_heads", "head_dim": "head_dim", "tied": "tie_word_embeddings"}
PATTERN = {"gemma2": 2, "gemma3_text": 6, "gpt_oss": 2}
"""Every so manyth layer of these looks over the whole context, the others over a window."""
SWITCHED = frozenset({"qwen2", "qwen3", "qwen3_moe", "smollm3"})
"""Use no window unless they say so, and then from layer `max_window_layers` on."""
GEMMA3 = {
    "vocab_size": 262208, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
    "max_position_embeddings": 131072, "sliding_window": 4096,
}  # fmt: skip
"""What files of Gemma 3 leave out, because it is the default of their class in transformers."""
LATENT = ("q_lora_rank", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")


def from_hugging_face(config: Config) -> Architecture:
    """Read the architecture that a ``config.json`` describes.

    Raises
    ------
    ValueError
        If the model type is not supported or a key is missing; the message names it.

    Examples
    --------
    >>> config = {"model_type": "llama", "num_hidden_layers": 22, "hidden_size": 2048, "num_attention_heads": 32,
    ...           "num_key_value_heads": 4, "intermediate_size": 5632, "vocab_size": 32000,
    ...           "max_position_embeddings": 2048, "tie_word_embeddings": False}
    >>> from_hugging_face(config).parameters
    1100048384
    """
    kind = _need(config, "model_type")
    if kind not in READERS:
        near = nearest(str(kind), READERS)
        hint = f"; did you mean {near!r}?" if near else ";"
        raise ValueError(f"model_type={kind!r} is not supported{hint} supported: {', '.join(READERS)}")
    return architecture({k: v for k, v in READERS[kind](config).items() if v is not None})


def _need(config: Config, key: str) -> Any:
    if config.get(key) is None:
        raise ValueError(f"key {key!r} is missing")
    return config[key]


def _llama(config: Config) -> dict[str, Any]:
    table: dict[str, Any] = {ours: _need(config, theirs) for ours, theirs in LLAMA.items()}
    table |= {ours: config.get(theirs) for ours, theirs in OPTIONAL.items()} | _window(config)
    return table | {"tied": bool(config.get("tie_word_embeddings", False)), "biases": _biases(config)}


def _window(config: Config) -> dict[str, Any]:
    """How far back layers look, and how many do, after the configuration classes of transformers."""
    kind, kinds, layers = config["model_type"], config.get("layer_types"), _need(config, "num_hidden_layers")
    if not config.get("sliding_window") or not config.get("use_sliding_window", kind not in SWITCHED):
        return {}
    if isinstance(kinds, list):
        if len(kinds) != layers:
            raise ValueError(f"layer_types has {len(kinds)} entries, num_hidden_layers is {layers}")
        windowed = kinds.count("sliding_attention")
    elif pattern := config.get("sliding_window_pattern", PATTERN.get(kind)):
        windowed = layers - layers // pattern
    else:
        windowed = layers - min(config.get("max_window_layers", 28) if kind in SWITCHED else 0, layers)
    return {"window": config["sliding_window"], "windowed_layers": windowed} if windowed else {}


def _biases(config: Config) -> bool:
    attention, mlp = bool(config.get("attention_bias", False)), bool(config.get("mlp_bias", False))
    if attention != mlp:
        raise ValueError(f"attention_bias={attention} with mlp_bias={mlp} is not supported; give both alike")
    return attention


def _gemma(config: Config) -> dict[str, Any]:
    return _llama(config) | {"tied": bool(config.get("tie_word_embeddings", True))}


def _gemma3(config: Config) -> dict[str, Any]:
    return _gemma(GEMMA3 | dict(config.get("text_config", config)) | {"model_type": "gemma3_text"})


def _gpt_oss(config: Config) -> dict[str, Any]:
    return _mixtral(dict(config) | {"attention_bias": False}) | {"qkv_biases": True, "clamped": True}


def _qwen2(config: Config) -> dict[str, Any]:
    return _llama(config) | {"qkv_biases": True}


def _mixtral(config: Config) -> dict[str, Any]:
    return _llama(config) | {
        "experts": _need(config, "num_local_experts"),
        "experts_per_token": _need(config, "num_experts_per_tok"),
    }


def _qwen3_moe(config: Config) -> dict[str, Any]:
    return _llama(config) | {
        "experts": _need(config, "num_experts"),
        "experts_per_token": _need(config, "num_experts_per_tok"),
        "expert_ffn": _need(config, "moe_intermediate_size"),
    }


def _deepseek(config: Config) -> dict[str, Any]:
    _need(config, "kv_lora_rank")
    table = _llama(config) | {key: config.get(key) for key in LATENT}
    return table | {
        "kv_heads": None,
        "head_dim": None,
        "experts": _need(config, "n_routed_experts"),
        "experts_per_token": _need(config, "num_experts_per_tok"),
        "shared_experts": config.get("n_shared_experts"),
        "expert_ffn": _need(config, "moe_intermediate_size"),
        "dense_layers": config.get("first_k_dense_replace") or None,
    }


def _gpt2(config: Config) -> dict[str, Any]:
    hidden, positions = _need(config, "n_embd"), _need(config, "n_positions")
    return {
        "layers": _need(config, "n_layer"),
        "hidden": hidden,
        "heads": _need(config, "n_head"),
        "kv_heads": 1 if config.get("multi_query") else None,
        "ffn": config.get("n_inner") or 4 * hidden,
        "vocab": _need(config, "vocab_size"),
        "seq": positions,
        "learned_positions": positions,
        **_plain(config),
    }


def _opt(config: Config) -> dict[str, Any]:
    positions = _need(config, "max_position_embeddings")
    return {
        "layers": _need(config, "num_hidden_layers"),
        "hidden": _need(config, "hidden_size"),
        "heads": _need(config, "num_attention_heads"),
        "ffn": _need(config, "ffn_dim"),
        "vocab": _need(config, "vocab_size"),
        "seq": positions,
        "learned_positions": positions + 2,
        **_plain(config),
    }


def _neox(config: Config) -> dict[str, Any]:
    table: dict[str, Any] = {ours: _need(config, theirs) for ours, theirs in LLAMA.items()}
    return table | _plain(config) | {"tied": bool(config.get("tie_word_embeddings", False))}


def _bloom(config: Config) -> dict[str, Any]:
    hidden = config.get("hidden_size") or _need(config, "n_embed")
    return {
        "layers": _need(config, "n_layer"),
        "hidden": hidden,
        "heads": _need(config, "n_head") if "n_head" in config else _need(config, "num_attention_heads"),
        "ffn": 4 * hidden,
        "vocab": _need(config, "vocab_size"),
        "seq": config.get("seq_length", 2048),
        **_plain(config),
    }


def _mpt(config: Config) -> dict[str, Any]:
    hidden = _need(config, "d_model")
    return {
        "layers": _need(config, "n_layers"),
        "hidden": hidden,
        "heads": _need(config, "n_heads"),
        "ffn": int(config.get("expansion_ratio", 4)) * hidden,
        "vocab": _need(config, "vocab_size"),
        "seq": _need(config, "max_seq_len"),
        "gated": False,
        "tied": True,
        "norm": "layer-no-bias",
    }


def _falcon(config: Config) -> dict[str, Any]:
    hidden = _need(config, "hidden_size")
    grouped = config.get("new_decoder_architecture", False)
    return {
        "layers": _need(config, "num_hidden_layers"),
        "hidden": hidden,
        "heads": _need(config, "num_attention_heads"),
        "kv_heads": _need(config, "num_kv_heads") if grouped else 1,
        "ffn": 4 * hidden,
        "vocab": _need(config, "vocab_size"),
        "seq": 2048,
        "gated": False,
        "tied": True,
        "norm": "layer",
        "parallel_block": not grouped,
        "biases": bool(config.get("bias", False)),
    }


def _plain(config: Config) -> dict[str, Any]:
    tied = bool(config.get("tie_word_embeddings", True))
    return {"gated": False, "tied": tied, "biases": True, "norm": "layer"}


READERS: dict[str, Callable[[Config], dict[str, Any]]] = {
    "bloom": _bloom,
    "deepseek_v2": _deepseek,
    "deepseek_v3": _deepseek,
    "falcon": _falcon,
    "gemma": _gemma,
    "gemma2": _gemma,
    "gemma3": _gemma3,
    "gemma3_text": _gemma3,
    "gpt2": _gpt2,
    "gpt_bigcode": _gpt2,
    "gpt_neox": _neox,
    "gpt_oss": _gpt_oss,
    "llama": _llama,
    "mistral": _llama,
    "mixtral": _mixtral,
    "mpt": _mpt,
    "opt": _opt,
    "qwen2": _qwen2,
    "qwen3": _llama,
    "qwen3_moe": _qwen3_moe,
    "smollm3": _llama,
}
