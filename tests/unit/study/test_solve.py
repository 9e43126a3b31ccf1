"""Inverse questions against the closed forms that have the answer."""

import pytest

from analysis.metrics.forecast import samples
from analysis.study import compare
from analysis.study.goal import goal
from analysis.study.solve import Solution, solve
from analysis.study.space import dimension
from analysis.study.worth import LEVERS, worth
from simulator.engine.run import run
from simulator.foundation.issues import ScenarioError
from simulator.reliability.expected import segment_s
from simulator.scenario.api import load, resolve
from simulator.scenario.load import Loaded
from simulator.scenario.values import Scenario

SETS = (
    "failures.catalogue=none",
    "failures.causes.stop.rate_per_1000_node_days=6.5",
    "failures.causes.stop.nodes_lost=0",
    "failures.causes.stop.detection=1 min",
    "checkpoint.mode=blocking",
    "checkpoint.save_time=1 min",
    "recovery.initialization=0 s",
    "recovery.restore=5 min",
    "recovery.startup=0 s",
    "run.seed=5",
    "run.replicas=1600",
)


def scenario(*sets: str) -> Loaded:
    return load("llama-65b", sets=[*SETS, *sets])


def solved(text: str, wanted: str, *sets: str) -> Solution:
    return solve(scenario(*sets), *dimension(text), goal(wanted))


def goodput(rate_per_1000_node_days: float, *, restore_s: float = 300.0) -> float:
    """Model A of theory/reliability.md section 1, hourly blocking saves of a minute, 256 nodes."""
    mtbf_s = 1000 * 86400.0 / rate_per_1000_node_days / 256
    whole_s = segment_s(3600.0, 60.0, mtbf_s=mtbf_s, down_s=60.0, recovery_s=restore_s, exposure="A")
    return 3600.0 / whole_s


def test_the_failure_rate_at_which_goodput_falls_short() -> None:
    found = solved("failures.causes.stop.rate_per_1000_node_days=uniform(1.0, 40.0)", "goodput >= 0.9")
    low, high = 1.0, 40.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if goodput(middle) >= 0.9 else (low, middle)
    assert found.crossings == 1
    assert found.low < low < found.high
    assert found.value == pytest.approx(low, rel=0.02)
    assert found.figure == pytest.approx(0.9, abs=2e-4)


def test_the_restore_time_that_a_goal_allows() -> None:
    found = solved("recovery.restore=uniform(0 min, 300 min)", "goodput >= 0.8")
    allowed = float(str(found.value).split()[0]) * 60
    assert goodput(6.5, restore_s=allowed) == pytest.approx(0.8, abs=0.002)


def test_whole_numbers_and_lists_are_solved_too() -> None:
    found = solved("cluster.accelerators=range(1024, 4096, 64)", "days_p90 <= 30 d")
    tried = dict(found.tried)
    assert isinstance(found.value, int)
    assert found.figure is not None
    assert found.figure <= 30.0 < tried[found.value - 64]
    assert solved("failures.exposure=['A', 'C']", "days <= 30 d").always


def test_goals_that_hold_always_or_never() -> None:
    always = solved("failures.rate_multiplier=uniform(0.5, 2)", "days <= 300 d")
    never = solved("failures.rate_multiplier=uniform(0.5, 2)", "days <= 3 d")
    assert (always.always, always.value) == (True, None)
    assert (never.always, never.value) == (False, None)
    assert len(never.tried) == len(always.tried) == 9


def test_ends_between_which_a_run_would_never_end_are_refused_in_words() -> None:
    with pytest.raises(ScenarioError, match="would not end"):
        solved("failures.rate_multiplier=loguniform(1, 100000)", "days <= 40 d", "run.replicas=4")


def test_levers_move_the_way_that_they_should() -> None:
    found = {each.lever: each for each in worth(load("llama-65b", sets=["run.replicas=2000"]))}
    assert found.keys() == LEVERS.keys()
    for name in LEVERS:
        saved = -found[name].of("usd").difference.mean
        assert (saved < 0) == (name == "one more spare node"), name
    spare = found["one more spare node"].of("usd").difference.mean
    days = found["one more spare node"].of("wall_days").b
    assert spare == pytest.approx(
        8 * 24 * 3.93 * days, rel=1e-3
    )  # spares hardly ever run out: its hours are all it costs


def test_what_is_known_of_the_scenario_itself_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its control variates take longer than a run; each lever has those of its own."""
    asked, true = [], compare.controls

    def counted(scenario: Scenario, replicas: range) -> compare.Controls:
        asked.append(scenario)
        return true(scenario, replicas)

    monkeypatch.setattr(compare, "controls", counted)
    found = worth(load("llama-65b", sets=["run.replicas=20"]))
    assert len(found) > 2
    assert len(asked) == 1 + len(found)


def test_levers_that_a_scenario_lacks_are_left_out() -> None:
    quiet = load("llama-65b", sets=["failures.enabled=false", "run.replicas=10"])
    assert [each.lever for each in worth(quiet)] == [
        "one more spare node",
        "half the restart time",
        "twice the storage bandwidth",
    ]


def test_a_stated_time_of_a_save_leaves_nothing_to_bandwidth() -> None:
    """The save would take as long at twice the bandwidth; what the restore alone gains is no worth of bandwidth."""
    stated = load("llama-65b", sets=["checkpoint.mode=blocking", "checkpoint.save_time=40 s", "run.replicas=10"])
    assert "twice the storage bandwidth" not in {each.lever for each in worth(stated)}


def test_an_interval_covers_the_pasts_of_a_busy_cluster() -> None:
    """Longer swaps eat what a short wait has left; how long one may be is as unsure as the mean wait of eight pasts."""
    sets = ["shared.accelerators=288", "cluster.spares=ample", "shared.replications=8", "failures.rate_multiplier=10"]
    loaded = load("vela-13b", sets=[*sets, "run.replicas=128", "run.seed=3"])
    found = solve(loaded, *dimension("recovery.swap=uniform(0 min, 3000 min)"), goal("finish_days <= 80 d"))
    case, replicas = resolve(loaded), range(128)
    lived = samples(case, run(case, replicas), replicas)
    waits = lived.start_delay_days[:8]
    unsure_days = 2.3646 * waits.std(ddof=1) / 8**0.5
    assert unsure_days > 0.2
    least, most = (
        float(str(value).split()[0]) * float(lived.interruptions.mean()) / 1440 for value in (found.low, found.high)
    )
    assert (most - least) / 2 == pytest.approx(unsure_days, rel=0.4)
