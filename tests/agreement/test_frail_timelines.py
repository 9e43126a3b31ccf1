"""Tiers, background saves, corruption, spikes and maintenance at exact instants, against ledgers worked out by hand.

All times are multiples of the tick, a power of two, and so is the mean time between stops: nothing is rounded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pytest

from simulator.engine.timeline import Fault
from simulator.reliability.attempt import Cycle, Durable
from simulator.reliability.causes import Cause
from simulator.reliability.recovery import Recovery
from simulator.scenario.values import Scenario
from tests import factories
from tests.agreement.test_timelines import SHORT, estimated, lived
from tests.agreement.worked_out import BARE, MTBF_S, TICK

NAMES = {**SHORT, "sdc": "sdc_rollback", "away": "planned_maintenance"}

HARD = factories.cause(0.75 / MTBF_S, name="hard", nodes_lost=1, detection_s=2.0, near_lost=1.0)  # two causes each
SOFT = factories.cause(0.25 / MTBF_S, name="soft", detection_s=1.0)
SILENT = replace(HARD, kind="silent", detection_s=30.0)  # noticed 30 s after it struck
SPIKE = replace(HARD, kind="loss_spike", detection_s=1.0, rewind_s=10.0)
PLANNED = replace(HARD, kind="planned", detection_s=0.0, away_s=7.0)
CHANCE = replace(HARD, near_lost=0.5)
SLOW_READ = Recovery(restore_s=6.0, near_restore_s=2.0)

BLOCKING = Cycle(work_s=20.0, write_s=5.0)  # saves at 25, 50, 75, 100 of the clock; the end at 120
ASIDE = Cycle(work_s=20.0, write_s=5.0, flush_s=10.0, slowdown=0.5)  # saves at 30, 60, ... usable 5 later; 140
OVERLAP = Cycle(work_s=20.0, write_s=5.0, flush_s=60.0, in_flight=3)  # saves at 25, 50, ... usable 60 later; 120
TIERS = Cycle(work_s=10.0, write_s=1.0, durable=Durable(every=2, write_s=4.0))  # 11, 22, to 26; 37, 48, to 52; 125
DOUBTFUL = Cycle(work_s=20.0, write_s=5.0, corrupt=0.5)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A run of 100 s of work, its faults as (instant [s], cause) or (instant, cause, luck), and its ledger [s]."""

    cycle: Cycle
    hard: Cause
    faults: Sequence[tuple[float, int] | tuple[float, int, float]]
    stops: int
    books: Mapping[str, float]
    recovery: Recovery

    @property
    def scenario(self) -> Scenario:
        return factories.scenario(factories.stage(100.0, cycle=self.cycle), [self.hard, SOFT], self.recovery)

    @property
    def timeline(self) -> list[Fault]:
        return [Fault(each[0] / MTBF_S, each[1], 1.0, each[2] if len(each) > 2 else 1.0) for each in self.faults]


def case(
    cycle: Cycle, hard: Cause, faults: Sequence[tuple[float, int] | tuple[float, int, float]], *,
    stops: int | None = None, recovery: Recovery = BARE, **books: float,
) -> Case:  # fmt: skip
    """Return a case; its work is 100 s."""
    count = len(faults) if stops is None else stops
    return Case(cycle=cycle, hard=hard, faults=faults, stops=count, books={"work": 100.0, **books}, recovery=recovery)


KEEP_ONE, KEEP_TWO = replace(BLOCKING, keep=1), replace(BLOCKING, keep=2)
BOTH_READS = {"detect": 2.0, "save": 25.0}

