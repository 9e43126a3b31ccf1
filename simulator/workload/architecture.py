"""What a decoder-only transformer is made of, and how many parameters that makes.

Counts are exact: they follow the matrices, biases, gains and tables of the architecture, never a rule of thumb.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

NARROW_EXPERT: Final = 4096  # columns; no published expert lies between 3,584 (ERNIE 4.5) and 4,864 (Arctic)
Norm = Literal["layer", "layer-no-bias", "rms"]
Tokens = float | NDArray[np.float64]


_BELONG: Mapping[str, tuple[str, ...]] = {
    "experts": ("experts_per_token", "shared_experts", "expert_ffn", "dense_layers"),
    "kv_lora_rank": ("q_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim"),
    "window": ("windowed_layers",),
}
"""Counts that mean nothing unless another is stated."""

_PART_OF = {"experts_per_token": "experts", "dense_layers": "layers", "windowed_layers": "layers"}
"""Counts of some of what another counts all of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """The shape of a decoder-only transformer, dense or mixture-of-experts.

    Parameters
    ----------
    layers, hidden, heads, vocab : int
        Blocks, width of the residual stream, query heads, rows of the embedding table.
    ffn : int
        Inner width of a dense MLP (of the dense layers, in a mixture of experts).
    seq : int
        Default context length in training [tokens].
    kv_heads, head_dim : int, optional
        Key/value heads (absent: one per query head) and width of a head (absent: hidden / heads).
    gated, tied, biases, qkv_biases, parallel_block, relative_positions : bool
        Three-matrix MLP; output head shares the embedding; bias on each projection, or only on query, key and value;
        attention and MLP read one normalised input; Transformer-XL position projection in each layer.
    clamped : bool
        Experts have biases and a gate that is clamped and shifted, as those of gpt-oss; their activation is slower.
    learned_positions : int, optional
        Rows of a learned position table.
    norm : {"rms", "layer", "layer-no-bias"}
        Kind of normalisation: gain only, or gain and bias.
    experts, experts_per_token, shared_experts, expert_ffn, dense_layers : int, optional
        Routed experts in a layer, those a token visits, those every token visits, their inner width (absent: `ffn`),
        and how many layers are dense nonetheless.
    q_lora_rank, kv_lora_rank, qk_nope_head_dim, qk_rope_head_dim, v_head_dim : int, optional
        Multi-head latent attention; `kv_lora_rank` switches it on.
    window, windowed_layers : int, optional
        Tokens that a layer with sliding-window attention looks back, itself included, and how many layers do so
        (absent: all); the others look over the whole context.

    Examples
    --------
    >>> llama = Architecture(layers=32, hidden=4096, heads=32, ffn=11008, vocab=32000, seq=2048)
    >>> llama.parameters
    6738415616
    """

    layers: int
    hidden: int
    heads: int
    ffn: int
    vocab: int
    seq: int
    kv_heads: int | None = None
    head_dim: int | None = None
    gated: bool = True
    tied: bool = False
    biases: bool = False
    qkv_biases: bool = False
    clamped: bool = False
    parallel_block: bool = False
    relative_positions: bool = False
    learned_positions: int | None = None
    norm: Norm = "rms"
    experts: int | None = None
    experts_per_token: int | None = None
    shared_experts: int | None = None
    expert_ffn: int | None = None
    dense_layers: int | None = None
    q_lora_rank: int | None = None
    kv_lora_rank: int | None = None
    qk_nope_head_dim: int | None = None
    qk_rope_head_dim: int | None = None
    v_head_dim: int | None = None
    window: int | None = None
    windowed_layers: int | None = None

    def __post_init__(self) -> None:
        wrong = [f"{f.name}={v!r}" for f in fields(self) if _is_bad_count(v := getattr(self, f.name))]
        if wrong:
            raise ValueError(f"architecture: {', '.join(wrong)}: expected counts of at least 1, or absent")
        if self.head_dim is None and self.hidden % self.heads:
            raise ValueError(f"architecture: hidden={self.hidden} is no multiple of heads={self.heads}; state head_dim")
        if self.heads % self.groups:
            raise ValueError(f"architecture: heads={self.heads} is no multiple of kv_heads={self.groups}")
        for switch, names in _BELONG.items():
            idle = [name for name in names if getattr(self, name) is not None]
            if idle and getattr(self, switch) is None:
                raise ValueError(f"architecture: {', '.join(idle)} without {switch}; state it, or leave them out")
        if self.experts is not None and self.experts_per_token is None:
            raise ValueError("architecture: experts without experts_per_token; state how many experts a token visits")
        for part, whole in _PART_OF.items():
            some, most = getattr(self, part), getattr(self, whole)
            if some is not None and some > most:
                raise ValueError(f"architecture: {part}={some} exceeds {whole}={most}")
        if self.kv_lora_rank is not None and None in (self.qk_nope_head_dim, self.qk_rope_head_dim, self.v_head_dim):
            raise ValueError("architecture: kv_lora_rank needs qk_nope_head_dim, qk_rope_head_dim and v_head_dim")

    @property
    def groups(self) -> int:
        """Key/value heads."""
        return self.heads if self.kv_heads is None else self.kv_heads

    @property
    def qk_dim(self) -> int:
        """Width of a query head, over which a score is summed."""
        if self.kv_lora_rank is not None:
            return (self.qk_nope_head_dim or 0) + (self.qk_rope_head_dim or 0)
        return self.hidden // self.heads if self.head_dim is None else self.head_dim

    @property
    def value_dim(self) -> int:
        """Width of a value head."""
        return self.qk_dim if self.v_head_dim is None else self.v_head_dim

    @property
    def moe_layers(self) -> int:
        """Layers whose MLP is a mixture of experts."""
        return 0 if self.experts is None else self.layers - (self.dense_layers or 0)

    @property
    def windowed(self) -> int:
        """Layers that look back over a window only."""
        if self.window is None:
            return 0
        return self.layers if self.windowed_layers is None else self.windowed_layers

    @property
    def active_experts(self) -> int:
        """Routed experts that a token visits."""
        return self.experts_per_token or 0

    @property
    def expert_width(self) -> int:
        """Inner width of one expert."""
        return self.ffn if self.expert_ffn is None else self.expert_ffn

    @property
    def narrow_experts(self) -> bool:
        """Whether it is a mixture of experts so narrow that none is split over accelerators."""
        return self.experts is not None and self.expert_width < NARROW_EXPERT

    def seen(self, seq: Tokens) -> Tokens:
        """Tokens that a token of a sequence is scored against on the mean, summed over layers; causal."""
        return (self.layers - self.windowed) * span(seq) + self.windowed * span(seq, self.window or np.inf)

    def held(self, context: float) -> float:
        """Tokens before which a new one is scored, and whose keys and values are held for it, summed over layers."""
        return (self.layers - self.windowed) * context + self.windowed * min(self.window or context, context)

    @property
    def score_width(self) -> int:
        """Channels that one score and its value multiply: heads x (query + value width)."""
        return self.heads * (self.qk_dim + self.value_dim)

    @property
    def attention_matrix(self) -> int:
        """Weights of the matrices in one attention block."""
        out = self.heads * self.value_dim * self.hidden
        if self.kv_lora_rank is None:
            kv = self.groups * (self.qk_dim + self.value_dim) * self.hidden
            positions = self.hidden * self.heads * self.qk_dim if self.relative_positions else 0
            return self.heads * self.qk_dim * self.hidden + kv + positions + out
        query = self.heads * self.qk_dim
        q = query * self.hidden if self.q_lora_rank is None else self.q_lora_rank * (self.hidden + query)
        down = self.hidden * (self.kv_lora_rank + (self.qk_rope_head_dim or 0))
        up = self.kv_lora_rank * self.heads * ((self.qk_nope_head_dim or 0) + self.value_dim)
        return q + down + up + out

    @property
    def dense_matrix(self) -> int:
        """Weights of the matrices in one dense MLP."""
        return self._mlp(self.ffn)

    @property
    def expert_matrix(self) -> int:
        """Weights of the matrices in one expert."""
        return self._mlp(self.expert_width)

    @property
    def head_matrix(self) -> int:
        """Weights of the output head, whether or not it shares the embedding."""
        return self.vocab * self.hidden

    @property
    def embedding_parameters(self) -> int:
        """Token and position tables, and the output head when it is not tied."""
        tables = self.vocab * (1 if self.tied else 2) + (self.learned_positions or 0)
        return tables * self.hidden

    @property
    def parameters(self) -> int:
        """All trainable parameters."""
        return self._count(self.experts or 0)

    @property
    def active_parameters(self) -> int:
        """Parameters that one token touches: all but the routed experts it does not visit."""
        return self._count(self.active_experts)

    @property
    def matrix_parameters(self) -> int:
        """Active weights that take part in a matrix product: no tables, gains or biases, but the output head."""
        return self.block_matrix_parameters + self.head_matrix

    @property
    def block_matrix_parameters(self) -> int:
        """Active matrix weights of all blocks, without the output head."""
        moe = self.moe_layers * self._experts_matrix(self.active_experts)
        return self.layers * self.attention_matrix + (self.layers - self.moe_layers) * self.dense_matrix + moe

    def _mlp(self, width: int) -> int:
        return (3 if self.gated else 2) * self.hidden * width

    def _experts_matrix(self, routed: int) -> int:
        return (routed + (self.shared_experts or 0)) * self.expert_matrix + self.hidden * (self.experts or 0)

    def _count(self, routed: int) -> int:
        gain = self.hidden * (2 if self.norm == "layer" else 1)
        norms = (self.layers * (1 if self.parallel_block else 2) + 1) * gain + self.layers * self._latent_gains()
        biases = self.layers * self._attention_biases()
        if self.biases:
            inner = self.ffn * (2 if self.gated else 1)
            biases += (self.layers - self.moe_layers) * (inner + self.hidden)
        blocks = self.layers * self.attention_matrix + (self.layers - self.moe_layers) * self.dense_matrix
        return blocks + self.moe_layers * self._experts_matrix(routed) + norms + biases + self.embedding_parameters

    def _attention_biases(self) -> int:
        qkv = self.heads * self.qk_dim + self.groups * (self.qk_dim + self.value_dim)
        return (qkv if self.biases or self.qkv_biases else 0) + (self.hidden if self.biases else 0)

    def _latent_gains(self) -> int:
        return (self.kv_lora_rank or 0) + (self.q_lora_rank or 0)


