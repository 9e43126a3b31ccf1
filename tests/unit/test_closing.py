"""The assertion that every ledger of the suite meets can fail, and is applied without being called."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.metrics import lifecycle
from analysis.metrics.lifecycle import life_forecast
from simulator.engine import lifecycle_run, spot
from simulator.engine.books import Books
from simulator.engine.cluster import simulate_cluster
from simulator.engine.cluster_ledger import ClusterLedger
from simulator.engine.cluster_meters import Meters
from simulator.engine.estimate import estimate
from simulator.engine.lifecycle_run import run_life
from simulator.engine.simulate import simulate
from simulator.records import ListSink
from simulator.scenario.api import life, scenario
from simulator.scheduling.job import Job
from simulator.scheduling.policies import make_policy
from simulator.scheduling.state import ClusterState
from tests import factories
from tests.closing import assert_closed
from tests.unit.scenario.maker import Maker


@pytest.mark.parametrize("share", [1e-6, -1e-6])
def test_a_ledger_that_does_not_close_fails_wherever_it_is_made(share: float) -> None:
    found = estimate(factories.scenario(factories.stage(1000.0), [factories.cause()]), range(4))
    assert_closed(found)
    line, seconds = next(iter(found.accelerator_s_by_line.items()))
    lines = {**found.accelerator_s_by_line, line: seconds * (1 + share)}
    with pytest.raises(AssertionError):
        replace(found, accelerator_s_by_line=lines)


def test_walls_that_are_not_the_sum_of_their_stages_fail() -> None:
    found = estimate(factories.scenario([factories.stage(10.0), factories.stage(20.0, name="more")]), range(2))
    with pytest.raises(AssertionError):
        replace(found, wall_s=found.wall_s * (1 + 1e-6))


NODE_BY_NODE = ("cluster.spares=4", "failures.causes.hardware.law=weibull", "failures.causes.hardware.shape=0.8")


@pytest.mark.parametrize("sets", [(), NODE_BY_NODE])
def test_a_replica_that_forgets_a_record_fails(sets: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Told either way: superposed causes, and nodes one by one."""
    run = scenario("llama-65b", ["failures.catalogue=rsc-1", *sets])
    simulate(run, sink=ListSink())
    monkeypatch.setattr(Books, "note_way", lambda *_: None)
    with pytest.raises(AssertionError):
        simulate(run, sink=ListSink())


def test_a_gang_on_spot_that_forgets_its_records_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "capacity.csv").write_text("time,nodes\n0,10\n36000,3\n43200,10\n90000,2\n100800,2\n")
    run = Maker(tmp_path)('[spot]\ntrace = "capacity.csv"\nnotice = "2 min"\nchangeover = "20 min"\n')
    simulate(run, sink=ListSink())
    noted = spot._note
    monkeypatch.setattr(spot, "_note", lambda stages, stretches, _: noted(stages, stretches, ListSink()))
    with pytest.raises(AssertionError):
        simulate(run, sink=ListSink())


def test_a_cluster_that_forgets_idle_units_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def lived() -> Any:
        jobs = [Job(1, 0, 6, 100, 100), Job(2, 10, 6, 50, 50)]
        return simulate_cluster(jobs, make_policy("fcfs"), ClusterState(10), meters=Meters())

    log = lived()
    assert_closed(log)
    with pytest.raises(AssertionError):
        assert_closed(replace(log, capacity=11))
    added = ClusterLedger.add
    monkeypatch.setattr(
        ClusterLedger, "add", lambda self, phase, *rest: None if phase == "idle" else added(self, phase, *rest)
    )
    with pytest.raises(AssertionError):
        lived()


def test_a_life_whose_calendar_or_dollars_do_not_close_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    made = life("life-of-a-13b", ["run.replicas=20"])
    lives = run_life(made)
    assert_closed(lives)
    assert lives.training is not None
    late = replace(lives, finish_s=lives.finish_s + 1.0)
    with pytest.raises(AssertionError):
        assert_closed(late)
    forecast = life_forecast(made, lives)
    assert_closed(forecast)
    rows = lifecycle._rows
    monkeypatch.setattr(lifecycle, "_rows", lambda *given: [replace(rows(*given)[0], parts={}), *rows(*given)[1:]])
    with pytest.raises(AssertionError):
        life_forecast(made, lives)
    monkeypatch.setattr(lifecycle_run, "schedule", lambda *_: (late.start_s, late.finish_s))
    with pytest.raises(AssertionError):
        run_life(made)


def test_what_has_no_ledger_is_refused() -> None:
    with pytest.raises(TypeError, match="int has no ledger"):
        assert_closed(1)
