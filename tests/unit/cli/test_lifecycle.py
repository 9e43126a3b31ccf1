"""``flopcast lifecycle``: one life, several ways, pictures, and what programs read."""

import json
import math
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from analysis.cli.lifecycle import lifecycle
from analysis.cli.validate import validate
from simulator.foundation.issues import ScenarioError

app = typer.Typer()
app.command()(lifecycle)
FAST = ("--replicas", "50")


def run(*words: str) -> str:
    done = CliRunner().invoke(app, [*words, *FAST], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_one_life() -> None:
    text = run("life-of-a-13b")
    assert "Critical path: collect -> experiment -> train" in text
    assert "Equity, apart from these dollars" in text
    assert "waiting" in text
    assert "on the mean in all (p10 / p50 / p90: $" in text
    assert "Days are medians of their stage and do not sum; dollars are means, and they do." in " ".join(text.split())
    assert "The spread of the dollars comes from experiment" in text


def test_json_sums_to_the_cent() -> None:
    facts = json.loads(run("life-of-a-13b", "--json"))
    assert facts["usd"]["mean"] == round(math.fsum(stage["usd"]["mean"] for stage in facts["stages"]), 2)
    assert facts["critical_path"][0] == "collect"
    assert facts["engine"] == "estimate"
    assert {"path", "value", "source", "evidence", "toml"} == set(facts["sources"][0])
    events = json.loads(run("life-of-a-13b", "--json", "--set", "run.engine=simulate"))
    assert events["usd"] == facts["usd"]
    assert events["engine"] == "simulate"


def test_ways_to_one_end() -> None:
    text = run("choices/train", "choices/qlora", "choices/api")
    assert "below it api, above" in " ".join(text.split())
    assert "meets the target" in " ".join(text.split())
    facts = json.loads(run("choices/qlora", "choices/api", "--json"))
    assert [way["scenario"] for way in facts["ways"]] == ["qlora", "api"]
    assert math.fsum(way["cheapest_in"] for way in facts["ways"]) == pytest.approx(1.0)
    [even] = facts["break_even"]
    assert (even["below"], even["above"]) == ("api", "qlora")


def test_different_demands_are_compared_without_break_even() -> None:
    assert "do not serve the same demand" in run("choices/api", "life-of-a-13b")


def test_pictures(tmp_path: Path) -> None:
    run("life-of-a-13b", "--plot", str(tmp_path))
    assert all((tmp_path / name).stat().st_size > 20_000 for name in ("calendar.png", "dollars.png"))


def test_the_picture_of_several_ways(tmp_path: Path) -> None:
    run("choices/qlora", "choices/api", "--plot", str(tmp_path))
    assert (tmp_path / "demand.png").stat().st_size > 20_000
    done = CliRunner().invoke(app, ["choices/api", "life-of-a-13b", "--plot", str(tmp_path), *FAST])
    assert done.exit_code == 2


def test_no_life_cycle() -> None:
    with pytest.raises(ScenarioError, match="no life cycle"):
        run("llama-65b")


def test_validate_knows_lives(capsys: pytest.CaptureFixture[str]) -> None:
    validate(["choices/api", "life-of-a-13b"])
    out = capsys.readouterr().out
    assert "choices/api: valid, a life cycle" in out
    assert "life-of-a-13b: valid, fingerprint" in out
