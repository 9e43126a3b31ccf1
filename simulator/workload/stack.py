"""What a training framework of an era does in software: kernels, overlap, precision of gradients."""

from typing import NamedTuple

from simulator.workload.shape import Number


class Traits(NamedTuple):
    """Known behaviour of a stack; each a number, or an array over cases.

    Facts about the software, not fits; only `factor` is calibrated.
    """

    attention_efficiency: Number = 0.55  # of the BF16 peak, over causal FLOPs; published kernel benchmarks
    attention_asynchronous: Number = 1.0  # 1 where the kernel uses the asynchronous matrix instructions
    score_share: Number = 0.5  # share of the score matrix that is computed
    score_bytes: Number = 0.0  # HBM traffic for one score, forward and backward; 0 when fused
    fusion: Number = 1.0  # elementwise traffic relative to separate kernels
    expert_cost: Number = 1.2  # time of routed experts over balanced dense products: capacity, imbalance, grouping
    wide_expert_cost: Number = 0.0  # the same of experts wider than the model, where it differs
    expert_launches: Number = 0.0  # 1 where the host starts each local expert's products one by one
    once_a_domain: Number = 0.0  # 1 where a token crosses the network once for all its experts in a domain
    repeats_last: Number = 1.0  # 1 where full recompute repeats a block's last projection as well
    single_rail: Number = 0.0  # 1 where rings between nodes use one network port a node
    tp_overlap: Number = 0.0  # share of tensor-parallel communication hidden under products
    tp_overlap_in_node: Number = 0.0  # 1 where groups over several nodes of one domain, tp x cp, overlap nothing
    ep_overlap: Number = 0.3  # share of expert exchange hidden under other work
    pipe_overlap: Number = 1.0  # 1 where an interleaved pipeline hands over while it works
    exposed_scale: Number = 1.0  # of the fitted share of overlapped communication that shows nevertheless
    dp_overlap: Number = 1.0  # 1 where gradient reduction runs under the backward pass
    whole_gradients: Number = 0.0  # 1 where ZeRO-1 ranks all-reduce every gradient, though each updates a part
    gradient_bytes: Number = 4.0  # of one gradient, in memory and on the wire
    factor: Number = 1.0  # calibrated: measured over modelled step time


class Parameters(NamedTuple):
    """Global parameters of the step-time model, fitted once; see ``catalogue/throughput_parameters.toml``."""

    matrix_efficiency: Number = 0.92  # of the achievable rate, in a long product
    product_traffic: Number = 0.8  # HBM traffic of a product that is not hidden, against touching each operand once
    elementwise_traffic: Number = 1.0  # against the passes counted in `compute`
    attention_scale: Number = 1.0  # of the published kernel rates
    link_efficiency: Number = 0.75  # of the scale-up link's one-way bandwidth
    network_efficiency: Number = 0.75  # of the network's
    exposed_share: Number = 0.15  # of overlapped communication that shows nevertheless
    launch_s: Number = 1.0e-4  # per layer and micro-batch
    scale_loss: Number = 0.005  # of step time per doubling of domains
