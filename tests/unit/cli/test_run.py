"""``flopcast run``: what a person reads, and what is refused before anything is run."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app

FEW = ["--replicas", "20"]


def test_published_figures_are_written_as_people_write_them() -> None:
    found = CliRunner().invoke(app, ["run", "llama-65b", *FEW, "--set", "published.usd=$5M"])
    assert found.exit_code == 0
    assert "1,022,362" in found.stdout
    assert "$5,000,000" in found.stdout
    assert "e+0" not in found.stdout


def test_a_published_zero_is_compared_without_a_crash() -> None:
    command = ["run", "llama-65b", *FEW, "--set", "published.interruptions=0"]
    page, facts = CliRunner().invoke(app, command), CliRunner().invoke(app, [*command, "--json"])
    assert page.exit_code == facts.exit_code == 0
    row = next(row for row in json.loads(facts.stdout)["published"] if row["quantity"] == "interruptions")
    assert (row["published"], row["error"]) == (0, None)
    assert "%" not in next(line for line in page.stdout.splitlines() if line.startswith("interruptions      "))[-8:]


def test_a_file_is_no_folder_for_results(tmp_path: Path) -> None:
    file = tmp_path / "results"
    file.write_text("mine")
    found = CliRunner().invoke(app, ["run", "llama-65b", *FEW, "--out", str(file)])
    assert found.exit_code == 2
    assert "is a file" in " ".join(found.stderr.replace("│", " ").split())
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("replicas", "sets", "said"),
    [
        ("1", [], "p10, p50 and p90 are of one run and no interval"),
        ("9", [], "of 9 runs and no interval: that takes 10 replicas"),
        ("10", [], None),
        ("1", ["--set", "failures.enabled=false"], None),
        ("1", ["--set", "failures.enabled=false", "--set", "pricing.discount=[0.1, 0.5]"], "of one run"),
        ("1", ["--set", "failures.enabled=false", "--set", "throughput.spread=0.1"], "of one run"),
    ],
)
def test_too_few_replicas_are_no_interval(replicas: str, sets: list[str], said: str | None) -> None:
    command = ["run", "llama-65b", "--replicas", replicas, *sets]
    warnings = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)["warnings"]
    page = " ".join(CliRunner().invoke(app, command).stdout.split())
    assert any("no interval" in each for each in warnings) is ("no interval" in page) is (said is not None)
    if said is not None:
        assert said in page


def test_hours_say_whether_the_spares_are_in_them() -> None:
    page = CliRunner().invoke(app, ["run", "bloom-176b", *FEW]).stdout
    assert "\naccelerator-hours with spares " in page
    assert "\naccelerator-hours without spares " in page
    bare = CliRunner().invoke(app, ["run", "bloom-176b", *FEW, "--set", "cluster.spares=0"]).stdout
    assert "\naccelerator-hours  " in bare
    assert " spares" not in bare.partition("Dollars:")[0]
    facts = json.loads(CliRunner().invoke(app, ["run", "bloom-176b", *FEW, "--json"]).stdout)
    assert facts["job_accelerator_hours"] < facts["accelerator_hours"]["mean"]
    assert "accelerator-hours" in [row["quantity"] for row in facts["published"]]


def test_the_report_says_so_too() -> None:
    from analysis.metrics.forecast import forecast
    from analysis.report import tables
    from simulator.engine.run import run
    from simulator.scenario.api import scenario

    known = scenario("bloom-176b", ["run.replicas=20"])
    found = forecast(known, run(known, range(20)), range(20))
    assert "accelerator-hours with spares" in [row[0] for row in tables.quantities(found).rows]
    assert "accelerator-hours without spares" in [row[0] for row in tables.published(found).rows]
