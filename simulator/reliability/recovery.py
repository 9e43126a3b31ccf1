"""How a stopped run comes back: what each step takes, and during which of them the next failure can strike."""

from dataclasses import dataclass
from typing import Literal

Exposure = Literal["A", "B", "C"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """The way from a stop back to training.

    The downtime D is detection + spare wait + `swap_s`; the recovery R is `initialization_s` + `restore_s`.

    Parameters
    ----------
    exposure : str
        In which parts the next failure can strike: ``A`` work, saves and R; ``B`` work and saves; ``C`` everything, D and R
        starting again at each strike (theory: segment formulas of the three models).
    swap_s : float
        Rescheduling or putting a spare in place, once the stop is known [s].
    initialization_s : float
        Process start and collective set-up of the job [s].
    restore_s : float
        Reading the last checkpoint [s].
    startup_s : float
        The first start of the run, which no failure caused [s].
    spares : int or None
        Cold spare nodes held beside the job; None when a replacement is always at hand and nobody is billed for it.
    """

    exposure: Exposure = "A"
    swap_s: float = 0.0
    initialization_s: float = 0.0
    restore_s: float = 0.0
    startup_s: float = 0.0
    spares: int | None = None

    @property
    def recovery_s(self) -> float:
        """R: from replaced machines to the first new step [s]."""
        return self.initialization_s + self.restore_s
