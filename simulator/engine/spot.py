"""One run on a spot market: a gang of `simulator.reliability.gang` lives through one replica's capacity and faults.

Between two changes of state everything is known in closed form, so that there is an event for each preemption, fault
and change of market, and no clock is needed to order them.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from simulator.engine.spread import efficiencies
from simulator.engine.timeline import UnfinishableError, faults
from simulator.foundation.streams import generator
from simulator.records import Record, Sink
from simulator.reliability.attempt import total_s
from simulator.reliability.causes import total_rate_per_node_s
from simulator.reliability.gang import PREEMPTION, Gang, Stretch, Strike, Task, Terms, UnfinishedError
from simulator.reliability.recovery import PARTS, SWAP, way_back_s
from simulator.reliability.spot import SpotMarket
from simulator.scenario.values import Scenario, Stage

MARKETS = {"spot": 0, None: 1, "on-demand": 2}
"""Places of a gang's time among the three stages that a phase becomes (`simulator.scenario.market`)."""


def on_spot(
    scenario: Scenario, market: SpotMarket, replica: int, *, sink: Sink
) -> tuple[tuple[float, ...], Mapping[str, int]]:
    """Simulate one replica.

    Returns
    -------
    tuple
        How long each stage took [s], and stops by cause.

    Raises
    ------
    UnfinishableError
        If the capacity ends before the work.
    """
    recovery = scenario.recovery
    terms = Terms(
        startup_s=recovery.startup_s,
        initialization_s=recovery.initialization_s,
        restore_s=recovery.restore_s,
        notice_s=market.notice_s,
        saves_at_notice=market.saves_at_notice,
        changeover_s=market.changeover_s,
        deadline_s=market.deadline_s,
        allowance=market.allowance,
    )
    gang = Gang(market.capacity(generator(scenario.seed, "spot", replica)), terms, _strikes(scenario, replica))
    stage_s: list[float] = []
    for number, task in enumerate(_tasks(scenario, replica)):
        before = len(gang.stretches)
        try:
            gang.work(task)
        except UnfinishedError as problem:
            raise UnfinishableError(str(problem)) from None
        stage_s += _note(scenario.stages[3 * number : 3 * number + 3], gang.stretches[before:], sink)
    stops = {cause.name: gang.stops[cause.name] for cause in scenario.causes}
    return tuple(stage_s), stops


def _tasks(scenario: Scenario, replica: int) -> Iterator[Task]:
    """Yield the work of each phase, and what comes after it."""
    speed = float(efficiencies(scenario, range(replica, replica + 1))[0])
    phases = scenario.stages[::3]
    works = [stage.work_s / speed if stage.scales else stage.work_s for stage in phases]
    lengths = [
        float(total_s(work_s, stage.cycle, final_save=stage.final_save))
        for work_s, stage in zip(works, phases, strict=True)
    ]
    for number, (work_s, stage) in enumerate(zip(works, phases, strict=True)):
        later_s = math.fsum(lengths[number + 1 :])
        yield Task(work_s=work_s, cycle=stage.cycle, final_save=stage.final_save, later_s=later_s)


def _strikes(scenario: Scenario, replica: int) -> Iterator[Strike]:
    """Yield the faults that are not preemptions, in exposed time."""
    causes = [replace(cause, rate_per_node_s=0.0) if cause.name == PREEMPTION else cause for cause in scenario.causes]
    rate = total_rate_per_node_s(causes) * scenario.stages[0].nodes
    save_s = scenario.stages[0].cycle.last_s
    down_parts = PARTS[: SWAP + 1]
    downs = [
        list(zip(down_parts, way_back_s(cause, scenario.recovery, save_s)[: SWAP + 1], strict=True)) for cause in causes
    ]
    for fault in faults(scenario.seed, replica, causes):
        yield Strike(fault.hazard / rate, causes[fault.cause].name, downs[fault.cause], causes[fault.cause].announced)


def _note(stages: Sequence[Stage], stretches: list[Stretch], sink: Sink) -> list[float]:
    """Record what a gang went through, and return how long it was in each market [s]."""
    for each in stretches:
        stage = stages[MARKETS[each.market]]
        sink.take(Record(each.start_s, each.duration_s, stage.name, each.phase, each.cause, stage.accelerators))
    return [
        math.fsum(each.duration_s for each in stretches if MARKETS[each.market] == place)
        for place in range(len(MARKETS))
    ]
