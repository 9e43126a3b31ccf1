"""A forecast as plain data: what ``flopcast run --json`` prints, and the tables as CSV."""

import csv
from collections.abc import Sequence
from dataclasses import asdict
from io import StringIO
from typing import Any

from analysis.metrics.forecast import Forecast
from analysis.metrics.published import comparisons, missing
from analysis.metrics.summary import Summary
from simulator.pricing.tariff import Portion


def forecast_facts(forecast: Forecast) -> dict[str, Any]:
    """Return a forecast as plain data, dollars to the cent."""
    from analysis.metrics.energy import energy_facts

    scenario = forecast.scenario
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        **_waiting(forecast),
        "wall_days": asdict(forecast.wall_days),
        "usd": cents(forecast.usd),
        "usd_by_basis": {name: cents(value) for name, value in forecast.usd_by_basis.items()},
        "accelerator_hours": asdict(forecast.accelerator_hours),
        "goodput": asdict(forecast.goodput),
        "interruptions": asdict(forecast.interruptions),
        "job_accelerator_hours": forecast.job_accelerator_hours,
        "effective_mfu": forecast.effective_mfu,
        "stops_by_cause": dict(forecast.stops_by_cause),
        "ledger": [_ledger_row(asdict(row)) for row in forecast.ledger],
        "published": [asdict(row) | {"error": row.error} for row in comparisons(forecast)],
        "missing": missing(forecast),
        "basis": forecast.basis,
        "pricing": [_quote(portion) for portion in scenario.tariff.portions],
        "remarks": list(forecast.remarks),
        "energy": None if forecast.energy is None else energy_facts(forecast.energy),
        "engine": forecast.engine,
        "engine_reason": forecast.engine_reason,
        "warnings": list(forecast.warnings),
        "start": scenario.start.isoformat(),
        "fingerprint": scenario.fingerprint,
        "seed": forecast.seed,
        "replicas": forecast.replicas,
        "version": forecast.version,
    }


def _waiting(forecast: Forecast) -> dict[str, Any]:
    """Return what only a run on a shared cluster has."""
    found = {"start_delay_days": forecast.start_delay_days, "finish_days": forecast.finish_days}
    return {name: asdict(five) for name, five in found.items() if five is not None}


def _ledger_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the ledger with dollars to the cent; quantity and unit only where something was counted."""
    found = {name: round(value, 2) if name.endswith("usd") else value for name, value in row.items()}
    return found if row["quantity"] is not None else {n: v for n, v in found.items() if n not in ("quantity", "unit")}


def _quote(portion: Portion) -> dict[str, Any]:
    """Return what a share of the machines is paid by, as plain data."""
    quote = asdict(portion.quote)
    return {"share": portion.share, **quote, "on": quote["on"].isoformat() if quote["on"] else None}


def cents(dollars: Summary) -> dict[str, float]:
    """Return a summary of dollars to the cent."""
    return {name: round(value, 2) for name, value in asdict(dollars).items()}


def ledger_csv(forecast: Forecast) -> str:
    """Return the ledger as CSV."""
    names = ("usd", "list_usd", "contracted_usd", "effective_usd")
    rows = [
        (row.stage, row.phase, row.cause, repr(row.accelerator_hours), *(f"{getattr(row, name):.2f}" for name in names))
        for row in forecast.ledger
    ]
    return _csv(("stage", "phase", "cause", "accelerator_hours", *names), rows)


def replicas_csv(forecast: Forecast) -> str:
    """Return every replica's outcome as CSV."""
    found = forecast.samples
    columns = (found.wall_days, found.usd, found.accelerator_hours, found.goodput, found.interruptions)
    rows = [
        (str(number), *(repr(value) for value in row))
        for number, row in enumerate(zip(*(column.tolist() for column in columns), strict=True))
    ]
    return _csv(("replica", "wall_days", "usd", "accelerator_hours", "goodput", "interruptions"), rows)


def _csv(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
