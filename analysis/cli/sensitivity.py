"""``flopcast sensitivity``: which of the things that are not known moves the answer, and which is worth finding out."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.cli.output import AsJson, ScenarioName, Seed, Sets
from simulator.foundation.units import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from analysis.study.sensitivity import Effect, Information, Runner, Tornado, Walks
    from analysis.study.uncertain import Input, Model

_METHODS = ("tornado", "morris", "sobol", "information")
_SAMPLES = {"tornado": 1, "morris": 20, "sobol": 256, "information": 256}
_REPLICAS = {"tornado": 2000, "morris": 400, "sobol": 200, "information": 200}


def sensitivity(
    scenario: ScenarioName,
    method: Annotated[
        str,
        typer.Option("--method", help="tornado (one at a time), morris, sobol, or information (worth of knowing)."),
    ] = "tornado",
    over: Annotated[
        list[str] | None,
        typer.Option(
            "--over",
            help="An uncertain input: path=uniform(low, high) or loguniform(low, high); may be given several times. "
            "Without any, the standing ones are used: speed, failures, detection, restart, repair, saves, price.",
        ),
    ] = None,
    of: Annotated[str, typer.Option("--of", help="The figure for morris and sobol, such as usd or days_p90.")] = "usd",
    decide: Annotated[
        list[str] | None,
        typer.Option("--decide", help="For information: what can be decided, path=\\[a, b]; several are combined."),
    ] = None,
    day: Annotated[str, typer.Option("--day", help="For information: what a day costs, as $50k.")] = "$0",
    samples: Annotated[int | None, typer.Option("--samples", min=2, max=65536, help="Points, or walks.")] = None,
    replicas: Annotated[int | None, typer.Option("--replicas", min=1, max=1_000_000, help="Of each point.")] = None,
    seed: Seed = None,
    sets: Sets = None,
    executor: Annotated[str, typer.Option("--executor", help="local, local:N, dask:ADDRESS or slurm.")] = "local:1",
    plot: Annotated[Path | None, typer.Option("--plot", help="Write the tornado as .svg or .png.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say which uncertain inputs move the answer, and which of them is worth finding out."""
    from contextlib import closing

    from analysis.cli.output import PICTURES, all_sets, check_file, console, progress, to_json
    from analysis.study.sensitivity import Runner
    from analysis.study.sites import site
    from analysis.study.space import dimension
    from analysis.study.uncertain import Model, of_path, standing
    from simulator import __version__
    from simulator.foundation.issues import nearest
    from simulator.scenario.api import load, resolve

    if method not in _METHODS:
        close = nearest(method, _METHODS)
        raise typer.BadParameter(f"{method!r} is not known; allowed: {', '.join(_METHODS)}"
                                 f"{f'; did you mean {close}?' if close else ''}")  # fmt: skip
    check_file(plot, *PICTURES, option="--plot")
    if plot is not None and method != "tornado":
        raise typer.BadParameter("--plot draws --method tornado alone")
    loaded = load(scenario, sets=all_sets(sets, seed, None))
    base = resolve(loaded)
    inputs = [of_path(*dimension(text)) for text in over] if over else standing(base)
    count = samples or _SAMPLES[method]
    runs = {"tornado": 1 + 2 * len(inputs), "morris": count * (len(inputs) + 1), "sobol": count * (len(inputs) + 2)}
    model = Model(loaded, inputs)
    with closing(site(executor)) as place, progress(runs.get(method, count), "points") as show:
        runner = Runner(place, replicas or _REPLICAS[method], show)
        if method == "tornado":
            facts, blocks = _tornado(model, runner, plot)
        elif method == "information":
            facts, blocks = _information(model, runner, decide or [], day, count, base.seed)
        else:
            facts, blocks = _variance(method, model, runner, of, count, base.seed)
    luck = {"replicas": runner.replicas, "seed": base.seed, "version": __version__}
    if as_json:
        typer.echo(to_json({"scenario": loaded.name, "method": method, "inputs": _inputs(inputs), **facts, **luck}))
        return
    screen = console()
    for block in blocks:
        screen.print(block)
    for each in inputs:
        screen.print(f"{each.name}: {each.low} to {each.high}; {each.source}.")
    sampled = "" if method == "tornado" else f"{count:,} {'walks' if method == 'morris' else 'samples'}, "
    screen.print(
        f"{sampled}{runner.replicas:,} replicas of each point, seed {base.seed}, flopcast {__version__}: all "
        "points meet the same faults."
    )


_Answer = tuple[dict[str, Any], "Sequence[Table | str]"]


def _tornado(model: "Model", runner: "Runner", plot: Path | None) -> _Answer:
    from analysis.study.sensitivity import tornado

    found = tornado(model, runner)
    if plot is not None:
        _draw(found, plot)
    rows = [{"input": swing.input.name, "low": swing.low, "high": swing.high} for swing in found.swings]
    return {"base": found.base, "swings": rows}, [_tornado_table(found)]


def _draw(found: "Tornado", plot: Path) -> None:
    from analysis.cli.output import write_picture
    from analysis.plots.amounts import dollars
    from analysis.plots.tornado import Bar, tornado

    bars = [
        Bar(
            name=swing.input.name,
            low=swing.low["usd"],
            high=swing.high["usd"],
            low_label=swing.input.low,
            high_label=swing.input.high,
        )
        for swing in found.swings
    ]
    picture = tornado("tornado", bars, found.base["usd"], axis="dollars, mean", written=dollars)
    write_picture(plot, picture)


