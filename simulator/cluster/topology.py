"""Topology as graphs: racks, leaf and spine, pods; TPU torus and cubes; and what fails together.

Vertices are tuples: ``("node", 17)``, ``("leaf", 3, 0)``, ``("chip", 0, 1, 2)``. Edges carry ``bytes_per_s`` where it
is known. Failure domains need no graph: they are arithmetic on the number of a node.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from types import MappingProxyType
from typing import TypeAlias

import networkx as nx

from simulator.cluster.hardware import System

Vertex: TypeAlias = tuple[str | int, ...]
Graph: TypeAlias = "nx.Graph[Vertex]"


def graph(system: System) -> Graph:
    """Return the network between the nodes (or chips) of a system.

    Parameters
    ----------
    system : System
        A leaf-spine fabric gives nodes, leaves, spines and, with pods, cores; a torus gives chips; a single domain
        gives a star around its switch.
    """
    if system.fabric == "torus":
        return torus(system.torus_shape, bytes_per_s=_link(system))
    if system.fabric == "single":
        return star(system.nodes)
    return leaf_spine(
        system.nodes,
        nodes_per_leaf=system.nodes_per_rack or system.nodes,
        racks_per_pod=system.racks_per_pod,
        leaves_per_rack=system.leaves_per_rack,
        spines=system.spines or 1,
        bytes_per_s=system.node.nic_bytes_per_s,
    )


def star(nodes: int) -> Graph:
    """Return nodes around one switch, such as an NVLink domain."""
    star_graph: Graph = nx.Graph()
    star_graph.add_edges_from((("node", number), ("switch", 0)) for number in range(nodes))
    return star_graph


def leaf_spine(
    nodes: int,
    *,
    nodes_per_leaf: int,
    racks_per_pod: int | None = None,
    leaves_per_rack: int = 1,
    spines: int = 1,
    bytes_per_s: float | None = None,
) -> Graph:
    """Return a Clos fabric of racks with leaves, spines a pod, and cores where there are several pods.

    Parameters
    ----------
    nodes, nodes_per_leaf : int
        How many in all, and under the leaves of one rack.
    racks_per_pod : int or None
        None is one pod.
    leaves_per_rack, spines : int
        Leaves that each node reaches, and spines in a pod.
    bytes_per_s : float or None
        Network of one node, spread over the leaves of its rack [byte/s].

    Examples
    --------
    >>> fabric = leaf_spine(12, nodes_per_leaf=6, leaves_per_rack=2, spines=4)
    >>> [nx.shortest_path_length(fabric, ("node", 0), ("node", other)) for other in (5, 6)]
    [2, 4]
    """
    fabric: Graph = nx.Graph()
    racks = -(-nodes // nodes_per_leaf)
    per_pod = racks_per_pod or racks
    share = None if bytes_per_s is None else bytes_per_s / leaves_per_rack
    for number, leaf in product(range(nodes), range(leaves_per_rack)):
        fabric.add_edge(("node", number), ("leaf", number // nodes_per_leaf, leaf), bytes_per_s=share)
    for rack, leaf, spine in product(range(racks), range(leaves_per_rack), range(spines)):
        fabric.add_edge(("leaf", rack, leaf), ("spine", rack // per_pod, spine))
    if racks > per_pod:
        for pod, spine in product(range(-(-racks // per_pod)), range(spines)):
            fabric.add_edge(("spine", pod, spine), ("core", spine))
    return fabric


def torus(shape: tuple[int, ...], *, bytes_per_s: float | None = None) -> Graph:
    """Return a torus of chips; an axis of two has one link, not two.

    Examples
    --------
    >>> pod = torus((4, 4, 4))
    >>> pod.number_of_nodes(), pod.number_of_edges()
    (64, 192)
    """
    chips: Graph = nx.Graph()
    for place in product(*(range(side) for side in shape)):
        chips.add_node(("chip", *place))
        for axis, side in enumerate(shape):
            beyond = (*place[:axis], (place[axis] + 1) % side, *place[axis + 1 :])
            if beyond != place:
                chips.add_edge(("chip", *place), ("chip", *beyond), bytes_per_s=bytes_per_s)
    return chips


def cubes(shape: tuple[int, ...], cube: tuple[int, ...]) -> Iterator[frozenset[Vertex]]:
    """Yield the chips of each cube of a torus, the unit that optical switches join.

    Examples
    --------
    >>> len(list(cubes((16, 16, 16), (4, 4, 4))))
    64
    """
    if len(shape) != len(cube) or any(side % part for side, part in zip(shape, cube, strict=True)):
        raise ValueError(f"cube {cube} does not divide the torus {shape}")
    for corner in product(*(range(0, side, part) for side, part in zip(shape, cube, strict=True))):
        spans = (range(start, start + part) for start, part in zip(corner, cube, strict=True))
        yield frozenset(("chip", *place) for place in product(*spans))


def failure_domains(system: System, node: int) -> Mapping[str, range]:
    """Return the numbers of the nodes that go out together with a node, by the size of the blast.

    Parameters
    ----------
    system : System
        Of `system.nodes` nodes, counted from 0.
    node : int
        The node that is hit.

    Returns
    -------
    mapping of str to range
        ``host``, and where they exist ``scale_up``, ``rack`` (a cube in a TPU pod) and ``pod``, then ``cluster``; each
        contains the one before.

    Examples
    --------
    >>> failure_domains(System.of("gb200-nvl72-rack"), 5)["scale_up"]
    range(0, 18)
    """
    if not 0 <= node < system.nodes:
        raise ValueError(f"node {node} is not among the {system.nodes} of {system.key}")
    sizes = {
        "host": 1,
        "scale_up": system.scale_up_domain // system.node.accelerators,
        "rack": _rack_nodes(system),
        "pod": _rack_nodes(system) * (system.racks_per_pod or 0),
        "cluster": system.nodes,
    }
    if system.fabric == "torus":
        del sizes["scale_up"]  # one bad chip does not take a torus out: cubes are switched around it
    return MappingProxyType({name: _block(node, size, system.nodes) for name, size in sizes.items() if size})


def _rack_nodes(system: System) -> int:
    if system.cube_shape:
        return prod(system.cube_shape) // system.node.accelerators
    return system.nodes_per_rack or 0


def _block(node: int, size: int, nodes: int) -> range:
    first = node // size * size
    return range(first, min(first + size, nodes))


def _link(system: System) -> float | None:
    total = system.node.accelerator.scale_up_bytes_per_s
    return None if total is None else total / (2 * len(system.torus_shape))
