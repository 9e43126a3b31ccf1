"""``flopcast scoreboard all``, or ``flopcast scoreboard``: every board at once."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.cli.output import AsJson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.validation.board_lines import Board


def scoreboard_all(
    as_json: AsJson = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write Markdown to this .md file, and the figures as .json beside it.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="Stored figures (.json): ends with 1 where something is worse, beyond noise.")
    ] = None,
) -> None:
    """Score hours, dollars, step times, runs that failed and schedules against what was published, beside baselines.

    Boards whose published figures are no part of this project say so where those are absent. Half a minute.
    """
    from analysis.cli.output import check_file, to_json, write_text
    from analysis.validation.board_lines import plain, read, worse
    from analysis.validation.board_text import markdown
    from analysis.validation.boards import boards

    check_file(out, ".md")
    stored = None if against is None else _stored(against)
    found = boards()
    figures = plain(found)
    if out is not None:
        write_text(out, markdown(read(figures)))
        write_text(out.with_suffix(".json"), to_json(figures) + "\n")
    if as_json:
        typer.echo(to_json(figures))
    else:
        _print(found)
    if stored is not None and (told := worse(read(figures), stored)):
        for line in told:
            typer.echo(f"worse than {against}: {line}", err=True)
        raise typer.Exit(1)


def _stored(path: Path) -> "list[Board]":
    from analysis.validation.board_lines import read

    try:
        return read(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError) as problem:
        _refuse(f"{path}: not the figures that --out writes ({problem})")
        raise AssertionError from None


def _refuse(why: str) -> None:
    typer.echo(f"scoreboard all: {why}", err=True)
    raise typer.Exit(2)


def _print(found: "Sequence[Board]") -> None:
    from rich.table import Table

    from analysis.cli.output import console, print_table
    from analysis.validation.board_text import HEADS, cells

    screen = console()
    for board in found:
        if board.absent:
            screen.print(f"{board.title}: {board.absent}\n", soft_wrap=True)
            continue
        table = Table(title=board.title, title_justify="left", box=None, pad_edge=False)
        for head in HEADS:
            text = head in ("what", "how far off", "rule of the baseline", "promise")
            table.add_column(head, justify="left" if text else "right", no_wrap=head == "what")
        for line in board.lines:
            table.add_row(*cells(line))
        print_table(screen, table)
        screen.print()
