"""``flopcast compare A B ...``: paired on the same faults, who is cheaper and sooner, how surely, and why."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.cli import complete
from analysis.cli.output import AsJson, Replicas, Seed, Sets, Workers
from simulator.foundation.units import percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

    from analysis.metrics.forecast import Forecast
    from analysis.study.attribution import Attribution, Means
    from analysis.study.compare import Difference
    from simulator.scenario.load import Loaded
    from simulator.scenario.values import Scenario

# How each quantity is shown: its name with the unit, what to divide by, and the form.
_SHOWN = {
    "start_delay_days": ("start delay, d", 1.0, "{:z,.2f}"),
    "finish_days": ("finish, d", 1.0, "{:z,.2f}"),
    "wall_days": ("days", 1.0, "{:z,.2f}"),
    "usd": ("$ million", 1e6, "{:z,.4f}"),
    "accelerator_hours": ("accelerator-kh", 1e3, "{:z,.2f}"),
    "goodput": ("goodput", 1.0, "{:z.4f}"),
    "interruptions": ("interruptions", 1.0, "{:z,.2f}"),
}
_MOST_PATHS = 3  # of a part, on the screen
_TELLING = 0.05  # share of a variance that is worth a sentence
_LARGE = 1000  # ratio of variances


def compare(
    scenarios: Annotated[
        list[str],
        typer.Argument(
            help="Shipped scenarios or files: what is, then what might be.",
            show_default=False,
            autocompletion=complete.scenarios,
        ),
    ],
    sets: Sets = None,
    sets_b: Annotated[
        list[str] | None,
        typer.Option("--set-b", help="Change a value of the second scenario alone; it is the first if none is named."),
    ] = None,
    replicas: Replicas = None,
    seed: Seed = None,
    workers: Workers = None,
    why: Annotated[
        bool, typer.Option("--why/--no-why", help="Split the difference over the changed values: up to 256 more runs.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Compare scenarios with the first on common random numbers: differences, how sure they are, and why."""
    from analysis.cli.cluster_compare import all_shared, compare_clusters
    from analysis.cli.output import all_sets, console, print_table, to_json
    from simulator.scenario.changes import Change

    b = [Change(text, "--set-b") for text in sets_b or []]
    if all_shared(scenarios):
        compare_clusters(scenarios, all_sets(sets, seed, None), b, replicas, as_json=as_json)
        return
    from analysis.cli.run import made
    from analysis.study.attribution import means_over
    from analysis.study.compare import differences, known_of
    from simulator.foundation.forks import at_most
    from simulator.scenario.api import resolve

    loaded = _loaded(scenarios, all_sets(sets, seed, replicas), b)
    with at_most(workers):
        forecasts = [made(resolve(each), workers) for each in loaded]
        ours = forecasts[0]
        known = known_of(ours)
        rows = [differences(ours, theirs, known) for theirs in forecasts[1:]]
        means = {each.scenario.fingerprint: means_over(each.samples) for each in forecasts}
        parts = [_why(loaded[0], each, means, workers) if why else None for each in loaded[1:]]
    if as_json:
        typer.echo(to_json(_facts(forecasts, rows, parts)))
        return
    screen = console()
    titles = _titles(forecasts, b)
    for letter, (theirs, found, split) in zip(_LETTERS[1:], zip(forecasts[1:], rows, parts, strict=True), strict=False):
        screen.print(f"A: {titles[0]}\n{letter}: {titles[_LETTERS.index(letter)]}")
        for block in _page(letter, ours, theirs, found, split):
            if isinstance(block, str):
                screen.print(block)
            else:
                print_table(screen, block)
    for line in _remarks(forecasts):
        screen.print(line)
    screen.print(f"{ours.replicas:,} paired replicas, seed {ours.seed}, flopcast {ours.version}.")


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _titles(forecasts: "Sequence[Forecast]", b: "Sequence[str]") -> "Sequence[str]":
    """Return what each is called; B's own changes are said where they are all that tells it from A."""
    titles = [each.scenario.title for each in forecasts]
    if b and titles[0] == titles[1]:
        titles[1] += f"; changed: {', '.join(b)}"
    return titles


def _remarks(forecasts: "Sequence[Forecast]") -> "Iterator[str]":
    """Say once what a buyer and a reader of each should know, and of which it is said."""
    said: dict[str, list[str]] = {}
    for letter, each in zip(_LETTERS, forecasts, strict=False):
        for line in (*each.remarks, *(f"Warning: {warning}" for warning in each.warnings)):
            said.setdefault(line, []).append(letter)
    yield from (f"{', '.join(letters)}: {line}" for line, letters in said.items())


def _loaded(names: list[str], sets: list[str], sets_b: "Sequence[str]") -> "list[Loaded]":
    """Load the scenarios; all take seed and replicas of the first."""
    from simulator.scenario.api import load, scenario

    if len(names) == 1 and sets_b:
        names = names * 2
    if not 2 <= len(names) <= len(_LETTERS):
        raise typer.BadParameter(f"name 2 to {len(_LETTERS)} scenarios, or one and --set-b")
    first = scenario(names[0], sets)
    pairing = [f"run.seed={first.seed}", f"run.replicas={first.replicas}"]
    return [load(name, sets=[*sets, *(sets_b if number == 1 else []), *pairing]) for number, name in enumerate(names)]