def _is_bad_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value < 1


def architecture(table: Mapping[str, Any]) -> Architecture:
    """Make an architecture from a table, such as one of ``catalogue/architectures.toml``, without its annotations."""
    known = {f.name for f in fields(Architecture)}
    return Architecture(**{key: _whole(value) for key, value in table.items() if key in known})


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def span(seq: Tokens, window: Tokens = np.inf) -> Tokens:
    """Tokens that a token of a sequence is scored against on the mean, behind a causal mask.

    The mean of min(i - 1/2, w) over i = 1 to s: the score with itself counts half, so that no window leaves s / 2.

    Examples
    --------
    >>> float(span(8192.0)), float(span(8192.0, 4096))
    (4096.0, 3072.0)
    """
    width = np.minimum(window, seq)
    return width - width * width / (2.0 * seq)


class TokenFlops(NamedTuple):
    """Training FLOPs per token, forward and backward; one multiply-add is two FLOPs."""

    matrix_flop: float
    attention_flop: float
    recompute_flop: float

    @property
    def model_flop(self) -> float:
        """What the model needs, the numerator of MFU."""
        return self.matrix_flop + self.attention_flop

    @property
    def hardware_flop(self) -> float:
        """What the hardware executes, the numerator of HFU."""
        return self.model_flop + self.recompute_flop


