"""Stacks and the calibrated parameters, from the catalogue."""

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeGuard

from simulator.catalogue.reader import Entry, entry, read
from simulator.workload.machine import Chip, Fabric
from simulator.workload.plan import RECOMPUTE
from simulator.workload.stack import Parameters, Traits

GEMM_SHARE = 0.85  # of the peak that a large product reaches, where nobody measured it: A100 0.87, H100 0.80, B200 0.78
OTHER_GEMM_SHARE = 0.68  # of other makers: the middle of six that somebody measured, from MI300X 0.51 to Gaudi 2 0.97
TPU_GEMM_SHARE = 0.95  # on a systolic array under XLA; TPU v7 was measured at 0.83
GEMM_SHARES = {"nvidia": GEMM_SHARE, "google": TPU_GEMM_SHARE}
FP8_SHARE = 0.9  # of the BF16 share of peak, where nobody measured FP8: H100 0.88, B200 0.98
# Of the rate of FP8 with a scale a tensor: where 32 values share a scale (MXFP8), and in NVFP4, where peaks
# promise 2 (GB200) and 3 (GB300). Chosen, 0.88 to 0.97 and 1.4 to 1.9: plans of Megatron Bridge 25.09 take 2 to 7
# % longer in MXFP8 (B200, GB200); in 26.02 and 26.06 one of Llama 3.1 405B takes 1.36 times as long in FP8 as in
# NVFP4 (GB300), 1.43 to 1.49 times in MXFP8 (GB200).
BLOCK_SCALED_SHARE = 0.93
FP4_GAIN = 1.65
ASYNCHRONOUS = ("hopper", "blackwell")


def traits_of(key: str, factors: Mapping[str, float] | None = None) -> Traits:
    """Known behaviour of a stack with its calibrated factor.

    Parameters
    ----------
    key : str
        A key of ``catalogue/throughput_stacks.toml``.
    factors : mapping, optional
        Calibrated factors in place of those in the catalogue.
    """
    values = entry("throughput_stacks", key).values
    known = {name: float(value) for name, value in values.items() if name in Traits._fields and _is_number(value)}
    return Traits(**known, factor=(calibrated_factors() if factors is None else factors).get(key, 1.0))


def default_zero(key: str) -> int:
    """What data-parallel ranks share by default in a stack; see `Plan.zero`."""
    return int(entry("throughput_stacks", key).get_number("zero") or 0)


def default_recompute(key: str) -> float | None:
    """The stack's habitual recompute mode, where it has one."""
    word = entry("throughput_stacks", key).values.get("recompute")
    return recompute_mode(key, word) if isinstance(word, str) else None


def recompute_mode(key: str, word: str) -> float:
    """What a stack does that is told to recompute in this mode; see `Plan.recompute`.

    Megatron's "selective" repeats the attention core; TorchTitan's every second product, too.

    Examples
    --------
    >>> recompute_mode("nemo-2025", "selective"), recompute_mode("torchtitan-2024", "selective")
    (1.0, 1.5)
    """
    own = entry("throughput_stacks", key).get_number("selective_mode") if word == "selective" else None
    return float(RECOMPUTE[word]) if own is None else own


def default_sequence_parallel(key: str, *, full_recompute: bool = False) -> bool:
    """Whether the stack splits along the sequence what tensor parallelism does not."""
    values = entry("throughput_stacks", key).values
    if full_recompute and values.get("full_without_sequence_parallel", False):
        return False
    return bool(values.get("sequence_parallel", True))


def accumulates(key: str) -> bool:
    """Whether a replica of the stack takes its batch in several micro-batches unasked."""
    return bool(entry("throughput_stacks", key).values.get("accumulates", True))


def fine_experts(key: str) -> bool:
    """Whether the stack's factor was read off mixtures of narrow experts on small scale-up domains."""
    return bool(entry("throughput_stacks", key).values.get("fine_experts", False))


def default_tensor_parallel(key: str) -> int | None:
    """The stack's tensor-parallel degree where nobody states one; None where it has no habit.

    Source: MaxText's ``base.yml`` gives all devices of a slice to FSDP (``ici_fsdp_parallelism: -1``).
    """
    degree = entry("throughput_stacks", key).get_number("tensor_parallel")
    return None if degree is None else int(degree)


def host_bytes(key: str, found: Entry) -> float:
    """Memory of the host that takes an accelerator's activations before a stack repeats layers; else 0 [byte]."""
    offloads = bool(entry("throughput_stacks", key).values.get("offloads", False))
    return (found.get_number("host_bytes") or 0.0) if offloads else 0.0


def interleaves(key: str) -> bool:
    """Whether the stack's pipeline can be interleaved."""
    return bool(entry("throughput_stacks", key).values.get("interleaves", True))


@lru_cache(maxsize=1)
def calibrated() -> Parameters:
    """Global parameters as fitted by ``analysis.validation.calibrate``."""
    values = entry("throughput_parameters", "parameters").values
    return Parameters(**{n: float(v) for n, v in values.items() if n in Parameters._fields and _is_number(v)})


@lru_cache(maxsize=1)
def calibrated_factors() -> Mapping[str, float]:
    """Factor of each stack as fitted."""
    return {k: e.number("factor") for k, e in read("throughput_parameters")["parameters"].parts.items()}


def chip_of(found: Entry, share: float = 1.0, *, fp4: bool = False, block_scaled: bool = False) -> Chip:
    """The chip of an accelerator in the catalogue, or a part of it, such as one of two dies.

    Rates that the catalogue does not state are set by the shares above; they are assumptions.

    Parameters
    ----------
    fp4 : bool
        Whether what a plan calls FP8 runs in FP4, where the chip has it.
    block_scaled : bool
        Whether it runs in MXFP8.
    """
    peak = found.number("peak_bf16_flop_per_s")
    four = found.get_number("peak_fp4_flop_per_s") if fp4 else None
    peak8 = four or found.get_number("peak_fp8_flop_per_s") or peak
    share_of_peak = GEMM_SHARES.get(str(found.values.get("vendor")), OTHER_GEMM_SHARE)
    gemm = found.get_number("achievable_gemm_flop_per_s") or peak * share_of_peak
    whole = found.get_number("peak_fp8_flop_per_s") or peak
    gemm8 = found.get_number("achievable_fp8_flop_per_s") or max(gemm, gemm * FP8_SHARE * whole / peak)
    gemm8 *= FP4_GAIN if four else BLOCK_SCALED_SHARE if block_scaled else 1.0
    return Chip(
        peak_bf16_flop_per_s=peak * share,
        peak_fp8_flop_per_s=peak8 * share,
        achievable_gemm_flop_per_s=gemm * share,
        achievable_fp8_flop_per_s=gemm8 * share,
        hbm_bytes=found.number("hbm_bytes") * share,
        hbm_bytes_per_s=found.number("hbm_bytes_per_s") * share,
        asynchronous_mma=found.values.get("generation") in ASYNCHRONOUS,
    )


def fabric_of(found: Entry, parts: int = 1) -> Fabric:
    """Links of an accelerator in the catalogue; `parts` of it share them."""
    link = found.get_number("scale_up_bytes_per_s") or 64e9  # PCIe 5 where no link is stated
    return Fabric(
        scale_up_domain=(found.get_number("scale_up_domain") or 8.0) * parts,
        scale_up_bytes_per_s=link / parts,
        nic_bytes_per_s=(found.get_number("nic_bytes_per_s") or 25e9) / parts,
        node=(found.get_number("accelerators_per_node") or 8.0) * parts,
    )


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float | bool)
