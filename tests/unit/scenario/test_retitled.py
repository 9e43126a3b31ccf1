"""A title that a file wrote says what ``--set`` changed: "on 2,048 A100" above the figures of 1,024 would mislead."""

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app
from analysis.report.source import read
from simulator.scenario.api import scenario
from simulator.scenario.changes import retitled
from simulator.scenario.load import load

OWN = scenario("llama-65b").title


@pytest.mark.parametrize(
    ("sets", "title"),
    [
        (["cluster.accelerators=1024"], f"{OWN}; changed: cluster.accelerators=1024"),
        (["run.seed=3", "run.replicas=10"], OWN),
        (["cluster.accelerators=1024", "title=Half"], "Half"),
        ([f"note.x{i}=why" for i in range(3)], OWN),
    ],
)
def test_a_title_says_what_was_changed(sets: list[str], title: str) -> None:
    assert scenario("llama-65b", retitled(load("llama-65b"), sets)).title == title


def test_many_changes_are_counted() -> None:
    sets = [f"failures.causes.c{i}.kind=hang" for i in range(6)]
    assert retitled(load("llama-65b"), sets)[-1].endswith('c3.kind=hang and 2 more"')


def test_run_and_report_say_it() -> None:
    said = CliRunner().invoke(app, ["run", "llama-65b", "--set", "cluster.spares=3", "--replicas", "20", "--json"])
    assert f'"title": "{OWN}; changed: cluster.spares=3"' in said.stdout
    assert read("llama-65b", ["cluster.spares=3"]).scenario.title == f"{OWN}; changed: cluster.spares=3"
