"""Plans for measured rows: what the source states, completed where it is silent, all candidates kept.

The rule for what is blank is the same for each row: enumerate every legal completion, drop what does not fit in memory
(if nothing fits, keep what repeats most), and take the fastest; the spread of the candidates is the row's range.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.validation.throughput_rows import DEFAULT_COUNT, Row
from simulator.workload.architecture import training_flops
from simulator.workload.machine import Chip, Fabric
from simulator.workload.memory import Memory, memory
from simulator.workload.plan import Plan
from simulator.workload.search import Limits, plans
from simulator.workload.shape import Shape, shape_of
from simulator.workload.stack import Parameters, Traits
from simulator.workload.stacks import (
    accumulates,
    chip_of,
    default_recompute,
    default_sequence_parallel,
    default_tensor_parallel,
    default_zero,
    fabric_of,
    host_bytes,
    interleaves,
    recompute_mode,
    traits_of,
)
from simulator.workload.step import Step, step

CONTEXTS = (4096, 2048, 1024)  # tried in this order where a row states no context
JUST_ENOUGH = (0, 1, 1.125, 1.25, 1.5, 1.75, 2)  # recompute modes to try where a row states none
DOUBTFUL = (  # degrees to give up, in this order, where those that a row states cannot be together
    (), ("vpp",), ("micro_batch",), ("dp",), ("cp", "ep"), ("dp", "cp", "ep"), ("pp",), ("pp", "dp"), ("tp",),
    ("tp", "pp", "dp", "cp", "ep", "vpp", "micro_batch"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A row with its candidates."""

    row: Row
    shape: Shape
    chip: Chip
    fabric: Fabric
    plans: Plan  # arrays over candidates
    fits: NDArray[np.bool_]


class Forecast(NamedTuple):
    """Tokens per second and device of a case, its range over candidates, and the candidate that was taken."""

    tokens_per_s: float
    low: float
    high: float
    chosen: int


def case_of(row: Row) -> Case:
    """Enumerate the plans that a row allows; a context that is left out is the longest common one that fits."""
    lengths = [row.seq] if "seq" not in row.inferred else [n for n in CONTEXTS if n <= row.seq] or [row.seq]
    cases = [_case(row if n == row.seq else _shortened(row, n)) for n in lengths]
    return next((case for case in cases if case.fits.any()), cases[0])


def _shortened(row: Row, seq: int) -> Row:
    """The row with another context; what it measured was FLOPs, so tokens per second change with FLOPs per token."""
    if row.tokens_per_s is None:
        return replace(row, seq=seq)
    flops, shorter = (training_flops(row.arch, seq=n, causal=False).model_flop for n in (row.seq, seq))
    rate = row.tokens_per_s * (flops / shorter if row.rate_from_flops else 1.0)
    return replace(row, seq=seq, tokens_per_s=rate)


def _case(row: Row) -> Case:
    shape, share = shape_of(row.arch), row.halves
    chip = chip_of(row.accelerator, 1 / share, fp4=row.fp4, block_scaled=row.block_scaled)
    fabric = fabric_of(row.accelerator, share)
    if row.nic_bytes_per_s is not None:
        fabric = replace(fabric, nic_bytes_per_s=row.nic_bytes_per_s)
    candidates, dropped = _legal(row, _habitual(row, _limits(row, fabric)))
    if dropped:
        row = replace(row, inferred=(*row.inferred, *(f"{name} (not as stated)" for name in dropped)))
    held = memory(shape, candidates, traits_of(row.stack, {}), seq=row.seq, global_batch=row.global_batch)
    fits = np.asarray(held.fits(chip)) | _offloaded(row, candidates, held, chip)
    return Case(row=row, shape=shape, chip=chip, fabric=fabric, plans=candidates, fits=fits)


def _habitual(row: Row, limits: Limits) -> Limits:
    """The limits with the tensor-parallel degree that the stack takes unasked, where that is legal."""
    usual = default_tensor_parallel(row.stack)
    if usual is None:
        return limits
    narrowed = replace(limits, known={"tp": usual} | dict(limits.known))
    try:
        plans(row.arch, narrowed)
    except ValueError:
        return limits
    return narrowed


