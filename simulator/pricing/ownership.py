"""What an hour of one's own accelerator costs: capital, place, power, people, and how much of the time it works."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from simulator.pricing.terms import HOURS_PER_YEAR

MONTHS: Final = 12.0
W_PER_KW: Final = 1000.0
_NO_INTEREST: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """Owning one accelerator with its share of everything around it.

    Parameters
    ----------
    server_usd : float
        Price of an accelerator with its share of the server [USD].
    network_share, storage_share : float
        Of what the whole cluster costs, servers, network and storage together.
    building_usd_per_kw : float
        Of one's own building, where nothing is paid for colocation [USD/kW]; paid off over the same life.
    life_years, residual_share, capital_rate : float
        How long it is used, what share of its price it then brings, and what capital costs a year.
    power_w : float
        The most that an accelerator draws with its share of the server [W]; colocation is paid by it.
    draw_share : float
        Mean draw over that, while in use or not.
    pue : float
        Power of the site over that of the machines.
    usd_per_kwh, colocation_usd_per_kw_month : float
        Electricity, and the place [USD].
    staff_usd_per_year : float
        People, per accelerator [USD].
    support_share, spares_share : float
        Support a year, and spare parts and machines held, as shares of the server's price.
    utilisation : float
        Share of the hours in which somebody uses it.
    """

    server_usd: float
    network_share: float = 0.19
    storage_share: float = 0.0
    building_usd_per_kw: float = 0.0
    life_years: float = 4.0
    residual_share: float = 0.0
    capital_rate: float = 0.10
    power_w: float
    draw_share: float = 0.75
    pue: float = 1.25
    usd_per_kwh: float = 0.0826
    colocation_usd_per_kw_month: float = 184.0
    staff_usd_per_year: float = 0.0
    support_share: float = 0.0
    spares_share: float = 0.0
    utilisation: float = 0.8

    def __post_init__(self) -> None:
        if not (0 < self.server_usd < math.inf and 0 < self.life_years < math.inf and 0 < self.utilisation <= 1):
            raise ValueError(f"server_usd={self.server_usd}, life_years={self.life_years}, utilisation="
                             f"{self.utilisation}: expected above 0, utilisation at most 1")  # fmt: skip
        if not self.network_share + self.storage_share < 1:
            raise ValueError("network and storage are shares of the whole cluster; together they stay below 1")


class Part(NamedTuple):
    """One part of what an accelerator-hour costs [USD/h], at the utilisation that one has."""

    name: str
    usd_per_accelerator_h: float


def parts(own: Ownership) -> Sequence[Part]:
    """Return what an hour in use costs, by part, the largest first.

    Depreciation and interest together are the annuity that pays off the price less what is left of it.

    Examples
    --------
    >>> h100 = Ownership(server_usd=36018, power_w=1275, life_years=4, utilisation=1.0)
    >>> round(usd_per_accelerator_h(h100), 2)
    2.02
    """
    hours = HOURS_PER_YEAR * own.utilisation
    cluster = own.server_usd * (1 + own.spares_share) / (1 - own.network_share - own.storage_share)
    kw = own.power_w / W_PER_KW
    a_year = {
        "servers": _annuity(own.server_usd, own),
        "spare parts": _annuity(own.server_usd * own.spares_share, own),
        "network": _annuity(cluster * own.network_share, own),
        "storage": _annuity(cluster * own.storage_share, own),
        "building": _annuity(own.building_usd_per_kw * kw, own),
        "colocation": own.colocation_usd_per_kw_month * kw * MONTHS,
        "electricity": own.usd_per_kwh * kw * own.draw_share * own.pue * HOURS_PER_YEAR,
        "staff": own.staff_usd_per_year,
        "support": own.support_share * own.server_usd,
    }
    found = [Part(name, usd / hours) for name, usd in a_year.items() if usd]
    return sorted(found, key=lambda part: -part.usd_per_accelerator_h)


def usd_per_accelerator_h(own: Ownership) -> float:
    """Return what an hour in use costs [USD/h]."""
    return math.fsum(part.usd_per_accelerator_h for part in parts(own))


def break_even_utilisation(own: Ownership, rent_usd_per_accelerator_h: float) -> float:
    """Return the utilisation above which owning costs less than renting; above 1 where it never does."""
    return usd_per_accelerator_h(replace(own, utilisation=1.0)) / rent_usd_per_accelerator_h


def _annuity(price_usd: float, own: Ownership) -> float:
    """Return what pays off a price over the life, each year alike [USD/year]."""
    rate, years = own.capital_rate, own.life_years
    left = price_usd * own.residual_share
    if rate < _NO_INTEREST:
        return (price_usd - left) / years
    worth = math.exp(-years * math.log1p(rate))  # of a dollar at the end, today
    return (price_usd - left * worth) * rate / -math.expm1(-years * math.log1p(rate))


class Bar(NamedTuple):
    """What one input does to the cost of an hour, from its low to its high value [USD/h]."""

    name: str
    low: str
    high: str
    usd_at_low: float
    usd_at_high: float

    @property
    def span(self) -> float:
        """Width of the bar [USD/h]."""
        return abs(self.usd_at_high - self.usd_at_low)


_RANGES: Final[Mapping[str, tuple[float, float, str]]] = {
    "utilisation": (0.5, 1.0, "{:.0%}"),
    "life_years": (3.0, 5.0, "{:g} years"),
    "capital_rate": (0.05, 0.15, "{:.0%}"),
    "network_share": (0.10, 0.25, "{:.0%}"),
    "residual_share": (0.0, 0.2, "{:.0%}"),
    "colocation_usd_per_kw_month": (130.0, 250.0, "${:g}/kW-month"),
    "usd_per_kwh": (0.05, 0.12, "${:g}/kWh"),
    "draw_share": (0.5, 1.0, "{:.0%}"),
    "pue": (1.1, 1.5, "{:g}"),
    "support_share": (0.0, 0.05, "{:.0%} a year"),
    "spares_share": (0.0, 0.05, "{:.0%}"),
}
_TIMES: Final[Mapping[str, tuple[float, float]]] = {
    "server_usd": (0.8, 1.2),
    "power_w": (0.8, 1.2),
    "building_usd_per_kw": (0.8, 1.2),
}


def tornado(own: Ownership) -> Sequence[Bar]:
    """Return what each input does alone over its range, the widest first.

    Ranges are assumptions of ours, wide enough for what is seen: prices of servers, power and buildings a fifth either
    way. They are widened to what one has; an own building has no colocation beside it, and the other way round.
    """
    cost: Callable[[Ownership], float] = usd_per_accelerator_h
    housed = "colocation_usd_per_kw_month" if own.building_usd_per_kw else "building_usd_per_kw"
    bars = [
        Bar(name, form.format(low).replace("%", " %"), form.format(high).replace("%", " %"),
            cost(_with(own, name, low)), cost(_with(own, name, high)))
        for name, low, high, form in _widened(own) if name != housed or getattr(own, name)
    ]  # fmt: skip
    bars += [
        Bar(name, f"x {low:g}", f"x {high:g}", cost(_with(own, name, getattr(own, name) * low)),
            cost(_with(own, name, getattr(own, name) * high)))
        for name, (low, high) in _TIMES.items() if name != housed
    ]  # fmt: skip
    return sorted(bars, key=lambda bar: -bar.span)


def _widened(own: Ownership) -> Iterator[tuple[str, float, float, str]]:
    """Yield the ranges, each with what one has inside; the network leaves something for the servers."""
    for name, (low, high, form) in _RANGES.items():
        has = getattr(own, name)
        most = (1.0 - own.storage_share + has) / 2.0 if name == "network_share" else math.inf
        yield name, min(low, has), max(min(high, most), has), form


def _with(own: Ownership, name: str, value: float) -> Ownership:
    """Return the ownership with one input changed."""
    changed: Mapping[str, float] = {name: value}
    return replace(own, **changed)
