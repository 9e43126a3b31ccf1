"""What a run pays beside its accelerators: data that is kept, and data that leaves the provider, by tiers."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final, NamedTuple, Protocol

import numpy as np

from simulator.pricing.ledger import Amount, LedgerLine

BYTES_PER_GB: Final = 2.0**30
"""What price lists of clouds call a GB, and FOCUS a GiB: Amazon S3's FAQ divides byte-hours by 1,073,741,824."""


class Tier(NamedTuple):
    """A price of a GB, as price lists count, up to an amount; the last tier of a list has no end."""

    upto_gb: float
    usd_per_gb: float


class Months(NamedTuple):
    """How much of calendar months a run takes: shares of the first and the last, and how many it fills between them."""

    first: Amount
    whole: Amount
    last: Amount


def months(since: date, wall_h: Amount) -> Months:
    """Return the calendar months of a run that begins with a day and has some length [h].

    Examples
    --------
    >>> held = months(date(2026, 1, 22), 24.0 * (10 + 28 + 6.2))  # January, February and March
    >>> [round(float(each), 6) for each in held]
    [0.322581, 1.0, 0.2]
    """
    began = np.datetime64(since, "D")
    begun = began.astype("datetime64[M]")
    end_d = np.asarray(wall_h, dtype=float) / 24.0 + (began - np.datetime64(0, "D")).astype(float)
    ended = np.floor(end_d).astype("datetime64[D]").astype("datetime64[M]")
    within_d = np.minimum(wall_h / 24.0, _day(begun + 1) - _day(began))
    last = np.where(ended > begun, (end_d - _day(ended)) / (_day(ended + 1) - _day(ended)), 0.0)
    whole = np.maximum((ended - begun).astype(float) - 1.0, 0.0)
    return Months(within_d / (_day(begun + 1) - _day(begun)), whole, last)


def _day(at: Any) -> Any:
    """Return days since 1970 of the beginning of a day or month, or of many."""
    return at.astype("datetime64[D]").astype(float)


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

    Clouds divide the byte-hours of a calendar month by its hours, and apply the tiers to the GB-months that come out
    (the example of S3's FAQ divides by 744 in March; Google bills the mean amount over the month): what is held for a
    third of a month takes a third of its size from the first tier.

    Parameters
    ----------
    what : str
        Such as ``checkpoints``.
    gb : float
        How much, as price lists count [GB of 2^30 bytes].
    tiers : sequence of Tier
        Price of a GB-month; they count the GB-months of a calendar month.
    since : date
        First day of the run.
    label : str
        The price row: provider and class, date and source, for people.
    """

    what: str
    gb: float
    tiers: Sequence[Tier]
    since: date
    label: str = ""
    accrues: ClassVar[bool] = True

    @property
    def row(self) -> Hashable:
        """What shares its tiers."""
        return "storage", self.label, tuple(self.tiers)

    def owed(self, wall_h: Amount, together_gb: float | None = None) -> Owed:
        """Return the line for a run of some length [h]."""
        held = months(self.since, wall_h)
        first, whole, last = (_share_usd(self.gb, self.tiers, together_gb, of) for of in (held.first, 1.0, held.last))
        usd = first + held.whole * whole + last
        return _owed("storage", self.what, usd, self.gb * (held.first + held.whole + held.last), "GiB-Months")


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
    >>> january = {"tiers": row, "since": date(2026, 1, 1)}
    >>> held = [Storage(what=what, gb=gb, **january) for what, gb in (("checkpoints", 15.0), ("data", 5.0))]
    >>> [round(float(each.line.billed_usd), 6) for each in owed_for(held, 31 * 24.0)]  # $1.50 for 20 GB
    [1.125, 0.375]
    """
    due = [each for each in holdings if ended or each.accrues]
    return [each.owed(wall_h, math.fsum(other.gb for other in due if other.row == each.row)) for each in due]


def _share_usd(gb: float, tiers: Sequence[Tier], together_gb: float | None, months: Amount = 1.0) -> Amount:
    """Return what some GB cost for a part of a month at the mean price of all that is counted with them [USD]."""
    _check(gb, tiers)
    together = together_gb or gb
    return tiered_usd(together * months, tiers) * (gb / together if together else 0.0)


def _owed(phase: str, cause: str, usd: Amount, quantity: Amount, unit: str) -> Owed:
    return Owed(LedgerLine(phase, cause, 0.0 * usd, usd, usd, usd, usd), quantity, unit)


def _check(gb: float, tiers: Sequence[Tier]) -> None:
    ends = [tier.upto_gb for tier in tiers]
    if not tiers or ends != sorted(ends) or ends[-1] != math.inf or not gb >= 0:
        raise ValueError(f"tiers end at {ends}: expected rising ends, the last without one, for {gb} GB")
