"""Which machines one could rent on a day, at which prices, and how well they are usually used."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812 - `date` is the name of parameters here
from typing import Final

from simulator.catalogue.reader import Entry, entry, read
from simulator.foundation.issues import not_among
from simulator.pricing.book import Price, PriceBook, PriceError, provider_key
from simulator.scenario.experience import quartiles

RENTED: Final = ("on_demand", "spot", "commit_1y", "commit_3y")
_HOST: Final = {"spot": "host_spot"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One accelerator on one term, at the prices of all who offer it.

    Parameters
    ----------
    accelerator : Entry
        Of the catalogue.
    term : str
        One of `RENTED`.
    prices : sequence of Price
        The cheapest of each provider, the machine around the accelerator included where its price is known; cheapest
        first.
    mfu, mfu_sigma : float
        Median MFU of whole runs, 6 FLOP per parameter and token, and the spread of its logarithm.
    mfu_source : str
        Where the two come from.
    """

    accelerator: Entry
    term: str
    prices: Sequence[Price]
    mfu: float
    mfu_sigma: float
    mfu_source: str

    @property
    def presumes(self) -> str | None:
        """What has to hold that the dollars do not pay for; None where they pay for everything."""
        if self.term == "spot":
            return "it is never taken back"
        return "others use the rest of the term" if self.term.startswith("commit") else None

    @property
    def peak_flop_per_s(self) -> float:
        """Dense peak in BF16 [FLOP/s]."""
        return self.accelerator.number("peak_bf16_flop_per_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a buyer looks for; None takes any.

    Parameters
    ----------
    date : date
        Day of the prices.
    accelerator, provider, region, term : str or None
        As in the price book.
    mfu : float or None
        A stated efficiency instead of that of published runs.
    """

    date: Date
    accelerator: str | None = None
    provider: str | None = None
    region: str | None = None
    term: str | None = None
    mfu: float | None = None


def offers(book: PriceBook, wish: Wish) -> Sequence[Offer]:
    """Return what the book offers on a day; prices older than a year only where nothing newer is left.

    Raises
    ------
    PriceError, CatalogueError
        If nothing fits.
    """
    if wish.term is not None and wish.term not in RENTED:
        raise PriceError(f"term {not_among(wish.term, RENTED)}")
    found = [offer for fact in _accelerators(wish) for offer in _of(fact, book, wish)]
    fresh = [offer for offer in found if any(not price.stale for price in offer.prices)]
    if not found:
        _, why = book.unknown(wish.provider, wish.region)
        say = why or "see flopcast show prices"
        raise PriceError(f"no price of {wish.date.isoformat()} fits: {_words(wish)}; {say}")
    return fresh or found


def last_day(book: PriceBook) -> Date:
    """Return the last day on which a price of the book was observed; today is never taken."""
    return max(row.date_from for row in (*book.own, *book.catalogue) if row.date_from is not None)


def _accelerators(wish: Wish) -> Sequence[Entry]:
    if wish.accelerator is not None:
        return [entry("accelerators", wish.accelerator)]
    return list(read("accelerators").values())


def _of(fact: Entry, book: PriceBook, wish: Wish) -> Iterator[Offer]:
    mfu, sigma, source = _efficiency(fact, wish)
    if mfu is None:
        return
    for term in RENTED if wish.term is None else (wish.term,):
        prices = list(_prices(fact.key, term, book, wish))
        current = [price for price in prices if not price.stale] or prices
        if current:
            yield Offer(
                accelerator=fact,
                term=term,
                prices=sorted(current, key=lambda price: (price.usd, price.label)),
                mfu=mfu,
                mfu_sigma=sigma,
                mfu_source=source,
            )


def _prices(key: str, term: str, book: PriceBook, wish: Wish) -> Iterator[Price]:
    """Yield the cheapest price of each provider, with its host."""
    every = (*book.own, *book.catalogue)
    known = sorted({row.provider for row in every if row.accelerator == key and row.term == term})
    for provider in known if wish.provider is None else [provider_key(wish.provider)]:
        try:
            price = book.lookup(key, provider=provider or None, region=wish.region, term=term, date=wish.date)
        except PriceError:
            continue
        yield _with_host(price, book, wish) if price.host_included is False else price


def _with_host(price: Price, book: PriceBook, wish: Wish) -> Price:
    """Return the price with that of the machine around it, or as it is where the book does not know that."""
    term = _HOST.get(price.term, "host")
    try:
        return price.plus_host(
            book.lookup(price.accelerator, provider=price.provider, term=term, date=max(wish.date, last_day(book)))
        )
    except PriceError:
        return price


def _efficiency(fact: Entry, wish: Wish) -> tuple[float | None, float, str]:
    """Return median, spread and source of the MFU; None where nothing is known of the accelerator."""
    if wish.mfu is not None:
        return wish.mfu, 0.0, "stated"
    known = quartiles(fact)
    if known is None:
        if wish.accelerator is not None:
            raise PriceError(f"no efficiency of {fact.key} was published; state --mfu")
        return None, 0.0, ""
    return *known, str(fact.values.get("mfu_source", fact.source))


def _words(wish: Wish) -> str:
    asked = (wish.accelerator, wish.provider, wish.region, wish.term)
    return ", ".join(word for word in asked if word) or "any accelerator"
