"""A step on links that are worse than the best: a gang in pieces, on a network that is narrower between them."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from simulator.workload.architecture import Architecture
from simulator.workload.machine import Chip, Fabric
from simulator.workload.plan import Plan
from simulator.workload.prediction import predict


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiers:
    """What lies between accelerators beyond their own links.

    Parameters
    ----------
    domain_is_rack : bool
        Whether scale-up links join the nodes of a rack, as in an NVL72 domain; else those of a node.
    across_racks, across_pods : float
        Oversubscription between racks of a pod, and between pods: how many times more bandwidth goes in than out.
    """

    domain_is_rack: bool = False
    across_racks: float = 1.0
    across_pods: float = 1.0

    def __post_init__(self) -> None:
        if self.across_racks < 1 or self.across_pods < self.across_racks:
            raise ValueError(
                f"across_racks={self.across_racks:g}, across_pods={self.across_pods:g}: expected at least 1, and no "
                "more bandwidth between pods than between racks"
            )


class Links(NamedTuple):
    """What a gang has of the network: accelerators of a piece, and by how much the network between pieces narrows."""

    together: float
    narrowed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingWork:
    """What a job trains, and how: all that the throughput model asks for.

    Parameters
    ----------
    architecture, plan : Architecture, Plan
        The model, and how it is spread; the plan stays as it is wherever the job lies.
    chip, fabric : Chip, Fabric
        The accelerator, and its links at best.
    seq, global_batch : float
        Context length [tokens] and sequences in a step.
    stack : str or None
        Of ``catalogue/throughput_stacks.toml``.
    """

    architecture: Architecture
    plan: Plan
    chip: Chip
    fabric: Fabric
    seq: float
    global_batch: float
    stack: str | None = None


def fabric_on(fabric: Fabric, links: Links) -> Fabric:
    """Return the fabric as a gang in pieces sees it.

    Examples
    --------
    >>> best = Fabric(scale_up_domain=8, scale_up_bytes_per_s=300e9, nic_bytes_per_s=25e9)
    >>> found = fabric_on(best, Links(together=4, narrowed=2))
    >>> found.scale_up_domain, found.nic_bytes_per_s
    (4, 12500000000.0)
    """
    return replace(
        fabric,
        scale_up_domain=min(fabric.scale_up_domain, links.together),
        nic_bytes_per_s=fabric.nic_bytes_per_s / links.narrowed,
    )


@lru_cache(maxsize=4096)
def placed_step_s(work: TrainingWork, links: Links) -> float:
    """Return the predicted time of a step on such links [s]; the plan stays as it is."""
    found = predict(
        work.architecture,
        work.plan,
        work.chip,
        fabric_on(work.fabric, links),
        seq=work.seq,
        global_batch=work.global_batch,
        stack=work.stack,
    )
    return float(found.step_time_s.p50)
