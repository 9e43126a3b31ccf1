"""The command from a log of events to its ledger, and its refusals."""

import json

import pytest
import typer
from typer.testing import CliRunner

from analysis.cli.fit import fit
from analysis.cli.timeline import timeline

app = typer.Typer()
app.add_typer(fit, name="fit")
app.command()(timeline)

LOG = """time,event,cause,accelerators
2024-05-01 00:00,start,,1024
2024-05-01 00:10,training,,
2024-05-01 10:10,checkpoint_save,,
2024-05-01 10:11,training,,
2024-05-01 12:11,stop,HBM,
2024-05-01 12:31,checkpoint_restore,,
2024-05-01 12:41,training,,
2024-05-01 22:41,end,,
"""


def run(path, *options):
    return CliRunner().invoke(app, ["fit", "goodput", str(path), *options])


@pytest.fixture
def write(tmp_path):
    def to(text, name="log.csv"):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return to


def test_a_log_with_dates(write):
    found = json.loads(run(write(LOG), "--json").stdout)
    lines = {(row["phase"], row["cause"]): row["accelerator_hours"] for row in found["ledger"]}
    assert lines["productive", "none"] == pytest.approx(1024 * 20)
    assert lines["wasted_progress", "HBM"] == pytest.approx(1024 * 2)
    assert lines["infrastructure_recovery", "HBM"] == pytest.approx(1024 / 3)
    assert found["goodput"] == pytest.approx(20 / (22 + 41 / 60))
    assert found["mttr_s"] == 1800
    said = run(write(LOG)).stdout
    assert "wasted_progress" in said
    assert "1 stop: one in 22.68 h, 30 min until work went on" in said


def test_json_lines_and_rows_out_of_order(write):
    text = '{"time": 50, "event": "end"}\n\n{"time_s": 0, "event": "productive", "accelerators": 2}\n'
    path = write(text, "log.jsonl")
    assert json.loads(run(path, "--json").stdout)["rows"] == {"read": 2, "kept": 2, "sorted": True}
    assert "put in order of time" in run(path).stdout


def test_a_log_without_end_says_so(write):
    assert "no end of the job in the log" in run(write("time,event\n0,start\n5,productive\n9,saved\n")).stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no event in it"),
        ("time,event\n", "no event in it"),
        ("time\n5\n", "log.csv:1: column 'event' is missing"),
        ("time,event\n0,start\nnan,end\n", "log.csv:3: time: expected seconds or a date, found 'nan'"),
        ("time,event\n0,start\ninf,end\n", "log.csv:3: time: expected seconds or a date, found 'inf'"),
        ("time,event\n-1,start\n", "log.csv:2: time: -1 is negative"),
        ("time,event\n0,trainning\n", "log.csv:2: event: 'trainning' is not known"),
        ("time,event,accelerators\n0,start,2.5\n", "log.csv:2: accelerators: expected a whole number, found '2.5'"),
        ("time,event\n0,start\n1,end\n2,productive\n", "log.csv: line 4: productive after the end"),
        ("time,event\n5,start\n", "no time passes in it"),
        ('{"time": 5', "log.csv:1: no JSON"),
        ('{"time": 5, "event": "start"}\n[1]\n', "log.csv:2: expected a JSON object"),
        (b"\x00\xff\xfe", "log.csv:1: column 'time' is missing"),
        ("time,event\n0," + "x" * 200_000, "no table"),
    ],
)
def test_refusals_name_file_and_line(write, text, said):
    done = run(write(text))
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output


def test_no_such_file(tmp_path):
    done = run(tmp_path / "none.csv")
    assert done.exit_code == 2
    assert "none.csv: cannot read it" in done.stderr


def test_a_simulated_run_as_a_log(tmp_path):
    """`timeline --events` writes what `fit goodput` reads: the same stops, the same wall-clock."""
    log, out = tmp_path / "run.jsonl", tmp_path / "t.json"
    done = CliRunner().invoke(
        app, ["timeline", "llama-65b", "--replica", "3", "--out", str(out), "--events", str(log), "--json"]
    )
    facts, found = json.loads(done.stdout), json.loads(run(log, "--json").stdout)
    assert found["interruptions"] == facts["interruptions"] > 10
    assert found["wall_s"] == pytest.approx(facts["wall_days"] * 86400, rel=1e-9)
