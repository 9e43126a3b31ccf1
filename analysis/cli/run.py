"""``flopcast run``: the main job. A scenario in, days and dollars out."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.cli.output import AsJson, Replicas, ScenarioName, Seed, Sets, Workers, led
from analysis.cli.workers import mapping
from simulator.foundation.units import percent

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from analysis.metrics.forecast import Forecast
    from analysis.metrics.summary import Summary
    from analysis.study.precise import Precise
    from simulator.scenario.values import Scenario


_UNITS = {"Hours": "hours"}  # FOCUS has a capital


def run(
    scenario: ScenarioName,
    sets: Sets = None,
    replicas: Replicas = None,
    seed: Seed = None,
    workers: Workers = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for run.json, ledger.csv, replicas.csv and resolved.toml.")
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option("--precision", help="Go on until --of is known to this share, such as '0.5 %'; not --replicas."),
    ] = None,
    of: Annotated[str, typer.Option("--of", help="The figure that --precision is about, such as usd_p90.")] = "usd_p90",
    as_json: AsJson = False,
) -> None:
    """Forecast a training run: days, dollars, accelerator-hours, interruptions and goodput, and where they go."""
    from analysis.cli.output import all_sets, console, results_folder, to_json
    from analysis.metrics.facts import forecast_facts
    from simulator.scenario.api import scenario as resolved
    from simulator.scenario.changes import retitled
    from simulator.scenario.load import load

    if precision is not None and replicas is not None:
        raise typer.BadParameter("--precision finds how many replicas are needed: leave --replicas out")
    results_folder(out)
    known = resolved(scenario, retitled(load(scenario), all_sets(sets, seed, replicas)))
    precise = None if precision is None else _precisely(known, precision, of, workers)
    found = made(known, workers) if precise is None else precise.forecast
    if out is not None:
        _write(out, found)
    sure = {} if precise is None else {"precision": _precision_facts(precise)}
    if as_json:
        typer.echo(to_json(forecast_facts(found) | sure))
        return
    screen = console()
    for block in _page(found):
        screen.print(block)
    if precise is not None:
        screen.print(_precision_line(precise))


def _precision_facts(precise: "Precise") -> dict[str, object]:
    return {"of": precise.figure.name, "value": precise.value, "half_width": precise.half_width,
            "wanted": precise.wanted, "reached": precise.reached, "tilt": precise.tilt}  # fmt: skip


def _precision_line(precise: "Precise") -> str:
    """Say what was asked, how well it is known, and from what."""
    count = precise.forecast.replicas
    tilted = (
        f", from {count:,} replicas and as many with faults {precise.tilt:.3g} times as often, weighted back"
        if precise.tilt else ""
    )  # fmt: skip
    short = "" if precise.reached else f"; {precise.wanted:.3g} was asked, and {count:,} replicas are the most"
    value = _amount(precise.figure.quantity, precise.value)
    half = percent(precise.half_width, ".2")
    known = f"{precise.figure.name} is {value}, known to {half} (half of its 95 % interval)"
    return f"{known}{tilted}{short}."


def _precisely(scenario: "Scenario", precision: str, of: str, workers: int | None) -> "Precise":
    """Run as many replicas as the asked precision takes."""
    from math import isfinite

    from analysis.cli.output import progress
    from analysis.study.goal import figure
    from analysis.study.precise import FIRST
    from analysis.study.precise import precise as run_until
    from simulator.foundation.units import parse

    try:
        wanted, named = parse(precision, "ratio"), figure(of)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if not isfinite(wanted) or not 1e-6 <= wanted < 1:
        raise typer.BadParameter(f"--precision is a share such as '0.5 %', found {precision}")
    with mapping(workers, scenario) as mapper, progress(FIRST, "replicas, at first") as show:
        return run_until(scenario, named, wanted, mapper=mapper, progress=show)


def made(scenario: "Scenario", workers: int | None) -> "Forecast":
    """Run a scenario with progress on stderr, in as many processes as are worth it if that is left open; sum it up."""
    from analysis.cli.output import progress
    from analysis.metrics.forecast import forecast
    from simulator.engine.run import run as run_engine
    from simulator.engine.run import why_slow

    replicas, ticks = range(scenario.replicas), why_slow(scenario) is not None
    with mapping(workers, scenario) as mapper, progress(len(replicas), "replicas", ticks=ticks) as show:
        found = run_engine(scenario, replicas, mapper=mapper, progress=show)
    return forecast(scenario, found, replicas)


def _page(found: "Forecast") -> Iterable["Table | Text | str"]:
    """Return what a person reads, from the answer to the reasons."""
    from analysis.metrics.published import missing

    scenario = found.scenario
    yield led(scenario.title)
    yield _quantities(found)
    yield _why(found)
    yield _ledger(found)
    if scenario.published is not None:
        yield _published(found)
    if lacking := missing(found):
        yield lacking
    yield from dollar_lines(found)
    yield from (f"Warning: {warning}" for warning in found.warnings)
    yield (
        f"{found.replicas:,} replicas, seed {found.seed}, engine {found.engine} ({found.engine_reason}), "
        f"flopcast {found.version}, scenario {scenario.fingerprint}."
    )


def dollar_lines(found: "Forecast") -> Iterable[str]:
    """Say on which basis the dollars are, what they are on the others, and what a buyer should know."""
    yield f"Dollars: {found.basis}."
    means = {name: value.mean for name, value in found.usd_by_basis.items()}
    if any(abs(value - found.usd.mean) >= 0.005 for value in means.values()):
        others = ", ".join(f"{name} ${value:,.0f}" for name, value in means.items() if name != "billed")
        yield f"Billed above; on the other bases, in the mean: {others}."
    yield from found.remarks
    if found.energy is not None:
        from analysis.metrics.energy import sentence

        yield sentence(found.energy)


def _quantities(found: "Forecast") -> "Table":
    from rich.table import Table

    from analysis.metrics.forecast import hours_label

    table = Table("", box=None, pad_edge=False)
    for name in ("mean", "p10", "p50", "p90"):
        table.add_column(name, justify="right")
    rows = (
        *_waiting(found),
        ("days", found.wall_days, "{:,.2f}"),
        ("dollars", found.usd, "${:,.0f}"),
        (hours_label(found, billed=True), found.accelerator_hours, "{:,.0f}"),
        ("interruptions", found.interruptions, "{:,.1f}"),
        ("goodput", found.goodput, "{:.3f}"),
    )
    for name, value, form in rows:
        table.add_row(name, *(form.format(number) for number in (value.mean, value.p10, value.p50, value.p90)))
    return table


def _waiting(found: "Forecast") -> "Iterable[tuple[str, Summary, str]]":
    """Return what a run on a shared cluster adds: days from its submission to its start, and to its end."""
    if found.start_delay_days is not None and found.finish_days is not None:
        yield "start delay, days", found.start_delay_days, "{:,.2f}"
        yield "finish, days after submission", found.finish_days, "{:,.2f}"


def _why(found: "Forecast") -> str:
    """Say how much later the run ends than its stepping alone, and why."""
    from analysis.metrics.forecast import days_by_phase

    days = dict(days_by_phase(found))
    useful = days.pop("productive", 0.0)
    added = math.fsum(days.values())
    if added <= 0:
        return f"All {useful:,.2f} days are productive: nothing is lost to failures, saves or restarts."
    parts = ", ".join(f"{phase.replace('_', ' ')} {value:,.2f}" for phase, value in days.items() if value >= 0.005)
    return f"Stepping alone takes {useful:,.2f} days; {added:,.2f} more ({percent(added / useful)}) go to: {parts}."


def _ledger(found: "Forecast") -> "Table":
    """Return where the time and the money go, phases and causes, small rows together."""
    from rich.table import Table

    lines: dict[tuple[str, str], list[float]] = {}
    beside = [row for row in found.ledger if row.quantity is not None]
    for row in found.ledger:
        if row.quantity is None:
            line = lines.setdefault((row.phase, row.cause), [0.0, 0.0])
            line[0] += row.accelerator_hours
            line[1] += row.usd
    table = Table("phase", "cause", box=None, pad_edge=False)
    for name in ("accelerator-hours", "dollars", "share"):
        table.add_column(name, justify="right")
    total = found.accelerator_hours.mean
    ordered = sorted(lines.items(), key=lambda item: -item[1][0])
    shown, rest = ordered[:12], ordered[12:]
    if rest:
        sums = [math.fsum(value[column] for _, value in rest) for column in (0, 1)]
        shown.append((("the rest", f"{len(rest)} rows"), sums))
    for (phase, cause), (hours, usd) in shown:
        share = hours / total
        words = "" if cause == "none" else cause.replace("_", " ")
        table.add_row(phase.replace("_", " "), words, f"{hours:,.0f}", f"${usd:,.0f}", percent(share, ".2"))
    for row in beside:
        words = "" if row.cause == "none" else row.cause.replace("_", " ")
        amount = f"{row.quantity:,.0f} {_UNITS.get(row.unit or '', row.unit)}" if row.unit != "USD" else ""
        usd_text = f"{'-' if row.usd < 0 else ''}${abs(row.usd):,.0f}"
        table.add_row(row.phase.replace("_", " "), " ".join(filter(None, (words, amount))), "", usd_text, "")
    return table


def _published(found: "Forecast") -> "Table":
    from rich.table import Table

    from analysis.metrics.published import comparisons, label

    known = found.scenario.published
    assert known is not None
    table = Table(
        "published", box=None, pad_edge=False, caption=f"Source: {known.source or 'not stated'}", caption_justify="left"
    )
    for name in ("published", "forecast", "error"):
        table.add_column(name, justify="right")
    for row in comparisons(found):
        error = "" if row.error is None else percent(row.error, "+z.1")
        table.add_row(
            label(found, row), _amount(row.quantity, row.published), _amount(row.quantity, row.predicted), error
        )
    return table


def _amount(quantity: str, value: float) -> str:
    """Write a figure for a person: whole numbers where they are large."""
    money = "$" if quantity in ("dollars", "usd") else ""
    return f"{money}{value:,.0f}" if abs(value) >= 1000 else f"{money}{value:,.4g}"


def _write(folder: Path, found: "Forecast") -> None:
    """Write what programs and later commands need."""
    from analysis.cli.output import to_json, write_text
    from analysis.metrics.facts import forecast_facts, ledger_csv, replicas_csv
    from simulator.scenario.api import resolved_toml

    write_text(folder / "run.json", to_json(forecast_facts(found)) + "\n")
    write_text(folder / "resolved.toml", resolved_toml(found.scenario))
    write_text(folder / "ledger.csv", ledger_csv(found))
    write_text(folder / "replicas.csv", replicas_csv(found))
