"""What a run pays: shares of its machines on price terms, data beside them, taxes and credits."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np

from simulator.pricing.holdings import Holding, Owed, owed_for
from simulator.pricing.ledger import Amount, LedgerLine, summed, total
from simulator.pricing.reserved import UNUSED, Committed
from simulator.pricing.terms import TERMS, Dated, Free, Negotiated, OnDemand, PriceTerm, Spot, Usage, dated, in_interval

PRICES: Final = ("usd_per_accelerator_h", "list_usd_per_accelerator_h")  # what terms call them
SCALABLE: Final = (Free, OnDemand, Negotiated)  # terms whose list price may differ from stage to stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The price of one accelerator-hour, and on which basis.

    Parameters
    ----------
    usd_per_accelerator_h, list_usd_per_accelerator_h : float
        What the term says, and the dated list price on demand, host included when `host_included` [USD/h].
    term, provider, region, on, source, evidence : str or date
        What was looked up, and where it came from; `on` is the date of the row.
    discount_low, discount_high : float
        Share off; a range is sampled evenly across replicas.
    stale : bool
        Whether the row is older than a year at the start of the run.
    """

    usd_per_accelerator_h: float
    list_usd_per_accelerator_h: float
    term: str = "stated"
    discount_low: float = 0.0
    discount_high: float = 0.0
    provider: str | None = None
    region: str | None = None
    on: date | None = None
    host_included: bool | None = None
    source: str = ""
    evidence: str = ""
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """A share of the machines on one term.

    Parameters
    ----------
    term : PriceTerm
        Charges the share's use.
    quote : Quote
        The price that it charges by, for people.
    share : float
        Of the accelerators, 0 to 1.
    """

    term: PriceTerm
    quote: Quote
    share: float = 1.0

    @property
    def usd_per_accelerator_h(self) -> float:
        """Price of an hour in use: in the middle of an open discount, and over the whole of a trace [USD/h]."""
        trace = self.term.trace if isinstance(self.term, Spot) else None
        usd = self.quote.usd_per_accelerator_h if trace is None else trace.mean
        return usd * (1.0 - (self.quote.discount_low + self.quote.discount_high) / 2.0)

    def drawn(self, quantile: Amount) -> "Portion":
        """Return the portion at a place of its uncertain discount, 0 to 1."""
        low, high = self.quote.discount_low, self.quote.discount_high
        if isinstance(self.term, Negotiated):
            return replace(self, term=self.term.at(quantile))
        if not high or not hasattr(self.term, "usd_per_accelerator_h"):
            return self
        off = low if low == high else low + (high - low) * quantile
        return replace(self, term=_discounted(self.term, off))

    def settled(self, quantile: float) -> "Portion":
        """Return the portion with its discount at a place of its range, 0 to 1."""
        low, high = self.quote.discount_low, self.quote.discount_high
        off = low + (high - low) * quantile
        quote = replace(self.quote, discount_low=off, discount_high=off)
        term = replace(self.term, discount=off) if isinstance(self.term, Negotiated) and low < high else self.term
        return replace(self, quote=quote, term=term)

    def times(self, factor: float) -> "Portion":
        """Return the portion at so many times its price, paid and list; what is free stays so."""
        quote = replace(self.quote, usd_per_accelerator_h=self.quote.usd_per_accelerator_h * factor,
                        list_usd_per_accelerator_h=self.quote.list_usd_per_accelerator_h * factor)  # fmt: skip
        paid: Any = self.term
        prices = {name: getattr(paid, name) * factor for name in PRICES if hasattr(paid, name)}
        if isinstance(paid, Spot) and paid.trace is not None:
            levels = tuple(level * factor for level in paid.trace.levels)
            prices["trace"] = replace(paid.trace, levels=levels)
        return replace(self, quote=quote, term=replace(paid, **prices))

    def at_list(self, list_usd_per_accelerator_h: float | None) -> "Portion":
        """Return the portion at another list price, for a stage that has its own."""
        if list_usd_per_accelerator_h is not None and isinstance(self.term, Spot):
            left = replace(self.quote, discount_low=0.0, discount_high=0.0)  # the market, and what is taken off there
            return replace(self, term=OnDemand(usd_per_accelerator_h=list_usd_per_accelerator_h), quote=left)
        if list_usd_per_accelerator_h is None or not isinstance(self.term, SCALABLE):
            return self
        discount = (self.quote.discount_low, self.quote.discount_high)
        return replace(self, term=listed(list_usd_per_accelerator_h, discount))

    def dated(
        self, usages: Sequence[Usage], rates: Sequence[float | None], quantile: Amount, *, ended: bool = True
    ) -> Sequence[Dated]:
        """Return the lines of this share of some stages, each with its own list price or None, and their dates."""
        mine = [_share(usage, self.share) for usage in usages]
        if all(rate is None for rate in rates):
            return dated(self.drawn(quantile).term, mine, ended=ended)
        return [
            each
            for usage, rate in zip(mine, rates, strict=True)
            for each in in_interval(self.at_list(rate).drawn(quantile).term, usage)
        ]


