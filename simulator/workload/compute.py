"""Time on the matrix units and in HBM of one micro-batch in one layer."""

from typing import NamedTuple

import numpy as np

from simulator.workload import experts
from simulator.workload.machine import Chip
from simulator.workload.plan import Plan
from simulator.workload.shape import Number, Shape
from simulator.workload.stack import Parameters, Traits

WIDE_TRAFFIC_BYTES = 50.0  # traffic of norms, residuals and dropout per channel and token, forward and backward
PROJECTED_BYTES = 12.0  # of query, key, value and attention output (rotation, layout) per channel
INNER_BYTES = 14.0  # of bias and activation per MLP channel
GATED_BYTES = 8.0  # more for the gate
CLAMPED_BYTES = 60.0  # more for a clamped gate, per column of an expert: clamps and concatenation, 40 to 80
BIASED_BYTES = 60.0  # more for a bias on what an expert returns, per channel: added in FP32 apart, 30 to 70
ROUTED_BYTES = 32.0  # of permuting a token to an expert and back, per channel
CAST_BYTES = 8.0  # of casts and transposes for FP8, per input channel of a product
LOGIT_TRAFFIC_BYTES = 24.0  # of a logit: written, raised to FP32, normalised, differentiated
FORWARD_TRAFFIC = 0.4  # share of elementwise traffic in the forward pass
OLD_KERNEL = 0.6  # of the peak that synchronous matrix instructions reach on chips that want asynchronous ones


class Work(NamedTuple):
    """Seconds of one micro-batch in one layer, forward and backward, and the forward part that recompute repeats."""

    matrix_s: Number
    attention_s: Number
    memory_s: Number
    launch_s: Number
    recompute_s: Number

    @property
    def total_s(self) -> Number:
        """All of it."""
        return self.matrix_s + self.attention_s + self.memory_s + self.launch_s + self.recompute_s


def tokens(plan: Plan, seq: Number) -> Number:
    """Tokens of one micro-batch on one device."""
    return plan.micro_batch * seq / plan.cp


def product_s(
    length: Number,
    inner: Number,
    width: Number,
    weights: Number,
    rate: Number,
    chip: Chip,
    parameters: Parameters,
    operand_bytes: Number = 2.0,
) -> Number:
    """Forward time of ``length`` tokens times ``weights``, a matrix of ``inner`` x ``width`` [s].

    The rate is that of a long product; a short side adds HBM traffic that does not hide, of both operands and the
    16-bit result: 1 + g (rate / bandwidth) (bytes of all three / FLOPs). After the roofline of Williams et al. 2009.
    """
    bytes_per_flop = operand_bytes / 2.0 * (1.0 / length + 1.0 / width) + 1.0 / inner
    exposed = parameters.product_traffic * rate / chip.hbm_bytes_per_s * bytes_per_flop
    return 2.0 * length * weights / rate * (1.0 + exposed)


def layer(shape: Shape, plan: Plan, chip: Chip, traits: Traits, parameters: Parameters, seq: Number) -> Work:
    """Time of one micro-batch in an average layer, forward and backward [s]."""
    length = tokens(plan, seq)
    attention_s, last_s, mlp_s = _products(shape, plan, chip, traits, parameters, length)
    core_s, score_s = _core(shape, plan, chip, traits, parameters, length, seq)
    passes_s = length * _elementwise_bytes(shape, plan, traits) * parameters.elementwise_traffic / chip.hbm_bytes_per_s
    forward_s = attention_s + mlp_s
    launch_s = parameters.launch_s + experts.launch_s(shape, plan, traits)
    full = (
        forward_s - (1.0 - traits.repeats_last) * last_s + core_s + FORWARD_TRAFFIC * (score_s + passes_s)
    ) + launch_s / 3.0
    selective = core_s + FORWARD_TRAFFIC * score_s
    share = plan.full_share
    recompute_s = share * full + (1.0 - share) * np.where(np.asarray(plan.recompute) >= 1, selective, 0.0)
    return Work(3.0 * forward_s, 3.0 * core_s, passes_s + score_s, launch_s, recompute_s)


