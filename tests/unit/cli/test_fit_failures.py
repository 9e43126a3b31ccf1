"""The command from a log to a catalogue, and its refusals."""

import json
import tomllib

import pytest
import typer
from typer.testing import CliRunner

from analysis.cli.fit import fit

app = typer.Typer()
app.add_typer(fit, name="fit")

LOG = "node,start,end,cause\n" + "".join(
    f"n{i % 13},{1000 * i + 37 * (i * i % 11)},{1000 * i + 37 * (i * i % 11) + 60 * (1 + i % 5)},GPU {i % 2}\n"
    for i in range(60)
)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "my log.csv"
    path.write_text(LOG)
    return path


def run(*arguments):
    return CliRunner().invoke(app, ["fit", "failures", *(str(argument) for argument in arguments)])


def test_report_and_json_agree(log):
    said = run(log, "--nodes", 20)
    assert said.exit_code == 0, said.output
    assert "read 60 rows, kept 60, dropped 0" in said.stdout
    document = json.loads(run(log, "--nodes", 20, "--json").stdout)
    assert document["rows"]["read"] == 60
    assert document["rate"]["count"] == 60
    assert [cause["name"] for cause in document["causes"]] == ["GPU 0", "GPU 1"]
    assert f"{document['rate']['per_1000_node_days']:.3g}" in said.stdout


def test_the_catalogue_has_the_fitted_rates(log, tmp_path):
    out = tmp_path / "out" / "c.toml"
    found = json.loads(run(log, "--nodes", 20, "--accelerators-per-node", 8, "--out", out, "--json").stdout)
    table = tomllib.loads(out.read_text())["my-log"]
    assert table["node_accelerators"] == 8
    assert table["gpu_0"]["repair_mean_s"] == pytest.approx(found["causes"][0]["repairs"]["mean_s"], rel=1e-5)
    assert table["gpu_0"]["rate_per_1000_node_days"] == pytest.approx(
        found["causes"][0]["rate"]["per_1000_node_days"], rel=1e-5
    )
    assert run(log, "--out", out, "--key", "other").exit_code == 0
    assert list(tomllib.loads(out.read_text())) == ["other"]


def test_the_picture(log, tmp_path):
    for name, head in (("p.svg", b"<svg"), ("p.png", b"\x89PNG")):
        assert run(log, "--plot", tmp_path / name).exit_code == 0
        assert (tmp_path / name).read_bytes().startswith(head)
    once = (tmp_path / "p.svg").read_text()
    assert "repair" in once.partition("<title>")[2]
    run(log, "--plot", tmp_path / "p.svg")
    assert (tmp_path / "p.svg").read_text() == once
    few = tmp_path / "few.csv"
    few.write_text("node,start\nn,5\nn,6\n")
    assert run(few, "--plot", tmp_path / "few.svg").exit_code == 0


def test_a_fleet_of_unknown_size_is_said(log):
    assert "give --nodes" in run(log).stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--nodes", "3"], "13 different nodes fail in the log, more than the 3"),
        (["--since", "yesterday"], "--since: expected a date such as 2024-05-01"),
        (["--until", "-4"], "no failure starts between"),
        (["--system", "18"], "--system"),
        (["--format", "lanl"], "column 'Prob Fixed'"),
        (["--columns", "start=when"], "column 'when' is not known"),
        (["--out", "/dev/null/x.toml"], "/dev/null: this is a file"),
    ],
)
def test_refusals(log, options, said):
    done = run(log, *options)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    "content",
    ["", "node,start\n", "a,b\n1,2\n", "node,start\nn,nan\nn,inf\nn,-3\n", "\x00\x01\x02", "node,start\n" * 3],
)
def test_logs_without_an_outage(tmp_path, content):
    path = tmp_path / "log.csv"
    path.write_text(content)
    done = run(path)
    assert done.exit_code == 2
    assert str(path) in done.stderr


@pytest.mark.parametrize("text", ["n,5\nn,6\n", "n,7\nm,6\nn,5\n" * 9, "n,0\nm,1\n" * 20])
def test_small_and_strange_logs_still_give_a_report(tmp_path, text):
    """Two rows, unsorted, all repeated."""
    path = tmp_path / "log.csv"
    path.write_text("node,start\n" + text)
    assert run(path).exit_code == 0
    json.loads(run(path, "--json").stdout)


@pytest.mark.parametrize("text", ["n,5\n", "n,5\nm,5\n" * 9])
def test_a_log_of_one_instant_needs_a_window(tmp_path, text):
    path = tmp_path / "log.csv"
    path.write_text("node,start\n" + text)
    done = run(path)
    assert done.exit_code == 2
    assert "the log spans no time: say with --since and --until" in done.stderr
    assert run(path, "--since", 0, "--until", 100).exit_code == 0


def test_zero_length_outages_and_none_that_ends(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("node,start,end\n" + "".join(f"n{i},{i * i},{i * i}\n" for i in range(30)))
    assert json.loads(run(path, "--json").stdout)["repairs"]["instants"] == 30
    path.write_text("node,start,end\n" + "".join(f"n{i},{i * i},\n" for i in range(30)))
    assert json.loads(run(path, "--json").stdout)["repairs"] is None


def test_no_such_file(tmp_path):
    done = run(tmp_path / "none.csv")
    assert done.exit_code == 2
    assert "none.csv" in done.stderr


def test_causes_that_have_one_name_in_the_catalogue_are_one(log, tmp_path):
    log.write_text(LOG.replace("GPU 1", "GPU XID 79").replace("XID 79\n", "xid-79\n", 7))
    found = json.loads(run(log, "--nodes", 20, "--out", tmp_path / "c.toml", "--json").stdout)
    assert {cause["name"]: cause["rate"]["count"] for cause in found["causes"]} == {"GPU 0": 30, "GPU XID 79": 30}
    [entry] = tomllib.loads((tmp_path / "c.toml").read_text()).values()  # two tables of one name are no TOML
    assert entry["gpu_xid_79"]["count"] == 30
