"""Terms: how a use of accelerators turns into dollars.

A term sees a `Usage`, the accelerator-hours of an interval by phase and cause, and returns ledger lines; what falls
due only at the end, such as the rest of a commitment, it returns from `settle`. Another distribution offers a term by
``@TERMS.register("name")`` or by an entry point in the group ``flopcast.price_terms``. Terms that bill more than what
is used are in `simulator.pricing.reserved`.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Protocol, runtime_checkable

import numpy as np

from simulator.foundation.registry import Registry
from simulator.pricing.ledger import Amount, LedgerLine, summed
from simulator.pricing.trace import StepTrace

HOURS_PER_YEAR: Final = 8760.0
PREEMPTION: Final = "preemption"  # the cause of stops that spot capacity brings
DISCOUNT_PRIOR: Final = (0.5, 0.8)  # share off the list price of large buyers; uniform; assumption of the seed text


class Use(NamedTuple):
    """Accelerator-hours of one phase and cause."""

    phase: str
    cause: str
    accelerator_hours: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was used in an interval.

    Parameters
    ----------
    uses : sequence of Use
        Accelerator-hours by phase and cause.
    wall_h : float or array
        Length of the interval [h]; commitments bill all of it.
    start_h : float or array
        When it begins, from the first start of the run [h]; prices that change look there.
    """

    uses: Sequence[Use]
    wall_h: Amount
    start_h: Amount = 0.0

    @classmethod
    def of(cls, accelerators: float, wall_h: Amount, phase: str = "training", cause: str = "") -> "Usage":
        """Return the use of some accelerators at once, for some hours."""
        return cls(uses=(Use(phase, cause, accelerators * wall_h),), wall_h=wall_h)

    @property
    def accelerator_hours(self) -> Amount:
        """All accelerator-hours of the interval."""
        return summed([use.accelerator_hours for use in self.uses])


class PriceTerm(Protocol):
    """What every term can do."""

    def charge(self, usage: Usage) -> Iterable[LedgerLine]:
        """Return ledger lines for an interval; their hours sum to the usage's plus whatever is billed idle."""
        ...


@runtime_checkable
class Settling(Protocol):
    """A term that bills something more when all intervals are known."""

    def settle(self, usages: Sequence[Usage]) -> Iterable[LedgerLine]:
        """Return ledger lines for what is owed beyond the intervals."""
        ...


@runtime_checkable
class Lasting(Settling, Protocol):
    """A term whose rest falls due over some time after the intervals, not at once."""

    def rest_h(self, usages: Sequence[Usage]) -> Amount:
        """Return for how long [h]."""
        ...


class Dated(NamedTuple):
    """A line, and from when to when it falls due, evenly, since the first start of the run [h]."""

    line: LedgerLine
    begin_h: Amount
    end_h: Amount


TERMS: Registry[type] = Registry("price term", group="flopcast.price_terms")


def bill(term: PriceTerm, usages: Sequence[Usage], *, ended: bool = True) -> Sequence[LedgerLine]:
    """Return all lines of some intervals that follow each other: what was used, and what is owed if the run ended."""
    return [each.line for each in dated(term, usages, ended=ended)]


def dated(term: PriceTerm, usages: Sequence[Usage], *, ended: bool = True) -> Sequence[Dated]:
    """Return the lines of `bill` with their dates: use in its interval, the rest after the last one."""
    found = [each for usage in usages for each in in_interval(term, usage)]
    if not ended or not isinstance(term, Settling):
        return found
    end_h = summed([usage.wall_h for usage in usages])
    until_h = end_h + term.rest_h(usages) if isinstance(term, Lasting) else end_h
    return [*found, *(Dated(line, end_h, until_h) for line in term.settle(usages))]


def in_interval(term: PriceTerm, usage: Usage) -> Iterable[Dated]:
    """Yield the lines of one interval, which fall due in it."""
    for line in term.charge(usage):
        yield Dated(line, usage.start_h, usage.start_h + usage.wall_h)


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
        check_rate("usd_per_accelerator_h", self.usd_per_accelerator_h)

    def charge(self, usage: Usage) -> Iterable[LedgerLine]:
        """Return a line for each use, equal on all four bases."""
        return lines_at(usage, self.usd_per_accelerator_h, self.usd_per_accelerator_h)


@TERMS.register("free")
@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """Pay nothing, because somebody says so: a grant, or machines that are paid for already."""

    def charge(self, usage: Usage) -> Iterable[LedgerLine]:
        """Return a line of hours for each use, without dollars."""
        return lines_at(usage, 0.0, 0.0)


