"""A life cycle as a value: everything that its engines need, in base units, with nothing left to look up."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from simulator.scenario.values import Assumption, Scenario
from simulator.workload.stages import Lasting, LifeStage, MachineTime, OfTheRun, Plan, Pool, Serving, Team

YEAR_S: Final = 365.25 * 86400.0
MONTH_S: Final = YEAR_S / 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What is wanted and what is to be expected [nat per token]; None where nobody says.

    Parameters
    ----------
    target_loss, loss : float or None
        Wanted, and predicted by the default scaling law for the model that all rests on.
    trusted : str
        What else speaks for the quality, where no law does.
    """

    target_loss: float | None = None
    loss: float | None = None
    trusted: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where that cannot be said."""
        return None if self.target_loss is None or self.loss is None else self.loss <= self.target_loss


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeCycle:
    """A model's life to forecast.

    Parameters
    ----------
    stages : sequence of LifeStage
        In the order of the file.
    plan : Plan
        The same as a graph, in booking order.
    run : Scenario or None
        The training run of the stage that is one.
    assumptions, warnings : sequence
        Where every value came from, and what the reader of a result should know.
    """

    name: str
    title: str
    stages: Sequence[LifeStage]
    teams: Sequence[Team]
    pools: Sequence[Pool]
    plan: Plan
    start: date
    seed: int
    replicas: int
    engine: str
    run: Scenario | None = None
    quality: Quality = Quality()
    notes: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    assumptions: Sequence[Assumption] = ()


def usual_s(stage: LifeStage, run: Scenario | None) -> float:
    """Return the most probable length of a stage, failures of the run apart [s]."""
    return _length_s(stage, run, "mode")


def longest(stage: LifeStage, run: Scenario | None) -> float:
    """Return the largest length of a stage, failures of the run apart [s]."""
    return _length_s(stage, run, "high")


def _length_s(stage: LifeStage, run: Scenario | None, end: str) -> float:
    stretches = run.stages if run else ()
    match stage.work:
        case Lasting(duration=duration):
            return float(getattr(duration, end))
        case MachineTime(machine_s=machine_s):
            return float(getattr(machine_s, end)) / stage.count
        case OfTheRun(multiple=multiple):
            of_run = math.fsum(each.work_s * each.accelerators for each in stretches)
            return float(getattr(multiple, end)) * of_run / stage.count
        case Serving(months=months):
            return months * MONTH_S
        case _:
            return math.fsum(each.work_s for each in stretches)
