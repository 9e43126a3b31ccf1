"""What the ``fit`` commands have in common: reading options, refusing, writing files."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from analysis.plots.style import Picture

LEAST_WIDTH = 110


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


def save_picture(path: Path, picture: "Picture") -> None:
    """Write a picture as SVG or PNG, by the ending of the name; say so on stderr."""
    from analysis.cli.output import write_picture

    try:
        write_picture(path, picture)
    except OSError as problem:
        refuse(f"cannot write {path}: {problem.strerror}")
    typer.echo(f"wrote {path}", err=True)


def wide() -> "Console":
    """Return where people read, wide enough for the tables when it is no terminal."""
    from analysis.cli.output import console

    screen = console()
    if not screen.is_terminal:
        screen.width = max(screen.width, LEAST_WIDTH)
    return screen


def length(value_s: float) -> str:
    """Write a time that may be minutes or years.

    Examples
    --------
    >>> length(58), length(3480), length(26405.8), length(3.2e7), length(math.inf)
    ('58 s', '58 min', '7.335 h', '370.4 d', 'inf')
    """
    for unit_s, name in ((86400.0 * 4, "d"), (3600.0, "h"), (60.0, "min")):
        if value_s >= unit_s:
            return f"{value_s / {'d': 86400.0}.get(name, unit_s):.4g} {name}" if value_s < math.inf else "inf"
    return f"{value_s:.4g} s"
