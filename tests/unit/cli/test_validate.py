"""``flopcast validate`` and ``flopcast schema``: output and exit codes."""

import json
from pathlib import Path

import jsonschema
import pytest
import typer
from typer.testing import CliRunner

from analysis.cli.schema import schema
from analysis.cli.validate import validate

app = typer.Typer()
app.command()(validate)
app.command()(schema)


def test_valid() -> None:
    result = CliRunner().invoke(app, ["validate", "llama-65b-seed", "sweep-size-interval"])
    assert result.exit_code == 0
    assert "llama-65b-seed: valid, fingerprint " in result.stdout
    assert "warning: All hours are calendar time" in result.stderr


def test_invalid(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text("[run]\nsed = 1\n")
    result = CliRunner().invoke(app, ["validate", str(file), "llama-65b-seed"])
    assert result.exit_code == 2
    assert f"{file}:2: run.sed: 'sed' is not known, did you mean 'seed'?" in result.stderr
    assert "llama-65b-seed: valid" in result.stdout
    assert "Traceback" not in result.output


def test_json() -> None:
    result = CliRunner().invoke(app, ["validate", "--json", "llama-65b", "--set", "run.seed=-1", "--set", "x=1"])
    assert result.exit_code == 2
    [found] = json.loads(result.stdout)
    assert not found["valid"]
    assert {issue["path"] for issue in found["issues"]} == {"run.seed", "x"}


def test_schema() -> None:
    result = CliRunner().invoke(app, ["schema"])
    assert result.exit_code == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(result.stdout))


@pytest.mark.parametrize("arguments", [[], ["no/such.toml"], [""]])
def test_usage(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, ["validate", *arguments]).exit_code == 2
