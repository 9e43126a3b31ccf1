"""Whom a log of outages watched and for how long: the exposure behind every rate, and the hazard by age."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise

from simulator.reliability.fitting import poisson_interval
from simulator.traces.joblog import TraceError
from simulator.traces.outages import Outage, OutageLog

DAY_S = 86400.0
_CALENDAR_S = 3e8  # before 1979-07: a log that counts from its own start
_LAST_S = 253402300800.0  # the year 10000
AGES_D = (0.0, 30.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 3840.0, math.inf)
"""Ages at which the hazard is told apart: each twice the one before [d]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Failures per 1000 node-days, with the exact 95 % Poisson interval of their count."""

    count: int
    per_1000_node_days: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeBin:
    """Failures of nodes between two ages [d]."""

    from_d: float
    to_d: float
    node_days: float
    rate: Rate


@dataclass(frozen=True, kw_only=True)
class Observation:
    """Nodes, and the time during which their failures were written down.

    Parameters
    ----------
    nodes : int
        Machines of the fleet.
    since_s, until_s : float
        First and last instant, in the clock of the log [s].
    service_s : mapping of str to (float, float or None)
        When single nodes entered and left service, where that is known [s].
    known : bool
        Whether the number of nodes is known, rather than the number of those that failed.
    """

    nodes: int
    since_s: float
    until_s: float
    service_s: Mapping[str, tuple[float, float | None]]
    known: bool = True

    @classmethod
    def of(
        cls, log: OutageLog, *, nodes: int | None = None, since_s: float | None = None, until_s: float | None = None
    ) -> "Observation":
        """Return what the log says of itself, with what the user knows better.

        Without a stated begin, nodes are watched from their entry into service or, where that is not known, from the
        first failure of the log; without an end, up to the last start.

        Raises
        ------
        TraceError
            If fewer nodes are stated than failed, or no failure lies in the window.
        """
        starts = [outage.start_s for outage in log.outages]
        failed = {outage.node for outage in log.outages}
        entered = [since for since, _ in log.service_s.values()]
        first = min([*entered, starts[0]]) if since_s is None else since_s
        last = starts[-1] if until_s is None else until_s
        if last < first or not any(first <= start <= last for start in starts):
            raise TraceError(f"no failure starts between {_when(first)} and {_when(last)}; those of the log start "
                             f"between {_when(starts[0])} and {_when(starts[-1])}")  # fmt: skip
        if last == first:
            raise TraceError("the log spans no time: say with --since and --until for how long the fleet was watched")
        size = nodes if nodes is not None else log.nodes
        if size is not None and size < len(failed):
            raise TraceError(f"{len(failed):,} different nodes fail in the log, more than the {size:,} of the fleet")
        return cls(nodes=size or len(failed), since_s=first, until_s=last, service_s=log.service_s,
                   known=size is not None)  # fmt: skip

    @cached_property
    def node_days(self) -> float:
        """Exposure of all nodes [d]."""
        listed = math.fsum(self.days(node) for node in self.service_s)
        return listed + (self.nodes - len(self.service_s)) * _length_s(self._usual_s) / DAY_S

    def days(self, node: str) -> float:
        """Exposure of one node [d]."""
        return _length_s(self.span_s(node)) / DAY_S

    def span_s(self, node: str) -> tuple[float, float]:
        """Return since when and until when a node was watched [s]."""
        return self._within(self.service_s[node]) if node in self.service_s else self._usual_s

    def never_failed(self, failed: set[str]) -> Sequence[float]:
        """Return for how long each node without a failure was watched [s]."""
        listed = [_length_s(self.span_s(node)) for node in self.service_s if node not in failed]
        others = self.nodes - len(set(self.service_s) | failed)
        return [*listed, *[_length_s(self._usual_s)] * max(others, 0)]

    @cached_property
    def _usual_s(self) -> tuple[float, float]:
        """Span of a node of which nothing is said: the commonest of the others, or the whole."""
        if not self.service_s:
            return self.since_s, self.until_s
        return self._within(Counter(self.service_s.values()).most_common(1)[0][0])

    def _within(self, service_s: tuple[float, float | None]) -> tuple[float, float]:
        since_s, until_s = service_s
        return max(since_s, self.since_s), self.until_s if until_s is None else min(until_s, self.until_s)


def rate(count: int, node_days: float) -> Rate:
    """Return a rate with its interval.

    Examples
    --------
    >>> found = rate(419, 54 * 2048)
    >>> round(found.per_1000_node_days, 2), round(found.low, 2), round(found.high, 2)
    (3.79, 3.43, 4.17)
    """
    low, high = poisson_interval(count)
    scale = 1000.0 / node_days if node_days > 0 else math.inf
    return Rate(count=count, per_1000_node_days=count * scale, low=low * scale, high=high * scale)


def hazard_by_age(outages: Sequence[Outage], observation: Observation) -> Sequence[AgeBin]:
    """Count failures and node-days by the age of the node since it entered service; empty bins are left out."""
    born = {node: observation.service_s[node][0] for node in observation.service_s}
    spans = [(observation.span_s(node), born[node]) for node in born]
    usual, rest = observation.span_s(""), observation.nodes - len(spans)
    ages = [(outage.start_s - born.get(outage.node, usual[0])) / DAY_S for outage in outages]
    found = []
    for low, high in pairwise(AGES_D):
        days = math.fsum(_overlap_d(span, at, low, high) for span, at in spans)
        days += rest * _overlap_d(usual, usual[0], low, high)
        count = sum(low <= age < high for age in ages)
        if days > 0:
            found.append(AgeBin(from_d=low, to_d=high, node_days=days, rate=rate(count, days)))
    return found


def _overlap_d(span_s: tuple[float, float], born_s: float, low_d: float, high_d: float) -> float:
    """Return for how many days of an observation a node is between two ages."""
    since_d, until_d = ((at_s - born_s) / DAY_S for at_s in span_s)
    return max(0.0, min(until_d, high_d) - max(since_d, low_d))


def _length_s(span_s: tuple[float, float]) -> float:
    return max(0.0, span_s[1] - span_s[0])


def _when(at_s: float) -> str:
    """Write an instant as a date and time, or as seconds in a log that counts from its own start.

    Examples
    --------
    >>> _when(1020674700), _when(5000)
    ('2002-05-06 08:45', '5000 s')
    """
    if not _CALENDAR_S <= at_s < _LAST_S:
        return f"{at_s:,.6g} s" if at_s >= 1e6 else f"{at_s:g} s"
    return datetime.fromtimestamp(at_s, UTC).isoformat(" ", "minutes").removesuffix("+00:00")
