"""What a scenario pays: the first day, the portions of its machines on their terms, and what stands beside them."""

import math
from collections.abc import Sequence
from datetime import date
from pathlib import Path as FilePath

from simulator.catalogue.reader import Entry, entry
from simulator.pricing.book import PriceBook, PriceError, price_book
from simulator.pricing.holdings import BYTES_PER_GB, Egress, Holding, Storage, Tier
from simulator.pricing.tariff import SCALABLE, Portion, Tariff, flat
from simulator.pricing.terms import PREEMPTION, Spot
from simulator.reliability.causes import Cause
from simulator.scenario import schema
from simulator.scenario.findings import Findings
from simulator.scenario.machines import Machines
from simulator.scenario.merge import Loaded
from simulator.scenario.owning import ownership_of
from simulator.scenario.phases import Phase
from simulator.scenario.quoting import STATED, Asked, portion_of
from simulator.scenario.saving import State
from simulator.scenario.spot import named_file

PRICING = ("pricing",)
UNDATED = date(2026, 1, 1)  # where nothing needs a day, so that only dates in the output depend on it
READ_BY = {
    "reserved": ("commit_1y", "commit_3y", "capacity_block"),
    "rest": ("commit_1y", "commit_3y"),
    "block": ("capacity_block",),
    "minimum_accelerator_hours": ("reserved_minimum",),
    "trace": ("spot",),
}
PER_1000_NODE_DAYS = 1.0 / (1000.0 * 86400.0)


def start_of(document: schema.Document, machines: Machines, findings: Findings) -> date:
    """Return the first day of the run; a looked-up price needs one, and today is never taken."""
    if document.start is not None:
        return document.start
    if document.pricing.date is not None:
        findings.fact(("start",), document.pricing.date.isoformat(), "like pricing.date")
        return document.pricing.date
    if document.pricing.rate is None:
        day = price_book().latest(machines.accelerator.key) or UNDATED
        findings.problem(
            ("start",),
            f"is missing: prices have dates; write the run's first day, such as start = {day}, or state pricing.rate",
        )
    else:
        what = "only dates depend on it" if document.pricing.storage == schema.Kept() else "months of storage are its"
        findings.fact(("start",), UNDATED.isoformat(), f"default: a constant, so that results repeat; {what}")
    return UNDATED


def tariff_of(
    document: schema.Document, machines: Machines, drafts: Sequence[Phase], state: State | None, start: date,
    findings: Findings,
) -> Tariff:  # fmt: skip
    """Return the tariff; with a problem noted where there is no price."""
    pricing = document.pricing
    if pricing.rate is not None and pricing.book is not None:
        findings.problem((*PRICING, "book"), "contradicts rate; leave one out")
        return flat(0.0)
    try:
        book = _book(pricing, findings)
    except (ValueError, OSError) as error:  # a `PriceError` is one of the first
        findings.problem(PRICING, str(error).replace("\n", "; "))
        return flat(0.0)
    spares = (document.cluster.spares or 0) * machines.per_node
    asked = Asked(
        accelerator=machines.accelerator.key,
        per_node=machines.per_node,
        accelerators=max((draft.accelerators for draft in drafts), default=0) + spares,
        start=start,
        book=book,
        own=ownership_of(document, machines, start, findings) if is_owned(pricing) else None,
    )
    portions = _portions(pricing, asked, findings)
    if portions is None:
        return flat(0.0)
    own = [draft for draft in drafts if draft.rate is not None]
    if own and not all(isinstance(portion.term, SCALABLE) for portion in portions):
        findings.problem((*own[0].path, "rate"), "belongs to a list price; leave it out on other terms than on_demand")
    if (pricing.per_usd is None) != (pricing.currency is None):
        findings.problem((*PRICING, "per_usd"), "needs currency, and currency needs per_usd: units for a dollar")
    return Tariff(
        portions=portions,
        holdings=_holdings(pricing, state, start, findings),
        tax_rate=pricing.tax or 0.0,
        credits_usd=pricing.credits or 0.0,
        currency=pricing.currency or "USD",
        per_usd=pricing.per_usd or 1.0,
    )


def is_owned(pricing: schema.Pricing) -> bool:
    """Tell whether some of the machines are one's own, at a rate that [ownership] comes to."""
    tables: Sequence[schema.Terms] = pricing.parts or [pricing]
    return any(table.term == "owned" and table.rate is None for table in tables) and pricing.rate is None


def _portions(pricing: schema.Pricing, asked: Asked, findings: Findings) -> Sequence[Portion] | None:
    """Return the portions; None with a problem noted."""
    _check_read(pricing, findings)
    _check_amounts(pricing, findings)
    if not pricing.parts:
        whole = portion_of(pricing, 1.0, PRICING, asked, findings)
        return None if whole is None else (whole,)
    shares = [part.share for part in pricing.parts]
    if None in shares or abs(math.fsum(share or 0.0 for share in shares) - 1.0) > 1e-6:
        findings.problem((*PRICING, "parts"), f"the shares are {shares}; each part needs one, and they sum to 1")
        return None
    size = math.fsum(share or 0.0 for share in shares)
    found = [
        portion_of(_inheriting(part, pricing), (part.share or 0.0) / size, (*PRICING, "parts", at), asked, findings)
        for at, part in enumerate(pricing.parts)
        if part.share
    ]
    return None if None in found else tuple(each for each in found if each is not None)


