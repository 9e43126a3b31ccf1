"""What a newcomer met: help that loses words, devices as output files, dollars that a shell eats."""

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.text import Text
from typer.testing import CliRunner

from analysis.cli.main import app
from analysis.cli.output import write_text
from simulator.foundation.units import UnitError, parse


def _helps(command: Any, name: str) -> Iterator[tuple[str, str]]:
    yield name, command.help or ""
    for option in command.params:
        yield f"{name} {option.name}", getattr(option, "help", None) or ""
    for word, below in getattr(command, "commands", {}).items():
        yield from _helps(below, f"{name} {word}")


def test_no_help_loses_words_in_square_brackets() -> None:
    lost = [name for name, text in _helps(typer.main.get_command(app), "flopcast")
            if Text.from_markup(text).plain != text.replace("\\[", "[")]  # fmt: skip
    assert lost == []


def test_output_never_takes_the_place_of_a_pipe_or_device(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard: list[str] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text()))
    reader.start()
    write_text(pipe, "words")
    reader.join(10)
    assert pipe.is_fifo()
    assert heard == ["words"]


def test_output_goes_where_a_link_points(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_text(tmp_path / "link", "words")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "words"


@pytest.mark.parametrize(
    "words",
    ["timeline llama-65b --replicas 2 -o {}/t.json --events {}/part.csv.gz",
     "cluster {}/log.csv --size 8 --jobs-out {}/part.csv"],
)  # fmt: skip
def test_a_log_is_written_whole_or_not_at_all(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "log.csv").write_text("submit,gpus,duration\n0,8,100\n")
    asked = [word.replace("{}", str(tmp_path)) for word in words.split()]
    assert CliRunner().invoke(app, asked).exit_code == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert [name for name in before if name.startswith("part.csv")]
    monkeypatch.setattr(os, "fsync", full)  # only what is written whole is brought to the disk before it is there
    found = CliRunner().invoke(app, asked)
    said = found.stderr or str(found.exception)
    assert found.exit_code
    assert "No space left on device" in said
    assert "part.csv" in said or "t.json" in said
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(("eaten", "dimension"), [("M", "usd"), (".3M", "usd"), (".49/h", "usd_per_h")])
def test_dollars_that_a_shell_ate_are_refused_with_the_quotes_that_help(eaten: str, dimension: str) -> None:
    with pytest.raises(UnitError, match=r"'\$"):
        parse(eaten, dimension)
