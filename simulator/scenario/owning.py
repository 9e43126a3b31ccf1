"""Ownership and energy of a scenario: stated inputs, those of the catalogue, and what they come to."""

from datetime import date
from typing import Final

from simulator.catalogue.reader import CatalogueError, Entry, entry, fold, read
from simulator.foundation.units import show
from simulator.pricing.book import PriceError, price_book, provider_key
from simulator.pricing.energy import PowerPlan
from simulator.pricing.ownership import Ownership
from simulator.pricing.trace import StepTrace
from simulator.scenario import schema
from simulator.scenario.findings import Findings
from simulator.scenario.machines import Machines
from simulator.scenario.quoting import check_day, check_row
from simulator.scenario.spot import named_file, read_trace

YEAR_S: Final = 365.25 * 86400.0
OWNERSHIP, ENERGY = ("ownership",), ("energy",)
CHECKPOINT_SHARE: Final = 0.4  # of the draw while training; assumption, 0.2 to 0.7
IDLE_SHARE: Final = 0.25  # idem, 0.15 to 0.5
EMBODIED_LIFE_H: Final = 4 * 8760.0
LEAST_UTILISATION: Final = 1e-3
BOUGHT: Final = "Machines are bought on"


def ownership_of(document: schema.Document, machines: Machines, start: date, findings: Findings) -> Ownership | None:
    """Return what owning one accelerator takes; None with a problem noted where no server price is known."""
    own, usual, machine = document.ownership, entry("ownership", "usual"), _machine(machines.accelerator.key)
    server = own.server or _server_usd(machines, machine, start, findings)
    if server is None:
        findings.problem((*OWNERSHIP, "server"), "is missing: what is an accelerator with its share of a server?")
        return None

    def usual_of(key: str, name: str, stated: float | None, of: Entry = usual) -> float:
        if stated is not None:
            return stated
        findings.fact((*OWNERSHIP, key), f"{of.number(name):g}", of.source,
                      "M" if name in of.unverified else of.evidence)  # fmt: skip
        return of.number(name)

    draw_of, draw_name = _draw_of(machines, usual)
    life = None if own.life is None else own.life / YEAR_S
    network_share = usual_of("network_share", "network_share", own.network_share)
    storage_share = usual_of("storage_share", "storage_share", own.storage_share)
    if network_share + storage_share >= 1:
        which = "storage_share" if own.network_share is None else "network_share"
        findings.problem(
            (*OWNERSHIP, which),
            f"leaves nothing for the servers: network {network_share:g} and storage {storage_share:g} are shares of "
            "the whole cluster, and stay below 1 together",
        )
        return None
    utilisation = usual_of("utilisation", "utilisation", own.utilisation)
    if utilisation < LEAST_UTILISATION:
        findings.problem((*OWNERSHIP, "utilisation"), f"{utilisation:g} is less than 0.1 %: nobody uses the machines")
        return None
    staff = own.staff_per_year or 0.0
    if staff > server:
        findings.warn(
            f"ownership.staff_per_year counts for each accelerator: {show(staff, 'usd')} a year is more than the "
            f"{show(server, 'usd')} that it costs with its server. Divide what the staff of all machines is paid by "
            "the accelerators."
        )
    return Ownership(
        server_usd=server,
        network_share=network_share,
        storage_share=storage_share,
        building_usd_per_kw=own.building_per_kw or 0.0,
        life_years=usual_of("life_years", "life_years", life),
        residual_share=usual_of("residual", "residual_share", own.residual),
        capital_rate=usual_of("capital", "capital_rate", own.capital),
        power_w=own.power or server_power_w(machines, findings),
        draw_share=usual_of("draw", draw_name, own.draw, draw_of),
        pue=usual_of("pue", "pue", own.pue),
        usd_per_kwh=own.electricity_per_kwh
        if own.electricity_per_kwh is not None
        else _electricity(own.grid, start, usual, findings),
        colocation_usd_per_kw_month=0.0
        if own.building_per_kw and own.colocation_per_kw_month is None
        else usual_of("colocation_per_kw_month", "colocation_usd_per_kw_month", own.colocation_per_kw_month),
        staff_usd_per_year=staff,
        support_share=own.support or 0.0,
        spares_share=own.spares or 0.0,
        utilisation=utilisation,
    )


