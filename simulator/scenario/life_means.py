"""The people and the machines of a life cycle: from a year's pay and an hour's price to dollars a second."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from simulator.foundation.units import hourly
from simulator.pricing.book import PriceError, price_book
from simulator.scenario import schema
from simulator.scenario.findings import Findings
from simulator.scenario.life import YEAR_S
from simulator.scenario.lines import Path, dotted
from simulator.scenario.paying import book_file
from simulator.scenario.quoting import check_row
from simulator.scenario.schema.lifecycle import MachinePool
from simulator.scenario.schema.lifecycle import Team as TeamTable
from simulator.workload.stages import NOTHING, Estimate, Pool, Team

HOUR_S: Final = 3600.0
_TEAMS: Final = ("lifecycle", "teams")
_MACHINES: Final = ("lifecycle", "machines")


def teams_of(tables: Mapping[str, TeamTable], findings: Findings) -> Sequence[Team]:
    """Return the teams; people and pay have to be stated."""
    found = []
    for name, table in tables.items():
        for key in ("people", "pay"):
            if getattr(table, key) is None:
                findings.problem((*_TEAMS, name, key), "is missing; a team states people and pay (a person and year)")
        _credit((*_TEAMS, name), table.source, table.evidence, findings)
        found.append(
            Team(
                name=name,
                people=table.people or 0,
                usd_per_person_s=_times(table.pay, (1.0 if table.overhead is None else table.overhead) / YEAR_S),
                equity_usd_per_person_s=(table.equity or 0.0) / YEAR_S,
                employed=table.paid != "busy",
            )
        )
    return found


def pools_of(
    document: schema.Document, tables: Mapping[str, MachinePool], start: date, findings: Findings
) -> Sequence[Pool]:
    """Return the pools of machines; each states a rate, or an accelerator to look one up for."""
    return [_pool(document, name, table, start, findings) for name, table in tables.items()]


def _pool(document: schema.Document, name: str, table: MachinePool, start: date, findings: Findings) -> Pool:
    path = (*_MACHINES, name)
    usd_per_h: tuple[float, float, float] | None = None
    basis = ""
    if table.rate is not None:
        usd_per_h, basis = table.rate, f"{_words(table.rate)}, stated"
        _credit(path, table.source, table.evidence, findings)
    elif table.accelerator is None:
        findings.problem((*path, "rate"), "is missing; state rate, or accelerator to look its price up")
    else:
        usd, basis = _looked_up(document, path, table, start, findings)
        usd_per_h = (usd, usd, usd)
    return Pool(name=name, count=table.count, usd_per_machine_s=_times(usd_per_h, 1.0 / HOUR_S), basis=basis)


def _times(amount: tuple[float, float, float] | None, factor: float) -> Estimate:
    return NOTHING if amount is None else Estimate(*(each * factor for each in amount))


def _words(rate: tuple[float, float, float]) -> str:
    low, mode, high = rate
    return f"{hourly(mode)}/h" if low == high else f"{hourly(low)} to {hourly(high)}/h, most probably {hourly(mode)}"


def _looked_up(
    document: schema.Document, path: Path, table: MachinePool, start: date, findings: Findings
) -> tuple[float, str]:
    """Return the price of an hour, with the machine around the accelerator where its price is known."""
    try:
        book, own = price_book(), document.pricing.book
        book = book if own is None else book.with_file(book_file(own, findings.loaded))
        day = table.date or start
        asked = {"provider": table.provider, "region": table.region}
        price = book.lookup(str(table.accelerator), **asked, term=table.term or "on_demand", date=day)
        if price.host_included is False:
            try:
                term = "host_spot" if table.term == "spot" else "host"
                price = price.plus_host(book.lookup(price.accelerator, provider=price.provider, term=term, date=day))
            except PriceError:
                findings.warn(f"The price is for the accelerator alone, the host is extra: {price.label}.")
        usd = price.usd_per_accelerator_h
    except (PriceError, ValueError, OSError) as error:
        findings.problem(path, str(error).replace("\n", " "))
        return 0.0, ""
    findings.fact((*path, "row"), price.label, price.source, price.evidence)
    check_row(price, day, f"The machines of {dotted(path)} are priced for", findings)
    return usd, price.label


def _credit(path: Path, source: str | None, evidence: str | None, findings: Findings) -> None:
    if source:
        findings.fact((*path, "stated"), "as written", source, evidence or "")
