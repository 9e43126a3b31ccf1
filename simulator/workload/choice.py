"""Choosing a plan: the fastest that fits, all that are legal, and why one does not fit."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.workload.architecture import Architecture
from simulator.workload.machine import Chip, Fabric
from simulator.workload.memory import Memory, memory
from simulator.workload.plan import Plan
from simulator.workload.prediction import GENERIC, Prediction, predict
from simulator.workload.search import Limits, blocks
from simulator.workload.shape import shape_of
from simulator.workload.stack import Parameters
from simulator.workload.stacks import accumulates, default_sequence_parallel, default_zero, interleaves, traits_of

JUST_ENOUGH: Final = (0.0, 1.0, 1.125, 1.25, 1.5, 1.75, 2.0)
GIB: Final = 2**30
CLASSES: Final[Mapping[str, str]] = {
    "parameters_bytes": "parameters",
    "gradients_bytes": "gradients",
    "optimizer_bytes": "optimizer state",
    "activations_bytes": "activations",
    "logits_bytes": "logits",
    "gathered_bytes": "gathered layers",
    "overhead_bytes": "overhead",
}


class PlanError(ValueError):
    """A plan that does not fit in memory, or a search in which none does; `plan` is the one that comes nearest."""

    def __init__(self, message: str, plan: Plan | None = None) -> None:
        super().__init__(message)
        self.plan = plan


class Found(NamedTuple):
    """Plans of a search, best first, with what each achieves."""

    plan: Plan
    prediction: Prediction

    @property
    def size(self) -> int:
        """How many."""
        return int(np.size(self.prediction.step_time_s.p50))


class Search(NamedTuple):
    """What a search found."""

    best: Found
    pareto: Found  # faster than every plan that takes less memory
    seen: int
    fitting: int


def search(
    architecture: Architecture,
    chip: Chip,
    fabric: Fabric,
    limits: Limits,
    *,
    stack: str | None = None,
    factor: float | None = None,
    parameters: Parameters | None = None,
    keep: int = 10,
    note: Callable[[int, int], object] | None = None,
) -> Search:
    """Evaluate every legal plan within limits, and keep the best and the Pareto front of step time against memory.

    Parameters
    ----------
    factor : float, optional
        Stack factor from the user's own measurements.
    parameters : Parameters, optional
        Global parameters in place of those in the catalogue.
    keep : int
        How many of the fastest to keep.
    note : callable, optional
        Called now and then with the plans seen and those that fit.

    Raises
    ------
    PlanError
        If none fits; the message names the class of memory that overflows in the plan that comes nearest.
    ValueError
        If no plan is legal.
    """
    seen = fitting = 0
    kept: list[Plan] = []
    nearest: tuple[float, Plan] | None = None
    for plan in blocks(architecture, limits):
        found = predict(
            architecture, plan, chip, fabric, seq=limits.seq, global_batch=limits.global_batch, stack=stack,
            factor=factor, parameters=parameters,
        )  # fmt: skip
        total = _as_array(found.memory.total_bytes, plan)
        fits, seconds = total <= chip.hbm_bytes, _as_array(found.step_time_s.p50, plan)
        seen, fitting = seen + len(total), fitting + int(fits.sum())
        if note is not None:
            note(seen, fitting)
        if fits.any():
            kept.append(plan.take(_shortlist(seconds, total, fits, keep)))
        elif nearest is None or total.min() < nearest[0]:
            nearest = float(total.min()), plan.at(int(total.argmin()))
    if not kept:
        assert nearest is not None
        why = _overflow(architecture, nearest[1], chip, limits, stack)
        raise PlanError(f"none of {seen} plans fits: {why}", nearest[1])
    return _ranked(architecture, chip, fabric, limits, stack, factor, parameters, Plan.join(kept), keep, seen, fitting)


def best_plan(
    architecture: Architecture,
    chip: Chip,
    fabric: Fabric,
    *,
    accelerators: int,
    seq: int,
    global_batch: float,
    stack: str | None = None,
    fp8: bool = False,
    known: Mapping[str, int] | None = None,
) -> Plan:
    """Pick the fastest legal plan that fits, as a competent operator would.

    Parameters
    ----------
    known : mapping of str to int, optional
        Degrees that are fixed: any of tp, pp, dp, cp, ep, vpp, micro_batch.

    Raises
    ------
    PlanError, ValueError
        If no plan fits or none is legal.

    Examples
    --------
    >>> from simulator.catalogue.reader import entry
    >>> from simulator.workload.architecture import architecture
    >>> from simulator.workload.stacks import chip_of, fabric_of
    >>> h100 = entry("accelerators", "h100")
    >>> llama = architecture(entry("architectures", "llama-3-8b").values)
    >>> best_plan(llama, chip_of(h100), fabric_of(h100), accelerators=64, seq=8192, global_batch=128).accelerators
    64
    """
    limits = usual_limits(
        fabric, accelerators=accelerators, seq=seq, global_batch=global_batch, stack=stack, fp8=fp8, known=known
    )
    return best_plan_within(architecture, chip, fabric, limits, stack=stack)


def best_plan_within(
    architecture: Architecture,
    chip: Chip,
    fabric: Fabric,
    limits: Limits,
    *,
    stack: str | None = None,
    parameters: Parameters | None = None,
) -> Plan:
    """Pick the fastest legal plan that fits, within limits.

    Raises
    ------
    PlanError, ValueError
        If no plan fits or none is legal.
    """
    return search(architecture, chip, fabric, limits, stack=stack, parameters=parameters, keep=1).best.plan.at(0)


def usual_limits(
    fabric: Fabric,
    *,
    accelerators: int,
    seq: int,
    global_batch: float,
    stack: str | None = None,
    fp8: bool = False,
    known: Mapping[str, int] | None = None,
    zero: Sequence[int] | None = None,
) -> Limits:
    """Limits of a search as the stack would set them: its sharding or full sharding, its interleaving."""
    key = stack or GENERIC
    domain = int(np.max(fabric.scale_up_domain))
    fixed = dict(known or {}) if interleaves(key) else {"vpp": 1} | dict(known or {})
    return Limits(
        accelerators=accelerators,
        domain=min(domain, 16),
        global_batch=global_batch,
        seq=seq,
        known=fixed,
        zero=tuple(zero) if zero is not None else tuple(sorted({default_zero(key), 3})),
        shard=domain if accelerators > domain > 72 else None,
        recompute=JUST_ENOUGH,
        sequence_parallel=default_sequence_parallel(key),
        accumulate=accumulates(key),
        fp8=fp8,
    )


def whole_batch(sequences: float, tolerance: float = 0.05) -> int:
    """Round a batch to the count nearby that most plans divide: the one with the most factors of two.

    A batch of "4M tokens" is a round figure; what ran was a multiple of the data-parallel degree.

    Examples
    --------
    >>> whole_batch(4e6 / 2048)
    2048
    """
    doublings = int(np.log2(max(sequences, 1.0))) + 1
    rounded = [max(round(sequences / 2**n), 1) * 2**n for n in range(doublings, -1, -1)]
    return int(next((n for n in rounded if abs(n / max(sequences, 1.0) - 1) <= tolerance), rounded[-1]))


def check(
    architecture: Architecture, plan: Plan, chip: Chip, limits: Limits, *, stack: str | None = None, fabric: Fabric
) -> Memory:
    """Memory of one plan, if it fits.

    Raises
    ------
    PlanError
        Naming the class of memory that overflows, by how much, and the nearest plan that fits.
    """
    held = memory(
        shape_of(architecture), plan, traits_of(stack or GENERIC), seq=limits.seq, global_batch=limits.global_batch
    )
    if bool(np.all(held.fits(chip))):
        return held
    message = _overflow(architecture, plan, chip, limits, stack)
    try:
        found = search(architecture, chip, fabric, limits, stack=stack, keep=50).best
    except PlanError:
        raise PlanError(f"{message}; no other plan for these accelerators fits either") from None
    candidates = [found.plan.at(i) for i in range(found.size)]
    near = min(candidates, key=lambda other: _distance(plan, other))
    raise PlanError(f"{message}; the nearest plan that fits is {near.text()}")


def _overflow(architecture: Architecture, plan: Plan, chip: Chip, limits: Limits, stack: str | None) -> str:
    held = memory(
        shape_of(architecture), plan, traits_of(stack or GENERIC), seq=limits.seq, global_batch=limits.global_batch
    )
    sizes = {name: float(np.max(size)) for name, size in held._asdict().items()}
    largest = max(sizes, key=lambda name: sizes[name])
    total, room = sum(sizes.values()), float(np.max(chip.hbm_bytes))
    return (
        f"plan {plan.text()} needs {total / GIB:.1f} of {room / GIB:.1f} GiB a device, "
        f"{(total - room) / GIB:.1f} GiB too much; "
        f"the largest part is {CLASSES[largest]}, {sizes[largest] / GIB:.1f} GiB"
    )


def _distance(plan: Plan, other: Plan) -> float:
    """Doublings between two plans' degrees, and steps of sharding and recompute."""
    names = ("tp", "pp", "dp", "cp", "ep", "micro_batch")
    doublings = sum(abs(float(np.log2(float(getattr(plan, n)) / float(getattr(other, n))))) for n in names)
    return doublings + abs(float(plan.zero) - float(other.zero)) + abs(float(plan.recompute) - float(other.recompute))


