"""The few sums over an `Architecture` that step time and memory depend on, as numbers or arrays."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.workload.architecture import Architecture, span

Number = float | NDArray[np.float64]


class Shape(NamedTuple):
    """Widths and weights per layer; each a float, or an array over cases.

    `dense_share` is the share of layers with a dense MLP; the others are mixtures of experts.
    """

    layers: Number
    hidden: Number
    vocab: Number
    attention_weights: Number  # matrix weights of one attention block
    query_width: Number  # heads x query width
    value_width: Number  # heads x value width
    kv_width: Number  # key and value channels together
    latent_width: Number  # what selective recompute keeps of query, key and value: latents, where there are any
    heads: Number
    score_width: Number  # heads x (query + value width): channels that the attention core multiplies
    window: Number  # tokens that a windowed layer looks back; infinite in a model without
    windowed_share: Number  # of layers
    mlp_matrices: Number  # 2 plain, 3 gated
    ffn: Number
    dense_weights: Number
    dense_share: Number
    experts: Number  # routed experts in a mixture layer, 0 in a dense model
    experts_per_token: Number
    shared_experts: Number
    expert_ffn: Number
    expert_weights: Number  # of one expert
    clamped: Number  # 1 where the experts have biases and a clamped gate
    embedding_parameters: Number
    head_parameters: Number  # of the output head
    tied_parameters: Number  # of a table that serves as embedding and as output head
    parameters: Number
    expert_parameters: Number  # routed experts of all layers

    @property
    def mixture_share(self) -> Number:
        """Share of layers whose MLP is a mixture of experts."""
        return 1.0 - self.dense_share

    def seen_share(self, seq: Number) -> Number:
        """Share of the scores behind a causal mask that windows leave in an average layer."""
        return 1.0 - self.windowed_share * (1.0 - 2.0 * span(seq, self.window) / seq)


def shape_of(arch: Architecture) -> Shape:
    """Sum up an architecture."""
    moe = arch.moe_layers
    return Shape(
        layers=float(arch.layers),
        hidden=float(arch.hidden),
        vocab=float(arch.vocab),
        attention_weights=float(arch.attention_matrix),
        query_width=float(arch.heads * arch.qk_dim),
        value_width=float(arch.heads * arch.value_dim),
        kv_width=float(_kv_heads(arch) * (arch.qk_dim + arch.value_dim)),
        latent_width=float(_latent_width(arch)),
        heads=float(arch.heads),
        score_width=float(arch.score_width),
        window=float(arch.window or np.inf),
        windowed_share=arch.windowed / arch.layers,
        mlp_matrices=3.0 if arch.gated else 2.0,
        ffn=float(arch.ffn),
        dense_weights=float(arch.dense_matrix),
        dense_share=1.0 - moe / arch.layers,
        experts=float(arch.experts or 0),
        experts_per_token=float(arch.active_experts),
        shared_experts=float(arch.shared_experts or 0),
        expert_ffn=float(arch.expert_width),
        expert_weights=float(arch.expert_matrix),
        clamped=float(arch.clamped),
        embedding_parameters=float(arch.embedding_parameters),
        head_parameters=float(arch.head_matrix),
        tied_parameters=float(arch.vocab * arch.hidden if arch.tied else 0),
        parameters=float(arch.parameters),
        expert_parameters=float(moe * (arch.experts or 0) * arch.expert_matrix),
    )


def _kv_heads(arch: Architecture) -> int:
    return arch.heads if arch.kv_lora_rank is not None else arch.groups


def _latent_width(arch: Architecture) -> int:
    if arch.kv_lora_rank is None:
        return arch.heads * (arch.qk_dim + arch.value_dim) + arch.groups * (arch.qk_dim + arch.value_dim)
    query = arch.heads * arch.qk_dim if arch.q_lora_rank is None else arch.q_lora_rank
    return query + arch.kv_lora_rank + (arch.qk_rope_head_dim or 0) + arch.heads * arch.value_dim
