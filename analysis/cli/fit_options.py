"""What the ``fit`` commands have in common: reading options, refusing, writing files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer


def refuse(message: object) -> NoReturn:
    """End with one message and exit code 2."""
    for line in str(message).splitlines():
        typer.echo(f"flopcast fit: {line}", err=True)
    raise typer.Exit(2)


@contextmanager
def refusing() -> Iterator[None]:
    """Turn a log or an option that cannot be used into a refusal."""
    from simulator.foundation.units import UnitError
    from simulator.traces.joblog import TraceError

    try:
        yield
    except (TraceError, UnitError) as problem:
        refuse(problem)


def moment_s(option: str, text: str | None) -> float | None:
    """Read a date, or seconds in the clock of the log."""
    from simulator.traces.outages import when_s

    if text is None:
        return None
    found = when_s(text)
    if found is None:
        refuse(f"{option}: expected a date such as 2024-05-01, or seconds in the clock of the log; found {text!r}")
    return found


def save(path: Path | None, text: str) -> None:
    """Write a file if one is asked for; say so on stderr."""
    if path is None:
        return
    from analysis.cli.output import write_text

    try:
        write_text(path, text)
    except OSError as problem:
        refuse(f"cannot write {path}: {problem.strerror}")
    typer.echo(f"wrote {path}", err=True)
