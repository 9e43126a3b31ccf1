"""Plans against brute force."""

from itertools import product
from math import inf

import numpy as np
import pytest

from analysis.study import plan as planning
from analysis.study.evaluate import sampled
from analysis.study.executor import Here
from analysis.study.plan import Candidate, Planned, Wish, bindings, front, plan
from analysis.study.space import dimension
from simulator.foundation.issues import ScenarioError
from simulator.scenario.api import load, scenario

REPLICAS = 60
SPACES = [
    ("llama-65b", ["cluster.accelerators=[512, 1024, 2048]", "cluster.spares=[1, 4]"], Wish(days=50)),
    ("llama-65b", ["cluster.accelerators=range(1024, 4096, 1024)"], Wish(usd=4.4e6)),
    ("llama-65b", ["cluster.accelerators=[1024, 2048, 4096]", "cluster.spares=[0, 2]"], Wish(days=40, usd=4.5e6)),
    ("llama-65b", ["checkpoint.interval=logrange(10 min, 240 min, 4)"], Wish(days=22.2)),
    ("llama-65b", ["pricing.discount=[0.2, 0.5]", "cluster.accelerators=[1024, 3072]"], Wish(days=30, confidence=0.5)),
    ("what-if-negotiate", ["cluster.spares=[0, 1, 2, 3, 4]"], Wish(days=23, usd=3e6)),
    ("opt-175b", ["cluster.spares=[2, 4, 8, 16]", "checkpoint.interval=['60 min', '120 min']"], Wish(days=70)),
    ("vela-13b", ["cluster.accelerators=[64, 128, 256]"], Wish(days=1)),
    ("llama-65b", ["failures.catalogue=['rsc-1', 'rsc-2']", "cluster.spares=[0, 3]"], Wish(usd=1)),
    ("llama-65b", ["start=[2022-12-12, 2023-01-05]", "cluster.accelerators=[1024, 2048]"], Wish()),
]


def planned(name: str, decisions: list[str], wish: Wish) -> Planned:
    return plan(load(name), dict(map(dimension, decisions)), wish, Here(), replicas=REPLICAS)


@pytest.mark.parametrize(("name", "decisions", "wish"), SPACES)
def test_a_plan_equals_brute_force(name: str, decisions: list[str], wish: Wish) -> None:
    """Every combination by `--set`, one after the other, and the least dollars of what holds."""
    found = planned(name, decisions, wish)
    lists = [(text.partition("=")[0], values) for text in decisions for values in [dimension(text)[1]]]
    rows = []
    for point in product(*(values for _, values in lists)):
        sets = [f"{path}={value}" for (path, _), value in zip(lists, point, strict=True)]
        outcome, _ = sampled(scenario(name, [*sets, f"run.replicas={REPLICAS}"]))
        days, usd = (np.quantile(each, wish.confidence) for each in (outcome.wall_days, outcome.usd))
        rows.append((float(usd), float(days)))
    meeting = sorted(row for row in rows if row[1] <= wish.days and row[0] <= wish.usd)
    assert found.exhaustive
    assert len(found.candidates) == found.space == len(rows)
    assert (found.best is None) == (not meeting)
    if found.best is not None:
        assert (found.best.usd, found.best.days) == pytest.approx(meeting[0], rel=1e-9)
    front_rows = {
        row for row in rows if not any(o[0] <= row[0] and o[1] <= row[1] and o != row for o in rows)
    }  # fmt: skip
    assert sorted((each.usd, each.days) for each in found.front) == [pytest.approx(row) for row in sorted(front_rows)]


def test_finalists_are_confirmed_event_by_event() -> None:
    found = planned(*SPACES[0])
    assert found.finalists
    for each in found.finalists:
        assert each.days == pytest.approx(each.candidate.days, rel=1e-9)
        assert each.usd == pytest.approx(each.candidate.usd, rel=1e-9)


def candidate(days: float, usd: float) -> Candidate:
    return Candidate(values={}, days=days, usd=usd, mean_days=days, mean_usd=usd, basis="")


