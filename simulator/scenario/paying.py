"""The price of an accelerator-hour: stated, or a dated row of the price book."""

from datetime import date
from pathlib import Path as FilePath

from simulator.pricing.book import Price, PriceBook, PriceError, price_book
from simulator.scenario import schema
from simulator.scenario.findings import Findings
from simulator.scenario.machines import Machines
from simulator.scenario.merge import Loaded
from simulator.scenario.values import Tariff

PRICING = ("pricing",)
UNDATED = date(2022, 12, 12)  # day of the price that the first scenario uses; only dates in the output depend on it
TERMS = ("on_demand", "spot", "commit_1y", "commit_3y")


def start_of(document: schema.Document, findings: Findings) -> date:
    """Return the first day of the run; a looked-up price needs one, and today is never taken."""
    if document.start is not None:
        return document.start
    if document.pricing.date is not None:
        findings.fact(("start",), document.pricing.date.isoformat(), "like pricing.date")
        return document.pricing.date
    if document.pricing.rate is None:
        findings.problem(("start",), "is missing: prices have dates; write start = 2022-12-12, or state pricing.rate")
    else:
        findings.fact(
            ("start",), UNDATED.isoformat(), "default: a constant, so that results repeat; only dates depend on it"
        )
    return UNDATED


def tariff_of(document: schema.Document, machines: Machines, start: date, findings: Findings) -> Tariff:
    """Return the tariff; with a problem noted where there is no price."""
    pricing = document.pricing
    low, high = pricing.discount or (0.0, 0.0)
    if pricing.rate is not None:
        return _stated(pricing, pricing.rate, (low, high), findings)
    found = _looked_up(pricing, machines, start, findings)
    if found is None:
        return Tariff(list_usd_per_accelerator_h=0.0)
    usd, included = _with_host(pricing, found, findings)
    findings.fact((*PRICING, "row"), found.label, found.source, found.evidence)
    if found.stale:
        findings.warn(f"The price is more than a year older than the run: {found.label}.")
    return Tariff(
        list_usd_per_accelerator_h=usd,
        discount_low=low,
        discount_high=high,
        term=found.term,
        provider=found.provider or None,
        region=found.region or None,
        on=found.date_from,
        host_included=included,
        source=found.source,
        evidence=found.evidence,
        stale=found.stale,
    )


def _stated(pricing: schema.Pricing, rate: float, discount: tuple[float, float], findings: Findings) -> Tariff:
    if pricing.book is not None:
        findings.problem((*PRICING, "book"), "contradicts rate; leave one out")
    extra = pricing.host if isinstance(pricing.host, float) else 0.0
    included = True if extra else {"included": True, "excluded": False}.get(str(pricing.host))
    return Tariff(
        list_usd_per_accelerator_h=rate + extra,
        discount_low=discount[0],
        discount_high=discount[1],
        term=pricing.term or "stated",
        provider=pricing.provider,
        region=pricing.region,
        on=pricing.date,
        host_included=included,
        source="stated in the scenario",
    )


def _looked_up(pricing: schema.Pricing, machines: Machines, start: date, findings: Findings) -> Price | None:
    if pricing.term not in TERMS:
        from simulator.foundation.issues import not_among

        findings.problem((*PRICING, "term"), f"{not_among(str(pricing.term), TERMS)}; other terms need pricing.rate")
        return None
    try:
        return _book(pricing, findings).lookup(
            machines.accelerator.key,
            provider=pricing.provider,
            region=pricing.region,
            term=str(pricing.term),
            date=pricing.date or start,
        )
    except (PriceError, ValueError, OSError) as error:
        findings.problem(PRICING, str(error).replace("\n", " "))
        return None


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
    place = loaded.place((*PRICING, "book")) or loaded.places[()]
    return place.folder / written


def _with_host(pricing: schema.Pricing, found: Price, findings: Findings) -> tuple[float, bool | None]:
    """Return the price with what was asked about the host, and whether the host is in it."""
    usd = found.usd_per_accelerator_h
    if pricing.host == "excluded" and found.host_included:
        findings.problem((*PRICING, "host"), f"the host is part of the price and cannot be taken out: {found.label}")
    if isinstance(pricing.host, float):
        if found.host_included:
            findings.problem((*PRICING, "host"), f"the host is part of the price already: {found.label}")
        return usd + pricing.host, True
    if pricing.host == "included" and found.host_included is False:
        findings.problem(
            (*PRICING, "host"), f"this price leaves the host out; add its rate, as in host = '$1.10/h': {found.label}"
        )
    if pricing.host is None and found.host_included is False:
        findings.warn(f"The price is for the accelerator alone, the host is extra: {found.label}.")
    return usd, found.host_included
