"""Inverse questions about a run that waits on a shared cluster count its days from the submission where they say so."""

import numpy as np
import pytest
from typer.testing import CliRunner

from analysis.cli.main import app
from analysis.study.evaluate import sampled
from analysis.study.executor import Here
from analysis.study.goal import figure, goal
from analysis.study.plan import Wish, plan
from analysis.study.space import dimension
from simulator.scenario.api import load, scenario

SMALL = ["cluster.accelerators=256", "shared.accelerators=512", "shared.replications=3", "shared.busy=3 d",
         "run.replicas=6"]  # fmt: skip


def test_a_plan_holds_its_deadline_from_the_submission():
    decisions = dict([dimension('checkpoint.interval=["30 min", "1 h"]')])
    found = plan(load("llama-65b-shared", sets=SMALL), decisions, Wish(confidence=0.5), Here(), replicas=6)
    assert len(found.candidates) == 2
    for candidate in found.candidates:
        sets = [f'{path}="{value}"' for path, value in candidate.values.items()]
        outcome, _ = sampled(scenario("llama-65b-shared", [*SMALL, *sets]))
        assert candidate.days == pytest.approx(np.quantile(outcome.finish_days, 0.5))
        assert candidate.mean_days == pytest.approx(outcome.finish_days.mean())
        assert candidate.mean_days > outcome.wall_days.mean()


def test_a_goal_may_bound_the_wait_and_the_finish():
    asked = goal("finish_days_p90 <= 40 d")
    assert (asked.bound, asked.text) == (40.0, "finish_days_p90 <= 40 d")
    assert goal("start_delay_days <= 12 h").bound == 0.5
    waits, _ = sampled(scenario("llama-65b-shared", SMALL))
    parts = [figure(name).of(waits) for name in ("start_delay_days", "wall_days")]
    assert figure("finish_days").of(waits) == pytest.approx(sum(parts))
    assert parts[0] > 0
    alone, _ = sampled(scenario("llama-65b", ["cluster.accelerators=256", "run.replicas=6"]))
    assert figure("start_delay_days").of(alone) == 0
    assert figure("finish_days_p90").of(alone) == figure("days_p90").of(alone)


def test_a_sweep_says_what_its_days_leave_out(tmp_path):
    sets = [word for text in SMALL for word in ("--set", text)]
    varied = ["--over", 'checkpoint.interval=["30 min", "1 h"]', "--dry-run", "--out", str(tmp_path)]
    waits = CliRunner().invoke(app, ["sweep", "llama-65b-shared", *sets, *varied])
    assert waits.exit_code == 0, waits.output
    assert "Days count from the start of a run." in waits.stderr
    assert "shared cluster" not in CliRunner().invoke(app, ["sweep", "llama-65b", *varied]).stderr
