"""How far the rate of a fleet that was watched from its first day is from that of the same machines at later age.

Machines whose hazard falls fail more often while they are new, so that failures over node-days of their youth are more
than the same machines will have later; a scenario takes the rate for that of machines of all ages (`equilibrium`). By
how much, the fitted law says: of a machine that is new it expects m(t) failures in a time t (the renewal equation, see
`simulator.reliability.ages`), and t / mean in the long run.

The law is the Weibull one, whatever fits best: beyond the ages that were seen every law is an extrapolation, and the
mean of a lognormal law that was fitted to the first tenth of its lives can be ten times too long.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.observation import DAY_S, Observation, Rate
from simulator.reliability.ages import renewal_function
from simulator.reliability.fitting import Choice
from simulator.reliability.laws import Weibull


class Youth(NamedTuple):
    """What the fitted law expects of machines that were new when they were first watched.

    Parameters
    ----------
    watched_s : float
        Longest that a machine was watched [s].
    shape : float
        Of the Weibull law.
    new, next, later : float
        Failures while they were watched, in as long again, and in as long at all ages.
    low, high : float
        Later over new, at the ends of the shape's 95 % interval.
    """

    watched_s: float
    shape: float
    new: float
    next: float
    later: float
    low: float
    high: float

    @property
    def factor(self) -> float:
        """By what the observed rate is to be multiplied for machines of all ages."""
        return self.later / self.new

    def __str__(self) -> str:
        """Say by how much the rate is off, why, and what to do."""
        way, off = ("falls", "many") if self.factor < 1.0 else ("rises", "few")
        return (
            f"The hazard {way} with age (Weibull shape {self.shape:.2g}). Of nodes that were new when first watched, "
            f"the law expects {self.new:.3g} failures in up to {self.watched_s / DAY_S:.3g} d, {self.next:.3g} in as "
            f"long again and {self.later:.3g} in as long at all ages. A scenario takes the rate for that of all ages "
            f"and has too {off} stops: multiply it by {self.factor:.2f} ({self.low:.2f} to {self.high:.2f}). If the "
            "nodes were not new, it stands."
        )


def youth(laws: Choice | None, observed: Rate, observation: Observation) -> Youth | None:
    """Compare youth and later age; None where the difference is within the doubt of the rate, or no law is known."""
    if laws is None or laws.shape_low <= 1.0 <= laws.shape_high:
        return None
    spans_s = np.array([span_s for span_s in observation.never_failed(set()) if span_s > 0])
    shape = laws.of("weibull").shape
    new, following, later = _failures(laws, shape, spans_s)
    if observed.low <= observed.per_1000_node_days * later / new <= observed.high:
        return None
    ends = [_failures(laws, end, spans_s) for end in (laws.shape_low, laws.shape_high)]
    low, high = sorted(all_ages / begun for begun, _, all_ages in ends)
    return Youth(float(spans_s.max()), shape, new, following, later, low, high)


def _failures(laws: Choice, shape: float, spans_s: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the failures of new machines in their spans, in as long again, and in as long at all ages."""
    law = Weibull(mean_s=laws.weibull_mean_s(shape), shape=shape)
    expected = renewal_function(law, 2.0 * float(spans_s.max()))
    at_s = np.linspace(0.0, 2.0 * float(spans_s.max()), expected.size)
    new = math.fsum(np.interp(spans_s, at_s, expected))
    return new, math.fsum(np.interp(2.0 * spans_s, at_s, expected)) - new, math.fsum(spans_s) / law.mean_s
