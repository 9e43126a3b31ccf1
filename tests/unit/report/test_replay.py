"""A replica lived again: the run that the forecast counted, stop for stop."""

import json
from itertools import pairwise

import pytest

from analysis.report.findings import Findings, gather
from analysis.report.lives import story
from analysis.report.replay import Replay, replay, stops
from analysis.report.trace import chrome_trace
from simulator.records import NO_CAUSE, NOT_STATED
from simulator.scenario.api import scenario

CASES = ["llama-65b", "llama3-405b", "palm-540b", "opt-175b", "bloom-176b", "llama-65b-seed"]


@pytest.fixture(scope="module", params=CASES)
def found(request: pytest.FixtureRequest) -> Findings:
    return gather(scenario(request.param, ["run.replicas=50"]))


def runs(found: Findings) -> list[Replay]:
    return [found.typical] if found.bad is None else [found.typical, found.bad]


def test_it_is_the_run_that_was_counted(found: Findings) -> None:
    for run in runs(found):
        replica = run.header.replica
        assert run.header.wall_s == pytest.approx(found.ensemble.wall_s[replica], rel=1e-9)
        assert run.header.interruptions == found.ensemble.interruptions[replica]


def test_every_stop_is_read_from_the_records(found: Findings) -> None:
    for run in runs(found):
        read = stops(run.records)
        assert len(read) == run.header.interruptions
        by_cause = {cause: sum(stop.cause == cause for stop in read) for cause in run.header.stops}
        assert by_cause == dict(run.header.stops)
        caused_s = sum(r.duration_s for r in run.records if r.cause not in (NO_CAUSE, NOT_STATED))
        assert sum(stop.lost_s for stop in read) == pytest.approx(caused_s, rel=1e-9)


def test_the_bad_run_is_longer(found: Findings) -> None:
    if found.bad is None:
        assert found.ensemble.wall_s.max() == pytest.approx(found.ensemble.wall_s.min())
    else:
        assert found.bad.header.wall_s > found.typical.header.wall_s


def test_the_story_keeps_dates_and_lengths(found: Findings) -> None:
    told = story(found.scenario, found.typical, "A run")
    assert told.stages[0].start.date() == found.scenario.start
    assert told.days == pytest.approx(found.typical.header.wall_s / 86400, rel=1e-6)
    assert all(told.stages[0].start <= stop.at <= told.stages[-1].end for stop in told.stops)


def test_the_trace_fills_the_run_without_overlap(found: Findings) -> None:
    trace = json.loads(json.dumps(chrome_trace(found.scenario, found.typical), allow_nan=False))
    events = trace["traceEvents"]
    named = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}
    slices = [event for event in events if event["ph"] == "X"]
    assert {(event["pid"], event["tid"]) for event in slices} <= set(named)
    assert all(event["ts"] >= 0 and event["dur"] >= 0 for event in slices)
    job = [e for e in slices if e["pid"] == 2 and named[e["pid"], e["tid"]] != "spares standing by"]
    wall_us = found.typical.header.wall_s * 1e6
    assert sum(event["dur"] for event in job) == pytest.approx(wall_us, abs=len(job) + 1)
    assert max(event["ts"] + event["dur"] for event in slices) == pytest.approx(wall_us, abs=2)
    assert all(e["ts"] >= 0 for e in events if e["ph"] == "C")


def test_no_slice_of_a_trace_begins_before_the_one_before_ends() -> None:
    """669 stops, of which one cuts the way back of another short: rounded apart, they overlap by a microsecond."""
    known = scenario("llama3-405b")
    lanes: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for event in chrome_trace(known, replay(known, 287))["traceEvents"]:
        if event["ph"] == "X":
            lanes.setdefault((event["pid"], event["tid"]), []).append((event["ts"], event["ts"] + event["dur"]))
    assert sum(len(slices) for slices in lanes.values()) > 4000
    for slices in lanes.values():
        assert all(before[1] <= after[0] for before, after in pairwise(sorted(slices)))