def head(shape: Shape, plan: Plan, chip: Chip, parameters: Parameters, seq: Number) -> tuple[Number, Number]:
    """Matrix and memory time of one micro-batch in the output head, forward and backward [s]."""
    length = tokens(plan, seq)
    rate = chip.achievable_gemm_flop_per_s * parameters.matrix_efficiency
    width = shape.vocab / plan.tp
    matrix_s = product_s(length, shape.hidden, width, shape.head_parameters / plan.tp, rate, chip, parameters)
    return 3.0 * matrix_s, length * width * LOGIT_TRAFFIC_BYTES / chip.hbm_bytes_per_s


def _products(
    shape: Shape, plan: Plan, chip: Chip, traits: Traits, parameters: Parameters, length: Number
) -> tuple[Number, Number, Number]:
    """Forward time of the attention projections, of the block's last projection, and of the MLP [s]."""
    peak = np.where(np.asarray(plan.fp8) > 0, chip.achievable_fp8_flop_per_s, chip.achievable_gemm_flop_per_s)
    rate = peak * parameters.matrix_efficiency
    operand_bytes = np.where(np.asarray(plan.fp8) > 0, 1.0, 2.0)
    hidden, gates = shape.hidden, shape.mlp_matrices - 1.0

    def product(rows: Number, width: Number, weights: Number) -> Number:
        return product_s(rows, hidden, np.maximum(width, 1.0), weights, rate, chip, parameters, operand_bytes)

    attention = product(length, shape.attention_weights / hidden / plan.tp, shape.attention_weights / plan.tp)
    dense = product(length, gates * shape.ffn / plan.tp, shape.dense_weights / plan.tp)
    everyone = product(length, gates * shape.expert_ffn / plan.tp, shape.expert_weights / plan.tp)
    split = experts.split_over(shape, plan)
    routed = product(experts.rows(shape, plan, length), gates * shape.expert_ffn / split, shape.expert_weights / split)
    local = shape.experts / plan.ep
    wide = (np.asarray(traits.wide_expert_cost) > 0) & (np.asarray(shape.expert_ffn) > shape.hidden)
    cost = np.where(wide, traits.wide_expert_cost, traits.expert_cost)
    mlp = shape.dense_share * dense + shape.mixture_share * (shape.shared_experts * everyone + local * cost * routed)
    return attention, mlp / shape.mlp_matrices, mlp


def _core(shape: Shape, plan: Plan, chip: Chip, traits: Traits, parameters: Parameters, length: Number, seq: Number
          ) -> tuple[Number, Number]:  # fmt: skip
    """Forward time of scores and values, and time of the unfused softmax's traffic, forward and backward [s].

    A kernel that computes what the mask hides computes what lies beyond a window, too.
    """
    stale = (np.asarray(chip.asynchronous_mma) > 0) & (np.asarray(traits.attention_asynchronous) == 0)
    efficiency = traits.attention_efficiency * parameters.attention_scale * np.where(stale, OLD_KERNEL, 1.0)
    rate = chip.peak_bf16_flop_per_s * np.minimum(efficiency, 1.0)
    seen = np.where(np.asarray(traits.score_share) < 1.0, shape.seen_share(seq), 1.0)
    flop = 2.0 * length * shape.score_width / plan.tp * seq * traits.score_share * seen
    return flop / rate, length * shape.heads / plan.tp * seq * traits.score_bytes / chip.hbm_bytes_per_s


def _elementwise_bytes(shape: Shape, plan: Plan, traits: Traits) -> Number:
    """HBM traffic of a token in one layer apart from products, forward and backward [byte]."""
    split = np.where(np.asarray(plan.sequence_parallel) > 0, plan.tp, 1.0)
    routes = shape.experts_per_token + shape.shared_experts
    inner = shape.dense_share * shape.ffn + shape.mixture_share * routes * shape.expert_ffn
    projected = shape.query_width + shape.kv_width + shape.value_width
    wide = WIDE_TRAFFIC_BYTES * shape.hidden / split
    routed = ROUTED_BYTES * shape.mixture_share * shape.experts_per_token * shape.hidden / split
    narrow = inner * (INNER_BYTES + GATED_BYTES * (shape.mlp_matrices - 2.0)) + PROJECTED_BYTES * projected
    biased = CLAMPED_BYTES * shape.expert_ffn / plan.tp + BIASED_BYTES * shape.hidden / split
    clamped = shape.clamped * shape.mixture_share * shape.experts_per_token * biased
    cast = np.asarray(plan.fp8) * CAST_BYTES * (2.0 * shape.hidden + shape.value_width / plan.tp + inner / plan.tp)
    return traits.fusion * (wide + routed + narrow / plan.tp) + clamped + cast
