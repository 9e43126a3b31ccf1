"""T9 of theory/reliability.md: the identities of section 7, exact to 1e-9, on random scenarios and both engines."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.engine.estimate import estimate
from simulator.engine.run import simulate_all
from simulator.engine.simulate import live, simulate
from simulator.engine.timeline import Fault, faults
from simulator.records import Ensemble, ListSink
from simulator.reliability.attempt import Cycle
from simulator.reliability.recovery import Recovery
from simulator.scenario.values import Scenario, rate_per_s
from tests import factories

REL = 1e-9
SOME = range(20, 24)
ENGINES = pytest.mark.parametrize("engine", [estimate, simulate_all])
Engine = Callable[[Scenario, range], Ensemble]

ample = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def total(found: Ensemble, *phases: str) -> float:
    """Sum the ledger's lines of some phases [accelerator-s], of all without any named."""
    return sum(value for line, value in found.accelerator_s_by_line.items() if not phases or line[1] in phases)


@ENGINES
@ample
@given(scenario=factories.scenarios())
def test_the_ledger_closes(engine: Engine, scenario: Scenario) -> None:
    """Wall times accelerators, stage by stage, and the spares beside them, are the sum of the ledger."""
    found = engine(scenario, SOME)
    machines = np.array([stage.accelerators for stage in scenario.stages], dtype=float)
    spares = (scenario.recovery.spares or 0) * scenario.accelerators_per_node
    whole = float((machines @ found.stage_s + spares * found.stage_s.sum(axis=0)).mean())
    assert total(found) == pytest.approx(whole, rel=REL)
    np.testing.assert_allclose(found.accelerator_s, machines @ found.stage_s, rtol=REL)
    for stage in scenario.stages:
        lines = found.accelerator_s_by_line.items()
        own = sum(value for line, value in lines if line[0] == stage.name and line[1] != "idle_spare")
        spent = float(found.stage_s[list(scenario.stages).index(stage)].mean()) * stage.accelerators
        assert own == pytest.approx(spent, rel=REL)


@ENGINES
@ample
@given(scenario=factories.scenarios())
def test_attempted_is_committed_and_lost(engine: Engine, scenario: Scenario) -> None:
    """All time that is not on a way in or back is worked or saved for good, or lost."""
    found = engine(scenario, SOME)
    ways = ("detection_latency", "spare_wait", "infrastructure_recovery", "program_startup",
            "accelerator_initialization", "checkpoint_restore", "idle_spare")  # fmt: skip
    attempted = total(found) - total(found, *ways)
    committed = total(found, "productive", "checkpoint_save", "other")
    assert attempted == pytest.approx(committed + total(found, "wasted_progress"), rel=REL)
    assert float(found.productive_accelerator_s.mean()) == pytest.approx(total(found, "productive"), rel=REL)


@ENGINES
@ample
@given(scenario=factories.scenarios())
def test_zero_rates_lose_nothing(engine: Engine, scenario: Scenario) -> None:
    """Causes that never strike are as good as none: no stop, nothing lost, the wall is work and saves."""
    never = replace(scenario, causes=[replace(cause, rate_per_node_s=0.0) for cause in scenario.causes])
    found, none = engine(never, SOME), engine(replace(scenario, causes=[]), SOME)
    assert found.interruptions.tolist() == [0.0] * len(SOME)
    assert total(found, "wasted_progress", "detection_latency", "infrastructure_recovery", "spare_wait") == 0.0
    np.testing.assert_array_equal(found.wall_s, none.wall_s)


def scaled(scenario: Scenario, factor: float) -> Scenario:
    """Return the scenario with all its times scaled, and its rates accordingly."""
    return replace(
        scenario,
        stages=[
            replace(
                stage, work_s=stage.work_s * factor, productive_s=stage.productive_s * factor,
                cycle=Cycle(
                    work_s=stage.cycle.work_s * factor, write_s=stage.cycle.write_s * factor,
                    flush_s=stage.cycle.flush_s * factor, slowdown=stage.cycle.slowdown,
                ),
            )
            for stage in scenario.stages
        ],
        causes=[
            replace(
                cause, rate_per_node_s=cause.rate_per_node_s / factor, detection_s=cause.detection_s * factor,
                repair_s=cause.repair_s * factor,
            )
            for cause in scenario.causes
        ],
        recovery=replace(
            scenario.recovery,
            **{
                name: getattr(scenario.recovery, name) * factor
                for name in ("swap_s", "initialization_s", "restore_s", "startup_s")
            },
        ),
    )  # fmt: skip


