"""Plans: who is booked first, circles, and what counts as a limited resource."""

import pytest

from simulator.workload.stages import CycleError, Estimate, Lasting, LifeStage, Pool, Team, plan

ONE = Estimate(1.0, 1.0, 1.0)
TEAM = Team(name="t", people=1, usd_per_person_s=ONE)


def stage(name: str, *after: str, machines: str | None = None, count: int = 0, people: int = 0) -> LifeStage:
    return LifeStage(
        name=name,
        kind="other",
        work=Lasting(duration=ONE),
        after=after,
        people={"t": people} if people else {},
        machines=machines,
        count=count,
    )


def test_what_can_start_first_is_booked_first_whatever_the_order_of_the_file() -> None:
    stages = [stage("later", "gate", people=1), stage("gate"), stage("now", people=1)]
    made = plan(stages, [TEAM], [], {"later": 1.0, "gate": 10.0, "now": 1.0})
    assert made.names == ("gate", "now", "later")
    assert made.after == ((), (), (0,))
    assert made.needs == ({}, {0: 1}, {0: 1})


def test_the_file_settles_ties() -> None:
    for names in (["b", "a", "c"], ["c", "b", "a"]):
        made = plan([stage(name) for name in names], [], [], dict.fromkeys(names, 1.0))
        assert made.names == tuple(names)


def test_pools_without_a_limit_are_no_resource() -> None:
    pools = [Pool(name="few", count=8, usd_per_machine_s=ONE), Pool(name="many", count=None, usd_per_machine_s=ONE)]
    stages = [stage("a", machines="few", count=4), stage("b", machines="many", count=4000)]
    made = plan(stages, [TEAM], pools, {"a": 1.0, "b": 1.0})
    assert (made.resources, made.sizes) == (("t", "few"), (1, 8))
    assert made.needs == ({1: 4}, {})


def test_a_circle_names_its_stages() -> None:
    with pytest.raises(CycleError, match="in a circle: "):
        plan([stage("a", "b"), stage("b", "a"), stage("c")], [], [], {"a": 1.0, "b": 1.0, "c": 1.0})
