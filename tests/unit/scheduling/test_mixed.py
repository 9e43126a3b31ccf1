"""Shared devices and several kinds of accelerators: who lies where, what is free, and what comes back."""

from collections.abc import Sequence

import pytest

from simulator.scheduling.job import Job
from simulator.scheduling.mixed import DevicePool, MixedPool
from simulator.scheduling.nodes import NodePool
from simulator.scheduling.placement import PLACEMENTS
from simulator.scheduling.pool import Place


def gang(size: int, *kinds: str) -> Job:
    return Job("gang", 0, size, 1, 1, kinds=kinds)


def devices(*counts: int, rule: str = "first-fit", racks: Sequence[int] | None = None) -> DevicePool:
    """Return nodes with so many devices of 1000 thousandths."""
    return DevicePool([1000 * count for count in counts], PLACEMENTS[rule](), racks)


def taken(pool: DevicePool | MixedPool, size: int, *kinds: str) -> Place:
    place = pool.find(gang(size, *kinds))
    assert place is not None
    pool.take(place)
    return place


def kinds() -> MixedPool:
    """Return two nodes of 8 T4 and one of 4 V100."""
    pools = {"T4": NodePool([8, 8], PLACEMENTS["consolidated"]()), "V100": NodePool([4], PLACEMENTS["consolidated"]())}
    return MixedPool(pools)


def test_nodes_have_whole_devices() -> None:
    with pytest.raises(ValueError, match="whole devices of 1000 units"):
        DevicePool([2500], PLACEMENTS["first-fit"]())
    pool = devices(2, 4, racks=[0, 1])
    assert (pool.capacity, pool.free, pool.racks, pool.pods) == (6000, 6000, [0, 1], pool.whole.pods)


def test_a_fraction_goes_to_the_shared_device_with_the_least_room_that_holds_it() -> None:
    """Room 400 on one device and 700 on another: 300 to the first, 500 to the second, 800 breaks a new device."""
    pool = devices(1, 1, 1)
    assert taken(pool, 600) == Place((0,), (600,), ((0,),))
    assert taken(pool, 600).nodes == (1,)
    pool.give(Place((1,), (600,), ((0,),)))
    pool.take(Place((1,), (300,), ((0,),)))  # now 700 are free there
    assert [place.nodes for place in map(pool.find, map(gang, (300, 400, 500, 700, 800))) if place] == [
        (0,), (0,), (1,), (1,), (2,),
    ]  # fmt: skip


def test_a_new_device_is_broken_on_the_node_with_the_fewest_free_ones() -> None:
    pool = devices(4, 2, 3)
    assert taken(pool, 100) == Place((1,), (100,), ((0,),))
    pool.give(Place((1,), (100,), ((0,),)))
    taken(pool, 3000)  # first-fit: three of the first node
    assert taken(pool, 100) == Place((0,), (100,), ((3,),))


def test_more_than_one_device_is_rounded_up_to_whole_ones_that_nobody_shares() -> None:
    pool = devices(4)
    taken(pool, 300)
    assert taken(pool, 1500) == Place((0,), (2000,), ((1, 2),))
    assert pool.free == 4000 - 300 - 2000
    assert pool.find(gang(1700)) is None  # 1,700 thousandths are free, on two devices of which one is shared
    assert pool.obstacle(gang(1700)) == "fragmentation"
    assert not pool.fits(gang(1700))
    assert pool.fits(gang(1000))
    assert pool.find(gang(4001)) is None


def test_what_is_given_back_leaves_no_trace() -> None:
    """After any order of taking and giving, the next job finds what it finds in a new pool."""
    pool, new = devices(2, 4, 1), devices(2, 4, 1)
    places = [taken(pool, size) for size in (700, 200, 100, 3000, 900, 1000)]
    assert pool.free == 7000 - 700 - 200 - 100 - 3000 - 900 - 1000
    assert [pool.in_service(place) for place in places] == [700, 200, 100, 3000, 900, 1000]
    pool.give_all(places[::2] + places[1::2])
    assert (pool.free, pool.shared, pool.room) == (7000, [], new.room)
    for size in (1, 500, 1000, 2500, 7000):
        assert pool.find(gang(size)) == new.find(gang(size))


def test_a_device_is_never_held_beyond_its_units() -> None:
    pool = devices(1)
    taken(pool, 600)
    with pytest.raises(AssertionError, match="device 0 of node 0 has 400 free units, 500 are to be taken"):
        pool.take(Place((0,), (500,), ((0,),)))
    with pytest.raises(AssertionError, match="are to be taken"):
        pool.give(Place((0,), (700,), ((0,),)))


