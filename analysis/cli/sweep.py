"""``flopcast sweep``: every combination of the values under ``[sweep]``, run once, resumable."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.cli.output import AsJson, Replicas, ScenarioName, Seed, Sets

if TYPE_CHECKING:
    from rich.table import Table

    from analysis.study.sweep import Swept, Variant
    from simulator.scenario.load import Loaded
    from simulator.scenario.values import Scenario

_INTERRUPTED = 130  # exit code of a command that was ended by Ctrl-C: 128 and the signal's number
MOST_SHOWN = 60  # rows of the table on the screen
MOST_BASES = 3  # lines that say on which basis dollars are
MOST_WARNINGS = 5


def sweep(
    scenario: ScenarioName,
    sets: Sets = None,
    over: Annotated[
        list[str] | None,
        typer.Option(
            "--over",
            help="Vary a path: path=\\[a, b], range(low, high, step), logrange(low, high, count), "
            "uniform(low, high) or loguniform(low, high); may be given several times.",
        ),
    ] = None,
    join: Annotated[str, typer.Option("--join", help="grid, zip, lhs:COUNT or sobol:COUNT.")] = "grid",
    replicas: Replicas = None,
    seed: Seed = None,
    executor: Annotated[
        str, typer.Option("--executor", help="local, local:N, dask:ADDRESS or slurm[:PARTITION].")
    ] = "local:1",
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of journal.sqlite and results.csv.  \\[default: runs/SCENARIO]")
    ] = None,
    parquet: Annotated[bool, typer.Option("--parquet", help="Write results.parquet too.")] = False,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Draw --of over what was varied, as .svg or .png.")
    ] = None,
    of: Annotated[str, typer.Option("--of", help="Days, dollars, ...: as in the CSV, such as usd.")] = "usd",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count the runs and estimate the time; run none.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run every variant of the sweep in a scenario; started again, it goes on where it was stopped."""
    from analysis.cli.output import PICTURES, all_sets, check_file, to_json
    from simulator.scenario.api import load

    check_file(plot, *PICTURES, option="--plot")
    if plot is not None:
        _check_drawn(of)
    loaded = load(scenario, sets=all_sets(sets, seed, replicas))
    folder = out or Path("runs") / loaded.name
    if dry_run:
        _foretell(_variants(loaded, over or [], join), folder, executor, as_json=as_json)
        return
    swept = _made(lambda: _variants(loaded, over or [], join), folder, executor, parquet=parquet)
    if plot is not None and swept.lines:
        _draw(swept, of, plot)
    if as_json:
        typer.echo(to_json(_facts(swept, folder)))
    else:
        _show(swept, folder)
    if swept.failures:
        raise typer.Exit(1)


def _variants(loaded: "Loaded", over: list[str], join: str) -> "Sequence[Variant]":
    """Return the points of the file's [sweep], or of that and what the command line varies."""
    from analysis.study import space
    from analysis.study.sweep import variants_of
    from simulator.scenario.api import resolve, variants

    warnings: dict[str, None] = {}
    if not over and join == "grid":
        found = variants_of(_heeded(variants(loaded), warnings))
    else:
        dimensions = {**loaded.sweep, **dict(map(space.dimension, over))}
        found = variants_of(_heeded(space.variants(loaded, dimensions, join, resolve(loaded).seed), warnings))
    if any(variant.scenario.shared is not None for variant in found):
        typer.echo(
            "Days count from the start of a run. On a shared cluster it waits for that; how long is in no figure of a "
            "sweep: see flopcast run, compare, plan, or solve --goal 'finish_days <= 40 d'.",
            err=True,
        )
    for text in list(warnings)[:MOST_WARNINGS]:
        typer.echo(f"Warning: {text}", err=True)
    if len(warnings) > MOST_WARNINGS:
        typer.echo(f"... and {len(warnings) - MOST_WARNINGS:,} more warnings: see flopcast validate", err=True)
    return found


def _heeded(
    points: Iterable[tuple[Mapping[str, Any], "Scenario"]], warnings: dict[str, None]
) -> Iterator[tuple[Mapping[str, Any], "Scenario"]]:
    """Keep what the variants warn of, which does not travel to the workers."""
    for overrides, scenario in points:
        warnings.update(dict.fromkeys(scenario.warnings))
        yield overrides, scenario


def _made(points: "Callable[[], Sequence[Variant]]", folder: Path, executor: str, *, parquet: bool) -> "Swept":
    """Sweep with progress on stderr, and write the files; the workers start while the points are resolved."""
    from contextlib import closing

    from analysis.cli.output import progress
    from analysis.study import export
    from analysis.study.evaluate import key_of
    from analysis.study.sites import site
    from analysis.study.sweep import sweep as run_all

    variants: Sequence[Variant] = []
    try:
        with closing(site(executor)) as place:
            variants = points()
            with progress(len({key_of(variant.scenario) for variant in variants}), "runs") as show:
                swept = run_all(variants, folder, place, show)
    except KeyboardInterrupt:
        _say_what_is_kept(variants, folder)
        raise typer.Exit(_INTERRUPTED) from None
    export.write_csv(folder / "results.csv", swept.lines)
    if parquet:
        export.write_parquet(folder / "results.parquet", swept.lines)
    return swept


def _say_what_is_kept(variants: "Sequence[Variant]", folder: Path) -> None:
    """Tell somebody who pressed Ctrl-C what the journal has, and how to go on."""
    from analysis.study.evaluate import key_of
    from analysis.study.sweep import JOURNAL, left

    runs = len({key_of(variant.scenario) for variant in variants})
    done = runs - len(left(variants, folder))
    if not done:
        typer.echo("\nstopped before a run was finished: nothing is kept; start the same command again", err=True)
        return
    typer.echo(
        f"\nstopped: {done:,} of {runs:,} runs are kept in {folder / JOURNAL}; the same command goes on with the rest, "
        "on any executor",
        err=True,
    )


