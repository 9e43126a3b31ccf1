"""Inputs that are not known: which, between what, and why.

An input moves a scenario to a share of the way from its low to its high value. Inputs of the user's own are paths of
the scenario; the standing ones are factors on what the scenario resolved to, so that they need nothing to be written.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import NamedTuple, Protocol

from analysis.study.factors import dearer, failing, noticed, repaired, restored, set_up, swapped
from analysis.study.space import Dimension, Interval
from simulator.foundation.issues import Issue, ScenarioError
from simulator.foundation.units import percent
from simulator.reliability.attempt import Cycle
from simulator.scenario.api import resolve
from simulator.scenario.lines import Path, dotted
from simulator.scenario.load import Loaded
from simulator.scenario.merge import Place
from simulator.scenario.values import Scenario, Stage

_PLACE = Place(file="--over", line=None, folder=FilePath.cwd())
_ROUNDING_S = 1e-6  # a flush that ends as the next save begins has ended
_Z_90 = 1.6448536269514722  # 90 % of a normal distribution lies within so many standard deviations


class Point(NamedTuple):
    """A scenario with some inputs at other values."""

    scenario: Scenario


class Move(Protocol):
    """Takes a point to where one input has another value."""

    def __call__(self, point: Point, share: float) -> Point:
        """Return the point with the input at a share of its way."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One uncertain input.

    Parameters
    ----------
    name : str
        What varies, in words or as a path.
    low, high : str
        Its ends, as a person reads them.
    source : str
        Why these ends.
    move : Move or None
        Applied to a resolved point; None for paths, which change the text before it is resolved.
    path : Path or None
        What is changed in the text.
    values : Interval or None
        The values of the path.
    """

    name: str
    low: str
    high: str
    source: str
    move: Move | None = None
    path: Path | None = None
    values: Interval | None = None


def of_path(path: Path, values: Dimension) -> Input:
    """Make an input of ``--over path=uniform(low, high)``.

    Raises
    ------
    ScenarioError
        If it is a list.
    """
    if not isinstance(values, Interval):
        message = "an uncertain input needs an interval: write uniform(low, high) or loguniform(low, high)"
        raise ScenarioError([Issue(file="--over", path=dotted(path), message=message)])
    return Input(name=dotted(path), low=str(values.at(0.0)), high=str(values.at(1.0)), source="stated",
                 path=path, values=values)  # fmt: skip


def standing(scenario: Scenario) -> Sequence[Input]:
    """Return the inputs that hardly any plan knows: assumptions, each with its reason.

    The factors are 90 % ranges, spread evenly on a logarithmic scale. A range that the scenario itself states (spread
    of the efficiency, a discount still to be negotiated) is used instead of ours.
    """
    known = (_speed(scenario), _failures(scenario), _detection(scenario), _restart(scenario), _repair(scenario),
             _saves(scenario), _price(scenario))  # fmt: skip
    return [each for each in known if each is not None]


class Model:
    """A scenario as a function of its uncertain inputs.

    Parameters
    ----------
    loaded : Loaded
        The scenario.
    inputs : sequence of Input
        What varies.
    """

    def __init__(self, loaded: Loaded, inputs: Sequence[Input]) -> None:
        self.loaded, self.inputs = loaded, inputs
        self._base = resolve(loaded)
        self._known: dict[tuple[str, ...], Scenario] = {}

    def at(self, shares: Mapping[int, float]) -> Point:
        """Return the point with some inputs at a share of their way, by number; the others stay as they are.

        Raises
        ------
        ScenarioError
            If the scenario does not resolve there.
        """
        chosen = [(self.inputs[number], share) for number, share in sorted(shares.items())]
        point = Point(self._resolved([(each, share) for each, share in chosen if each.path is not None]))
        for each, share in chosen:
            if each.move is not None:
                point = each.move(point, share)
        return point

    def _resolved(self, chosen: Sequence[tuple[Input, float]]) -> Scenario:
        if not chosen:
            return self._base
        changed = self.loaded
        words = []
        for each, share in chosen:
            assert each.path is not None
            assert each.values is not None
            value = each.values.at(share)
            words.append(f"{each.name}={value}")
            changed = changed.changed(each.path, value, _PLACE)
        key = tuple(words)
        if key not in self._known:
            self._known[key] = resolve(changed)
        return self._known[key]


@dataclass(frozen=True, slots=True)
class Factor:
    """A move by a factor, even on a logarithmic scale."""

    low: float
    high: float
    apply: Callable[[Point, float], Point]

    def __call__(self, point: Point, share: float) -> Point:
        """Multiply by the factor at a share of the way."""
        return self.apply(point, math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low))))


def _times(low: float, high: float) -> tuple[str, str]:
    return f"x {low:.3g}", f"x {high:.3g}"


def _doubtful(
    name: str, apply: Callable[[Point, float], Point], source: str = "assumption: a factor 2 either way"
) -> Input:
    low, high = _times(0.5, 2.0)
    return Input(name=name, low=low, high=high, source=source, move=Factor(0.5, 2.0, apply))


def _speed(scenario: Scenario) -> Input | None:
    """Efficiency: the scenario's own spread, or a tenth either way."""
    if not any(stage.scales for stage in scenario.stages):
        return None
    sigma = scenario.efficiency_sigma
    reach = math.exp(_Z_90 * sigma) if sigma else 1.1
    low, high = _times(1 / reach, reach)
    source = f"the scenario's own spread, {sigma:.3g}" if sigma else "assumption: a stated speed is right within 10 %"
    return Input(name="speed of a step", low=low, high=high, source=source, move=Factor(1 / reach, reach, _faster))