def test_a_broken_node_takes_its_shared_devices_along_and_brings_them_back() -> None:
    pool = devices(2, 1)
    first, second = taken(pool, 600), taken(pool, 2000)
    assert (first.nodes, second.nodes) == ((1,), (0,))
    pool.lose(1)
    assert (pool.free, pool.find(gang(300)), pool.in_service(first)) == (0, None, 0)
    with pytest.raises(AssertionError, match="node 1 is out of service"):
        pool.take(Place((1,), (300,), ((0,),)))
    pool.restore(1)
    assert (pool.free, pool.find(gang(300))) == (400, Place((1,), (300,), ((0,),)))
    pool.lose(1)
    pool.give(first)  # the job was stopped while its node was away
    assert pool.free == 0
    pool.restore(1)
    assert (pool.free, pool.find(gang(1000))) == (1000, Place((1,), (1000,), ((0,),)))


def test_stranded_units_are_those_beside_somebody() -> None:
    """Of three nodes with 2 devices: 300 on one leaves 700 and a device; a free node and a full one leave nothing."""
    pool = devices(2, 2, 2)
    assert pool.stranded() == 0
    taken(pool, 300)
    assert pool.stranded() == 700 + 1000
    taken(pool, 2000)
    assert pool.stranded() == pool.free - 2000 == 1700


def test_a_copy_of_devices_is_independent() -> None:
    pool = devices(1, 1)
    taken(pool, 600)
    twin = pool.copy()
    taken(twin, 400)
    taken(twin, 1000)
    assert (pool.free, twin.free) == (1400, 0)
    assert (pool.room, pool.shared, pool.whole.free) == ([[400], [1000]], [(400, 0, 0)], 1)
    assert pool.first_room(gang(1), []) is None


def test_a_gang_stays_within_the_first_of_its_kinds_that_has_a_place() -> None:
    pool = kinds()
    assert (pool.capacity, pool.free, list(pool.units)) == (20, 20, [8, 8, 4])
    assert pool.find(gang(4)) == Place((0,), (4,))  # any kind: the first
    assert pool.find(gang(4, "V100", "T4")) == Place((2,), (4,))
    assert pool.find(gang(8, "V100", "T4")) == Place((0,), (8,))
    assert (pool.find(gang(8, "V100")), pool.find(gang(1, "A100")), pool.find(gang(17))) == (None, None, None)
    assert [pool.fits(job) for job in (gang(16), gang(17), gang(4, "V100"), gang(5, "V100"), gang(1, "A100"))] == [
        True, False, True, False, False,
    ]  # fmt: skip
    assert pool.first_room(gang(17), []) is None


def test_nodes_are_numbered_through_the_kinds() -> None:
    """What is taken, given, lost and restored is the node of that kind, and no other."""
    pool = kinds()
    held = taken(pool, 4, "V100")
    assert (pool.pools["T4"].free, pool.pools["V100"].free, pool.free) == (16, 0, 16)
    assert pool.in_service(held) == 4
    pool.lose(2)
    assert (pool.in_service(held), pool.free) == (0, 16)
    pool.give(held)
    assert pool.free == 16  # of a broken node
    pool.restore(2)
    assert (pool.free, pool.find(gang(4, "V100"))) == (20, held)
    pool.lose(1)
    assert (pool.pools["T4"].free, pool.find(gang(16))) == (8, None)
    both = [taken(pool, 8), taken(pool, 4)]
    assert [place.nodes for place in both] == [(0,), (2,)]
    pool.give_all(both)
    assert pool.free == 12


def test_stranded_units_and_obstacles_of_kinds() -> None:
    pool = kinds()
    taken(pool, 3, "T4")
    taken(pool, 1, "V100")
    assert pool.stranded() == 5 + 3
    assert pool.obstacle(gang(12, "T4")) == "fragmentation"  # 13 are free, 5 of them beside somebody
    assert pool.obstacle(gang(4, "V100")) == "kind"  # 16 are free, of which no 4 are of it
    assert pool.obstacle(gang(14)) == "kind"
    assert pool.obstacle(gang(1, "A100")) == "kind"


def test_a_copy_of_kinds_is_independent() -> None:
    pool = kinds()
    twin = pool.copy()
    taken(twin, 16)
    twin.lose(2)
    assert (pool.free, twin.free) == (20, 0)
    assert pool.find(gang(4, "V100")) == Place((2,), (4,))
