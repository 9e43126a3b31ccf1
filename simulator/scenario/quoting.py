"""The price of an accelerator-hour on a term: stated, or a dated row of the price book."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path as FilePath
from typing import Any

from simulator.foundation.issues import not_among
from simulator.foundation.units import hourly, percent
from simulator.pricing.book import STALE_DAYS, Price, PriceBook, PriceError
from simulator.pricing.ownership import Ownership, usd_per_accelerator_h
from simulator.pricing.tariff import SCALABLE, Portion, Quote, listed, term_of
from simulator.pricing.terms import DISCOUNT_PRIOR, HOURS_PER_YEAR, TERMS, PriceTerm
from simulator.pricing.trace import StepTrace
from simulator.scenario import schema
from simulator.scenario.findings import Findings
from simulator.scenario.lines import Path
from simulator.scenario.spot import named_file, read_history, read_trace

LOOKED_UP = {"on_demand": "on_demand", "negotiated": "on_demand", "spot": "spot", "commit_1y": "commit_1y",
             "commit_3y": "commit_3y"}  # fmt: skip
STATED = ("stated", *LOOKED_UP, "capacity_block", "reserved_minimum", "owned")
KINDS = {"commit_1y": "committed", "commit_3y": "committed"}
STARTS = "The run starts on"
DEARER = 1.5  # times as dear as another provider's: worth a warning, where nobody named one
YEARS = {"commit_1y": 1, "commit_3y": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a price is needed for.

    Parameters
    ----------
    accelerator : str
        Key of the catalogue.
    per_node : int
        Accelerators of a machine.
    accelerators : int
        The most that work at once, spares included.
    start : date
        First day of the run.
    book : PriceBook
        Where prices are looked up, the user's rows in front.
    own : Ownership or None
        What one's own machines cost, where a share of the machines is one's own.
    """

    accelerator: str
    per_node: int
    accelerators: int
    start: date
    book: PriceBook
    own: Ownership | None = None


def portion_of(terms: schema.Terms, share: float, path: Path, asked: Asked, findings: Findings) -> Portion | None:
    """Return a share of the machines on its term; None with a problem noted."""
    quote = (
        _stated(terms, path, asked, findings) if terms.rate is not None else _looked_up(terms, path, asked, findings)
    )
    if quote is None:
        return None
    if terms.term == "negotiated" and terms.discount is None and (terms.list_rate is None or terms.rate is None):
        low, high = DISCOUNT_PRIOR
        findings.fact((*path, "negotiated"), f"{low:g} to {high:g}", "assumption: what large buyers get", "M")
        if terms.rate is not None:
            findings.warn(f"{hourly(quote.usd_per_accelerator_h)}/h is taken for the list price, and as no discount is "
                          f"stated, {percent(low, '.0')} to {percent(high, '.0')} go off it. If it is what you pay, "
                          "state pricing.discount = 0, or leave pricing.term out.")  # fmt: skip
        quote = replace(quote, discount_low=low, discount_high=high)
    try:
        term = _term(terms, share, quote, path, asked, findings)
    except (ValueError, TypeError, OSError) as error:
        findings.problem((*path, "term"), f"{quote.term}: {error}")
        return None
    if not isinstance(term, SCALABLE) and quote.discount_high == 1:
        findings.problem(
            (*path, "discount"), f"of 100 % on {quote.term}; a gift is term = 'on_demand' at its list price"
        )
    return Portion(term=term, quote=quote, share=share)


def check_row(row: Price, day: date, says: str, findings: Findings) -> None:
    """Warn of a row that is taken for a day more than a year off the day it was seen, or far from the cheapest."""
    if row.cheaper is not None and row.usd >= DEARER * row.cheaper.usd:
        findings.warn(f"No provider is named, and the newest price is taken: {row.label}. "
                      f"Seen within the year before: {row.cheaper.label}.")  # fmt: skip
    if row.last_seen is not None:
        check_day(row.label, row.date_from or row.last_seen, row.last_seen, day, says, findings)


def check_day(what: str, first: date, last: date, day: date, says: str, findings: Findings) -> None:
    """Warn of a price that was seen from a first to a last day, if a day is more than a year before or after those."""
    if (day - last).days > STALE_DAYS:
        findings.warn(f"{says} {day}, more than a year after the day of its price: {what}.")
    if (first - day).days > STALE_DAYS:
        findings.warn(f"{says} {day}, more than a year before the day of its price: {what}.")


