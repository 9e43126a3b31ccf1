"""Runs with faults at exact instants, and their ledgers, worked out by hand.

All times are multiples of the tick, a power of two, and so is the mean time between stops: nothing is rounded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from simulator.engine.timeline import Fault
from simulator.reliability.attempt import Cycle
from simulator.reliability.causes import Cause
from simulator.reliability.recovery import Recovery
from simulator.scenario.values import Scenario, Stage
from tests import factories

MTBF_S = 1024.0
TICK = 2.0**-10  # s

# The way back: detection 2 s, swap 3 s, initialization 4 s, restore 6 s: D = 5 s and R = 10 s. The way in: 7 s.
HARD = factories.cause(0.75 / MTBF_S, name="hard", nodes_lost=1, detection_s=2.0, repair_s=50.0)
SOFT = factories.cause(0.25 / MTBF_S, name="soft", detection_s=1.0)
RANDOM = replace(HARD, repair_law="exponential")
A = Recovery(exposure="A", swap_s=3.0, initialization_s=4.0, restore_s=6.0, startup_s=7.0)
B, C = replace(A, exposure="B"), replace(A, exposure="C")
BARE = Recovery(exposure="A")

# 100 s of work in five stretches of 20 s.
BLOCKING = Cycle(work_s=20.0, write_s=5.0)  # 120 s with four saves: ends at 127 s after the way in
BACKGROUND = Cycle(work_s=20.0, write_s=5.0, flush_s=10.0, slowdown=0.5)  # save 1 blocks 20 to 25, usable at 35; 140 s
ONE = factories.stage(100.0, cycle=BLOCKING)
ONE_SAVED = replace(ONE, final_save=True)  # 125 s
ASIDE = factories.stage(100.0, cycle=BACKGROUND)
ASIDE_SAVED = replace(ASIDE, final_save=True)  # 155 s: the last save blocks 140 to 145 and is usable at 155
TWO = (
    factories.stage(30.0, name="first"),
    factories.stage(50.0, name="second", reenters=True),
)  # in at 37, works at 47
PLAIN_TWO = (TWO[0], replace(TWO[1], reenters=False))
GROSS_FIRST = (factories.stage(30.0, name="first", gross=True, productive_s=20.0), TWO[1])

Strike: TypeAlias = tuple[float, int] | tuple[float, int, float]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A run, its faults as (instant [s], cause) or (instant, cause, repair draw), and its ledger in seconds."""

    recovery: Recovery
    stages: Sequence[Stage]
    faults: Sequence[Strike]
    stops: int
    books: Mapping[str, float]
    hard: Cause = HARD

    @property
    def scenario(self) -> Scenario:
        return factories.scenario(list(self.stages), [self.hard, SOFT], self.recovery)

    @property
    def timeline(self) -> list[Fault]:
        return [Fault(found[0] / MTBF_S, found[1], found[2] if len(found) > 2 else 1.0) for found in self.faults]


def case(
    recovery: Recovery,
    stages: Stage | Sequence[Stage],
    faults: Sequence[Strike],
    stops: int,
    *,
    hard: Cause = HARD,
    **books: float,
) -> Case:
    """Return a case of one stage or several."""
    listed = [stages] if isinstance(stages, Stage) else stages
    return Case(recovery=recovery, stages=listed, faults=faults, stops=stops, books=books, hard=hard)


def back(times: int = 1) -> dict[str, Any]:
    """Return the books of whole ways back after a hard stop."""
    return {"detect": 2.0 * times, "swap": 3.0 * times, "init": 4.0 * times, "restore": 6.0 * times}


