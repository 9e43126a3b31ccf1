"""Hardware as values: an accelerator, a node of them, a system of nodes.

Made from the catalogue by key, or by hand for machines that it does not have. Absent figures are None.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from simulator.catalogue.reader import Entry, entry

Fabric: TypeAlias = Literal["single", "leaf_spine", "torus"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency:
    """Distribution of model FLOP utilisation over published runs, as quartiles, 0 to 1.

    Parameters
    ----------
    basis : str
        ``published``, ``spread assumed`` or ``assumed``.
    source, evidence : str
        Where the quartiles come from.
    """

    p25: float
    p50: float
    p75: float
    basis: str
    source: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """What one accelerator can compute, hold and move.

    Parameters
    ----------
    peak_bf16_flop_per_s, peak_fp8_flop_per_s : float
        Dense peak [FLOP/s].
    achievable_gemm_flop_per_s : float or None
        Best measured matrix product in BF16 [FLOP/s].
    hbm_bytes, hbm_bytes_per_s : float
        Memory [byte] and its bandwidth [byte/s].
    scale_up_bytes_per_s : float or None
        One way, all links of the accelerator [byte/s].
    scale_up_domain : int
        Accelerators that share those links.
    nic_bytes_per_s : float or None
        Share of the host's network [byte/s].
    power_w : float or None
        Rated power [W].
    accelerators_per_node : int
        As usually built.

    Examples
    --------
    >>> Accelerator.of("a100-80gb").hbm_bytes == 80 * 2**30
    True
    """

    key: str
    title: str
    vendor: str
    generation: str
    peak_bf16_flop_per_s: float
    peak_fp8_flop_per_s: float | None = None
    achievable_gemm_flop_per_s: float | None = None
    hbm_bytes: float
    hbm_bytes_per_s: float
    scale_up_bytes_per_s: float | None = None
    scale_up_domain: int
    nic_bytes_per_s: float | None = None
    power_w: float | None = None
    accelerators_per_node: int
    efficiency: Efficiency
    source: str
    evidence: str
    unverified: tuple[str, ...] = ()

    @classmethod
    def of(cls, key: str) -> "Accelerator":
        """Return an accelerator of the catalogue; an unknown key is a `CatalogueError` that lists the nearest."""
        return cls.from_entry(entry("accelerators", key))

    @classmethod
    def from_entry(cls, found: Entry) -> "Accelerator":
        """Make an accelerator from an entry of the kind ``accelerators``."""
        return cls(
            key=found.key,
            title=found.title,
            vendor=found.text("vendor"),
            generation=found.text("generation"),
            peak_bf16_flop_per_s=found.number("peak_bf16_flop_per_s"),
            peak_fp8_flop_per_s=found.get_number("peak_fp8_flop_per_s"),
            achievable_gemm_flop_per_s=found.get_number("achievable_gemm_flop_per_s"),
            hbm_bytes=found.number("hbm_bytes"),
            hbm_bytes_per_s=found.number("hbm_bytes_per_s"),
            scale_up_bytes_per_s=found.get_number("scale_up_bytes_per_s"),
            scale_up_domain=int(found.number("scale_up_domain")),
            nic_bytes_per_s=found.get_number("nic_bytes_per_s"),
            power_w=found.get_number("power_w"),
            accelerators_per_node=int(found.number("accelerators_per_node")),
            efficiency=_efficiency(found),
            source=found.source,
            evidence=found.evidence,
            unverified=found.unverified,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One machine: the unit that fails and is replaced.

    Parameters
    ----------
    accelerators : int
        How many it drives.
    nic_bytes_per_s : float or None
        Network of the whole machine, one way [byte/s].
    """

    accelerator: Accelerator
    accelerators: int
    nic_bytes_per_s: float | None = None

    @classmethod
    def of(cls, key: str) -> "Node":
        """Return the usual node of an accelerator of the catalogue."""
        accelerator = Accelerator.of(key)
        count = accelerator.accelerators_per_node
        return cls(
            accelerator=accelerator, accelerators=count, nic_bytes_per_s=_times(accelerator.nic_bytes_per_s, count)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A cluster of equal nodes.

    Parameters
    ----------
    nodes : int
        How many.
    fabric : str
        ``single`` (one scale-up domain), ``leaf_spine`` or ``torus``.
    scale_up_domain : int
        Accelerators that share links faster than the network.
    nodes_per_rack, racks_per_pod, leaves_per_rack, spines : int or None
        Shape of a leaf-spine fabric, where published.
    torus_shape, cube_shape : tuple of int
        Shape in accelerators; empty when the fabric is no torus.
    storage_read_bytes_per_s, storage_write_bytes_per_s : float or None
        Of the file system, to all nodes together [byte/s].

    Examples
    --------
    >>> System.of("tpu-v4-pod").accelerators
    4096
    """

    key: str
    title: str
    node: Node
    nodes: int
    fabric: Fabric
    scale_up_domain: int
    nodes_per_rack: int | None = None
    racks_per_pod: int | None = None
    leaves_per_rack: int = 1
    spines: int | None = None
    torus_shape: tuple[int, ...] = ()
    cube_shape: tuple[int, ...] = ()
    storage_read_bytes_per_s: float | None = None
    storage_write_bytes_per_s: float | None = None
    source: str
    evidence: str

    @property
    def accelerators(self) -> int:
        """All accelerators of the system."""
        return self.nodes * self.node.accelerators

    @classmethod
    def of(cls, key: str) -> "System":
        """Return a system of the catalogue; an unknown key is a `CatalogueError` that lists the nearest."""
        return cls.of_entry(entry("systems", key))

    @classmethod
    def of_entry(cls, found: Entry) -> "System":
        """Return the system that an entry describes; a field that it lacks is a `CatalogueError`."""
        count = int(found.number("accelerators_per_node"))
        return cls(
            key=found.key,
            title=found.title,
            node=Node(
                accelerator=Accelerator.of(found.text("accelerator")),
                accelerators=count,
                nic_bytes_per_s=_times(found.get_number("nic_bytes_per_s"), count),
            ),
            nodes=int(found.number("nodes")),
            fabric=cast("Fabric", found.text("fabric")),
            scale_up_domain=int(found.number("scale_up_domain")),
            nodes_per_rack=_count(found, "nodes_per_rack"),
            racks_per_pod=_count(found, "racks_per_pod"),
            leaves_per_rack=_count(found, "leaves_per_rack") or 1,
            spines=_count(found, "spines"),
            torus_shape=_shape(found, "torus_shape"),
            cube_shape=_shape(found, "cube_shape"),
            storage_read_bytes_per_s=found.get_number("storage_read_bytes_per_s"),
            storage_write_bytes_per_s=found.get_number("storage_write_bytes_per_s"),
            source=found.source,
            evidence=found.evidence,
        )


def _efficiency(found: Entry) -> Efficiency:
    return Efficiency(
        p25=found.number("mfu_p25"),
        p50=found.number("mfu_p50"),
        p75=found.number("mfu_p75"),
        basis=found.text("mfu_basis"),
        source=found.text("mfu_source"),
        evidence=found.text("mfu_evidence"),
    )


def _count(found: Entry, name: str) -> int | None:
    value = found.get_number(name)
    return None if value is None else int(value)


def _shape(found: Entry, name: str) -> tuple[int, ...]:
    value = found.values.get(name, ())
    return tuple(int(side) for side in value) if isinstance(value, tuple) else ()


def _times(share: float | None, count: int) -> float | None:
    return None if share is None else share * count
