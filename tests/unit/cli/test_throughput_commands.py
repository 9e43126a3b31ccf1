"""``flopcast tune``, ``explain``, ``calibrate`` and ``scoreboard throughput``: output and exit codes."""

import json
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from analysis.cli.calibrate import calibrate
from analysis.cli.explain import explain
from analysis.cli.scoreboard_throughput import scoreboard_throughput
from analysis.cli.tune import tune
from simulator.scenario.api import scenario

app = typer.Typer()
for command in (tune, explain, calibrate):
    app.command()(command)
app.command("scoreboard")(scoreboard_throughput)

ROW = "llama3-8b,H100,8,128,8192,1,1,4,2,1,12.78,DGXC v25.02\n"
HEAD = "model,accelerator,count,global_batch,seq,tp,pp,dp,cp,micro_batch,step_time_s,source\n"


def test_tune() -> None:
    result = CliRunner().invoke(app, ["tune", "llama-65b", "--json", "--best", "3"])
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert len(found["best"]) == 3
    times = [plan["step_time_s"] for plan in found["best"]]
    assert times == sorted(times)
    assert "Fastest plans" in CliRunner().invoke(app, ["tune", "llama-65b"]).stdout


def test_explain(tmp_path: Path) -> None:
    picture = tmp_path / "step.svg"
    result = CliRunner().invoke(app, ["explain", "llama-65b", "--json", "--plan", "tp=8", "--picture", str(picture)])
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert sum(found["parts_s"].values()) == pytest.approx(found["step_time_s"]["p50"])
    assert found["mfu"] <= found["hfu"] <= 1
    assert found["plan"].startswith("tp8")
    assert picture.read_text(encoding="utf-8").startswith("<svg")
    text = CliRunner().invoke(app, ["explain", "llama-65b"]).stdout
    assert "matrix products" in text
    assert "6ND" in text
    assert "attention in full" in " ".join(text.split())


def test_explain_takes_the_plan_of_the_scenario() -> None:
    sets = [
        "--set",
        "parallelism.tensor=8",
        "--set",
        "parallelism.pipeline=4",
        "--set",
        "throughput.stack=megatron-2022",
    ]
    found = json.loads(CliRunner().invoke(app, ["explain", "llama-65b", "--json", *sets]).stdout)
    assert found["planned"]
    assert found["stack"] == "megatron-2022"
    assert found["plan"].startswith("tp8 pp4")
    other = json.loads(CliRunner().invoke(app, ["explain", "llama-65b", "--json", *sets, "--plan", "tensor=4"]).stdout)
    assert other["plan"].startswith("tp4 pp4")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tune", "nope"], "nope"),
        (["tune", "llama-65b", "--stack", "nemmo"], "nemo-2025"),
        (["explain", "llama-65b", "--plan", "tp=x"], "expected name=count"),
        (["explain", "llama-65b", "--plan", "tp=3"], "no legal plan"),
        (["explain", "llama-65b", "--picture", "/dev/null/step.svg"], "/dev/null: this is a file"),
        (["explain", "llama-65b", "--set", "cluster.accelerators=2"], "no other plan"),
        (["calibrate", "nope.csv"], "no file"),
        (["scoreboard", "--truth", "nope.csv"], "no table"),
    ],
)
def test_mistakes_end_with_code_2_and_one_message(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_scoreboard_and_calibrate(tmp_path: Path) -> None:
    file = tmp_path / "steps.csv"
    file.write_text(HEAD + ROW, encoding="utf-8")
    result = CliRunner().invoke(app, ["scoreboard", "--truth", str(file), "--json"])
    assert result.exit_code == 0
    [row] = json.loads(result.stdout)
    assert row["measured"] == pytest.approx(12.78)
    assert row["p10"] < row["p50"] < row["p90"]
    assert "source left out" in CliRunner().invoke(app, ["scoreboard", "--truth", str(file)]).stdout
    shown = CliRunner().invoke(app, ["scoreboard", "--truth", str(file), "--markdown"]).stdout
    for run, kind in (("llama-65b", "net"), ("opt-175b", "net"), ("bloom-176b", "gross"), ("deepseek-v3", "net")):
        assert re.search(rf"\| {run} \|.*\| [\d,]+ \| [\d,]+ \| [\d,]+ \| [\d,]+ \| {kind} \|", shown)
    own = CliRunner().invoke(app, ["calibrate", str(file), "--json"])
    assert own.exit_code == 0
    assert json.loads(own.stdout)["rows"] == 1
    file.write_bytes(b"\xff\xfe\x00")
    assert CliRunner().invoke(app, ["scoreboard", "--truth", str(file)]).exit_code == 2


@pytest.mark.parametrize("command", ["explain", "tune"])
def test_a_batch_that_is_not_stated_is_that_of_the_run(command: str) -> None:
    sets = ["--set", "throughput.method=model", "--set", "data.batch="]
    result = CliRunner().invoke(app, [command, "llama-65b", "--json", *sets])
    assert result.exit_code == 0, result.stderr
    assert "data.batch is not stated: 4.19M tokens a step" in result.stderr
    [batch] = [each for each in scenario("llama-65b", sets[1::2]).assumptions if each.path.endswith("batch")]
    assert batch.value.startswith("4.19")