Recompute = Literal["none", "selective", "full"]


def training_flops(
    arch: Architecture, *, seq: int | None = None, causal: bool = True, recompute: Recompute = "none"
) -> TokenFlops:
    """Count the FLOPs of one token's forward and backward pass.

    Parameters
    ----------
    seq : int, optional
        Context length [tokens]; absent, the architecture's own.
    causal : bool
        Whether a causal mask halves the attention scores (our convention), or they are counted in full, as most
        papers and Megatron-LM do; a window, that looks back only, is counted as reaching as far ahead.
    recompute : {"none", "selective", "full"}
        "selective" repeats the attention core (scores, softmax, values), "full" repeats every block's forward pass.

    Notes
    -----
    Forward matrix work is 2 FLOPs per active weight, backward twice that (arXiv 2205.05198, App. A).

    Examples
    --------
    >>> gpt = Architecture(layers=96, hidden=12288, heads=96, ffn=49152, vocab=51200, seq=2048, gated=False)
    >>> flops = training_flops(gpt, causal=False, recompute="full")
    >>> f"{flops.hardware_flop * 1536 * 2048:.4e}"  # 96 B s l h^2 (1 + s/6h + V/16lh)
    '4.5110e+18'
    """
    length = arch.seq if seq is None else seq
    core = 2.0 * arch.score_width * float(arch.seen(length)) * (1.0 if causal else 2.0)
    repeated = {"none": 0.0, "selective": core, "full": core + 2.0 * arch.block_matrix_parameters}[recompute]
    return TokenFlops(6.0 * arch.matrix_parameters, 3.0 * core, repeated)


def six_n_d(arch: Architecture) -> float:
    """Approximate training FLOPs per token as six times the active parameters; leaves attention out.

    Source: Kaplan et al., arXiv 2001.08361, Table 1.
    """
    return 6.0 * arch.active_parameters
