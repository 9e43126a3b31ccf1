"""What the throughput model must know of the hardware: one accelerator, and the links between them."""

from dataclasses import dataclass, fields

from simulator.workload.shape import Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One accelerator; fields bear the names of ``catalogue/accelerators.toml``.

    Parameters
    ----------
    peak_bf16_flop_per_s, peak_fp8_flop_per_s : float or array
        Dense datasheet rates [FLOP/s]; without FP8 units, state the BF16 rate twice.
    achievable_gemm_flop_per_s, achievable_fp8_flop_per_s : float or array
        Measured ceilings of a large matrix product in BF16 and FP8 [FLOP/s].
    hbm_bytes, hbm_bytes_per_s : float or array
        Memory of the device [byte] and its bandwidth [byte/s].
    asynchronous_mma : bool or array
        Whether full speed takes the asynchronous matrix instructions that came with Hopper; kernels older than those
        reach about 0.6 of it.
    """

    peak_bf16_flop_per_s: Number
    peak_fp8_flop_per_s: Number
    achievable_gemm_flop_per_s: Number
    achievable_fp8_flop_per_s: Number
    hbm_bytes: Number
    hbm_bytes_per_s: Number
    asynchronous_mma: Number = False

    def __post_init__(self) -> None:
        _positive(self, skip=("asynchronous_mma",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fabric:
    """How accelerators reach each other: a scale-up domain of any size, and a network between domains.

    Parameters
    ----------
    scale_up_domain : int or array
        Accelerators that share the scale-up link (8 in an HGX node, 72 in an NVL72 rack, a whole slice of TPUs).
    scale_up_bytes_per_s : float or array
        One-way bandwidth of one accelerator within the domain [byte/s].
    nic_bytes_per_s : float or array
        One-way bandwidth of one accelerator's share of the network [byte/s].
    node : int or array
        Accelerators under one operating system (8 in an HGX node, 4 in a tray of an NVL72 rack).
    scale_up_latency_s, network_latency_s : float or array
        Time of one hop with an empty message [s].
    """

    scale_up_domain: Number
    scale_up_bytes_per_s: Number
    nic_bytes_per_s: Number
    node: Number = 8.0
    scale_up_latency_s: Number = 3e-6
    network_latency_s: Number = 12e-6

    def __post_init__(self) -> None:
        _positive(self)


def _positive(value: Chip | Fabric, skip: tuple[str, ...] = ()) -> None:
    for field in fields(value):
        amount = getattr(value, field.name)
        if field.name not in skip and not (amount > 0 if isinstance(amount, int | float) else (amount > 0).all()):
            raise ValueError(f"{type(value).__name__}: {field.name}={amount!r}: expected a positive figure")