def _faster(point: Point, factor: float) -> Point:
    stages = [_faster_stage(stage, factor) for stage in point.scenario.stages]
    return point._replace(scenario=replace(point.scenario, stages=stages, efficiency_sigma=0.0))


def _faster_stage(stage: Stage, factor: float) -> Stage:
    if not stage.scales:
        return stage
    mfu = None if stage.mfu is None else stage.mfu * factor
    return replace(stage, work_s=stage.work_s / factor, productive_s=stage.productive_s / factor, mfu=mfu)


def _failures(scenario: Scenario) -> Input | None:
    if not scenario.causes:
        return None
    source = "assumption: rates of published clusters differ by a factor 2.8 (RSC-1 and RSC-2, arXiv 2410.21680)"
    return _doubtful("failure rate", _failing_more, source)


def _failing_more(point: Point, factor: float) -> Point:
    return point._replace(scenario=failing(point.scenario, factor))


def _detection(scenario: Scenario) -> Input | None:
    return _doubtful("detection time", _noticed_later) if any(cause.detection_s for cause in scenario.causes) else None


def _noticed_later(point: Point, factor: float) -> Point:
    return point._replace(scenario=noticed(point.scenario, factor))


def _repair(scenario: Scenario) -> Input | None:
    if scenario.recovery.spares is None or not any(cause.repair_s for cause in scenario.causes):
        return None
    return _doubtful("repair time", _repaired_later)


def _repaired_later(point: Point, factor: float) -> Point:
    return point._replace(scenario=repaired(point.scenario, factor))


def _restart(scenario: Scenario) -> Input | None:
    recovery = scenario.recovery
    takes_s = recovery.recovery_s + recovery.swap_s + recovery.startup_s
    if not scenario.causes or not (takes_s or (scenario.fleet is not None and scenario.fleet.by_hand)):
        return None
    return _doubtful("restart time", _restarted_later)


def _restarted_later(point: Point, factor: float) -> Point:
    return point._replace(scenario=restored(set_up(swapped(point.scenario, factor), factor), factor))


def _saves(scenario: Scenario) -> Input | None:
    if not any(stage.cycle.write_s for stage in scenario.stages):
        return None
    return _doubtful("blocking time of a save", _saved_slower)


def _saved_slower(point: Point, factor: float) -> Point:
    stages = [replace(stage, cycle=_slower_cycle(stage.cycle, factor)) for stage in point.scenario.stages]
    return point._replace(scenario=replace(point.scenario, stages=stages))


def _slower_cycle(cycle: Cycle, factor: float) -> Cycle:
    """Return the cycle whose saves block so many times as long, but not less than until a flush before has ended."""
    besides_s, durable = cycle.length_s - cycle.write_s, cycle.durable
    least_s = cycle.flush_s / cycle.in_flight - besides_s
    if durable is not None:
        least_s = max(least_s, (durable.flush_s / durable.in_flight - durable.overhead_s) / durable.every - besides_s)
    return replace(cycle, write_s=max(cycle.write_s * factor, least_s + _ROUNDING_S))


def _price(scenario: Scenario) -> Input:
    """Price: the discount that is still open, or a fifth either way."""
    low, high = scenario.tariff.discount
    if low == high:
        return Input(name="price", low="x 0.8", high="x 1.25", move=Factor(0.8, 1.25, _dearer),
                     source="assumption: 90 % range of an amount that is known")  # fmt: skip
    return Input(name="price", low=f"{percent(high, '.0')} off", high=f"{percent(low, '.0')} off", move=_negotiated,
                 source="the scenario's own range of discounts")  # fmt: skip


def _dearer(point: Point, factor: float) -> Point:
    return point._replace(scenario=dearer(point.scenario, factor))


def _negotiated(point: Point, share: float) -> Point:
    tariff = point.scenario.tariff.settled(1.0 - share)
    return point._replace(scenario=replace(point.scenario, tariff=tariff))
