"""What it takes to fine-tune a model: FLOP, machine-time and memory, for all weights or for low-rank adapters.

Source: QLoRA, arXiv 2305.14314, for memory (65B: more than 780 GB in full, under 48 GB quantised); FLOP are counted:
adapters need no gradients of the frozen weights, which saves a third.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way to fine-tune.

    Parameters
    ----------
    flop_per_parameter_token : float
        Forward and backward.
    bytes_per_parameter : float
        Weights, gradients and optimiser together, activations apart.
    """

    flop_per_parameter_token: float
    bytes_per_parameter: float


METHODS: Final[Mapping[str, Method]] = MappingProxyType(
    {
        "full": Method(flop_per_parameter_token=6.0, bytes_per_parameter=12.0),
        "lora": Method(flop_per_parameter_token=4.0, bytes_per_parameter=2.1),
        "qlora": Method(flop_per_parameter_token=4.0, bytes_per_parameter=0.6),
    }
)


def machine_s(method: Method, *, parameters: float, tokens: float, flop_per_s: float) -> float:
    """Return the time that one machine would take [s].

    Parameters
    ----------
    flop_per_s : float
        What one machine achieves, its peak times its efficiency.

    Examples
    --------
    >>> machine_s(METHODS["lora"], parameters=1e9, tokens=1e9, flop_per_s=1e14)
    40000.0
    """
    return method.flop_per_parameter_token * parameters * tokens / flop_per_s


def least_machines(method: Method, *, parameters: float, hbm_bytes: float) -> int:
    """Return how many machines hold weights, gradients and optimiser.

    Examples
    --------
    >>> [least_machines(METHODS[name], parameters=65.2e9, hbm_bytes=48e9) for name in ("full", "lora", "qlora")]
    [17, 3, 1]
    """
    return max(1, -int(-method.bytes_per_parameter * parameters // hbm_bytes))
