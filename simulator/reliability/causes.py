"""What stops a run: one value for each cause, with its rate, how it is noticed and what it takes out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from simulator.reliability.ages import Age
from simulator.reliability.fleet import Domain, RepairLaw
from simulator.reliability.law import FailureLaw

Kind = Literal["fail_stop", "hang", "slow", "silent", "planned", "loss_spike"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause of stops.

    Parameters
    ----------
    name : str
        Key in the failure catalogue, such as ``gpu_hbm3``.
    rate_per_node_s : float
        Stops of the job per node and second of exposure, in the long run [1/s].
    kind : str
        How the cause shows itself; it sets the detection latency where the scenario states none.
    detection_s : float
        From the fault to the moment when the job is known to be down [s]. Of a silent cause: how long the job has
        worked on when the corruption is noticed; all that time is void.
    nodes_lost : int
        1 when a machine has to be replaced and repaired, 0 when the job restarts on the same machines.
    repair_s : float
        Mean time until a lost machine may serve as a spare again [s].
    repair_law : str
        ``constant``, or a failure law's name, around that mean.
    repair_shape : float or None
        What shapes it: of a lognormal law the standard deviation of the logarithm.
    law : FailureLaw or None
        Of one unit of the domain, renewed alone when it fails; None is exponential.
    age : str or float
        Of the units when the run begins: ``fresh``, ``equilibrium`` or their age [s].
    domain : str
        What is out together: one strike takes all the job's nodes in it.
    domain_nodes : float
        How many nodes a unit of that domain has; an accelerator is a share of one.
    rate_count : float or None
        Events that the rate was counted from, where its doubt is sampled across replicas.
    rate_sigma : float
        Standard deviation of the rate's logarithm, where no count is known and its doubt is sampled.
    rewind_s : float
        How far before the stop the last good state lies, on the stage's clock [s]: of loss spikes.
    away_s : float
        How long announced maintenance keeps the machines [s].
    unsaved : bool
        Whether the job makes no save though the stop is announced, because it never makes one.
    slowdown : float
        Share of the speed that a slow machine costs the whole job until it is found, 0 to 1.
    near_lost : float
        Probability that a stop destroys the near copies of the state, 0 to 1.
    counts_as : str
        ``hardware`` or ``all_cause``: what the rate counts.
    source, evidence : str
        Where the rate comes from, and how well it was read.
    """

    name: str
    rate_per_node_s: float
    kind: Kind = "fail_stop"
    detection_s: float = 0.0
    nodes_lost: int = 0
    repair_s: float = 0.0
    repair_law: RepairLaw = "constant"
    repair_shape: float | None = None
    law: FailureLaw | None = None
    age: Age = "equilibrium"
    domain: Domain = "host"
    domain_nodes: float = 1.0
    rate_count: float | None = None
    rate_sigma: float = 0.0
    rewind_s: float = 0.0
    away_s: float = 0.0
    unsaved: bool = False
    slowdown: float = 0.0
    near_lost: float = 0.0
    counts_as: str = "all_cause"
    source: str = ""
    evidence: str = ""

    @property
    def announced(self) -> bool:
        """Whether the job knows before, and saves before it stops."""
        return self.kind == "planned" and not self.unsaved

    @property
    def reach_s(self) -> float:
        """How far before the stop the state is void [s]."""
        return self.detection_s if self.kind == "silent" else self.rewind_s

    @property
    def waste(self) -> str:
        """The ledger's phase for the progress that this cause destroys."""
        return "sdc_rollback" if self.kind == "silent" else "wasted_progress"

    def times(self, factor: float) -> "Cause":
        """Return the cause so many times as often, its law with it; a replay of instants stays as it was.

        Examples
        --------
        >>> from simulator.reliability.laws import Weibull
        >>> found = Cause(name="a", rate_per_node_s=0.5, law=Weibull(mean_s=2.0, shape=0.7)).times(4.0)
        >>> found.rate_per_node_s, found.law
        (2.0, Weibull(mean_s=0.5, shape=0.7))
        """
        law: Any = self.law  # of a class with a mean, ours or another
        if law is not None and factor > 0:
            law = replace(law, mean_s=law.mean_s / factor)
        return replace(self, rate_per_node_s=self.rate_per_node_s * factor, law=law)

    def older(self, by_s: float) -> "Cause":
        """Return the cause when so much time has passed [s]: units of a known age are older, those in equilibrium not.

        The few units that failed meanwhile and were renewed are taken to be as old as the others.
        """
        if isinstance(self.age, str) and self.age != "fresh":
            return self
        return replace(self, age=by_s if isinstance(self.age, str) else self.age + by_s)


def total_rate_per_node_s(causes: Sequence[Cause]) -> float:
    """Return the superposed rate of independent causes [1/s per node].

    Examples
    --------
    >>> total_rate_per_node_s([Cause(name="a", rate_per_node_s=1e-6), Cause(name="b", rate_per_node_s=3e-6)])
    4e-06
    """
    return math.fsum(cause.rate_per_node_s for cause in causes)
