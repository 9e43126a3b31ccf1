"""The one assertion on ledgers; `tests/conftest.py` applies it to every ledger that any test makes."""

import functools
import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest

import analysis.metrics.lifecycle
import simulator.engine.cluster
import simulator.engine.lifecycle_run
import simulator.engine.simulate
from analysis.metrics.lifecycle import LifeForecast
from simulator.engine.cluster_log import ClusterLog
from simulator.engine.lifecycle_run import LifeEnsemble
from simulator.engine.simulate import RunHeader
from simulator.records import Ensemble, LedgerSink, Line, Record, Sink
from simulator.scenario.values import Scenario

REL = 1e-9


class Replica(NamedTuple):
    """One run told event by event, and the sums of its records."""

    scenario: Scenario
    header: RunHeader
    accelerator_s: Mapping[Line, float]


@functools.singledispatch
def assert_closed(made: object) -> None:
    """Hold a ledger against what it is a ledger of; nothing in it is negative."""
    raise TypeError(f"{type(made).__name__} has no ledger that is known here")


@assert_closed.register
def _(ensemble: Ensemble) -> None:
    """The lines sum to wall times accelerators, spares included."""
    lines = ensemble.accelerator_s_by_line.values()
    whole_s = float(ensemble.accelerator_s.mean() + ensemble.idle_accelerator_s.mean())
    assert math.isclose(math.fsum(lines), whole_s, rel_tol=REL), (math.fsum(lines), whole_s)
    assert min(lines, default=0.0) >= -REL * whole_s
    late_s = np.abs(ensemble.stage_s.sum(axis=0) - ensemble.wall_s)  # numpy.testing takes ten times as long
    assert (late_s <= REL * np.abs(ensemble.wall_s)).all(), (ensemble.stage_s, ensemble.wall_s)


@assert_closed.register
def _(replica: Replica) -> None:
    """The records of each stage sum to its length times its machines; those of the spares to theirs."""
    scenario = replica.scenario
    job_s: dict[str, list[float]] = defaultdict(list)
    idle_s: dict[str, list[float]] = defaultdict(list)
    for (name, phase, _), accelerator_s in replica.accelerator_s.items():
        assert accelerator_s >= 0, (name, phase, accelerator_s)
        (idle_s if phase == "idle_spare" else job_s)[name].append(accelerator_s)
    spares = 0 if scenario.spot else (scenario.recovery.spares or 0) * scenario.accelerators_per_node
    for books, machines in ((job_s, None), (idle_s, spares)):
        whole_s: dict[str, float] = defaultdict(float)
        for stage, length_s in zip(scenario.stages, replica.header.stage_s, strict=True):
            whole_s[stage.name] += length_s * (stage.accelerators if machines is None else machines)
        for name in {*books, *whole_s}:
            found_s = math.fsum(books[name])
            assert math.isclose(found_s, whole_s[name], rel_tol=REL), (name, found_s, whole_s[name])


@assert_closed.register
def _(log: ClusterLog) -> None:
    """The lines, where they were asked for, sum to the units times the time from first submission to last end."""
    if not log.ledger_unit_s:
        return
    lines = log.ledger_unit_s.values()
    whole_s = log.capacity * (max(end.end_s for end in log.ends) - min(end.job.submit_s for end in log.ends))
    assert math.isclose(math.fsum(lines), whole_s, rel_tol=REL), (math.fsum(lines), whole_s)
    assert min(lines) >= -REL * whole_s


@assert_closed.register
def _(lives: LifeEnsemble) -> None:
    """No stage begins before the first day or ends before it begins; the training run lasts as its books say."""
    lasted_s = lives.finish_s - lives.start_s
    latest_s = float(lives.finish_s.max(initial=0.0))
    assert lives.start_s.min(initial=0.0) >= 0
    assert lasted_s.min(initial=0.0) >= -REL * latest_s
    assert lives.machine_s.min(initial=0.0) >= 0
    assert not np.any((lives.machine_s > 0) & (lasted_s <= 0)), "machine time in no time"
    if lives.training is not None:
        late_s = np.abs(lasted_s - lives.training.wall_s).max(axis=1).min()
        assert late_s <= REL * latest_s, "no stage lasts as long as the training run"


@assert_closed.register
def _(forecast: LifeForecast) -> None:
    """The parts of each stage sum to its dollars, and the stages to all dollars."""
    cent = 0.01
    for row in forecast.stages:
        assert math.isclose(math.fsum(row.parts.values()), row.usd.mean, rel_tol=REL, abs_tol=cent), row.name
    usd = math.fsum(row.usd.mean for row in forecast.stages)
    assert math.isclose(usd, forecast.usd.mean, rel_tol=REL, abs_tol=cent), (usd, forecast.usd.mean)


class _Audited:
    """A sink that sums what it hands on."""

    def __init__(self, sink: Sink) -> None:
        self._sink, self._sums = sink, LedgerSink()

    @property
    def accelerator_s(self) -> Mapping[Line, float]:
        return self._sums.accelerator_s

    def take(self, record: Record) -> None:
        self._sums.take(record)
        self._sink.take(record)


def watch(patch: pytest.MonkeyPatch) -> None:
    """Apply the assertion wherever a ledger is made: by either engine, by a cluster, by a life and its dollars."""
    engine = simulator.engine.simulate
    told, on_spot = engine._told, engine.on_spot

    def told_and_closed(run: Any) -> RunHeader:
        run.sink = audited = _Audited(run.sink)
        header = told(run)
        assert_closed(Replica(run.scenario, header, audited.accelerator_s))
        return header

    def on_spot_and_closed(scenario: Scenario, market: Any, replica: int, *, sink: Sink) -> Any:
        audited = _Audited(sink)
        lived = on_spot(scenario, market, replica, sink=audited)
        header = RunHeader(replica, scenario.seed, scenario.fingerprint, *lived)
        assert_closed(Replica(scenario, header, audited.accelerator_s))
        return lived

    patch.setattr(engine, "_told", told_and_closed)
    patch.setattr(engine, "on_spot", on_spot_and_closed)
    _watch_class(patch, Ensemble)
    for module, name in (
        (simulator.engine.cluster, "ClusterLog"),
        (simulator.engine.lifecycle_run, "LifeEnsemble"),
        (analysis.metrics.lifecycle, "LifeForecast"),
    ):
        patch.setattr(module, name, _closed(getattr(module, name)))


def _watch_class(patch: pytest.MonkeyPatch, kind: type) -> None:
    """Check whatever is made of a class, by whomever."""
    made = kind.__init__

    @functools.wraps(made)
    def closed(self: Any, *given: Any, **named: Any) -> None:
        made(self, *given, **named)
        assert_closed(self)

    patch.setattr(kind, "__init__", closed)


def _closed(kind: type) -> Any:
    """Return what makes and checks one of a class where a module makes it; logs made up by tests are left alone."""

    @functools.wraps(kind, updated=())
    def make(*given: Any, **named: Any) -> Any:
        made = kind(*given, **named)
        assert_closed(made)
        return made

    return make
