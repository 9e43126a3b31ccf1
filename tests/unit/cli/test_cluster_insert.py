"""One more run on a busy cluster, from the command line to a page with pictures."""

import json

import pytest
import typer
from typer.testing import CliRunner

from analysis.cli.cluster import cluster

app = typer.Typer()
app.command()(cluster)

DAY_S = 86400


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.csv"
    rows = [f"{n},{n * 3600},{16 if n % 3 else 64},{DAY_S // 2},team{n % 2}" for n in range(60)]
    path.write_text("job_id,submit_s,size,run_s,queue\n" + "\n".join(rows) + "\n")
    return str(path)


def run(*arguments):
    return CliRunner().invoke(
        app, [str(each) for each in (*arguments, "--format", "csv", "--size", "320", "--node-size", "8")]
    )


def asked(*arguments):
    found = run(*arguments, "--json")
    assert found.exit_code == 0, found.stderr
    return json.loads(found.stdout)["inserted"]


def test_a_run_of_a_size_and_a_time(log):
    found = asked(log, "--insert", "128 x 10 d", "--at", "1 d", "--price", "$2/h")["easy"]
    assert found["submit_s"] == DAY_S
    assert found["finish_s"]["mean"] == pytest.approx(found["start_delay_s"]["mean"] + 10 * DAY_S)
    assert found["usd"]["mean"] == pytest.approx(128 * 240 * 2.0)
    rows = found["displaced_by_size"].values()
    assert sum(row["jobs"] for row in rows) == 60
    assert sum(row["later"] for row in rows) > 0
    assert sum(row["added_h"] for row in rows) == pytest.approx(
        sum(row["added_h"] for row in found["displaced_by_team"].values())
    )


def test_a_scenario_in_replications_has_intervals(log):
    sets = ("--replications", 3, "--shake", "1 h", "--at", "12 h")
    found = asked(log, "--insert", "vela-13b", *sets)["easy"]
    for name in ("start_delay_s", "finish_s", "usd"):
        assert found[name]["low"] <= found[name]["mean"] <= found[name]["high"]
    assert found["accelerators"] >= 256
    assert found["usd"]["low"] < found["usd"]["high"]  # its own failures differ from replication to replication
    again = asked(log, "--insert", "vela-13b", *sets)["easy"]
    assert again == found


def test_the_faults_of_the_cluster_take_the_place_of_the_scenarios_own(log):
    quiet = asked(log, "--insert", "vela-13b", "--node-mtbf", "300000 d", "--replications", 2, "--at", "12 h")["easy"]
    assert quiet["usd"]["low"] == pytest.approx(quiet["usd"]["high"])  # no fault of its own is left
    struck = asked(log, "--insert", "vela-13b", "--node-mtbf", "60 d", "--checkpoint", "1 h", "--at", "12 h")["easy"]
    assert struck["usd"]["mean"] > quiet["usd"]["mean"]


def test_on_a_narrow_network_the_run_takes_as_long_as_its_placement_says(log, tmp_path):
    narrow = tmp_path / "narrow.toml"
    narrow.write_text(
        'extends = "llama-65b"\n[cluster]\naccelerators = 256\nspares = 0\n[failures]\nenabled = false\n'
        "[shared]\naccelerators = 320\nnodes_per_rack = 4\nacross_racks = 6\n"
    )
    options = ("--insert", narrow, "--rack-nodes", 40, "--at", "12 h")
    one_rack = asked(log, *options, "--placement", "compact")["easy"]
    many = asked(log, *options[:3], 4, *options[4:], "--placement", "spread")["easy"]
    took = [each["finish_s"]["mean"] - each["start_delay_s"]["mean"] for each in (one_rack, many)]
    assert took[0] < took[1]
    assert many["usd"]["mean"] / one_rack["usd"]["mean"] == pytest.approx(took[1] / took[0])


def test_every_policy_answers(log):
    assert set(asked(log, "--insert", "64 x 2 d", "--policy", "fcfs", "--policy", "easy")) == {"fcfs", "easy"}
    said = run(log, "--insert", "64 x 2 d").stdout
    assert "start delay" in said
    assert "jobs start later" in said


def test_the_page(log, tmp_path):
    page = tmp_path / "page.html"
    assert run(log, "--insert", "64 x 2 d", "--report", page, "--rack-nodes", 4).exit_code == 0
    text = page.read_text()
    for section in ("answer", "inserted", "queue", "placement", "waits", "again"):
        assert f'<section id="{section}">' in text
    assert text.count("<svg") == 5
    assert 'role="img"' in text
    assert "http" not in text.replace('http-equiv="Content-Security-Policy"', "")
    again = tmp_path / "again.html"
    run(log, "--insert", "64 x 2 d", "--report", again, "--rack-nodes", 4)
    assert again.read_bytes() == page.read_bytes()


def test_a_page_without_nodes_has_no_racks(log, tmp_path):
    page = tmp_path / "page.html"
    found = CliRunner().invoke(app, [log, "--format", "csv", "--size", "256", "--report", str(page)])
    assert found.exit_code == 0
    text = page.read_text()
    assert text.count("<svg") == 3
    assert '<section id="placement">' not in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--insert", "512 x 1 d"], "never fit"),
        (["--insert", "0 x 1 d"], "asks for nothing"),
        (["--insert", "64 x 0 d"], "asks for nothing"),
        (["--insert", "64 x soon"], "--insert"),
        (["--insert", "no-such-run"], "no-such-run"),
        (["--insert", "64 x 1 d", "--at", "noon"], "--at"),
        (["--at", "1 d"], "give --insert"),
        (["--report", "no/such/folder\0/x.html"], "--report"),
    ],
)
def test_refusals(log, options, said):
    found = run(log, *options)
    assert found.exit_code == 2, found.output
    assert said in found.stderr
    assert "Traceback" not in found.stderr
