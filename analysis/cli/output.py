"""What commands have in common: how they print, how they show progress, how they write files."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from analysis.metrics.forecast import Forecast
    from analysis.metrics.summary import Summary
    from analysis.plots.style import Picture
    from simulator.pricing.tariff import Portion

ScenarioName: TypeAlias = Annotated[
    str, typer.Argument(help="A shipped scenario, such as llama-65b, or a file.", show_default=False)
]
Sets: TypeAlias = Annotated[
    list[str] | None, typer.Option("--set", help="Change a value: path=value; may be given several times.")
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Seed: TypeAlias = Annotated[int | None, typer.Option("--seed", min=0, help="Seed of all random draws.")]
Replicas: TypeAlias = Annotated[
    int | None, typer.Option("--replicas", min=1, max=10_000_000, help="How many times the run is simulated.")
]
Workers: TypeAlias = Annotated[
    int, typer.Option("--workers", min=1, max=256, help="Processes that share the replicas.")
]


def all_sets(sets: Sequence[str] | None, seed: int | None, replicas: int | None) -> list[str]:
    """Return the changes of the command line, those of --seed and --replicas last."""
    own = [("run.seed", seed), ("run.replicas", replicas)]
    return [*(sets or []), *(f"{path}={value}" for path, value in own if value is not None)]


def console(*, stderr: bool = False) -> "Console":
    """Return where people read: stdout for data, stderr for progress."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


@contextmanager
def progress(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr while work of some length goes on; nothing when stderr is not a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    screen = console(stderr=True)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all: beside its place first, then moved there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False, encoding="utf-8") as part:
        try:
            part.write(text)
            part.flush()
            os.fsync(part.fileno())
            Path(part.name).chmod(0o644)
            Path(part.name).replace(path)
        except BaseException:
            Path(part.name).unlink(missing_ok=True)
            raise


def write_picture(path: Path, picture: "Picture") -> None:
    """Write a picture as the suffix says: .svg or .png.

    Raises
    ------
    UnitError
        For any other suffix.
    """
    from simulator.foundation.units import UnitError

    suffix = path.suffix.lower()
    if suffix not in (".svg", ".png"):
        raise UnitError(f"{path}: pictures are written as .svg or .png")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture.png() if suffix == ".png" else picture.svg().encode())


def to_json(value: object) -> str:
    """Return JSON that is the same for the same value, and refuses NaN."""
    return json.dumps(value, indent=2, allow_nan=False)


def forecast_facts(forecast: "Forecast") -> dict[str, Any]:
    """Return a forecast as plain data, dollars to the cent."""
    from analysis.metrics.energy import energy_facts
    from analysis.metrics.published import comparisons, missing

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
        "warnings": list(scenario.warnings),
        "start": scenario.start.isoformat(),
        "fingerprint": scenario.fingerprint,
        "seed": forecast.seed,
        "replicas": forecast.replicas,
        "version": forecast.version,
    }


def _waiting(forecast: "Forecast") -> dict[str, Any]:
    """Return what only a run on a shared cluster has."""
    found = {"start_delay_days": forecast.start_delay_days, "finish_days": forecast.finish_days}
    return {name: asdict(five) for name, five in found.items() if five is not None}


def _ledger_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the ledger with dollars to the cent; quantity and unit only where something was counted."""
    found = {name: round(value, 2) if name.endswith("usd") else value for name, value in row.items()}
    return found if row["quantity"] is not None else {n: v for n, v in found.items() if n not in ("quantity", "unit")}


def _quote(portion: "Portion") -> dict[str, Any]:
    """Return what a share of the machines is paid by, as plain data."""
    quote = asdict(portion.quote)
    return {"share": portion.share, **quote, "on": quote["on"].isoformat() if quote["on"] else None}


def cents(dollars: "Summary") -> dict[str, float]:
    """Return a summary of dollars to the cent."""
    return {name: round(value, 2) for name, value in asdict(dollars).items()}


def ledger_csv(forecast: "Forecast") -> str:
    """Return the ledger as CSV."""
    names = ("usd", "list_usd", "contracted_usd", "effective_usd")
    rows = [
        (row.stage, row.phase, row.cause, repr(row.accelerator_hours), *(f"{getattr(row, name):.2f}" for name in names))
        for row in forecast.ledger
    ]
    return _csv(("stage", "phase", "cause", "accelerator_hours", *names), rows)


def replicas_csv(forecast: "Forecast") -> str:
    """Return every replica's outcome as CSV."""
    found = forecast.samples
    columns = (found.wall_days, found.usd, found.accelerator_hours, found.goodput, found.interruptions)
    rows = [
        (str(number), *(repr(value) for value in row))
        for number, row in enumerate(zip(*(column.tolist() for column in columns), strict=True))
    ]
    return _csv(("replica", "wall_days", "usd", "accelerator_hours", "goodput", "interruptions"), rows)


def _csv(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    import csv
    from io import StringIO

    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
