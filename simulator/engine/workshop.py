"""The spares of many replicas at once, and the machines in repair; `simulator.engine.shop` tells them one by one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.reliability import spares
from simulator.scenario.values import Scenario

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Spares and repairs of some replicas.

    Parameters
    ----------
    fit_s : array of shape (spares, replicas)
        When each spare is fit [s].
    held_s : array of shape (replicas,)
        When all the machines that the job waited for were fit [s].
    loses, random : bool array of shape (causes,)
        Whether a cause takes a machine, and whether its repair is exponential.
    mean_s : array of shape (causes,)
        Mean repair [s].
    """

    fit_s: FloatArray
    held_s: FloatArray
    loses: BoolArray
    mean_s: FloatArray
    random: BoolArray

    @classmethod
    def of(cls, scenario: Scenario, size: int) -> "Workshop":
        """Return the workshop of so many replicas before anything has failed."""
        causes = scenario.causes
        return cls(
            fit_s=np.zeros((scenario.recovery.spares or 0, size)),
            held_s=np.zeros(size),
            loses=np.array([cause.nodes_lost > 0 for cause in causes]),
            mean_s=np.array([cause.repair_s for cause in causes]),
            random=np.array([cause.repair_law == "exponential" for cause in causes]),
        )

    def part(self, who: IndexArray) -> "Workshop":
        """Return a copy for some of the replicas."""
        return Workshop(
            fit_s=self.fit_s[:, who], held_s=self.held_s[who], loses=self.loses, mean_s=self.mean_s, random=self.random
        )

    def put(self, who: IndexArray, part: "Workshop") -> None:
        """Take over how a copy of some of the replicas stands now."""
        self.fit_s[:, who] = part.fit_s
        self.held_s[who] = part.held_s

    def wait_s(self, known_s: FloatArray, hit: BoolArray, cause: IndexArray, unit: FloatArray) -> FloatArray:
        """Send lost machines to repair, and return how long the job waits for others [s]; zero where not hit."""
        repair_s = self.mean_s.take(cause) * np.where(self.random.take(cause), unit, 1.0)
        fit_s = spares.replace(self.fit_s, known_s + repair_s, hit & self.loses.take(cause))
        np.maximum(self.held_s, fit_s, out=self.held_s)
        return np.maximum(self.held_s - known_s, 0.0) * hit
