"""``flopcast solve``: at which value of an input is a goal just met, and what is one more of something worth."""

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.cli.output import AsJson, Replicas, ScenarioName, Seed, Sets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from analysis.study.solve import Solution
    from analysis.study.worth import Worth


def solve(
    scenario: ScenarioName,
    vary: Annotated[
        str | None,
        typer.Option(
            "--for",
            help="The input to solve for, and between which values: path=uniform(low, high), loguniform(low, high), "
            "range(low, high, step) or \\[a, b, ...]; whole ends mean whole values.",
            show_default=False,
        ),
    ] = None,
    goal: Annotated[
        str | None,
        typer.Option("--goal", help="What has to hold, such as 'goodput >= 0.9', 'days_p90 <= 30 d' or 'usd <= $4M'."),
    ] = None,
    marginal: Annotated[
        bool, typer.Option("--marginal", help="Say what one more spare, half the detection time and others are worth.")
    ] = False,
    sets: Sets = None,
    replicas: Replicas = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Solve for the value of one input at which a goal is just met; exit code 1 if no value meets it."""
    from analysis.cli.output import all_sets, console, luck, progress, to_json
    from analysis.study.goal import goal as read
    from analysis.study.solve import solve as solved
    from analysis.study.space import dimension
    from analysis.study.worth import worth
    from simulator import __version__
    from simulator.scenario.api import load, resolve

    if marginal == (vary is not None or goal is not None) or (vary is None) != (goal is None):
        raise typer.BadParameter("state --for and --goal, or --marginal alone")
    loaded = load(scenario, sets=all_sets(sets, seed, replicas))
    screen, base = console(), resolve(loaded)
    drawn = {"replicas": base.replicas, "seed": base.seed, "version": __version__}
    told = luck(base.replicas, base.seed)
    if vary is None or goal is None:
        levers = worth(loaded)
        if as_json:
            typer.echo(to_json({"scenario": loaded.name, "marginal": [asdict(lever) for lever in levers], **drawn}))
        else:
            screen.print(_levers(levers))
            screen.print("Saved by each alone, with 95 % intervals, on the same faults; before the lever's own price, "
                         f"except for the spare, whose hours are billed.\n{told}")  # fmt: skip
        return
    with progress(0, "values tried") as show:
        found = solved(loaded, *dimension(vary, "--for"), read(goal), show)
    if as_json:
        typer.echo(to_json({**_facts(found), **drawn}))
    else:
        screen.print(_table(found))
        screen.print(f"{_answer(found)}\n{told}")
    if found.value is None and not found.always:
        raise typer.Exit(1)


def _answer(found: "Solution") -> str:
    """Say the answer in a sentence or two."""
    if found.value is None:
        if found.always:
            return f"Every value between these meets {found.goal.text}."
        nearest = max(found.tried, key=lambda value: found.goal.spare(found.tried[value]))
        return (f"No value between these meets {found.goal.text}; the nearest is {found.path} = {nearest} with "
                f"{_amount(found, found.tried[nearest])}.")  # fmt: skip
    sure = "" if found.low is None else f" (95 % interval {found.low} to {found.high})"
    several = "" if found.crossings == 1 else (f" The goal is gained or lost {found.crossings} times between these "
                                               "values: this is the first.")  # fmt: skip
    return f"{found.path} = {found.value}{sure} just meets {found.goal.text}: {_amount(found, found.figure)}.{several}"


def _amount(found: "Solution", value: float | None) -> str:
    if value is None or math.isinf(value):
        return "never ends"
    quantity = found.goal.figure.quantity
    if quantity.endswith("_days"):
        return f"{value:,.2f} days"
    return {"usd": f"${value:,.0f}", "goodput": f"{value:.4f}"}.get(quantity, f"{value:,.1f}")


def _table(found: "Solution") -> "Table":
    from rich.table import Table

    table = Table(found.path, box=None, pad_edge=False)
    table.add_column(found.goal.figure.name, justify="right")
    table.add_column("meets the goal")
    for value, figure in found.tried.items():
        table.add_row(str(value), _amount(found, figure), "yes" if found.goal.spare(figure) >= 0 else "no")
    return table


def _facts(found: "Solution") -> dict[str, Any]:
    """Return the answer as plain data; runs that never end have no figure."""

    def plain(value: float | None) -> float | None:
        return None if value is None or math.isinf(value) else value

    return {
        "path": found.path,
        "goal": found.goal.text,
        "met": found.value is not None or found.always,
        "always": found.always,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "figure": plain(found.figure),
        "crossings": found.crossings,
        "tried": [{"value": value, "figure": plain(figure)} for value, figure in found.tried.items()],
    }


def _levers(levers: "Sequence[Worth]") -> "Table":
    from rich.table import Table

    table = Table("lever", box=None, pad_edge=False)
    for name in ("dollars saved", "95 %", "days saved", "goodput"):
        table.add_column(name, justify="right", no_wrap=True)
    for lever in levers:
        usd, days, goodput = (lever.of(name) for name in ("usd", "wall_days", "goodput"))
        table.add_row(
            lever.lever,
            f"{-usd.estimate.mean:z,.0f}",
            f"{-usd.estimate.high:z,.0f} to {-usd.estimate.low:z,.0f}",
            f"{-days.estimate.mean:z,.3f}",
            f"{goodput.estimate.mean:+z.5f}",
        )
    return table