CASES = {
    # corruption that is noticed 30 s after it struck
    "silent: before any save": case(BLOCKING, SILENT, [(20, 0)], sdc=20, save=20),
    "silent: the last save is void": case(BLOCKING, SILENT, [(60, 0)], sdc=35, save=20),
    "silent: struck as a save ended": case(BLOCKING, SILENT, [(55, 0)], sdc=30, save=20),
    "silent: a tick before a save ended": case(BLOCKING, SILENT, [(55 - TICK, 0)], sdc=55 - TICK, save=20),
    "silent: undoes what an earlier stop had kept": case(
        BLOCKING, SILENT, [(40, 1), (61, 0)], detect=1, lost=15, sdc=45, save=20
    ),
    "silent: only one save is kept": case(KEEP_ONE, SILENT, [(60, 0)], sdc=60, save=20),
    "silent: two saves are kept": case(KEEP_TWO, SILENT, [(60, 0)], sdc=35, save=20),
    "silent, aside: usable as the flush ended": case(ASIDE, SILENT, [(65, 0)], sdc=35, save=40),
    "silent, aside: a tick before": case(ASIDE, SILENT, [(65 - TICK, 0)], sdc=65 - TICK, save=40),
    "silent: at the end nobody notices": case(BLOCKING, SILENT, [(120, 0)], stops=0, save=20),
    "silent: near copies are void, too": case(TIERS, SILENT, [(60, 0)], sdc=34, save=25),
    # loss spikes: back 10 s at least
    "spike: a save is just old enough": case(BLOCKING, SPIKE, [(60, 0)], detect=1, lost=10, save=20),
    "spike: a tick too young": case(BLOCKING, SPIKE, [(60 - TICK, 0)], detect=1, lost=35 - TICK, save=20),
    "spike: while the job is down": case(
        replace(BLOCKING, write_s=0.0), SPIKE, [(45, 1), (48, 0)], recovery=Recovery(initialization_s=4.0),
        detect=2, init=2 + 4, lost=5 + 20,
    ),  # at 46 set-up begins with 40 kept; at 48 back to 20
    # maintenance
    "planned: in work": case(BLOCKING, PLANNED, [(60, 0)], away=7, save=25),
    "planned: in a save": case(BLOCKING, PLANNED, [(48, 0)], away=7, save=25),
    "planned: in the last tick": case(BLOCKING, PLANNED, [(120 - TICK, 0)], away=7, save=25),
    "planned, then struck": case(BLOCKING, PLANNED, [(60, 0), (75, 1)], away=7, detect=1, lost=3, save=25),
    "planned: two at once are one": case(BLOCKING, PLANNED, [(60, 0), (60, 0)], stops=1, away=7, save=25),
    "planned, aside: the save and its flush are waited for": case(ASIDE, PLANNED, [(50, 0)], away=7, save=40 + 15),
    "planned, two tiers": case(TIERS, PLANNED, [(40, 0)], away=7, save=25 + 5),
    # two tiers
    "tiers: the near copy is there": case(TIERS, HARD, [(40, 1)], detect=1, lost=3, save=25),
    "tiers: the near copy is gone": case(TIERS, HARD, [(40, 0)], detect=2, lost=14, save=25),
    "tiers: in the durable save, near": case(TIERS, HARD, [(24, 1)], detect=1, lost=2, save=25),
    "tiers: in the durable save, gone": case(TIERS, HARD, [(24, 0)], detect=2, lost=24, save=25),
    "tiers: a tick before it is durable": case(TIERS, HARD, [(26 - TICK, 0)], detect=2, lost=26 - TICK, save=25),
    "tiers: as the durable save ends": case(TIERS, HARD, [(26, 0)], detect=2, save=25),
    "tiers: a tick before the near save ends": case(TIERS, HARD, [(37 - TICK, 1)], detect=1, lost=11 - TICK, save=25),
    "tiers: near, then gone": case(TIERS, HARD, [(40, 1), (45, 0)], detect=3, lost=3 + 15, save=25),
    "tiers: bad luck": case(TIERS, CHANCE, [(40, 0, 0.4)], recovery=SLOW_READ, **BOTH_READS, lost=14, restore=6),
    "tiers: good luck": case(TIERS, CHANCE, [(40, 0, 0.6)], recovery=SLOW_READ, **BOTH_READS, lost=3, restore=2),
    # saves that turn out to be corrupt, each with probability 1/2: the luck of 1/4 to 1/2 meets one
    "corrupt: none": case(DOUBTFUL, HARD, [(80, 1, 0.6)], recovery=SLOW_READ, detect=1, lost=5, restore=6, save=20),
    "corrupt: one": case(DOUBTFUL, HARD, [(80, 1, 0.3)], recovery=SLOW_READ, detect=1, lost=30, restore=12, save=20),
    "corrupt: all three": case(
        DOUBTFUL, HARD, [(80, 1, 0.1)], recovery=SLOW_READ, detect=1, lost=80, restore=24, save=20
    ),
    "corrupt: both that are kept": case(
        replace(DOUBTFUL, keep=2), HARD, [(80, 1, 0.1)], recovery=SLOW_READ, detect=1, lost=80, restore=18, save=20
    ),
    "corrupt: what the attempt began with is good": case(
        DOUBTFUL, HARD, [(30, 1, 0.6), (60, 1, 0.1)], recovery=SLOW_READ, detect=2, lost=5 + 23, restore=12, save=20
    ),  # back at 25, works from 37; at 60 the clock stands at 48, and no new save was made
    # flushes that overlap
    "overlap: a tick too soon": case(OVERLAP, HARD, [(85 - TICK, 1)], detect=1, lost=85 - TICK, save=20),
    "overlap: as the first is usable": case(OVERLAP, HARD, [(85, 1)], detect=1, lost=60, save=20),
    "overlap: as the second is usable": case(OVERLAP, HARD, [(110, 1)], detect=1, lost=60, save=20),
}  # fmt: skip


def assert_as_worked_out(made: Case, found: tuple[float, int, dict[str, float]]) -> None:
    wall_s, stops, books = found
    assert stops == made.stops
    assert wall_s == pytest.approx(sum(made.books.values()), rel=1e-9)
    phases = {NAMES[name]: value for name, value in made.books.items()}
    for phase in {*phases, *books} - {"idle_spare"}:
        assert books.get(phase, 0.0) == pytest.approx(phases.get(phase, 0.0), rel=1e-9, abs=1e-9), phase


@pytest.mark.parametrize("name", list(CASES))
def test_events(name: str) -> None:
    assert_as_worked_out(CASES[name], lived(CASES[name].scenario, CASES[name].timeline))


@pytest.mark.parametrize("name", list(CASES))
def test_batch(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_as_worked_out(CASES[name], estimated(CASES[name].scenario, CASES[name].timeline, monkeypatch))