@TERMS.register("negotiated")
@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiated:
    """Pay the list price less a discount; an unknown discount is uniform between 50 and 80 %.

    Parameters
    ----------
    usd_per_accelerator_h : float
        List price [USD/h].
    discount : float, pair of float or None
        Share off the list price, at most 1; a pair bounds a uniform prior, and None takes `DISCOUNT_PRIOR`.
    quantile : float or array
        Place in the prior, 0 to 1; draw it uniformly to sample the prior.

    Examples
    --------
    >>> Negotiated(usd_per_accelerator_h=3.93).share_off
    0.65
    """

    usd_per_accelerator_h: float
    discount: float | tuple[float, float] | None = None
    quantile: Amount = 0.5

    def __post_init__(self) -> None:
        check_rate("usd_per_accelerator_h", self.usd_per_accelerator_h)
        low, high = self.bounds
        if not 0 <= low <= high <= 1:
            raise ValueError(f"discount={self.discount}: expected a share off the list price, 0 to 1, or low and high")
        if not np.all((np.asarray(self.quantile) >= 0) & (np.asarray(self.quantile) <= 1)):
            raise ValueError(f"quantile={self.quantile}: expected a number between 0 and 1")

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and largest discount."""
        if self.discount is None:
            return DISCOUNT_PRIOR
        return self.discount if isinstance(self.discount, tuple) else (self.discount, self.discount)

    @property
    def share_off(self) -> Amount:
        """The discount in force."""
        low, high = self.bounds
        return low if low == high else low + (high - low) * self.quantile

    def at(self, quantile: Amount) -> "Negotiated":
        """Return the term at another place of the prior."""
        return replace(self, quantile=quantile)

    def charge(self, usage: Usage) -> Iterable[LedgerLine]:
        """Return a line for each use: list at the list price, the rest at the contract's."""
        return lines_at(usage, self.usd_per_accelerator_h, self.usd_per_accelerator_h * (1 - self.share_off))


@TERMS.register("spot")
@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Pay what capacity costs that can be taken back; interruptions are the failure catalogue's affair.

    Parameters
    ----------
    usd_per_accelerator_h : float
        Mean rate paid [USD/h]; it may exceed the on-demand price. Not used where there is a trace.
    list_usd_per_accelerator_h : float
        On-demand price [USD/h].
    trace : StepTrace or None
        The price over time, from the first start of the run on.
    share_paid : float or array
        Of the trace's price, where something is taken off it.
    """

    usd_per_accelerator_h: float
    list_usd_per_accelerator_h: float
    trace: StepTrace | None = None
    share_paid: Amount = 1.0

    def __post_init__(self) -> None:
        check_rate("usd_per_accelerator_h", self.usd_per_accelerator_h)
        check_rate("list_usd_per_accelerator_h", self.list_usd_per_accelerator_h)

    def charge(self, usage: Usage) -> Iterable[LedgerLine]:
        """Return a line for each use: list at the on-demand price, the rest at the mean spot price of the interval."""
        rate: Amount = self.usd_per_accelerator_h
        if self.trace is not None:
            rate = self.share_paid * self.trace.mean_between(usage.start_h, usage.start_h + usage.wall_h)
        return lines_at(usage, self.list_usd_per_accelerator_h, rate)


@TERMS.register("owned")
@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """Charge an internal rate for one's own machines; nobody else has a list price for them.

    Parameters
    ----------
    usd_per_accelerator_h : float
        Cost of an accelerator-hour at the utilisation that one has [USD/h].
    """

    usd_per_accelerator_h: float

    def __post_init__(self) -> None:
        check_rate("usd_per_accelerator_h", self.usd_per_accelerator_h)

    def charge(self, usage: Usage) -> Iterable[LedgerLine]:
        """Return a line for each use, equal on all four bases."""
        return lines_at(usage, self.usd_per_accelerator_h, self.usd_per_accelerator_h)


def lines_at(usage: Usage, list_rate: Amount, rate: Amount) -> Iterable[LedgerLine]:
    """Return a line for each use at a list price and a price that is paid [USD/h]."""
    for phase, cause, hours in usage.uses:
        usd = hours * rate
        yield LedgerLine(phase, cause, hours, hours * list_rate, usd, usd, usd)


def check_rate(name: str, value: Amount) -> None:
    """Refuse a price that is not above zero and finite."""
    if not np.all((np.asarray(value) > 0) & (np.asarray(value) < math.inf)):
        raise ValueError(
            f"{name}={value}: expected a price above zero; to leave dollars out, look at accelerator-hours"
        )
