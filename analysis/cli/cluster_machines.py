"""The machines of ``flopcast cluster``: a count, equal nodes, an inventory, a system of the catalogue, or a torus."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.cli.option_reader import Reader

if TYPE_CHECKING:
    from simulator.cluster.hardware import System
    from simulator.traces.joblog import JobLog

NEEDS_NODES = ("placement", "rack_nodes", "pod_racks", "node_mtbf")
SAYS_NODES = ("node_size", "nodes", "system", "torus")
DEFAULT = "consolidated"


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineOptions:
    """What the user wrote of the machines; None where nothing was written."""

    size: str | None = None
    node_size: int | None = None
    nodes: Path | None = None
    system: str | None = None
    torus: str | None = None
    cube: str | None = None
    rack_nodes: int | None = None
    pod_racks: int | None = None
    placement: str | None = None
    node_mtbf: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterMachines:
    """The machines in units of the log; the fields are those of `ClusterSetup`."""

    capacity: int
    node_units: Sequence[int] | None = None
    rack_nodes: int | None = None
    pod_racks: int | None = None
    node_kinds: Sequence[str] | None = None
    torus: tuple[int, ...] = ()
    cube: tuple[int, ...] = ()
    placement: str = DEFAULT


def machines_of(log: "JobLog", options: MachineOptions, ask: Reader) -> ClusterMachines:
    """Read what the options say of the machines; what is wrong is noted."""
    _check(options, ask)
    placement = options.placement or DEFAULT
    if options.torus is not None:
        found = _torus(log, options.torus, options.cube, ask)
    elif options.system is not None:
        found = _system(log, options, options.system, ask)
    elif options.nodes is not None:
        found = _inventory(log, options, options.nodes, ask)
    else:
        found = _equal(log, options, ask)
    placed = ClusterMachines(
        capacity=found.capacity,
        node_units=found.node_units,
        rack_nodes=options.rack_nodes or found.rack_nodes,
        pod_racks=options.pod_racks or found.pod_racks,
        node_kinds=found.node_kinds,
        torus=found.torus,
        cube=found.cube,
        placement=options.placement or (("slices" if found.cube else "box") if found.torus else placement),
    )
    if placed.node_units or options.placement:
        ask.attempt("--placement", lambda: _try(placed, log.units_per_accelerator))
    return placed


def _check(options: MachineOptions, ask: Reader) -> None:
    stated = [name for name in SAYS_NODES if getattr(options, name) is not None]
    for name in NEEDS_NODES:
        if getattr(options, name) is not None and not stated:
            option = name.replace("_", "-")
            ask.wrong.append(f"--{option}: works on nodes; give --node-size, --nodes, --system or --torus as well")
    for name in stated[1:]:
        ask.wrong.append(
            f"--{name.replace('_', '-')}: says what --{stated[0].replace('_', '-')} says; give one of them"
        )
    for name in ("rack_nodes", "pod_racks"):
        value = getattr(options, name)
        if value is not None and value < 1:
            ask.wrong.append(f"--{name.replace('_', '-')}: expected at least 1")
    if options.pod_racks is not None and options.rack_nodes is None and options.system is None:
        ask.wrong.append("--pod-racks: counts racks; give --rack-nodes as well")
    if options.cube is not None and options.torus is None:
        ask.wrong.append("--cube: is a part of a torus; give --torus as well")


def _try(machines: ClusterMachines, device: int) -> None:
    """Let the rule place one accelerator, so that a rule that does not suit the machines is refused here."""
    from simulator.scheduling.job import Job
    from simulator.scheduling.layout import Layout
    from simulator.scheduling.placement import make_placement

    make_placement(machines.placement)
    if machines.node_units:
        layout = Layout(
            units=machines.node_units, rack_nodes=machines.rack_nodes, pod_racks=machines.pod_racks, device=device,
            torus=machines.torus, cube=machines.cube,
        )  # fmt: skip
        layout.pool(machines.placement).find(Job("one", 0, device, 1, 1))


def capacity_of(log: "JobLog", options: MachineOptions, ask: Reader) -> int:
    """Return the stated size of the cluster, or the log's [units]."""
    if options.size is None:
        if log.capacity is None:
            ask.wrong.append("--size: the log does not say how large the cluster is; give it, such as --size 1024")
        return log.capacity or 0
    size = ask.quantity("--size", options.size, "count")
    if size != int(size) or size < 1:
        ask.wrong.append(f"--size: {options.size!r} is no whole number of accelerators, such as 1024")
    return int(size) * log.units_per_accelerator


