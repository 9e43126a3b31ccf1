"""What a scenario says of slow machines, verified saves and jobs that go on with fewer replicas."""

import numpy as np
import pytest

from simulator.engine.run import choose, run
from tests.unit.scenario.maker import Maker

OWN = "[failures.causes.hardware]\n"
SHRINK = ["recovery.policy=shrink", "recovery.group=8", "cluster.spares=0"]


def test_slow_machines(made: Maker) -> None:
    [cause] = made(OWN + "kind = 'slow'\nslowdown = 0.3\n").causes
    assert (cause.slowdown, cause.detection_s) == (0.3, 60)
    found = made(OWN + "kind = 'slow'\n")
    assert found.causes[0].slowdown == 0.2
    assert choose(found) == ("simulate", "machines that slow the job until they are found (hardware)")
    assert (
        "is for causes of the kind 'slow'" in made.issues(OWN + "slowdown = 0.3\n")["failures.causes.hardware.slowdown"]
    )


def test_rerouted_cables_slow_where_it_is_said_by_how_much(made: Maker) -> None:
    left_out = made("", "failures.catalogue=tpu-v4")
    assert "ici_cable" not in {cause.name for cause in left_out.causes}
    said = made("[failures.causes.ici_cable]\nslowdown = 0.05\ndetection = '1 d'\n", "failures.catalogue=tpu-v4")
    assert {cause.name: cause.slowdown for cause in said.causes}["ici_cable"] == 0.05


def test_verified_saves(made: Maker) -> None:
    found = made(OWN + "kind = 'silent'\n", "checkpoint.verify=30 s")
    assert found.stages[0].cycle.check_s == 30
    assert "verified" in choose(found)[1]
    both = made.issues("", "checkpoint.verify=30 s", "checkpoint.corrupt=0.1")
    assert "not modelled together" in both["checkpoint.verify"]


def test_policies(made: Maker) -> None:
    recovery = made("", *SHRINK, "recovery.batch=shrink").recovery
    assert (recovery.policy, recovery.group, recovery.batch, recovery.spares) == ("shrink", 8, "shrink", 0)
    planned = made("[parallelism]\ntensor = 4\npipeline = 2\n", "recovery.policy=replica", "recovery.stall=3 min")
    assert (planned.recovery.group, planned.recovery.stall_s) == (8, 180)
    assert "is missing" in made.issues("", "recovery.policy=replica")["recovery.group"]
    assert "nothing would be left" in made.issues("", "recovery.policy=shrink", "recovery.group=64")["recovery.group"]
    assert any("are used only with policy" in warning for warning in made("", "recovery.stall=1 min").warnings)
    assert any("changes nothing" in warning for warning in made("", *SHRINK, "cluster.spares=ample").warnings)


@pytest.mark.parametrize("sets", [SHRINK, ["checkpoint.verify=1 min"]])
def test_not_together_with_nodes_told_one_by_one(made: Maker, sets: list[str]) -> None:
    found = made.issues(OWN + "law = 'weibull'\nshape = 0.8\n", *sets)
    assert "not modelled together" in found["failures"]


def test_going_on_gains(made: Maker) -> None:
    """On one set of faults: a job that shrinks beats one that waits, and one that loses no work beats both."""
    hard = [
        "failures.rate_multiplier=20", "recovery.repair=12 h", "recovery.repair_law=constant", "cluster.spares=0",
        "data.tokens=100B tokens",
    ]  # fmt: skip
    elastic = ["recovery.group=8", "recovery.batch=shrink"]
    walls = [
        run(made("", *hard, *sets), range(20)).wall_s
        for sets in ([], ["recovery.policy=shrink", *elastic], ["recovery.policy=replica", *elastic])
    ]
    assert np.mean(walls[0]) > np.mean(walls[1]) > np.mean(walls[2])
