"""All legal plans for a model, a number of accelerators and a global batch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product

import numpy as np
from numpy.typing import NDArray

from simulator.workload.architecture import Architecture
from simulator.workload.plan import Plan

MICRO_BATCHES = (1, 2, 4, 8, 16, 32)
MOST_CHUNKS = 12
LEAST_FILLED = 0.9  # mean layers of a pipeline stage over the fullest; Llama 3 405B runs 126 layers on 16 stages
LONG_CONTEXT = 16384  # beyond which context parallelism is tried unasked [tokens]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a search may vary.

    Parameters
    ----------
    accelerators : int
        Accelerators to fill.
    domain : int
        Widest tensor parallelism to try, as a rule the scale-up domain.
    global_batch, seq : float, int
        Sequences in a step and their length [tokens].
    known : mapping of str to int
        Degrees that are fixed.
    zero, recompute : sequence of int
        Modes to try; see `Plan`.
    shard : int, optional
        Ranks of hybrid sharding.
    accumulate : bool
        Whether a replica may take its share of the batch in several micro-batches.
    sequence_parallel, fp8 : bool
        Of all plans; see `Plan`.
    """

    accelerators: int
    domain: int
    global_batch: float
    seq: int
    known: Mapping[str, int] = field(default_factory=dict)
    zero: Sequence[int] = (1,)
    shard: int | None = None
    recompute: Sequence[float] = (0, 1, 2)
    sequence_parallel: bool = True
    accumulate: bool = True
    fp8: bool = False


def plans(arch: Architecture, limits: Limits) -> Plan:
    """List every legal plan as one `Plan` of arrays.

    Raises
    ------
    ValueError
        If none is legal; the message states what is fixed.

    Examples
    --------
    >>> llama = Architecture(layers=32, hidden=4096, heads=32, ffn=11008, vocab=32000, seq=2048)
    >>> found = plans(llama, Limits(accelerators=2, domain=8, global_batch=2, seq=2048, recompute=(0,)))
    >>> sorted(found.at(i).text() for i in range(len(found.tp)))[:2]
    ['dp2 mb1 zero1 none', 'pp2 mb1 zero1 none']
    """
    found = list(blocks(arch, limits))
    return found[0] if len(found) == 1 else Plan.join(found)


def blocks(arch: Architecture, limits: Limits, size: int = 2**16) -> Iterator[Plan]:
    """Every legal plan, `size` at a time, so that a search of any length takes little memory.

    Raises
    ------
    ValueError
        If none is legal; the message states what is fixed.
    """
    rows = _rows(arch, limits)
    block = list(islice(rows, size))
    if not block:
        fixed = ", ".join(f"{k}={v}" for k, v in limits.known.items()) or "nothing"
        raise ValueError(
            f"no legal plan for {limits.accelerators} accelerators with {fixed} fixed: tp * pp * dp * cp "
            "must equal the accelerators, and dp must not exceed the global batch"
        )
    while block:
        yield _plan(np.array(block, dtype=float), limits)
        block = list(islice(rows, size))


def _plan(table: NDArray[np.float64], limits: Limits) -> Plan:
    tp, pp, dp, cp, ep, vpp, micro_batch, zero, recompute = table.T
    shard = None if limits.shard is None else np.minimum(np.maximum(limits.shard // tp, 1), dp * cp)
    return Plan(
        tp=tp, pp=pp, dp=dp, cp=cp, ep=ep, vpp=vpp, micro_batch=micro_batch, zero=zero, shard=shard,
        recompute=recompute, sequence_parallel=limits.sequence_parallel, fp8=limits.fp8,
    )  # fmt: skip


def _rows(arch: Architecture, limits: Limits) -> Iterator[tuple[float, ...]]:
    for tp, pp, cp in product(_widths(arch, limits), _depths(arch, limits), _contexts(limits)):
        dp, rest = divmod(limits.accelerators, tp * pp * cp)
        fixed = limits.known.get("dp")
        if rest or not dp or dp > max(limits.global_batch, 1) or (fixed is not None and dp != fixed):
            continue
        for ep, vpp, micro_batch, zero, mode in product(
            _experts(arch, limits, dp * cp * (tp if arch.narrow_experts else 1)),
            _chunks(arch, limits, pp),
            _micro_batches(limits, dp),
            limits.zero,
            limits.recompute,
        ):
            if vpp > 1 and "vpp" not in limits.known and (limits.global_batch / dp / micro_batch) % pp:
                continue  # an interleaved schedule takes micro-batches in rounds of pp
            yield tp, pp, dp, cp, ep, vpp, micro_batch, zero, mode


def _widths(arch: Architecture, limits: Limits) -> Sequence[int]:
    most = min(limits.domain, arch.heads)
    return _fixed(limits, "tp") or [n for n in _powers(most) if arch.heads % n == 0 and limits.accelerators % n == 0]


def _depths(arch: Architecture, limits: Limits) -> Sequence[int]:
    most = min(arch.layers, limits.accelerators)
    legal = [n for n in range(1, most + 1) if limits.accelerators % n == 0 and _filled(arch, n) >= LEAST_FILLED]
    return _fixed(limits, "pp") or legal


def _filled(arch: Architecture, pp: int) -> float:
    """Mean layers of a stage over the fullest one's."""
    return arch.layers / (pp * -(-arch.layers // pp))


def _contexts(limits: Limits) -> Sequence[int]:
    most = limits.accelerators if limits.seq > LONG_CONTEXT else 1
    return _fixed(limits, "cp") or _powers(min(most, limits.seq // 4096 or 1))


def _experts(arch: Architecture, limits: Limits, ranks: int) -> Sequence[int]:
    if arch.experts is None:
        return [1]
    legal = [n for n in _powers(min(arch.experts, ranks)) if arch.experts % n == 0 and ranks % n == 0]
    fixed = limits.known.get("ep")
    return [fixed] if fixed in legal else legal


def _chunks(arch: Architecture, limits: Limits, pp: int) -> Sequence[int]:
    if pp == 1:
        return [1]
    layers = -(-arch.layers // pp)
    return _fixed(limits, "vpp") or [n for n in range(1, min(layers, MOST_CHUNKS) + 1) if layers % n == 0]


def _micro_batches(limits: Limits, dp: int) -> Sequence[int]:
    share = max(int(limits.global_batch // dp), 1)
    if not limits.accumulate:
        return _fixed(limits, "micro_batch") or [share]
    return _fixed(limits, "micro_batch") or [n for n in MICRO_BATCHES if n <= share and share % n == 0] or [1]


def _fixed(limits: Limits, name: str) -> Sequence[int]:
    return [limits.known[name]] if name in limits.known else []


def _powers(most: int) -> list[int]:
    return [2**n for n in range(max(most, 1).bit_length())]