def _equal(log: "JobLog", options: MachineOptions, ask: Reader) -> ClusterMachines:
    capacity = capacity_of(log, options, ask)
    if options.node_size is None:
        return ClusterMachines(capacity=capacity)
    units = options.node_size * log.units_per_accelerator
    if options.node_size < 1 or capacity % units:
        ask.wrong.append(f"--node-size: {options.node_size} does not divide the cluster")
        return ClusterMachines(capacity=capacity)
    return ClusterMachines(capacity=capacity, node_units=[units] * (capacity // units))


def _inventory(log: "JobLog", options: MachineOptions, path: Path, ask: Reader) -> ClusterMachines:
    from simulator.traces.alibaba import read_nodes

    if options.size is not None:
        ask.wrong.append("--nodes: says how large the cluster is; leave --size out")
    rows = ask.attempt("--nodes", lambda: read_nodes(path)) or []
    nodes = [node for node in rows if node.accelerators]
    units = [node.accelerators * log.units_per_accelerator for node in nodes]
    kinds = [node.model or "" for node in nodes] if any(job.kinds for job in log.jobs) else None
    return ClusterMachines(capacity=sum(units), node_units=units or None, node_kinds=kinds)


def _system(log: "JobLog", options: MachineOptions, key: str, ask: Reader) -> ClusterMachines:
    from simulator.cluster.hardware import System

    system = ask.attempt("--system", lambda: System.of(key))
    if system is None:
        return ClusterMachines(capacity=0)
    if system.fabric == "torus":
        if options.size is not None:
            ask.wrong.append("--size: a torus has the size of its sides; leave it out")
        return _sides(log, system.torus_shape, system.cube_shape)
    units = system.node.accelerators * log.units_per_accelerator
    capacity = system.nodes * units if options.size is None else capacity_of(log, options, ask)
    if capacity % units:
        ask.wrong.append(f"--size: {options.size} is no whole number of nodes of {system.node.accelerators}")
    return ClusterMachines(
        capacity=capacity,
        node_units=[units] * (capacity // units),
        rack_nodes=_rack_nodes(system),
        pod_racks=system.racks_per_pod,
    )


def _rack_nodes(system: "System") -> int | None:
    """Return the nodes of a scale-up domain where it is more than a node, else those of a rack."""
    domain = system.scale_up_domain // system.node.accelerators
    return domain if domain > 1 else system.nodes_per_rack


def _torus(log: "JobLog", torus: str, cube: str | None, ask: Reader) -> ClusterMachines:
    if log.units_per_accelerator > 1:
        ask.wrong.append("--torus: chips of a torus are not shared; this log has fractions of accelerators")
    sides = ask.attempt("--torus", lambda: _read_sides(torus))
    parts = None if cube is None else ask.attempt("--cube", lambda: _read_sides(cube))
    return ClusterMachines(capacity=0) if sides is None else _sides(log, sides, parts or ())


def _sides(log: "JobLog", torus: tuple[int, ...], cube: tuple[int, ...]) -> ClusterMachines:
    chips = prod(torus)
    return ClusterMachines(
        capacity=chips * log.units_per_accelerator, node_units=[log.units_per_accelerator] * chips,
        torus=torus, cube=cube,
    )  # fmt: skip


def _read_sides(text: str) -> tuple[int, ...]:
    """Read the sides of a torus.

    Examples
    --------
    >>> _read_sides("16x16x16")
    (16, 16, 16)
    """
    parts = text.lower().split("x")
    if not all(part.strip().isdecimal() and int(part) for part in parts):
        raise ValueError(f"{text!r} are no sides of a torus, such as 16x16x16")
    return tuple(int(part) for part in parts)
