"""The ledger as a bill that finance tools load: FinOps FOCUS 1.2, one row a stage, phase, cause, term and month."""

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from io import StringIO
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.due import Due, DueBill, due_bill
from analysis.metrics.forecast import Forecast, LedgerRow
from simulator.pricing.ledger import BASES
from simulator.pricing.reserved import UNUSED, CapacityBlock, Committed, ReservedMinimum
from simulator.pricing.tariff import Portion
from simulator.pricing.terms import Spot
from simulator.records import Ensemble

FloatArray = NDArray[np.float64]

COLUMNS: Final = (
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingAccountType", "BillingCurrency", "BillingPeriodEnd",
    "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd",
    "ChargePeriodStart", "CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountStatus",
    "CommitmentDiscountType", "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "ContractedUnitPrice",
    "EffectiveCost", "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory", "PricingQuantity",
    "PricingUnit", "ProviderName", "PublisherName", "RegionId", "ResourceId", "ResourceType", "ServiceCategory",
    "ServiceName", "ServiceSubcategory", "SkuId", "Tags", "x_LifecycleStage", "x_GoodputPhase", "x_Cause", "x_RunId",
    "x_Percentile", "x_Accelerator", "x_HostIncluded", "x_PriceDate",
)  # fmt: skip
RUN: Final = "training run"
_COMPUTE: Final = ("Compute", "Virtual Machines", "Accelerators")
_SERVICES: Final[Mapping[str, tuple[str, str, str]]] = {
    "storage": ("Storage", "Object Storage", "Storage"),
    "egress": ("Networking", "Network Connectivity", "Data out"),
    "carbon": ("Other", "Other (Other)", "Carbon"),
    "tax": ("Other", "Other (Other)", "Tax"),
    "credit": ("Other", "Other (Other)", "Credit"),
}
_CATEGORIES: Final = ((Committed, "Committed"), (CapacityBlock, "Committed"), (ReservedMinimum, "Committed"),
                      (Spot, "Dynamic"))  # fmt: skip
_LEAST: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One amount by month, in the mean over the runs: what was counted, and dollars.

    Parameters
    ----------
    quantity : array of shape (months,)
        In `unit`.
    usd : array of shape (bases, months)
        By `BASES` [USD].
    begin_h, end_h : float
        From when to when it falls due in any run, since the first start [h].
    portion : Portion or None
        Whose machines; None for what is owed beside them.
    """

    stage: str
    phase: str
    cause: str
    quantity: FloatArray
    unit: str
    usd: FloatArray
    begin_h: float
    end_h: float
    portion: Portion | None = None

    @property
    def is_priced(self) -> bool:
        """Whether something was counted; taxes and credits count nothing."""
        return self.phase not in ("tax", "credit")

    @property
    def category(self) -> str:
        """How the price came about, in the words of FOCUS."""
        if self.portion is None:
            return "Standard"
        return next((word for kind, word in _CATEGORIES if isinstance(self.portion.term, kind)), "Standard")


def focus_csv(forecast: Forecast, ensemble: Ensemble) -> str:
    """Return the mean bill of the runs as FOCUS 1.2 CSV, in the currency of the scenario.

    The rows' costs sum to the forecast's mean on each basis, and those of a month to the mean of the report's cash
    flow (`analysis.metrics.due`): the idle rest of a commitment lies in the months after the run, too.
    """
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    due = due_bill(forecast.scenario, ensemble, range(forecast.replicas))
    writer.writerows(row for charge in charges(forecast, due) for row in _rows(forecast, charge, due.firsts))
    return text.getvalue()


def charges(forecast: Forecast, due: DueBill) -> Iterator[Charge]:
    """Yield every amount: the ledger's lines by term, then what is owed beside them."""
    names = {stage.name for stage in forecast.scenario.stages}
    for portion in forecast.scenario.tariff.portions:
        mine = [each for each in due.dues if each.portion is portion]
        of_stage = {name: _charge(due, [each for each in mine if each.line.phase == name]) for name in names}
        for row in forecast.ledger:
            if row.quantity is None and (whole := of_stage[row.stage]) is not None:
                yield _used(whole, row, row.accelerator_hours * portion.share)
        idle = _charge(due, [each for each in mine if each.line.phase == UNUSED[0] and UNUSED[0] not in names])
        if idle is not None:
            yield idle
    for each in (*due.dues, *due.untaxed):
        beside = None if each.portion else _charge(due, [each])
        if beside is not None:
            yield beside
    yield from _on_the_rest(due)


def _charge(due: DueBill, parts: Sequence[Due]) -> Charge | None:
    """Return parts of one kind as one charge; None where there are none."""
    if not parts:
        return None
    first, shares = parts[0], [due.shares(each) for each in parts]
    quantities = [(share * each.quantity).mean(axis=1) for share, each in zip(shares, parts, strict=True)]
    usd = [due.by_month(basis, parts).mean(axis=1) for basis in BASES]
    return Charge(
        stage="", phase=first.line.phase, cause=first.line.cause, quantity=np.sum(quantities, axis=0), unit=first.unit,
        usd=np.array(usd), begin_h=min(float(np.min(each.begin_h)) for each in parts),
        end_h=max(float(np.max(each.end_h)) for each in parts), portion=first.portion,
    )  # fmt: skip


def _used(whole: Charge, row: LedgerRow, hours: float) -> Charge:
    """Return a line of the ledger, at the mean rate that its stage paid under a term, in the months of the stage."""
    charged_h = math.fsum(whole.quantity)
    share = hours / charged_h if charged_h else 0.0
    return replace(whole, stage=row.stage, phase=row.phase, cause=row.cause, quantity=share * whole.quantity,
                   usd=share * whole.usd)  # fmt: skip


