"""Terms that bill more than what is used: commitments, capacity blocks, minimum spends."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.pricing.ledger import Amount, LedgerLine, summed
from simulator.pricing.terms import HOURS_PER_YEAR, TERMS, Usage, check_rate, lines_at

UNUSED = ("idle_commitment", "unused")


@TERMS.register("committed")
@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """Reserve accelerators for a year or three: every hour is billed, used or idle; what exceeds them is on demand.

    Parameters
    ----------
    usd_per_accelerator_h : float
        Price under the commitment [USD/h].
    list_usd_per_accelerator_h : float
        On-demand price [USD/h].
    accelerators : float
        How many are reserved.
    held_h : float or None
        Hours for which this run bears the commitment, `term_h` when nobody else uses it; None for what it uses and no
        more, which assumes that others use the rest.
    years : int
        Length of the commitment, 1 or 3.
    """

    usd_per_accelerator_h: float
    list_usd_per_accelerator_h: float
    accelerators: float
    held_h: float | None = None
    years: int = 1

    def __post_init__(self) -> None:
        check_rate("usd_per_accelerator_h", self.usd_per_accelerator_h)
        check_rate("list_usd_per_accelerator_h", self.list_usd_per_accelerator_h)
        if not 0 <= self.accelerators < math.inf or self.years not in (1, 3):
            raise ValueError(
                f"accelerators={self.accelerators}, years={self.years}: expected 0 or more, and 1 or 3 years"
            )

    @property
    def term_h(self) -> float:
        """Hours of the whole commitment."""
        return self.years * HOURS_PER_YEAR

    @property
    def break_even_utilisation(self) -> float:
        """Share of the reserved hours that must be used for the commitment to cost no more than on demand."""
        return self.usd_per_accelerator_h / self.list_usd_per_accelerator_h

    def charge(self, usage: Usage) -> Iterable[LedgerLine]:
        """Return a line for each use, and one for the reserved hours of the interval that nobody used."""
        rates = self.usd_per_accelerator_h, self.list_usd_per_accelerator_h
        return _charge(usage, self.accelerators, *rates, idle=self.held_h is not None)

    def settle(self, usages: Sequence[Usage]) -> Iterable[LedgerLine]:
        """Return the idle rest of the commitment after the run."""
        return _idle(self.accelerators * self.rest_h(usages), self.usd_per_accelerator_h)

    def rest_h(self, usages: Sequence[Usage]) -> Amount:
        """Return how much of the commitment is left after the run [h]."""
        return _above(self.held_h or 0.0, summed([usage.wall_h for usage in usages]))


@TERMS.register("capacity_block")
@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityBlock:
    """Reserve accelerators for whole blocks of time, paid in full; the last block is paid to its end.

    Parameters
    ----------
    usd_per_accelerator_h : float
        Price of the block [USD/h].
    list_usd_per_accelerator_h : float
        On-demand price [USD/h].
    accelerators : float
        How many are reserved.
    block_h : float
        Length of a block [h].
    """

    usd_per_accelerator_h: float
    list_usd_per_accelerator_h: float
    accelerators: float
    block_h: float = 24.0

    def __post_init__(self) -> None:
        check_rate("usd_per_accelerator_h", self.usd_per_accelerator_h)
        check_rate("list_usd_per_accelerator_h", self.list_usd_per_accelerator_h)
        if not (0 <= self.accelerators < math.inf and 0 < self.block_h < math.inf):
            raise ValueError(f"accelerators={self.accelerators}, block_h={self.block_h}: expected 0 or more, above 0")

    def charge(self, usage: Usage) -> Iterable[LedgerLine]:
        """Return a line for each use, and one for the reserved hours of the interval that nobody used."""
        return _charge(usage, self.accelerators, self.usd_per_accelerator_h, self.list_usd_per_accelerator_h)

    def settle(self, usages: Sequence[Usage]) -> Iterable[LedgerLine]:
        """Return the idle rest of the last block."""
        return _idle(self.accelerators * self.rest_h(usages), self.usd_per_accelerator_h)

    def rest_h(self, usages: Sequence[Usage]) -> Amount:
        """Return how much of the last block is left after the run [h]."""
        wall_h = summed([usage.wall_h for usage in usages])
        blocks = np.ceil(wall_h / self.block_h - 1e-9)
        return _above(blocks * self.block_h, wall_h)


@TERMS.register("reserved_minimum")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReservedMinimum:
    """Promise to take a number of accelerator-hours: what is missing at the end is paid all the same.

    Parameters
    ----------
    usd_per_accelerator_h : float
        Price under the promise [USD/h].
    list_usd_per_accelerator_h : float
        On-demand price [USD/h].
    minimum_accelerator_hours : float
        What is paid at least.
    """

    usd_per_accelerator_h: float
    list_usd_per_accelerator_h: float
    minimum_accelerator_hours: float

    def __post_init__(self) -> None:
        check_rate("usd_per_accelerator_h", self.usd_per_accelerator_h)
        check_rate("list_usd_per_accelerator_h", self.list_usd_per_accelerator_h)
        if not 0 <= self.minimum_accelerator_hours < math.inf:
            raise ValueError(f"minimum_accelerator_hours={self.minimum_accelerator_hours}: expected 0 or more")

    def charge(self, usage: Usage) -> Iterable[LedgerLine]:
        """Return a line for each use at the promised price."""
        return lines_at(usage, self.list_usd_per_accelerator_h, self.usd_per_accelerator_h)

    def settle(self, usages: Sequence[Usage]) -> Iterable[LedgerLine]:
        """Return what is missing to the minimum."""
        used_h = summed([usage.accelerator_hours for usage in usages])
        return _idle(_above(self.minimum_accelerator_hours, used_h), self.usd_per_accelerator_h)


def _charge(
    usage: Usage, accelerators: float, rate: float, list_rate: float, *, idle: bool = True
) -> Iterable[LedgerLine]:
    """Return lines at the reserved price as far as the reservation reaches, on demand beyond it, and idle hours."""
    used_h = usage.accelerator_hours
    usable_h = accelerators * usage.wall_h
    larger = np.maximum(used_h, usable_h)
    covered = usable_h / np.where(larger > 0, larger, 1.0)
    paid: Amount = covered * rate + (1 - covered) * list_rate
    yield from lines_at(usage, list_rate, paid)
    if idle:
        yield from _idle(_above(usable_h, covered * used_h), rate)


def _above(amount: Amount, taken: Amount) -> Amount:
    found: Amount = np.maximum(0.0, amount - taken)
    return found


def _idle(hours: Amount, rate: float) -> Iterable[LedgerLine]:
    """Return the line of hours that are billed and not used, if there are any."""
    if np.any(np.asarray(hours) > 0):
        usd = hours * rate
        yield LedgerLine(*UNUSED, hours, 0.0 * hours, usd, usd, usd)
