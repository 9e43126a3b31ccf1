"""The command on a scenario: what it says, what may be given beside it, and paired policies."""

import csv
import json

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app
from tests.pages import audit

SCENARIO = """
title = "Four nodes"
[cluster]
accelerator = "a100-sxm-80gb"
accelerators = 32
accelerators_per_node = 8
[queue]
policy = ["fcfs", "easy"]
[[queue.jobs]]
name = "long"
team = "red"
accelerators = 24
run = "10 h"
[[queue.jobs]]
name = "wide"
team = "red"
at = "1 h"
accelerators = 32
run = "1 h"
[[queue.jobs]]
name = "short"
team = "blue"
at = "2 h"
every = "30 min"
count = 6
accelerators = 8
run = "20 min"
[failures.causes.nic]
rate_per_1000_node_days = 200
nodes_lost = 1
repair = "1 h"
[pricing]
rate = "$2/h"
[run]
seed = 4
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "four.toml"
    path.write_text(SCENARIO)
    return path


def run(*arguments):
    return CliRunner().invoke(app, ["cluster", *map(str, arguments)])


def test_no_name_and_no_number_is_cut_on_80_columns(file, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    name = "unplanned_host_maintenance_of_a_rack"
    file.write_text(SCENARIO.replace("causes.nic", f"causes.{name}").replace("= 200", "= 4000"))
    told = run(file, "--explain").stdout
    assert "…" not in told
    assert name.replace("_", " ") in " ".join(told.split())


def test_a_scenario_is_told_from_a_log_and_reported_whole(file, tmp_path):
    found = run(file, "--json")
    assert found.exit_code == 0, found.stderr
    document = json.loads(found.stdout)
    assert (document["title"], document["capacity"], list(document["policies"])) == ("Four nodes", 32, ["fcfs", "easy"])
    easy = document["policies"]["easy"]
    assert sum(row["share"] for row in easy["ledger"]) == pytest.approx(1)
    assert set(easy["showback"]) >= {"red", "blue", "(idle)"}
    assert "where the time went" in run(file).stdout
    out = tmp_path / "jobs.csv"
    assert run(file, "--policy", "easy", "--jobs-out", out).exit_code == 0
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert float(rows[0]["usd"]) >= 24 * 10 * 2


def test_policies_are_paired_on_the_same_jobs_and_faults(file):
    document = json.loads(run(file, "--replications", 5, "--json").stdout)
    difference = document["differences"]["easy"]["mean_wait_s"]
    both = [document["policies"][name]["summary"]["mean_wait_s"] for name in ("fcfs", "easy")]
    assert difference["mean"] == pytest.approx(both[1]["mean"] - both[0]["mean"])
    assert difference["high"] < 0
    assert difference["high"] - difference["low"] < both[0]["high"] - both[0]["low"]  # pairing takes the chance out
    assert "paired on the same jobs and faults" in " ".join(run(file, "--replications", 3).stdout.split())


def test_compare_pairs_clusters_and_policies(file):
    asked = ["compare", str(file), "--replicas", "3", "--json"]
    within = json.loads(CliRunner().invoke(app, asked).stdout)
    assert list(within["differences"]) == ["easy"]
    larger = [*asked, "--set", "queue.policy=easy", "--set-b", "cluster.accelerators=64"]
    document = json.loads(CliRunner().invoke(app, larger).stdout)
    assert list(document["policies"]) == ["A: easy", "B: easy"]
    assert document["differences"]["B: easy"]["mean_wait_s"]["high"] < 0
    assert "difference to" in CliRunner().invoke(app, asked[:-1]).stdout
    alone = CliRunner().invoke(app, [*asked, "--set", "queue.policy=easy"])
    assert alone.exit_code == 2


def test_values_are_changed_by_set(file):
    document = json.loads(run(file, "--set", "cluster.accelerators=64", "--policy", "easy", "--json").stdout)
    assert (document["capacity"], list(document["policies"])) == (64, ["easy"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--size", "64"], "--size: a scenario says this itself; change it with --set"),
        (["--set", "queue.policy=eazy"], "did you mean 'easy'"),
        (["--jobs-out", "x.csv"], "one policy"),
        (["--price", "3 h"], "pricing.rate"),
    ],
)
def test_refusals(file, options, said):
    found = run(file, *options)
    assert found.exit_code != 0
    assert said in (found.stderr or "") + str(found.exception)


def test_a_log_takes_no_set(tmp_path):
    log = tmp_path / "log.swf"
    log.write_text("; MaxProcs: 10\n1 0 0 50 6 -1 -1 6 100 1 1 1 1 -1 1 1 -1 -1\n")
    assert "--set: changes a scenario" in run(log, "--set", "run.seed=3").stderr


def test_validate_knows_a_shared_cluster(file):
    assert CliRunner().invoke(app, ["validate", str(file), "clusters/vela-busy-day"]).exit_code == 0


def test_the_page_of_the_busy_day_passes_the_audit(tmp_path):
    page = tmp_path / "page.html"
    done = run("clusters/vela-busy-day", "--set", "queue.draw=300", "--report", page)
    assert done.exit_code == 0, done.output
    audit(page.read_text())