@ENGINES
@ample
@given(scenario=factories.scenarios(), factor=st.sampled_from([0.25, 3.0, 60.0, 86400.0]))
def test_scaling_time_scales_the_wall(engine: Engine, scenario: Scenario, factor: float) -> None:
    one, other = engine(scenario, SOME), engine(scaled(scenario, factor), SOME)
    np.testing.assert_allclose(other.wall_s, one.wall_s * factor, rtol=REL)
    np.testing.assert_array_equal(other.interruptions, one.interruptions)


@ample
@given(scenario=factories.scenarios(), later=st.floats(0.0, 1.0))
def test_failures_after_the_end_change_nothing(scenario: Scenario, later: float) -> None:
    rates = [rate_per_s(scenario, stage) for stage in scenario.stages]
    met: list[Fault] = []
    for fault in faults(scenario.seed, 5, scenario.causes):
        met.append(fault)
        if len(met) == 400:
            break
    whole, cut = ListSink(), ListSink()
    header = live(scenario, 5, iter(met), sink=whole)
    end = sum(rate * spent_s for rate, spent_s in zip(rates, header.stage_s, strict=True))
    if met and met[-1].hazard <= end:
        return  # more than 400 faults: nothing of the timeline is after the end
    early = [fault for fault in met if fault.hazard <= end + 1e-9]
    extra = [Fault(end + 1e-6 + later, 0, 1.0)] if scenario.causes else []
    assert live(scenario, 5, iter(early + extra), sink=cut) == header
    assert cut.records == whole.records


@ENGINES
@ample
@given(scenario=factories.scenarios())
def test_same_seed_same_bytes(engine: Engine, scenario: Scenario) -> None:
    """Whichever replicas are asked for together: the same numbers to the last bit; another seed, others."""
    first, again = engine(scenario, SOME), engine(scenario, SOME)
    assert factories.same(first, again)
    alone = [engine(scenario, range(at, at + 1)) for at in SOME]
    assert first.wall_s.tolist() == [float(one.wall_s[0]) for one in alone]
    if first.interruptions.sum() > 3:
        assert engine(replace(scenario, seed=scenario.seed + 1), SOME).wall_s.tolist() != first.wall_s.tolist()


def stop_times(scenario: Scenario, replica: int) -> tuple[list[float], float]:
    """Return when stops came, by the way back that each began, and the wall [s]."""
    sink = ListSink()
    header = simulate(scenario, replica, sink=sink)
    return [record.start_s for record in sink.records if record.phase == "detection_latency"], header.wall_s


@pytest.mark.parametrize("replica", range(6))
def test_two_policies_live_through_one_timeline(replica: int) -> None:
    """Common random numbers: under model C every fault is a stop, so that two policies see the same instants."""
    stops = []
    for every_s in (50.0, 170.0):
        scenario = factories.scenario(
            factories.stage(3000.0, cycle=Cycle(work_s=every_s, write_s=3.0)),
            [factories.cause(1 / 250, detection_s=4.0)],
            Recovery(exposure="C", restore_s=5.0),
        )
        stops.append(stop_times(scenario, replica))
    (one, one_end_s), (other, other_end_s) = stops
    shared_s = min(one_end_s, other_end_s)
    assert [at for at in one if at < shared_s] == [at for at in other if at < shared_s]
    assert len(one) > 3
    assert one_end_s != other_end_s


