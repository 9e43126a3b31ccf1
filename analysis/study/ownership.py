"""Own or rent: what an hour costs by life and utilisation, where renting breaks even, and which inputs decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from analysis.metrics.dollars import basis as tariff_basis
from simulator.catalogue.reader import CatalogueError, entry, read
from simulator.foundation.issues import Issue, ScenarioError, nearest, not_among
from simulator.foundation.units import hourly, percent
from simulator.pricing.book import PriceError, price_book
from simulator.pricing.ownership import (
    Bar,
    Ownership,
    Part,
    break_even_utilisation,
    parts,
    tornado,
    usd_per_accelerator_h,
)
from simulator.scenario.api import Loaded, load, resolve
from simulator.scenario.changes import apply_set
from simulator.scenario.findings import Findings
from simulator.scenario.keys import entries
from simulator.scenario.load import find, shipped
from simulator.scenario.machines import machines
from simulator.scenario.merge import Place
from simulator.scenario.owning import ownership_of
from simulator.scenario.problems import problems
from simulator.scenario.quoting import check_day, check_row
from simulator.scenario.values import Assumption

LIVES, UTILISATIONS = (3.0, 4.0, 5.0), (1.0, 0.8, 0.6)
DAY = date(2026, 1, 1)  # of prices, where only an accelerator is named: the newest of the catalogue
RENTED = "Machines are rented on"


class Cell(NamedTuple):
    """What an hour costs at a life and a utilisation."""

    life_years: float
    utilisation: float
    usd_per_accelerator_h: float


class Rent(NamedTuple):
    """What an hour costs to rent [USD/h], on which basis, and whether the machine around the accelerator is in it."""

    usd_per_accelerator_h: float | None
    basis: str
    host_included: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Owning an accelerator.

    Parameters
    ----------
    grid : sequence of Cell
        Every life with every utilisation.
    rent, break_even : float or None
        What an hour costs to rent [USD/h], and the utilisation above which owning is cheaper; it may exceed 1.
    rent_has_host : bool or None
        Whether the machine around the accelerator is in the rent, as it is in owning; None where nobody says.
    sources : sequence of Assumption
        What was taken from the catalogue.
    warnings : sequence of str
        Of prices that are more than a year from the day on which machines are bought or rented.
    """

    accelerator: str
    ownership: Ownership
    usd_per_accelerator_h: float
    parts: Sequence[Part]
    lives: Sequence[float]
    utilisations: Sequence[float]
    grid: Sequence[Cell]
    rent: float | None
    rent_basis: str
    rent_has_host: bool | None
    break_even: float | None
    tornado: Sequence[Bar]
    sources: Sequence[Assumption]
    warnings: Sequence[str]

    @property
    def verdict(self) -> str:
        """Own or rent, in one sentence."""
        if self.rent is None or self.break_even is None:
            return f"No rent of {self.accelerator} is known to hold this against; state one with --rent."
        against = f"{hourly(self.rent)}/h ({self.rent_basis})"
        alone = " The rent leaves out the server, which owning has in." if self.rent_has_host is False else ""
        if self.break_even > 1:
            return f"Renting at {against} is cheaper at any utilisation.{alone}"
        above = percent(self.break_even, ".0")
        return f"Against renting at {against}, owning is cheaper above {above} in use.{alone}"


def answer(name: str, sets: Sequence[str] = (), rent: float | None = None) -> Answer:
    """Work out ownership of an accelerator of the catalogue, or of a scenario's.

    Raises
    ------
    ScenarioError
        With every problem.
    """
    loaded, start = _loaded(name, sets)
    document, found = problems(loaded.document)
    findings = Findings(loaded)
    if document is None:
        raise ScenarioError(loaded.issue(path, message) for path, message in found)
    site = machines(document, findings)
    if site is None:
        findings.close()
        raise AssertionError("machines are missing without a problem")
    findings.facts.clear()
    own = ownership_of(document, site, start, findings)
    sources = findings.close()
    assert own is not None
    price, basis, has_host = (
        Rent(rent, "stated", None) if rent is not None else _rent(name, loaded, site.accelerator.key, start, findings)
    )
    return Answer(
        accelerator=site.accelerator.key,
        ownership=own,
        usd_per_accelerator_h=usd_per_accelerator_h(own),
        parts=parts(own),
        lives=LIVES,
        utilisations=UTILISATIONS,
        grid=[
            Cell(life, used, usd_per_accelerator_h(replace(own, life_years=life, utilisation=used)))
            for life in LIVES
            for used in UTILISATIONS
        ],
        rent=price,
        rent_basis=basis,
        rent_has_host=has_host,
        break_even=break_even_utilisation(own, price) if price else None,
        tornado=tornado(own),
        sources=sources,
        warnings=findings.warnings,
    )


def _loaded(name: str, sets: Sequence[str]) -> tuple[Loaded, date]:
    """Load a scenario, or make one of a single accelerator of the catalogue."""
    try:
        key = entry("accelerators", name).key
    except CatalogueError:
        _check_name(name)
        loaded = load(name, sets=list(sets))
        start = loaded.document.get("start")
        return loaded, start if isinstance(start, date) else DAY
    document: Mapping[str, Any] = {"cluster": {"accelerator": key}}
    here = Place(file=key, line=None, folder=Path())
    bare = Loaded(name=key, document=document, places={(): here}, sweep={})
    for text in sets:
        bare = apply_set(bare, text)
    return bare, DAY


def _check_name(name: str) -> None:
    """Refuse what is neither a scenario nor nearly so spelt, with the nearest accelerator or scenario."""
    try:
        find(name, Path.cwd())
    except ScenarioError:
        words = [*read("accelerators"), *shipped()]
        said = not_among(name, words, most=60, meant=nearest(name, [*words, *entries("accelerators")()]))
        raise ScenarioError([Issue(message=f"no accelerator, no shipped scenario and no file: {said}")]) from None


def _rent(name: str, loaded: Loaded, key: str, start: date, findings: Findings) -> Rent:
    """Return what an hour costs to rent: what the scenario pays, unless it owns; else the cheapest row of the book."""
    if "pricing" in loaded.document and loaded.document["pricing"].get("term") != "owned":
        try:
            tariff = resolve(loaded).tariff
            basis = f"what {name} pays: {tariff_basis(tariff)}"
            if tariff.quote.stale and tariff.quote.on is not None:
                check_day(basis, tariff.quote.on, tariff.quote.on, start, RENTED, findings)
            return Rent(tariff.usd_per_accelerator_h or None, basis, tariff.quote.host_included)
        except ScenarioError:
            pass
    try:
        row = price_book().lookup(key, date=start)
    except PriceError:
        return Rent(None, "", None)
    check_row(row, start, RENTED, findings)
    return Rent(row.usd_per_accelerator_h, row.label, row.host_included)
