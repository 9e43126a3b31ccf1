"""The nodes of one run: which strikes next, what it takes out, and when its place is filled again.

A node works, stands by as a spare, is in repair, rests while a stage has fewer nodes, or is gone. Clocks run in exposed
time (`simulator.engine.clocks`), repairs in the time of the wall; `simulator.engine.simulate` says from when on the job
is exposed.
"""

from collections.abc import Iterator
from itertools import repeat
from typing import NamedTuple, TypeAlias

from simulator.engine.clocks import Clocks
from simulator.engine.shop import Lengths, RepairShop, uniforms
from simulator.engine.timeline import CHUNK, MOST_CHUNKS, Fault, UnfinishableError
from simulator.foundation.tuples import make
from simulator.reliability.causes import Cause
from simulator.reliability.fleet import Diagnosis, Fleet, Reserve
from simulator.reliability.hazard import Steps, exposure_s, instant_s
from simulator.scenario.values import Scenario, uses_luck

WORKS, WARM, COLD, PREEMPTIBLE, AWAY, RESTS, GONE = range(7)
SPARES = (WARM, COLD, PREEMPTIBLE)  # in the order in which they are taken


NONE_LEFT = (
    "the job waits for nodes, and none is left that could come, because the others were retired; hold more spares, "
    "retire later, or let new nodes come (retirement.replacement)"
)
MOST_STRIKES = MOST_CHUNKS * CHUNK


class Stop(NamedTuple):
    """A fault that stops the job."""

    at_s: float
    fault: Fault


Filled: TypeAlias = tuple[float, float]
"""Places that were filled: when all the nodes for them are fit, and how long putting them in place takes [s]."""


