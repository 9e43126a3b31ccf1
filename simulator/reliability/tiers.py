"""Copies of the state in several places: how long a save takes, when the near copies are lost, what two tiers cost.

Symbols of the theory (section 2): N nodes in groups of m with m copies; near copies every W1 at cost C1, a durable one
with every k-th at C2; a share p of stops is recovered from the near copy.
"""

import math
from typing import Literal

Tier = Literal["device", "host_memory", "partner_memory", "local_disk"]


def save_s(
    state_bytes: float, *, writers: int, writer_bytes_per_s: float = math.inf, shared_bytes_per_s: float = math.inf
) -> float:
    """Return the time of one save: state / min(writers x what each sends, what they share) [s].

    Parameters
    ----------
    state_bytes : float
        Parameters and optimizer together [byte].
    writers : int
        Machines or accelerators that write at once.
    writer_bytes_per_s : float
        What one of them sends: its network card, its disk [byte/s].
    shared_bytes_per_s : float
        What all of them share: the file system [byte/s].

    Examples
    --------
    >>> round(save_s(2.3e12, writers=384, writer_bytes_per_s=12.5e9, shared_bytes_per_s=57e9), 1)  # BLOOM: 40 s
    40.4
    """
    return state_bytes / min(writers * writer_bytes_per_s, shared_bytes_per_s)


def flush_s(
    state_bytes: float, interval_s: float, *, flush_bytes_per_s: float, shared_bytes_per_s: float, in_flight: int
) -> tuple[float, int] | None:
    """Return how long a flush takes beside the others, and how many run at once; None where they pile up [s].

    Flushes share the file system: n at once take state / min(one's own limit, shared / n) each, and n of them run when
    each lasts n intervals at most. The fewest that keep pace are taken.

    Parameters
    ----------
    state_bytes, interval_s : float
        What one flush writes [byte], and how often one begins [s].
    flush_bytes_per_s, shared_bytes_per_s : float
        What one flush can write alone, and what the file system takes [byte/s].
    in_flight : int
        The most that may run at once.

    Examples
    --------
    >>> flush_s(100.0, 30.0, flush_bytes_per_s=2.0, shared_bytes_per_s=10.0, in_flight=4)  # 50 s each, two at once
    (50.0, 2)
    >>> flush_s(100.0, 30.0, flush_bytes_per_s=2.0, shared_bytes_per_s=3.0, in_flight=4) is None  # 33 s of disk each
    True
    """
    for count in range(1, in_flight + 1):
        takes_s = state_bytes / min(flush_bytes_per_s, shared_bytes_per_s / count)
        if takes_s <= count * interval_s:
            return takes_s, count
    return None


def group_lost(nodes: int, *, copies: int, lost: int) -> float:
    """Return the probability that `lost` simultaneous losses take a whole group of `copies` nodes, and its state.

    (N/m) C(N-m, k-m) / C(N, k), exact for m <= k < 2m (at most one group can be gone); theory, section 2. Above that
    it is the expected number of groups, and 1 at most.

    Examples
    --------
    >>> group_lost(128, copies=2, lost=1), round(group_lost(128, copies=2, lost=2) * 127, 12)  # 1 / (N - 1)
    (0.0, 1.0)
    """
    if lost < copies:
        return 0.0
    if lost >= nodes:
        return 1.0
    groups = nodes / copies
    return min(groups * math.comb(nodes - copies, lost - copies) / math.comb(nodes, lost), 1.0)


def near_lost(tier: Tier, nodes: int, *, copies: int, lost: int, together: float = 0.0) -> float:
    """Return the probability that a stop which takes `lost` machines takes the near copies of the state with them.

    Parameters
    ----------
    tier : str
        All but ``partner_memory`` keep one copy, on the machine itself.
    nodes, copies, lost : int
        Nodes of the job; copies of each part of the state, its own included; machines that the stop takes.
    together : float
        Share of such stops that take the rack in which all copies stand; zero when the copies stand apart.

    Examples
    --------
    >>> near_lost("host_memory", 64, copies=2, lost=1), near_lost("partner_memory", 64, copies=2, lost=1)
    (1.0, 0.0)
    >>> near_lost("partner_memory", 64, copies=2, lost=1, together=0.05)  # both copies in one rack lose its share
    0.05
    """
    if lost == 0:
        return 0.0
    if tier != "partner_memory":
        return 1.0
    return together + (1.0 - together) * group_lost(nodes, copies=copies, lost=lost)


def two_level_slowdown(
    near_every_s: float, near_save_s: float, *, durable_every: int, durable_save_s: float, near_share: float,
    near_restore_s: float, durable_restore_s: float, mtbf_s: float,
) -> float:  # fmt: skip
    """Return wall-clock over useful time with two tiers, to first order.

    1 + C1/W1 + C2/(k W1) + [p (W1/2 + R1) + (1-p) (k W1/2 + R2)] / M: theory, section 2.

    Examples
    --------
    >>> found = two_level_slowdown(  # in minutes: 0.01 + 0.01 + (0.9 x 6 + 0.1 x 35) / 1440
    ...     10.0, 0.1, durable_every=6, durable_save_s=0.6, near_share=0.9, near_restore_s=1.0,
    ...     durable_restore_s=5.0, mtbf_s=1440.0)
    >>> round(found, 5)
    1.02618
    """
    work_s = durable_every * near_every_s
    saving = near_save_s / near_every_s + durable_save_s / work_s
    near_s, durable_s = near_every_s / 2 + near_restore_s, work_s / 2 + durable_restore_s
    return 1.0 + saving + (near_share * near_s + (1.0 - near_share) * durable_s) / mtbf_s
