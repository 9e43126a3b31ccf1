"""Runs that are kept as they were lived: what is looked at later is what was summed up."""

import pickle
from collections.abc import Mapping
from dataclasses import replace

import pytest

from analysis.report.replay import replay
from simulator.engine import run as door
from simulator.engine.kept import FEW, Kept, kept
from simulator.engine.run import run, run_and_keep
from simulator.engine.simulate import RunHeader, simulate
from simulator.records import ListSink, Record
from simulator.scenario.api import scenario
from simulator.scenario.values import Scenario


@pytest.fixture(scope="module")
def lemons() -> Scenario:
    """A fleet that only the event engine knows."""
    return scenario("airesim-default", ["run.replicas=2", "phases[0].hours=4 d"])


def kept_of(told: Scenario, replicas: int) -> Mapping[int, Kept]:
    return run_and_keep(told, range(replicas))[1]


def test_a_run_that_was_kept_is_the_one_lived_again(lemons: Scenario) -> None:
    lived = kept_of(lemons, 2)
    assert sorted(lived) == [0, 1]
    for replica in lived:
        sink = ListSink()
        assert lived[replica].header == simulate(lemons, replica, sink=sink)
        assert lived[replica].records == sink.records
        assert replay(lemons, replica, lived) == replay(lemons, replica)


def test_the_answer_is_the_same_kept_or_not(lemons: Scenario) -> None:
    here, (there, _) = run(lemons, range(2)), run_and_keep(lemons, range(2))
    assert dict(here.accelerator_s_by_line) == dict(there.accelerator_s_by_line)
    assert here.wall_s.tolist() == there.wall_s.tolist()


def test_none_is_kept_of_many_of_the_batch_engine_or_too_long(
    lemons: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = scenario("llama-65b", ["run.replicas=2"])
    assert not kept_of(plain, 2)
    events = replace(plain, engine="simulate")
    assert len(kept_of(events, FEW)) == FEW
    assert not kept_of(events, FEW + 1)
    monkeypatch.setattr(door, "MOST", 100)
    assert not kept_of(lemons, 1)
    assert replay(lemons, 1, {}).header.replica == 1


def test_it_travels_in_less_room() -> None:
    records = [Record(float(at), 0.5, "train", ("productive", "other")[at % 2], "none", 8) for at in range(9000)]
    packed = kept(RunHeader(3, 1, "", (4500.0,), {}), records)
    sent = pickle.dumps(packed)
    assert len(sent) < 0.6 * len(pickle.dumps(records))
    assert pickle.loads(sent).records == records


def test_a_run_without_records_is_kept() -> None:
    assert kept(RunHeader(0, 1, "", (), {}), []).records == []
