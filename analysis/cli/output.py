"""What commands have in common: how they print, how they show progress, how they write files."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from analysis.cli.complete import runs

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from analysis.plots.style import Picture

ScenarioName: TypeAlias = Annotated[
    str,
    typer.Argument(help="A shipped scenario, such as llama-65b, or a file.", show_default=False, autocompletion=runs),
]
Sets: TypeAlias = Annotated[
    list[str] | None, typer.Option("--set", help="Change a value: path=value; may be given several times.")
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Seed: TypeAlias = Annotated[int | None, typer.Option("--seed", min=0, help="Seed of all random draws.")]
Replicas: TypeAlias = Annotated[
    int | None, typer.Option("--replicas", min=1, max=10_000_000, help="How many times the run is simulated.")
]
Workers: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, max=256, help="Processes that share the replicas; if left out, as many as are worth it."
    ),
]

MOST_STEPS = 1000  # of a bar; each costs 10 microseconds
PICTURES = (".svg", ".png")
"""Endings of pictures."""


def all_sets(sets: Sequence[str] | None, seed: int | None, replicas: int | None) -> list[str]:
    """Return the changes of the command line, those of --seed and --replicas last."""
    from simulator.scenario.changes import Change

    own = [("run.seed", seed, "--seed"), ("run.replicas", replicas, "--replicas")]
    return [*(sets or []), *(Change(f"{path}={value}", option) for path, value, option in own if value is not None)]


def luck(count: int, seed: int, what: str = "replicas") -> str:
    """Say what the draws of an answer depended on, so that they can be made again."""
    from simulator import __version__

    return f"{count:,} {what}, seed {seed}, flopcast {__version__}."


def console(*, stderr: bool = False) -> "Console":
    """Return where people read: stdout for data, stderr for progress; brackets and colons are what they are."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def led(bold: str, rest: str = "") -> "Text":
    """Return a line whose first words are bold."""
    from rich.text import Text

    return Text.assemble((bold, "bold"), rest)


def table_of(title: str, words: Sequence[str], numbers: Sequence[str]) -> "Table":
    """Return an empty table with columns of words, and columns of numbers to their right."""
    from rich.table import Column, Table

    columns = (Column(name, justify="right") for name in numbers)
    return Table(*words, *columns, box=None, pad_edge=False, title=title, title_justify="left")


def print_table(screen: "Console", table: "Table") -> None:
    """Print a table, or, where the screen is too narrow for its words, its rows one below the other."""
    from rich.padding import Padding
    from rich.text import Text

    least = _least_widths(table)
    if _with_lines(table, least) <= screen.width:
        _share_width(table, least, screen.width)
        screen.print(table)
        return
    heads = [str(column.header) for column in table.columns]
    if table.title:
        screen.print(Text(str(table.title), style="italic"))
    for row in zip(*(column.cells for column in table.columns), strict=True):
        screen.print(Text(str(row[0]), style="bold"))
        said = "; ".join(f"{head} {cell}" for head, cell in zip(heads[1:], row[1:], strict=True) if str(cell))
        screen.print(Padding(Text(said), (0, 0, 0, 2)))


def _least_widths(table: "Table") -> Sequence[int]:
    """Return the width of each column at which no word is cut in two, nor a cell that must not wrap."""
    widest = []
    for column in table.columns:
        cells = [str(cell) for cell in (column.header, *column.cells)]
        parts = cells if column.no_wrap else [word for cell in cells for word in cell.split()]
        widest.append(max(map(len, parts), default=0))
    return widest


def _with_lines(table: "Table", widths: Sequence[int]) -> int:
    """Return how wide a table of such columns is, with what stands between them."""
    _, right, _, left = table.padding
    lines = 0 if table.box is None else len(widths) + 1
    return sum(width + left + right for width in widths) + lines


def _share_width(table: "Table", least: Sequence[int], width: int) -> None:
    """Make the widest columns narrower until a table fits, and none so narrow that it cuts a word: rich would."""
    widths = [max((len(line) for cell in (column.header, *column.cells) for line in str(cell).splitlines()), default=0)
              for column in table.columns]  # fmt: skip
    if _with_lines(table, widths) <= width:
        return
    while _with_lines(table, widths) > width:
        wide = (at for at, few in enumerate(least) if widths[at] > few)
        widths[max(wide, key=widths.__getitem__)] -= 1
    for column, chosen in zip(table.columns, widths, strict=True):
        column.width = chosen