def test_the_front_and_what_binds() -> None:
    some = [candidate(10, 100), candidate(20, 50), candidate(21, 40), candidate(30, 45), candidate(40, 30)]
    ahead = front(some)
    assert [each.days for each in ahead] == [10, 20, 21, 40]

    def of(wish: Wish) -> Planned:
        return Planned(wish=wish, best=None, nearest=None, front=ahead, candidates=some, finalists=[], set_aside={},
                       space=5, exhaustive=True, replicas=10, seed=1, warnings=())  # fmt: skip

    deadline, budget = bindings(of(Wish(days=20, usd=60)))
    assert (deadline.bound, deadline.now, deadline.relaxed, deadline.free) == ("deadline", 50, 40, 30)
    assert (budget.bound, budget.now, budget.relaxed, budget.free) == ("budget", 20, 20, 10)
    assert not list(bindings(of(Wish(days=50, usd=200))))
    assert not list(bindings(of(Wish())))


def test_what_the_chosen_one_leaves_out_is_said() -> None:
    known = planned("llama-65b", ["pricing.rate=['$1/h', '$2/h']"], Wish())
    looked_up = planned("llama-65b", ["cluster.accelerators=[1024, 2048]"], Wish(days=1))
    assert looked_up.best is None
    assert any("the host is extra" in warning for warning in looked_up.warnings)
    assert not any("the host is extra" in warning for warning in known.warnings)


def test_candidates_that_cannot_be_are_set_aside_with_the_reason() -> None:
    found = planned("llama-65b", ["cluster.accelerators=[0, 1024, -8]"], Wish())
    assert len(found.candidates) + sum(found.set_aside.values()) == 3
    assert found.set_aside
    assert len(found.candidates) == 1
    with pytest.raises(ScenarioError, match="acclerators"):
        planned("llama-65b", ["cluster.acclerators=[1000, 1001]"], Wish())
    with pytest.raises(ScenarioError, match="a decision needs values"):
        planned("llama-65b", ["cluster.spares=uniform(1, 4)"], Wish())


def test_the_nearest_is_named_where_none_meets_the_wish() -> None:
    found = planned("llama-65b", ["cluster.accelerators=[1024, 2048]"], Wish(days=20))
    assert found.best is None
    assert found.nearest is not None
    assert found.nearest.values == {"cluster.accelerators": 2048}
    assert Wish(days=20).excess(found.nearest.days, found.nearest.usd) == pytest.approx(found.nearest.days / 20 - 1)
    assert Wish().excess(1e9, inf) == -1.0


def test_a_large_space_is_searched_by_optuna(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("optuna", reason="optuna comes with the extra [stats]")
    decisions = dict(map(dimension, ["cluster.accelerators=range(512, 4096, 256)", "cluster.spares=range(0, 6, 1)"]))
    wish = Wish(days=30)
    whole = plan(load("llama-65b"), decisions, wish, Here(), replicas=20)
    monkeypatch.setattr(planning, "EXHAUSTIVE", 50)
    some = plan(load("llama-65b"), decisions, wish, Here(), replicas=20, trials=60)
    assert whole.best is not None
    assert some.best is not None
    assert not some.exhaustive
    assert len(some.candidates) < len(whole.candidates)
    assert whole.best.usd <= some.best.usd <= 1.02 * whole.best.usd


def test_a_candidate_that_cannot_be_is_set_aside_once_however_often_it_is_proposed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twelve proposals of two candidates, one of which no catalogue knows."""
    pytest.importorskip("optuna", reason="optuna comes with the extra [stats]")
    decisions = dict([dimension("failures.catalogue=['rsc-1', 'nowhere']")])
    monkeypatch.setattr(planning, "EXHAUSTIVE", 1)
    some = plan(load("llama-65b"), decisions, Wish(days=30), Here(), replicas=4, trials=12)
    assert [each.values for each in some.candidates] == [{"failures.catalogue": "rsc-1"}]
    assert list(some.set_aside.values()) == [1]
