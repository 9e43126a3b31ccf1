"""How a stopped run comes back: what each step takes, and during which of them the next failure can strike."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.reliability.attempt import Count, Flag, Seconds
from simulator.reliability.causes import Cause
from simulator.reliability.elastic import BatchPolicy

Exposure = Literal["A", "B", "C"]
Policy = Literal["restart", "shrink", "replica"]

Instant = TypeVar("Instant", float, NDArray[np.float64])


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """The way from a stop back to training.

    The downtime D is detection + spare wait + `swap_s`; the recovery R is `initialization_s` + `restore_s`.

    Parameters
    ----------
    exposure : str
        In which parts the next failure can strike: ``A`` work, saves and R; ``B`` work and saves; ``C`` everything, D
        and R starting again at each strike (`simulator.reliability.expected` has the formulas).
    swap_s : float
        Rescheduling or putting a spare in place, once the stop is known [s].
    initialization_s : float
        Process start and collective set-up of the job [s].
    restore_s : float
        Reading the last checkpoint [s].
    near_restore_s : float or None
        Reading the near copy instead, where there are two tiers and it survived [s]; None when that takes as long.
    startup_s : float
        The first start of the run, which no failure caused [s].
    policy : str
        What a lost machine does: ``restart`` stops the whole job; ``shrink`` goes on without its replicas where no
        spare is at hand, from the last save; ``replica`` stalls the job and lets the others go on without loss.
    group : int or None
        Accelerators of one data-parallel replica, for the policies that go on without some.
    batch, micro_batches : str and int
        What fewer replicas do to a step (`simulator.reliability.elastic.shape`).
    stall_s, rejoin_s : float
        What the others lose when a replica goes, and when it comes back, under ``replica`` [s].
    spares : int or None
        Cold spare nodes held beside the job; None when a replacement is always at hand and nobody is billed for it.
    """

    exposure: Exposure = "A"
    swap_s: float = 0.0
    initialization_s: float = 0.0
    restore_s: float = 0.0
    near_restore_s: float | None = None
    startup_s: float = 0.0
    policy: Policy = "restart"
    group: int | None = None
    batch: BatchPolicy = "keep"
    micro_batches: int = 1
    stall_s: float = 0.0
    rejoin_s: float = 0.0
    spares: int | None = None

    @property
    def recovery_s(self) -> float:
        """R: from replaced machines to the first new step [s]."""
        return self.initialization_s + self.restore_s


# The way back, in order. The names are those of the goodput ledger.
PARTS = (
    "checkpoint_save",
    "planned_maintenance",
    "detection_latency",
    "spare_wait",
    "infrastructure_recovery",
    "program_startup",
    "accelerator_initialization",
    "checkpoint_restore",
    "elastic_slice_down",
    "elastic_scale_up",
)
SAVE = PARTS.index("checkpoint_save")
SPARE_WAIT = PARTS.index("spare_wait")  # the stop is known when this begins
REPLACED = PARTS.index("program_startup")  # the machines are whole when this begins
RESTORE = PARTS.index("checkpoint_restore")
DETECTION = PARTS.index("detection_latency")
SLICE_DOWN, SCALE_UP = PARTS.index("elastic_slice_down"), PARTS.index("elastic_scale_up")
SWAP = PARTS.index("infrastructure_recovery")


def way_back_s(cause: Cause, recovery: Recovery, save_s: float = 0.0) -> tuple[float, ...]:
    """Return how long each of `PARTS` takes after a stop by this cause, the wait for a spare apart [s].

    Parameters
    ----------
    cause : Cause
        A silent one is known when it stops the job: its detection has passed while the job worked on.
    recovery : Recovery
        What the steps take.
    save_s : float
        A whole save, which an announced stop takes first [s].
    """
    swap_s = recovery.swap_s if cause.nodes_lost else 0.0
    known_s = 0.0 if cause.kind == "silent" else cause.detection_s
    return (
        save_s if cause.announced else 0.0, cause.away_s, known_s, 0.0, swap_s, 0.0, recovery.initialization_s,
        recovery.restore_s, 0.0, 0.0,
    )  # fmt: skip


def mean_down_s(causes: Sequence[Cause], recovery: Recovery) -> float:
    """Return D, from a stop to replaced machines: the mean over causes by their rates, the wait for a spare apart [s].

    Examples
    --------
    >>> causes = [Cause(name=name, rate_per_node_s=rate, detection_s=60.0) for name, rate in (("a", 3e-6), ("b", 1e-6))]
    >>> round(mean_down_s(causes, Recovery()), 9)
    60.0
    """
    weights = [cause.rate_per_node_s for cause in causes]
    down_s = [math.fsum(way_back_s(cause, recovery)[:REPLACED]) for cause in causes]
    return math.fsum(weight * each_s for weight, each_s in zip(weights, down_s, strict=True)) / math.fsum(weights)


def restore_s(recovery: Recovery, reads: Count, near: Flag) -> Seconds:
    """Return how long it takes to read the last usable save: each corrupt one is read in vain [s].

    Examples
    --------
    >>> print(restore_s(Recovery(restore_s=60.0, near_restore_s=5.0), 2.0, False))
    120.0
    """
    near_s = recovery.restore_s if recovery.near_restore_s is None else recovery.near_restore_s
    return np.where(near, near_s, recovery.restore_s * reads)[()]


def exposed_from_s(stop_s: Instant, replaced_s: Instant, ready_s: Instant, exposure: Exposure) -> Instant:
    """Return from when on the next failure can strike: since the stop, the replacement, or the first new step [s]."""
    if exposure == "A":
        return replaced_s
    return ready_s if exposure == "B" else stop_s


def way_in_s(recovery: Recovery, *, first: bool, reenters: bool) -> tuple[float, ...]:
    """Return how long each of `PARTS` takes when a stage begins without a stop [s].

    Parameters
    ----------
    first : bool
        Whether this is the run's first stage, which takes the start-up unless it is calendar time.
    reenters : bool
        Whether the job is set up anew and reads the last save, because the set of machines changed.
    """
    set_up_s = (recovery.startup_s, 0.0, 0.0, 0.0, 0.0) if first else (0.0,) * 5
    if reenters and not first:
        set_up_s = (0.0, recovery.initialization_s, recovery.restore_s, 0.0, 0.0)
    return (0.0,) * REPLACED + set_up_s
