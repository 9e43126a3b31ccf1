"""What a newcomer does in the first hour: own tables, narrow screens, full disks, amounts below zero."""

import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table
from typer.testing import CliRunner

from analysis.cli.main import app
from analysis.cli.output import print_table, write_text
from analysis.validation import calibrate, runs_fit

ROWS = "0{0}8{0}100\n5{0}16{0}200\n"


def ask(*words: str) -> subprocess.CompletedProcess[str]:
    call = "import sys; from analysis.cli.main import main; main()"
    return subprocess.run([sys.executable, "-c", call, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_of_jobs_needs_no_format(tmp_path: Path, mark: str) -> None:
    log = tmp_path / "jobs.txt"
    log.write_text(mark.join(("submit", "gpus", "duration")) + "\n" + ROWS.format(mark))
    found = CliRunner().invoke(app, ["cluster", str(log), "--size", "16"])
    assert found.exit_code == 0, found.output


def test_a_missing_column_is_named_with_the_words_that_it_may_have(tmp_path: Path) -> None:
    log = tmp_path / "jobs.csv"
    log.write_text("submit;gpus;length\n" + ROWS.format(";"))
    found = CliRunner().invoke(app, ["cluster", str(log), "--size", "16"])
    assert found.exit_code == 2
    assert "jobs.csv:1: column 'run_s' is missing; found submit, gpus, length" in found.stderr
    assert "duration" in found.stderr


def test_what_is_no_log_is_told_how_to_say_its_format(tmp_path: Path) -> None:
    log = tmp_path / "words"
    log.write_text("some words\n")
    assert "--format" in CliRunner().invoke(app, ["cluster", str(log), "--size", "16"]).stderr
    log.write_text("")
    assert "an empty file" in CliRunner().invoke(app, ["cluster", str(log), "--size", "16"]).stderr


def test_dropped_rows_say_where_the_first_is(tmp_path: Path) -> None:
    log = tmp_path / "outages.csv"
    log.write_text("node,start,end\na,2024-01-01,2024-01-02\nb,never,2024-01-02\nc,2024-02-01,2024-02-02\n")
    found = CliRunner().invoke(app, ["fit", "failures", str(log)])
    assert "start unknown: 1, first in row 2" in found.stdout
    late = CliRunner().invoke(app, ["fit", "failures", str(log), "--since", "2025-01-01"])
    assert late.exit_code == 2
    assert "between 2024-01-01 00:00 and 2024-02-01 00:00" in late.stderr


def test_too_many_tokens_are_told_with_file_and_line(tmp_path: Path) -> None:
    log = tmp_path / "so-far.csv"
    log.write_text("day,tokens,stops\n1,5B,0\n\n3,9T,1\n")
    found = CliRunner().invoke(app, ["update", "llama-65b", "--so-far", str(log)])
    assert str(found.exception).startswith(f"{log}:4: 9T tokens are done, more than the scenario has (1.4T tokens)")


def test_tokens_so_far_are_told_as_they_are_written(tmp_path: Path) -> None:
    log = tmp_path / "so-far.csv"
    log.write_text("day,tokens,stops\n7,0.43T,2\n")
    found = CliRunner().invoke(app, ["update", "llama-65b", "--so-far", str(log)])
    assert "430B" in found.stdout
    assert "e+11" not in found.stdout


def test_a_sweep_says_what_its_variants_leave_unused(tmp_path: Path) -> None:
    found = ask("sweep", "llama-65b", "--set", "checkpoint.policy=optimal", "--over",
                'checkpoint.interval=["30 min", "60 min"]', "--dry-run", "--out", str(tmp_path))  # fmt: skip
    assert found.stderr.count("checkpoint.interval is not used") == 1


def test_an_amount_below_zero_is_no_option() -> None:
    found = ask("budget", "-$5M")
    assert (found.returncode, found.stdout) == (2, "")
    assert "'-$5M' looks like an amount below zero" in found.stderr


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full here")
def test_a_full_disk_is_one_message() -> None:
    call = "import sys; from analysis.cli.main import main; main()"
    with Path("/dev/full").open("w") as full:
        found = subprocess.run([sys.executable, "-c", call, "schema"], stdout=full, stderr=subprocess.PIPE, text=True,
                               check=False)  # fmt: skip
    assert found.returncode != 0
    assert found.stderr.splitlines() == ["the output could not be written: No space left on device"]


def test_a_file_that_cannot_be_written_is_named_as_it_was_asked(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match=r"file/out\.svg'$"):
        write_text(tmp_path / "file" / "out.svg", "words")
    with pytest.raises(OSError, match=rf"{'x' * 300}'$"):
        write_text(tmp_path / ("x" * 300), "words")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_width_cuts_a_word(width: int) -> None:
    table = Table(title="parts")
    words = [f"{letter * 14} is short" for letter in "abcdefg"]
    for word in words:
        table.add_column(word.upper())
    table.add_row(*words)
    text = StringIO()
    print_table(Console(file=text, width=width), table)
    assert all(word.split()[0] in text.getvalue() for word in words)
    assert max(map(len, text.getvalue().splitlines())) <= width


@pytest.mark.parametrize("arguments", [["--help"], ["no-such-file.csv"], ["a", "b", "c"]])
def test_scripts_say_how_they_are_used(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert calibrate.main(arguments) == runs_fit.main(arguments) == 2
    assert capsys.readouterr().err.count("usage: python -m analysis.validation.") == 2
