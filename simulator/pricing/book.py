"""The price book: what an accelerator-hour cost, where, on which term, on which day, and who says so.

Rows are observations with a first and, where the series was observed again, a last day. A user's own rows win over the
catalogue's. A price that is missing or zero is an error that lists the nearest rows; it is never $0.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date as Date  # noqa: N812 - `date` is the name of parameters here
from functools import lru_cache
from pathlib import Path
from typing import Final

from simulator.catalogue.reader import CatalogueError, entry, fold, rows
from simulator.foundation.issues import not_among
from simulator.foundation.units import hourly

TERMS: Final = ("on_demand", "spot", "commit_1y", "commit_3y", "host", "host_spot", "purchase")
STALE_DAYS: Final = 365

_PROVIDERS: Final[Mapping[str, str]] = {
    "google": "gcp",
    "google-cloud": "gcp",
    "amazon": "aws",
    "amazon-web-services": "aws",
    "microsoft": "azure",
    "microsoft-azure": "azure",
    "lambda-labs": "lambda",
}
_NEEDED: Final = ("accelerator", "usd_per_accelerator_h")
COLUMNS: Final = (
    "accelerator", "provider", "instance", "region", "term", "usd_per_accelerator_h", "usd_per_accelerator",
    "host_included", "date_from", "date_to", "note", "source", "evidence",
)  # fmt: skip
"""Of a file with prices, in the order in which they are written."""
MOST_USD: Final = 1e9
"""The largest price that makes sense [USD], as for `pricing.rate`."""


class PriceError(ValueError):
    """No usable price; the message lists the nearest rows. `about` is the word of the question that no row knows."""

    def __init__(self, message: str, about: str = "") -> None:
        super().__init__(message)
        self.about = about


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One row of the book, as found for a day.

    Parameters
    ----------
    usd : float
        Price of one accelerator for one hour [USD/h]; for the term ``purchase`` of one accelerator [USD].
    host_included : bool or None
        Whether the virtual machine around the accelerators is in it (of a purchase, their share of the server); None
        where that has no meaning.
    date_from, date_to : date or None
        First and last day of the observation; None is open.
    stale : bool
        Whether it was seen last more than a year before the day asked for.
    others : tuple of float
        Prices of other rows that fitted as well, which were dearer.
    own : bool
        Whether it is from the user's file.
    cheaper : Price or None
        The cheapest row of the year before the day, where no provider was asked for and another one's is cheaper.
    """

    accelerator: str
    provider: str
    region: str
    instance: str
    term: str
    usd: float
    host_included: bool | None
    date_from: Date | None
    date_to: Date | None
    note: str
    source: str
    evidence: str
    own: bool = False
    stale: bool = False
    others: tuple[float, ...] = ()
    cheaper: "Price | None" = None

    @property
    def usd_per_accelerator_h(self) -> float:
        """Price of an accelerator-hour [USD/h]; a purchase has none, which is a `PriceError`."""
        if self.term == "purchase":
            raise PriceError(f"{self.label}: a purchase has no price per hour; state what ownership costs an hour")
        return self.usd

    @property
    def last_seen(self) -> Date | None:
        """The last day of which it is known to have held: the end of its observation, else the first day."""
        return self.date_to or self.date_from

    @property
    def label(self) -> str:
        """The basis of the price for people: what, who, where, term, since when."""
        bought = self.term == "purchase"
        machine = "server" if bought else "host"
        host = {True: f"{machine} included", False: f"{machine} extra", None: ""}[self.host_included]
        since = self.date_from.isoformat() if self.date_from else "undated"
        usd = f"${self.usd:,.12g}" if bought else f"{hourly(self.usd)}/h"
        parts = (usd, self.accelerator, self.provider, self.region, self.instance, self.term, since, host)
        return ", ".join(dict.fromkeys(filter(None, parts)))  # who sells machines is "purchase", as the term is

    def plus_host(self, host: "Price") -> "Price":
        """Return this GPU-only price with the price of the machine around it.

        Raises
        ------
        PriceError
            When the host is in the price already, or `host` is not the price of a host.
        """
        if self.host_included is not False or not host.term.startswith("host"):
            raise PriceError(f"{self.label}: a host cannot be added to it from {host.label}")
        return replace(
            self,
            usd=self.usd + host.usd,
            host_included=True,
            stale=self.stale or host.stale,
            source=f"{self.source}; host: {host.source}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBook:
    """Dated prices; the rows of `own` win."""

    catalogue: Sequence[Price]
    own: Sequence[Price] = ()

    def with_file(self, path: Path) -> "PriceBook":
        """Return the book with a user's CSV in front.

        The file has a header; ``accelerator`` and ``usd_per_accelerator_h`` are needed, the other columns of
        ``catalogue/prices.csv`` are optional. A row without dates holds always; without a term it is on demand.

        Raises
        ------
        PriceError
            With file and line of every row that cannot be used.
        """
        return replace(self, own=(*_read_file(path), *self.own))

    def lookup(
        self,
        accelerator: str,
        *,
        provider: str | None = None,
        region: str | None = None,
        term: str = "on_demand",
        date: Date,
    ) -> Price:
        """Find the price of an accelerator on a day.

        The row that was observed last before or on the day is used; of several, the one of the region asked for, then
        the cheapest. A row without a region fits every region.

        Parameters
        ----------
        accelerator : str
            Catalogue key or alias.
        provider, region : str or None
            None takes any.
        term : str
            One of `TERMS`.
        date : date
            Day of the run's start.

        Returns
        -------
        Price
            With `stale` set when it was seen last more than a year before the day.

        Raises
        ------
        PriceError
            With the nearest rows.

        Examples
        --------
        >>> from datetime import date
        >>> found = price_book().lookup("a100-80gb", provider="gcp", region="us-central1", date=date(2022, 12, 12))
        >>> found.usd_per_accelerator_h, found.host_included
        (3.93, False)
        """
        if term not in TERMS:
            raise PriceError(f"term of a price {not_among(term, TERMS)}")
        key = accelerator_key(accelerator)
        asked = (key, provider_key(provider) if provider else None, fold(region) if region else None, term)
        for book in (self.own, self.catalogue):
            fits = [row for row in book if _fits(row, *asked) and _holds(row, date)]
            if fits:
                best = _best(fits, date, asked[2])
                return best if provider else replace(best, cheaper=_cheaper(best, fits, date))
        wanted = ", ".join(part for part in (*asked, date.isoformat()) if part)
        about, why = self.unknown(provider, region)
        raise PriceError(f"no price for {wanted}; {why or self._near(asked, date)}", about)

    def unknown(self, provider: str | None, region: str | None) -> tuple[str, str]:
        """Return which of the two words stands in no row, and what is allowed; empty texts if both are known."""
        every = [*self.own, *self.catalogue]
        of = provider_key(provider) if provider else None
        providers = {row.provider for row in every if row.provider}
        if of and of not in providers:
            return "provider", f"provider {not_among(provider or '', providers, most=30)}"
        if region and fold(region) not in {row.region for row in every}:
            own = {row.region for row in every if row.region and of in (None, row.provider)}
            return "region", f"region {not_among(region, own, most=30)}"
        return "", ""

    def providers_in(self, region: str | None) -> set[str]:
        """Return whose prices are known in a region; nobody's without one."""
        wanted = fold(region) if region else None
        return {row.provider for row in (*self.own, *self.catalogue) if wanted and row.region == wanted}

    def latest(self, accelerator: str) -> Date | None:
        """Return the last day from which on an hour of an accelerator has a price; None where none is dated."""
        key = accelerator_key(accelerator)
        rows_of = (row for row in (*self.own, *self.catalogue) if row.accelerator == key and row.term == "on_demand")
        return max((row.date_from for row in rows_of if row.date_from is not None), default=None)

    def _near(self, asked: tuple[str, str | None, str | None, str], date: Date, most: int = 5) -> str:
        key, provider, region, term = asked
        every = [*self.own, *self.catalogue]
        same = [row for row in every if row.accelerator == key]
        if not same:
            return f"accelerator {not_among(key, {row.accelerator for row in every}, most=60)}"
        same = [row for row in same if (row.term == "purchase") == (term == "purchase")]
        if not same:
            return (
                "no row has a price of an hour of it: pricing.book adds one"
                if term != "purchase"
                else "no row has what it is bought for"
            )
        same.sort(
            key=lambda row: (
                row.term != term,
                row.provider != (provider or row.provider),
                row.region != (region or row.region),
                abs(((row.date_from or date) - date).days),
                row.label,
            )
        )
        return "nearest rows: " + "; ".join(row.label for row in same[:most])


@lru_cache(maxsize=1)
def price_book() -> PriceBook:
    """Return the book of the catalogue: collected observations and prices stated with published runs."""
    return PriceBook(catalogue=tuple(_price(row) for kind in ("prices", "prices_stated") for row in rows(kind)))


@lru_cache(maxsize=1024)
def accelerator_key(accelerator: str) -> str:
    """Return the key under which an accelerator is priced; aliases of the catalogue are resolved."""
    try:
        return entry("accelerators", accelerator).key
    except CatalogueError:
        return fold(accelerator)


def provider_key(provider: str) -> str:
    """Return the short name of a provider.

    Examples
    --------
    >>> provider_key("Google Cloud")
    'gcp'
    """
    return _PROVIDERS.get(fold(provider), fold(provider))


def _fits(row: Price, key: str, provider: str | None, region: str | None, term: str) -> bool:
    return (
        row.accelerator == key
        and row.term == term
        and (provider is None or row.provider in (provider, ""))
        and (region is None or row.region in (region, ""))
    )


def _holds(row: Price, date: Date) -> bool:
    return (row.date_from is None or row.date_from <= date) and (row.date_to is None or date <= row.date_to)


def _best(fits: Sequence[Price], date: Date, region: str | None) -> Price:
    last = max(row.date_from or Date.min for row in fits)
    latest = [row for row in fits if (row.date_from or Date.min) == last]
    latest.sort(key=lambda row: (row.region != (region or row.region), row.usd, row.label))
    first, *rest = latest
    stale = first.last_seen is not None and (date - first.last_seen).days > STALE_DAYS
    return replace(first, stale=stale, others=tuple(row.usd for row in rest))


def _cheaper(best: Price, fits: Sequence[Price], date: Date) -> Price | None:
    """Return the cheapest row that was seen within a year before the day and counts the same; None if none is."""
    alike = [row for row in fits if row.last_seen is not None and (date - row.last_seen).days <= STALE_DAYS
             and row.host_included == best.host_included and row.usd < best.usd]  # fmt: skip
    return min(alike, key=lambda row: (row.usd, row.label), default=None)


def _read_file(path: Path) -> Sequence[Price]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise PriceError(f"{path}: cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError as problem:
        raise PriceError(f"{path}: not UTF-8 text, at byte {problem.start}") from None
    table = csv.DictReader(text.splitlines())
    _check_header(f"{path}:1", table.fieldnames or ())
    found: list[Price] = []
    problems: list[str] = []
    for row in table:
        try:
            if None in row:
                raise PriceError(
                    f"has {len(table.fieldnames or ()) + len(row[None])} fields, and the header names "
                    f"{len(table.fieldnames or ())}; a comma within a field stands in quotes, and a price has a point"
                )
            given = {name: value for name, value in row.items() if value}
            found.append(_price({"source": path.name, "evidence": "P", "host_included": "true"} | given, own=True))
        except PriceError as problem:
            problems.append(f"{path}:{table.line_num}: {problem}")
    if problems or not found:
        raise PriceError("\n".join(problems) or f"{path}: no rows")
    return found


def _check_header(place: str, names: Sequence[str]) -> None:
    """Refuse a header that lacks a column, has one twice, or one that nobody reads: what it says would be passed over.

    Raises
    ------
    PriceError
        With the place.
    """
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise PriceError(f"{place}: column {', '.join(missing)} is missing; needed are {', '.join(_NEEDED)}")
    unknown = next((name for name in names if name not in COLUMNS), None)
    if unknown is not None:
        raise PriceError(f"{place}: column {not_among(unknown, COLUMNS, most=len(COLUMNS))}")
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise PriceError(f"{place}: column {', '.join(twice)} is there more than once")


def _price(row: Mapping[str, str], *, own: bool = False) -> Price:
    term = row.get("term") or "on_demand"
    if term not in TERMS:
        raise PriceError(f"term of a price {not_among(term, TERMS)}")
    column = "usd_per_accelerator" if term == "purchase" else "usd_per_accelerator_h"
    return Price(
        accelerator=accelerator_key(row.get("accelerator", "")),
        provider=provider_key(row.get("provider", "")),
        region=fold(row.get("region", "")),
        instance=row.get("instance", ""),
        term=term,
        usd=_positive(row.get(column, ""), column),
        host_included=_truth(row.get("host_included", "")),
        date_from=_day(row.get("date_from", "")),
        date_to=_day(row.get("date_to", "")),
        note=row.get("note", ""),
        source=row.get("source", ""),
        evidence=row.get("evidence", ""),
        own=own,
    )


def _positive(text: str, column: str) -> float:
    try:
        value = float(text.strip().lstrip("$"))
    except ValueError:
        value = math.nan
    if not 0 < value <= MOST_USD:
        raise PriceError(f"{column} is {text!r}, expected a number of dollars above zero, {MOST_USD:.0e} at most")
    return value


def _truth(text: str) -> bool | None:
    words: Mapping[str, bool | None] = {"true": True, "false": False, "": None}
    if text.strip().lower() not in words:
        raise PriceError(f"host_included {not_among(text, ('true', 'false'))}")
    return words[text.strip().lower()]


def _day(text: str) -> Date | None:
    try:
        return Date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise PriceError(f"{text!r} is not a date such as 2022-12-12") from None
