"""What a run pays beside its accelerators: data that is kept, and data that leaves the provider, by tiers."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from simulator.pricing.ledger import Amount, LedgerLine

HOURS_PER_MONTH: Final = 730.0
BYTES_PER_GB: Final = 1e9


class Tier(NamedTuple):
    """A price up to an amount; the last tier of a list has no end."""

    upto_gb: float
    usd_per_gb: float


class Owed(NamedTuple):
    """A line that is owed beside the use of accelerators, with what was counted."""

    line: LedgerLine
    quantity: Amount
    unit: str


def tiered_usd(amount_gb: Amount, tiers: Sequence[Tier]) -> Amount:
    """Return what an amount costs when each part is paid at its own tier [USD].

    Examples
    --------
    >>> float(tiered_usd(15.0, [Tier(10.0, 0.10), Tier(float("inf"), 0.05)]))
    1.25
    """
    usd: Amount = 0.0
    begin = 0.0
    for upto_gb, price in tiers:
        usd = usd + np.clip(np.asarray(amount_gb, dtype=float) - begin, 0.0, upto_gb - begin) * price
        begin = upto_gb
    return usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Data that is kept for as long as the run takes.

    Parameters
    ----------
    what : str
        Such as ``checkpoints``.
    gb : float
        How much [GB].
    tiers : sequence of Tier
        Price of a GB for a month.
    label : str
        Provider and class, date and source, for people.
    """

    what: str
    gb: float
    tiers: Sequence[Tier]
    label: str = ""

    def owed(self, wall_h: Amount) -> Iterable[Owed]:
        """Return the line for a run of some length [h]."""
        _check(self.gb, self.tiers)
        months = wall_h / HOURS_PER_MONTH
        yield _owed("storage", self.what, tiered_usd(self.gb, self.tiers) * months, self.gb * months, "GB-Months")


@dataclass(frozen=True, slots=True, kw_only=True)
class Egress:
    """Data that leaves the provider once, such as the finished weights."""

    what: str
    gb: float
    tiers: Sequence[Tier]
    label: str = ""

    def owed(self, wall_h: Amount) -> Iterable[Owed]:
        """Return the line; how long the run takes does not matter."""
        _check(self.gb, self.tiers)
        usd = tiered_usd(self.gb, self.tiers) + 0.0 * wall_h
        yield _owed("egress", self.what, usd, self.gb + 0.0 * wall_h, "GB")


def _owed(phase: str, cause: str, usd: Amount, quantity: Amount, unit: str) -> Owed:
    return Owed(LedgerLine(phase, cause, 0.0 * usd, usd, usd, usd, usd), quantity, unit)


def _check(gb: float, tiers: Sequence[Tier]) -> None:
    ends = [tier.upto_gb for tier in tiers]
    if not tiers or ends != sorted(ends) or ends[-1] != math.inf or not gb >= 0:
        raise ValueError(f"tiers end at {ends}: expected rising ends, the last without one, for {gb} GB")
