"""What a log of outages says about the machines: rates, laws, lemons, repairs, ages and common causes.

Definitions, which reproduce the published figures of the Los Alamos systems:

- The *mean time between failures* of the fleet is the mean gap between consecutive starts, gaps of zero included: the
  span from the first to the last start over one less than the failures.
- Laws of gaps are fitted to the gaps above zero: failures that start in one instant are one event that struck several
  nodes, and are counted as bursts.
- An outage without an end, in a log that has ends, is *still open* if every such outage is the last of its node: it is
  out until the observation ends. Where a node failed again after one, ends are missing from the log, and none is open.
- *Node uptimes* run from the end of an outage (its start, where no end is known) to the next start; the last one of a
  node is censored by the end of the observation. A node counts as new when it enters service, or when the observation
  begins where the log does not say.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from analysis.metrics.observation import AgeBin, Observation, Rate, hazard_by_age, rate
from analysis.metrics.youth import Youth, youth
from simulator.reliability.fitting import FEWEST, Choice, choose
from simulator.traces.outages import Outage, OutageLog

MINUTE_S = 60.0
LEMON_MULTIPLE = 5.0
LEMON_CHANCE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Lemon:
    """A node that fails far more often than the others.

    Parameters
    ----------
    node : str
        Its name.
    failures : int
        Of this node.
    multiple : float
        Its rate over the mean rate of the nodes that are no lemons.
    chance : float
        Probability that one of all the nodes has so many failures if all are alike (Poisson, Bonferroni).
    """

    node: str
    failures: int
    multiple: float
    chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bursts:
    """Minutes in which several nodes failed.

    Parameters
    ----------
    count, failures, largest : int
        Such minutes, failures in them, and nodes in the largest.
    by_chance : float
        Such minutes that independent failures of this rate would make.
    """

    count: int
    failures: int
    largest: int
    by_chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Repairs:
    """Time from failure to service [s].

    Instants (outages of no length, unless all are) and outages whose end is missing from the log are left out and
    counted; one that is still open is censored by the end of the observation. Where some are open, mean and median are
    those of the fitted law, because the ends that were seen are the early ones; of the exponential law where the times
    are too few to choose one.
    """

    mean_s: float
    median_s: float
    instants: int
    missing: int
    open: int
    laws: Choice | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseStudy:
    """One cause of the log; `youth` where its rate is not that of later ages."""

    name: str
    rate: Rate
    uptimes: Choice | None
    repairs: Repairs | None
    youth: Youth | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageStudy:
    """Everything that a log of outages says.

    Parameters
    ----------
    observation : Observation
        Whom and when.
    failed_nodes : int
        Nodes with at least one failure.
    rate : Rate
        Of all failures.
    mtbf_s : float or None
        Mean gap between starts in the fleet; None with a single failure [s].
    gaps : Choice or None
        Laws of the gaps in the fleet; None with too few of them.
    uptimes : Choice or None
        Laws of the uptimes of one node, lemons left out.
    repairs : Repairs or None
        None where the log has no ends.
    lemons : sequence of Lemon
        The worst first.
    bursts : Bursts
        Correlated starts.
    ages : sequence of AgeBin
        Hazard by age in service.
    causes : sequence of CauseStudy
        The commonest first; one entry where the log states none.
    """

    observation: Observation
    failed_nodes: int
    rate: Rate
    mtbf_s: float | None
    gaps: Choice | None
    uptimes: Choice | None
    repairs: Repairs | None
    lemons: Sequence[Lemon]
    bursts: Bursts
    ages: Sequence[AgeBin]
    causes: Sequence[CauseStudy]


def word(text: str) -> str:
    """Return a name as the catalogue has them.

    Examples
    --------
    >>> word("Human Error"), word("not stated"), word("GPU/ECC (2-bit)")
    ('human_error', 'not_stated', 'gpu_ecc_2_bit')
    """
    return re.sub(r"\W+", "_", text.strip().lower()).strip("_") or "unnamed"


def study(log: OutageLog, observation: Observation) -> OutageStudy:
    """Study the outages that start within an observation."""
    found = [outage for outage in log.outages if observation.since_s <= outage.start_s <= observation.until_s]
    by_cause = _by_cause(found)
    lemons = find_lemons(found, observation)
    apart = {lemon.node for lemon in lemons}
    open_ = still_open(log.outages)
    return OutageStudy(
        observation=observation,
        failed_nodes=len({outage.node for outage in found}),
        rate=rate(len(found), observation.node_days),
        mtbf_s=_mean_gap_s(found),
        gaps=_gap_laws(found, observation),
        uptimes=_uptime_laws(found, observation, apart, open_),
        repairs=_repairs(found, observation, open_),
        lemons=lemons,
        bursts=_bursts(found, observation),
        ages=hazard_by_age(found, observation),
        causes=[
            _cause(name, outages, observation, apart, open_)
            for name, outages in sorted(by_cause.items(), key=lambda item: (-len(item[1]), item[0]))
        ],
    )


def _by_cause(outages: Sequence[Outage]) -> Mapping[str, Sequence[Outage]]:
    """Return the outages of each cause; words of one catalogue name are one cause, as it is spelt most often."""
    alike: dict[str, list[Outage]] = defaultdict(list)
    for outage in outages:
        alike[word(outage.cause)].append(outage)
    return {Counter(each.cause for each in every).most_common(1)[0][0]: every for every in alike.values()}


def _cause(
    name: str, outages: Sequence[Outage], observation: Observation, apart: set[str], open_: frozenset[Outage]
) -> CauseStudy:
    counted = rate(len(outages), observation.node_days)
    uptimes = _uptime_laws(outages, observation, apart, open_)
    alike = [outage for outage in outages if outage.node not in apart]
    return CauseStudy(name=name, rate=counted, uptimes=uptimes, repairs=_repairs(outages, observation, open_),
                      youth=youth(uptimes, counted, observation, alike))  # fmt: skip


def find_lemons(outages: Sequence[Outage], observation: Observation) -> Sequence[Lemon]:
    """Name the nodes that fail at least five times as often as the rest, and not by chance.

    The rate of the rest is found again without the lemons of the round before, until no further node is named.
    """
    from scipy.stats import poisson

    counts = Counter(outage.node for outage in outages)
    named: Mapping[str, Lemon] = {}
    while True:
        days = observation.node_days - math.fsum(observation.days(node) for node in named)
        usual = sum(count for node, count in counts.items() if node not in named) / days if days > 0 else 0.0
        found = {}
        for node, count in counts.items():
            expected = usual * observation.days(node)
            chance = min(1.0, observation.nodes * float(poisson.sf(count - 1, expected))) if expected > 0 else 1.0
            if expected > 0 and count >= LEMON_MULTIPLE * expected and chance < LEMON_CHANCE:
                found[node] = Lemon(node=node, failures=count, multiple=count / expected, chance=chance)
        if set(found) <= set(named):
            return sorted(found.values(), key=lambda lemon: (-lemon.failures, lemon.node))
        named = found


def still_open(outages: Sequence[Outage]) -> frozenset[Outage]:
    """Return the outages that have not ended when the log does, by the rule above.

    Examples
    --------
    >>> first, last = Outage("a", 0.0, 9.0, ""), Outage("a", 20.0, None, "")
    >>> len(still_open([first, last])), len(still_open([first, last, Outage("a", 30.0, 40.0, "")]))
    (1, 0)
    """
    last = {outage.node: outage for outage in outages}
    endless = {outage for outage in outages if outage.end_s is None}
    told = len(endless) < len(outages)
    return frozenset(endless) if told and endless <= set(last.values()) else frozenset()


def _mean_gap_s(outages: Sequence[Outage]) -> float | None:
    if len(outages) < 2 or outages[-1].start_s == outages[0].start_s:
        return None
    return (outages[-1].start_s - outages[0].start_s) / (len(outages) - 1)


def _laws(observed_s: Sequence[float], censored_s: Sequence[float]) -> Choice | None:
    """Choose a law, or None where the times are too few or all alike."""
    if len(observed_s) < FEWEST or len(set(observed_s)) < 2:
        return None
    return choose(observed_s, censored_s)


def _gap_laws(outages: Sequence[Outage], observation: Observation) -> Choice | None:
    gaps_s = [later.start_s - earlier.start_s for earlier, later in pairwise(outages)]
    last_s = observation.until_s - outages[-1].start_s if outages else 0.0
    return _laws([gap_s for gap_s in gaps_s if gap_s > 0], [last_s] if last_s > 0 else [])


def _uptime_laws(
    outages: Sequence[Outage], observation: Observation, apart: set[str], open_: frozenset[Outage]
) -> Choice | None:
    """Fit the uptimes of all nodes but some, those that never failed included."""
    by_node: dict[str, list[Outage]] = defaultdict(list)
    for outage in outages:
        if outage.node not in apart:
            by_node[outage.node].append(outage)
    observed_s, censored_s = [], []
    for node, its in by_node.items():
        up_s, until_s = observation.span_s(node)
        for outage in its:
            if outage.start_s > up_s:
                observed_s.append(outage.start_s - up_s)
            back_s = outage.start_s if outage.end_s is None else outage.end_s
            up_s = until_s if outage in open_ else max(up_s, back_s)
        if until_s > up_s:
            censored_s.append(until_s - up_s)
    never = observation.never_failed(set(by_node) | apart)
    return _laws(observed_s, [*censored_s, *(length_s for length_s in never if length_s > 0)])


def _repairs(outages: Sequence[Outage], observation: Observation, open_: frozenset[Outage]) -> Repairs | None:
    """Study the repairs; one that is still open is censored by the end of the observation."""
    lengths_s = sorted(outage.end_s - outage.start_s for outage in outages if outage.end_s is not None)
    if not lengths_s:
        return None
    open_s = [observation.until_s - outage.start_s for outage in outages if outage in open_]
    positive = [length_s for length_s in lengths_s if length_s > 0]
    laws = _laws(positive, [length_s for length_s in open_s if length_s > 0])
    mean_s, median_s = _middle_s(positive or lengths_s, open_s, laws)
    return Repairs(
        mean_s=mean_s,
        median_s=median_s,
        instants=len(lengths_s) - len(positive),
        missing=len(outages) - len(lengths_s) - len(open_s),
        open=len(open_s),
        laws=laws,
    )


def _middle_s(ended_s: Sequence[float], open_s: Sequence[float], laws: Choice | None) -> tuple[float, float]:
    """Return mean and median of times, of which some are only known to be longer [s]."""
    if open_s and laws is not None:
        return laws.best.mean_s, laws.best.median_s
    mean_s = math.fsum([*ended_s, *open_s]) / len(ended_s)
    return mean_s, math.log(2.0) * mean_s if open_s else median(ended_s)


def _bursts(outages: Sequence[Outage], observation: Observation) -> Bursts:
    nodes: dict[float, set[str]] = defaultdict(set)
    for outage in outages:
        nodes[outage.start_s // MINUTE_S].add(outage.node)
    sizes = [len(names) for names in nodes.values() if len(names) > 1]
    minutes = max((observation.until_s - observation.since_s) / MINUTE_S, 1.0)
    mean = len(outages) / minutes
    return Bursts(
        count=len(sizes),
        failures=sum(sizes),
        largest=max(sizes, default=0),
        by_chance=minutes * (-math.expm1(-mean) - mean * math.exp(-mean)),
    )
