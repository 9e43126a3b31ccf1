"""The command, from a file of jobs to tables, JSON, a table of jobs, and refusals."""

import csv
import json

import pytest
import typer
from typer.testing import CliRunner

from analysis.cli.cluster import cluster

app = typer.Typer()
app.command()(cluster)

LOG = """; Version: 2.2
; MaxProcs: 10
1 0 0 50 6 -1 -1 6 100 1 1 1 1 -1 1 1 -1 -1
2 10 0 50 8 -1 -1 8 100 1 1 1 1 -1 1 1 -1 -1
3 20 0 500 4 -1 -1 4 500 1 1 1 1 -1 1 1 -1 -1
4 30 0 20 4 -1 -1 4 20 1 1 1 1 -1 1 1 -1 -1
5 40 0 300 2 -1 -1 2 300 1 1 1 1 -1 2 1 -1 -1
6 41 0 0 2 -1 -1 2 300 1 1 1 1 -1 2 1 -1 -1
7 42 0 5 99 -1 -1 99 300 1 1 1 1 -1 2 1 -1 -1
"""


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.swf"
    path.write_text(LOG)
    return str(path)


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_table_of_jobs_is_in_the_clock_of_the_log(log, tmp_path):
    out = tmp_path / "jobs.csv"
    assert run(log, "--jobs-out", out).exit_code == 0
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [(row["job_id"], row["submit_s"], row["start_s"], row["end_s"]) for row in rows] == [
        ("1", "0", "0", "50"), ("2", "10", "50", "100"), ("3", "20", "100", "600"), ("4", "30", "30", "50"),
        ("5", "40", "50", "350"),
    ]  # fmt: skip


def test_rows_read_kept_and_dropped_are_always_said(log):
    said = run(log).stdout
    assert "read 7 rows, kept 5, dropped 2 (run time 0: 1, first in row 6; larger than the cluster: 1)" in said
    document = json.loads(run(log, "--json").stdout)
    dropped = {"run time 0": 1, "larger than the cluster": 1}
    assert document["rows"] == {"read": 7, "kept": 5, "dropped": dropped, "first_row": {"run time 0": 6}}


def test_policies_side_by_side_and_replications(log):
    found = run(log, "--policy", "fcfs", "--policy", "easy", "--replications", 3, "--shake", "5 s", "--json")
    policies = json.loads(found.stdout)["policies"]
    assert list(policies) == ["fcfs", "easy"]
    wait = policies["easy"]["summary"]["mean_wait_s"]
    assert wait["low"] < wait["mean"] < wait["high"]
    assert "(" in run(log, "--replications", 3).stdout


def test_same_seed_same_bytes(log):
    options = (log, "--node-size", 2, "--node-mtbf", "100 s", "--repair", "10 s", "--checkpoint", "30 s", "--json")
    assert run(*options).stdout == run(*options).stdout
    assert run(*options).stdout != run(*options, "--seed", 1).stdout


def test_the_bill_closes(log):
    document = json.loads(run(log, "--price", "$3600/h", "--json").stdout)["policies"]["easy"]
    lines = document["showback"].values()
    total = sum(line["useful_usd"] + line["lost_usd"] for line in lines)
    assert total == pytest.approx(10 * document["summary"]["makespan_s"] * 1.0)  # a dollar a second and unit
    assert set(document["showback"]) == {"1", "2", "(idle)"}


def test_reasons_for_waiting(log):
    document = json.loads(run(log, "--explain", "--json").stdout)["policies"]["easy"]
    waits = document["waits_by_reason_s"]
    assert sum(waits.values()) == 40 + 80 + 10  # jobs 2, 3 and 5
    assert "why jobs waited" in run(log, "--explain").stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--policy", "eazy"], "did you mean 'easy'"),
        (["--policy", "depth-k:k=0"], "at least 1"),
        (["--size", "0"], "no whole number"),
        (["--size", "ten"], "--size"),
        (["--overrun", "stretch"], "--overrun"),
        (["--requeue", "middle"], "--requeue"),
        (["--placement", "rack"], "give --node-size"),
        (["--node-size", "3"], "does not divide"),
        (["--node-size", "0"], "does not divide"),
        (["--node-size", "2", "--rack-nodes", "0"], "--rack-nodes"),
        (["--node-size", "2", "--placement", "best"], "did you mean 'best-fit'"),
        (["--node-size", "2", "--node-mtbf", "3"], "--node-mtbf"),
        (["--node-size", "2", "--node-mtbf", "0"], "--node-mtbf"),
        (["--save", "5 s"], "--checkpoint"),
        (["--checkpoint", "0"], "--checkpoint"),
        (["--warm-up", "100 %"], "--warm-up"),
        (["--price", "3 h"], "--price"),
        (["--format", "swv"], "did you mean 'swf'"),
        (["--size", "1"], "no job is left"),
        (["--nodes", "absent.csv"], "cannot read"),
        (["--policy", "fcfs", "--policy", "easy", "--jobs-out", "x.csv"], "one policy"),
        (["--policy", "quota:borrow=1"], "never started"),
    ],
)
def test_refusals_say_what_to_do_and_leave_no_traceback(log, options, said):
    found = run(log, *options)
    assert found.exit_code == 2
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_everything_wrong_is_said_at_once(log):
    said = run(log, "--policy", "x", "--overrun", "y", "--price", "z").stderr
    assert said.count("flopcast cluster:") == 3


def test_an_inventory_of_nodes_and_fractions_of_accelerators(tmp_path):
    pods = tmp_path / "pods.csv"
    pods.write_text(
        "name,num_gpu,gpu_milli,qos,pod_phase,creation_time,deletion_time,scheduled_time\n"
        "a,1,500,LS,Running,0,10,0\nb,1,700,LS,Running,1,11,1\nc,2,1000,LS,Running,2,12,2\nd,0,0,LS,Running,2,12,2\n"
    )
    nodes = tmp_path / "nodes.csv"
    nodes.write_text("sn,gpu,model\nn0,0,\nn1,2,V100\n")
    out = tmp_path / "jobs.csv"
    found = run(pods, "--nodes", nodes, "--jobs-out", out, "--json")
    assert found.exit_code == 0, found.stderr
    assert json.loads(found.stdout)["capacity"] == 2
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [(row["job_id"], row["size"], row["start_s"]) for row in rows] == [
        ("a", "0.5", "0"), ("b", "0.7", "1"), ("c", "2.0", "11"),
    ]  # fmt: skip
