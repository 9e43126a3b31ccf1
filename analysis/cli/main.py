"""The ``flopcast`` command: one module a command, and one place where errors turn into messages."""

import errno
import gc
import re
import sys
from collections.abc import Sequence
from itertools import pairwise

import typer

from analysis.cli.commands import Commands

app = typer.Typer(
    name="flopcast",
    cls=Commands,
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


def main() -> None:
    """Run the command line; bad input ends with one clear message and exit code 2."""
    gc.set_threshold(200_000, 20, 20)  # modules and records live to the end: to search them for cycles costs 5 to 10 %
    if before := _before_nothing(sys.argv[1:]):
        typer.echo(f"{before}: an empty word stands here; was it a shell variable without a value?", err=True)
        sys.exit(2)
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


def _before_nothing(words: Sequence[str]) -> str | None:
    """Return what stands before an empty word, which as a path would mean the current folder.

    Examples
    --------
    >>> _before_nothing(["run", "a", "--out", ""]), _before_nothing(["run", "--out="]), _before_nothing(["run", "a"])
    ('--out', '--out', None)
    """
    after = next((before for before, word in pairwise(["flopcast", *words]) if not word), None)
    return after or next((word[:-1] for word in words if re.fullmatch(r"--[a-z-]+=", word)), None)


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
