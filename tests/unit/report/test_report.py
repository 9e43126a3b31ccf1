"""The report: one file, nothing from outside, the same numbers as `run --json`, the same bytes for the same input."""

import base64
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app


def invoke(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    invoke("report", "llama-65b", "-o", str(path), "--replicas", "200")
    return path.read_text(encoding="utf-8")


def test_its_numbers_are_those_of_run(page: str) -> None:
    found = json.loads(invoke("run", "llama-65b", "--replicas", "200", "--json"))
    inside = re.search(r'download="run.json" href="data:[^;]+;base64,([^"]+)"', page)
    assert inside is not None
    assert json.loads(base64.b64decode(inside[1])) == found
    assert f"{found['wall_days']['mean']:.1f}" in page
    assert found["basis"] in page
    assert found["fingerprint"] in page


def test_same_input_same_bytes_by_two_workers(page: str, tmp_path: Path) -> None:
    again = tmp_path / "again.html"
    invoke("report", "llama-65b", "-o", str(again), "--replicas", "200", "--workers", "2")
    assert again.read_text(encoding="utf-8") == page


def test_the_timeline_opens_as_a_chrome_trace(tmp_path: Path) -> None:
    path = tmp_path / "timeline.json"
    invoke("timeline", "llama-65b", "-o", str(path))
    trace = json.loads(path.read_text(encoding="utf-8"))
    assert any(event["ph"] == "X" and event["dur"] > 0 for event in trace["traceEvents"])