class Bill(NamedTuple):
    """What was used, a line a stage in their order, and what is owed beside it."""

    used: Sequence[LedgerLine]
    owed: Sequence[Owed]

    def usd(self, basis: str) -> Amount:
        """Return the dollars of everything on one basis."""
        return summed([line.usd(basis) for line in (*self.used, *(each.line for each in self.owed))])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """Everything that turns a run into dollars.

    Parameters
    ----------
    portions : sequence of Portion
        Their shares sum to one.
    holdings : sequence of Holding
        Data beside the accelerators; those of one price row share its tiers.
    tax_rate : float
        On everything that is billed, credits apart.
    credits_usd : float
        What somebody else pays of the bill [USD].
    currency : str
        In which the bill is shown beside dollars.
    per_usd : float
        How much of that currency a dollar is.
    """

    portions: Sequence[Portion]
    holdings: Sequence[Holding] = ()
    tax_rate: float = 0.0
    credits_usd: float = 0.0
    currency: str = "USD"
    per_usd: float = 1.0

    def __post_init__(self) -> None:
        if abs(math.fsum(portion.share for portion in self.portions) - 1.0) > 1e-9:
            raise ValueError(f"shares {[portion.share for portion in self.portions]}: expected a sum of 1")

    @property
    def quote(self) -> Quote:
        """The price of the largest portion."""
        shares: Sequence[float] = [portion.share for portion in self.portions]
        return self.portions[shares.index(max(shares))].quote

    @property
    def list_usd_per_accelerator_h(self) -> float:
        """Mean list price over the portions [USD/h]."""
        return math.fsum(each.share * each.quote.list_usd_per_accelerator_h for each in self.portions)

    @property
    def usd_per_accelerator_h(self) -> float:
        """Mean price of an hour in use over the portions [USD/h]."""
        return math.fsum(each.share * each.usd_per_accelerator_h for each in self.portions)

    @property
    def is_uncertain(self) -> bool:
        """Whether a discount is drawn for each replica."""
        return any(each.quote.discount_low < each.quote.discount_high for each in self.portions)

    @property
    def discount(self) -> tuple[float, float]:
        """Least and largest discount of the first portion whose discount is still open, else of the largest portion."""
        still = [each.quote for each in self.portions if each.quote.discount_low < each.quote.discount_high]
        quote = still[0] if still else self.quote
        return quote.discount_low, quote.discount_high

    def settled(self, quantile: float) -> "Tariff":
        """Return the tariff after the talks: every open discount at a place of its range, 0 to 1."""
        return replace(self, portions=tuple(each.settled(quantile) for each in self.portions))

    def times(self, factor: float) -> "Tariff":
        """Return the tariff at so many times the price of an accelerator-hour; what stands beside it stays."""
        return replace(self, portions=tuple(each.times(factor) for each in self.portions))

    @property
    def commitments(self) -> Sequence[tuple[Portion, Committed]]:
        """The portions under a commitment, its price in the middle of an open discount."""
        drawn = [(each, each.drawn(0.5).term) for each in self.portions]
        return [(each, term) for each, term in drawn if isinstance(term, Committed)]

    def bill(
        self, usages: Sequence[Usage], *, quantile: Amount = 0.5, rates: Sequence[float | None] | None = None,
        ended: bool = True,
    ) -> Bill:  # fmt: skip
        """Charge some stages that follow each other.

        Parameters
        ----------
        usages : sequence of Usage
            One a stage, in order, each with one use whose phase names the stage.
        quantile : float or array
            Place in uncertain discounts.
        rates : sequence of float or None
            List prices of stages that have their own [USD/h].
        ended : bool
            Whether the run ends with them; else the rest of a commitment and data that leaves are not owed yet.
        """
        rates = rates or [None] * len(usages)
        due = [each for portion in self.portions for each in portion.dated(usages, rates, quantile, ended=ended)]
        lines = [each.line for each in due]
        names = [usage.uses[0].phase for usage in usages]
        used = [total([line for line in lines if line.phase == name], phase=name) for name in names]
        idle = [line for line in lines if line.phase == UNUSED[0] and line.phase not in names]
        owed = [Owed(line._replace(accelerator_hours=0.0 * line.billed_usd), line.accelerator_hours, "Hours")
                for line in ([total(idle, phase=UNUSED[0], cause=UNUSED[1])] if idle else [])]  # fmt: skip
        wall_h = summed([usage.wall_h for usage in usages])
        owed += owed_for(self.holdings, wall_h, ended=ended)
        return Bill(used, [*owed, *self._beside(Bill(used, owed))])

    def _beside(self, so_far: Bill) -> Iterable[Owed]:
        """Yield tax on each basis, and credits, which are the same on all of them (FOCUS 1.2)."""
        amounts = [so_far.usd(basis) for basis in ("list", "contracted", "effective", "billed")]
        if self.tax_rate:
            taxes = [amount * self.tax_rate for amount in amounts]
            yield Owed(LedgerLine("tax", "none", 0.0 * taxes[-1], *taxes), taxes[-1], "USD")
        if self.credits_usd:
            most = amounts[-1] * (1.0 + self.tax_rate)
            credit = -np.minimum(self.credits_usd, most)
            yield Owed(LedgerLine("credit", "none", 0.0 * credit, *([credit] * 4)), -credit, "USD")


