"""How the routed experts of a mixture lie on the ranks of a plan, and how their tokens travel.

An expert that is narrow is never split over tensor-parallel ranks: what is left of its products would be too small.
Expert parallelism then runs over the tensor-parallel ranks, too ("parallel folding", arXiv 2504.14960). All published
plans of fine-grained mixtures do so: ``ETP`` is 1 in NVIDIA's recipes, with a ``TP`` of 2 on H100.
"""

from typing import Final

import numpy as np

from simulator.workload.architecture import NARROW_EXPERT
from simulator.workload.collectives import Group, dispatch_s, exchange_s
from simulator.workload.plan import Plan
from simulator.workload.shape import Number, Shape
from simulator.workload.stack import Traits

PRODUCTS: Final = 6.0  # of an expert: two forward, four backward; one launch each under multi-stream cuBLAS
CASTS: Final = 12.0  # more for FP8: inputs, weights and gradients of both layers, by rows and by columns
LAUNCH_S: Final = 1e-5  # host's time for one: a guess from 5 to 15 us ("several microseconds" a call, Megatron-LM)


def split_over(shape: Shape, plan: Plan) -> Number:
    """Tensor-parallel ranks that share one expert: all of them, or none where it is narrow."""
    return np.where(np.asarray(shape.expert_ffn) < NARROW_EXPERT, 1.0, plan.tp)


def replicas(shape: Shape, plan: Plan) -> Number:
    """Copies of an expert, among which its gradients are reduced."""
    return np.maximum(plan.dp * plan.cp * plan.tp / split_over(shape, plan) / plan.ep, 1.0)


def shards(shape: Shape, plan: Plan) -> Number:
    """Ranks among which ZeRO shares an expert."""
    among = np.minimum(plan.shards, plan.dp * plan.cp) * plan.tp / split_over(shape, plan)
    return np.maximum(among / plan.ep, 1.0)


def rows(shape: Shape, plan: Plan, length: Number) -> Number:
    """Tokens of a micro-batch that meet one local expert, with balanced routing."""
    share = plan.ep * shape.experts_per_token / np.maximum(shape.experts, 1.0)
    return length * split_over(shape, plan) / plan.tp * np.where(share > 0, share, 1.0)


def launch_s(shape: Shape, plan: Plan, traits: Traits) -> Number:
    """Host time of the products of the local experts in a mixture layer, forward and backward [s].

    Where each expert's product is a call of its own (Transformer Engine: cuBLAS on several streams), the device waits
    for the host between them. Source: Megatron-LM, deepseek-v3-gb200-optimization, Sec. 2: large gaps between kernels.
    """
    calls = PRODUCTS + np.asarray(plan.fp8) * CASTS
    return traits.expert_launches * shape.mixture_share * shape.experts / plan.ep * calls * LAUNCH_S


def travel_s(size_bytes: Number, shape: Shape, members: Group, traits: Traits) -> Number:
    """Time to send the tokens of a rank to their experts, each to `experts_per_token` of them [s]."""
    copies = np.maximum(shape.experts_per_token, 1.0)
    apart_s = exchange_s(size_bytes * copies, members)
    once_s = dispatch_s(size_bytes, copies, members)
    return np.where(np.asarray(traits.once_a_domain) > 0, once_s, apart_s)