@contextmanager
def progress(total: int, what: str, *, ticks: bool = True) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr while work of some length goes on; nothing when stderr is not a terminal.

    Between two steps its clock goes on where it `ticks`, on a thread, beside which nothing forks (`forked`).
    """
    if not _is_watched():  # all that draws on a terminal takes a tenth of a second to load
        yield lambda _: None
        return
    screen = console(stderr=True)
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=screen, transient=True, auto_refresh=ticks) as bar:
        task, waiting = bar.add_task(what, total=total), 0

        def show(done: int) -> None:
            nonlocal waiting
            waiting += done
            if waiting >= total / MOST_STEPS:
                bar.update(task, advance=waiting, refresh=not ticks)
                waiting = 0

        yield show


def _is_watched() -> bool:
    return sys.stderr.isatty()


def results_folder(path: Path | None) -> None:
    """Refuse a folder for results that is a file, before anything is run.

    Raises
    ------
    typer.BadParameter
        If it cannot be a folder.
    """
    if path is None:
        return
    try:
        taken = next((place for place in (path, *path.parents) if place.exists() or place.is_symlink()), None)
        if taken is None or taken.is_dir():
            return
    except (OSError, ValueError) as error:  # too long a name, or a null byte
        raise typer.BadParameter(f"{path}: {error}", param_hint="--out") from None
    raise typer.BadParameter(f"{taken} is a file; name a folder, which is made if there is none", param_hint="--out")


def check_file(path: Path | None, *suffixes: str, option: str = "--out") -> None:
    """Refuse a file that cannot be written, or whose name says that it is of another kind, before any work is done.

    Parameters
    ----------
    path : Path or None
        None is no file. Devices and pipes may be called anything.
    suffixes : str
        Endings of what is written, in lower case; an empty one allows a name without.
    option : str
        Which option names the file.

    Raises
    ------
    typer.BadParameter
        With the place and what is wrong with it.
    """
    if path is None:
        return
    known = tuple(filter(None, suffixes))
    fits = path.name.lower().endswith(known) or ("" in suffixes and not path.suffix)
    problem = _unwritable(path)
    if not problem and not fits and (path.is_file() or not path.exists()):
        problem = f"{path}: expected a name that ends in {' or '.join(known)}"
    if problem:
        raise typer.BadParameter(problem, param_hint=option)


def _unwritable(path: Path) -> str:
    """Say why no file can be written in a place; empty if it can."""
    if path.is_dir():
        return f"{path}: this is a folder; name a file in it"
    above = next((folder for folder in path.absolute().parents if folder.exists()), Path("/"))
    if not above.is_dir():
        return f"{above}: this is a file, so nothing can be written below it"
    return "" if os.access(above, os.W_OK) else f"{above}: nothing may be written in this folder"


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    write_whole(path, text.encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, as `whole` does."""
    with whole(path) as part:
        part.write_bytes(content)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Hand out a place beside a file's, of the same endings: what is written there is moved to the file at the end.

    A device or a pipe is handed out itself, and a link is followed.

    Raises
    ------
    OSError
        If writing fails; it names the file, not what was written on the way.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            yield path
            return
        with _beside(Path(os.path.realpath(path)) if path.is_symlink() else path) as part:
            yield part
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("rb", dir=path.parent, prefix=".", suffix=f".{path.name}", delete=False) as file:
        part = Path(file.name)
        try:
            yield part
            os.fsync(file.fileno())
            part.chmod(0o644)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def write_picture(path: Path, picture: "Picture") -> None:
    """Write a picture as its ending says, one of `PICTURES`."""
    write_whole(path, picture.png() if path.suffix.lower() == ".png" else picture.svg().encode())


def to_json(value: object) -> str:
    """Return JSON that is the same for the same value, and refuses NaN."""
    return json.dumps(value, indent=2, allow_nan=False)
