"""With what the interval policies reckon: what a stop destroys, not how often the job stops."""

from dataclasses import replace
from math import sqrt

import pytest

from simulator.engine.run import run
from simulator.scenario.values import Scenario
from tests.unit.scenario.maker import Maker

NODES, SAVE_S = 8, 60.0
RATE_PER_S = NODES * 6.5 / (1000 * 86400)  # of the base's failures
BLOCKING = ("checkpoint.mode=blocking", f"checkpoint.save_time={SAVE_S} s", "checkpoint.policy=young")
PLANNED = "[failures.causes.upgrade]\nkind = 'planned'\nrate_per_1000_node_days = 60\n"
SLOW = "[failures.causes.fan]\nkind = 'slow'\nrate_per_1000_node_days = 60\n"
SPOT = "[pricing]\nterm = 'spot'\nlist_rate = '$4/h'\n[pricing.preemption]\nper_1000_node_days = 60\n"
SILENT = """[failures]
catalogue = "none"
[failures.causes.sdc]
kind = "silent"
rate_per_1000_node_days = 6.5
[checkpoint]
verify = "30 s"
"""
NEAR = "[checkpoint.near]\ntier = 'partner_memory'\nsave_time = '5 s'\nrecoverable = 0.9\nsaves = 6\n"


def interval_s(found: Scenario) -> float:
    """Return the useful time from one durable save to the next [s]."""
    cycle = found.stages[0].cycle
    return cycle.work_s * cycle.near_saves


@pytest.mark.parametrize("addition", [PLANNED, SLOW, SPOT])
def test_stops_that_destroy_nothing_do_not_shorten_the_interval(made: Maker, addition: str) -> None:
    assert interval_s(made(addition, *BLOCKING)) == pytest.approx(sqrt(2 * SAVE_S / RATE_PER_S))


def test_a_replica_that_is_bridged_destroys_nothing(made: Maker) -> None:
    bridged = made("[recovery]\npolicy = 'replica'\ngroup = 8\n", *BLOCKING)
    assert bridged.stages[0].cycle.work_s > bridged.stages[0].work_s  # nothing calls for a save


def test_nothing_but_announced_stops_calls_for_no_save(made: Maker) -> None:
    found = made(PLANNED, *BLOCKING, "failures.catalogue=none")
    assert interval_s(found) > found.stages[0].work_s
    assert run(found, range(20)).wall_s.max() < 2 * found.stages[0].work_s  # the check of its length lets it pass


def test_silent_corruption_that_is_found_destroys_the_whole_stretch(made: Maker) -> None:
    """sqrt((V + C)/ls): theory, section 2."""
    assert interval_s(made(SILENT, *BLOCKING)) == pytest.approx(sqrt((30 + SAVE_S) / RATE_PER_S))
    unverified = SILENT.replace('verify = "30 s"\n', "")
    assert interval_s(made(unverified, *BLOCKING)) == pytest.approx(sqrt(2 * SAVE_S / RATE_PER_S))


def test_near_copies_that_survive_leave_the_durable_saves_less_to_do(made: Maker) -> None:
    """k C1 + C2 a round, of which a stop destroys the half, or the half of a k-th: p/k + 1 - p."""
    cost_s, share = 6 * 5 + SAVE_S, 0.9 / 6 + 0.1
    assert interval_s(made(NEAR, *BLOCKING)) == pytest.approx(sqrt(2 * cost_s / (RATE_PER_S * share)))


@pytest.mark.parametrize("addition", [PLANNED, SILENT, NEAR])
def test_no_other_interval_is_better(made: Maker, addition: str) -> None:
    """On the same faults the run is shorter than at half and at twice the interval that `optimal` chooses."""
    often = ("failures.rate_multiplier=30", "data.tokens=100B tokens", "checkpoint.policy=optimal")
    best = made(addition, *BLOCKING, *often)

    def wall_s(factor: float) -> float:
        [stage] = best.stages
        cycle = replace(stage.cycle, work_s=stage.cycle.work_s * factor)
        return float(run(replace(best, stages=(replace(stage, cycle=cycle),)), range(60)).wall_s.mean())

    assert wall_s(1.0) < min(wall_s(0.4), wall_s(2.5))
