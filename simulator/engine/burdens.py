"""What burdens a run without stopping it: slow machines until they are found, replicas that are gone, corrupt work."""

from typing import Literal, NamedTuple

from simulator.reliability.causes import Cause
from simulator.reliability.elastic import replicas_left, shape
from simulator.scenario.values import Scenario, Stage


class Drag(NamedTuple):
    """A share of the time that is not worked, and what it is called."""

    share: float
    phase: str
    cause: str


class Burden(NamedTuple):
    """Something that burdens the run until an instant, or until the stage's clock is somewhere."""

    kind: Literal["slow", "replica", "shrunk", "corrupt"]
    cause: int
    until_s: float  # of the wall; of the stage's clock where work is corrupt
    replicas: int = 0  # that are gone
    since_s: float = 0.0  # on the stage's clock: when the corruption struck
    repair: float = 1.0  # unit exponential, scales the mean repair time of a slow machine


class Burdens:
    """What burdens a run now.

    Parameters
    ----------
    scenario : Scenario
        Its causes, and what it does when a machine is lost.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._causes = scenario.causes
        self._recovery = scenario.recovery
        self._per_node = scenario.accelerators_per_node
        self._now: list[Burden] = []

    def add(self, burden: Burden) -> None:
        """Note a burden."""
        self._now.append(burden)

    def lift(self, burden: Burden) -> None:
        """End a burden."""
        self._now.remove(burden)

    def clear_corrupt(self, clock_s: float | None = None) -> None:
        """Forget corruption that struck at or after a position of the clock, or all of it."""
        self._now = [
            each for each in self._now if each.kind != "corrupt" or (clock_s is not None and each.since_s < clock_s)
        ]

    def next(self, ready_s: float, from_s: float, pace: float) -> tuple[float, Burden] | None:
        """Return the burden that ends first, and when, in an attempt that works from `ready_s` on [s]."""
        ends = [
            (ready_s + (each.until_s - from_s) / pace if each.kind == "corrupt" else max(each.until_s, ready_s), each)
            for each in self._now
        ]
        return min(ends, key=lambda end: end[0], default=None)

    def drags(self, stage: Stage) -> tuple[Drag, ...]:
        """Return what slows the run: replicas that are gone, and the slowest of the slow machines."""
        found = []
        gone = [each for each in self._now if each.replicas]
        speed = self._speed(stage, sum(each.replicas for each in gone)) if gone else 1.0
        if speed < 1.0:
            found.append(Drag(1.0 - speed, "elastic_degraded", self._causes[gone[0].cause].name))
        slow = [self._causes[each.cause] for each in self._now if each.kind == "slow"]
        if slow:
            worst = max(slow, key=lambda cause: cause.slowdown)
            found.append(Drag(speed * worst.slowdown, "straggler_slowdown", worst.name))
        return tuple(found)

    def taken(self, stage: Stage, cause: Cause) -> int | None:
        """Return how many more replicas a cause takes; None where none would be left, or nothing would get done."""
        group, nodes = self._recovery.group, cause.nodes_lost
        if group is None or not nodes:
            return None
        whole = stage.accelerators // group
        gone = sum(each.replicas for each in self._now)
        left = replicas_left(whole - gone, group, self._per_node, nodes)
        return whole - gone - left if left > 0 else None

    def _speed(self, stage: Stage, gone: int) -> float:
        recovery = self._recovery
        assert recovery.group is not None
        whole = stage.accelerators // recovery.group
        return shape(
            whole, max(whole - gone, 1), group=recovery.group, batch=recovery.batch,
            micro_batches=recovery.micro_batches,
        ).speed  # fmt: skip
