"""The door to both engines: which one, in which pieces, and the same bytes from any mapper."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from simulator.engine import run as door
from simulator.engine.estimate import BATCH, SHARED, estimate
from simulator.engine.run import WHY_ASKED, WHY_ESTIMATE, choose, run, simulate_all
from simulator.engine.tally import join
from simulator.foundation import forks
from simulator.records import Ensemble
from simulator.reliability.attempt import Cycle
from simulator.reliability.recovery import Recovery
from tests import factories

SOME = factories.scenario(
    [
        factories.stage(4000.0, name="one", accelerators=8, cycle=Cycle(work_s=100.0, write_s=5.0), final_save=True),
        factories.stage(900.0, name="two", accelerators=4, reenters=True, cycle=Cycle(work_s=100.0, write_s=5.0)),
    ],
    [factories.cause(1e-3, detection_s=5.0, nodes_lost=1, repair_s=200.0), factories.cause(2e-3, name="soft")],
    Recovery(restore_s=10.0, startup_s=30.0, spares=1),
    accelerators_per_node=4,
)


@pytest.mark.parametrize(("asked", "engine", "reason"), [
    ("auto", "estimate", WHY_ESTIMATE), ("estimate", "estimate", WHY_ASKED), ("simulate", "simulate", WHY_ASKED),
])  # fmt: skip
def test_choice(asked: str, engine: str, reason: str) -> None:
    scenario = replace(SOME, engine=asked)
    assert choose(scenario) == (engine, reason)
    found = run(scenario, range(5))
    assert (found.engine, found.reason) == (engine, reason)


def test_both_engines_through_the_door() -> None:
    one, other = (run(replace(SOME, engine=engine), range(40)) for engine in ("estimate", "simulate"))
    np.testing.assert_allclose(one.wall_s, other.wall_s, rtol=1e-9)
    assert dict(one.accelerator_s_by_line) == pytest.approx(dict(other.accelerator_s_by_line), rel=1e-9)


def backwards(function: Callable[[range], Ensemble], pieces: Sequence[range]) -> Iterable[Ensemble]:
    """Do the last piece first, and hand them back in order."""
    return reversed([function(piece) for piece in reversed(pieces)])


@pytest.mark.parametrize("engine", ["estimate", "simulate"])
def test_same_bytes_from_any_mapper(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces are of fixed size, so that neither workers nor their order show (theory, section 7)."""
    monkeypatch.setitem(door.PIECE, engine, 16)
    scenario, replicas = replace(SOME, engine=engine), range(3, 53)
    here = run(scenario, replicas)
    with ThreadPoolExecutor(2) as pool:
        there = run(scenario, replicas, mapper=pool.map)
    assert factories.same(here, there)
    assert factories.same(here, run(scenario, replicas, mapper=backwards))


def test_progress_counts_every_replica() -> None:
    told: list[int] = []
    run(replace(SOME, engine="simulate"), range(5), progress=told.append)
    assert told == [1, 1, 1, 1, 1]


def test_pieces_join_to_the_whole() -> None:
    whole, parts = estimate(SOME, range(60)), [estimate(SOME, range(20)), estimate(SOME, range(20, 60))]
    joined = join(parts)
    np.testing.assert_array_equal(joined.wall_s, whole.wall_s)
    np.testing.assert_array_equal(joined.stage_s, whole.stage_s)
    assert dict(joined.accelerator_s_by_line) == pytest.approx(dict(whole.accelerator_s_by_line), rel=1e-9)
    assert dict(joined.stops_by_cause) == pytest.approx(dict(whole.stops_by_cause), rel=1e-9)


def test_batches_do_not_show() -> None:
    """A replica beyond the first batch is the same in company and alone."""
    far = range(BATCH - 2, BATCH + 2)
    np.testing.assert_array_equal(estimate(SOME, range(BATCH + 2)).wall_s[-4:], estimate(SOME, far).wall_s)


def test_halves_are_the_same_wherever_they_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each replica as in any other company, and all bytes whether a second process takes half or not."""
    replicas = range(7, 7 + SHARED)
    monkeypatch.setattr(forks, "width", lambda: 1)
    here = estimate(SOME, replicas)
    monkeypatch.setattr(forks, "width", lambda: 2)
    assert factories.same(here, estimate(SOME, replicas))
    some = estimate(SOME, range(SHARED // 2, SHARED // 2 + 100))
    np.testing.assert_array_equal(here.wall_s[SHARED // 2 - 7 :][:100], some.wall_s)


def test_simulated_means() -> None:
    found = simulate_all(SOME, range(7))
    assert found.stage_s.shape == (2, 7)
    assert sum(found.stops_by_cause.values()) == pytest.approx(found.interruptions.mean(), rel=1e-12)
