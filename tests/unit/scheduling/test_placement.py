"""Placement rules on a handful of nodes."""

import pytest

from simulator.scheduling.job import Job
from simulator.scheduling.placement import PLACEMENTS, NodePool
from simulator.scheduling.pool import Place
from simulator.scheduling.state import PlacedState


def pool(rule, free, racks=None):
    nodes = NodePool([8] * len(free), PLACEMENTS[rule](), racks)
    for node, left in enumerate(free):
        if left < 8:
            nodes.take(Place((node,), (8 - left,)))
    return nodes


def find(rule, size, free, racks=None):
    return pool(rule, free, racks).find(Job(0, 0, size, 1, 1))


@pytest.mark.parametrize(
    ("rule", "size", "free", "place"),
    [
        ("first-fit", 4, [2, 8, 3], ((0, 1), (2, 2))),
        ("best-fit", 4, [2, 8, 5], ((2,), (4,))),
        ("best-fit", 10, [3, 8, 2], ((1, 2), (8, 2))),
        ("best-fit", 13, [3, 8, 2], ((1, 0, 2), (8, 3, 2))),
        ("spread", 3, [8, 8, 2], ((0, 1), (2, 1))),
        ("consolidated", 4, [3, 3, 3], None),
        ("consolidated", 16, [8, 3, 8], ((0, 2), (8, 8))),
        ("consolidated", 12, [8, 3, 5], ((0, 2), (8, 4))),
        ("consolidated", 12, [8, 3, 8], ((0, 2), (8, 4))),
        ("consolidated", 0 + 9, [8, 0, 0], None),
    ],
)
def test_rules(rule, size, free, place):
    found = find(rule, size, free)
    assert (found and found[:2]) == place


def test_one_rack_takes_the_tightest_rack_that_holds_the_gang():
    racks = [0, 0, 0, 1, 1]
    assert find("rack", 16, [8, 8, 8, 8, 8], racks).nodes == (3, 4)
    assert find("rack", 24, [8, 8, 8, 8, 8], racks).nodes == (0, 1, 2)
    assert find("rack", 16, [8, 0, 0, 8, 0], racks) is None
    assert find("rack", 32, [8, 8, 8, 8, 8], racks).nodes == (0, 1, 2, 3)  # larger than any rack


def test_obstacles_are_told_apart():
    racks = [0, 0, 1, 1]
    state = PlacedState(pool("rack", [8, 0, 8, 0], racks))
    assert state.obstacle(Job(0, 0, 16, 1, 1)) == "topology"
    assert state.obstacle(Job(0, 0, 17, 1, 1)) == "capacity"
    scattered = PlacedState(pool("consolidated", [4, 4, 4, 4]))
    assert scattered.obstacle(Job(0, 0, 8, 1, 1)) == "fragmentation"
    assert scattered.obstacle(Job(0, 0, 4, 1, 1)) is None
    scattered.lose(0)
    assert scattered.obstacle(Job(0, 0, 16, 1, 1)) == "outage"


def test_broken_nodes_are_out_of_reach_until_restored():
    nodes = pool("first-fit", [8, 8])
    nodes.lose(0)
    assert (nodes.free, nodes.find(Job(0, 0, 9, 1, 1))) == (8, None)
    with pytest.raises(AssertionError, match="free units"):
        nodes.take(Place((0,), (1,)))
    nodes.restore(0)
    assert nodes.free == 16


def test_a_copy_is_independent():
    nodes = pool("consolidated", [8, 8])
    twin = nodes.copy()
    twin.take(Place((0,), (8,)))
    twin.lose(1)
    assert (nodes.free, twin.free, nodes.by_free[8]) == (16, 0, [0, 1])


def test_stranded_units_are_those_on_partly_used_nodes():
    assert pool("first-fit", [8, 3, 0, 8]).stranded() == 3