def _as_array(value: object, plan: Plan) -> NDArray[np.float64]:
    return np.broadcast_to(np.asarray(value, dtype=float), np.shape(plan.tp))


def _shortlist(
    seconds: NDArray[np.float64], total: NDArray[np.float64], fits: NDArray[np.bool_], keep: int
) -> NDArray[np.intp]:
    """Indices of the fastest that fit and of the front of step time against memory."""
    order = np.flatnonzero(fits)
    order = order[np.argsort(seconds[order], kind="stable")]
    return np.unique(np.concatenate([order[:keep], _front(total, order)]))


def _front(total: NDArray[np.float64], order: NDArray[np.intp]) -> NDArray[np.intp]:
    """Of plans by step time, those that take less memory than every faster one."""
    taken = total[order]
    lowest = np.minimum.accumulate(taken)
    return order[np.concatenate([[True], taken[1:] < lowest[:-1]])] if len(order) else order


def _ranked(
    architecture: Architecture,
    chip: Chip,
    fabric: Fabric,
    limits: Limits,
    stack: str | None,
    factor: float | None,
    parameters: Parameters | None,
    plan: Plan,
    keep: int,
    seen: int,
    fitting: int,
) -> Search:
    def found(chosen: Plan) -> Found:
        prediction = predict(
            architecture, chosen, chip, fabric, seq=limits.seq, global_batch=limits.global_batch, stack=stack,
            factor=factor, parameters=parameters,
        )  # fmt: skip
        return Found(chosen, prediction)

    everything = found(plan)
    seconds = _as_array(everything.prediction.step_time_s.p50, plan)
    order = np.argsort(seconds, kind="stable")
    front = _front(_as_array(everything.prediction.memory.total_bytes, plan), order)
    return Search(found(plan.take(order[:keep])), found(plan.take(front)), seen, fitting)
