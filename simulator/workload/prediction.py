"""What a plan achieves: step time with its interval, throughput, utilisation, memory."""

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue.reader import Entry, entry
from simulator.workload.architecture import Architecture
from simulator.workload.machine import Chip, Fabric
from simulator.workload.memory import Memory, memory
from simulator.workload.plan import Plan
from simulator.workload.shape import Number, shape_of
from simulator.workload.stack import Parameters, Traits
from simulator.workload.stacks import calibrated, fine_experts, traits_of
from simulator.workload.step import Step, step

GENERIC: Final = "generic"
DECILE: Final = 1.2816  # standard deviations from the median to the tenth percentile
OTHER_CHIP_SIGMA: Final = 0.1  # more doubt on a generation of chips on which the stack was not measured


class Interval(NamedTuple):
    """Tenth, fiftieth and ninetieth percentile."""

    p10: Number
    p50: Number
    p90: Number


class Prediction(NamedTuple):
    """What one plan achieves, or each of many.

    `mfu` and `hfu` count causal attention once (half the score matrix) against the dense datasheet peak of the plan's
    precision: FP8 if its products run in FP8, else BF16. `hfu` adds what recompute repeats.
    """

    step_time_s: Interval
    tokens_per_s_per_accelerator: Interval
    mfu: Number
    hfu: Number
    parts: Step
    memory: Memory
    fits: bool | NDArray[np.bool_]
    stack: str
    sigma: float  # log standard deviation of step time


def predict(
    architecture: Architecture,
    plan: Plan,
    chip: Chip,
    fabric: Fabric,
    *,
    seq: Number,
    global_batch: Number,
    stack: str | None = None,
    generation: str | None = None,
    factor: float | None = None,
    parameters: Parameters | None = None,
) -> Prediction:
    """Predict the step of a plan, or of each of many.

    Parameters
    ----------
    seq, global_batch : float or array
        Context length [tokens] and sequences in a step.
    stack : str, optional
        Key of ``catalogue/throughput_stacks.toml``; absent, a current stack that is not known, with a wider interval.
    generation : str, optional
        The chip's generation in the catalogue; on one that the stack was not measured on, the interval is wider.
    factor : float, optional
        Stack factor from the user's own measurements (`flopcast calibrate`) in place of the calibrated one.

    Examples
    --------
    >>> from simulator.workload.stacks import chip_of, fabric_of
    >>> a100 = entry("accelerators", "a100-80gb")
    >>> gpt = Architecture(layers=96, hidden=12288, heads=96, ffn=49152, vocab=51200, seq=2048, gated=False)
    >>> plan = Plan(tp=8, pp=8, vpp=3, zero=0, recompute=2, sequence_parallel=False)
    >>> found = predict(gpt, plan, chip_of(a100), fabric_of(a100), seq=2048, global_batch=64, stack="megatron-2022")
    >>> 17 < float(found.step_time_s.p50) < 19  # measured: 18.13 s, arXiv 2205.05198 Table 5
    True
    """
    shape, key = shape_of(architecture), stack or GENERIC
    scale, sigma = _stack_factor(key, generation)
    sigma = doubted(sigma, architecture, measured=factor is not None or fine_experts(key))
    traits = traits_of(key, {key: scale if factor is None else factor})
    parts = step(
        shape, plan, chip, fabric, traits, calibrated() if parameters is None else parameters,
        seq=seq, global_batch=global_batch,
    )  # fmt: skip
    held = memory(shape, plan, traits, seq=seq, global_batch=global_batch)
    p50 = parts.total_s
    wide = math.exp(DECILE * sigma)
    rate = global_batch * seq / plan.accelerators / p50
    model, executed = _flops(architecture, plan, traits, seq)
    peak = np.where(np.asarray(plan.fp8) > 0, chip.peak_fp8_flop_per_s, chip.peak_bf16_flop_per_s)
    return Prediction(
        step_time_s=Interval(p50 / wide, p50, p50 * wide),
        tokens_per_s_per_accelerator=Interval(rate / wide, rate, rate * wide),
        mfu=rate * model / peak,
        hfu=rate * executed / peak,
        parts=parts,
        memory=held,
        fits=held.fits(chip),
        stack=key,
        sigma=sigma,
    )


def stack_factor(
    key: str, generation: str | None = None, architecture: Architecture | None = None
) -> tuple[float, float]:
    """Calibrated factor of a stack and the log standard deviation of step time under it."""
    factor, sigma = _stack_factor(key, generation)
    return factor, sigma if architecture is None else doubted(sigma, architecture, measured=fine_experts(key))


def doubted(sigma: float, architecture: Architecture, *, measured: bool) -> float:
    """Return the log standard deviation of a stack's steps with the further doubt on mixtures of experts.

    Narrow experts are in more doubt than others, unless the stack's factor was `measured` on such.
    """
    if architecture.experts is None:
        return sigma
    kind = "narrow-mixture" if architecture.narrow_experts and not measured else "mixture"
    return math.hypot(sigma, entry("throughput_parameters", kind).number("sigma"))


def _stack_factor(key: str, generation: str | None) -> tuple[float, float]:
    stacks = entry("throughput_parameters", "parameters").parts
    found = stacks.get(key)
    if found is None:
        entry("throughput_stacks", key)  # a stack that nobody has heard of is an error with the nearest names
        unknown = stacks["unknown"]
        return unknown.number("factor"), unknown.number("sigma")
    if generation is None:
        return found.number("factor"), found.number("sigma")
    seen = dict(zip(_list(found, "generations"), _list(found, "sigmas"), strict=True))
    return found.number("factor"), float(seen.get(generation, math.hypot(found.number("sigma"), OTHER_CHIP_SIGMA)))


def chosen_plan(stack: str | None) -> tuple[float, float]:
    """Measured step time over that of the fastest plan of a search, and the log standard deviation of what remains.

    For a forecast that does not know the plan: what people ran is slower than the fastest, and nobody knows how much.
    """
    name = "chosen-plan-unknown-stack" if stack in {None, GENERIC} else "chosen-plan"
    found = entry("throughput_parameters", name)
    return found.number("factor"), found.number("sigma")


def _list(found: Entry, name: str) -> tuple[Any, ...]:
    values = found.values.get(name, ())
    return values if isinstance(values, tuple) else ()


def _flops(arch: Architecture, plan: Plan, traits: Traits, seq: Number) -> tuple[Number, Number]:
    """FLOPs per token that the model needs, and that the hardware executes."""
    core = 2.0 * arch.score_width * arch.seen(seq)  # forward, causal
    model = 6.0 * arch.matrix_parameters + 3.0 * core
    last = 0.0 if arch.layers == 0 else _last_share(arch)
    repeated = 2.0 * arch.block_matrix_parameters * (1.0 - (1.0 - traits.repeats_last) * last) + core
    selective = np.where(np.asarray(plan.recompute) >= 1, core, 0.0)
    return model, model + plan.full_share * repeated + (1.0 - plan.full_share) * selective


def _last_share(arch: Architecture) -> float:
    """Share of a block's matrix work in its last projection."""
    mlp = arch.block_matrix_parameters - arch.layers * arch.attention_matrix
    return mlp / (3.0 if arch.gated else 2.0) / arch.block_matrix_parameters
