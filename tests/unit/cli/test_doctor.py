"""``flopcast doctor`` tells what is there and how to get the rest; the shell can complete commands."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from analysis.cli import doctor as module
from analysis.cli.doctor import CORE, EXTRAS, Extra, Program, doctor

ROOT = Path(__file__).parents[3]
app = typer.Typer()
app.command()(doctor)


def told(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", "TERM": "dumb"})
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


def bare(requirement: str) -> str:
    return requirement.split("[")[0].split(">")[0]


def test_it_knows_every_dependency_and_every_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(CORE) == {bare(each) for each in project["dependencies"]}
    for name, extra in EXTRAS.items():
        assert {bare(each) for each in project["optional-dependencies"][name]} <= set(extra.packages)
    assert set(project["optional-dependencies"]) - {"dev", "docs"} == set(EXTRAS)


def test_json_says_what_is_there_and_where_data_is_read() -> None:
    found = json.loads(told("--json"))
    assert found["python"].startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")
    assert all(found["packages"].values())
    assert (Path(found["scenarios"]["folder"]) / "llama-65b.toml").is_file()
    assert (Path(found["catalogue"]["folder"]) / "accelerators.toml").is_file()
    assert all(each["get"] == f"pip install 'flopcast[{each['name']}]'" for each in found["extras"])


def test_what_is_missing_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EXTRAS", {"pdf": Extra(("no-such-package-of-ours",), "reports as PDF")})
    monkeypatch.setattr(module, "PROGRAMS", (Program("no-such-program", "some-package", "nothing"),))
    out = told()
    assert "pip install 'flopcast[pdf]'" in out
    assert "apt-get install some-package" in out
    assert "optional and missing: pdf, no-such-program" in out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_gets_a_completion(shell: str) -> None:
    code = "import sys; sys.argv[0] = 'flopcast'; from analysis.cli.main import main; main()"
    environment = os.environ | {"_FLOPCAST_COMPLETE": f"source_{shell}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "complete" in done.stdout
    assert "_FLOPCAST_COMPLETE" in done.stdout


def test_bash_completes_the_names_of_commands() -> None:
    code = "import sys; sys.argv[0] = 'flopcast'; from analysis.cli.main import main; main()"
    asked = {"_FLOPCAST_COMPLETE": "complete_bash", "COMP_WORDS": "flopcast doc", "COMP_CWORD": "1"}
    environment = os.environ | asked | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["doctor"]
