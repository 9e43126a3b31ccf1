"""The life cycle's door: the benchmark's size and speed, both engines, and draws that belong to stages."""

import time
from dataclasses import replace

import numpy as np
import pytest

from analysis.metrics.lifecycle import life_forecast
from simulator.engine.lifecycle_run import run_life, serve
from simulator.scenario.api import life
from simulator.scenario.life import MONTH_S, LifeCycle
from simulator.workload.stages import Estimate, LifeStage, Serving

CHOICES = ("train", "full", "lora", "qlora", "api")


@pytest.fixture(scope="module")
def large() -> LifeCycle:
    return life("life-in-20-stages")


def test_a_thousand_lives_of_20_stages_take_less_than_two_seconds(large: LifeCycle) -> None:
    assert len(large.stages) == 20
    assert len(large.teams) == 5
    assert large.replicas == 1000
    service = next(stage.work for stage in large.stages if isinstance(stage.work, Serving))
    assert service.months == 36
    began = time.perf_counter()
    found = life_forecast(large, run_life(large))
    assert time.perf_counter() - began < 2.0
    assert found.usd.p10 < found.usd.p50 < found.usd.p90


@pytest.mark.parametrize("name", ["life-in-20-stages", "life-of-a-13b", "choices/train", "choices/api"])
def test_both_engines_agree_on_shipped_lives(name: str) -> None:
    small = replace(life(name, ["run.replicas=40"]), engine="auto")
    batch, events = run_life(small), run_life(replace(small, engine="simulate"))
    assert (batch.engine, events.engine) == ("estimate", "simulate")
    np.testing.assert_allclose(batch.start_s, events.start_s, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(batch.finish_s, events.finish_s, rtol=1e-12, atol=1e-9)


def test_ways_to_one_end_share_the_luck_of_equal_stages() -> None:
    api, qlora = (run_life(life(f"choices/{name}", ["run.replicas=50"])) for name in ("api", "qlora"))
    for what in ("read", "written"):
        assert api.shares["serve", what].tolist() == qlora.shares["serve", what].tolist()
    assert api.shares["serve", "read"].tolist() != api.shares["serve", "written"].tolist()


def test_replicas_are_the_same_however_many_there_are(large: LifeCycle) -> None:
    few, many = (run_life(replace(large, run=None if large.run is None else replace(large.run, replicas=count),
                                  replicas=count)) for count in (20, 60))  # fmt: skip
    assert few.finish_s.tolist() == many.finish_s[:, :20].tolist()


def test_demand_grows_by_the_month_and_machines_stand_by() -> None:
    certain = Estimate(100.0, 100.0, 100.0)
    work = Serving(
        months=3,
        read_per_month=Estimate(0.0, 0.0, 0.0),
        written_per_month=certain,
        growth=1.0,
        machine_s_per_written=Estimate(MONTH_S, MONTH_S, MONTH_S),
        utilisation=0.5,
        at_least=300.0,
    )
    stage = LifeStage(name="serve", kind="serve", work=work)
    shares = {("serve", what): np.array([0.5]) for what in ("read", "written", "read_cost", "written_cost")}
    usd, machine_s = serve(stage, shares)
    assert usd.tolist() == [0.0]
    assert machine_s / MONTH_S == pytest.approx(300 + 400 + 800)  # 200 needed in the first month, 300 stand by
    assert serve(stage, shares, 2.0)[1] / MONTH_S == pytest.approx(400 + 800 + 1600)
