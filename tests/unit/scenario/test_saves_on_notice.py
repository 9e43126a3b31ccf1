"""What an announced stop costs a run that never saves: all its work, unless it states how long a save takes."""

from math import exp, expm1

import numpy as np
import pytest

from simulator.engine.estimate import estimate
from simulator.engine.simulate import simulate
from simulator.records import LedgerSink
from simulator.scenario.values import Scenario
from tests.unit.scenario.maker import Maker

NEVER = ("checkpoint.policy=none", "failures.catalogue=none", "recovery.initialization=5 min", "recovery.startup=0")
PLANNED = "[failures.causes.upgrade]\nkind = 'planned'\nrate_per_1000_node_days = {rate}\nduration = '2 h'\n"
SPOT = "[pricing]\nterm = 'spot'\nlist_rate = '$4/h'\n[pricing.preemption]\nper_1000_node_days = 60\naway = '2 h'\n"
SLOW = "[failures.causes.fan]\nkind = 'slow'\nrate_per_1000_node_days = 60\n"
MARKET = "[spot]\nnotice = '2 min'\nup = {mean = '20 h'}\naway = {mean = '2 h'}\n"
SAVE = "checkpoint.save_time=10 min"


def lived(found: Scenario) -> list[tuple[int, float, dict[tuple[str, str, str], float]]]:
    """Return length and ledger of replicas of the event engine, held against the batch engine."""
    ensemble = estimate(found, range(20))
    lives = []
    for replica in range(20):
        sink = LedgerSink()
        header = simulate(found, replica, sink=sink)
        assert header.wall_s == pytest.approx(float(ensemble.wall_s[replica]), rel=1e-9)
        assert ensemble.interruptions[replica] == header.interruptions
        lives.append((header.interruptions, header.wall_s, dict(sink.accelerator_s)))
    return lives


@pytest.mark.parametrize("addition", [PLANNED.format(rate=60), SPOT])
def test_without_a_save_every_announced_stop_destroys_all_work(made: Maker, addition: str) -> None:
    found = made(addition, *NEVER)
    assert any("destroys all work though it is announced" in warning for warning in found.warnings)
    assert not any(cause.announced for cause in found.causes)
    for stops, _, ledger in lived(found):
        assert (sum(value for (_, phase, _), value in ledger.items() if phase == "wasted_progress") > 0) == (stops > 0)
        assert not any(phase == "checkpoint_save" for _, phase, _ in ledger)


def test_the_time_of_a_run_that_begins_again_at_each_notice(made: Maker) -> None:
    """(M + D) e^(R/M) (e^(W/M) - 1), exposure A, with M = 1.04 d, D = 2 h and R = 5 min."""
    found = made(PLANNED.format(rate=120), *NEVER)
    work_s, mtbf_s = found.stages[0].work_s, 86400 * 1000 / (8 * 120)
    expected = (mtbf_s + 7200) * exp(300 / mtbf_s) * expm1(work_s / mtbf_s)
    wall_s = estimate(found, range(4000)).wall_s
    assert abs(float(wall_s.mean()) - expected) < 4 * float(wall_s.std()) / np.sqrt(4000)
    assert expected > 1.2 * work_s


@pytest.mark.parametrize("addition", [PLANNED.format(rate=60), SPOT])
def test_with_a_save_every_announced_stop_takes_it_and_loses_nothing(made: Maker, addition: str) -> None:
    """A stop is a save, the time away, five minutes of set-up and ten of reading it."""
    found = made(addition, *NEVER, SAVE, "recovery.restore=10 min")
    work_s = found.stages[0].work_s
    for stops, wall_s, ledger in lived(found):
        assert wall_s == pytest.approx(work_s + stops * (600 + 7200 + 300 + 600), rel=1e-9)
        assert not any(phase == "wasted_progress" for _, phase, _ in ledger)


def test_failures_alone_leave_no_save_to_read(made: Maker) -> None:
    assert made("", "checkpoint.policy=none", SAVE).recovery.restore_s == 0
    assert made(PLANNED.format(rate=60), "checkpoint.policy=none", SAVE).recovery.restore_s > 0


def test_a_spot_market_takes_the_nodes_without_a_save(made: Maker) -> None:
    for sets, saves in (((), False), ((SAVE,), True)):
        market = made(MARKET, *NEVER, *sets).spot
        assert market is not None
        assert market.saves_at_notice == saves


@pytest.mark.parametrize(
    ("addition", "sets"), [(SLOW, ()), ("", ("recovery.policy=shrink", "recovery.group=8", "cluster.spares=1"))]
)
def test_what_stops_on_purpose_needs_the_time_of_a_save(made: Maker, addition: str, sets: tuple[str, ...]) -> None:
    """Nobody takes a slow machine out, or replicas back in, where that costs all the work."""
    sets = (*NEVER[:1], *NEVER[2:], *sets)
    assert "save first; state checkpoint.save_time" in made.issues(addition, *sets)["checkpoint.policy"]
    assert made(addition, *sets, SAVE).stages[0].cycle.last_s == 600
