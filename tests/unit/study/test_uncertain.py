"""The standing inputs, and paths of the user's own."""

import pytest

from analysis.study.executor import Here
from analysis.study.sensitivity import Runner, tornado
from analysis.study.space import dimension
from analysis.study.uncertain import Model, Point, of_path, standing
from simulator.foundation.issues import ScenarioError
from simulator.reliability.attempt import Cycle, Durable
from simulator.scenario.api import load, resolve
from tests import factories


def test_standing_inputs_are_those_that_the_scenario_has() -> None:
    names = [each.name for each in standing(resolve(load("llama-65b")))]
    quiet = [each.name for each in standing(resolve(load("llama-65b", sets=["failures.enabled=false"])))]
    assert names == [
        "speed of a step",
        "failure rate",
        "detection time",
        "restart time",
        "repair time",
        "blocking time of a save",
        "price",
    ]
    assert set(quiet) == {"speed of a step", "blocking time of a save", "price"}
    assert all(each.source for each in standing(resolve(load("llama-65b"))))


@pytest.mark.parametrize(
    ("name", "scenario", "path", "low", "high"),
    [
        ("failure rate", "llama-65b", "failures.rate_multiplier", "0.5", "2.0"),
        ("price", "what-if-negotiate", "pricing.discount", "0.8", "0.5"),
    ],
)
def test_a_standing_input_does_what_its_path_does(name: str, scenario: str, path: str, low: str, high: str) -> None:
    loaded = load(scenario, sets=["run.replicas=64"])
    each = next(item for item in standing(resolve(loaded)) if item.name == name)
    found = tornado(Model(loaded, [each]), Runner(Here(), 64)).swings[0]
    for text, figures in ((low, found.low), (high, found.high)):
        written = load(scenario, sets=["run.replicas=64", f"{path}={text}"])
        base = tornado(Model(written, []), Runner(Here(), 64)).base
        assert figures == pytest.approx(base, rel=1e-12)


def test_a_save_that_blocks_less_waits_for_the_flush_before() -> None:
    """A flush of 150 s beside 100 s of work: half of 60 s would begin the next 20 s before it has ended."""
    sets = ["checkpoint.policy=periodic", "checkpoint.interval=100 s", "checkpoint.mode=asynchronous",
            "checkpoint.save_time=150 s", "checkpoint.blocking_time=60 s", "checkpoint.flush_slowdown=0"]  # fmt: skip
    run = resolve(load("llama-65b", sets=sets))
    move = next(item.move for item in standing(run) if item.name == "blocking time of a save")
    assert move is not None
    blocking_s = [move(Point(run), share).scenario.stages[0].cycle.write_s for share in (0.0, 0.5, 1.0)]
    assert blocking_s == pytest.approx([50.0, 60.0, 120.0], abs=1e-5)


def test_the_durable_flush_is_waited_for_as_well() -> None:
    """Three cycles of 10 s and their saves, then a durable flush of 33 s: each of the three blocks for 1 s."""
    durable = Durable(every=3, flush_s=33.0)
    run = factories.scenario(factories.stage(100.0, cycle=Cycle(work_s=10.0, write_s=1.5, durable=durable)))
    move = next(item.move for item in standing(run) if item.name == "blocking time of a save")
    assert move is not None
    assert move(Point(run), 0.0).scenario.stages[0].cycle.write_s == pytest.approx(1.0, abs=1e-5)


def test_a_tornado_is_sorted_by_dollars() -> None:
    loaded = load("llama-65b", sets=["run.replicas=200"])
    found = tornado(Model(loaded, standing(resolve(loaded))), Runner(Here(), 200))
    widths = [abs(swing.of("usd")) for swing in found.swings]
    assert widths == sorted(widths, reverse=True)
    speed = next(swing for swing in found.swings if swing.input.name == "speed of a step")
    assert speed.low["wall_days"] > found.base["wall_days"] > speed.high["wall_days"]
    price = next(swing for swing in found.swings if swing.input.name == "price")
    assert price.low["usd"] == pytest.approx(0.8 * found.base["usd"])
    assert price.low["wall_days"] == found.base["wall_days"]


def test_paths_need_an_interval() -> None:
    with pytest.raises(ScenarioError, match="interval"):
        of_path(*dimension("cluster.spares=[1, 2]"))
    own = of_path(*dimension("failures.rate_multiplier=uniform(0.5, 2.0)"))
    assert (own.low, own.high) == ("0.5", "2.0")
