"""How a training step is spread over accelerators."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.workload.shape import Number

RECOMPUTE: Final = {"none": 0, "selective": 1, "full": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One plan, or many: each field is a number or an array of one element a plan.

    Parameters
    ----------
    tp, pp, dp, cp, ep : int or array
        Degrees of tensor, pipeline, data, context and expert parallelism; experts are spread over ``dp * cp``, narrow
        ones over ``tp`` as well, so they take no accelerators of their own.
    vpp : int or array
        Model chunks on each pipeline stage; 1 is plain 1F1B, more is interleaved.
    micro_batch : int or array
        Sequences in one micro-batch.
    zero : int or array
        What data-parallel ranks share out: 0 nothing, 1 optimizer, 2 also gradients, 3 also parameters (FSDP).
    shard : int or array, optional
        Ranks among which `zero` shares; absent, all `dp`. Fewer is hybrid sharding.
    recompute : int or array
        0 none, 1 selective (attention core), 2 full (each block); 1.25 is full in a quarter of the layers and
        selective in the others.
    sequence_parallel : bool or array
        Whether what tensor parallelism does not split is split along the sequence.
    fp8 : bool or array
        Whether the blocks' matrix products run in FP8.
    """

    tp: Number = 1
    pp: Number = 1
    dp: Number = 1
    cp: Number = 1
    ep: Number = 1
    vpp: Number = 1
    micro_batch: Number = 1
    zero: Number = 1
    shard: Number | None = None
    recompute: Number = 0
    sequence_parallel: Number = True
    fp8: Number = False

    def __post_init__(self) -> None:
        for name in ("tp", "pp", "dp", "cp", "ep", "vpp", "micro_batch"):
            if np.any(np.asarray(getattr(self, name)) < 1):
                raise ValueError(f"plan: {name}={getattr(self, name)!r}: expected at least 1")

    @property
    def accelerators(self) -> Number:
        """Accelerators that the plan takes."""
        return self.tp * self.pp * self.dp * self.cp

    @property
    def shards(self) -> Number:
        """Ranks among which ZeRO shares; context-parallel ranks share as data-parallel ones do."""
        return self.dp * self.cp if self.shard is None else self.shard

    @property
    def full_share(self) -> Number:
        """Share of the layers that full recompute repeats."""
        return np.clip(np.asarray(self.recompute) - 1.0, 0.0, 1.0)

    def micro_batches(self, global_batch: Number) -> Number:
        """Micro-batches that one replica runs in a step of `global_batch` sequences."""
        return np.maximum(np.ceil(global_batch / (self.dp * self.micro_batch)), 1.0)

    def at(self, index: int) -> "Plan":
        """One plan of many.

        Examples
        --------
        >>> Plan(tp=np.array([1, 2]), dp=8).at(1).tp
        2
        """
        return replace(self, **{f.name: _pick(getattr(self, f.name), index) for f in fields(self)})

    def take(self, indices: NDArray[np.intp]) -> "Plan":
        """Some plans of many."""
        return replace(self, **{f.name: _take(getattr(self, f.name), indices) for f in fields(self)})

    @staticmethod
    def join(plans: Sequence["Plan"]) -> "Plan":
        """Put plans of the same search one after another."""
        first = plans[0]
        joined = {
            f.name: np.concatenate([np.asarray(getattr(plan, f.name)) for plan in plans])
            for f in fields(first)
            if np.ndim(getattr(first, f.name))
        }
        return replace(first, **joined)

    def text(self) -> str:
        """Name one plan in short, such as ``tp8 pp4 dp16 mb1 zero1 full``.

        Examples
        --------
        >>> Plan(tp=8, dp=4, recompute=2).text()
        'tp8 dp4 mb1 zero1 full'
        """
        degrees = {name: int(getattr(self, name)) for name in ("tp", "pp", "dp", "cp", "ep", "vpp")}
        words = [f"{name}{degree}" for name, degree in degrees.items() if degree > 1]
        words += [f"mb{int(self.micro_batch)}", f"zero{int(self.zero)}", recompute_text(float(self.recompute))]
        return " ".join(words + (["fp8"] if self.fp8 else []))


def recompute_text(mode: float) -> str:
    """Name a recompute mode.

    Examples
    --------
    >>> recompute_text(1.25)
    '25%-full'
    """
    named = {float(code): word for word, code in RECOMPUTE.items()}
    return named.get(mode) or f"{mode - 1:.0%}-full"


def _take(value: Any, indices: NDArray[np.intp]) -> Any:
    return value[indices] if isinstance(value, np.ndarray) and value.ndim else value


def _pick(value: Any, index: int) -> Any:
    if not (isinstance(value, np.ndarray) and value.ndim):
        return value
    one = value[index].item()
    return int(one) if isinstance(one, float) and one.is_integer() else one