def _tornado_table(found: "Tornado") -> "Table":
    from rich.table import Table

    table = Table("input", box=None, pad_edge=False)
    for name in ("from", "dollars", "days", "to", "dollars", "days", "swing"):
        table.add_column(name, justify="right")
    for swing in found.swings:
        low, high = swing.low, swing.high
        table.add_row(
            swing.input.name,
            *(swing.input.low, f"${low['usd']:,.0f}", f"{low['wall_days']:,.2f}"),
            *(swing.input.high, f"${high['usd']:,.0f}", f"{high['wall_days']:,.2f}"),
            f"${abs(swing.of('usd')):,.0f}",
        )
    table.add_row("as it is", "", f"${found.base['usd']:,.0f}", f"{found.base['wall_days']:,.2f}")
    return table


def _variance(method: str, model: "Model", runner: "Runner", of: str, count: int, seed: int) -> _Answer:
    from analysis.study.goal import figure
    from analysis.study.sensitivity import answer, morris, sobol

    try:
        wanted = figure(of)
    except ValueError as error:
        raise typer.BadParameter(f"--of: {error}") from None
    function = answer(model, runner, wanted)
    if method == "morris":
        walks = morris(model.inputs, function, count, seed)
        return {"of": wanted.name, "effects": [_row(walk) for walk in walks]}, [_morris_table(walks, wanted.name)]
    if count & (count - 1):
        raise typer.BadParameter(f"--samples of a Sobol sequence is a power of two, not {count}")
    effects = sobol(model.inputs, function, count, seed)
    return {"of": wanted.name, "effects": [_row(effect) for effect in effects]}, [_sobol_table(effects, wanted.name)]


def _row(each: "Effect | Walks") -> dict[str, Any]:
    return {"input": each.input.name} | {key: value for key, value in asdict(each).items() if key != "input"}


def _morris_table(walks: "Sequence[Walks]", name: str) -> "Table":
    from rich.table import Table

    table = Table("input", box=None, pad_edge=False, title=f"Elementary effects on {name}", title_justify="left")
    for head in ("mean |effect|", "mean", "spread"):
        table.add_column(head, justify="right")
    for walk in walks:
        table.add_row(walk.input.name, *(f"{value:,.4g}" for value in (walk.mean_absolute, walk.mean, walk.spread)))
    return table


def _sobol_table(effects: "Sequence[Effect]", name: str) -> "Table":
    from rich.table import Table

    title = f"Shares of the variance of {name}"
    table = Table("input", box=None, pad_edge=False, title=title, title_justify="left")
    for head in ("alone", "with others"):
        table.add_column(head, justify="right")
    for effect in effects:
        table.add_row(
            effect.input.name,
            f"{effect.first:.3f} +- {effect.first_error:.3f}",
            f"{effect.total:.3f} +- {effect.total_error:.3f}",
        )
    return table


def _information(
    model: "Model", runner: "Runner", decide: list[str], day: str, count: int, seed: int
) -> _Answer:  # fmt: skip
    """Cost every decision at every point, and say what knowing is worth."""
    import numpy as np

    from analysis.study.goal import Figure
    from analysis.study.sensitivity import information
    from analysis.study.space import dimension, latin, points
    from analysis.study.uncertain import Model as Of
    from simulator.foundation.units import parse
    from simulator.scenario.lines import dotted
    from simulator.scenario.merge import Place

    if not decide:
        raise typer.BadParameter("information needs --decide path=[a, b]: what the knowledge would be used for")
    a_day = parse(day, "usd")
    dimensions = dict(dimension(text, "--decide") for text in decide)
    place = Place(file="--decide", line=None, folder=Path.cwd())
    shares = latin(len(model.inputs), count, seed)
    wanted = [Figure(quantity="usd"), Figure(quantity="wall_days")]
    names, costs = [], []
    for point in points(dimensions, "grid", seed):
        decided = model.loaded
        for path, value in zip(dimensions, point, strict=True):
            decided = decided.changed(path, value, place)
        names.append(", ".join(f"{dotted(path)}={value}" for path, value in zip(dimensions, point, strict=True)))
        variant = Of(decided, model.inputs)
        usd, days = runner.figures([variant.at(dict(enumerate(row))) for row in shares.tolist()], wanted).T
        costs.append(usd + a_day * days)
    found = information(names, model.inputs, shares, np.column_stack(costs))
    facts = asdict(found) | {"partial": [{"input": each.name, "usd": value} for each, value in found.partial]}
    return facts, _information_page(found)


def _information_page(found: "Information") -> "Sequence[Table | str]":
    from rich.table import Table

    table = Table("decision", box=None, pad_edge=False)
    for head in ("expected cost", "best in"):
        table.add_column(head, justify="right")
    for name, cost, share in zip(found.decisions, found.expected, found.chosen, strict=True):
        table.add_row(name, f"${cost:,.0f}", percent(share, ".0"))
    worth = Table("to know before deciding", box=None, pad_edge=False)
    worth.add_column("is worth", justify="right")
    worth.add_row("everything", f"${found.perfect:,.0f}")
    for each, value in found.partial:
        worth.add_row(each.name, f"${value:,.0f}")
    return [table, f"As things are, decide {found.decisions[found.best]}.", worth]


def _inputs(inputs: "Sequence[Input]") -> list[dict[str, str]]:
    return [{"name": each.name, "low": each.low, "high": each.high, "source": each.source} for each in inputs]
