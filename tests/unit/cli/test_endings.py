"""What is written is what its name says: other endings are refused before any work is done."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app
from analysis.cli.output import check_file

LOG = "submit,gpus,duration\n0,8,100\n"
OUTAGES = "node,start,end,cause\nn1,2024-01-01,2024-01-02,gpu\nn2,2024-02-01,2024-02-02,gpu\n"
CASES = {
    "report llama-65b -o {}/r.docx": ".html or .htm or .pdf",
    "export focus llama-65b -o {}/bill.xlsx": ".csv",
    "timeline llama-65b -o {}/t.html": ".json",
    "timeline llama-65b -o {}/t.json --events {}/e.txt": ".csv or .jsonl",
    "prices import {}/log.csv -o {}/p.toml": ".csv",
    "fit failures {}/outages.csv -o {}/f.csv": ".toml",
    "fit failures {}/outages.csv --plot {}/f.jpg": ".svg or .png",
    "fit workload {}/log.csv -o {}/w": ".toml",
    "scoreboard runs --out {}/b.html": ".md",
    "scoreboard all --out {}/b.html": ".md",
    "cluster {}/log.csv --size 8 --report {}/c.pdf": ".html or .htm",
    "cluster {}/log.csv --size 8 --jobs-out {}/c.xlsx": ".csv or .parquet",
    "plan llama-65b --plot {}/p.pdf": ".svg or .png",
    "update llama-65b --so-far {}/log.csv --plot {}/u": ".svg or .png",
    "sensitivity llama-65b --plot {}/p.svgz": ".svg or .png",
    "sweep sweep-size-interval --plot {}/p.jpeg --out {}/s": ".svg or .png",
    "budget $5M --plot {}/p.pdf": ".svg or .png",
    "explain llama-65b --picture {}/p.pdf": ".svg or .png",
}


@pytest.mark.parametrize("words", CASES)
def test_other_endings_are_refused_and_nothing_is_written(words: str, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(LOG)
    (tmp_path / "outages.csv").write_text(OUTAGES)
    found = CliRunner().invoke(app, [word.replace("{}", str(tmp_path)) for word in words.split()], terminal_width=999)
    said = " ".join(found.stderr.replace("│", " ").split())
    assert found.exit_code == 2, said
    assert f"expected a name that ends in {CASES[words]}" in said
    assert {path.name for path in tmp_path.iterdir()} == {"log.csv", "outages.csv"}


@pytest.mark.parametrize("name", ["r.html", "r.HTML", "r.pdf", "r", "/dev/stdout"])
def test_what_fits_is_taken(name: str, tmp_path: Path) -> None:
    check_file(tmp_path / name, ".html", ".pdf", "")


def test_an_empty_word_is_no_place() -> None:
    call = "import sys; from analysis.cli.main import main; main()"
    for words, place in ((["--out", ""], "--out"), (["--out="], "--out"), (["", "--json"], "2: an")):
        asked = [sys.executable, "-c", call, "run", "llama-65b", "--replicas", "2", *words]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "empty" in done.stderr
        assert place in done.stderr
        assert not done.stdout
