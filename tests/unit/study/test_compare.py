"""Paired differences: what pairing means, and what it refuses."""

import json
import re
import sys
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from analysis.cli.main import app, main
from analysis.metrics.forecast import Forecast, forecast
from analysis.study.compare import QUANTITIES, difference, differences, wilson
from simulator.engine.run import run
from simulator.scenario.api import scenario


def made(name: str, *sets: str) -> Forecast:
    resolved = scenario(name, ["run.replicas=200", *sets])
    replicas = range(resolved.replicas)
    return forecast(resolved, run(resolved, replicas), replicas)


def test_a_scenario_does_not_differ_from_itself() -> None:
    same = made("llama-65b")
    for row in differences(same, same):
        assert row.difference.mean == 0.0
        assert row.probability_lower == 0.5
        assert row.variance_ratio is None


def test_pairing_removes_noise_when_only_the_interval_changes() -> None:
    rows = differences(made("llama-65b"), made("llama-65b", "checkpoint.interval=30 min"))
    assert tuple(row.quantity for row in rows) == QUANTITIES
    days = rows[0]
    assert days.difference.mean < 0
    assert days.estimate.low < days.estimate.mean < days.estimate.high
    assert days.pairing_ratio is not None
    assert days.pairing_ratio > 2


def test_a_discount_makes_every_replica_cheaper() -> None:
    dollars = differences(made("what-if-rent"), made("what-if-negotiate"))[1]
    assert dollars.probability_lower == 1.0
    assert dollars.estimate.high < 0


def test_replicas_that_cannot_be_paired_are_refused() -> None:
    with pytest.raises(ValueError, match="have to be equal to be paired"):
        differences(made("llama-65b"), made("llama-65b", "run.seed=2"))


def test_the_variance_ratio_is_that_of_independent_draws() -> None:
    stream = np.random.default_rng(5)
    a, b = stream.normal(size=(2, 100_000))
    found = difference("usd", a, b)
    assert found.pairing_ratio == pytest.approx(1.0, abs=0.02)
    assert found.variance_ratio == pytest.approx(1.0, abs=0.02)


def command(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["compare", *arguments, "--replicas", "50"])


def test_the_command_pairs_all_with_the_first_and_says_why() -> None:
    result = command("what-if-rent", "what-if-negotiate", "llama-65b", "--json")
    assert result.exit_code == 0
    facts = json.loads(result.stdout)
    assert [scenario["seed"] for scenario in facts["scenarios"]] == [1, 1, 1]
    assert [row["b"] for row in facts["comparisons"]] == ["what-if-negotiate", "llama-65b"]
    for row in facts["comparisons"]:
        dollars = next(each for each in row["differences"] if each["quantity"] == "usd")
        parts = [part["effects"]["usd"] for part in row["attribution"]["parts"]]
        assert sum(parts) == pytest.approx(dollars["difference"]["mean"], rel=1e-9)


def test_one_scenario_is_compared_with_itself_changed() -> None:
    result = command("llama-65b", "--set-b", "checkpoint.interval=30 min", "--no-why", "--workers", "2")
    assert result.exit_code == 0
    assert "B is cheaper in" in result.stdout
    assert "Dollars of B: $3.93" in result.stdout
    assert "Shapley" not in result.stdout


@pytest.mark.parametrize(("wide", "narrow"), [("llama-65b", "vela-13b"), ("llama3-405b", "llama-65b")])
def test_no_name_and_no_number_is_cut_on_a_narrow_screen(
    wide: str, narrow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {}
    for columns in ("200", "80", "50"):
        monkeypatch.setenv("COLUMNS", columns)
        said[columns] = command(wide, narrow, "--no-why").stdout
        assert "…" not in said[columns]
        assert all(len(line) <= int(columns) for line in said[columns].splitlines())
    table = said["200"].split("noise\n")[1].split("B is cheaper")[0]
    assert set(table.split()) <= set(re.split(r"[\s;]+", said["80"]))


def test_workers_do_not_change_a_byte() -> None:
    one, two = (command("llama-65b", "vela-13b", "--json", "--no-why", "--workers", count) for count in "12")
    assert one.stdout == two.stdout


@pytest.mark.parametrize("arguments", [["llama-65b"], ["llama-65b", "llama-65c"], ["llama-65b", "--set-b", "x=1"]])
def test_what_cannot_be_compared_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with patch.object(sys, "argv", ["flopcast", "compare", *arguments]), pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err
    assert "Traceback" not in shown.err


@given(st.floats(0, 1), st.integers(1, 10**6))
def test_the_interval_of_a_probability_holds_it(share: float, count: int) -> None:
    low, high = wilson(share, count)
    assert 0 <= low <= high <= 1
    assert low <= share + 1e-9
    assert high >= share - 1e-9
