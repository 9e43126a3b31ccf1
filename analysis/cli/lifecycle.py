"""``flopcast lifecycle A [B ...]``: the whole life of a model, or several ways to one end held against each other."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.cli import complete
from analysis.cli.output import AsJson, Replicas, Seed, Sets, led

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.table import Table
    from rich.text import Text

    from analysis.metrics.lifecycle import LifeForecast
    from analysis.study.choice import BreakEven
    from simulator.scenario.life import Quality


def lifecycle(
    scenarios: Annotated[
        list[str],
        typer.Argument(
            help="Shipped life cycles, such as life-of-a-13b, or files; several are compared.",
            show_default=False,
            autocompletion=complete.scenarios,
        ),
    ],
    sets: Sets = None,
    replicas: Replicas = None,
    seed: Seed = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", help="Folder for calendar.png and dollars.png; for demand.png if several are compared."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Forecast a model's whole life: stages as a graph, teams, calendar, critical path, and dollars by stage."""
    from analysis.cli.lifecycle_facts import comparison_facts, life_facts
    from analysis.cli.output import all_sets, console, to_json
    from analysis.metrics.lifecycle import life_forecast
    from analysis.study.choice import break_evens, one_demand
    from simulator.engine.lifecycle_run import run_life
    from simulator.scenario.api import life

    changes = all_sets(sets, seed, replicas)
    lives = [life(name, changes) for name in scenarios]
    if len({(each.seed, each.replicas) for each in lives}) > 1:
        raise typer.BadParameter("ways are held against each other on the same luck; give all --seed and --replicas")
    found = [life_forecast(each, run_life(each)) for each in lives]
    even = break_evens(found) if len(found) > 1 and one_demand(found) else []
    if plot is not None:
        _draw(plot, found, even)
    if as_json:
        typer.echo(to_json(life_facts(found[0]) if len(found) == 1 else comparison_facts(found, even)))
        return
    screen = console()
    for block in _page(found[0]) if len(found) == 1 else _choice(found, even):
        screen.print(block)


def _page(found: "LifeForecast") -> "Iterable[Table | Text | str]":
    """Return what a person reads of one life, from the answer to the reasons."""
    from analysis.plots.amounts import days, dollars

    life = found.life
    served = found.written_per_month is not None
    yield led(life.title)
    usd, launch = found.usd, found.launch_days
    yield led(
        dollars(usd.mean),
        f" on the mean in all (p10 / p50 / p90: {dollars(usd.p10)} / "
        f"{dollars(usd.p50)} / {dollars(usd.p90)}); {days(launch.mean)} on the mean ({days(launch.p10)} / "
        f"{days(launch.p50)} / {days(launch.p90)}) to {'the launch' if served else 'the end'}"
        + (f", {days(found.days.mean)} to the end of the service." if served else "."),
    )
    yield _stages(found)
    yield "Days are medians of their stage and do not sum; dollars are means, and they do."
    if found.teams:
        yield _teams(found)
    yield _drivers(found)
    if words := quality_words(life.quality):
        yield words
    if found.usd_per_m_written is not None:
        yield f"Everything over the tokens written: {dollars(found.usd_per_m_written)} a million."
    if found.equity_usd.mean:
        yield f"Equity, apart from these dollars: {dollars(found.equity_usd.mean)}."
    yield f"Machines: {'; '.join(found.bases)}."
    yield from (f"Warning: {warning}" for warning in life.warnings)
    yield (
        f"{life.replicas:,} replicas, seed {life.seed}, engine {found.ensemble.engine} ({found.ensemble.reason}), "
        f"flopcast {found.version}."
    )


def _stages(found: "LifeForecast") -> "Table":
    """Return the stages in booking order; the means sum to the total, to the cent with --json."""
    from analysis.plots.amounts import dollars

    table = _plain_table("stage", ("from\nday p50", "days\np50", "critical", "dollars\nmean", "\np10", "\np90"))
    for row in found.stages:
        begins = f"{row.start_days.p50:,.0f}" if row.start_days else ""
        lasted = f"{row.days.p50:,.1f}" if row.days else ""
        critical = f"{100 * row.critical:.0f} %" if row.start_days else ""
        spread = (dollars(row.usd.p10, 2), dollars(row.usd.p90, 2))
        table.add_row(row.name, begins, lasted, critical, f"${row.usd.mean:,.0f}", *spread)
    spread = (dollars(found.usd.p10, 2), dollars(found.usd.p90, 2))
    table.add_row("total", "0", f"{found.days.p50:,.1f}", "", f"${found.usd.mean:,.0f}", *spread)
    return table


