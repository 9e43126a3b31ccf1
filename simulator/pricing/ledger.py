"""Ledger lines: accelerator-hours and dollars of one phase and cause, on the four bases that users mix up.

List is the published price; contracted is what the contract says; effective spreads commitments over what they cover;
billed is what an invoice shows. The names are those of FinOps FOCUS 1.2 (ListCost, ContractedCost, EffectiveCost,
BilledCost). Amounts are floats, or arrays with a value a replica.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Amount: TypeAlias = float | NDArray[np.float64]

BASES: Final = ("list", "contracted", "effective", "billed")


class LedgerLine(NamedTuple):
    """Accelerator-hours and USD of one phase and cause."""

    phase: str
    cause: str
    accelerator_hours: Amount
    list_usd: Amount
    contracted_usd: Amount
    effective_usd: Amount
    billed_usd: Amount

    def usd(self, basis: str) -> Amount:
        """Return the dollars on one of `BASES`.

        Examples
        --------
        >>> LedgerLine("training", "", 10.0, 40.0, 20.0, 20.0, 20.0).usd("list")
        40.0
        """
        return {
            "list": self.list_usd,
            "contracted": self.contracted_usd,
            "effective": self.effective_usd,
            "billed": self.billed_usd,
        }[basis]


def total(lines: Iterable[LedgerLine], *, phase: str = "total", cause: str = "") -> LedgerLine:
    """Return the sum of lines, as one line; the order of lines does not matter where amounts are floats."""
    every = list(lines)
    return LedgerLine(
        phase=phase,
        cause=cause,
        accelerator_hours=summed([line.accelerator_hours for line in every]),
        list_usd=summed([line.list_usd for line in every]),
        contracted_usd=summed([line.contracted_usd for line in every]),
        effective_usd=summed([line.effective_usd for line in every]),
        billed_usd=summed([line.billed_usd for line in every]),
    )


def summed(amounts: Sequence[Amount]) -> Amount:
    """Return a sum that does not depend on the order of floats; arrays are added one by one.

    Examples
    --------
    >>> summed([0.1] * 10), summed([1.0, np.array([1.0, 2.0])]).tolist()
    (1.0, [2.0, 3.0])
    """
    if all(isinstance(amount, int | float) for amount in amounts):
        return math.fsum(amounts)
    found: Amount = 0.0
    for amount in amounts:
        found = found + amount
    return found