def flat(list_usd_per_accelerator_h: float, discount_low: float = 0.0, discount_high: float = 0.0,
         **facts: Any) -> Tariff:  # fmt: skip
    """Return a tariff of one price for everything, less a discount; nothing at all where the price is zero.

    Examples
    --------
    >>> flat(2.0).quote.list_usd_per_accelerator_h
    2.0
    """
    usd = list_usd_per_accelerator_h
    quote = Quote(usd_per_accelerator_h=usd, list_usd_per_accelerator_h=usd, discount_low=discount_low,
                  discount_high=discount_high, **facts)  # fmt: skip
    return Tariff(portions=(Portion(term=listed(usd, (discount_low, discount_high)), quote=quote),))


def listed(usd_per_accelerator_h: float, discount: tuple[float, float] = (0.0, 0.0)) -> PriceTerm:
    """Return the term of a list price, with or without a discount."""
    if usd_per_accelerator_h == 0:
        return Free()
    if discount[1] == 0:
        return OnDemand(usd_per_accelerator_h=usd_per_accelerator_h)
    return Negotiated(usd_per_accelerator_h=usd_per_accelerator_h, discount=discount)


def term_of(kind: str, facts: Mapping[str, Any]) -> PriceTerm:
    """Make a registered term from those facts that it has fields for.

    Raises
    ------
    KeyError
        When no term is registered under that name; the message lists the terms.
    TypeError, ValueError
        When the term needs more, or refuses what it gets.
    """
    made = TERMS[kind]
    names = {field.name for field in fields(made)}
    found: PriceTerm = made(**{name: value for name, value in facts.items() if name in names})
    return found


def _discounted(term: PriceTerm, off: Amount) -> PriceTerm:
    if isinstance(term, Spot) and term.trace is not None:
        return replace(term, share_paid=1 - off)
    paid: Any = term
    changed: PriceTerm = replace(paid, usd_per_accelerator_h=paid.usd_per_accelerator_h * (1 - off))
    return changed


def _share(usage: Usage, share: float) -> Usage:
    if share == 1.0:
        return usage
    return replace(usage, uses=[use._replace(accelerator_hours=share * use.accelerator_hours) for use in usage.uses])
