"""The dollars of an ensemble: every replica's bill on its tariff, and on which basis it stands, in words."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from simulator.engine.run import run
from simulator.engine.spread import luck_in_talks
from simulator.foundation.units import hourly, percent
from simulator.pricing.energy import Energy, energy
from simulator.pricing.holdings import Owed
from simulator.pricing.ledger import Amount, LedgerLine
from simulator.pricing.tariff import Bill, Portion, Tariff
from simulator.pricing.terms import PREEMPTION, OnDemand, Spot, Usage, Use
from simulator.records import Ensemble
from simulator.scenario.values import Scenario, Stage

HOUR_S = 3600.0
RIVAL_REPLICAS = 256  # of the run on demand that spot is held against
WHOLE_RUN = "whole run"
_UNLISTED_SPOT = "State pricing.list_rate, the price on demand, to see whether spot saves anything."
_UNLISTED = "State pricing.list_rate, the price on demand, to see from which use on the commitment pays."


def bill_of(scenario: Scenario, ensemble: Ensemble, replicas: range, *, ended: bool = True) -> Bill:
    """Charge every replica of an ensemble: its own machines and the spares beside them, stage by stage.

    Parameters
    ----------
    scenario, ensemble
        What was run, and what it came to.
    replicas : range
        Which replicas these are: each has its own negotiated discount where that is uncertain.
    ended : bool
        Whether the runs end there, so that what falls due at the end is owed.

    Returns
    -------
    Bill
        Amounts are arrays of shape (replicas,).
    """
    usages = usages_of(scenario, ensemble)
    rates = [stage.usd_per_accelerator_h for stage in scenario.stages]
    due = scenario.tariff.bill(usages, quantile=luck_in_talks(scenario, replicas), rates=rates, ended=ended)
    return due._replace(owed=[*due.owed, *_carbon(scenario, ensemble)])


def usages_of(scenario: Scenario, ensemble: Ensemble) -> Sequence[Usage]:
    """Return the accelerator-hours of each stage, the job's own machines and the spares beside them, by replica."""
    usages, start_h = [], np.zeros(ensemble.wall_s.size)
    spares = (scenario.recovery.spares or 0) * scenario.accelerators_per_node
    for stage, spent_s, lasted_s in zip(scenario.stages, ensemble.stage_s, _lasted_s(scenario, ensemble), strict=True):
        wall_h = lasted_s / HOUR_S
        hours = (stage.accelerators + spares) * spent_s / HOUR_S
        usages.append(Usage(uses=(Use(stage.name, "", hours),), wall_h=wall_h, start_h=start_h))
        start_h = start_h + wall_h
    return usages


def _lasted_s(scenario: Scenario, ensemble: Ensemble) -> Sequence[Amount]:
    """Return how long each stage lasts by the calendar: on a spot market, with the waits between its parts."""
    spent_s: Sequence[Amount] = list(ensemble.stage_s)
    if scenario.spot is None:
        return spent_s
    found: list[Amount] = []
    for up_s, away_s, on_demand_s in zip(spent_s[::3], spent_s[1::3], spent_s[2::3], strict=True):
        found += [up_s + away_s, 0.0 * away_s, on_demand_s]
    return found


def energy_of(scenario: Scenario, ensemble: Ensemble) -> Energy | None:
    """Return what the machines drew and emitted, in the mean; None where their power is not known."""
    if scenario.power is None:
        return None
    hours = [(phase, seconds / HOUR_S) for (_, phase, _), seconds in ensemble.accelerator_s_by_line.items()]
    return energy(hours, scenario.power, float(ensemble.wall_s.mean()) / HOUR_S)


def _carbon(scenario: Scenario, ensemble: Ensemble) -> Iterator[Owed]:
    """Yield what carbon costs each replica: by its accelerator-hours, at the mean of all."""
    if scenario.power is None or not scenario.power.usd_per_tonne:
        return
    found = energy_of(scenario, ensemble)
    assert found is not None
    hours = ensemble.accelerator_s + ensemble.idle_accelerator_s
    usd = found.carbon_usd * hours / float(hours.mean())
    yield Owed(LedgerLine("carbon", "none", 0.0 * usd, usd, usd, usd, usd), usd / scenario.power.usd_per_tonne, "t")


