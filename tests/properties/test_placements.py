"""What holds for every placement: nothing is held twice, gangs are whole, boxes are boxes, segments do not straddle."""

from itertools import permutations, product
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.scheduling.consolidating import Segments
from simulator.scheduling.job import Job
from simulator.scheduling.mixed import DevicePool, MixedPool
from simulator.scheduling.placement import PLACEMENTS, NodePool, make_placement
from simulator.scheduling.torus import Box, Slices, TorusPool, boxes

ON_NODES = sorted(set(PLACEMENTS) - {"box", "slices"})
fast = settings(max_examples=60, deadline=None, derandomize=True)
sizes = st.lists(st.integers(1, 40), min_size=1, max_size=30)


def gang(size, kinds=()):
    return Job("gang", 0, size, 1, 1, kinds=kinds)


def churn(pool, wanted, draw_index):
    """Place gangs as long as they fit, end some of them at random, and yield each place while it is held."""
    held = []
    for size in wanted:
        place = pool.find(gang(size))
        if place is None and held:
            pool.give(held.pop(draw_index(len(held))))
            place = pool.find(gang(size))
        if place is not None:
            pool.take(place)
            held.append(place)
            yield size, place, held
    for place in held:
        pool.give(place)


def index_of(data):
    return lambda count: data.draw(st.integers(0, count - 1))