def _machine(key: str) -> Entry | None:
    return read("ownership").get(key)


def _draw_of(machines: Machines, usual: Entry) -> tuple[Entry, str]:
    """Return where the mean draw over the known power stands: with the accelerator, else among the usual inputs."""
    chip = machines.accelerator
    if chip.get_number("draw_share") is not None:
        return chip, "draw_share"
    return usual, "draw_share_tpu" if chip.values.get("vendor") == "google" else "draw_share"


def _server_usd(machines: Machines, machine: Entry | None, start: date, findings: Findings) -> float | None:
    """Return the price of an accelerator with its share of the server: known, of a system, or from a bare one's."""
    path = (*OWNERSHIP, "server")
    try:
        row = price_book().lookup(machines.accelerator.key, term="purchase", date=start)
    except PriceError:
        row = None
    if machine is not None:
        usd, day = machine.number("server_usd"), date.fromisoformat(machine.date)
        newer = row is not None and row.last_seen is not None and row.last_seen > day
        words = f"${usd:,.12g}, {machine.title}, {day}" + (f"; the price book has {row.label}" if row and newer else "")
        check_day(words, day, day, start, BOUGHT, findings)
        return findings.amount(path, usd, "usd", f"{machine.title}, {day}: {machine.source}", machine.evidence)
    if row is None:
        return None
    check_row(row, start, BOUGHT, findings)
    if row.host_included:
        return findings.amount(path, row.usd, "usd", row.label, row.evidence)
    factor = entry("ownership", "usual").number("server_over_chip")
    return findings.amount(path, row.usd * factor, "usd", f"{row.label}, x {factor:g} for the server", "S")


def server_power_w(machines: Machines, findings: Findings) -> float:
    """Return the most that an accelerator draws with its share of the server [W]; a problem where nobody knows."""
    path, machine = (*OWNERSHIP, "power"), _machine(machines.accelerator.key)
    if machine is not None:
        return findings.amount(path, machine.number("power_w"), "power", machine.source, machine.evidence)
    chip = machines.accelerator.get_number("power_w")
    if chip is None:
        findings.problem(path, f"is missing, and the catalogue does not know the power of {machines.accelerator.key}")
        return 1.0
    factor = entry("ownership", "usual").number("server_power_over_chip")
    return findings.amount(path, chip * factor, "power", f"{machines.accelerator.key} x {factor:g}", "M")


def _electricity(grid: str | None, start: date, usual: Entry, findings: Findings) -> float:
    """Return the price of a kWh: of the place in the year, else the usual one."""
    path = (*OWNERSHIP, "electricity_per_kwh")
    fact = None if grid is None else entry("grids", grid)
    if fact is not None:
        years = fact.values.get("usd_per_kwh_from_2020")
        if isinstance(years, tuple):
            usd = float(years[min(max(start.year - 2020, 0), len(years) - 1)])
            return findings.amount(path, usd, "usd", f"{fact.title}, {start.year}: {fact.source}", fact.evidence)
        findings.problem(path, f"is missing, and the catalogue does not know the price in {fact.title}")
    return findings.amount(path, usual.number("usd_per_kwh"), "usd", usual.source, usual.evidence)