class Nodes:
    """The fleet of one run.

    Parameters
    ----------
    scenario : Scenario
        With a fleet.
    rules : Fleet
        The scenario's.
    replica : int
        Which faults to live through.
    """

    def __init__(self, scenario: Scenario, rules: Fleet, replica: int) -> None:
        self._causes, self._rules = scenario.causes, rules
        self._maturity = scenario.maturity
        self._always = scenario.recovery.exposure == "C"
        self._most = max((stage.nodes for stage in scenario.stages if not stage.gross), default=0)
        self.total = self._most + rules.spares
        self._reserves: dict[int, Reserve] = dict(zip(SPARES, (rules.warm, rules.cold, rules.preemptible), strict=True))
        self._place = [WORKS] * self.total
        self._spares: dict[int, dict[int, None]] = {kind: {} for kind in SPARES}  # nodes, in the order of coming
        first = self._most
        for kind in SPARES:
            for node in range(first, first := first + self._reserves[kind].nodes):
                self._place[node] = kind
                self._spares[kind][node] = None
        self._shelves = [(kind, reserve.nodes, self._spares[kind]) for kind, reserve in self._reserves.items()]
        self._luck = uniforms(scenario.seed, replica, "fleet-luck")
        self._swap_s = {kind: reserve.swap_s for kind, reserve in self._reserves.items()}
        self._kinds = uniforms(scenario.seed, replica, "fleet-kinds")
        self._multiples = list(self._first_multiples())
        self._shop = RepairShop(rules.shop, scenario.seed, replica)
        self._history_s: dict[int, list[float]] = {}
        self._runs = [kind == WORKS or (kind in SPARES and self._reserves[kind].fails) for kind in range(GONE + 1)]
        running = [node for node in range(self.total) if self._runs[self._place[node]]]
        self._clocks = Clocks(
            scenario.causes, job_nodes=self._most, nodes=self.total, multiples=self._multiples, running=running,
            seed=scenario.seed, replica=replica,
        )  # fmt: skip
        self._struck: list[int] = []  # nodes of the last strike that work
        self._culprit = 0  # of which this one is the cause
        self._reached = 0.0  # exposed time
        self._exposed_s = 0.0  # since when it has run on
        self._strikes = 0
        self._fates = uniforms(scenario.seed, replica, "fleet-saves") if uses_luck(scenario) else repeat(1.0)
        self._hands = uniforms(scenario.seed, replica, "by-hand")
        self._people = Lengths(scenario.seed, replica, "by-hand")
        self._differ = rules.lemons is not None or rules.shop.relapse != 1.0
        self._remembers = rules.retirement is not None or rules.selection == "history"
        self._selection = rules.selection
        self._surely = rules.diagnosis == Diagnosis()
        self._hot = any(reserve.fails for reserve in self._reserves.values())

    def _first_multiples(self) -> Iterator[float]:
        lemons = self._rules.lemons
        for _ in range(self.total):
            yield 1.0 if lemons is None or next(self._kinds) >= lemons.share else lemons.multiple

    # exposed time -------------------------------------------------------------------------------------------------

    def enter(self, nodes: int) -> None:
        """Begin a stage on so many nodes: some rest, or work again."""
        working = [node for node in range(self.total) if self._place[node] == WORKS]
        for node in working[nodes:]:
            self._move(node, RESTS)
        resting = (node for node in range(self.total) if self._place[node] == RESTS)
        for _, node in zip(range(nodes - len(working)), list(resting), strict=False):
            self._move(node, WORKS)

    def expose(self, from_s: float) -> None:
        """Let the clocks run from an instant on."""
        self._exposed_s = from_s

    def stop(self, before_s: float) -> Stop | None:
        """Return the next fault that stops the job before an instant; without one the clocks run until then."""
        clocks = self._clocks
        while True:
            due, at, unit = clocks.peek()
            left_s = max(due - self._reached, 0.0)
            at_s = self._exposed_s + left_s if self._maturity is None else self._instant_s(self._maturity, left_s)
            if self._hot and self._one_arrives(min(at_s, before_s)):
                continue  # its clocks run now, and may strike sooner
            if not at_s < before_s:
                self._reached += max(self._exposure_s(before_s), 0.0)
                return None
            if not clocks.groups[at].of_nodes:
                self._arrive(at_s)
            cause = clocks.strike()
            self._reached, self._exposed_s = due, at_s
            self._strikes += 1
            if self._hit(at, unit, cause, at_s):
                if self._strikes > MOST_STRIKES:
                    raise UnfinishableError
                return make(Stop, (at_s, make(Fault, (due, cause, 1.0, next(self._fates)))))

    def _instant_s(self, maturity: Steps, left_s: float) -> float:
        """Return when the clocks have run on by so much, where their pace changes [s]."""
        return instant_s(maturity, exposure_s(maturity, self._exposed_s) + left_s)

    def _exposure_s(self, at_s: float) -> float:
        """Return by how much the clocks have run on at an instant [s]."""
        if self._maturity is None:
            return at_s - self._exposed_s
        return exposure_s(self._maturity, at_s) - exposure_s(self._maturity, self._exposed_s)

    def _one_arrives(self, until_s: float) -> bool:
        """Let the next node that is mended by an instant stand by, where spares fail too; tell if there was one."""
        ready = self._shop.next_before(until_s)
        if ready is None:
            return False
        late_s = max(self._exposure_s(ready.at_s), 0.0)
        self._stand_by(ready.node, mended=ready.mended, now=self._reached + late_s)
        return True

    def _hit(self, at: int, unit: int, number: int, at_s: float) -> bool:
        """Find out what a strike hits, and tell whether the job is among it; spares that it hits go to repair."""
        group, cause = self._clocks.groups[at], self._causes[number]
        if group.of_nodes:
            self._culprit = node = unit // group.per_node
            if self._place[node] == WORKS:
                self._struck = [node]
                return True
            hit = range(node, node + 1)
        else:
            hit = range(unit * group.nodes, min((unit + 1) * group.nodes, self.total))
        self._struck = [node for node in hit if self._place[node] == WORKS]
        if cause.nodes_lost and len(self._struck) < len(hit):
            for node in hit:
                if self._place[node] in self._spares:
                    self._send(node, at_s, cause)
        self._culprit = hit[0]
        return bool(self._struck)

    # what is lost, and what comes ---------------------------------------------------------------------------------

    def replace(self, number: int, known_s: float) -> Filled | None:
        """Take out what the last strike hit, and fill the places.

        Parameters
        ----------
        number : int
            Index of its cause.
        known_s : float
            When the stop is known [s].

        Returns
        -------
        Filled or None
            None if no node was taken out.

        Raises
        ------
        UnfinishableError
            If no node can ever come.
        """
        cause = self._causes[number]
        if not cause.nodes_lost:
            return None
        lost = self._found(cause)
        if not lost:
            return None
        if self._rules.ample:
            for node in lost:
                self._clocks.quicken(node, self._mended_multiple(node, mended=self._mends()), self._reached)
            return known_s, self._reserves[COLD].swap_s
        self._arrive(known_s)
        for node in lost:
            self._send(node, known_s, cause)
        return self._fill(len(lost), known_s)

    def by_hand_s(self) -> float:
        """Return how long people take to restart the job after a stop; zero where it restarts by itself [s]."""
        people = self._rules.by_hand
        if people is None or next(self._hands) >= people.share:
            return 0.0
        return self._people.next_s(people.time.mean_s or 0.0, people.time.law, people.time.shape)

    def _found(self, cause: Cause) -> list[int]:
        """Return the nodes that are taken out: those that were hit, or others, or none."""
        lost = self._struck
        if self._surely and cause.nodes_lost == 1:
            return lost
        rules = self._rules.diagnosis
        if cause.nodes_lost > len(lost) and cause.domain == "host":
            lost = self._neighbours(lost[0], cause.nodes_lost)
        if len(lost) > 1 or (rules.misses == 0 and rules.blames_wrong == 0):
            return lost
        if next(self._luck) < rules.misses:
            self._clocks.quicken(self._culprit, self._mended_multiple(self._culprit, mended=False), self._reached)
            return []
        if next(self._luck) < rules.blames_wrong:
            self._clocks.quicken(self._culprit, self._mended_multiple(self._culprit, mended=False), self._reached)
            return [self._innocent()]
        return lost

    def _neighbours(self, first: int, count: int) -> list[int]:
        """Return working nodes from one on, around the end if need be."""
        around = (*range(first, self.total), *range(first))
        return [node for node in around if self._place[node] == WORKS][:count]

    def _innocent(self) -> int:
        """Return another working node at random; the culprit itself where it works alone."""
        for _ in range(1000):
            node = int(next(self._luck) * self.total)
            if self._place[node] == WORKS and node != self._culprit:
                return node
        return self._culprit

    def _send(self, node: int, at_s: float, cause: Cause) -> None:
        """Send a node to repair, or give it up."""
        if self._place[node] == WORKS:
            self._place[node] = AWAY
            self._clocks.rest(node, self._reached)
        else:
            self._move(node, AWAY)
        retirement = self._rules.retirement
        if not self._remembers:
            return self._shop.admit(node, at_s, cause)
        history_s = self._history_s.setdefault(node, [])
        history_s.append(at_s)
        if retirement is None or retirement.score(history_s, at_s) < retirement.failures:
            return self._shop.admit(node, at_s, cause)
        if retirement.replacement_s is None:
            self._place[node] = GONE
            return None
        history_s.clear()
        self._clocks.renew(node)
        self._clocks.quicken(node, next(self._first_multiples()), self._reached)
        return self._shop.await_new(node, at_s + retirement.replacement_s, cause)

    def _arrive(self, until_s: float) -> None:
        """Let those that are mended by an instant stand by."""
        while (ready := self._shop.next_before(until_s)) is not None:
            _, node, mended = ready
            self._stand_by(node, mended=mended)

    def _stand_by(self, node: int, *, mended: bool, now: float | None = None) -> int:
        """Put a node that comes from repair among the spares, and return among which; its clocks may run from then."""
        if self._differ:
            self._clocks.quicken(node, self._mended_multiple(node, mended=mended), self._reached)
        kind, spares = COLD, self._spares[COLD]
        for shelf in self._shelves:
            kind, most, spares = shelf
            if len(spares) < most:
                break
        spares[node] = None
        self._move(node, kind, now=now)
        return kind

    def _at_hand(self) -> int | None:
        """Return the kind of spares of which the next is taken."""
        for kind, nodes in self._spares.items():
            if nodes:
                return kind
        return None

    def _mended_multiple(self, node: int, *, mended: bool) -> float:
        if mended:
            return 1.0
        return max(self._multiples[node], self._rules.shop.relapse)

    def _mends(self) -> bool:
        mends = self._rules.shop.manual.mends
        return mends >= 1.0 or next(self._luck) < mends

    def _fill(self, count: int, known_s: float) -> Filled:
        """Take spares, or wait for nodes from repair."""
        fit_s, swap_s, selects = known_s, 0.0, False
        for _ in range(count):
            kind = self._at_hand()
            if kind is None:
                ready = self._shop.next()
                if ready is None:
                    raise UnfinishableError(NONE_LEFT)
                fit_s = max(fit_s, ready.at_s)
                kind = self._stand_by(ready.node, mended=ready.mended)
            node = self._selected(kind)
            swap_s, selects = max(swap_s, self._swap_s[kind]), selects or kind != WARM
            late_s = max(self._exposure_s(fit_s), 0.0) if self._always else 0.0
            self._move(node, WORKS, now=self._reached + late_s)
        if selects:
            if self._rules.warm.nodes:
                self._warm_up()
            swap_s += self._rules.host_selection_s
        return fit_s, swap_s

    def _selected(self, kind: int) -> int:
        """Take one of the spares of a kind."""
        nodes, rule = self._spares[kind], self._selection
        if rule == "first":
            return next(iter(nodes))
        if rule == "history":
            return min(nodes, key=lambda each: len(self._history_s.get(each, ())))
        return list(nodes)[int(next(self._luck) * len(nodes))]

    def _warm_up(self) -> None:
        """Fill the warm places from the cold ones: hosts are selected anew."""
        while self._spares[COLD] and len(self._spares[WARM]) < self._reserves[WARM].nodes:
            node = self._selected(COLD)
            self._move(node, WARM)
            self._spares[WARM][node] = None

    def _move(self, node: int, kind: int, *, now: float | None = None) -> None:
        """Put a node elsewhere; its clocks stop, or run on from an exposed time that may be yet to come."""
        place, runs = self._place, self._runs
        before = place[node]
        if before == kind:
            return
        if before in self._spares:
            del self._spares[before][node]
        place[node] = kind
        if runs[kind] == runs[before]:
            return
        if runs[kind]:
            self._clocks.resume(node, self._reached if now is None else now)
        else:
            self._clocks.rest(node, self._reached)
