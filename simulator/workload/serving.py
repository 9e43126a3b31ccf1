"""How long a machine takes to serve a token: a roofline, an approximation.

Reading is bound by compute, writing by the memory that is read for each step: all weights once, and the keys and values
of every sequence in the batch. Both count the attention over what stands before a token: all of a sequence where it is
written, half of one where it is read, and in layers with a window no more than that, whose keys and values are dropped
behind it. The batch is as large as the memory beside the weights allows, and a copy of the
model takes as many machines as its weights and one sequence need. What a real server achieves depends on its software,
on limits of latency and on the mix of lengths; the shares below are assumptions and the result is good to a factor of
about two.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from simulator.workload.architecture import Architecture

ACHIEVED_BANDWIDTH: Final = 0.6  # share of the memory's peak; assumption, 0.4 to 0.8
ACHIEVED_FLOP: Final = 0.4  # share of the dense peak; assumption, 0.2 to 0.6
FOR_WEIGHTS: Final = 0.7  # share of the memory that weights may fill; assumption
FOR_ALL: Final = 0.9  # share of the memory that weights, keys and values may fill; assumption
MOST_SEQUENCES: Final = 256  # in a batch of one machine; usual limit of servers, assumption


class TokenTime(NamedTuple):
    """Time of one machine that a token takes [s], and how many machines hold one copy of the model."""

    read_s: float
    written_s: float
    machines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What serves: dense peak [FLOP/s], memory [byte] and its bandwidth [byte/s]."""

    peak_flop_per_s: float
    hbm_bytes: float
    hbm_bytes_per_s: float


def token_time(shape: Architecture, machine: Machine, *, context: int, bytes_per_parameter: float = 2.0) -> TokenTime:
    """Return the machine-time of a token, read and written.

    Parameters
    ----------
    context : int
        Tokens that a sequence holds on average while it is written; what is read is taken to be as long.
    bytes_per_parameter : float
        2 for 16 bits, 1 for 8; keys and values are kept in the same precision.

    Examples
    --------
    >>> llama = Architecture(layers=40, hidden=5120, heads=40, ffn=13824, vocab=32000, seq=2048)
    >>> h100 = Machine(peak_flop_per_s=989e12, hbm_bytes=80 * 2**30, hbm_bytes_per_s=3.35e12)
    >>> times = token_time(llama, h100, context=1000)
    >>> times.machines, round(1 / times.read_s), round(1 / times.written_s)
    (1, 14961, 1622)
    """
    weights = shape.parameters * bytes_per_parameter
    of_sequence = cached_bytes(shape, context, bytes_per_parameter)
    least = max(weights / FOR_WEIGHTS, (weights + of_sequence) / FOR_ALL)
    machines = _doubled(least / machine.hbm_bytes)
    room = machines * FOR_ALL * machine.hbm_bytes - weights
    batch = max(1.0, min(room // of_sequence, float(MOST_SEQUENCES * machines)))
    bandwidth = machines * ACHIEVED_BANDWIDTH * machine.hbm_bytes_per_s
    compute = machines * ACHIEVED_FLOP * machine.peak_flop_per_s
    flop, score_flop = 2.0 * shape.active_parameters, 2.0 * shape.score_width
    writing_flop = flop + score_flop * shape.held(context)
    step_s = max((weights + batch * of_sequence) / bandwidth, batch * writing_flop / compute)
    return TokenTime(
        read_s=(flop + score_flop * float(shape.seen(context))) / (ACHIEVED_FLOP * machine.peak_flop_per_s),
        written_s=machines * step_s / batch,
        machines=machines,
    )


def cached_bytes(shape: Architecture, context: float, bytes_per_value: float) -> float:
    """Return what a sequence of a length keeps in memory: keys and values of every layer, or their latent form."""
    width = shape.groups * (shape.qk_dim + shape.value_dim)
    if shape.kv_lora_rank is not None:
        width = shape.kv_lora_rank + (shape.qk_rope_head_dim or 0)
    return shape.held(context) * width * bytes_per_value


def _doubled(least: float) -> int:
    """Return the least power of two that is not below a number."""
    machines = 1
    while machines < least:
        machines *= 2
    return machines
