"""The command from a log of capacity to gangs."""

import json

import pytest
import typer
from typer.testing import CliRunner

from analysis.cli.fit import fit

app = typer.Typer()
app.add_typer(fit, name="fit")


def run(*arguments):
    return CliRunner().invoke(app, ["fit", "spot", *(str(argument) for argument in arguments)])


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "capacity.csv"
    path.write_text("time,nodes\n0,4\n100,1\n200,3\n400,3\n")
    return path


def test_gangs(log):
    found = json.loads(run(log, "--gang", 2, "--gang", 4, "--json").stdout)
    assert [(each["nodes"], each["share"], each["times"]) for each in found["gangs"]] == [(2, 0.75, 2), (4, 0.25, 1)]
    assert found["node_hours"] == pytest.approx((400 + 100 + 600) / 3600)
    assert found["gangs"][0]["mean_away_s"] == 100
    said = run(log).stdout
    assert "75.0 %" in said
    assert "read 4 rows, kept 4" in said


def test_node_runs_get_a_law(tmp_path):
    path = tmp_path / "log.txt"
    rows = [f"{60000 * n},add,n{n}\n{60000 * (n + 1 + n % 7)},remove,n{n}\n" for n in range(40)]
    path.write_text("".join(rows))
    laws = json.loads(run(path, "--json").stdout)["node_runs"]
    assert laws["observed"] == 40
    assert laws["best"] in laws["fits"]
    assert "Time of one node in the market" in run(path).stdout


def test_a_gang_larger_than_the_market(log):
    found = json.loads(run(log, "--gang", 99, "--json").stdout)["gangs"][0]
    assert (found["share"], found["times"], found["mean_up_s"], found["mean_away_s"]) == (0, 0, None, 400)


def test_refusals(tmp_path, log):
    for arguments in ([tmp_path / "none"], [log, "--market", "v100"], [tmp_path]):
        done = run(*arguments)
        assert done.exit_code == 2
        assert "flopcast fit:" in done.stderr
    assert run(log, "--gang", 0).exit_code == 2
