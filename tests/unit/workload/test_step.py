"""Parts of a step that are paid once, and the tiers that communication crosses."""

from dataclasses import replace

import pytest

from simulator.catalogue.reader import entry
from simulator.workload.architecture import Architecture, architecture
from simulator.workload.machine import Fabric
from simulator.workload.plan import Plan
from simulator.workload.shape import shape_of
from simulator.workload.stack import Parameters, Traits
from simulator.workload.stacks import chip_of, fabric_of
from simulator.workload.step import Step, parameters_per_device, step

GPT = Architecture(layers=48, hidden=8192, heads=64, ffn=32768, vocab=256000, seq=2048, gated=False, tied=True)
A100 = entry("accelerators", "a100-80gb")
EXACT = Parameters(link_efficiency=1.0, network_efficiency=1.0, scale_loss=0.0)
BARE = Traits(dp_overlap=0.0, pipe_overlap=0.0)


def of(
    arch: Architecture, plan: Plan, *, fabric: Fabric | None = None, traits: Traits = BARE, batch: float = 64
) -> Step:
    return step(
        shape_of(arch), plan, chip_of(A100), fabric or fabric_of(A100), traits, EXACT, seq=2048, global_batch=batch
    )


def test_a_shared_table_is_reduced_between_the_ends_of_the_pipeline() -> None:
    plan = Plan(tp=8, pp=4, dp=1)
    tied, untied = of(GPT, plan), of(replace(GPT, tied=False), plan)
    size = BARE.gradient_bytes * 256000 * 8192 / 8
    expected = size / fabric_of(A100).nic_bytes_per_s  # an all-reduce of two sends the whole buffer once each way
    assert float(tied.dp_s) == pytest.approx(expected, rel=0.01)
    assert float(untied.dp_s) == 0.0
    assert float(of(GPT, Plan(tp=8, dp=4, zero=0)).dp_s) > 0.0  # without a pipeline, as any other gradient
    assert float(of(GPT, Plan(tp=8)).dp_s) == 0.0


def test_whole_gradients_cost_one_more_pass_over_the_network() -> None:
    untied, plan = replace(GPT, tied=False), Plan(tp=8, dp=16, zero=1)
    parted, whole = of(untied, plan), of(untied, plan, traits=BARE._replace(whole_gradients=1.0))
    dense, _ = parameters_per_device(shape_of(untied), plan)
    once = BARE.gradient_bytes * float(dense) * (1 - 1 / 16) / fabric_of(A100).nic_bytes_per_s
    assert float(whole.dp_s - parted.dp_s) == pytest.approx(once, rel=0.01)


def test_filling_the_pipeline_hands_over_once_a_stage() -> None:
    one, many = (of(GPT, Plan(tp=8, pp=4), batch=batch).pipe_s for batch in (1, 10))
    assert float(many / one) == pytest.approx((10 + 3) / (1 + 3), rel=1e-9)


def test_the_fullest_stage_is_at_an_end_or_in_the_middle() -> None:
    even, uneven = GPT, replace(GPT, layers=46)
    layer = (GPT.parameters - GPT.embedding_parameters) / 48
    table = GPT.vocab * GPT.hidden
    assert parameters_per_device(shape_of(even), Plan(pp=4))[0] == pytest.approx(12 * layer + table, rel=1e-3)
    assert parameters_per_device(shape_of(uneven), Plan(pp=4))[0] == pytest.approx(11 * layer + table, rel=1e-3)
    assert parameters_per_device(shape_of(even), Plan())[0] == pytest.approx(GPT.parameters, rel=1e-12)


def test_experts_meet_over_the_links_of_a_rack_rather_than_its_network() -> None:
    """Sixty-four ranks exchange within an NVL72, and over the network between nodes of eight."""
    rack = fabric_of(entry("accelerators", "gb200-nvl72"))
    assert rack.scale_up_domain == 72
    mixture = architecture(entry("architectures", "qwen3-235b-a22b").values)
    plan = Plan(dp=64, ep=64)
    nodes = replace(rack, scale_up_domain=8.0)
    assert float(of(mixture, plan, fabric=rack).ep_s) < 0.5 * float(of(mixture, plan, fabric=nodes).ep_s)


