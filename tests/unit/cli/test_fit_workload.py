"""From a log to a workload, and from the workload to a simulated cluster."""

import json

import pytest
import typer
from typer.testing import CliRunner

from analysis.cli.cluster import cluster
from analysis.cli.fit import fit

app = typer.Typer()
app.add_typer(fit, name="fit")
app.command()(cluster)


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.csv"
    rows = [f"{at},{at * 977},{60 + at * at % 4001},{1 + at % 5}\n" for at in range(1, 400)]
    path.write_text("job_id,submission_time,duration,num_gpu\n" + "".join(rows))
    return path


def test_from_a_log_to_a_cluster(log, tmp_path):
    out = tmp_path / "w.toml"
    said = run("fit", "workload", log, "--out", out)
    assert said.exit_code == 0, said.output
    assert "read 399 rows, kept 399, dropped 0" in said.stdout
    found = json.loads(run("fit", "workload", log, "--json").stdout)
    assert found["workload"]["jobs_per_day"] == pytest.approx(88.4, rel=0.02)
    done = json.loads(run("cluster", out, "--size", 8, "--jobs", 300, "--seed", 3, "--json").stdout)
    assert done["rows"]["read"] == 300
    again = json.loads(run("cluster", out, "--size", 8, "--jobs", 300, "--seed", 3, "--json").stdout)
    assert again == done
    other = json.loads(run("cluster", out, "--size", 8, "--jobs", 300, "--seed", 4, "--json").stdout)
    assert other["policies"] != done["policies"]


def test_a_published_workload_on_a_cluster():
    done = run("cluster", "acme-kalos", "--size", 2416, "--jobs", 200)
    assert done.exit_code == 0, done.output
    assert "200 jobs on 2,416" in done.stdout


def test_refusals(tmp_path, log):
    bad = tmp_path / "bad.toml"
    bad.write_text("jobs_per_day = -1\n[[groups]]\n")
    one = tmp_path / "one.csv"
    one.write_text("job_id,submission_time,duration,num_gpu\n1,0,5,1\n")
    for arguments, said in (
        (["fit", "workload", tmp_path / "none.csv"], "cannot read it"),
        (["fit", "workload", one], "a workload needs 8 at least"),
        (["fit", "workload", log, "--format", "swf"], "expected 18 fields"),
        (["fit", "workload", log, "--out", "/dev/null/x.toml"], "/dev/null: this is a file"),
        (["cluster", bad, "--size", 8], "bad.toml: jobs_per_day: expected a finite number"),
        (["cluster", log, "--size", 8, "--jobs", 5], "this is a log"),
        (["cluster", "acme-serene", "--size", 8], "acme-serene"),
    ):
        done = run(*arguments)
        assert done.exit_code == 2, arguments
        assert said in done.stderr
        assert "Traceback" not in done.output