def _term(terms: schema.Terms, share: float, quote: Quote, path: Path, asked: Asked, findings: Findings) -> PriceTerm:
    kind = KINDS.get(quote.term, quote.term)
    if kind in ("on_demand", "negotiated", "stated") or kind not in TERMS or quote.usd_per_accelerator_h == 0:
        return _on_list(quote)
    facts: dict[str, Any] = {
        "usd_per_accelerator_h": quote.usd_per_accelerator_h,
        "list_usd_per_accelerator_h": quote.list_usd_per_accelerator_h,
        "accelerators": terms.reserved or share * asked.accelerators,
    }
    if kind == "committed":
        years = YEARS[quote.term]
        facts["years"] = years
        facts["held_h"] = None if terms.rest == "shared" else years * HOURS_PER_YEAR
        if terms.rest is None:
            findings.fact((*path, "rest"), "billed", "default: a commitment is paid to its end, used or not")
    if kind == "capacity_block":
        block_s = terms.block or findings.amount((*path, "block"), 86400.0, "time", "default: blocks of a day", "M")
        facts["block_h"] = block_s / 3600.0
    if kind == "reserved_minimum":
        if terms.minimum_accelerator_hours is None:
            findings.problem((*path, "minimum_accelerator_hours"), "is missing: how many are paid at least?")
        facts["minimum_accelerator_hours"] = terms.minimum_accelerator_hours or 0.0
    if kind == "spot" and terms.trace is not None:
        facts["trace"] = _trace(named_file(terms.trace, (*path, "trace"), findings.loaded), asked)
    return term_of(kind, facts)


def _trace(file: FilePath, asked: Asked) -> StepTrace:
    """Return the prices of a file: Amazon's own history as JSON, else a CSV."""
    if file.suffix == ".json":
        return read_history(file, asked.start, asked.per_node)
    return read_trace(file, asked.start)


def _on_list(quote: Quote) -> PriceTerm:
    """Return the term of a list price with a discount, or of a price that is stated beside it."""
    usd, at_list = quote.usd_per_accelerator_h, quote.list_usd_per_accelerator_h
    if not 0 < usd < at_list:
        return listed(usd, (quote.discount_low, quote.discount_high))
    low, high = (1.0 - usd / at_list * (1.0 - off) for off in (quote.discount_low, quote.discount_high))
    return listed(at_list, (low, high))


def _stated(terms: schema.Terms, path: Path, asked: Asked, findings: Findings) -> Quote | None:
    known = [*STATED, *TERMS]
    if terms.term is not None and terms.term not in known:
        findings.problem((*path, "term"), not_among(terms.term, known, most=30))
        return None
    extra = terms.host if isinstance(terms.host, float) else 0.0
    included = True if extra else {"included": True, "excluded": False}.get(str(terms.host))
    low, high = terms.discount or (0.0, 0.0)
    rate = (terms.rate or 0.0) + extra
    if terms.date is not None:
        check_day(f"{hourly(rate)}/h, stated for {terms.date}", terms.date, terms.date, asked.start, STARTS, findings)
    return Quote(
        usd_per_accelerator_h=rate,
        list_usd_per_accelerator_h=rate
        if terms.list_rate is None
        else _at_least(rate, terms.list_rate + extra, terms, path, findings),
        discount_low=low,
        discount_high=high,
        term=terms.term or "stated",
        provider=terms.provider,
        region=terms.region,
        on=terms.date,
        host_included=included,
        source="stated in the scenario",
    )


def _owned(own: Ownership, path: Path, asked: Asked, findings: Findings) -> Quote:
    """Return what an hour of one's own machines costs, as a quote."""
    usd = usd_per_accelerator_h(own)
    source = f"[ownership], {own.life_years:g} years at {percent(own.utilisation, '.0')} in use"
    findings.fact((*path, "owned"), f"${usd:.4g}/h", source, "D")
    return Quote(usd_per_accelerator_h=usd, list_usd_per_accelerator_h=usd, term="owned", on=asked.start,
                 host_included=True, source=source, evidence="D")  # fmt: skip


