"""How long to work between two saves: the interval policies.

All policies see the work of the stage, the cost of one save and the mean time between stops of the whole job, and say
how much useful work comes before the next save. An infinite mean time means that nothing strikes: then only `Periodic`
saves.
"""

import math
from dataclasses import dataclass
from typing import Final, Protocol

from simulator.foundation.registry import Registry


class CheckpointPolicy(Protocol):
    """Chooses the useful time between saves."""

    def interval_s(self, *, work_s: float, cost_s: float, mtbf_s: float) -> float:
        """Return the useful time between saves [s], larger than 0 and at most `work_s`.

        Parameters
        ----------
        work_s : float
            Useful time of the stage [s].
        cost_s : float
            What one save costs the job: the blocking part and the drag of the flush [s].
        mtbf_s : float
            Mean time between stops of the job [s], may be infinite.
        """
        ...


POLICIES: Final = Registry[type[CheckpointPolicy]]("checkpoint policy", group="flopcast.checkpoint_policies")


@POLICIES.register("none")
class Never:
    """Save nothing: each stop throws the whole stage away.

    Examples
    --------
    >>> Never().interval_s(work_s=100.0, cost_s=1.0, mtbf_s=50.0)
    100.0
    """

    def interval_s(self, *, work_s: float, cost_s: float, mtbf_s: float) -> float:  # noqa: ARG002 - one signature for all
        """Return the whole stage."""
        return work_s


@POLICIES.register("periodic")
@dataclass(frozen=True, slots=True, kw_only=True)
class Periodic:
    """Save at a stated interval.

    Examples
    --------
    >>> Periodic(every_s=30.0).interval_s(work_s=100.0, cost_s=1.0, mtbf_s=50.0)
    30.0
    """

    every_s: float

    def interval_s(self, *, work_s: float, cost_s: float, mtbf_s: float) -> float:  # noqa: ARG002 - one signature for all
        """Return the stated interval, or the stage if that is shorter."""
        return min(self.every_s, work_s)


@POLICIES.register("young")
class Young:
    """First-order optimum (Young 1974): sqrt(2 C M).

    Examples
    --------
    >>> print(f"{Young().interval_s(work_s=1e9, cost_s=300, mtbf_s=1.8 * 3600) / 60:.3f} min")
    32.863 min
    """

    def interval_s(self, *, work_s: float, cost_s: float, mtbf_s: float) -> float:
        """Return Young's interval, at most the stage."""
        return min(math.sqrt(2.0 * cost_s * mtbf_s), work_s) if mtbf_s < math.inf else work_s


@POLICIES.register("daly")
class Daly:
    """Higher-order optimum (Daly 2006, eq. 37): sqrt(2CM) [1 + sqrt(C/2M)/3 + (C/2M)/9] - C while C < 2M, else M.

    Examples
    --------
    >>> print(f"{Daly().interval_s(work_s=1e9, cost_s=300, mtbf_s=1.8 * 3600) / 60:.3f} min")
    29.615 min
    """

    def interval_s(self, *, work_s: float, cost_s: float, mtbf_s: float) -> float:
        """Return Daly's interval, at most the stage."""
        if mtbf_s == math.inf:
            return work_s
        if cost_s >= 2.0 * mtbf_s:
            return min(mtbf_s, work_s)
        half = cost_s / (2.0 * mtbf_s)
        best_s = math.sqrt(2.0 * cost_s * mtbf_s) * (1.0 + math.sqrt(half) / 3.0 + half / 9.0) - cost_s
        return min(best_s, work_s)


@POLICIES.register("optimal")
class Optimal:
    """Exact optimum for exponential stops: M (1 + W0(-exp(-1 - C/M))), whatever the downtime and the recovery.

    Examples
    --------
    >>> print(f"{Optimal().interval_s(work_s=1e9, cost_s=300, mtbf_s=1.8 * 3600) / 60:.3f} min")
    29.618 min
    """

    def interval_s(self, *, work_s: float, cost_s: float, mtbf_s: float) -> float:
        """Return the exact optimum, at most the stage."""
        if mtbf_s == math.inf:
            return work_s
        from scipy.special import lambertw

        root = float(lambertw(-math.exp(-1.0 - cost_s / mtbf_s)).real)
        return min(mtbf_s * (1.0 + root), work_s)


@POLICIES.register("per-iteration")
@dataclass(frozen=True, slots=True, kw_only=True)
class PerIteration:
    """Save after each step, as the in-memory schemes do.

    Examples
    --------
    >>> PerIteration(step_s=12.0).interval_s(work_s=100.0, cost_s=1.0, mtbf_s=50.0)
    12.0
    """

    step_s: float

    def interval_s(self, *, work_s: float, cost_s: float, mtbf_s: float) -> float:  # noqa: ARG002 - one signature for all
        """Return the time of a step, or the stage if that is shorter."""
        return min(self.step_s, work_s)


def policy(name: str, *, every_s: float | None = None, step_s: float | None = None) -> CheckpointPolicy:
    """Make a policy by name, with the interval or the time of a step for those that take one [s].

    Raises
    ------
    KeyError
        If there is no such policy; the message lists them.
    ValueError
        If the periodic policy has no interval, or the one that saves each step no step.

    Examples
    --------
    >>> policy("periodic", every_s=60.0)
    Periodic(every_s=60.0)
    """
    kind = POLICIES[name]
    if kind is PerIteration:
        if step_s is None:
            raise ValueError("policy 'per-iteration' needs step_s, the time of a step")
        return PerIteration(step_s=step_s)
    if kind is not Periodic:
        return kind()
    if every_s is None:
        raise ValueError("policy 'periodic' needs every_s, the time between saves")
    return Periodic(every_s=every_s)
