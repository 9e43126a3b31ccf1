"""What the options say of the machines of a cluster, and what they are refused for."""

import json

import pytest
import typer
from typer.testing import CliRunner

from analysis.cli.cluster import cluster

app = typer.Typer()
app.command()(cluster)

ROWS = "job_id,submit_s,size,run_s\n" + "".join(f"{n},{n},{size},100\n" for n, size in enumerate([48, 64, 128, 5, 72]))


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(ROWS)
    return str(path)


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in (*arguments, "--format", "csv")])


@pytest.mark.parametrize(
    ("options", "capacity"),
    [
        (["--system", "tpu-v4-pod"], 4096),
        (["--system", "ibm-vela", "--placement", "compact"], 2880),
        (["--system", "gb200-nvl72-rack", "--size", "144", "--placement", "block"], 144),
        (["--system", "meta-llama3-24k", "--placement", "pod"], 24576),
        (["--torus", "8x8x4", "--cube", "4x4x4"], 256),
        (["--torus", "16X16"], 256),
        (["--size", "256", "--node-size", "8", "--rack-nodes", "4", "--pod-racks", "2", "--placement", "pod"], 256),
    ],
)
def test_machines(log, options, capacity):
    found = run(log, *options, "--json")
    assert found.exit_code == 0, found.stderr
    document = json.loads(found.stdout)
    assert document["capacity"] == capacity
    assert document["rows"]["kept"] == 5


def test_an_nvl72_domain_holds_a_gang_of_72_and_lets_the_next_wait(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("job_id,submit_s,size,run_s\na,0,36,100\nb,0,36,100\nc,0,72,100\nd,1,72,100\n")
    options = (path, "--system", "gb200-nvl72-rack", "--size", "144", "--placement", "rack", "--explain", "--json")
    policies = json.loads(run(*options).stdout)["policies"]["easy"]
    assert policies["summary"]["max_wait_s"] == 99  # a and b share one domain, c has the other, d waits for both
    spread = json.loads(run(*options[:-4], "--placement", "spread", "--json").stdout)["policies"]["easy"]
    assert spread["summary"]["max_wait_s"] == 99


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--system", "velar"], "velar"),
        (["--system", "tpu-v4-pod", "--size", "64"], "leave it out"),
        (["--system", "ibm-vela", "--size", "100"], "no whole number of nodes"),
        (["--system", "ibm-vela", "--node-size", "8"], "give one of them"),
        (["--torus", "16xx2"], "no sides of a torus"),
        (["--torus", "16x0"], "no sides of a torus"),
        (["--torus", "6x6x6", "--cube", "4x4x4"], "do not divide"),
        (["--size", "64", "--cube", "4x4"], "give --torus"),
        (["--system", "ibm-vela", "--placement", "box"], "chips of a torus"),
        (["--torus", "8x8", "--placement", "slices"], "sides of a cube"),
        (["--size", "64", "--node-size", "8", "--pod-racks", "2"], "give --rack-nodes"),
        (["--size", "64", "--node-size", "8", "--placement", "segment:nodes=0"], "at least 1"),
        (["--size", "64", "--node-size", "8", "--placement", "segment:nodes=9"], "do not fit into racks"),
        (["--size", "64", "--node-size", "8", "--placement", "rack:nodes=9"], "rack:nodes=9"),
        (["--size", "64", "--pod-racks", "0"], "at least 1"),
    ],
)
def test_refusals(log, options, said):
    found = run(log, *options)
    assert found.exit_code == 2
    assert said in found.stderr
    assert "Traceback" not in found.stderr
