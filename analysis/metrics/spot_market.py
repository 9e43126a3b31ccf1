"""What a log of spot capacity would have meant for gangs of several sizes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from simulator.reliability.fitting import FEWEST, Choice, choose
from simulator.reliability.spot import Capacity
from simulator.traces.availability import CapacityLog, UpRun


@dataclass(frozen=True, slots=True, kw_only=True)
class GangView:
    """One size of gang.

    Parameters
    ----------
    nodes : int
        That it needs at once.
    share : float
        Of the time in which it is fully up.
    times : int
        How often it comes up.
    mean_up_s, median_up_s, mean_away_s : float or None
        Lengths of the times up and of those between them; None where there are none [s].
    """

    nodes: int
    share: float
    times: int
    mean_up_s: float | None
    median_up_s: float | None
    mean_away_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketView:
    """Capacity, gangs, and the law of one node's time in the market, where the log names nodes."""

    markets: Sequence[str]
    node_hours: float
    length_s: float
    least: int
    most: int
    gangs: Sequence[GangView]
    runs: Choice | None

    @property
    def mean_nodes(self) -> float:
        """Nodes up on the mean."""
        return self.node_hours * 3600.0 / self.length_s if self.length_s > 0 else 0.0


def market_view(log: CapacityLog, gangs: Sequence[int] = ()) -> MarketView:
    """Look at a log with gangs of some sizes; by default powers of two up to the most nodes that were up."""
    capacity = log.capacity
    most = max(capacity.nodes)
    sizes = gangs or [2**power for power in range(most.bit_length())] or [1]
    return MarketView(
        markets=log.markets,
        node_hours=capacity.node_s / 3600.0,
        length_s=capacity.length_s,
        least=min(capacity.nodes),
        most=most,
        gangs=[gang_view(capacity, size) for size in sizes],
        runs=run_laws(log.runs),
    )


def gang_view(capacity: Capacity, nodes: int) -> GangView:
    """Look at one size of gang."""
    spans = capacity.spans_with(nodes)
    lengths_s = [span.length_s for span in spans]
    edges = [capacity.at_s[0], *(edge for span in spans for edge in span), capacity.until_s]
    away_s = [later - earlier for earlier, later in zip(edges[::2], edges[1::2], strict=True) if later > earlier]
    return GangView(
        nodes=nodes,
        share=capacity.share_with(nodes),
        times=len(spans),
        mean_up_s=_mean(lengths_s),
        median_up_s=median(lengths_s) if lengths_s else None,
        mean_away_s=_mean(away_s),
    )


def run_laws(runs: Sequence[UpRun]) -> Choice | None:
    """Choose a law for the time of one node in the market; those that are up at the end of the log are censored."""
    ended = [run.span.length_s for run in runs if run.ended and run.span.length_s > 0]
    if len(ended) < FEWEST or len(set(ended)) < 2:
        return None
    return choose(ended, [run.span.length_s for run in runs if not run.ended and run.span.length_s > 0])


def _mean(lengths_s: Sequence[float]) -> float | None:
    return math.fsum(lengths_s) / len(lengths_s) if lengths_s else None
