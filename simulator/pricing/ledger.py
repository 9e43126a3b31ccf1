"""Ledger lines: accelerator-hours and dollars of one phase and cause, on the four bases that users mix up.

List is the published price; contracted is what the contract says; effective spreads commitments over what they cover;
billed is what an invoice shows. The names are those of FinOps FOCUS 1.2 (ListCost, ContractedCost, EffectiveCost,
BilledCost).
"""

import math
from collections.abc import Iterable
from typing import Final, NamedTuple

BASES: Final = ("list", "contracted", "effective", "billed")


class LedgerLine(NamedTuple):
    """Accelerator-hours and USD of one phase and cause."""

    phase: str
    cause: str
    accelerator_hours: float
    list_usd: float
    contracted_usd: float
    effective_usd: float
    billed_usd: float

    def usd(self, basis: str) -> float:
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
    """Return the sum of lines, as one line; the order of lines does not matter."""
    every = list(lines)
    return LedgerLine(
        phase=phase,
        cause=cause,
        accelerator_hours=math.fsum(line.accelerator_hours for line in every),
        list_usd=math.fsum(line.list_usd for line in every),
        contracted_usd=math.fsum(line.contracted_usd for line in every),
        effective_usd=math.fsum(line.effective_usd for line in every),
        billed_usd=math.fsum(line.billed_usd for line in every),
    )
