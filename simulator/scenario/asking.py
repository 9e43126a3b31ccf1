"""What is asked of a way to an efficiency, and what it answers."""

from dataclasses import dataclass, field
from typing import Protocol

from simulator.scenario.defaults import EFFICIENCIES
from simulator.scenario.findings import Findings
from simulator.scenario.lines import Path
from simulator.scenario.machines import Machines
from simulator.scenario.schema import Parallelism, Throughput
from simulator.scenario.trained import Trained


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """An efficiency as a scenario states it, in one of three ways, and where."""

    path: Path
    mfu: float | None = None
    tokens_per_second_per_accelerator: float | None = None
    step_time: float | None = None

    @property
    def given(self) -> list[str]:
        """Names of the figures that are stated."""
        return [name for name in EFFICIENCIES if getattr(self, name) is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a method may look at: one phase's machines, model and batch, the run's tokens, and what runs it.

    Parameters
    ----------
    path : tuple
        Where the phase stands in the scenario.
    batch_tokens, run_tokens : float or None
        Tokens of a step, and of the whole run.
    """

    machines: Machines
    model: Trained | None
    accelerators: int
    batch_tokens: float | None
    stated: Stated
    findings: Findings = field(repr=False)
    path: Path = ("phases", 0)
    run_tokens: float | None = None
    throughput: Throughput = field(default_factory=Throughput)
    parallelism: Parallelism = field(default_factory=Parallelism)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Median tokens per second of one accelerator, and the spread of its logarithm across runs, with its reason."""

    tokens_per_s: float
    sigma: float = 0.0
    why: str = "spread of the method"


class Method(Protocol):
    """A way to an efficiency."""

    def speed(self, question: Question) -> Speed | None:
        """Return the speed; None with a problem noted."""
        ...
