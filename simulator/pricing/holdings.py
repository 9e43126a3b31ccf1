"""What a run pays beside its accelerators: data that is kept, and data that leaves the provider, by tiers."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple, Protocol

import numpy as np

from simulator.pricing.ledger import Amount, LedgerLine

HOURS_PER_MONTH: Final = 730.0
BYTES_PER_GB: Final = 2.0**30
"""What price lists of clouds call a GB, and FOCUS a GiB: Amazon S3's FAQ divides byte-hours by 1,073,741,824."""


class Tier(NamedTuple):
    """A price of a GB, as price lists count, up to an amount; the last tier of a list has no end."""

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


class Holding(Protocol):
    """Data beside the accelerators, at a price by tiers."""

    @property
    def what(self) -> str:
        """Such as ``checkpoints``."""
        ...

    @property
    def label(self) -> str:
        """The price row, for people."""
        ...

    @property
    def gb(self) -> float:
        """How much, as price lists count [GB of 2^30 bytes]."""
        ...

    @property
    def row(self) -> Hashable:
        """The price row: holdings of one row are counted together before its tiers apply."""
        ...

    @property
    def accrues(self) -> bool:
        """Whether it is owed for each hour that it is held; else once, at the run's end."""
        ...

    def owed(self, wall_h: Amount, together_gb: float | None = None) -> Owed:
        """Return the line for a run of some length [h], beside other data of the row: `together_gb` in all."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Data that is kept for as long as the run takes.

    Parameters
    ----------
    what : str
        Such as ``checkpoints``.
    gb : float
        How much, as price lists count [GB of 2^30 bytes].
    tiers : sequence of Tier
        Price of a GB for a month; they count the GB that are held.
    label : str
        The price row: provider and class, date and source, for people.
    """

    what: str
    gb: float
    tiers: Sequence[Tier]
    label: str = ""
    accrues: ClassVar[bool] = True

    @property
    def row(self) -> Hashable:
        """What shares its tiers."""
        return "storage", self.label, tuple(self.tiers)

    def owed(self, wall_h: Amount, together_gb: float | None = None) -> Owed:
        """Return the line for a run of some length [h]."""
        months = wall_h / HOURS_PER_MONTH
        usd = _share_usd(self.gb, self.tiers, together_gb) * months
        return _owed("storage", self.what, usd, self.gb * months, "GiB-Months")


@dataclass(frozen=True, slots=True, kw_only=True)
class Egress:
    """Data that leaves the provider once, such as the finished weights."""

    what: str
    gb: float
    tiers: Sequence[Tier]
    label: str = ""
    accrues: ClassVar[bool] = False

    @property
    def row(self) -> Hashable:
        """What shares its tiers."""
        return "egress", self.label, tuple(self.tiers)

    def owed(self, wall_h: Amount, together_gb: float | None = None) -> Owed:
        """Return the line; how long the run takes does not matter."""
        usd = _share_usd(self.gb, self.tiers, together_gb) + 0.0 * wall_h
        return _owed("egress", self.what, usd, self.gb + 0.0 * wall_h, "GiB")


def owed_for(holdings: Sequence[Holding], wall_h: Amount, *, ended: bool = True) -> Sequence[Owed]:
    """Return a line a holding, for a run of some length [h].

    Clouds count everything of one class and region on the account before a tier applies, and bill the sum. It is told
    by holding in proportion to the GB, so that each pays the mean price of the whole.

    Parameters
    ----------
    holdings : sequence of Holding
        Those that share a price row are counted together.
    wall_h : float or array
        Length of the run [h].
    ended : bool
        Whether the run ends; else only what accrues is owed.

    Examples
    --------
    >>> row = [Tier(10.0, 0.10), Tier(float("inf"), 0.05)]
    >>> held = [Storage(what=what, gb=gb, tiers=row) for what, gb in (("checkpoints", 15.0), ("data", 5.0))]
    >>> [round(float(each.line.billed_usd), 6) for each in owed_for(held, HOURS_PER_MONTH)]  # $1.50 for 20 GB
    [1.125, 0.375]
    """
    due = [each for each in holdings if ended or each.accrues]
    return [each.owed(wall_h, math.fsum(other.gb for other in due if other.row == each.row)) for each in due]


def _share_usd(gb: float, tiers: Sequence[Tier], together_gb: float | None) -> Amount:
    """Return what some GB cost at the mean price of all that is counted with them [USD]."""
    _check(gb, tiers)
    together = together_gb or gb
    return tiered_usd(together, tiers) * (gb / together if together else 0.0)


def _owed(phase: str, cause: str, usd: Amount, quantity: Amount, unit: str) -> Owed:
    return Owed(LedgerLine(phase, cause, 0.0 * usd, usd, usd, usd, usd), quantity, unit)


def _check(gb: float, tiers: Sequence[Tier]) -> None:
    ends = [tier.upto_gb for tier in tiers]
    if not tiers or ends != sorted(ends) or ends[-1] != math.inf or not gb >= 0:
        raise ValueError(f"tiers end at {ends}: expected rising ends, the last without one, for {gb} GB")