def job(rate_per_s: float, *, spares: int | None = None, every_s: float = 100.0) -> Scenario:
    """Return a run of 20,000 s that loses a machine at each stop."""
    return factories.scenario(
        factories.stage(20_000.0, cycle=Cycle(work_s=every_s, write_s=2.0)),
        [factories.cause(rate_per_s, detection_s=10.0, nodes_lost=1, repair_s=3000.0, repair_law="exponential")],
        Recovery(swap_s=20.0, initialization_s=5.0, restore_s=5.0, spares=spares),
    )


def goodput(found: Ensemble) -> float:
    """Return useful over job time of a whole ensemble."""
    return float(found.productive_accelerator_s.sum() / found.accelerator_s.sum())


def test_goodput_falls_with_the_rate() -> None:
    found = [goodput(estimate(job(rate), range(400))) for rate in (0.0, 1e-4, 3e-4, 1e-3, 3e-3)]
    assert found == sorted(found, reverse=True)
    assert found[0] == pytest.approx(20_000 / (20_000 + 199 * 2), rel=REL)
    assert min(np.diff(found[::-1])) > 0.005


def test_goodput_rises_with_spares() -> None:
    """Before pricing; ample machines are the limit, and idle spares are in nobody's goodput."""
    found = [goodput(estimate(job(1e-3, spares=spares), range(400))) for spares in (0, 1, 2, 4, 12, None)]
    assert found == sorted(found)
    assert min(np.diff(found[:4])) > 0.01
    assert found[-2] == pytest.approx(found[-1], abs=1e-3)


@pytest.mark.parametrize("engine", [estimate, simulate_all])
def test_spares_are_billed_all_the_time(engine: Engine) -> None:
    found = engine(replace(job(1e-3, spares=3), accelerators_per_node=8), range(4))
    np.testing.assert_allclose(found.idle_accelerator_s, 24 * found.wall_s, rtol=REL)
    assert total(found, "idle_spare") == pytest.approx(24 * found.wall_s.mean(), rel=REL)


@ENGINES
@ample
@given(scenario=factories.scenarios())
def test_merging_equal_causes_changes_nothing(engine: Engine, scenario: Scenario) -> None:
    """Two causes of one law are one cause of twice the rate: the same faults at the same instants."""
    if not scenario.causes:
        return
    law = scenario.causes[0]
    halves = [replace(law, name="one"), replace(law, name="other")]
    merged = [replace(law, rate_per_node_s=2.0 * law.rate_per_node_s)]
    apart, together = (engine(replace(scenario, causes=causes), SOME) for causes in (halves, merged))
    np.testing.assert_allclose(apart.wall_s, together.wall_s, rtol=REL)
    np.testing.assert_array_equal(apart.interruptions, together.interruptions)
    assert sum(apart.stops_by_cause.values()) == pytest.approx(together.stops_by_cause[law.name], rel=REL)
    for phase in ("wasted_progress", "detection_latency", "spare_wait", "checkpoint_restore"):
        assert total(apart, phase) == pytest.approx(total(together, phase), rel=REL, abs=REL * total(together))


def test_independent_causes_superpose() -> None:
    """Three causes strike as often as their rates add up to; no downtime, and nothing lost."""
    causes = [factories.cause(rate, name=str(rate)) for rate in (0.5, 0.2, 0.3)]
    found = estimate(factories.scenario(factories.stage(100.0, cycle=Cycle(work_s=0.01)), causes), range(500))
    assert found.interruptions.mean() == pytest.approx(100.0, abs=3.5 * (100.0 / 500) ** 0.5 + 0.5)
    assert {name: stops / 100.0 for name, stops in found.stops_by_cause.items()} == pytest.approx(
        {"0.5": 0.5, "0.2": 0.2, "0.3": 0.3}, abs=0.02
    )


@ENGINES
def test_calendar_time_contains_every_loss(engine: Engine) -> None:
    """A gross stage takes as long as it says, wherever it stands (T11: no failure tax on top of published hours)."""
    published = factories.stage(3600.0, name="published", gross=True)
    run = factories.scenario([published, factories.stage(100.0, name="more")], recovery=Recovery(startup_s=300.0))
    assert engine(run, range(1)).stage_s[0, 0] == 3600.0
