"""``flopcast plan``: the cheapest way that meets a deadline and a budget, what binds, and what relaxing it buys."""

from dataclasses import asdict
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.cli.output import AsJson, ScenarioName, Seed, Sets, led, luck
from analysis.plots.amounts import share
from simulator.foundation.units import percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table
    from rich.text import Text

    from analysis.study.plan import Candidate, Planned, Wish

MOST_SHOWN = 15  # rows of the front


def plan(
    scenario: ScenarioName,
    deadline: Annotated[str | None, typer.Option("--deadline", help="Such as '30 d'.", show_default=False)] = None,
    budget: Annotated[str | None, typer.Option("--budget", help="Such as '$5M'.", show_default=False)] = None,
    confidence: Annotated[
        float, typer.Option("--confidence", min=0.01, max=0.999, help="With which probability each has to hold.")
    ] = 0.9,
    over: Annotated[
        list[str] | None,
        typer.Option(
            "--over",
            help="A decision: path=\\[a, b], range(low, high, step) or logrange(low, high, count); may be given "
            "several times. Without any: machines, spares and checkpoint interval.",
        ),
    ] = None,
    replicas: Annotated[int, typer.Option("--replicas", min=10, max=1_000_000, help="Of each candidate.")] = 500,
    trials: Annotated[
        int, typer.Option("--trials", min=20, max=1_000_000, help="Candidates, where there are more than 10,000.")
    ] = 2000,
    seed: Seed = None,
    sets: Sets = None,
    executor: Annotated[str, typer.Option("--executor", help="local, local:N, dask:ADDRESS or slurm.")] = "local:1",
    plot: Annotated[Path | None, typer.Option("--plot", help="Write days against dollars as .svg or .png.")] = None,
    as_json: AsJson = False,
) -> None:
    """Search what can be decided for the cheapest way in time; exit code 1 if none is, with the nearest."""
    from contextlib import closing
    from math import prod

    from analysis.cli.output import PICTURES, all_sets, check_file, console, progress, to_json
    from analysis.study.plan import EXHAUSTIVE, standing
    from analysis.study.plan import plan as planned
    from analysis.study.sites import site
    from analysis.study.space import dimension
    from simulator.scenario.api import load

    check_file(plot, *PICTURES, option="--plot")
    wish = _wish(deadline, budget, confidence)
    loaded = load(scenario, sets=all_sets(sets, seed, None))
    decisions = dict(map(dimension, over)) if over else standing(loaded)
    count = prod(len(values) for values in decisions.values() if isinstance(values, list))
    with (
        closing(site(executor)) as place,
        progress(count if count <= EXHAUSTIVE else trials, "candidates") as show,
    ):
        found = planned(loaded, decisions, wish, place, replicas=replicas, trials=trials, seed=seed or 1, progress=show)
    if plot is not None:
        _draw(found, plot)
    if as_json:
        typer.echo(to_json(_facts(found)))
    else:
        screen = console()
        for block in _page(found):
            screen.print(block)
    if found.best is None:
        raise typer.Exit(1)


def _wish(deadline: str | None, budget: str | None, confidence: float) -> "Wish":
    from analysis.study.plan import Wish
    from simulator.foundation.units import UnitError, parse

    try:
        days = inf if deadline is None else parse(deadline, "time") / 86400.0
        usd = inf if budget is None else parse(budget, "usd")
    except UnitError as error:
        raise typer.BadParameter(str(error)) from None
    if days == 0 or usd == 0:
        raise typer.BadParameter("a deadline and a budget are above zero")
    return Wish(days=days, usd=usd, confidence=confidence)