def list_rate(scenario: Scenario, stage: Stage) -> float:
    """Return the list price in force in a stage [USD per accelerator-hour]."""
    own = stage.usd_per_accelerator_h
    return scenario.tariff.list_usd_per_accelerator_h if own is None else own


def basis(tariff: Tariff) -> str:
    """Say on which basis the dollars are: price, term, discount, provider, region, date, host, and what is added.

    Examples
    --------
    >>> from simulator.pricing.tariff import flat
    >>> basis(flat(3.93, 0.5, 0.5, host_included=False))
    '$3.93 per accelerator-hour, stated, less 50 %, host not included'
    """
    several = len(tariff.portions) > 1
    parts = [f"{portion.share:.3g} x ({_portion(portion)})" if several else _portion(portion)
             for portion in tariff.portions]  # fmt: skip
    parts += [f"{holding.what} {holding.gb:,.0f} GiB, {holding.label}" for holding in tariff.holdings]
    if tariff.tax_rate:
        parts.append(f"tax of {100 * tariff.tax_rate:.3g} %")
    if tariff.credits_usd:
        parts.append(f"less credits of ${tariff.credits_usd:,.0f}")
    return "; ".join(parts)


def _portion(portion: Portion) -> str:
    quote = portion.quote
    low, high = quote.discount_low, quote.discount_high
    least, most = percent(low, ".0"), percent(high, ".0")
    off = "" if high == 0 else f"less {least}" if low == high else f"less {least} to {most}"
    host = {None: "host not stated", True: "host included", False: "host not included"}[quote.host_included]
    rate = f"{hourly(quote.usd_per_accelerator_h)} per accelerator-hour"
    trace = portion.term.trace if isinstance(portion.term, Spot) else None
    if trace is not None:
        rate = f"${trace.mean:.4g} per accelerator-hour in the mean of a trace"
    dearer = quote.list_usd_per_accelerator_h != quote.usd_per_accelerator_h
    parts = [
        rate,
        quote.term.replace("_", " "),
        off,
        f"{hourly(quote.list_usd_per_accelerator_h)} {'list' if quote.term == 'on_demand' else 'on demand'}"
        if dearer else "",
        quote.provider or "",
        (quote.provider and quote.region) or "",  # alone it is the place of the machines, not of the price
        quote.on.isoformat() if quote.on else "",
        host,
    ]  # fmt: skip
    return ", ".join(part for part in parts if part)


def remarks(scenario: Scenario, due: Bill) -> Sequence[str]:
    """Say what a buyer should know of the terms: what stands idle, where a commitment breaks even, if spot pays."""
    return [*_remarks(scenario, due), *_against_on_demand(scenario, due)]


def on_demand(scenario: Scenario) -> Scenario | None:
    """Return the scenario on demand instead of spot, without preemptions; None where nothing is spot."""
    spot = [portion for portion in scenario.tariff.portions if isinstance(portion.term, Spot)]
    if not spot:
        return None
    portions = tuple(
        replace(
            portion,
            term=OnDemand(usd_per_accelerator_h=portion.term.list_usd_per_accelerator_h),
            quote=replace(portion.quote, term="on_demand", discount_low=0.0, discount_high=0.0,
                          usd_per_accelerator_h=portion.term.list_usd_per_accelerator_h),
        )
        if isinstance(portion.term, Spot) else portion
        for portion in scenario.tariff.portions
    )  # fmt: skip
    causes = tuple(cause for cause in scenario.causes if cause.name != PREEMPTION)
    stages = scenario.stages
    if scenario.spot is not None:  # three stages for each: on the market, away from it, and left for machines on demand
        stages = [replace(up, usd_per_accelerator_h=left.usd_per_accelerator_h)
                  for up, left in zip(stages[::3], stages[2::3], strict=True)]  # fmt: skip
    return replace(
        scenario, tariff=replace(scenario.tariff, portions=portions), causes=causes, stages=stages, spot=None
    )