def _plain_table(first: str, others: "Sequence[str]") -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _teams(found: "LifeForecast") -> "Table":
    from analysis.plots.amounts import dollars

    table = _plain_table("team", ("people", "from", "to", "person-months", "on stages", "dollars", "equity"))
    for team in found.teams:
        numbers = (f"{team.from_day:,.0f}", f"{team.until_day:,.0f}", f"{team.person_months:,.1f}")
        busy = f"{100 * team.busy:.0f} %"
        table.add_row(team.name, str(team.people), *numbers, busy, dollars(team.usd), dollars(team.equity_usd))
    return table


def _drivers(found: "LifeForecast") -> str:
    """Say which stages set the pace, and which make dollars and days uncertain."""
    path = [row.name for row in found.stages if row.critical >= 0.5]
    parts = [f"Critical path: {' -> '.join(path)}."] if path else []
    for what, name in (("dollars", "of_usd_spread"), ("days", "of_days_spread")):
        shares = sorted(((getattr(row, name), row.name) for row in found.stages), reverse=True)[:3]
        words = ", ".join(f"{stage} {100 * part:.0f} %" for part, stage in shares if part >= 0.01)
        if words:
            parts.append(f"The spread of the {what} comes from {words}.")
    return "\n".join(parts)


def quality_words(quality: "Quality") -> str:
    """Say what quality is to be expected, and whether it is what is wanted."""
    parts = []
    if quality.loss is not None:
        parts.append(f"Expected loss {quality.loss:.3f}")
        if quality.target_loss is not None:
            parts.append(f"{'meets' if quality.met else 'misses'} the target of {quality.target_loss:g}")
    elif quality.target_loss is not None:
        parts.append(f"Target loss {quality.target_loss:g}: no law says whether it is met")
    if quality.trusted:
        parts.append(quality.trusted)
    return f"{', '.join(parts)}." if parts else ""


def _choice(found: "Sequence[LifeForecast]", even: "Sequence[BreakEven]") -> "Iterable[Table | str]":
    """Return several ways to one end, and where they cost the same."""
    from analysis.plots.amounts import dollars
    from analysis.study.choice import cheapest_shares, one_demand

    cheapest = dict(zip((id(each) for each in found), cheapest_shares(found), strict=True))
    table = _plain_table(
        "way", ("dollars\nmean", "\np10", "\np90", "cheapest\nin", "to launch\nmean", "$/M\ntokens", "\nloss")
    )
    for each in sorted(found, key=lambda life: life.usd.mean):
        usd = (dollars(each.usd.mean), dollars(each.usd.p10), dollars(each.usd.p90))
        quality = each.life.quality
        known = "" if quality.loss is None else f"{quality.loss:.3f}"
        loss = known or ("trusted" if quality.trusted else "unknown")
        missed = " (misses)" if quality.met is False else ""
        per = "" if each.usd_per_m_written is None else f"{each.usd_per_m_written:,.2f}"
        share = f"{100 * cheapest[id(each)]:.0f} %"
        table.add_row(each.life.name, *usd, share, f"{each.launch_days.mean:,.0f} d", per, f"{loss}{missed}")
    yield table
    if not one_demand(found):
        yield "They do not serve the same demand, so no break-even is shown."
    elif not even:
        yield "At no demand do two of them cost the same: the order stays."
    demand = found[0].written_per_month
    if even and demand is not None:
        yield f"Demand of the first month: {_tokens(demand)} written. Where two cost the same:"
    for at in even:
        yield (
            f"  {_tokens(at.written_per_month)} a month ({at.demand:,.3g} times): below it {at.below}, above it "
            f"{at.above} is cheaper"
        )
    yield from (f"{each.life.name}: {each.life.title}. {quality_words(each.life.quality)}" for each in found)


def _tokens(count: float) -> str:
    from analysis.plots.amounts import dollars

    return f"{dollars(count).removeprefix('$')} tokens"


def _draw(folder: Path, found: "Sequence[LifeForecast]", even: "Sequence[BreakEven]") -> None:
    from analysis.cli.lifecycle_pictures import of_choice, of_life
    from analysis.cli.output import write_picture
    from analysis.study.choice import one_demand

    if len(found) > 1 and not one_demand(found):
        raise typer.BadParameter("--plot: these do not serve the same demand; draw them one by one")
    for picture in of_life(found[0]) if len(found) == 1 else [of_choice(found, even)]:
        write_picture(folder / f"{picture.name}.png", picture)
