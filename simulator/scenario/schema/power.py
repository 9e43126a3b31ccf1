"""What one's own machines cost, and what all machines draw."""

from typing import Annotated

from simulator.scenario import keys
from simulator.scenario.quantities import Amount, Mfu, Power, Pue, Share, Text, Time, Usd, key_of
from simulator.scenario.schema.section import Section

_GRID = key_of(keys.entries("grids"), "key of the grid catalogue")


class Ownership(Section):
    """What one's own machines cost; the rate of pricing.term = 'owned'."""

    server: Usd | None = None
    network_share: Share | None = None
    storage_share: Share | None = None
    building_per_kw: Usd | None = None
    life: Time | None = None
    residual: Share | None = None
    capital: Share | None = None
    power: Power | None = None
    draw: Share | None = None
    pue: Pue | None = None
    grid: Annotated[str | None, *_GRID] = None
    electricity_per_kwh: Usd | None = None
    colocation_per_kw_month: Usd | None = None
    staff_per_year: Usd | None = None
    support: Share | None = None
    spares: Share | None = None
    utilisation: Mfu | None = None


class Energy(Section):
    """What the machines draw, and what that emits."""

    power: Power | None = None
    checkpoint: Share | None = None
    idle: Share | None = None
    host: Power | None = None
    pue: Pue | None = None
    grid: Annotated[str | None, *_GRID] = None
    g_per_kwh: Amount | None = None
    trace: Text | None = None
    embodied_kg: Amount | None = None
    water_l_per_kwh: Amount | None = None
    carbon_price: Usd | None = None
