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


@pytest.mark.parametrize(
    "change",
    ["months = 6", "growth = 0.0", 'read = "1B tokens"', 'written = ["0.2B tokens", "1B tokens", "2B tokens"]'],
)
def test_a_demand_is_what_is_read_and_written_in_every_month(tmp_path: Path, change: str) -> None:
    """All but the last have another total, and the last another mean, at the same tokens written in the first month."""
    base = Path("scenarios/choices/qlora.toml").resolve()
    other = tmp_path / "other.toml"
    other.write_text(f'extends = "{base}"\n[lifecycle.stages.serve.serving]\n{change}\n', encoding="utf-8")
    text = run("choices/api", str(other))
    assert "do not serve the same demand" in text
    assert "Where two cost the same" not in text


def test_a_way_that_serves_nothing_is_compared_without_break_even(tmp_path: Path) -> None:
    """Two people at $200k a year for 30 of its 365.25 days are $32,854."""
    alone = tmp_path / "alone.toml"
    stage = 'kind = "deploy"\npeople = { two = 2 }\nduration = "30 d"'
    alone.write_text(
        f'[lifecycle.teams.two]\npeople = 2\npay = "$200k"\n[lifecycle.stages.a]\n{stage}\n', encoding="utf-8"
    )
    sets = ("--seed", "1", "--replicas", "50")
    done = CliRunner().invoke(app, ["choices/api", str(alone), *sets], catch_exceptions=False)
    assert done.exit_code == 0
    assert "do not serve the same demand" in done.output
    assert "$32.9k" in done.output
    assert "unknown" in done.output


def test_ways_on_other_luck_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(
        f'extends = "{Path("scenarios/choices/qlora.toml").resolve()}"\n[run]\nseed = 7\n', encoding="utf-8"
    )
    done = CliRunner().invoke(app, ["choices/api", str(other), *FAST])
    assert done.exit_code == 2
    assert "on the same luck" in done.output


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