@pytest.mark.parametrize("rule", ON_NODES)
@given(wanted=sizes, data=st.data())
@fast
def test_gangs_are_whole_and_no_node_is_overfull(rule, wanted, data):
    pool = NodePool([4] * 12, PLACEMENTS[rule](), [n // 3 for n in range(12)], [n // 6 for n in range(12)])
    for size, place, held in churn(pool, wanted, index_of(data)):
        assert sum(place.units) == size
        assert len(set(place.nodes)) == len(place.nodes)
        for node in range(12):
            taken = sum(units for one in held for at, units in zip(one.nodes, one.units, strict=True) if at == node)
            assert 0 <= taken <= 4
            assert pool.free_on[node] == 4 - taken
    assert pool.free == 48
    assert sorted(pool.by_free[4]) == list(range(12))


@pytest.mark.parametrize("rule", ON_NODES)
@given(size=st.integers(1, 48))
@fast
def test_an_empty_cluster_has_a_place_for_every_gang(rule, size):
    pool = NodePool([4] * 12, PLACEMENTS[rule](), [n // 3 for n in range(12)], [n // 6 for n in range(12)])
    assert pool.find(gang(size)) is not None


@given(wanted=sizes, segment=st.integers(1, 5), data=st.data())
@fast
def test_segments_do_not_straddle_racks(wanted, segment, data):
    racks = [n // 5 for n in range(20)]
    pool = NodePool([2] * 20, Segments(segment), racks)
    for size, place, _ in churn(pool, wanted, index_of(data)):
        nodes = -(-size // 2)
        assert len(place.nodes) == nodes
        by_rack = [sum(racks[node] == rack for node in place.nodes) for rack in range(4)]
        whole, rest = divmod(nodes, segment)
        slots = sum(count // segment for count in by_rack)
        left = [count % segment for count in by_rack]
        assert slots >= whole
        assert not rest or slots > whole or any(count >= rest for count in left)


@given(taken=st.sets(st.integers(0, 19)), segments=st.integers(1, 12), segment=st.integers(1, 5))
@fast
def test_segments_are_found_whenever_there_are_enough(taken, segments, segment):
    pool = NodePool([2] * 20, Segments(segment), [n // 5 for n in range(20)])
    for node in taken:
        pool.set_free(node, 0)
    free = [sum(n // 5 == rack and n not in taken for n in range(20)) for rack in range(4)]
    enough = sum(count // segment for count in free) >= segments
    fits = segments * segment * 2 <= pool.free and pool.find(gang(segments * segment * 2)) is not None
    assert fits == enough


@given(taken=st.sets(st.integers(0, 23)), size=st.integers(3, 48))
@fast
def test_compact_takes_no_more_racks_than_any_other_choice_of_whole_nodes(taken, size):
    racks, pods = [n // 4 for n in range(24)], [0] * 24
    pool = NodePool([2] * 24, make_placement("compact"), racks, pods)
    for node in taken:
        pool.set_free(node, 0)
    place = pool.find(gang(size))
    free = sorted((sum(racks[n] == rack and n not in taken for n in range(24)) for rack in range(6)), reverse=True)
    nodes = -(-size // 2)
    assert (place is None) == (sum(free) < nodes)
    if place is None:
        return
    fewest = next(count for count in range(1, 7) if sum(free[:count]) >= nodes)
    assert len({racks[node] for node in place.nodes}) == fewest


@given(taken=st.sets(st.integers(0, 23)), size=st.integers(3, 48))
@fast
def test_blocks_take_the_fewest_racks_that_could_hold_the_gang(taken, size):
    racks = [n // 4 for n in range(24)]
    pool = NodePool([2] * 24, make_placement("block"), racks)
    for node in taken:
        pool.set_free(node, 0)
    place = pool.find(gang(size)) if size <= pool.free else None
    nodes = -(-size // 2)
    free = sorted((sum(racks[n] == rack and n not in taken for n in range(24)) for rack in range(6)), reverse=True)
    possible = sum(free[: -(-nodes // 4)]) >= nodes
    assert (place is not None) == possible
    if place:
        assert len({racks[node] for node in place.nodes}) == -(-nodes // 4)


# torus ----------------------------------------------------------------------------------------------------------------

TORI = [(5,), (4, 3), (4, 4), (3, 2, 4), (4, 4, 4)]


def every_box(shape, sides, *, around):
    """Yield the chips of all boxes by the definition."""
    for corner in product(*map(range, shape)):
        if not around and any(at + side > length for at, side, length in zip(corner, sides, shape, strict=True)):
            continue
        chips = set()
        for step in product(*map(range, sides)):
            number = 0
            for at, offset, length in zip(corner, step, shape, strict=True):
                number = number * length + (at + offset) % length
            chips.add(number)
        yield frozenset(chips)


def all_sides(count, shape):
    return {
        sides
        for sides in product(*(range(1, side + 1) for side in shape))
        if prod(sides) == count
    }  # fmt: skip


@pytest.mark.parametrize("shape", TORI)
def test_boxes_are_all_there_are(shape):
    for count in range(1, prod(shape) + 1):
        assert set(boxes(count, shape)) == all_sides(count, shape)


@pytest.mark.parametrize("shape", TORI)
@given(data=st.data())
@fast
def test_a_box_is_found_exactly_when_there_is_one(shape, data):
    chips = prod(shape)
    pool = TorusPool(shape, Box())
    for chip in data.draw(st.sets(st.integers(0, chips - 1))):
        pool.set_free(chip, 0)
    size = data.draw(st.integers(1, chips))
    volume = next(count for count in range(size, chips + 1) if all_sides(count, shape))
    possible = {box for sides in all_sides(volume, shape) for box in every_box(shape, sides, around=True)}
    free = {chip for chip in range(chips) if pool.free_on[chip]}
    place = pool.find(gang(size))
    assert (place is not None) == (size <= len(free) and any(box <= free for box in possible))
    if place:
        assert frozenset(place.nodes) in possible
        assert set(place.nodes) <= free


@given(wanted=st.lists(st.integers(1, 64), min_size=1, max_size=20), data=st.data())
@fast
def test_no_chip_is_held_twice(wanted, data):
    for pool in (TorusPool((4, 4, 4), Box()), TorusPool((4, 4, 4), Slices(), (2, 2, 2))):
        for size, place, held in churn(pool, wanted, index_of(data)):
            chips = [chip for one in held for chip in one.nodes]
            assert len(set(chips)) == len(chips)
            assert len(place.nodes) >= size
            assert int(pool.usable.sum()) == pool.free == 64 - len(chips)
        assert pool.free == 64


@given(data=st.data())
@fast
def test_switched_slices_are_any_free_cubes_or_a_box_inside_one(data):
    shape, cube = (4, 2, 6), (2, 2, 2)
    pool = TorusPool(shape, Slices(), cube)
    for chip in data.draw(st.sets(st.integers(0, 47))):
        pool.set_free(chip, 0)
    size = data.draw(st.integers(1, 48))
    place = pool.find(gang(size)) if size <= pool.free else None
    members = {number: {chip for chip in range(48) if pool.racks[chip] == number} for number in range(6)}
    free = {chip for chip in range(48) if pool.free_on[chip]}
    if size >= 8:
        wanted = -(-size // 8)
        assert (place is not None) == (sum(chips <= free for chips in members.values()) >= wanted)
        if place:
            assert len({pool.racks[chip] for chip in place.nodes}) == wanted
            assert len(place.nodes) == 8 * wanted
        return
    volume = next(count for count in range(size, 9) if all_sides(count, cube))
    possible = {
        box for sides in all_sides(volume, cube) for box in every_box(shape, sides, around=False)
        if any(box <= chips for chips in members.values())
    }  # fmt: skip
    assert (place is not None) == any(box <= free for box in possible)
    assert place is None or frozenset(place.nodes) in possible


def test_orientations_of_a_box_are_all_tried():
    for shape in permutations((4, 2, 1)):
        pool = TorusPool(shape, Box())
        for chip in range(4):
            pool.set_free(chip, 0)
        assert pool.find(gang(4)) is not None


def test_a_torus_refuses_what_does_not_suit_it():
    with pytest.raises(ValueError, match="do not divide"):
        TorusPool((4, 4, 4), Slices(), (3, 4, 4))
    with pytest.raises(ValueError, match="sides of a cube"):
        TorusPool((4, 4, 4), Slices()).find(gang(1))
    with pytest.raises(ValueError, match="chips of a torus"):
        NodePool([4], Box()).find(gang(1))
    with pytest.raises(ValueError, match="do not fit into racks"):
        NodePool([4] * 4, make_placement("segment:nodes=3"), [0, 0, 1, 1]).find(gang(1))


# shared devices and kinds ---------------------------------------------------------------------------------------------

fractions = st.lists(st.one_of(st.integers(1, 999), st.sampled_from([1000, 2000, 3000, 5000])), min_size=1, max_size=30)


@pytest.mark.parametrize("rule", ON_NODES)
@given(wanted=fractions, broken=st.sets(st.integers(0, 5)), data=st.data())
@fast
def test_a_fraction_lies_on_one_device_and_whole_devices_are_shared_with_nobody(rule, wanted, broken, data):
    pool = DevicePool([4000] * 6, PLACEMENTS[rule](), [n // 2 for n in range(6)])
    for node in broken:
        pool.lose(node)
    for size, place, held in churn(pool, wanted, index_of(data)):
        assert sum(place.units) == size
        assert not broken & set(place.nodes)
        load = {}
        for one in held:
            for node, units, numbers in zip(*one, strict=True):
                for number in numbers:
                    load.setdefault((node, number), []).append(units // len(numbers))
        assert all(sum(parts) <= 1000 for parts in load.values())
        assert all(len(parts) == 1 for parts in load.values() if 1000 in parts)
        if size < 1000:
            assert [len(numbers) for numbers in place.devices] == [1]
        assert pool.free == 4000 * (6 - len(broken)) - sum(sum(parts) for parts in load.values())
    for node in broken:
        pool.restore(node)
    assert (pool.free, pool.shared, pool.whole.free) == (24000, [], 24)


@given(wanted=st.lists(st.tuples(st.integers(1, 12), st.sets(st.sampled_from("AB"))), max_size=20))
@fast
def test_a_gang_stays_within_one_kind_that_it_can_run_on(wanted):
    pools = {kind: NodePool([4] * 3, make_placement("best-fit")) for kind in "ABC"}
    pool = MixedPool(pools)
    taken = 0
    for size, kinds in wanted:
        place = pool.find(gang(size, tuple(sorted(kinds))))
        fitting = [kind for kind in (kinds or "ABC") if pools[kind].free >= size]
        assert (place is None) == (not fitting)
        if place:
            assert {"ABC"[node // 3] for node in place.nodes} <= set(fitting)
            pool.take(place)
            taken += size
        assert pool.free == pool.capacity - taken
    if pools["A"].free < 12:
        assert pool.obstacle(gang(12, ("A",))) == "kind" or pools["A"].free >= 12


@pytest.mark.parametrize("rule", ON_NODES)
@given(taken=st.lists(st.integers(0, 4), min_size=12, max_size=12), size=st.integers(1, 48))
@fast
def test_a_quick_answer_is_the_answer(rule, taken, size):
    pool = NodePool([4] * 12, PLACEMENTS[rule](), [n // 3 for n in range(12)], [n // 6 for n in range(12)])
    for node, units in enumerate(taken):
        pool.set_free(node, 4 - units)
    assert pool.fits(gang(size)) == (pool.find(gang(size)) is not None)