def _offloaded(row: Row, plan: Plan, held: Memory, chip: Chip) -> NDArray[np.bool_]:
    """Whether activations that a device cannot hold go to its host: without a pipeline, and nothing repeated."""
    host = host_bytes(row.stack, row.accelerator)
    beyond = np.asarray(held.total_bytes) - chip.hbm_bytes
    room = np.minimum(host, np.asarray(held.activations_bytes))
    return np.asarray((beyond <= room) & (np.asarray(plan.pp) == 1) & (np.asarray(plan.recompute) == 0))


def _legal(row: Row, limits: Limits) -> tuple[Plan, Sequence[str]]:
    """Every plan that the row allows; where what it states cannot be, without the least of it that must go."""
    if limits.known.get("pp", 1) > row.arch.layers:
        limits = replace(limits, known={name: n for name, n in limits.known.items() if name != "pp"})
        return plans(row.arch, limits), ("pp",)
    for dropped in DOUBTFUL:
        known = {name: degree for name, degree in limits.known.items() if name not in dropped}
        if dropped and len(known) == len(limits.known):
            continue
        try:
            return plans(row.arch, replace(limits, known=known)), [name for name in dropped if name in limits.known]
        except ValueError:
            continue
    raise ValueError(f"no plan for {limits.accelerators} accelerators and a batch of {limits.global_batch:g} sequences")


def forecast(case: Case, parameters: Parameters, factors: Mapping[str, float]) -> Forecast:
    """Forecast a case by the rule of this module."""
    seconds = steps(case, parameters, factors).total_s
    rate = np.asarray(_tokens(case) / seconds)
    index, among = _choose(case, rate)
    return Forecast(float(rate[index]), float(rate[among].min()), float(rate[among].max()), index)


def steps(case: Case, parameters: Parameters, factors: Mapping[str, float]) -> Step:
    """Step time of each candidate."""
    row = case.row
    traits: Traits = traits_of(row.stack, factors)
    return step(
        case.shape, case.plans, case.chip, case.fabric, traits, parameters, seq=row.seq, global_batch=row.global_batch
    )


def _tokens(case: Case) -> NDArray[np.float64]:
    """Tokens of a step for each device, by candidate; what does not fill whole micro-batches counts as run."""
    plan = case.plans
    return np.asarray(case.row.global_batch * case.row.seq / np.asarray(plan.accelerators, dtype=float))


def _choose(case: Case, rate: NDArray[np.float64]) -> tuple[int, NDArray[np.bool_]]:
    mode = np.broadcast_to(np.asarray(case.plans.recompute), case.fits.shape)
    allowed = case.fits if case.fits.any() else mode == mode.max()
    return int(np.argmax(np.where(allowed, rate, 0.0))), allowed


def _limits(row: Row, fabric: Fabric) -> Limits:
    known = dict(row.known)
    count = row.count or _product(known) or DEFAULT_COUNT
    zero = default_zero(row.stack) if row.zero is None else row.zero
    if zero == 3:
        known = {"pp": 1} | known
    if row.fully_sharded:
        known = {"tp": 1} | known
    if not interleaves(row.stack):
        known = {"vpp": 1} | known
    mode = default_recompute(row.stack) if row.recompute is None else recompute_mode(row.stack, row.recompute)
    domain = int(np.max(fabric.scale_up_domain))
    shard = min(domain, count) if count > domain and domain > 72 else None  # slices of TPUs share within the slice
    return Limits(
        accelerators=count,
        domain=min(domain, 8 if domain <= 72 else 16),
        global_batch=row.global_batch,
        seq=row.seq,
        known=known,
        zero=(zero,),
        shard=shard,
        recompute=JUST_ENOUGH if mode is None else (mode,),
        sequence_parallel=default_sequence_parallel(row.stack, full_recompute=row.recompute == "full"),
        accumulate=accumulates(row.stack),
        fp8=row.fp8,
    )


def _product(known: Mapping[str, int]) -> int | None:
    degrees = [known[name] for name in ("tp", "pp", "dp", "cp") if name in known]
    return int(np.prod(degrees)) if len(degrees) >= 3 else None
