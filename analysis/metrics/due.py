"""When what a run costs falls due: its bill by calendar month, in every replica."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.dollars import bill_of, usages_of
from simulator.engine.spread import luck_in_talks
from simulator.pricing.holdings import owed_for
from simulator.pricing.ledger import Amount, LedgerLine
from simulator.pricing.reserved import UNUSED
from simulator.pricing.tariff import Portion, Tariff
from simulator.records import Ensemble
from simulator.scenario.values import Scenario

FloatArray = NDArray[np.float64]

HOURS: Final = "Hours"
_AT_THE_END: Final = frozenset({"egress"})
_BY_MONTH: Final = frozenset({"storage"})
_ON_THE_REST: Final = frozenset({"tax", "credit"})


class Due(NamedTuple):
    """An amount, what was counted, and from when to when it falls due, evenly, since the first start [h]."""

    line: LedgerLine
    quantity: Amount
    unit: str
    begin_h: Amount
    end_h: Amount
    portion: Portion | None = None


@dataclass(frozen=True, kw_only=True)
class DueBill:
    """A bill with its dates.

    Parameters
    ----------
    start : date
        First day of the run.
    tariff : Tariff
        Taxes and credits on what is due.
    dues : sequence of Due
        All but those, and but carbon, which is not taxed.
    untaxed : sequence of Due
        Carbon.
    replicas : int
        How many runs.
    """

    start: date
    tariff: Tariff
    dues: Sequence[Due]
    untaxed: Sequence[Due]
    replicas: int

    @cached_property
    def firsts(self) -> Sequence[date]:
        """First day of each calendar month, from the start to the last in which something falls due."""
        last_h = max(float(np.max(due.end_h)) for due in (*self.dues, *self.untaxed))
        end = datetime.combine(self.start, time()) + timedelta(hours=last_h) - timedelta(seconds=1)
        count = max((end.year - self.start.year) * 12 + end.month - self.start.month, 0)
        months = range(self.start.month - 1, self.start.month + count)
        return [date(self.start.year + month // 12, month % 12 + 1, 1) for month in months]

    def shares(self, due: Due) -> FloatArray:
        """Return the shares of an amount by month, shape (months, replicas); what is due at once is due by its time."""
        edges_h = [(first - self.start).days * 24.0 for first in self.firsts[1:]]
        edge_h = np.array([-math.inf, *edges_h, math.inf])[:, None]
        begin_h, length_h = np.asarray(due.begin_h), np.subtract(due.end_h, due.begin_h)
        spread = np.clip((edge_h - begin_h) / np.where(length_h > 0, length_h, 1.0), 0.0, 1.0)
        reached = np.where(length_h > 0, spread, edge_h >= begin_h)
        return np.broadcast_to(np.diff(reached, axis=0), (len(self.firsts), self.replicas))

    def by_month(self, basis: str, dues: Sequence[Due] | None = None) -> FloatArray:
        """Return dollars before tax and credits by month, shape (months, replicas)."""
        chosen = self.dues if dues is None else dues
        parts = [self.shares(due) * due.line.usd(basis) for due in chosen]
        found: FloatArray = np.sum([np.zeros((len(self.firsts), self.replicas)), *parts], axis=0)
        return found

    def credits(self) -> FloatArray:
        """Return what credits take off by month, shape (months, replicas): the first dollars, while they last."""
        reached = np.cumsum(self.by_month("billed") * (1.0 + self.tariff.tax_rate), axis=0)
        return np.diff(np.minimum(reached, self.tariff.credits_usd), axis=0, prepend=0.0)

    def billed(self) -> FloatArray:
        """Return all that is billed by month, shape (months, replicas) [USD]."""
        taxed = self.by_month("billed") * (1.0 + self.tariff.tax_rate)
        return taxed - self.credits() + self.by_month("billed", self.untaxed)


def due_bill(scenario: Scenario, ensemble: Ensemble, replicas: range) -> DueBill:
    """Return the bill of every replica with its dates.

    Machines are paid as they run, and what is reserved to the end of its term, also after the run; data that is kept by
    the calendar month, carbon evenly, data that leaves and what is missing to a promised minimum at the run's end.
    """
    usages, quantile = usages_of(scenario, ensemble), luck_in_talks(scenario, replicas)
    rates = [stage.usd_per_accelerator_h for stage in scenario.stages]
    dues = [
        Due(line, line.accelerator_hours, HOURS, begin_h, end_h, portion)
        for portion in scenario.tariff.portions
        for line, begin_h, end_h in portion.dated(usages, rates, quantile)
    ]
    end_h = usages[-1].start_h + usages[-1].wall_h
    dues += _kept(scenario, np.asarray(end_h))
    untaxed: list[Due] = []
    for line, quantity, unit in bill_of(scenario, ensemble, replicas).owed:
        if line.phase not in (UNUSED[0], *_BY_MONTH, *_ON_THE_REST):
            begin_h = end_h if line.phase in _AT_THE_END else 0.0
            (untaxed if line.phase == "carbon" else dues).append(Due(line, quantity, unit, begin_h, end_h))
    return DueBill(start=scenario.start, tariff=scenario.tariff, dues=dues, untaxed=untaxed, replicas=len(replicas))


def _kept(scenario: Scenario, end_h: FloatArray) -> Iterator[Due]:
    """Yield what data that is kept costs in each calendar month, of which a full one is the same however long."""
    holdings = [each for each in scenario.tariff.holdings if each.accrues]
    begin_h, so_far = 0.0 * end_h, [0.0 * end_h] * len(holdings)
    counted = so_far
    for edge_h in month_edges_h(scenario.start, float(end_h.max())) if holdings else ():
        until_h = np.minimum(end_h, edge_h)
        owed = owed_for(holdings, until_h, ended=False)
        for (line, quantity, unit), usd, count in zip(owed, so_far, counted, strict=True):
            month = line.billed_usd - usd
            yield Due(LedgerLine(*line[:3], month, month, month, month), quantity - count, unit, begin_h, until_h)
        begin_h, so_far = until_h, [np.asarray(each.line.billed_usd) for each in owed]
        counted = [np.asarray(each.quantity) for each in owed]


def month_edges_h(start: date, end_h: float) -> Iterator[float]:
    """Yield when calendar months end, from the start of a run to the first at or after its end [h].

    Examples
    --------
    >>> list(month_edges_h(date(2024, 1, 30), 24 * 31.5))  # two days of January, 29 of February, and March
    [48.0, 744.0, 1488.0]
    """
    first, edge_h = start, 0.0
    while edge_h < end_h:
        first = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        edge_h = (first - start).days * 24.0
        yield edge_h
