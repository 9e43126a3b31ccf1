"""Graphs and failure domains."""

from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.catalogue.reader import read
from simulator.cluster.hardware import System
from simulator.cluster.topology import cubes, failure_domains, graph, leaf_spine, torus

SYSTEMS = [System.of(key) for key in read("systems")]


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.key)
def test_every_system_is_connected(system: System) -> None:
    network = graph(system)
    assert nx.is_connected(network)
    ends = [vertex for vertex in network if vertex[0] in ("node", "chip")]
    assert len(ends) == (system.accelerators if system.fabric == "torus" else system.nodes)


def test_tpu_v4_pod_is_a_torus_of_64_cubes() -> None:
    """4,096 chips with six links each; 6,144 optical cables, two for each link between cubes (arXiv 2304.01433)."""
    pod = graph(System.of("tpu-v4-pod"))
    assert set(dict(pod.degree()).values()) == {6}
    parts = list(cubes((16, 16, 16), (4, 4, 4)))
    home = {chip: number for number, chips in enumerate(parts) for chip in chips}
    assert len(parts) == 64
    assert len(home) == 4096
    assert sum(home[one] != home[other] for one, other in pod.edges) * 2 == 6144
    assert {data["bytes_per_s"] for *_, data in pod.edges(data=True)} == {45e9}


def test_the_diameter_of_a_torus_is_the_sum_of_half_its_sides() -> None:
    assert nx.diameter(torus((4, 6))) == 2 + 3


def test_an_axis_of_two_has_one_link_and_an_axis_of_one_none() -> None:
    assert torus((2,)).number_of_edges() == 1
    assert torus((1, 3)).number_of_edges() == 3


def test_cubes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="does not divide"):
        list(cubes((6, 4), (4, 4)))


def test_distances_in_a_fabric_of_pods() -> None:
    fabric = leaf_spine(16, nodes_per_leaf=2, racks_per_pod=2, spines=2, bytes_per_s=100.0)
    hops = nx.single_source_shortest_path_length(fabric, ("node", 0))
    assert [hops["node", other] for other in (1, 2, 4)] == [2, 4, 6]
    assert fabric.edges[("node", 0), ("leaf", 0, 0)]["bytes_per_s"] == 100.0


def test_losing_one_leaf_of_two_cuts_nobody_off() -> None:
    """Vela joins each node to two leaves of its rack."""
    network = graph(System.of("vela"))
    network.remove_node(("leaf", 0, 0))
    assert nx.is_connected(network)


@given(st.sampled_from(SYSTEMS), st.data())
def test_failure_domains_nest_and_agree(system: System, data: st.DataObject) -> None:
    node = data.draw(st.integers(0, system.nodes - 1))
    domains = failure_domains(system, node)
    assert domains["host"] == range(node, node + 1)
    assert domains["cluster"] == range(system.nodes)
    for inner, outer in pairwise(domains.values()):
        assert outer.start <= inner.start
        assert inner.stop <= outer.stop
    for name, block in domains.items():
        assert all(failure_domains(system, other)[name] == block for other in (block[0], block[-1]))


def test_blast_of_known_systems() -> None:
    assert len(failure_domains(System.of("nvl72"), 3)["scale_up"]) == 18
    assert len(failure_domains(System.of("tpu-v4-pod"), 100)["rack"]) == 16
    assert len(failure_domains(System.of("llama3-24k"), 0)["pod"]) == 384


def test_a_node_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="not among"):
        failure_domains(System.of("dgx-a100"), 1)
