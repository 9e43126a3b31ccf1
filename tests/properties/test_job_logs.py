"""Simulated records, written as a job's log of events and read back, give the same ledger."""

import math
from collections import defaultdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.metrics.job_ledger import events_of, job_ledger
from simulator.engine.simulate import simulate
from simulator.records import PHASES, ListSink
from simulator.scenario.api import scenario as shipped
from simulator.traces.events import PHASES as WORDS
from simulator.traces.events import read_events, write_events
from tests.factories import scenarios


def ledger_of(records):
    lines = defaultdict(list)
    for record in records:
        lines[record.subject, record.phase, record.cause].append(record.duration_s * record.accelerators)
    return {line: math.fsum(parts) for line, parts in lines.items()}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scenarios(), st.sampled_from(["log.csv", "log.jsonl", "log.csv.gz"]))
def test_the_ledger_comes_back(tmp_path_factory, scenario, name):
    sink = ListSink()
    header = simulate(scenario, sink=sink)
    path = tmp_path_factory.mktemp("log") / name
    write_events(path, events_of(sink.records))
    log = read_events(path)
    assert log.was_sorted
    found, wanted = job_ledger(log.events), ledger_of(sink.records)
    assert found.wall_s == pytest.approx(header.wall_s, rel=1e-9)
    for line in {*found.accelerator_s, *wanted}:
        held = found.wall_s * max(stage.accelerators for stage in scenario.stages)
        assert found.accelerator_s.get(line, 0.0) == pytest.approx(wanted.get(line, 0.0), rel=1e-9, abs=1e-12 * held)
    productive = math.fsum(value for (_, phase, _), value in wanted.items() if phase == "productive")
    held = math.fsum(value for (_, phase, _), value in wanted.items() if phase != "idle_spare")
    assert found.goodput == pytest.approx(productive / held, rel=1e-9)
    assert found.open_jobs == []
    assert found.interruptions <= header.interruptions  # a stop that costs no time leaves no record


def test_every_phase_of_ours_is_a_word_of_the_log():
    assert set(PHASES) - {"idle_spare"} <= set(WORDS)


@pytest.mark.parametrize("name", ["llama3-405b", "opt-175b", "bloom-176b"])
def test_the_ledger_of_shipped_scenarios_comes_back(name):
    sink = ListSink()
    header = simulate(shipped(name), sink=sink)
    found, wanted = job_ledger(events_of(sink.records)), ledger_of(sink.records)
    assert found.wall_s == pytest.approx(header.wall_s, rel=1e-9)
    whole = math.fsum(wanted.values())
    for line in {*found.accelerator_s, *wanted}:
        assert found.accelerator_s.get(line, 0.0) == pytest.approx(wanted.get(line, 0.0), rel=1e-9, abs=1e-12 * whole)
    assert found.interruptions == header.interruptions
