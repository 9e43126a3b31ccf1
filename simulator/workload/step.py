"""Step time of a plan: compute, exposed communication, bubble, optimizer.

Everything is closed form and takes floats or arrays alike.
"""

from typing import NamedTuple

import numpy as np

from simulator.workload import experts
from simulator.workload.collectives import exposed_s, gather_s, group, reduce_s
from simulator.workload.compute import Work, head, layer, tokens
from simulator.workload.machine import Chip, Fabric
from simulator.workload.plan import Plan
from simulator.workload.shape import Number, Shape
from simulator.workload.stack import Parameters, Traits

OPTIMIZER_TRAFFIC_BYTES = 40.0  # HBM traffic of Adam for one parameter: FP32 state in and out, gradient in, weight out
PARAMETER_BYTES = 2.0
ACTIVATION_BYTES = 2.0
ATTENTION_WINDOW = 0.8  # of the attention core under which context-parallel exchange hides


class Step(NamedTuple):
    """Where one step's wall-clock goes [s]; the parts sum to its length."""

    matrix_s: Number
    attention_s: Number
    memory_s: Number
    launch_s: Number
    recompute_s: Number
    tp_s: Number
    cp_s: Number
    ep_s: Number
    bubble_s: Number
    pipe_s: Number
    dp_s: Number
    optimizer_s: Number
    scale_s: Number

    @property
    def total_s(self) -> Number:
        """Length of the step."""
        return sum(self[1:], start=self[0])


class Links(NamedTuple):
    """Exposed communication of one micro-batch on one stage [s]."""

    tp_s: Number
    cp_s: Number
    ep_s: Number


def step(
    shape: Shape,
    plan: Plan,
    chip: Chip,
    fabric: Fabric,
    traits: Traits,
    parameters: Parameters,
    *,
    seq: Number,
    global_batch: Number,
) -> Step:
    """Split the time of one optimizer step into its parts.

    Parameters
    ----------
    seq, global_batch : float or array
        Context length [tokens] and sequences in a step.

    Notes
    -----
    A stage works ``m + (pp - 1) / v`` turns for ``m`` micro-batches in ``v`` chunks (Narayanan et al., arXiv
    2104.04473, Sec. 2.2), at the pace of the slowest stage, which is the one with the output head.
    """
    layers = np.ceil(shape.layers / plan.pp)
    work = layer(shape, plan, chip, traits, parameters, seq)
    head_matrix_s, head_memory_s = head(shape, plan, chip, parameters, seq)
    spread = np.where(np.mod(shape.layers, plan.pp) == 0, 1.0, 1.0 / plan.pp)  # uneven stages leave room for the head
    links = _links(shape, plan, fabric, traits, parameters, work, seq)
    turn = Work(
        layers * work.matrix_s + spread * head_matrix_s,
        layers * work.attention_s,
        layers * work.memory_s + spread * head_memory_s,
        layers * work.launch_s,
        layers * work.recompute_s,
    )
    m = plan.micro_batches(global_batch)
    turn_s = turn.total_s + layers * sum(links)
    sharing_s, once_s = _gradients(shape, plan, fabric, traits, parameters, turn_s)
    pipe_s = _pipe(shape, plan, fabric, traits, parameters, seq, m)
    bubble_s = (plan.pp - 1.0) / plan.vpp * (turn_s + sharing_s)
    optimizer_s = _optimizer(shape, plan, chip)
    parts = [m * part for part in (*turn, *(layers * link for link in links))]
    parts += [bubble_s, pipe_s, m * sharing_s + once_s, optimizer_s]
    domains = np.maximum(np.ceil(plan.accelerators / fabric.scale_up_domain), 1.0)
    scale_s = parameters.scale_loss * np.log2(domains) * sum(parts)
    return Step(*(traits.factor * part for part in (*parts, scale_s)))


def parameters_per_device(shape: Shape, plan: Plan) -> tuple[Number, Number]:
    """Dense and expert parameters that a device of the fullest stage holds before ZeRO.

    The stages at the ends hold a table beside their layers: one layer fewer, where layers do not fill all stages.
    """
    layers = np.ceil(shape.layers / plan.pp)
    each = (shape.parameters - shape.expert_parameters - shape.embedding_parameters) / shape.layers
    table = np.where(plan.pp > 1, shape.vocab * shape.hidden, shape.embedding_parameters)
    room = np.where(np.mod(shape.layers, plan.pp) == 0, 0.0, 1.0)
    dense = np.maximum(layers * each, (layers - room) * each + table)
    routed = shape.expert_parameters * layers / shape.layers
    return dense / plan.tp, routed / (experts.split_over(shape, plan) * plan.ep)


def _links(
    shape: Shape, plan: Plan, fabric: Fabric, traits: Traits, parameters: Parameters, work: Work, seq: Number
) -> Links:
    length = tokens(plan, seq)
    tp = group(plan.tp, 1.0, fabric, traits, parameters)
    trays = np.asarray(fabric.node) < fabric.scale_up_domain
    far = (np.asarray(traits.tp_overlap_in_node) > 0) & trays & (np.asarray(plan.tp * plan.cp) > fabric.node)
    passes = 4.0 + 2.0 * plan.full_share  # all-reduces: two forward, two backward, two again
    tp_s = (
        passes * reduce_s(length * shape.hidden * ACTIVATION_BYTES, tp) * (1.0 - np.where(far, 0.0, traits.tp_overlap))
    )
    cp = group(plan.cp, plan.tp, fabric, traits, parameters)
    cp_bytes = 3.0 * length * plan.cp * shape.kv_width / plan.tp * ACTIVATION_BYTES
    cp_s = exposed_s(gather_s(cp_bytes, cp), ATTENTION_WINDOW * work.attention_s, _near(parameters, traits))
    shared = experts.split_over(shape, plan)
    ep = group(plan.ep, shared, fabric, traits, parameters)
    split = np.where(np.asarray(plan.sequence_parallel) > 0, plan.tp, plan.tp / shared)
    travel_s = experts.travel_s(length * shape.hidden / split * ACTIVATION_BYTES, shape, ep, traits)
    routed_bytes = length * shape.experts_per_token * shape.hidden * ACTIVATION_BYTES
    whole_s = np.where(shared > 1, gather_s(routed_bytes, tp), 0.0)  # an expert that is split needs its tokens whole
    ep_s = 4.0 * shape.mixture_share * (travel_s * (1.0 - traits.ep_overlap) + whole_s)
    return Links(*(np.where(n > 1, t, 0.0) for n, t in ((plan.tp, tp_s), (plan.cp, cp_s), (plan.ep, ep_s))))


