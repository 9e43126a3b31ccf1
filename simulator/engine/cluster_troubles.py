"""What befalls the nodes of a cluster: failures, drains, windows, nodes that come and go; and spares that step in."""

from collections.abc import Generator, Iterable, Sequence
from math import inf
from typing import Any, Protocol

from simpy import Event

from simulator.engine.cluster_clock import STRIKES, Clock, Moment
from simulator.engine.cluster_rules import Outage
from simulator.engine.cluster_stops import Stops
from simulator.scheduling.state import ClusterState, PlacedState

SPARE = "spare"
MOST_IN_VAIN = 100_000  # outages of a cluster on which nothing runs, until it is taken to be stuck


class Struck(Protocol):
    """What befalls nodes acts on; `Operation` is one."""

    clock: Clock
    state: ClusterState
    stops: Stops

    @property
    def done(self) -> bool:
        """Whether all jobs have ended."""
        ...

    @property
    def stuck(self) -> bool:
        """Whether nothing runs and nothing will arrive."""
        ...

    def settle(self) -> None:
        """Run the pass of this instant."""
        ...


class Troubles:
    """Brings outages to an operation.

    A spare node is closed until a node fails; then it serves in its place, and the repaired node becomes a spare. A
    cluster without spare nodes left waits for the repair.

    Parameters
    ----------
    operation : Struck
        Of a cluster with nodes, if there are any outages.
    spares : sequence of int
        Nodes that are held back.
    """

    def __init__(self, operation: Struck, spares: Sequence[int] = ()) -> None:
        self._operation = operation
        self._spares = list(spares)
        self._replaced = self._missing = 0  # failed nodes in whose place a spare serves, and others
        for node in spares:
            self._state.lose(node, SPARE)

    @property
    def _state(self) -> PlacedState:
        state = self._operation.state
        assert isinstance(state, PlacedState), "outages strike nodes: give a PlacedState"
        return state

    def story(self, outages: Iterable[Outage]) -> Generator[Event, Any, None]:
        """Wait for each outage, and let it happen."""
        operation, in_vain = self._operation, 0
        for outage in outages:
            if outage.start_s + outage.duration_s < operation.clock.now:
                continue
            yield operation.clock.at(max(outage.start_s, operation.clock.now), priority=STRIKES)
            if operation.done:
                return
            in_vain = in_vain + 1 if operation.stuck else 0
            if in_vain > MOST_IN_VAIN:
                raise RuntimeError(
                    f"{in_vain:,} outages passed and none of the waiting jobs could start: the policy leaves them in "
                    "the queue of an idle cluster, or too few nodes are ever in service at once"
                )
            self._begin(outage)
            operation.settle()

    def _begin(self, outage: Outage) -> None:
        state, operation = self._state, self._operation
        end_s = outage.start_s + outage.duration_s
        served = not state.reasons(outage.node)
        if end_s > operation.clock.now:
            hit = state.lose(outage.node, outage.cause)
            if end_s < inf:
                operation.clock.at(end_s, self._repair, (outage, served))
            if served and _is_failure(outage):
                self._replace()
        else:
            hit = state.on(outage.node)
        for stay in () if outage.drained else hit:
            if outage.noticed:
                operation.stops.give_notice(stay, outage.cause)
            else:
                operation.stops.strike(stay, outage.cause, outage.detection_s)

    def _replace(self) -> None:
        ready = next((node for node in self._spares if self._state.reasons(node) == (SPARE,)), None)
        if ready is None:
            self._missing += 1
        else:
            self._replaced += 1
            self._spares.remove(ready)
            self._state.restore(ready, SPARE)

    def _repair(self, moment: Moment) -> None:
        if self._operation.done:
            return
        outage, served = moment.about
        if served and _is_failure(outage):
            if self._missing:
                self._missing -= 1
            elif self._replaced:
                self._replaced -= 1
                self._spares.append(outage.node)
                self._state.lose(outage.node, SPARE)
        self._state.restore(outage.node, outage.cause)
        self._operation.settle()


def _is_failure(outage: Outage) -> bool:
    return not (outage.drained or outage.noticed)