def _on_the_rest(due: DueBill) -> Iterator[Charge]:
    """Yield taxes on each basis, and credits, which are the same on all of them (FOCUS 1.2)."""
    end_h = max(float(np.max(each.end_h)) for each in due.dues)
    taxes = np.array([due.tariff.tax_rate * due.by_month(basis).mean(axis=1) for basis in BASES])
    credited = np.array([-due.credits().mean(axis=1)] * len(BASES))
    for phase, usd in (("tax", taxes), ("credit", credited)):
        if np.any(usd):
            yield Charge(stage="", phase=phase, cause="none", quantity=np.abs(usd[-1]), unit="USD", usd=usd,
                         begin_h=0.0, end_h=end_h)  # fmt: skip


def _rows(forecast: Forecast, charge: Charge, firsts: Sequence[date]) -> Iterator[Mapping[str, str]]:
    """Yield the charge month by month."""
    start = datetime.combine(forecast.scenario.start, time())
    begin, end = start + timedelta(hours=charge.begin_h), start + timedelta(hours=charge.end_h)
    for at, day in enumerate(firsts):
        if charge.quantity[at] or charge.usd[:, at].any():
            first = datetime.combine(day, time())
            after = (first + timedelta(days=32)).replace(day=1)
            since = max(min(begin, after - _LEAST), first)
            span = (since, min(max(end, since + _LEAST), after))
            costs = _costs(forecast, charge, charge.quantity[at], charge.usd[:, at])
            yield {**costs, **_about(forecast, charge), **_when(span, (first, after))}


def _costs(forecast: Forecast, charge: Charge, counted: float, usd: FloatArray) -> Mapping[str, str]:
    """Return quantities, unit prices and costs; a unit price times its quantity is the cost."""
    per_usd = forecast.scenario.tariff.per_usd
    at_list, contracted, effective, billed = (float(each) * per_usd for each in usd)
    quantity = _number(counted) if charge.is_priced else ""
    used = quantity if charge.phase != UNUSED[0] else ""
    unit_prices = [_number(cost / counted) if charge.is_priced and counted else "" for cost in (at_list, contracted)]
    return {
        "BilledCost": _number(billed),
        "EffectiveCost": _number(effective),
        "ContractedCost": _number(contracted),
        "ListCost": _number(at_list),
        "ListUnitPrice": unit_prices[0],
        "ContractedUnitPrice": unit_prices[1],
        "PricingQuantity": quantity,
        "PricingUnit": charge.unit if quantity else "",
        "ConsumedQuantity": used,
        "ConsumedUnit": charge.unit if used else "",
        "BillingCurrency": forecast.scenario.tariff.currency,
    }


def _about(forecast: Forecast, charge: Charge) -> Mapping[str, str]:
    """Return what a charge is, whose, and of which run."""
    scenario = forecast.scenario
    quote = charge.portion.quote if charge.portion else scenario.tariff.quote
    category, subcategory, service = _SERVICES.get(charge.phase, _COMPUTE)
    machines = category == "Compute"
    provider = quote.provider or ("own machines" if quote.term == "owned" else "not stated")
    words = (charge.stage, charge.phase.replace("_", " "), charge.cause.replace("none", "").replace("_", " "))
    return {
        "BillingAccountId": "flopcast",
        "BillingAccountName": scenario.title,
        "BillingAccountType": "forecast",
        "ChargeCategory": {"tax": "Tax", "credit": "Credit"}.get(charge.phase, "Usage"),
        "ChargeClass": "",
        "ChargeDescription": " ".join(filter(None, words)),
        "ChargeFrequency": "Usage-Based" if charge.is_priced else "One-Time",
        **_commitment(charge),
        "PricingCategory": charge.category if charge.is_priced else "",
        "InvoiceIssuerName": provider,
        "ProviderName": provider,
        "PublisherName": provider,
        "RegionId": quote.region or "",
        "ResourceId": scenario.fingerprint if machines else "",
        "ResourceType": RUN if machines else "",
        "ServiceCategory": category,
        "ServiceName": service,
        "ServiceSubcategory": subcategory,
        "SkuId": f"{scenario.accelerator}/{quote.term}" if machines else charge.phase,
        "Tags": json.dumps({"scenario": scenario.name, "seed": str(forecast.seed)}),
        "x_LifecycleStage": charge.stage or RUN,
        "x_GoodputPhase": charge.phase,
        "x_Cause": charge.cause,
        "x_RunId": scenario.fingerprint,
        "x_Percentile": "mean",
        "x_Accelerator": scenario.accelerator if machines else "",
        "x_HostIncluded": {True: "true", False: "false", None: ""}[quote.host_included],
        "x_PriceDate": quote.on.isoformat() if quote.on else "",
    }


def _commitment(charge: Charge) -> Mapping[str, str]:
    names = ("CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountStatus", "CommitmentDiscountType")
    if charge.portion is None or charge.category != "Committed":
        return dict.fromkeys(names, "")
    term, status = charge.portion.quote.term, "Unused" if charge.phase == UNUSED[0] else "Used"
    return dict(zip(names, ("Usage", f"flopcast/{term}", status, term), strict=True))


def _when(span: tuple[datetime, datetime], month: tuple[datetime, datetime]) -> Mapping[str, str]:
    names = ("ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart", "BillingPeriodEnd")
    return {
        name: f"{when.replace(microsecond=0).isoformat()}Z" for name, when in zip(names, (*span, *month), strict=True)
    }


def _number(value: float) -> str:
    """Write a number to twelve decimals, without an exponent.

    Examples
    --------
    >>> _number(3.93), _number(0.0), _number(-100000.0)
    ('3.93', '0', '-100000')
    """
    return f"{value:.12f}".rstrip("0").rstrip(".") if value else "0"
