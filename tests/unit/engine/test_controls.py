"""Control variates of a run: which there are, and that they belong to a replica wherever it is asked for."""

import numpy as np
import pytest

from simulator.engine.controls import KINDS, controls
from simulator.engine.estimate import BATCH
from simulator.engine.run import run
from simulator.scenario.api import scenario


@pytest.mark.parametrize(
    ("name", "sets", "kinds"),
    [
        ("llama-65b", (), set(KINDS)),
        ("what-if-negotiate", (), {*KINDS, "discount"}),
        ("llama-65b", ("throughput.spread=0.05",), {*KINDS, "speed"}),
        ("llama-65b", ("failures.rate_uncertainty=poisson",), {*KINDS, "failure rates"}),
        ("llama-65b-seed", (), set()),
        ("airesim-default", (), set()),
    ],
)
def test_there_are_as_many_as_there_is_luck_of_known_mean(name: str, sets: tuple[str, ...], kinds: set[str]) -> None:
    assert set(controls(scenario(name, list(sets)), range(3))) == kinds


@pytest.mark.parametrize("name", ["palm-540b", "what-if-negotiate"])
def test_a_replica_has_the_same_in_any_company(name: str) -> None:
    case = scenario(name)
    whole, some = controls(case, range(BATCH - 10, BATCH + 20)), controls(case, range(BATCH - 3, BATCH + 5))
    for kind, arrays in some.items():
        for many, few in zip(whole[kind], arrays, strict=True):
            np.testing.assert_allclose(few, many[7:15], rtol=1e-12, atol=1e-12)


def test_each_size_of_machine_has_its_own() -> None:
    case = scenario("palm-540b")
    sizes = {stage.accelerators for stage in case.stages}
    assert len(sizes) > 1
    assert all(len(arrays) == len(sizes) for kind, arrays in controls(case, range(2)).items() if kind in KINDS)


@pytest.mark.parametrize("exposure", ["A", "B", "C"])
def test_they_follow_the_run(exposure: str) -> None:
    """Stops and lost work explain nearly all of how long a run takes, whichever parts are exposed."""
    case, replicas = scenario("llama-65b", [f"failures.exposure={exposure}"]), range(500)
    known = controls(case, replicas)
    design = np.column_stack([np.ones(500), *known["stops"], *known["lost work"]])
    wall_s = run(case, replicas).wall_s
    left = wall_s - design @ np.linalg.lstsq(design, wall_s, rcond=None)[0]
    assert left.var() < 0.08 * wall_s.var()
