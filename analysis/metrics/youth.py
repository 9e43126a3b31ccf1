"""How far the rate of a fleet that was watched from its first day is from that of the same machines at later age.

Machines whose hazard falls fail more often while they are new, so that failures over node-days of their youth are more
than the same machines will have later; a scenario takes the rate for that of machines of all ages (`equilibrium`). By
how much, the fitted law says: of a machine that is new it expects m(t) failures in a time t (the renewal equation, see
`simulator.reliability.ages`), and t / mean in the long run.

The law is the Weibull one, whatever fits best. Where its mean life is many times the time of the watch, only what it
expects in as long again is told: a mean so far beyond what was seen is a matter of the law's form. A hazard that falls
after each failure can also come from nodes that are not alike; then the rate does not fall with the years. So it is
told beside the law how many of the failures were seen in the first half of the time.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.observation import DAY_S, Observation, Rate
from simulator.reliability.ages import renewal_function
from simulator.reliability.fitting import Choice
from simulator.reliability.laws import Weibull
from simulator.traces.outages import Outage

FARTHEST: Final = 10.0  # times the longest watch, beyond which a mean life is not taken from it


class Youth(NamedTuple):
    """What the fitted law expects of machines that were new when they were first watched.

    Parameters
    ----------
    watched_s : float
        Longest that a machine was watched [s].
    shape : float
        Of the Weibull law.
    new, next : float
        Failures while they were watched, and in as long again.
    later : float or None
        Failures in as long at all ages; None where the law's mean life is too far beyond the watch.
    low, high : float or None
        Later over new, at the ends of the shape's 95 % interval.
    early, seen_early : float
        Share of the failures in the first half of each machine's time: by the law, and seen, 0 to 1.
    """

    watched_s: float
    shape: float
    new: float
    next: float
    later: float | None
    low: float | None
    high: float | None
    early: float
    seen_early: float

    @property
    def factor(self) -> float | None:
        """By what the observed rate is to be multiplied for machines of all ages."""
        return None if self.later is None else self.later / self.new

    def __str__(self) -> str:
        """Say by how much the rate is off, why, and what to do."""
        way, off = ("falls", "many") if self.next < self.new else ("rises", "few")
        expects = (
            f"The hazard {way} with age (Weibull shape {self.shape:.2g}). Of nodes that were new when first watched, "
            f"the law expects {_count(self.new)} failures in up to {self.watched_s / DAY_S:,.0f} d, "
            f"{_percent(self.early)} of them in the first half of it (seen: {_percent(self.seen_early)}; at a steady "
            f"rate 50 %), and {_count(self.next)} in as long again"
        )
        if self.later is None:
            return f"{expects}; so short a watch cannot say how many at all ages."
        return (
            f"{expects}; {_count(self.later)} in as long at all ages. A scenario takes the rate for that of all ages "
            f"and has too {off} stops: multiply it by {self.factor:.2f} ({self.low:.2f} to {self.high:.2f}). If the "
            "nodes were not new, it stands."
        )


def youth(laws: Choice | None, observed: Rate, observation: Observation, outages: Sequence[Outage]) -> Youth | None:
    """Compare youth and later age; None where the difference is within the doubt of the rate, or no law is known.

    Parameters
    ----------
    laws, outages
        Uptimes of the machines that are alike, and the outages that they end with.
    observed : Rate
        Whose doubt counts.
    """
    if laws is None or laws.shape_low <= 1.0 <= laws.shape_high:
        return None
    spans_s = np.array([span_s for span_s in observation.never_failed(set()) if span_s > 0])
    longest_s, shape = float(spans_s.max()), laws.of("weibull").shape
    half, new, twice, later = _failures(laws, shape, spans_s)
    if observed.low <= observed.per_1000_node_days * later / new <= observed.high:
        return None
    found = Youth(longest_s, shape, new, twice - new, None, None, None, half / new, _early(outages, observation))
    if laws.weibull_mean_s(shape) > FARTHEST * longest_s:
        return found
    ends = [_failures(laws, end, spans_s) for end in (laws.shape_low, laws.shape_high)]
    low, high = sorted(all_ages / begun for _, begun, _, all_ages in ends)
    return found._replace(later=later, low=low, high=high)


def _failures(laws: Choice, shape: float, spans_s: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return the failures of new machines in half of their spans, in these and in twice as long; those at all ages."""
    law, end_s = Weibull(mean_s=laws.weibull_mean_s(shape), shape=shape), 2.0 * float(spans_s.max())
    expected = renewal_function(law, end_s)
    at_s = np.linspace(0.0, end_s, expected.size)
    half, new, twice = (math.fsum(np.interp(times * spans_s, at_s, expected)) for times in (0.5, 1.0, 2.0))
    return half, new, twice, math.fsum(spans_s) / law.mean_s


def _early(outages: Sequence[Outage], observation: Observation) -> float:
    """Return the share of outages that start in the first half of their machine's span."""
    spans_s = [observation.span_s(outage.node) for outage in outages]
    return sum(2.0 * outage.start_s < sum(span) for outage, span in zip(outages, spans_s, strict=True)) / len(outages)


def _count(failures: float) -> str:
    return f"{failures:,.0f}" if failures >= 100 else f"{failures:.3g}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
