"""Paired differences: what pairing means, and what it refuses."""

import numpy as np
import pytest

from analysis.metrics.forecast import Forecast, forecast
from analysis.study.compare import QUANTITIES, difference, differences
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
    assert days.low < days.difference.mean < days.high
    assert days.variance_ratio is not None
    assert days.variance_ratio > 2


def test_a_discount_makes_every_replica_cheaper() -> None:
    dollars = differences(made("what-if-rent"), made("what-if-negotiate"))[1]
    assert dollars.probability_lower == 1.0
    assert dollars.high < 0


def test_replicas_that_cannot_be_paired_are_refused() -> None:
    with pytest.raises(ValueError, match="have to be equal to be paired"):
        differences(made("llama-65b"), made("llama-65b", "run.seed=2"))


def test_the_variance_ratio_is_that_of_independent_draws() -> None:
    stream = np.random.default_rng(5)
    a, b = stream.normal(size=(2, 100_000))
    ratio = difference("usd", a, b).variance_ratio
    assert ratio == pytest.approx(1.0, abs=0.02)
