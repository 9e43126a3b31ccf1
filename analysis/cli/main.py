"""The ``flopcast`` command: one module a command, and one place where errors turn into messages."""

import errno
import re
import sys
from collections.abc import Sequence
from itertools import pairwise

import typer

from analysis.cli.budget import budget
from analysis.cli.calibrate import calibrate
from analysis.cli.cluster import cluster
from analysis.cli.compare import compare
from analysis.cli.doctor import doctor
from analysis.cli.explain import explain
from analysis.cli.export import export
from analysis.cli.fit import fit
from analysis.cli.lifecycle import lifecycle
from analysis.cli.own import own
from analysis.cli.plan import plan
from analysis.cli.prices import prices
from analysis.cli.report import report
from analysis.cli.run import run
from analysis.cli.schema import schema
from analysis.cli.scoreboard_all import scoreboard_all
from analysis.cli.scoreboard_runs import scoreboard_runs
from analysis.cli.scoreboard_throughput import scoreboard_throughput
from analysis.cli.sensitivity import sensitivity
from analysis.cli.show import show
from analysis.cli.solve import solve
from analysis.cli.sweep import sweep
from analysis.cli.timeline import timeline
from analysis.cli.tune import tune
from analysis.cli.update import update
from analysis.cli.validate import validate
from analysis.cli.web import web

app = typer.Typer(
    name="flopcast",
    help="Forecast the days and dollars of a training run, how sure they are, and where they go.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from simulator import __version__

        typer.echo(f"flopcast {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Forecast the days and dollars of a training run, how sure they are, and where they go."""


for command in (
    run,
    budget,
    lifecycle,
    compare,
    sweep,
    solve,
    plan,
    sensitivity,
    report,
    update,
    timeline,
    cluster,
    tune,
    explain,
    calibrate,
    validate,
    schema,
    own,
    show,
    doctor,
    web,
):
    app.command(command.__name__)(command)

scoreboard = typer.Typer(help="Predicted against published, next to the baselines.")
scoreboard.command("all")(scoreboard_all)
scoreboard.command("throughput")(scoreboard_throughput)
scoreboard.command("runs")(scoreboard_runs)
app.add_typer(scoreboard, name="scoreboard")
app.add_typer(export, name="export")
app.add_typer(prices, name="prices")
app.add_typer(fit, name="fit")


@scoreboard.callback(invoke_without_command=True)
def boards(context: typer.Context) -> None:
    """Predicted against published, next to the baselines; every board at once without a command."""
    if context.invoked_subcommand is None:
        scoreboard_all()


def main() -> None:
    """Run the command line; bad input ends with one clear message and exit code 2."""
    if negative := _negative(sys.argv[1:]):
        typer.echo(
            f"{negative!r} looks like an amount below zero, and no amount here can be; leave the minus out", err=True
        )
        sys.exit(2)
    try:
        app()
    except (ValueError, RuntimeError, OSError, MemoryError, KeyError) as error:
        if isinstance(error, BrokenPipeError):
            sys.stderr.close()  # whoever read the output has gone
            sys.exit(0)
        if not _is_users(error):
            raise
        typer.echo(_in_words(error), err=True)
        sys.exit(2)


def _negative(words: Sequence[str]) -> str | None:
    """Return an argument that is a negative amount, which would be taken for an unknown option.

    Examples
    --------
    >>> _negative(["budget", "-$5M"]), _negative(["run", "--days", "-5"]), _negative(["fit", "-o", "-5"])
    ('-$5M', None, None)
    """
    own = words[: words.index("--")] if "--" in words else words
    return next((word for before, word in pairwise(["", *own])
                 if not before.startswith("-") and re.match(r"-\$?\.?\d|-\$", word)), None)  # fmt: skip


def _is_users(error: Exception) -> bool:
    """Tell input that is wrong, or a machine that is full, from our own mistakes."""
    from simulator.catalogue.reader import CatalogueError
    from simulator.engine.queued import StarvedError
    from simulator.engine.timeline import UnfinishableError
    from simulator.foundation.issues import ScenarioError
    from simulator.foundation.units import UnitError
    from simulator.pricing.book import PriceError

    ours = ScenarioError | CatalogueError | PriceError | UnitError | UnfinishableError | StarvedError
    return isinstance(error, ours | OSError | MemoryError)


def _in_words(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory: ask for fewer --replicas"
    if isinstance(error, OSError) and not error.filename and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the output could not be written: {error.strerror}"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)