def _why(a: "Loaded", b: "Loaded", known: "dict[str, Means]", workers: int | None) -> "Attribution":
    """Split a difference over the changes, with progress on stderr; what is run is `known` by fingerprint after it."""
    from contextlib import closing

    from analysis.cli.output import progress
    from analysis.cli.workers import usual
    from analysis.study.attribution import attribution, means_on
    from analysis.study.sites import site

    def run(mixtures: "Sequence[Scenario]") -> "Sequence[Means]":
        new = [each for each in mixtures if each.fingerprint not in known]
        # this process knows the pasts of a busy cluster that it has lived through, and others do not
        width = workers or max((usual(each) for each in new if each.shared is None), default=1)
        with closing(site(f"local:{min(width, max(len(new), 1))}")) as place, progress(len(new), "mixtures") as show:
            found = means_on(place, show)(new)
        known.update(zip((each.fingerprint for each in new), found, strict=True))
        return [known[each.fingerprint] for each in mixtures]

    return attribution(a, b, run)


def _facts(
    forecasts: "Sequence[Forecast]", rows: "Sequence[Sequence[Difference]]", parts: "Sequence[Attribution | None]"
) -> dict[str, Any]:
    """Return comparisons as plain data."""
    from analysis.metrics.facts import forecast_facts

    return {
        "scenarios": [forecast_facts(each) for each in forecasts],
        "comparisons": [
            {
                "a": forecasts[0].scenario.name,
                "b": theirs.scenario.name,
                "differences": [asdict(row) for row in found],
                "attribution": None if split is None else asdict(split),
            }
            for theirs, found, split in zip(forecasts[1:], rows, parts, strict=True)
        ],
    }


def _page(
    letter: str, ours: "Forecast", theirs: "Forecast", found: "Sequence[Difference]", split: "Attribution | None"
) -> "Iterator[Table | str]":
    """Return one comparison for people, below what is compared."""
    yield _table(letter, found)
    sooner, cheaper = (next(row for row in found if row.quantity == name) for name in (_last(found), "usd"))
    yield f"{letter} is cheaper in {_share(cheaper)} and sooner in {_share(sooner)}."
    yield _nearer(letter, found)
    yield from _alone(letter, found)
    if split is not None and split.parts:
        yield _parts(split)
        yield (
            f"Shapley values over {split.grain}, from {split.runs} scenarios; they sum to the mean {letter} - A of "
            "these replicas."
        )
    yield f"Dollars of A: {ours.basis}.\nDollars of {letter}: {theirs.basis}.\n"


def _last(found: "Sequence[Difference]") -> str:
    """Return what says which is sooner: the finish after the submission where somebody waits."""
    return "finish_days" if any(row.quantity == "finish_days" for row in found) else "wall_days"


def _share(row: "Difference") -> str:
    """Say in how many replicas B is lower, with the interval."""
    if row.variance_ratio is None and row.difference.mean == 0:
        return "none, for they are equal"
    low, high = percent(row.probability_low), percent(row.probability_high)
    return f"{percent(row.probability_lower)} of the replicas ({low} to {high})"


def _nearer(letter: str, found: "Sequence[Difference]") -> str:
    """Say what made the mean difference surer than independent runs would."""
    names = list(dict.fromkeys(name for row in found for name in row.estimate.controls))
    said = (
        f"Noise: how many times smaller the variance of the mean {letter} - A is than with two independent runs; in "
        "brackets by common random numbers alone. "
    )
    if names:
        return f"{said}With them, {letter} - A is corrected to the known means of {', '.join(names)}."
    if all(row.variance_ratio is None for row in found):
        return f"{said}Here nothing varies."
    return (
        f"{said}Here it is these alone: there are too few replicas, or failures are told unit by unit or come from a "
        f"spot market, so that there are no known means to correct {letter} - A to."
    )


def _alone(letter: str, found: "Sequence[Difference]") -> "Iterator[str]":
    """Say where the difference varies because of what is compared: a draw that only one of the two has."""
    words = {"finish_days": "the finish", "wall_days": "days", "usd": "dollars"}
    for row in found:
        for name, share in row.alone.items():
            if row.quantity in words and share >= _TELLING:
                mean = "; the mean is corrected for it" if name in row.estimate.controls else ""
                yield (
                    f"{100 * share:.0f} % of the variance of {letter} - A ({words[row.quantity]}) is the {name}, "
                    f"which only one has to draw: it is what is compared, and pairing cannot take it away{mean}."
                )


def _table(letter: str, found: "Sequence[Difference]") -> "Table":
    from rich.table import Column, Table

    table = Table(Column("", no_wrap=True), box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("A", letter, f"{letter} - A", "± 95 %", "p10", "p90", "noise"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in found:
        unit, size, form = _SHOWN[row.quantity]
        five, mean = row.difference, row.estimate
        numbers = (row.a, row.b, mean.mean, mean.high - mean.mean, five.p10, five.p90)
        noise = "" if row.variance_ratio is None else f"/ {_short(row.variance_ratio)}"
        noise += "" if row.pairing_ratio is None else f" ({_short(row.pairing_ratio)})"
        table.add_row(unit, *(form.format(number / size) for number in numbers), noise)
    return table


def _short(ratio: float) -> str:
    """Write a ratio; beyond a thousand nobody needs it."""
    return f"> {_LARGE}" if ratio > _LARGE else f"{ratio:.1f}" if ratio < 10.0 else f"{ratio:.0f}"


def _parts(split: "Attribution") -> "Table":
    """Return which change explains how much of the mean difference."""
    from rich.table import Table

    table = Table("why", box=None, pad_edge=False)
    table.add_column("days", justify="right", no_wrap=True)
    table.add_column("dollars", justify="right", no_wrap=True)
    for part in split.parts:
        rest = len(part.paths) - _MOST_PATHS
        words = ", ".join(part.paths[:_MOST_PATHS]) + (f" and {rest} more" if rest > 0 else "")
        usd = part.effects["usd"]
        table.add_row(words, f"{part.effects['finish_days']:+,.2f}", f"{'-' if usd < 0 else '+'}${abs(usd):,.0f}")
    return table