def _check_drawn(of: str) -> None:
    from analysis.study.evaluate import QUANTITIES
    from simulator.foundation.issues import nearest

    if of not in QUANTITIES:
        close = nearest(of, QUANTITIES)
        hint = f"; did you mean {close}?" if close else ""
        raise typer.BadParameter(f"--of: {of!r} is not known; allowed: {', '.join(QUANTITIES)}{hint}")


def _draw(swept: "Swept", of: str, plot: Path) -> None:
    """Draw median and band of a quantity over what was varied."""
    from analysis.cli.output import write_picture
    from analysis.plots import amounts
    from analysis.plots.swept import Spot, UndrawableError
    from analysis.plots.swept import swept as drawn
    from analysis.study.export import shown

    names = {
        "wall_days": ("days", amounts.days),
        "usd": ("dollars", amounts.dollars),
        "accelerator_hours": ("accelerator-hours", amounts.hours),
        "goodput": ("goodput", amounts.share),
    }
    what, written = names.get(of, (of, lambda value, digits=3: f"{value:,.{digits}g}"))
    paths = list(dict.fromkeys(path for overrides, _ in swept.lines for path in overrides))
    spots = [
        Spot(
            values=[shown(overrides.get(path, "")) for path in paths],
            middle=row.figures[f"{of}_p50"],
            low=row.figures[f"{of}_p10"],
            high=row.figures[f"{of}_p90"],
        )
        for overrides, row in swept.lines
    ]
    try:
        picture = drawn("sweep", paths, spots, what=f"{what}, median", written=written)
    except UndrawableError as error:
        typer.echo(f"no picture: {error}", err=True)
        return
    write_picture(plot, picture)


def _foretell(variants: "Sequence[Variant]", folder: Path, executor: str, *, as_json: bool) -> None:
    from contextlib import closing
    from dataclasses import asdict

    from analysis.cli.output import to_json
    from analysis.study.sites import site
    from analysis.study.sweep import outlook

    found = outlook(variants, folder)
    with closing(site(executor)) as place:
        width = place.width
    seconds = found.core_s / max(width, 1)
    if as_json:
        typer.echo(to_json({"variants": len(variants), **asdict(found), "workers": width, "seconds": seconds}))
        return
    typer.echo(
        f"{len(variants):,} variants, {found.runs:,} different runs, {found.finished:,} finished already; the rest "
        f"takes about {found.core_s:,.1f} s on one core, {seconds:,.1f} s on {executor}"
    )


def _facts(swept: "Swept", folder: Path) -> dict[str, Any]:
    """Return a sweep as plain data."""
    from analysis.study.export import KEY_NAMES, shown

    return {
        "folder": str(folder),
        "reused": swept.reused,
        "new": swept.new,
        "rows": [
            {
                "overrides": {path: shown(value) for path, value in overrides.items()},
                **_nested(row.figures),
                "engine": row.engine,
                "basis": row.basis,
                **dict(zip(KEY_NAMES, row.key, strict=True)),
            }
            for overrides, row in swept.lines
        ],
        "failures": [
            {"overrides": {path: shown(value) for path, value in overrides.items()}, "message": message}
            for overrides, message in swept.failures
        ],
    }


def _nested(figures: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Group figures by quantity, as `flopcast run` does."""
    found: dict[str, dict[str, float]] = {}
    for name, value in figures.items():
        quantity, _, statistic = name.rpartition("_")
        found.setdefault(quantity, {})[statistic] = round(value, 2) if quantity == "usd" else value
    return found


def _show(swept: "Swept", folder: Path) -> None:
    """Write the outcome for people."""
    from analysis.cli.output import console
    from analysis.study.export import shown

    screen = console()
    screen.print(_table(swept))
    if len(swept.lines) > MOST_SHOWN:
        screen.print(f"... and {len(swept.lines) - MOST_SHOWN:,} more in the CSV.")
    bases = list(dict.fromkeys(row.basis for _, row in swept.lines))
    for basis in bases[:MOST_BASES]:
        screen.print(f"Dollars: {basis}.")
    if len(bases) > MOST_BASES:
        screen.print(f"... and {len(bases) - MOST_BASES:,} more bases of dollars, each beside its figure in the CSV.")
    screen.print(f"{swept.new:,} runs done, {swept.reused:,} taken from the journal; {folder / 'results.csv'}")
    for overrides, message in swept.failures:
        where = ", ".join(f"{path}={shown(value)}" for path, value in overrides.items())
        typer.echo(f"no result for {where or 'the scenario'}: {message}", err=True)


def _table(swept: "Swept") -> "Table":
    from rich.table import Table

    from analysis.study.export import shown

    paths = list(dict.fromkeys(path for overrides, _ in swept.lines for path in overrides))
    table = Table(*_headers(paths), box=None, pad_edge=False)
    for name in ("days", "p10", "p90", "dollars", "goodput", "stops"):
        table.add_column(name, justify="right", no_wrap=True)
    for overrides, row in swept.lines[:MOST_SHOWN]:
        five = row.figures
        table.add_row(
            *(shown(overrides.get(path, "")) for path in paths),
            *(f"{five[f'wall_days_{name}']:,.2f}" for name in ("mean", "p10", "p90")),
            f"${five['usd_mean']:,.0f}",
            f"{five['goodput_mean']:.3f}",
            f"{five['interruptions_mean']:,.1f}",
        )
    return table


def _headers(paths: Sequence[str]) -> Sequence[str]:
    """Return the last key of each path, or the paths where that says too little."""
    last = [path.rpartition(".")[2] for path in paths]
    return last if len(set(last)) == len(last) else paths
