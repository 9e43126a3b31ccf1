"""Terms: how a use of accelerators turns into dollars.

A term sees a `Usage`, the accelerator-hours of a period by phase and cause, and returns ledger lines. Another
distribution offers a term by ``@TERMS.register("name")`` or by an entry point in the group ``flopcast.price_terms``.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Protocol

from simulator.foundation.registry import Registry
from simulator.pricing.ledger import LedgerLine

HOURS_PER_YEAR: Final = 8760.0
DISCOUNT_PRIOR: Final = (0.5, 0.8)  # share off the list price of large buyers; uniform; assumption of the seed text
UNUSED = ("idle_commitment", "unused")


class Use(NamedTuple):
    """Accelerator-hours of one phase and cause."""

    phase: str
    cause: str
    accelerator_hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was used in a period.

    Parameters
    ----------
    uses : sequence of Use
        Accelerator-hours by phase and cause.
    wall_h : float
        Length of the period [h]; commitments bill all of it.
    """

    uses: Sequence[Use]
    wall_h: float

    @classmethod
    def of(cls, accelerators: float, wall_h: float, phase: str = "training", cause: str = "") -> "Usage":
        """Return the use of some accelerators at once, for some hours."""
        return cls(uses=(Use(phase, cause, accelerators * wall_h),), wall_h=wall_h)

    @property
    def accelerator_hours(self) -> float:
        """All accelerator-hours of the period."""
        return math.fsum(use.accelerator_hours for use in self.uses)


class PriceTerm(Protocol):
    """What every term can do."""

    def charge(self, usage: Usage) -> Iterable[LedgerLine]:
        """Return ledger lines for a usage; their hours sum to the usage's plus whatever is billed idle."""
        ...


TERMS: Registry[type] = Registry("price term", group="flopcast.price_terms")


@TERMS.register("on_demand")
@dataclass(frozen=True, slots=True, kw_only=True)
class OnDemand:
    """Pay the list price for what is used.

    Parameters
    ----------
    usd_per_accelerator_h : float
        List price [USD/h].

    Examples
    --------
    >>> [line] = OnDemand(usd_per_accelerator_h=3.93).charge(Usage.of(2048, 21 * 24))
    >>> round(line.billed_usd, 2)
    4056514.56
    """

    usd_per_accelerator_h: float

    def __post_init__(self) -> None:
        _check_rate("usd_per_accelerator_h", self.usd_per_accelerator_h)

    def charge(self, usage: Usage) -> Iterable[LedgerLine]:
        """Return a line for each use, equal on all four bases."""
        return _lines(usage, self.usd_per_accelerator_h, self.usd_per_accelerator_h)


@TERMS.register("negotiated")
@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiated:
    """Pay the list price less a discount; an unknown discount is uniform between 50 and 80 %.

    Parameters
    ----------
    usd_per_accelerator_h : float
        List price [USD/h].
    discount : float or None
        Share off the list price, below 1; None when it is unknown.
    quantile : float
        Place in the prior of an unknown discount, 0 to 1; draw it uniformly to sample the prior.

    Examples
    --------
    >>> Negotiated(usd_per_accelerator_h=3.93).share_off
    0.65
    """

    usd_per_accelerator_h: float
    discount: float | None = None
    quantile: float = 0.5

    def __post_init__(self) -> None:
        _check_rate("usd_per_accelerator_h", self.usd_per_accelerator_h)
        if self.discount is not None and not 0 <= self.discount < 1:
            raise ValueError(f"discount={self.discount}: expected a share off the list price, 0 or more and below 1")
        if not 0 <= self.quantile <= 1:
            raise ValueError(f"quantile={self.quantile}: expected a number between 0 and 1")

    @property
    def share_off(self) -> float:
        """The discount in force."""
        if self.discount is not None:
            return self.discount
        low, high = DISCOUNT_PRIOR
        return low + (high - low) * self.quantile

    def at(self, quantile: float) -> "Negotiated":
        """Return the term at another place of the prior."""
        return replace(self, quantile=quantile)

    def charge(self, usage: Usage) -> Iterable[LedgerLine]:
        """Return a line for each use: list at the list price, the rest at the contract's."""
        return _lines(usage, self.usd_per_accelerator_h, self.usd_per_accelerator_h * (1 - self.share_off))


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
        Hours for which this run bears the commitment; None for the period of the usage, which assumes that others
        use the rest; `term_h` when nobody does.
    years : int
        Length of the commitment, 1 or 3.
    """

    usd_per_accelerator_h: float
    list_usd_per_accelerator_h: float
    accelerators: float
    held_h: float | None = None
    years: int = 1

    def __post_init__(self) -> None:
        _check_rate("usd_per_accelerator_h", self.usd_per_accelerator_h)
        _check_rate("list_usd_per_accelerator_h", self.list_usd_per_accelerator_h)
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
        """Return a line for each use, and one for the reserved hours that nobody used."""
        used_h = usage.accelerator_hours
        reserved_h = self.accelerators * (usage.wall_h if self.held_h is None else max(self.held_h, usage.wall_h))
        usable_h = self.accelerators * usage.wall_h
        covered = min(1.0, usable_h / used_h) if used_h else 0.0
        rate = covered * self.usd_per_accelerator_h + (1 - covered) * self.list_usd_per_accelerator_h
        yield from _lines(usage, self.list_usd_per_accelerator_h, rate)
        idle_h = max(0.0, reserved_h - covered * used_h)
        if idle_h:
            usd = idle_h * self.usd_per_accelerator_h
            yield LedgerLine(*UNUSED, idle_h, 0.0, usd, usd, usd)


@TERMS.register("spot")
@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Pay a stated rate for capacity that can be taken back; interruptions are the failure catalogue's affair.

    Parameters
    ----------
    usd_per_accelerator_h : float
        Mean rate paid [USD/h]; it may exceed the on-demand price.
    list_usd_per_accelerator_h : float
        On-demand price [USD/h].
    """

    usd_per_accelerator_h: float
    list_usd_per_accelerator_h: float

    def __post_init__(self) -> None:
        _check_rate("usd_per_accelerator_h", self.usd_per_accelerator_h)
        _check_rate("list_usd_per_accelerator_h", self.list_usd_per_accelerator_h)

    def charge(self, usage: Usage) -> Iterable[LedgerLine]:
        """Return a line for each use: list at the on-demand price, the rest at the spot rate."""
        return _lines(usage, self.list_usd_per_accelerator_h, self.usd_per_accelerator_h)


@TERMS.register("owned")
@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """Charge a stated internal rate for one's own machines; nobody else has a list price for them.

    Parameters
    ----------
    usd_per_accelerator_h : float
        Cost of an accelerator-hour at the utilisation that one has [USD/h].
    """

    usd_per_accelerator_h: float

    def __post_init__(self) -> None:
        _check_rate("usd_per_accelerator_h", self.usd_per_accelerator_h)

    def charge(self, usage: Usage) -> Iterable[LedgerLine]:
        """Return a line for each use, equal on all four bases."""
        return _lines(usage, self.usd_per_accelerator_h, self.usd_per_accelerator_h)


def _lines(usage: Usage, list_rate: float, rate: float) -> Iterable[LedgerLine]:
    for phase, cause, hours in usage.uses:
        usd = hours * rate
        yield LedgerLine(phase, cause, hours, hours * list_rate, usd, usd, usd)


def _check_rate(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise ValueError(
            f"{name}={value}: expected a price above zero; to leave dollars out, look at accelerator-hours"
        )
