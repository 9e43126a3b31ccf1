"""``flopcast compare``: what it says of each scenario, and what it runs for that."""

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app

AMAZON = ("llama-65b", "--replicas", "30", "--set", "pricing.provider=aws", "--set", "pricing.region=us-east-1")
COMMITTED = (*AMAZON, "--set-b", "pricing.term=commit_1y")


def said(*words: str) -> str:
    found = CliRunner().invoke(app, ["compare", *words], terminal_width=999)
    assert found.exit_code == 0, found.output
    return " ".join(found.stdout.split())


def test_what_a_buyer_should_know_of_each_is_said_as_run_says_it() -> None:
    text = said(*COMMITTED, "--set", "start=2026-02-01")
    assert "B: The commitment holds" in text
    assert "A: Warning: The run starts on 2026-02-01, more than a year after" in text
    assert "A, B: Warning: The price is for the accelerator alone" in said(*AMAZON[:3], "--set-b", "cluster.spares=9")


def test_one_scenario_with_changes_is_called_by_them() -> None:
    title = "LLaMA-65B on 2,048 A100: a forecast with failures"
    assert f"A: {title} B: {title}; changed: pricing.term=commit_1y" in said(*COMMITTED)
    assert ", with " not in said("llama-65b", "what-if-rent", "--replicas", "30", "--set-b", "cluster.spares=9")


def test_what_was_run_is_not_run_again_to_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise AssertionError("both ends of one change are known")

    monkeypatch.setattr("analysis.study.attribution.means_of", refuse)
    assert "pricing.term +0.00 +$" in said(*COMMITTED)


@pytest.mark.parametrize("stated", [None, 1, 2])
def test_as_many_processes_as_run_takes(stated: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """One was the default, so that nothing was forked where `run` and `report` used all cores."""
    from analysis.cli import run

    taken, before = [], run.mapping
    monkeypatch.setattr(run, "mapping", lambda workers, scenario: taken.append(workers) or before(workers, scenario))
    said(*COMMITTED, *([] if stated is None else ["--workers", str(stated)]))
    assert taken == [stated, stated]
