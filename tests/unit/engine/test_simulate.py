"""The event engine: its records tell one story without gaps, and cost what happens, not what stands there."""

import sys
from dataclasses import replace
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, settings

from simulator.engine.simulate import simulate
from simulator.records import LedgerSink, ListSink
from simulator.scenario.api import scenario as shipped
from simulator.scenario.values import Scenario
from tests import factories


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(scenario=factories.scenarios())
def test_records_follow_each_other_without_gaps(scenario: Scenario) -> None:
    """Work and saves of an attempt are told as one stretch each; every record begins where the last one ends."""
    sink = ListSink()
    header = simulate(scenario, 11, sink=sink)
    at_s = 0.0
    for record in sorted((each for each in sink.records if each.phase not in ("idle_spare", "other")),
                         key=lambda each: each.start_s):  # fmt: skip
        assert record.start_s >= at_s - 1e-6 * header.wall_s
        at_s = record.start_s + record.duration_s
        assert record.duration_s > 0
    assert at_s <= header.wall_s * (1 + 1e-9)
    assert (header.seed, header.replica, header.interruptions) == (scenario.seed, 11, sum(header.stops.values()))


def calls(scenario: Scenario) -> tuple[int, int]:
    """Return how many Python functions one replica calls, and how many records it makes."""
    sink, count = ListSink(), 0

    def notice(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(notice)
    try:
        simulate(scenario, 0, sink=sink)
    finally:
        sys.setprofile(before)
    return count, len(sink.records)


def test_cost_does_not_grow_with_the_nodes() -> None:
    """16 thousand accelerators against a million at equal job failure rate: the same events, the same records."""
    small = shipped("llama3-405b")
    large = replace(
        small,
        stages=[replace(stage, accelerators=64 * stage.accelerators, nodes=64 * stage.nodes) for stage in small.stages],
        causes=[replace(cause, rate_per_node_s=cause.rate_per_node_s / 64) for cause in small.causes],
    )
    simulate(small, 0, sink=LedgerSink())  # draws the timeline, which both then find in the cache
    (small_calls, small_records), (large_calls, large_records) = calls(small), calls(large)
    assert small_records == large_records > 1000
    assert large_calls == pytest.approx(small_calls, rel=0.01)