CASES = {
    # the way in, 0 to 7
    "no fault": case(A, ONE, [], 0, startup=7, work=100, save=20),
    "A: at the very start": case(A, ONE, [(0, 0)], 1, **back(), work=100, save=20),
    "A: in the start-up": case(A, ONE, [(3, 0)], 1, startup=3, **back(), work=100, save=20),
    "B: in the start-up, not exposed": case(B, ONE, [(3, 0)], 0, startup=7, work=100, save=20),
    "C: in the start-up": case(C, ONE, [(3, 0)], 1, startup=3, **back(), work=100, save=20),
    "A: a tick before the first step": case(A, ONE, [(7 - TICK, 0)], 1, startup=7 - TICK, **back(), work=100, save=20),
    "B: a tick before the first step": case(B, ONE, [(7 - TICK, 0)], 0, startup=7, work=100, save=20),
    "A: at the first step": case(A, ONE, [(7, 0)], 1, startup=7, **back(), work=100, save=20),
    "B: at the first step": case(B, ONE, [(7, 0)], 1, startup=7, **back(), work=100, save=20),
    "a tick into work": case(B, ONE, [(7 + TICK, 0)], 1, startup=7, **back(), lost=TICK, work=100, save=20),
    # work 7 to 27, save 27 to 32
    "in work": case(A, ONE, [(17, 0)], 1, startup=7, **back(), lost=10, work=100, save=20),
    "in work, same machines": case(
        A, ONE, [(17, 1)], 1, startup=7, detect=1, init=4, restore=6, lost=10, work=100, save=20
    ),
    "a tick before work ends": case(
        A, ONE, [(27 - TICK, 0)], 1, startup=7, **back(), lost=20 - TICK, work=100, save=20
    ),
    "as a save begins": case(A, ONE, [(27, 0)], 1, startup=7, **back(), lost=20, work=100, save=20),
    "in a save": case(A, ONE, [(30, 0)], 1, startup=7, **back(), lost=23, work=100, save=20),
    "a tick before a save ends": case(
        A, ONE, [(32 - TICK, 0)], 1, startup=7, **back(), lost=25 - TICK, work=100, save=20
    ),
    "as a save ends": case(A, ONE, [(32, 0)], 1, startup=7, **back(), work=100, save=20),
    "a tick after a save": case(A, ONE, [(32 + TICK, 0)], 1, startup=7, **back(), lost=TICK, work=100, save=20),
    "two saves, then one more": case(A, ONE, [(60, 0), (100, 0)], 2, startup=7, **back(2), lost=3, work=100, save=20),
    # after the stop at 17: detection to 19, swap to 22, initialization to 26, restore to 32
    "A: in detection": case(A, ONE, [(17, 0), (18, 0)], 1, startup=7, **back(), lost=10, work=100, save=20),
    "C: in detection": case(
        C, ONE, [(17, 0), (18, 0)], 2, startup=7, **{**back(), "detect": 3}, lost=10, work=100, save=20
    ),
    "C: as detection ends": case(
        C, ONE, [(17, 0), (19, 0)], 2, startup=7, **{**back(), "detect": 4}, lost=10, work=100, save=20
    ),
    "A: in the swap": case(A, ONE, [(17, 0), (20.5, 0)], 1, startup=7, **back(), lost=10, work=100, save=20),
    "C: in the swap": case(
        C, ONE, [(17, 0), (20.5, 0)], 2, startup=7, **{**back(), "detect": 4, "swap": 4.5}, lost=10, work=100, save=20
    ),
    "A: a tick before R": case(A, ONE, [(17, 0), (22 - TICK, 0)], 1, startup=7, **back(), lost=10, work=100, save=20),
    "A: as R begins": case(
        A, ONE, [(17, 0), (22, 0)], 2, startup=7, **{**back(), "detect": 4, "swap": 6}, lost=10, work=100, save=20
    ),
    "A: in initialization": case(
        A,
        ONE,
        [(17, 0), (24, 0)],
        2,
        startup=7,
        **{**back(2), "init": 6, "restore": 6},
        lost=10,
        work=100,
        save=20,
    ),
    "B: in initialization": case(B, ONE, [(17, 0), (24, 0)], 1, startup=7, **back(), lost=10, work=100, save=20),
    "A: as initialization ends": case(
        A, ONE, [(17, 0), (26, 0)], 2, startup=7, **{**back(2), "restore": 6}, lost=10, work=100, save=20
    ),
    "A: in the restore": case(
        A, ONE, [(17, 0), (29, 0)], 2, startup=7, **{**back(2), "restore": 9}, lost=10, work=100, save=20
    ),
    "A: a tick before the restore ends": case(
        A, ONE, [(17, 0), (32 - TICK, 0)], 2, startup=7, **{**back(2), "restore": 12 - TICK}, lost=10, work=100, save=20
    ),
    "B: a tick before the restore ends": case(
        B, ONE, [(17, 0), (32 - TICK, 0)], 1, startup=7, **back(), lost=10, work=100, save=20
    ),
    "A: as the restore ends": case(A, ONE, [(17, 0), (32, 0)], 2, startup=7, **back(2), lost=10, work=100, save=20),
    "B: as the restore ends": case(B, ONE, [(17, 0), (32, 0)], 2, startup=7, **back(2), lost=10, work=100, save=20),
    "A: a tick after the restore": case(
        A, ONE, [(17, 0), (32 + TICK, 0)], 2, startup=7, **back(2), lost=10 + TICK, work=100, save=20
    ),
    # two at one instant
    "A: two at once": case(A, ONE, [(17, 0), (17, 1)], 1, startup=7, **back(), lost=10, work=100, save=20),
    "C: two at once": case(
        C, ONE, [(17, 0), (17, 1)], 2, startup=7, detect=1, init=4, restore=6, lost=10, work=100, save=20
    ),
    "bare A: two at once": case(
        BARE, ONE, [(17, 0), (17, 0)], 2, hard=replace(HARD, detection_s=0.0), lost=17, work=100, save=20
    ),
    # the end at 127
    "a tick before the end": case(A, ONE, [(127 - TICK, 0)], 1, startup=7, **back(), lost=20 - TICK, work=100, save=20),
    "as the run ends": case(A, ONE, [(127, 0)], 0, startup=7, work=100, save=20),
    "as the run ends, two at once": case(A, ONE, [(127, 0), (127, 1)], 0, startup=7, work=100, save=20),
    "after the end": case(A, ONE, [(127 + TICK, 0)], 0, startup=7, work=100, save=20),
    "as the run ends, after a stop": case(
        A, ONE, [(17, 0), (152, 0)], 1, startup=7, **back(), lost=10, work=100, save=20
    ),
    "a tick before the end, after a stop": case(
        A, ONE, [(17, 0), (152 - TICK, 0)], 2, startup=7, **back(2), lost=30 - TICK, work=100, save=20
    ),
    # background saves, no way in
    "as the blocking part ends": case(BARE, ASIDE, [(25, 1)], 1, detect=1, lost=25, work=100, save=40),
    "a tick before the flush ends": case(BARE, ASIDE, [(35 - TICK, 1)], 1, detect=1, lost=35 - TICK, work=100, save=40),
    "as the flush ends": case(BARE, ASIDE, [(35, 1)], 1, detect=1, lost=5, work=100, save=40),
    "a tick after the flush": case(BARE, ASIDE, [(35 + TICK, 1)], 1, detect=1, lost=5 + TICK, work=100, save=40),
    "before the second flush ends": case(BARE, ASIDE, [(64, 1)], 1, detect=1, lost=34, work=100, save=40),
    "a tick before the end, aside": case(
        BARE, ASIDE, [(140 - TICK, 1)], 1, detect=1, lost=20 - TICK, work=100, save=40
    ),
    "as the run ends, aside": case(BARE, ASIDE, [(140, 1)], 0, work=100, save=40),
    # a last save
    "in the last save": case(BARE, ONE_SAVED, [(122, 1)], 1, detect=1, lost=22, work=100, save=25),
    "as the last save ends": case(BARE, ONE_SAVED, [(125, 1)], 0, work=100, save=25),
    "in the last flush": case(BARE, ASIDE_SAVED, [(150, 1)], 1, detect=1, lost=30, work=100, save=55),
    "a tick before the last flush ends": case(
        BARE, ASIDE_SAVED, [(155 - TICK, 1)], 1, detect=1, lost=35 - TICK, work=100, save=55
    ),
    "as the last flush ends": case(BARE, ASIDE_SAVED, [(155, 1)], 0, work=100, save=55),
    # spares: a lost machine is known at fault + 2 and fit 50 s later
    "a spare at hand": case(replace(A, spares=1), ONE, [(17, 0)], 1, startup=7, **back(), lost=10, work=100, save=20),
    "wait for the first machine": case(  # known 42, fit 69
        replace(A, spares=1), ONE, [(17, 0), (40, 0)], 2, startup=7, **back(2), wait=27, lost=18, work=100, save=20
    ),
    "A: struck while it waits": case(
        replace(A, spares=1),
        ONE,
        [(17, 0), (40, 0), (60, 0)],
        2,
        startup=7,
        **back(2),
        wait=27,
        lost=18,
        work=100,
        save=20,
    ),
    "A: struck as the machine is in place": case(  # at 72: known 74, the second machine is fit at 92
        replace(A, spares=1),
        ONE,
        [(17, 0), (40, 0), (72, 0)],
        3,
        startup=7,
        **{**back(2), "detect": 6, "swap": 9},
        wait=45,
        lost=18,
        work=100,
        save=20,
    ),
    "no spare": case(replace(A, spares=0), ONE, [(17, 0)], 1, startup=7, **back(), wait=50, lost=10, work=100, save=20),
    "no spare, a quick repair": case(
        replace(A, spares=0),
        ONE,
        [(17, 0, 0.5)],
        1,
        hard=RANDOM,
        startup=7,
        **back(),
        wait=25,
        lost=10,
        work=100,
        save=20,
    ),
    "C: struck while it waits": case(  # at 30: known 31, the machine is fit at 69
        replace(C, spares=0),
        ONE,
        [(17, 0), (30, 1)],
        2,
        startup=7,
        detect=3,
        wait=11 + 38,
        init=4,
        restore=6,
        lost=10,
        work=100,
        save=20,
    ),
    "C: a second machine lost while it waits": case(  # at 30: known 32; fit at 69 and 82
        replace(C, spares=0),
        ONE,
        [(17, 0), (30, 0)],
        2,
        startup=7,
        **{**back(), "detect": 4},
        wait=11 + 50,
        lost=10,
        work=100,
        save=20,
    ),
    # two stages: the first works 7 to 37, the second is set up 37 to 47 and works to 97
    "two stages": case(A, TWO, [], 0, startup=7, init=4, restore=6, work=80),
    "a tick before the stages change": case(
        A, TWO, [(37 - TICK, 0)], 1, startup=7, **{**back(), "init": 8, "restore": 12}, lost=30 - TICK, work=80
    ),
    "a tick into the second stage": case(
        A, TWO, [(37 + TICK, 0)], 1, startup=7, **{**back(), "init": 4 + TICK}, work=80
    ),
    "B: a tick into the second stage": case(B, TWO, [(37 + TICK, 0)], 0, startup=7, init=4, restore=6, work=80),
    "in the second stage's restore": case(
        A, TWO, [(43, 0)], 1, startup=7, **{**back(), "init": 8, "restore": 8}, work=80
    ),
    "in the second stage's work": case(
        A, TWO, [(57, 0)], 1, startup=7, **{**back(), "init": 8, "restore": 12}, lost=10, work=80
    ),
    "B: as the stages change": case(B, TWO, [(37, 0)], 0, startup=7, init=4, restore=6, work=80),
    "A: as the stages change": case(A, TWO, [(37, 0)], 1, startup=7, **back(), work=80),
    "A: as the stages change, nothing to set up": case(A, PLAIN_TWO, [(37, 0)], 1, startup=7, **back(), work=80),
    "A: as the stages change, after a stop": case(  # struck at 17, the first ends at 62
        A, TWO, [(17, 0), (62, 0)], 2, startup=7, **back(2), lost=10, work=80
    ),
    # a stage in calendar time meets nothing, and takes no hazard from the next one: that is entered at 30
    "calendar time first": case(
        replace(A, startup_s=0.0),
        GROSS_FIRST,
        [(15, 0)],
        1,
        **{**back(), "init": 8, "restore": 12},
        lost=5,
        work=70,
        other=10,
    ),
}
