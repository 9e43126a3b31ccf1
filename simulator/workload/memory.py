"""Memory of one device by class, and whether a plan fits."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.workload import experts
from simulator.workload.machine import Chip
from simulator.workload.plan import Plan
from simulator.workload.shape import Number, Shape
from simulator.workload.stack import Traits

PARAMETER_BYTES = 2.0  # working copy in 16 bits
OPTIMIZER_BYTES = 12.0  # Adam: FP32 weight and two moments
WIDE_BYTES = 8.0  # kept per channel of the residual stream: inputs and outputs of two norms
LOGIT_BYTES = 8.0  # kept per logit: 16 bits, FP32 copy and its gradient in 16 bits
SCORE_BYTES = 5.0  # kept per score without a fused kernel: softmax, dropout mask, dropped softmax
RESERVED_BYTES = 1.0 * 2**30  # driver, communicators
FRAGMENTED = 0.03  # of what is allocated
GATHERED_LAYERS = 2.0  # of a fully sharded model that are whole at a time


class Memory(NamedTuple):
    """Peak bytes of the fullest device."""

    parameters_bytes: Number
    gradients_bytes: Number
    optimizer_bytes: Number
    activations_bytes: Number
    logits_bytes: Number
    gathered_bytes: Number  # layers that a sharded plan holds whole
    overhead_bytes: Number  # driver, communicators, fragmentation

    @property
    def allocated_bytes(self) -> Number:
        """What the framework reports as its peak: all but the overhead."""
        return sum(self[1:-1], start=self[0])

    @property
    def total_bytes(self) -> Number:
        """What the device must hold."""
        return self.allocated_bytes + self.overhead_bytes

    def fits(self, chip: Chip) -> bool | NDArray[np.bool_]:
        """Whether the device holds it all."""
        return np.less_equal(self.total_bytes, chip.hbm_bytes)


def memory(shape: Shape, plan: Plan, traits: Traits, *, seq: Number, global_batch: Number) -> Memory:
    """Peak memory of the first pipeline stage, which keeps the most micro-batches in flight [byte].

    Notes
    -----
    Activations after Korthikanti et al., arXiv 2205.05198, Sec. 4: full recompute keeps a block's input only.
    Interleaving keeps ``1 + (pp - 1) / (pp v)`` times the micro-batches of plain 1F1B (ibid., App. B).
    """
    layers = np.ceil(shape.layers / plan.pp)
    routed = shape.expert_parameters * layers / shape.layers / (experts.split_over(shape, plan) * plan.ep)
    blocks = (shape.parameters - shape.expert_parameters - shape.embedding_parameters) * layers / shape.layers
    tables = np.where(plan.pp > 1, shape.vocab * shape.hidden, shape.embedding_parameters)
    dense = (blocks + tables) / plan.tp
    zero, shards = np.asarray(plan.zero), np.minimum(plan.shards, plan.dp * plan.cp)
    expert_shards = experts.shards(shape, plan)

    def held(each_bytes: Number, level: int) -> Number:
        return each_bytes * np.where(zero >= level, dense / shards + routed / expert_shards, dense + routed)

    length = plan.micro_batch * seq / plan.cp
    whole = GATHERED_LAYERS * PARAMETER_BYTES * (dense + routed) / layers
    parts = (
        held(PARAMETER_BYTES, 3),
        held(np.asarray(traits.gradient_bytes) * 1.0, 2),
        held(OPTIMIZER_BYTES, 1),
        _activations(shape, plan, traits, seq, length, layers, plan.micro_batches(global_batch)),
        np.where(plan.pp > 1, 0.0, length * shape.vocab / plan.tp * LOGIT_BYTES),
        np.where((zero == 3) & (shards > 1), whole, 0.0),
    )
    return Memory(*parts, RESERVED_BYTES + FRAGMENTED * sum(parts))


def _activations(
    shape: Shape, plan: Plan, traits: Traits, seq: Number, length: Number, layers: Number, micro_batches: Number
) -> Number:
    wide, narrow, scores = _kept_per_token(shape, plan, traits, seq)
    share = plan.full_share
    whole = wide + narrow + np.where(np.asarray(plan.recompute) == 0, scores, 0.0)
    split = np.where(np.asarray(plan.sequence_parallel) > 0, plan.tp, 1.0)
    checkpoint = 2.0 * shape.hidden / split
    in_flight = np.minimum(micro_batches, plan.pp) * np.where(
        plan.vpp > 1, 1.0 + (plan.pp - 1.0) / (plan.pp * plan.vpp), 1.0
    )
    block = np.where(share > 0, wide + narrow + scores, 0.0)  # the one that is being repeated
    return length * (layers * in_flight * (share * checkpoint + (1.0 - share) * whole) + block)


def _kept_per_token(shape: Shape, plan: Plan, traits: Traits, seq: Number) -> tuple[Number, Number, Number]:
    """Bytes kept of one token in one layer: residual stream, inside the blocks, scores of unfused attention."""
    split = np.where(np.asarray(plan.sequence_parallel) > 0, plan.tp, 1.0)
    routes = shape.mixture_share * shape.experts_per_token
    width = shape.dense_share * shape.ffn + (routes + shape.mixture_share * shape.shared_experts) * shape.expert_ffn
    projected = shape.query_width + shape.kv_width + shape.value_width
    projected = np.where(np.asarray(plan.recompute) >= 1, np.minimum(shape.latent_width, projected), projected)
    unfused = np.where(np.asarray(traits.score_bytes) > 0, 1.0, 0.0)
    wide = (WIDE_BYTES + 2.0 * unfused + 2.0 * routes) * shape.hidden / split  # dropout masks; routed copies
    narrow = 2.0 * (projected + shape.mlp_matrices * width) / plan.tp
    return wide, narrow, unfused * SCORE_BYTES * shape.heads * seq / plan.tp