def power_plan(document: schema.Document, machines: Machines, start: date, findings: Findings) -> PowerPlan | None:
    """Return what the machines draw and emit; None where the power of the accelerator is not known."""
    stated, chip = document.energy, machines.accelerator.get_number("power_w")
    usual = entry("ownership", "usual")
    power = stated.power
    if power is None:
        if chip is None:
            if stated.carbon_price:
                findings.problem((*ENERGY, "power"), "is missing: carbon has a price, and the catalogue does not know "
                                 f"what a {machines.accelerator.key} draws")  # fmt: skip
            return None
        power = chip * _draw_share(machines, usual)
    host = stated.host if stated.host is not None else _host_w(machines, chip, stated.power is not None)
    grid = _grid(document, findings)
    pue = stated.pue if stated.pue is not None else usual.number(_pue_name(document.pricing, usual))
    trace = _trace(stated, start, findings)
    known = grid[0] is not None or trace is not None
    if stated.carbon_price and not known:
        findings.problem((*ENERGY, "grid"), "is missing: carbon has a price; name a grid (flopcast show grids), "
                         "g_per_kwh or a trace")  # fmt: skip
    published = _draw_of(machines, usual)[0] is not usual
    mean = "mean draw, as published" if published else "mean draw, a share of its rated power"
    source = mean if stated.power is None else "stated"
    words = [
        f"{show(round(power, 1), 'power')} per {machines.accelerator.key} while training ({source})",
        f"{show(round(host, 1), 'power')} for its share of the server",
        f"PUE {pue:g}",
        f"{grid[0]:g} g/kWh, {grid[1]}" if grid[0] is not None and trace is None else "",
        f"carbon by {stated.trace}" if trace is not None else "",
        "" if known else "no grid is named, so no carbon",
    ]
    return PowerPlan(
        accelerator_w={
            "training": power,
            "checkpoint": power * _or(stated.checkpoint, CHECKPOINT_SHARE),
            "idle": power * _or(stated.idle, IDLE_SHARE),
        },
        host_w=host,
        pue=pue,
        g_per_kwh=grid[0],
        trace=trace,
        embodied_kg_per_accelerator_h=(stated.embodied_kg or 0.0) / EMBODIED_LIFE_H,
        water_l_per_kwh=stated.water_l_per_kwh or 0.0,
        usd_per_tonne=stated.carbon_price or 0.0,
        label=", ".join(word for word in words if word),
    )


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _host_w(machines: Machines, chip: float | None, power_is_stated: bool) -> float:
    """Return the mean draw of the server around an accelerator: none beside a stated power, which is all of it."""
    if power_is_stated or chip is None:
        return 0.0
    usual, machine = entry("ownership", "usual"), _machine(machines.accelerator.key)
    most = machine.number("power_w") if machine else chip * usual.number("server_power_over_chip")
    return (most - chip) * _draw_share(machines, usual)


def _draw_share(machines: Machines, usual: Entry) -> float:
    """Return the mean draw over the power that is known, 0 to 1."""
    known, name = _draw_of(machines, usual)
    return known.number(name)


def _pue_name(pricing: schema.Pricing, usual: Entry) -> str:
    """Return which PUE is usual: that of the largest providers, where machines are rented from one of them.

    Where a rate of one's own names nobody, a region in which one of them has prices is taken for theirs.
    """
    known = usual.values["hyperscalers"]
    assert isinstance(known, tuple)
    providers = {provider_key(pricing.provider)} if pricing.provider else price_book().providers_in(pricing.region)
    return "pue_hyperscale" if pricing.term != "owned" and not providers.isdisjoint(known) else "pue"


def _grid(document: schema.Document, findings: Findings) -> tuple[float | None, str]:
    """Return carbon of a kWh and where: stated, of the named grid, or of the region that the price belongs to."""
    stated, region = document.energy, document.pricing.region
    if stated.g_per_kwh is not None:
        return stated.g_per_kwh, "stated"
    key = stated.grid or (fold(region) if region else None)
    if key is None:
        return None, ""
    try:
        fact = entry("grids", key)
    except CatalogueError:
        return None, ""
    if document.energy != schema.Energy():
        findings.fact((*ENERGY, "grid", "entry"), f"{fact.title}: {fact.number('g_per_kwh'):g} g/kWh", fact.source,
                      fact.evidence)  # fmt: skip
    return fact.number("g_per_kwh"), f"{fact.title}, {fact.date}"


def _trace(stated: schema.Energy, start: date, findings: Findings) -> StepTrace | None:
    if stated.trace is None:
        return None
    path = (*ENERGY, "trace")
    try:
        return read_trace(named_file(stated.trace, path, findings.loaded), start, "g_per_kwh")
    except (ValueError, OSError) as error:
        findings.problem(path, str(error))
        return None
