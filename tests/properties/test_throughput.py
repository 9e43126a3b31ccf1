"""Laws that any step-time and memory model must keep."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.workload.architecture import Architecture
from simulator.workload.machine import Chip, Fabric
from simulator.workload.memory import memory
from simulator.workload.plan import Plan
from simulator.workload.prediction import predict
from simulator.workload.shape import shape_of
from simulator.workload.stack import Parameters, Traits
from simulator.workload.stacks import traits_of
from simulator.workload.step import step

DENSE = Architecture(layers=48, hidden=6144, heads=48, kv_heads=8, ffn=16384, vocab=51200, seq=4096)
MIXTURE = Architecture(
    layers=48, hidden=4096, heads=32, kv_heads=8, ffn=8192, vocab=51200, seq=4096, experts=64, experts_per_token=4,
    shared_experts=1, expert_ffn=2048, dense_layers=2,
)  # fmt: skip
CHIP = Chip(
    peak_bf16_flop_per_s=989e12, peak_fp8_flop_per_s=1979e12, achievable_gemm_flop_per_s=794.5e12,
    achievable_fp8_flop_per_s=1402e12, hbm_bytes=80 * 2**30, hbm_bytes_per_s=3.35e12, asynchronous_mma=True,
)  # fmt: skip
FABRIC = Fabric(scale_up_domain=8, scale_up_bytes_per_s=450e9, nic_bytes_per_s=50e9)
STACKS = ("megatron-2021", "mosaic-fsdp-2023", "nemo-2025", "maxtext-tpu", "deepspeed-zero3-2021")


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    power = st.sampled_from([1, 2, 4, 8])
    dp, cp = draw(st.sampled_from([1, 2, 8, 64])), draw(st.sampled_from([1, 2, 4]))
    pp = draw(st.sampled_from([1, 2, 4, 16]))
    zero = draw(st.sampled_from([0, 1, 2, 3]))
    return Plan(
        tp=draw(power), pp=pp, dp=dp, cp=cp, ep=draw(st.sampled_from([n for n in (1, 2, 8) if n <= dp * cp])),
        vpp=draw(st.sampled_from([1, 3])) if pp > 1 else 1, micro_batch=draw(st.sampled_from([1, 2, 4])), zero=zero,
        recompute=draw(st.sampled_from([0, 1, 1.5, 2])), sequence_parallel=draw(st.booleans()), fp8=draw(st.booleans()),
    )  # fmt: skip


architectures = st.sampled_from([DENSE, MIXTURE])
stacks = st.sampled_from(STACKS)


def seconds(arch: Architecture, plan: Plan, chip: Chip, fabric: Fabric, stack: str, batch: float = 1024) -> float:
    found = step(shape_of(arch), plan, chip, fabric, traits_of(stack, {}), Parameters(), seq=4096, global_batch=batch)
    return float(found.total_s)


@given(arch=architectures, plan=plans(), stack=stacks, more=st.floats(1.01, 8.0))
def test_more_bandwidth_never_slows(arch: Architecture, plan: Plan, stack: str, more: float) -> None:
    before = seconds(arch, plan, CHIP, FABRIC, stack)
    for field in ("scale_up_bytes_per_s", "nic_bytes_per_s"):
        faster = replace(FABRIC, **{field: getattr(FABRIC, field) * more})
        assert seconds(arch, plan, CHIP, faster, stack) <= before * (1 + 1e-12)
    memory_faster = replace(CHIP, hbm_bytes_per_s=CHIP.hbm_bytes_per_s * more)
    assert seconds(arch, plan, memory_faster, FABRIC, stack) <= before * (1 + 1e-12)


@given(arch=architectures, plan=plans(), stack=stacks, more=st.floats(1.01, 8.0))
def test_faster_units_never_slow(arch: Architecture, plan: Plan, stack: str, more: float) -> None:
    faster = replace(
        CHIP, achievable_gemm_flop_per_s=CHIP.achievable_gemm_flop_per_s * more,
        achievable_fp8_flop_per_s=CHIP.achievable_fp8_flop_per_s * more,
    )  # fmt: skip
    assert seconds(arch, plan, faster, FABRIC, stack) <= seconds(arch, plan, CHIP, FABRIC, stack) * (1 + 1e-12)


@given(arch=architectures, plan=plans(), stack=stacks)
def test_wider_domain_never_slows(arch: Architecture, plan: Plan, stack: str) -> None:
    """Where one node spans it: over trays of a rack some software overlaps nothing (decision 190)."""
    wider = replace(FABRIC, scale_up_domain=64, node=64)
    assert seconds(arch, plan, CHIP, wider, stack) <= seconds(arch, plan, CHIP, FABRIC, stack) * (1 + 1e-12)


@given(arch=architectures, plan=plans(), stack=stacks)
def test_tokens_per_second_times_step_is_the_batch(arch: Architecture, plan: Plan, stack: str) -> None:
    found = predict(arch, plan, CHIP, FABRIC, seq=4096, global_batch=1024, stack=stack)
    for rate, time in zip(found.tokens_per_s_per_accelerator, reversed(found.step_time_s), strict=True):
        assert rate * time * plan.accelerators == pytest.approx(1024 * 4096, rel=1e-12)


@given(arch=architectures, plan=plans(), stack=stacks, batch=st.sampled_from([512, 1024, 8192]))
def test_utilisation_is_ordered_and_at_most_one(arch: Architecture, plan: Plan, stack: str, batch: int) -> None:
    found = predict(arch, plan, CHIP, FABRIC, seq=4096, global_batch=batch, stack=stack)
    assert 0 < found.mfu <= found.hfu <= 1


@given(arch=architectures, first=plans(), second=plans())
def test_model_flops_do_not_depend_on_the_plan(arch: Architecture, first: Plan, second: Plan) -> None:
    def flops(plan: Plan) -> float:
        found = predict(arch, replace(plan, fp8=False), CHIP, FABRIC, seq=4096, global_batch=1024, stack="nemo-2025")
        return float(found.mfu * found.step_time_s.p50 * plan.accelerators)

    assert flops(first) == pytest.approx(flops(second), rel=1e-12)


@given(arch=architectures, plan=plans(), stack=stacks)
def test_parts_sum_and_are_never_negative(arch: Architecture, plan: Plan, stack: str) -> None:
    parts = predict(arch, plan, CHIP, FABRIC, seq=4096, global_batch=1024, stack=stack).parts
    assert all(float(part) >= 0 for part in parts)
    assert float(parts.total_s) == pytest.approx(sum(float(part) for part in parts), rel=1e-12)


def held(arch: Architecture, plan: Plan, stack: str) -> Any:
    return memory(shape_of(arch), plan, traits_of(stack, {}), seq=4096, global_batch=4096)


@given(arch=architectures, plan=plans(), stack=stacks)
def test_memory_is_monotone(arch: Architecture, plan: Plan, stack: str) -> None:
    total = held(arch, plan, stack).total_bytes
    assert held(arch, replace(plan, micro_batch=2 * plan.micro_batch), stack).total_bytes >= total
    if plan.zero < 2:
        assert held(arch, replace(plan, zero=plan.zero + 1), stack).total_bytes <= total
    if plan.recompute < 2:
        assert held(arch, replace(plan, recompute=2), stack).activations_bytes <= held(
            arch, replace(plan, recompute=0), stack
        ).activations_bytes + _block(arch, plan)
    assert held(arch, replace(plan, tp=2 * plan.tp), stack).parameters_bytes < held(arch, plan, stack).parameters_bytes


def _block(arch: Architecture, plan: Plan) -> float:
    """Bytes of the one block that full recompute holds whole while it repeats it; generous."""
    return float(plan.micro_batch * 4096 * (200.0 * arch.hidden + 5 * arch.heads * 4096))


@settings(max_examples=30)
@given(arch=architectures, many=st.lists(plans(), min_size=2, max_size=6), stack=stacks)
def test_vector_path_equals_scalar_path(arch: Architecture, many: list[Plan], stack: str) -> None:
    names = ("tp", "pp", "dp", "cp", "ep", "vpp", "micro_batch", "zero", "recompute", "sequence_parallel", "fp8")
    joined = Plan(**{name: np.array([float(getattr(plan, name)) for plan in many]) for name in names})
    together = predict(arch, joined, CHIP, FABRIC, seq=4096, global_batch=1024, stack=stack)
    for i, plan in enumerate(many):
        alone = predict(arch, plan, CHIP, FABRIC, seq=4096, global_batch=1024, stack=stack)
        assert float(together.step_time_s.p50[i]) == pytest.approx(float(alone.step_time_s.p50), rel=1e-12)
        total = np.broadcast_to(together.memory.total_bytes, len(many))[i]
        assert float(total) == pytest.approx(float(alone.memory.total_bytes), rel=1e-12)


def test_a_bubble_is_the_textbook_one() -> None:
    """(pp - 1) / (v m) of the ideal time, arXiv 2104.04473 Eq. 2, where nothing else differs."""
    shape, traits = shape_of(DENSE), Traits(dp_overlap=0.0)
    plain = Plan(pp=4, zero=0, vpp=1)
    parts = step(shape, plain, CHIP, FABRIC, traits, Parameters(scale_loss=0.0), seq=4096, global_batch=16)
    ideal = parts.total_s - parts.bubble_s - parts.pipe_s - parts.optimizer_s
    assert float(parts.bubble_s / ideal) == pytest.approx(3 / 16, rel=1e-9)
