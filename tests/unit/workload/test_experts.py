"""Mixtures of narrow experts: where they lie, how their tokens travel, and what the host and memory spend on them."""

from dataclasses import replace

import pytest

from simulator.catalogue.reader import entry
from simulator.workload.architecture import Architecture, architecture
from simulator.workload.collectives import dispatch_s, exchange_s, group
from simulator.workload.experts import CASTS, LAUNCH_S, PRODUCTS, replicas, rows, shards
from simulator.workload.hugging_face import from_hugging_face
from simulator.workload.machine import Fabric
from simulator.workload.plan import Plan
from simulator.workload.prediction import stack_factor
from simulator.workload.search import Limits, plans
from simulator.workload.shape import shape_of
from simulator.workload.stack import Parameters, Traits
from simulator.workload.stacks import chip_of, fabric_of
from simulator.workload.step import Step, parameters_per_device, step

QWEN = architecture(entry("architectures", "qwen3-235b-a22b").values)
GROK = architecture(entry("architectures", "grok-1").values)
H100 = entry("accelerators", "h100-sxm")
FABRIC = Fabric(scale_up_domain=8, scale_up_bytes_per_s=1e12, nic_bytes_per_s=10e9, scale_up_latency_s=1e-12,
                network_latency_s=1e-12)  # fmt: skip
IDEAL = Parameters(link_efficiency=1.0, network_efficiency=1.0, scale_loss=0.0)


def of(arch: Architecture, plan: Plan, traits: Traits, *, parameters: Parameters = IDEAL) -> Step:
    return step(shape_of(arch), plan, chip_of(H100), fabric_of(H100), traits, parameters, seq=4096, global_batch=256)


def test_a_published_plan_of_a_fine_grained_mixture_is_legal() -> None:
    """TP 2, EP 32 over 16 replicas of a stage: Megatron Bridge 26.04, Qwen3-235B on 256 H100; ETP is 1 there."""
    known = {"tp": 2, "pp": 8, "ep": 32, "vpp": 4, "micro_batch": 1}
    limits = Limits(accelerators=256, domain=8, global_batch=8192, seq=4096, known=known, recompute=(0,))
    found = plans(QWEN, limits)
    assert [found.at(i).text() for i in range(len(found.tp))] == ["tp2 pp8 dp16 ep32 vpp4 mb1 zero1 none"]


def test_a_narrow_expert_is_whole_and_a_wide_one_is_split() -> None:
    plan = Plan(tp=2, pp=8, dp=16, ep=32)
    one_layer = 128 * 3 * 4096 * 1536 / 32  # four of 128 experts
    assert parameters_per_device(shape_of(QWEN), plan)[1] == pytest.approx(12 * one_layer, rel=1e-12)
    assert float(replicas(shape_of(QWEN), plan)) == 1.0
    assert float(shards(shape_of(QWEN), replace(plan, ep=8))) == 4.0  # 32 ranks of a stage, 8 of them apart
    assert float(rows(shape_of(QWEN), plan, 4096.0)) == 2048 * 32 * 8 / 128
    wide = parameters_per_device(shape_of(GROK), Plan(tp=2, dp=16, ep=8))[1]
    assert wide == pytest.approx(GROK.layers * GROK.expert_matrix / 2, rel=1e-12)


def test_tokens_of_whole_experts_are_not_gathered_over_tensor_ranks() -> None:
    """One node: each of 8 ranks sends 2,048 tokens to 8 experts, 7/8 of it over the link; there and back, twice."""
    plan, traits = Plan(tp=2, dp=4, ep=8), Traits(ep_overlap=0.0)
    turns = 256 / 4 * QWEN.layers
    sent = 2048 * 8 * 4096 * 2.0 * 7 / 8
    expected = 4 * sent / fabric_of(H100).scale_up_bytes_per_s * turns
    assert float(of(QWEN, plan, traits).ep_s) == pytest.approx(expected, rel=0.05)  # and latency


def test_a_token_crosses_to_each_domain_once() -> None:
    """Two domains, eight copies: 255 of 256 tokens have one in the other domain; else half of all copies cross."""
    members = group(16, 1, FABRIC, Traits(), IDEAL)
    assert dispatch_s(1e9, 8, members) == pytest.approx(1e9 * (1 - 0.5**8) / 10e9, rel=1e-6)
    assert exchange_s(8e9, members) == pytest.approx(8e9 / 2 / 10e9, rel=1e-6)
    inside = group(8, 1, FABRIC, Traits(), IDEAL)
    assert dispatch_s(1e9, 8, inside) == pytest.approx(exchange_s(8e9, inside), rel=1e-9)


@pytest.mark.parametrize(("fp8", "calls"), [(False, PRODUCTS), (True, PRODUCTS + CASTS)])
def test_the_host_starts_each_local_expert(fp8: bool, calls: float) -> None:
    plan = Plan(dp=8, ep=8, fp8=fp8)
    together, apart = (of(QWEN, plan, Traits(expert_launches=n)).launch_s for n in (0.0, 1.0))
    turns = 256 / 8 * QWEN.layers
    assert float(apart - together) == pytest.approx(16 * calls * LAUNCH_S * turns, rel=1e-9)
    few = of(QWEN, replace(plan, dp=64, ep=64), Traits(expert_launches=1.0)).launch_s
    alone = of(QWEN, replace(plan, dp=64, ep=64), Traits()).launch_s
    assert float(few - alone) == pytest.approx(2 * calls * LAUNCH_S * 256 / 64 * QWEN.layers, rel=1e-9)


def test_a_clamped_gate_and_biases_are_passes_over_memory() -> None:
    """60 bytes a column of each of four experts and 60 a channel that it returns; 2,880 of both in gpt-oss."""
    oss = architecture(entry("architectures", "gpt-oss-20b").values)
    assert oss.clamped
    plain = replace(oss, clamped=False)
    plan = Plan(dp=8)
    more = of(oss, plan, Traits()).memory_s - of(plain, plan, Traits()).memory_s
    turns = 256 / 8 * oss.layers
    expected = 4096 * 4 * 120 * 2880 / chip_of(H100).hbm_bytes_per_s * turns
    assert float(more) == pytest.approx(expected * IDEAL.elementwise_traffic, rel=1e-9)


def test_a_configuration_of_gpt_oss_says_that_its_gate_is_clamped() -> None:
    config = {
        "model_type": "gpt_oss", "num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 16, "intermediate_size": 64, "vocab_size": 100,
        "max_position_embeddings": 128, "num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": 8,
    }  # fmt: skip
    assert from_hugging_face(config).clamped
    assert not from_hugging_face(config | {"model_type": "qwen2"}).clamped


def test_narrow_experts_are_in_more_doubt_unless_the_stack_was_measured_on_them() -> None:
    usual, narrow = (entry("throughput_parameters", kind).number("sigma") for kind in ("mixture", "narrow-mixture"))
    assert narrow > usual
    for key, arch, extra in (
        ("nemo-2025", QWEN, narrow), ("nemo-2025", GROK, usual), ("hai-llm-2024", QWEN, usual),
    ):  # fmt: skip
        own = stack_factor(key, "hopper")[1]
        assert stack_factor(key, "hopper", arch)[1] == pytest.approx((own**2 + extra**2) ** 0.5, rel=1e-12)
