"""The life of one model, event by event: a process a stage, teams and pools as containers that are booked in order."""

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple

import simpy

from simulator.workload.stages import Plan


class Lived(NamedTuple):
    """When each stage began and ended [s], in booking order."""

    start_s: tuple[float, ...]
    finish_s: tuple[float, ...]


def simulate_life(plan: Plan, duration_s: Sequence[float]) -> Lived:
    """Let every stage happen once.

    Parameters
    ----------
    plan : Plan
        The graph, and the order in which teams and pools are booked.
    duration_s : sequence of float
        Length of each stage, in booking order [s].

    Examples
    --------
    >>> two = Plan(names=("a", "b"), after=((), ()), needs=({0: 2}, {0: 1}), sizes=(2,), resources=("team",))
    >>> simulate_life(two, [10.0, 5.0]).finish_s  # the team is busy with the first stage
    (10.0, 15.0)
    """
    env = simpy.Environment()
    pools = [simpy.Container(env, capacity=size, init=size) for size in plan.sizes]
    ended = [env.event() for _ in plan.names]
    lived: dict[int, tuple[float, float]] = {}

    def stage(number: int) -> Generator[simpy.Event, Any, None]:
        """Book people and machines, wait for them and for the stages before, work, and hand them back."""
        booked = [pools[pool].get(units) for pool, units in plan.needs[number].items()]
        yield env.all_of([*booked, *(ended[before] for before in plan.after[number])])
        start_s = env.now
        yield env.timeout(duration_s[number])
        for pool, units in plan.needs[number].items():
            pools[pool].put(units)
        lived[number] = (start_s, env.now)
        ended[number].succeed()

    for number in range(len(plan.names)):
        env.process(stage(number))
    env.run()
    times = [lived[number] for number in range(len(plan.names))]
    return Lived(tuple(start for start, _ in times), tuple(finish for _, finish in times))
