"""Hardware values from the catalogue."""

import pytest

from simulator.catalogue.reader import CatalogueError, read
from simulator.cluster.hardware import Accelerator, Node, System


@pytest.mark.parametrize("key", list(read("accelerators")))
def test_every_accelerator_becomes_a_value(key: str) -> None:
    found = Accelerator.of(key)
    assert found.key == key
    assert found.efficiency.p25 < found.efficiency.p50 < found.efficiency.p75
    assert found.achievable_gemm_flop_per_s is None or found.achievable_gemm_flop_per_s < found.peak_bf16_flop_per_s
    assert found.scale_up_domain >= found.accelerators_per_node
    assert Node.of(key).accelerators == found.accelerators_per_node


@pytest.mark.parametrize("key", list(read("systems")))
def test_every_system_becomes_a_value(key: str) -> None:
    found = System.of(key)
    assert found.accelerators == found.nodes * found.node.accelerators
    assert found.node.nic_bytes_per_s is not None


def test_a_nodes_network_is_the_sum_of_its_shares() -> None:
    assert Node.of("h100").nic_bytes_per_s == 8 * 50e9


def test_absence_is_none() -> None:
    assert Accelerator.of("tpu-v5e").power_w is None
    assert Node.of("mi300x").nic_bytes_per_s is None


def test_unknown_keys_list_the_nearest() -> None:
    with pytest.raises(CatalogueError, match="tpu-v4"):
        Accelerator.of("tpu-v44")
    with pytest.raises(CatalogueError, match="ibm-vela"):
        System.of("ibm-velo")