def _against_on_demand(scenario: Scenario, due: Bill) -> Iterator[str]:
    rival = on_demand(scenario)
    if rival is None:
        return
    own, listed = rival.stages[0].usd_per_accelerator_h, list_rate(rival, rival.stages[0])
    spot = [(each.term, each.quote.usd_per_accelerator_h) for each in scenario.tariff.portions]
    if all((own or term.list_usd_per_accelerator_h) == usd for term, usd in spot if isinstance(term, Spot)):
        yield _UNLISTED_SPOT
        return
    replicas = range(min(scenario.replicas, RIVAL_REPLICAS))
    other = run(rival, replicas)
    paid = float(np.mean(due.usd("billed")))
    steady = float(np.mean(bill_of(rival, other, replicas).usd("billed")))
    at = f"{hourly(listed)}/h" if len(rival.tariff.portions) == 1 else "list prices"
    if steady > 0:
        word = "saves" if paid <= steady else "LOSES"
        yield (
            f"On demand at {at} and never preempted, the run would take {other.wall_s.mean() / 86400.0:,.2f} days "
            f"and cost ${steady:,.0f} in the mean: spot {word} {percent(abs(1 - paid / steady), '.0')}."
        )


def _remarks(scenario: Scenario, due: Bill) -> Iterator[str]:
    tariff = scenario.tariff
    for portion, term in tariff.commitments:
        even, held_h = term.break_even_utilisation, term.held_h
        if (beyond_h := _wall_h(scenario, due) - term.term_h) > 0:
            yield (
                f"The run outlasts its commitment over {_years(term.years)} by {beyond_h / 24:,.0f} days in the mean; "
                "they are priced as if it were renewed."
            )
        listed = portion.quote.list_usd_per_accelerator_h
        known = listed != portion.quote.usd_per_accelerator_h
        if held_h is None:
            others = "others are taken to use what this run does not"
            pays = f"pays if {percent(even, '.0')} of it is used"
            yield (
                f"The commitment over {_years(term.years)} {pays}; {others}."
                if known
                else (f"Of the commitment over {_years(term.years)}, {others}. {_UNLISTED}")
            )
            continue
        used = min(_covered_h(scenario, portion.share, term.accelerators, due) / (term.accelerators * held_h), 1.0)
        whole = f"{term.accelerators:,.0f} accelerators for {_years(term.years)}"
        verdict = "pays" if used >= even else "does not pay"
        breaks = (
            f"It breaks even with {hourly(listed)}/h on demand at {percent(even, '.0')}, "
            f"so for this run alone it {verdict}."
        )
        yield (
            f"The commitment holds {whole}; the run uses {percent(used)} of their hours, the rest is billed idle. "
            f"{breaks if known else _UNLISTED}"
        )
    paid = float(np.mean(due.usd("billed")))
    if tariff.currency != "USD":
        yield f"In {tariff.currency} at {tariff.per_usd:g} a dollar: {paid * tariff.per_usd:,.0f}, in the mean."


def _wall_h(scenario: Scenario, due: Bill) -> float:
    """Return how long the machines are held, in the mean [h]."""
    spares = (scenario.recovery.spares or 0) * scenario.accelerators_per_node
    pairs = zip(scenario.stages, due.used, strict=True)
    held = [(stage.accelerators + spares, float(np.mean(line.accelerator_hours))) for stage, line in pairs]
    return math.fsum(hours / machines for machines, hours in held if machines)


def _covered_h(scenario: Scenario, share: float, reserved: float, due: Bill) -> float:
    """Return the hours of reserved machines that the run uses, in the mean."""
    spares = (scenario.recovery.spares or 0) * scenario.accelerators_per_node
    found = []
    for stage, line in zip(scenario.stages, due.used, strict=True):
        at_once = share * (stage.accelerators + spares)
        covered = min(reserved / at_once, 1.0) if at_once else 0.0
        found.append(share * covered * float(np.mean(line.accelerator_hours)))
    return math.fsum(found)


def _years(years: int) -> str:
    return "one year" if years == 1 else f"{years} years"