def _page(found: "Planned") -> "Iterator[Table | Text | str]":
    """Return what a person reads: the answer, the front, what binds, and how it was found."""
    from analysis.study.plan import bindings

    wish = found.wish
    asked = [f"{wish.days:,.4g} days" if wish.days < inf else "", f"${wish.usd:,.0f}" if wish.usd < inf else ""]
    words = " and ".join(word for word in asked if word) or "no bound"
    if found.best is not None:
        yield led(_named(found.best), f" is the cheapest within {words}: {_amounts(found.best, wish)}.")
    elif found.nearest is not None:
        yield (f"Nothing meets {words}. The nearest misses {_miss(found.nearest, wish)}: {_named(found.nearest)}: "
               f"{_amounts(found.nearest, wish)}.")  # fmt: skip
    yield _front(found)
    for bound in bindings(found):
        form = "${:,.0f}" if bound.bound == "deadline" else "{:,.2f} days"
        now, relaxed, free = (
            form.format(value) if value < inf else "none" for value in (bound.now, bound.relaxed, bound.free)
        )
        best, other = ("cheapest", "budget") if bound.bound == "deadline" else ("soonest", "deadline")
        apart = f", the {other} apart" if max(wish.days, wish.usd) < inf else ""
        yield (f"The {bound.bound} binds{apart}: the {best} is {now} with it, {relaxed} if it were a tenth more, "
               f"{free} without it.")  # fmt: skip
    for each in found.finalists[:1]:
        yield (f"Confirmed event by event with {each.replicas:,} replicas: {each.days:,.2f} days, ${each.usd:,.0f} at "
               f"{share(wish.confidence)}.")  # fmt: skip
    chosen = "" if found.exhaustive else ", chosen by optuna"
    yield f"{len(found.candidates):,} of {found.space:,} candidates were run{chosen}."
    for reason, count in found.set_aside.items():
        yield f"Set aside, {count:,}: {reason}"
    if found.candidates:
        yield f"Dollars: {(found.best or found.nearest or found.candidates[0]).basis}."
        yield from (f"Warning: {warning}" for warning in found.warnings)
        yield luck(found.replicas, found.seed, "replicas of each candidate")


def _miss(candidate: "Candidate", wish: "Wish") -> str:
    """Say which bound is broken most, and by how much."""
    late, dear = candidate.days / wish.days - 1, candidate.usd / wish.usd - 1  # -1 where a bound is infinite
    return f"the deadline by {percent(late)}" if late >= dear else f"the budget by {percent(dear)}"


def _named(candidate: "Candidate") -> str:
    return ", ".join(f"{path.rpartition('.')[2]} {value}" for path, value in candidate.values.items()) or "as it is"


def _amounts(candidate: "Candidate", wish: "Wish") -> str:
    return (f"{candidate.days:,.2f} days and ${candidate.usd:,.0f} at {share(wish.confidence)} "
            f"(means {candidate.mean_days:,.2f}, ${candidate.mean_usd:,.0f})")  # fmt: skip


def _front(found: "Planned") -> "Table":
    from rich.table import Table

    title = "What nothing beats on both days and dollars"
    names = [path.rpartition(".")[2] for path in found.front[0].values]
    table = Table("", *names, box=None, pad_edge=False, title=title, title_justify="left")
    for name in (f"days at {share(found.wish.confidence)}", "dollars"):
        table.add_column(name, justify="right", no_wrap=True)
    step = -(-len(found.front) // MOST_SHOWN)
    for number, each in enumerate(found.front):
        if number % step == 0 or each is found.best:
            mark = ">" if each is found.best else ""
            table.add_row(mark, *map(str, each.values.values()), f"{each.days:,.2f}", f"${each.usd:,.0f}")
    return table


def _facts(found: "Planned") -> dict[str, Any]:
    """Return a plan as plain data; bounds that were not asked are null."""
    from analysis.study.export import shown
    from analysis.study.plan import bindings
    from simulator import __version__

    def plain(candidate: "Candidate | None") -> dict[str, Any] | None:
        if candidate is None:
            return None
        return asdict(candidate) | {"values": {path: shown(value) for path, value in candidate.values.items()}}

    wish = found.wish
    return {
        "wish": {
            "days": wish.days if wish.days < inf else None,
            "usd": wish.usd if wish.usd < inf else None,
            "confidence": wish.confidence,
        },
        "met": found.best is not None,
        "best": plain(found.best),
        "nearest": plain(found.nearest),
        "front": [plain(each) for each in found.front],
        "finalists": [asdict(each) | {"candidate": plain(each.candidate)} for each in found.finalists],
        "bindings": [
            {key: None if value == inf else value for key, value in asdict(each).items()} for each in bindings(found)
        ],
        "tried": len(found.candidates),
        "space": found.space,
        "exhaustive": found.exhaustive,
        "set_aside": dict(found.set_aside),
        "warnings": list(found.warnings),
        "replicas": found.replicas,
        "seed": found.seed,
        "version": __version__,
    }


def _draw(found: "Planned", plot: Path) -> None:
    from analysis.cli.output import write_picture
    from analysis.plots.front import Option, plan_front

    def option(candidate: "Candidate") -> Option:
        return Option(days=candidate.days, usd=candidate.usd)

    picture = plan_front(
        "front",
        [option(each) for each in found.candidates],
        [option(each) for each in found.front],
        None if found.best is None else option(found.best),
        deadline_days=found.wish.days,
        budget_usd=found.wish.usd,
        confidence=found.wish.confidence,
    )
    write_picture(plot, picture)