def _pipe(
    shape: Shape, plan: Plan, fabric: Fabric, traits: Traits, parameters: Parameters, seq: Number, micro_batches: Number
) -> Number:
    """Hand-over of micro-batches to the next stage and back; while the pipeline fills and drains, none hides [s]."""
    inside = plan.tp * plan.cp * plan.dp * 2 <= fabric.scale_up_domain
    link = fabric.scale_up_bytes_per_s * parameters.link_efficiency
    network = fabric.nic_bytes_per_s * parameters.network_efficiency
    size = tokens(plan, seq) * shape.hidden / plan.tp * ACTIVATION_BYTES
    once = size / np.where(inside, link, network) + np.where(
        inside, fabric.scale_up_latency_s, fabric.network_latency_s
    )
    hidden = (np.asarray(traits.pipe_overlap) > 0) & (np.asarray(plan.vpp) > 1)
    shown = micro_batches * plan.vpp * np.where(hidden, parameters.exposed_share, 1.0) + (plan.pp - 1.0)
    return np.where(plan.pp > 1, 2.0 * once * shown, 0.0)


def _gradients(
    shape: Shape, plan: Plan, fabric: Fabric, traits: Traits, parameters: Parameters, turn_s: Number
) -> tuple[Number, Number]:
    """Exposed data-parallel communication of each micro-batch, and once a step [s]."""
    dense, expert = parameters_per_device(shape, plan)
    replicas = plan.dp * plan.cp
    shards = np.minimum(plan.shards, replicas)
    zero = np.asarray(plan.zero)
    inner = group(shards, plan.tp, fabric, traits, parameters)
    outer = group(replicas / shards, plan.tp * shards, fabric, traits, parameters)
    shared = experts.split_over(shape, plan)
    among = np.minimum(experts.replicas(shape, plan), shards * plan.tp / shared)
    copies = group(among, shared * plan.ep, fabric, traits, parameters)

    def parts_s(size: Number) -> Number:
        routed = gather_s(size * expert, copies) if np.any(np.asarray(expert) > 0) else 0.0
        return gather_s(size * dense, inner) + routed

    gathers = np.where(zero == 3, 2.0, 1.0)
    across_s = np.where(replicas > shards, reduce_s(traits.gradient_bytes * (dense + expert) / shards, outer), 0.0)
    reduced_s = parts_s(traits.gradient_bytes)
    gathered_s = parts_s(PARAMETER_BYTES)
    each_s = np.where(zero >= 2, gathers * gathered_s + reduced_s, 0.0)
    all_reduced = (zero == 0) | ((zero == 1) & (np.asarray(traits.whole_gradients) > 0))
    once_s = reduced_s + np.where(all_reduced, reduced_s, 0.0) + np.where(zero == 1, gathered_s, 0.0)
    last_s = np.where(zero >= 2, 0.0, once_s) + across_s
    window_s = np.where(np.asarray(traits.dp_overlap) > 0, turn_s, 0.0)
    hidden_s = exposed_s(last_s, window_s, parameters)
    shown_s = np.where(np.asarray(traits.dp_overlap) > 0, hidden_s, last_s)
    busy = replicas > 1
    tied_s = _tied(shape, plan, fabric, traits, parameters)
    shown_each_s = exposed_s(each_s, turn_s, _near(parameters, traits))
    return np.where(busy, shown_each_s, 0.0), np.where(busy, shown_s, 0.0) + tied_s


def _near(parameters: Parameters, traits: Traits) -> Parameters:
    """Parameters for collectives of every micro-batch, which stay within a scale-up domain where there is a choice."""
    return parameters._replace(exposed_share=parameters.exposed_share * traits.exposed_scale)


def _tied(shape: Shape, plan: Plan, fabric: Fabric, traits: Traits, parameters: Parameters) -> Number:
    """All-reduce of the gradient of a table that the end stages share, after the last backward pass [s]."""
    ends = group(2.0, plan.tp * plan.cp * plan.dp * np.maximum(plan.pp - 1.0, 1.0), fabric, traits, parameters)
    size = traits.gradient_bytes * shape.tied_parameters / plan.tp
    return np.where((plan.pp > 1) & (np.asarray(shape.tied_parameters) > 0), reduce_s(size, ends), 0.0)


def _optimizer(shape: Shape, plan: Plan, chip: Chip) -> Number:
    dense, expert = parameters_per_device(shape, plan)
    share = np.where(np.asarray(plan.zero) > 0, np.minimum(plan.shards, plan.dp * plan.cp), 1.0)
    apart = np.where(np.asarray(plan.zero) > 0, experts.shards(shape, plan), 1.0)
    return (dense / share + expert / apart) * OPTIMIZER_TRAFFIC_BYTES / chip.hbm_bytes_per_s