def test_slices_reduce_a_shard_over_the_data_centre_network() -> None:
    """Parameters are shared within a slice of TPUs; between slices one shard's gradients cross the slower network."""
    llama = architecture(entry("architectures", "llama-2-70b").values)
    fabric = replace(fabric_of(entry("accelerators", "tpu-v5e")), scale_up_domain=256.0)
    one = of(llama, Plan(dp=256, zero=3), fabric=fabric, batch=256)
    four = of(llama, Plan(dp=1024, zero=3, shard=256), fabric=fabric, batch=1024)
    slower = replace(fabric, nic_bytes_per_s=float(fabric.nic_bytes_per_s) / 10)
    assert float(one.dp_s) < float(four.dp_s)
    far = of(llama, Plan(dp=1024, zero=3, shard=256), fabric=slower, batch=1024)
    assert float(far.dp_s) > float(four.dp_s)
    assert float(of(llama, Plan(dp=256, zero=3), fabric=slower, batch=256).dp_s) == float(one.dp_s)


def test_a_window_shortens_the_attention_of_kernels_that_skip_what_is_hidden() -> None:
    """Three of four layers meet 512 - 512^2 / 4096 = 448 of 1,024 tokens; an unfused softmax computes them all."""
    short, unfused = replace(GPT, window=512, windowed_layers=36), BARE._replace(score_share=1.0)
    assert float(of(short, Plan()).attention_s / of(GPT, Plan()).attention_s) == pytest.approx((12 + 36 * 0.4375) / 48)
    assert of(short, Plan())._replace(attention_s=0.0) == of(GPT, Plan())._replace(attention_s=0.0)
    assert of(short, Plan(), traits=unfused) == of(GPT, Plan(), traits=unfused)


def test_user_buffers_do_not_reach_beyond_a_node() -> None:
    node, traits = replace(fabric_of(A100), node=4), BARE._replace(tp_overlap=0.8, tp_overlap_in_node=1.0)
    within, beyond = (of(GPT, Plan(tp=tp, dp=1), fabric=node, traits=traits).tp_s for tp in (4, 8))
    bare = [of(GPT, Plan(tp=tp, dp=1), fabric=node).tp_s for tp in (4, 8)]
    assert float(within / bare[0]) == pytest.approx(0.2, rel=1e-9)
    assert float(beyond / bare[1]) == pytest.approx(1.0, rel=1e-9)
    ring = of(GPT, Plan(tp=4, cp=2, dp=1), fabric=node, traits=traits).tp_s
    assert float(ring / of(GPT, Plan(tp=4, cp=2, dp=1), fabric=node).tp_s) == pytest.approx(1.0, rel=1e-9)
    hgx = replace(node, node=4, scale_up_domain=4)  # beyond its node a group is on the network, as it always was
    assert float(of(GPT, Plan(tp=4, cp=2, dp=1), fabric=hgx, traits=traits).tp_s / bare[0]) < 0.2
    anywhere = of(GPT, Plan(tp=8, dp=1), fabric=node, traits=traits._replace(tp_overlap_in_node=0.0)).tp_s
    assert float(anywhere / bare[1]) == pytest.approx(0.2, rel=1e-9)


def test_links_that_take_no_units_from_products_show_less() -> None:
    plan = Plan(dp=64, zero=3)
    usual, light = (of(GPT, plan, traits=BARE._replace(exposed_scale=scale)).dp_s for scale in (1.0, 0.25))
    assert float(light / usual) == pytest.approx(0.25, rel=1e-9)  # ample work: nothing but the constant share shows


def test_precisions_below_fp8_with_a_scale_a_tensor() -> None:
    gb300 = entry("accelerators", "gb300")
    whole = float(chip_of(gb300).achievable_fp8_flop_per_s)
    blocks = float(chip_of(gb300, block_scaled=True).achievable_fp8_flop_per_s)
    four = float(chip_of(gb300, fp4=True).achievable_fp8_flop_per_s)
    assert blocks / whole == pytest.approx(0.93)
    assert four / whole == pytest.approx(1.65)  # not the 3 of the peaks


def test_experts_wider_than_the_model_cost_what_is_said_of_them() -> None:
    mixture = replace(GPT, tied=False, experts=8, experts_per_token=2, expert_ffn=16384)
    narrow = replace(mixture, expert_ffn=8192)
    usual, said = BARE._replace(expert_cost=1.8), BARE._replace(expert_cost=1.8, wide_expert_cost=1.4)
    plain = BARE._replace(expert_cost=0.0)
    base, slow, fast = (float(of(mixture, Plan(dp=8), traits=traits).matrix_s) for traits in (plain, usual, said))
    assert (fast - base) / (slow - base) == pytest.approx(1.4 / 1.8, rel=1e-9)
    assert of(narrow, Plan(dp=8), traits=said) == of(narrow, Plan(dp=8), traits=usual)
