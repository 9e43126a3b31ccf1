"""What could move the answer, and what it would be worth to move it: swings of its inputs, and levers."""

import math
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from analysis.study.sensitivity import Runner, Tornado, tornado
from analysis.study.sites import site
from analysis.study.uncertain import Model, standing
from analysis.study.worth import Worth, worth
from simulator.engine.run import why_slow
from simulator.scenario.api import resolved_toml
from simulator.scenario.load import Loaded
from simulator.scenario.merge import Place
from simulator.scenario.values import Scenario, rate_per_s

FEWEST, REPLICAS = 20, 100  # of each end of a range and of each lever
STOPS = 20_000  # that one point lives through at most: runs that stop often are told by fewer replicas


class Doubts(NamedTuple):
    """Swings of the inputs that hardly any plan knows, and levers; both empty, with the reason, where runs are slow."""

    swings: Tornado | None
    levers: Sequence[Worth]
    left_out: str


def doubts(scenario: Scenario) -> Doubts:
    """Move each standing input to its ends, and pull each lever.

    Left out where a point takes seconds, as some twenty are needed.
    """
    if (why := why_slow(scenario)) is not None:
        later = "flopcast sensitivity and flopcast solve --marginal take the time"
        return Doubts(None, (), f"Left out: {why}, at every one of some twenty points; {later}.")
    loaded = written(scenario, points(scenario))
    swings = tornado(Model(loaded, standing(scenario)), Runner(site("local:1"), points(scenario)))
    return Doubts(swings, worth(loaded), "")


def points(scenario: Scenario) -> int:
    """Return how many replicas tell a point: the same ones at each, so that few are enough where each stops often.

    Examples
    --------
    >>> from simulator.scenario.api import scenario
    >>> points(scenario("llama-65b")), points(scenario("llama3-405b")) < 40
    (100, True)
    """
    stops = math.fsum(rate_per_s(scenario, stage) * stage.work_s for stage in scenario.stages)
    return min(scenario.replicas, REPLICAS, max(FEWEST, int(STOPS / max(stops, 1.0))))


def written(scenario: Scenario, replicas: int) -> Loaded:
    """Return a scenario as text that can be changed and resolved again."""
    here = Place(file="report", line=None, folder=Path.cwd())
    document = tomllib.loads(resolved_toml(scenario))
    loaded = Loaded(name=scenario.name, document=document, places={(): here}, sweep={})
    return loaded.changed(("run", "replicas"), replicas, here)
