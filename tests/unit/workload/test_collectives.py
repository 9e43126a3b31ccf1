"""Collectives by tier."""

import pytest

from simulator.workload.collectives import exchange_s, exposed_s, gather_s, group, reduce_s
from simulator.workload.machine import Chip, Fabric
from simulator.workload.stack import Parameters, Traits

FABRIC = Fabric(scale_up_domain=8, scale_up_bytes_per_s=100e9, nic_bytes_per_s=10e9, scale_up_latency_s=1e-9,
                network_latency_s=1e-9)  # fmt: skip
IDEAL = Parameters(link_efficiency=1.0, network_efficiency=1.0, exposed_share=0.2)


def test_ring_within_a_node() -> None:
    assert gather_s(8e9, group(8, 1, FABRIC, Traits(), IDEAL)) == pytest.approx(7e9 / 100e9, rel=1e-4)


def test_ring_between_nodes_shares_all_their_ports() -> None:
    """Two nodes of eight: half of the buffer crosses eight ports of 10 GB/s."""
    assert gather_s(16e9, group(16, 1, FABRIC, Traits(), IDEAL)) == pytest.approx(max(15 / 100, 8 / 80), rel=1e-4)
    assert gather_s(16e9, group(2, 8, FABRIC, Traits(), IDEAL)) == pytest.approx(8 / 10, rel=1e-4)


def test_one_rail_is_slower() -> None:
    one = group(16, 1, FABRIC, Traits(single_rail=1.0), IDEAL)
    assert gather_s(16e9, one) == pytest.approx(8 / 10, rel=1e-4)


def test_reduce_is_twice_a_gather_and_alone_is_free() -> None:
    members = group(4, 1, FABRIC, Traits(), IDEAL)
    assert reduce_s(1e9, members) == 2 * gather_s(1e9, members)
    assert gather_s(1e9, group(1, 1, FABRIC, Traits(), IDEAL)) == 0


def test_exchange_uses_each_rank_own_port() -> None:
    assert exchange_s(16e9, group(16, 1, FABRIC, Traits(), IDEAL)) == pytest.approx(8 / 10, rel=1e-4)


@pytest.mark.parametrize(("window", "shown"), [(100.0, 2.0), (4.0, 6.0), (0.0, 10.0)])
def test_exposed_share_and_overflow(window: float, shown: float) -> None:
    assert exposed_s(10.0, window, IDEAL) == pytest.approx(shown)


def test_hardware_must_be_positive() -> None:
    with pytest.raises(ValueError, match="nic_bytes_per_s"):
        Fabric(scale_up_domain=8, scale_up_bytes_per_s=1.0, nic_bytes_per_s=0.0)
    with pytest.raises(ValueError, match="hbm_bytes_per_s"):
        Chip(peak_bf16_flop_per_s=1.0, peak_fp8_flop_per_s=1.0, achievable_gemm_flop_per_s=1.0,
             achievable_fp8_flop_per_s=1.0, hbm_bytes=1.0, hbm_bytes_per_s=-1.0)  # fmt: skip
