"""Faults at exact instants, in both engines, against ledgers that were worked out by hand.

Others' simulators broke where failures strike in every phase and within one tick of every boundary (theory, section 7).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.engine import estimate as batch
from simulator.engine.simulate import live
from simulator.engine.timeline import CHUNK, Chunk, Fault
from simulator.records import LedgerSink
from simulator.reliability.attempt import Cycle
from simulator.reliability.recovery import Recovery
from simulator.scenario.values import Scenario, rate_per_s
from tests import factories
from tests.agreement.worked_out import CASES, HARD, Case

LATER = 1e9  # hazard of faults that never come
SHORT = {
    "startup": "program_startup",
    "detect": "detection_latency",
    "wait": "spare_wait",
    "swap": "infrastructure_recovery",
    "init": "accelerator_initialization",
    "restore": "checkpoint_restore",
    "lost": "wasted_progress",
    "save": "checkpoint_save",
    "work": "productive",
    "other": "other",
}


def books_of(lines: Mapping[tuple[str, str, str], float]) -> dict[str, float]:
    """Sum ledger lines by phase."""
    found: dict[str, float] = {}
    for (_, phase, _), seconds in lines.items():
        found[phase] = found.get(phase, 0.0) + seconds
    return found


def crafted(timeline: Sequence[Fault], *, repairs: bool, luck: bool) -> Iterator[Chunk]:
    """Yield the timeline as the batch engine reads it, and then faults that never come."""
    rows = [*timeline, *[Fault(LATER, 0, 1.0)] * (CHUNK - len(timeline) % CHUNK)]
    while True:
        for first in range(0, len(rows), CHUNK):
            some = rows[first : first + CHUNK]
            hazard, cause, repair, chance = (np.array(column)[:, np.newaxis] for column in zip(*some, strict=True))
            yield Chunk(hazard, cause.astype(np.intp), repair if repairs else None, chance if luck else None)
        rows = [Fault(LATER, 0, 1.0)] * CHUNK


def lived(scenario: Scenario, timeline: Sequence[Fault]) -> tuple[float, int, dict[str, float]]:
    """Return wall [s], stops and books of the event engine."""
    sink = LedgerSink()
    header = live(scenario, 0, iter(timeline), sink=sink)
    return header.wall_s, header.interruptions, books_of(sink.accelerator_s)


def estimated(
    scenario: Scenario, timeline: Sequence[Fault], monkeypatch: pytest.MonkeyPatch
) -> tuple[float, int, dict[str, float]]:
    """Return the same of the batch engine."""
    monkeypatch.setattr(
        batch, "chunks", lambda *_, repairs, luck, **_more: crafted(timeline, repairs=repairs, luck=luck)
    )
    found = batch.estimate(scenario, range(1))
    return float(found.wall_s[0]), int(found.interruptions[0]), books_of(found.accelerator_s_by_line)


def assert_as_worked_out(case: Case, found: tuple[float, int, dict[str, float]]) -> None:
    wall_s, stops, books = found
    assert stops == case.stops
    assert wall_s == pytest.approx(sum(case.books.values()), rel=1e-9)
    phases = {SHORT[name]: value for name, value in case.books.items()}
    for phase in {*phases, *books} - {"idle_spare"}:
        assert books.get(phase, 0.0) == pytest.approx(phases.get(phase, 0.0), rel=1e-9, abs=1e-9), phase


@pytest.mark.parametrize("name", list(CASES))
def test_events(name: str) -> None:
    assert_as_worked_out(CASES[name], lived(CASES[name].scenario, CASES[name].timeline))


@pytest.mark.parametrize("name", CASES)
def test_batch(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_as_worked_out(CASES[name], estimated(CASES[name].scenario, CASES[name].timeline, monkeypatch))


def on_the_grid(rng: Random, *, stages: int) -> Case:
    """Make a run whose every boundary and fault is at a whole second, so that nearly all of them coincide."""
    found = []
    for number in range(stages):
        interval_s = rng.randint(5, 30)
        cycle = Cycle(
            work_s=interval_s,
            write_s=rng.randint(0, 5),
            flush_s=rng.choice([0, 2, interval_s // 2 * 2]),
            slowdown=rng.choice([0.0, 0.5, 1.0]) if interval_s % 2 == 0 else 0.0,
        )
        found.append(
            factories.stage(
                rng.randint(10, 80),
                name=f"stage-{number}",
                cycle=cycle,
                final_save=rng.random() < 0.5,
                reenters=number > 0 and rng.random() < 0.5,
            )
        )
    recovery = Recovery(
        exposure=rng.choice(factories.EXPOSURES),
        swap_s=rng.randint(0, 3),
        initialization_s=rng.randint(0, 3),
        restore_s=rng.randint(0, 3),
        startup_s=rng.randint(0, 5),
        spares=rng.choice([None, 0, 1, 2]),
    )
    hard = replace(HARD, detection_s=rng.randint(0, 3), repair_s=rng.randint(0, 40))
    instants = sorted(rng.choices(range(200), k=rng.randint(1, 40)))
    faults = [(at_s, rng.randint(0, 1)) for at_s in instants]
    return Case(recovery=recovery, stages=found, faults=faults, stops=0, books={}, hard=hard)


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(rng=st.randoms(use_true_random=True))
def test_every_boundary_at_once(rng: Random) -> None:
    """Whatever coincides, both engines see it alike, and the clock reads the sum of the books."""
    case = on_the_grid(rng, stages=1)
    with pytest.MonkeyPatch.context() as patch:
        one, other = lived(case.scenario, case.timeline), estimated(case.scenario, case.timeline, patch)
    assert one[:2] == other[:2]
    assert one[2] == other[2]
    assert one[0] == sum(value for phase, value in one[2].items() if phase != "idle_spare")


def test_every_boundary_of_several_stages_at_once() -> None:
    """The same with two and three stages: a fault at the very change of stages is met by the second."""
    for seed in range(300):
        case = on_the_grid(Random(seed), stages=2 + seed % 2)
        with pytest.MonkeyPatch.context() as patch:
            assert lived(case.scenario, case.timeline) == estimated(case.scenario, case.timeline, patch), seed


def at_instants(scenario: Scenario, *faults: tuple[float, int]) -> list[Fault]:
    """Return the faults of a scenario of one stage that come at instants [s], each with the number of its cause."""
    rate = rate_per_s(scenario, scenario.stages[0])
    return [Fault(at_s * rate, cause, 1.0) for at_s, cause in faults]


def test_a_job_waits_for_every_machine_that_it_has_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost at 10 and back at 62; while the job waits another is lost, and back at 27: it goes on when both are there.

    Under exposure C the second stop finds nothing to destroy; work begins again at 62 + 3 + 4 + 6.
    """
    long, short = (factories.cause(name=name, detection_s=2.0, nodes_lost=1, repair_s=repair_s)
                   for name, repair_s in (("long", 50.0), ("short", 5.0)))  # fmt: skip
    back = Recovery(exposure="C", swap_s=3.0, initialization_s=4.0, restore_s=6.0, spares=0)
    scenario = factories.scenario(factories.stage(100.0, cycle=Cycle(work_s=20.0, write_s=5.0)), [long, short], back)
    timeline = at_instants(scenario, (10.0, 0), (20.0, 1))
    for wall_s, stops, books in (lived(scenario, timeline), estimated(scenario, timeline, monkeypatch)):
        assert (wall_s, stops) == (pytest.approx(75.0 + 120.0), 2)
        assert books["spare_wait"] == pytest.approx((20 - 12) + (62 - 22))


def test_a_stage_ends_before_the_last_fault_of_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """All faults of a chunk but one find the job at its first start; the last comes half a second after its end."""
    start = Recovery(exposure="B", startup_s=50.0)
    scenario = factories.scenario(
        factories.stage(100.0, cycle=Cycle(work_s=20.0, write_s=5.0)), [factories.cause()], start
    )
    timeline = at_instants(scenario, *((float(at_s), 0) for at_s in range(1, CHUNK)), (170.5, 0))
    assert len(timeline) == CHUNK
    for wall_s, stops, _ in (lived(scenario, timeline), estimated(scenario, timeline, monkeypatch)):
        assert (wall_s, stops) == (pytest.approx(50.0 + 120.0), 0)
