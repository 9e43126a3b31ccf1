"""The ledger as a bill that finance tools load: FinOps FOCUS 1.2, one row a stage, phase, cause, term and month."""

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from io import StringIO
from typing import Final

import numpy as np

from analysis.metrics.dollars import bill_of, usages_of
from analysis.metrics.forecast import Forecast
from simulator.engine.spread import luck_in_talks
from simulator.pricing.ledger import BASES, LedgerLine
from simulator.pricing.reserved import UNUSED, CapacityBlock, Committed, ReservedMinimum
from simulator.pricing.tariff import Portion
from simulator.pricing.terms import Spot
from simulator.records import Ensemble

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
HOURS: Final = "Hours"
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
    """One amount before it is cut into months: mean dollars on the four bases, and what was counted."""

    stage: str
    phase: str
    cause: str
    quantity: float
    unit: str
    usd: Sequence[float]  # by BASES
    begin_h: float
    end_h: float
    portion: Portion | None

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
    """Return the bill of the mean run as FOCUS 1.2 CSV, in the currency of the scenario.

    The rows' costs sum to the forecast's mean on each basis. What is owed beside the machines falls due over the whole
    run; the idle rest of a commitment too, because the run bears it.
    """
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row for charge in charges(forecast, ensemble) for row in _rows(forecast, charge))
    return text.getvalue()


def charges(forecast: Forecast, ensemble: Ensemble) -> Iterator[Charge]:
    """Yield every amount of the mean run: the ledger's lines by term, then what is owed beside them."""
    scenario, replicas = forecast.scenario, range(forecast.replicas)
    usages = usages_of(scenario, ensemble)
    quantile = luck_in_talks(scenario, replicas)
    rates = [stage.usd_per_accelerator_h for stage in scenario.stages]
    lengths = [float(np.mean(usage.wall_h)) for usage in usages]
    spans = {stage.name: (math.fsum(lengths[:at]), math.fsum(lengths[: at + 1]))
             for at, stage in enumerate(scenario.stages)}  # fmt: skip
    whole = (0.0, math.fsum(lengths))
    for portion in scenario.tariff.portions:
        lines = portion.bill(usages, rates, quantile)
        for row in forecast.ledger:
            if row.quantity is None:
                priced = [line for line in lines if line.phase == row.stage]
                mine = (row.stage, row.phase, row.cause, row.accelerator_hours * portion.share)
                yield _used(*mine, portion, priced, spans[row.stage])
        idle = [line for line in lines if line.phase == UNUSED[0] and line.phase not in spans]
        if idle:
            hours = math.fsum(float(np.mean(line.accelerator_hours)) for line in idle)
            yield Charge(stage="", phase=UNUSED[0], cause=UNUSED[1], quantity=hours, unit=HOURS, usd=_means(idle),
                         begin_h=whole[0], end_h=whole[1], portion=portion)  # fmt: skip
    for each in bill_of(scenario, ensemble, replicas).owed:
        if each.line.phase != UNUSED[0]:
            yield Charge(stage="", phase=each.line.phase, cause=each.line.cause, unit=each.unit,
                         quantity=float(np.mean(each.quantity)), usd=_means([each.line]), begin_h=whole[0],
                         end_h=whole[1], portion=None)  # fmt: skip


def _used(
    stage: str, phase: str, cause: str, hours: float, portion: Portion, lines: Sequence[LedgerLine],
    span: tuple[float, float],
) -> Charge:  # fmt: skip
    """Price a line of the ledger at the mean rate that this portion paid in its stage."""
    charged_h = math.fsum(float(np.mean(line.accelerator_hours)) for line in lines)
    rates = [usd / charged_h if charged_h else 0.0 for usd in _means(lines)]
    return Charge(stage=stage, phase=phase, cause=cause, quantity=hours, unit=HOURS,
                  usd=[hours * rate for rate in rates], begin_h=span[0], end_h=span[1], portion=portion)  # fmt: skip


def _means(lines: Sequence[LedgerLine]) -> list[float]:
    return [math.fsum(float(np.mean(line.usd(basis))) for line in lines) for basis in BASES]


def _rows(forecast: Forecast, charge: Charge) -> Iterator[Mapping[str, str]]:
    """Yield the charge month by month, in proportion to the time in each."""
    start = datetime.combine(forecast.scenario.start, time())
    begin, end = start + timedelta(hours=charge.begin_h), start + timedelta(hours=charge.end_h)
    end = max(end, begin + _LEAST)
    first = begin.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while first < end:
        after = (first + timedelta(days=32)).replace(day=1)
        span = (max(begin, first), min(end, after))
        share = (span[1] - span[0]) / (end - begin)
        part = replace(charge, quantity=charge.quantity * share, usd=[usd * share for usd in charge.usd])
        if share > 0:
            yield {**_costs(forecast, part), **_about(forecast, part), **_when(span, (first, after))}
        first = after


def _costs(forecast: Forecast, charge: Charge) -> Mapping[str, str]:
    """Return quantities, unit prices and costs; a unit price times its quantity is the cost."""
    per_usd = forecast.scenario.tariff.per_usd
    at_list, contracted, effective, billed = (usd * per_usd for usd in charge.usd)
    quantity = _number(charge.quantity) if charge.is_priced else ""
    used = quantity if charge.phase != UNUSED[0] else ""
    unit_prices = [
        _number(cost / charge.quantity) if charge.is_priced and charge.quantity else ""
        for cost in (at_list, contracted)
    ]
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