def _check_read(pricing: schema.Pricing, findings: Findings) -> None:
    """Warn of what is stated and no term reads; terms of other distributions may read anything."""
    own = [(f"parts[{at}].", part, {part.term or pricing.term}) for at, part in enumerate(pricing.parts or ())]
    kinds = set().union(*(terms for *_, terms in own)) if own else {pricing.term}
    tables: Sequence[tuple[str, schema.Terms, set[str | None]]] = [("", pricing, kinds), *own]
    for where, table, terms in tables if kinds <= {None, *STATED} else ():
        for key, reading in READ_BY.items():
            if getattr(table, key) is not None and terms.isdisjoint(reading):
                by = " or ".join(reading)
                findings.warn(f"pricing.{where}{key} is stated and counts for nothing: only term = {by} reads it.")


def _check_amounts(pricing: schema.Pricing, findings: Findings) -> None:
    """Warn of an amount that several parts take from [pricing], each the whole of it."""
    for key in ("reserved", "minimum_accelerator_hours"):
        taking = [part for part in pricing.parts or () if getattr(part, key) is None
                  and (part.term or pricing.term) in READ_BY[key]]  # fmt: skip
        if (amount := getattr(pricing, key)) is not None and len(taking) > 1:
            findings.warn(f"pricing.{key} counts for each of {len(taking)} parts, {len(taking) * amount:,.0f} in all; "
                          "state it in the parts.")  # fmt: skip


def _inheriting(part: schema.Part, pricing: schema.Pricing) -> schema.Terms:
    """Return a part with what it leaves out taken from [pricing]; a term of its own drops the other's rate."""
    common = {name: getattr(pricing, name) for name in schema.Terms.model_fields}
    own = {name: value for name in schema.Terms.model_fields if (value := getattr(part, name)) is not None}
    if "term" in own and "rate" not in own and own["term"] not in ("on_demand", "negotiated"):
        common["rate"] = None
    if own.get("term") == "negotiated" and common["discount"] == (0.0, 0.0):
        common["discount"] = None
    if common["rate"] is not None and "rate" in own and "list_rate" not in own:
        common["list_rate"] = common["list_rate"] or common["rate"]
    return schema.Terms.model_construct(**(common | own))


def preemptions(document: schema.Document, tariff: Tariff, findings: Findings) -> Sequence[Cause]:
    """Return the cause of stops that spot capacity brings: it is taken back, and the job waits until there is other.

    The machines that stay are paid while the job waits.
    """
    written = document.pricing.preemption
    if document.spot is not None:
        return ()
    spot = math.fsum(portion.share for portion in tariff.portions if isinstance(portion.term, Spot))
    path = (*PRICING, "preemption")
    if not spot:
        if written != schema.Preemption() and not findings.issues:
            findings.problem(path, "belongs to term = 'spot'")
        return ()
    if not written.per_1000_node_days:
        findings.warn("Spot capacity is never taken back here: state pricing.preemption.per_1000_node_days.")
        return ()
    away_s = written.away
    if away_s is None:
        away_s = findings.amount((*path, "away"), 1800.0, "time", "assumption, minutes to days: half an hour", "M")
    rate = written.per_1000_node_days * spot * PER_1000_NODE_DAYS
    return (
        Cause(name=PREEMPTION, rate_per_node_s=rate, kind="planned", detection_s=away_s, source="stated in the "
              "scenario"),
    )  # fmt: skip


def _holdings(pricing: schema.Pricing, state: State | None, start: date, findings: Findings) -> Sequence[Holding]:
    found: list[Holding] = []
    kept, leaving = pricing.storage, pricing.egress
    if kept != schema.Kept():
        fact = _tiers_of("storage", kept.tier, findings)
        saves = (kept.checkpoints or 0) * (state.state_bytes if state else 0.0)
        if kept.checkpoints and state is None:
            findings.problem((*PRICING, "storage", "checkpoints"), "needs checkpoint.state or model.architecture")
        for what, size in (("checkpoints", saves), ("data", kept.data or 0.0)):
            if fact is not None and size:
                found.append(Storage(what=what, gb=size / BYTES_PER_GB, tiers=_tiers(fact, "usd_per_gb_month"),
                                     since=start, label=_label(fact)))  # fmt: skip
    if leaving != schema.Leaving():
        fact = _tiers_of("egress", leaving.tier, findings)
        if leaving.data is None:
            findings.problem((*PRICING, "egress", "data"), "is missing: how much leaves the provider?")
        if fact is not None:
            found.append(Egress(what="data", gb=(leaving.data or 0.0) / BYTES_PER_GB, tiers=_tiers(fact, "usd_per_gb"),
                                label=_label(fact)))  # fmt: skip
    return tuple(found)


def _tiers_of(kind: str, key: str | None, findings: Findings) -> Entry | None:
    path = (*PRICING, kind, "tier")
    if key is None:
        findings.problem(path, f"is missing; name an entry of the {kind} catalogue")
        return None
    fact = entry(kind, key)
    findings.fact((*path, "entry"), _label(fact), fact.source, fact.evidence)
    return fact


def _label(fact: Entry) -> str:
    return f"{fact.title}, {fact.date}"


def _tiers(fact: Entry, prices: str) -> Sequence[Tier]:
    ends, usd = fact.values["upto_gb"], fact.values[prices]
    assert isinstance(ends, tuple)
    assert isinstance(usd, tuple)
    return tuple(Tier(float(end) or math.inf, float(price)) for end, price in zip(ends, usd, strict=True))


def _book(pricing: schema.Pricing, findings: Findings) -> PriceBook:
    book = price_book()
    if pricing.book is None:
        return book
    file = book_file(pricing.book, findings.loaded)
    if file.exists() and not file.is_file():
        raise PriceError(f"{pricing.book!r} is no file with prices")
    return book.with_file(file)


def book_file(written: str, loaded: Loaded) -> FilePath:
    """Return the file of the user's own prices; its path starts from the file that names it."""
    return named_file(written, (*PRICING, "book"), loaded)
