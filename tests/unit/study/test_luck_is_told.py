"""Every answer that rests on draws says how many there were and from which seed."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app
from analysis.study.update import DRAWS, REPLICAS

SOLVE = ["solve", "llama-65b", "--replicas", "24", "--seed", "7"]
GOAL = ["--for", "cluster.spares=[0, 4]", "--goal", "goodput >= 0.5"]
PLAN = ["plan", "llama-65b", "--deadline", "40 d", "--over", "cluster.spares=[0, 4]"]
COMMANDS = [
    [*PLAN, "--replicas", "24", "--seed", "7"],
    [*SOLVE, "--marginal"],
    [*SOLVE, *GOAL],
    ["sensitivity", "llama-65b", "--replicas", "24", "--seed", "7"],
    ["sensitivity", "llama-65b", "--replicas", "24", "--seed", "7", "--method", "morris", "--samples", "2"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command))
def test_replicas_and_seed_are_printed_and_in_the_json(command: list[str]) -> None:
    shown = CliRunner().invoke(app, command)
    assert shown.exit_code == 0
    text = " ".join(shown.stdout.split())
    assert "24 replicas" in text
    assert "seed 7, flopcast" in text
    facts = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert (facts["replicas"], facts["seed"]) == (24, 7)


def test_an_update_tells_the_pairs_too(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("day,tokens,stops\n5,300e9,8\n")
    command = ["update", "llama-65b", "--so-far", str(log), "--seed", "7"]
    text = " ".join(CliRunner().invoke(app, command).stdout.split())
    assert f"{DRAWS * REPLICAS:,} replicas of each row" in text
    assert "seed 7, flopcast" in text
    facts = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert (facts["replicas"], facts["seed"]) == (DRAWS * REPLICAS, 7)