def _looked_up(terms: schema.Terms, path: Path, asked: Asked, findings: Findings) -> Quote | None:
    if terms.term == "owned" and asked.own is not None:
        return _owned(asked.own, path, asked, findings)
    if terms.term not in LOOKED_UP:
        findings.problem((*path, "term"), f"{not_among(str(terms.term), LOOKED_UP)}; other terms need pricing.rate")
        return None
    try:
        found = _row(terms, LOOKED_UP[terms.term], asked)
    except (PriceError, ValueError, OSError) as error:
        message = str(error).replace("\n", "; ")
        advice = "; or state pricing.rate" if isinstance(error, PriceError) else ""
        about = (error.about,) if isinstance(error, PriceError) and error.about else ()
        if about or not findings.is_problem("start"):  # without the day there is no price, and one message says so
            findings.problem((*path, *about), message + advice)
        return None
    if asked.book.own and not found.own:
        findings.warn(f"No row of pricing.book fits {found.accelerator} on {terms.date or asked.start} with what "
                      f"[pricing] says, so the catalogue's price is taken: {found.label}.")  # fmt: skip
    usd, included = _with_host(terms, found, path, findings)
    findings.fact((*path, "row"), found.label, found.source, found.evidence)
    check_row(found, asked.start, STARTS, findings)
    if terms.date is not None and terms.date != asked.start:
        check_row(found, terms.date, "pricing.date is", findings)
    low, high = terms.discount or (0.0, 0.0)
    return Quote(
        usd_per_accelerator_h=usd,
        list_usd_per_accelerator_h=_list(terms, found, usd, path, asked, findings),
        discount_low=low,
        discount_high=high,
        term=terms.term,
        provider=found.provider or None,
        region=found.region or None,
        on=found.date_from,
        host_included=included,
        source=found.source,
        evidence=found.evidence,
        stale=found.stale,
    )


def _row(terms: schema.Terms, term: str, asked: Asked) -> Price:
    return asked.book.lookup(
        asked.accelerator, provider=terms.provider, region=terms.region, term=term, date=terms.date or asked.start
    )


def _list(terms: schema.Terms, found: Price, usd: float, path: Path, asked: Asked, findings: Findings) -> float:
    """Return the on-demand price beside a row: as stated, else for another term of the same provider if it has one."""
    if terms.list_rate is not None:
        return _at_least(
            usd, terms.list_rate + (terms.host if isinstance(terms.host, float) else 0.0), terms, path, findings
        )
    if found.term == "on_demand":
        return usd
    same = terms.model_copy(update={"provider": found.provider or terms.provider})
    for each in (same, same.model_copy(update={"region": None})):
        try:
            row = _row(each, "on_demand", asked)
        except PriceError:
            continue
        findings.fact((*path, "list_row"), row.label, row.source, row.evidence)
        return row.usd_per_accelerator_h + (usd - found.usd_per_accelerator_h)
    findings.warn(f"No on-demand price stands beside {found.label}: it counts as the list price too.")
    return usd


def _at_least(usd: float, listed_usd: float, terms: schema.Terms, path: Path, findings: Findings) -> float:
    """Return a list price; with a warning the price itself, where it is a list price too and dearer than the other."""
    if listed_usd >= usd or terms.term not in (None, "stated", "on_demand", "negotiated"):
        return listed_usd
    findings.warn(f"{'.'.join(map(str, path))}.list_rate of {hourly(listed_usd)}/h is below the price itself, "
                  f"{hourly(usd)}/h, which therefore is the list price too.")  # fmt: skip
    return usd


def _with_host(terms: schema.Terms, found: Price, path: Path, findings: Findings) -> tuple[float, bool | None]:
    """Return the price with what was asked about the host, and whether the host is in it."""
    usd, at = found.usd_per_accelerator_h, (*path, "host")
    if terms.host == "excluded" and found.host_included:
        findings.problem(at, f"the host is part of the price and cannot be taken out: {found.label}")
    if isinstance(terms.host, float):
        if found.host_included:
            findings.problem(at, f"the host is part of the price already: {found.label}")
        return usd + terms.host, True
    if terms.host == "included" and found.host_included is False:
        findings.problem(at, f"this price leaves the host out; add its rate, as in host = '$1.10/h': {found.label}")
    if terms.host is None and found.host_included is False:
        findings.warn(f"The price is for the accelerator alone, the host is extra: {found.label}.")
    return usd, found.host_included
