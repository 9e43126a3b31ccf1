"""Whole public logs run to the end in one command each, and every row is accounted for."""

import csv

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app
from tests.beside import trace

INVENTORY = "terms_only/alibaba/openb_node_list_all_node.csv"


@pytest.mark.parametrize(
    ("log", "machines", "report"),
    [
        pytest.param(
            "terms_only/swf/LANL-CM5-1994-4.1-cln.swf.gz",
            ["--size", "1024"],
            "read 122,060 rows, kept 122,055, dropped 5 (run time 0: 2, first in row 6,305; "
            "no processors: 3, first in row 43,338)",
            id="CM-5",
        ),
        pytest.param(
            "open/philly/philly.csv.gz",
            ["--size", "2490"],
            "read 82,247 rows, kept 82,247, dropped 0",
            id="Philly",
        ),
        pytest.param(
            "terms_only/alibaba/openb_pod_list_default.csv.gz",
            ["--nodes", INVENTORY],
            "read 8,152 rows, kept 6,203, dropped 1,949 (no accelerators asked for (CPU pod): 1,052, "
            "first in row 6; never scheduled: 897, first in row 62)",
            id="openb",
        ),
    ],
)
def test_runs_to_the_end(log, machines, report, tmp_path):
    out = tmp_path / "jobs.csv"
    given = [str(trace(word)) if word == INVENTORY else word for word in machines]
    done = CliRunner().invoke(app, ["cluster", str(trace(log)), *given, "--policy", "easy", "--jobs-out", str(out)])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[0] == report
    kept = int(report.split("kept ")[1].split(", dropped")[0].replace(",", ""))
    with out.open() as file:
        jobs = list(csv.DictReader(file))
    assert len(jobs) == len({job["job_id"] for job in jobs}) == kept
    assert all(float(job["submit_s"]) <= float(job["start_s"]) <= float(job["end_s"]) for job in jobs)
