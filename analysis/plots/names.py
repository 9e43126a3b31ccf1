"""The ledger's words for phases and causes, as a reader who is no engineer would say them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from simulator.records import NO_CAUSE, NOT_STATED

PHASE_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "productive": "productive training",
        "checkpoint_save": "saving checkpoints",
        "wasted_progress": "lost work, redone",
        "sdc_rollback": "work on corrupt state, redone",
        "planned_maintenance": "planned maintenance",
        "straggler_slowdown": "slow machines",
        "elastic_slice_down": "shrinking the job",
        "elastic_scale_up": "growing the job again",
        "elastic_degraded": "running on fewer machines",
        "sdc_check": "checking for corruption",
        "detection_latency": "noticing the stop",
        "spare_wait": "waiting for a spare",
        "infrastructure_recovery": "replacing machines",
        "accelerator_initialization": "setting up again",
        "checkpoint_restore": "loading the checkpoint",
        "program_startup": "first start-up",
        "idle_spare": "spares standing by",
        "other": "not explained",
        "idle_commitment": "reserved, not used",
        "storage": "storage",
        "egress": "data out",
        "tax": "taxes",
        "credit": "credits",
        "carbon": "carbon",
    }
)

_UPPER = frozenset({"gpu", "cpu", "nic", "nccl", "ssd", "io", "ici", "hbm", "hbm3", "sram", "tpu", "ecc", "sdc", "os"})
_FIXED: Final[Mapping[str, str]] = MappingProxyType({"nvlink": "NVLink", "incl": "incl."})


def phase_name(phase: str) -> str:
    """Name a phase of the ledger.

    Examples
    --------
    >>> phase_name("wasted_progress"), phase_name("evaluation_run")
    ('lost work, redone', 'evaluation run')
    """
    return PHASE_NAMES.get(phase, phase.replace("_", " "))


def cause_name(cause: str) -> str:
    """Name a cause of stops; no cause at all is empty.

    Examples
    --------
    >>> cause_name("gpu_hbm3"), cause_name("faulty_gpu_incl_nvlink"), cause_name("none"), cause_name("not_stated")
    ('GPU HBM3', 'faulty GPU incl. NVLink', '', 'not stated')
    """
    if cause == NO_CAUSE:
        return ""
    if cause == NOT_STATED:
        return "not stated"
    words = (word.upper() if word in _UPPER else _FIXED.get(word, word) for word in cause.split("_"))
    return " ".join(words)


def brief(name: str, most: int = 42) -> str:
    """Cut a long name, so that it leaves room for what it names.

    Examples
    --------
    >>> brief("noticing the stop: rack", 12)
    'noticing th\N{HORIZONTAL ELLIPSIS}'
    """
    return name if len(name) <= most else name[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


def line_name(phase: str, cause: str) -> str:
    """Name a line of the ledger.

    Examples
    --------
    >>> line_name("wasted_progress", "host"), line_name("idle_spare", "none")
    ('lost work, redone: host', 'spares standing by')
    """
    return ": ".join(part for part in (phase_name(phase), cause_name(cause)) if part)
