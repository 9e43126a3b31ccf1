"""Life cycles as text: what they mean, and every mistake with its place and what would be right."""

from pathlib import Path

import pytest

from simulator.foundation.issues import ScenarioError
from simulator.scenario.api import check, is_life_alone, life, load, resolved_toml, scenario
from simulator.scenario.load import shipped_lives
from simulator.workload.stages import KINDS, Estimate, Lasting, MachineTime, OfTheRun, Serving, TheRun
from tests.toml_files import write

BASE = """
[lifecycle.teams.data]
people = 2
pay = "$100000"
[lifecycle.machines.cores]
count = 64
rate = "$0.05/h"
[lifecycle.stages.collect]
kind = "collect"
people = { data = 1 }
duration = ["10 d", "20 d", "40 d"]
[lifecycle.stages.prepare]
kind = "prepare"
after = ["collect"]
machines = "cores"
count = 64
tokens = "1T tokens"
"""


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ScenarioError) as raised:
        life(write(folder, BASE + text))
    return [str(issue) for issue in raised.value.issues]


def test_what_is_written_is_what_is_meant(tmp_path: Path) -> None:
    found = life(write(tmp_path, BASE))
    collect, prepare = found.stages
    assert collect.work == Lasting(duration=Estimate(10 * 86400.0, 20 * 86400.0, 40 * 86400.0))
    assert prepare.work == MachineTime(machine_s=Estimate(*[pytest.approx(1e12 / 168e3)] * 3))
    assert found.plan.names == ("collect", "prepare")
    assert found.plan.needs == ({0: 1}, {1: 64})
    assert any("168000 tokens/s" in fact.value and fact.evidence == "D" for fact in found.assumptions)
    assert found.start.isoformat() == "2026-01-01"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[lifecycle.stages.collect]\nafter = ["prepare"]', "Cannot declare"),
        ('[lifecycle.stages.x]\nkind = "tran"\nduration = "1 d"', "did you mean 'train'"),
        ("[lifecycle.stages.x]\nkind = 'train'", "how long does it last? state one of duration, machine_time"),
        ('[lifecycle.stages.x]\nduration = "1 d"\nmachine_time = "1 h"', "contradicts duration"),
        ('[lifecycle.stages.x]\nduration = "1 d"\nafter = ["colect"]', "did you mean 'collect'"),
        ('[lifecycle.stages.x]\nduration = "1 d"\npeople = { dat = 1 }', "did you mean 'data'"),
        ('[lifecycle.stages.x]\nduration = "1 d"\npeople = { data = 3 }', "3 people, but the team has 2"),
        ('[lifecycle.stages.x]\nmachine_time = "1 h"\nmachines = "core"\ncount = 1', "did you mean 'cores'"),
        ('[lifecycle.stages.x]\nmachine_time = "1 h"\nmachines = "cores"\ncount = 65', "but the pool has 64"),
        ('[lifecycle.stages.x]\nmachine_time = "1 h"', "needs machines, a pool of lifecycle.machines, and count"),
        ('[lifecycle.stages.x]\nduration = ["3 d", "2 d", "4 d"]', "does not rise"),
        ('[lifecycle.stages.x]\nduration = ["3 d", "4 d"]', "found a list of 2"),
        ('[lifecycle.stages.x]\nmultiple = 3\nmachines = "cores"\ncount = 1', "no stage says run = true"),
        ("[lifecycle.teams.x]\npeople = 1", "lifecycle.teams.x.pay: is missing"),
        ("[lifecycle.machines.x]\ncount = 1", "lifecycle.machines.x.rate: is missing"),
        ('[lifecycle.machines.x]\naccelerator = "h100-sxm"\nprovider = "mars"', "provider 'mars' is not known"),
        ('[lifecycle.stages.x]\nkind = "serve"\nserving = { months = 1, written = "1B tokens" }', "neither or both"),
        ('[lifecycle.stages.x]\nduration = "1 d"\npepole = { data = 1 }', "did you mean 'people'"),
        ('[lifecycle.stages.x]\nduration = "999 years"\n[lifecycle.stages.y]\nduration = "9 years"', "1.01e+03 years"),
        (
            '[lifecycle.stages.x]\nmachine_time = "9 h"\nmachines = "cores"\ncount = 1\n[run]\nreplicas = 2000000',
            "too many for a life cycle",
        ),
        (
            '[lifecycle.stages.x.serving]\nmonths = 90\ngrowth = 1\nwritten = "1M tokens"\nusd_per_m_written = "$1"',
            "more than a million times as large",
        ),
        ('[lifecycle.quality]\narchitecture = "nowhere.json"\ntokens = "1T tokens"', "cannot be read"),
        ('[lifecycle.machines.x]\naccelerator = "h100-sxm"', "the price of x has a date; write start"),
        ("[lifecycle.teams.x]\npeople = 0\npay = '$1'", "the least is 1"),
    ],
)
def test_each_mistake_is_said_in_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    found = problems(tmp_path, text)
    assert any(message in each for each in found) or "not TOML" in found[0]
    assert all("mine.toml" in each for each in found)


def test_a_circle_is_refused_with_one_message(tmp_path: Path) -> None:
    [found] = problems(
        tmp_path,
        """
        [lifecycle.stages.a]
        duration = "1 d"
        after = ["c"]
        [lifecycle.stages.b]
        duration = "1 d"
        after = ["a"]
        [lifecycle.stages.c]
        duration = "1 d"
        after = ["b"]
        """.replace("        ", ""),
    )
    assert "stages wait for each other in a circle: " in found
    names = found.rsplit(": ", 1)[1].split(" -> ")
    assert len(names) == 4
    assert names[0] == names[-1]
    assert set(names) == {"a", "b", "c"}


def test_a_stage_that_waits_for_itself(tmp_path: Path) -> None:
    [found] = problems(tmp_path, '[lifecycle.stages.a]\nduration = "1 d"\nafter = ["a"]')
    assert "a -> a" in found


def test_fine_tuning_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    [found] = problems(
        tmp_path,
        """
[lifecycle.machines.h100]
accelerator = "h100-sxm"
rate = "$2/h"
[lifecycle.stages.tune]
kind = "align"
machines = "h100"
count = 1
fine_tuning = { method = "full", architecture = "llama-2-70b", tokens = "1B tokens", mfu = "30 %" }
""",
    )
    assert "cannot hold 69B parameters for full fine-tuning; the least is 10" in found


@pytest.mark.parametrize(("start", "warned"), [("2025-06-01", False), ("2028-01-01", True)])
def test_an_old_price_of_a_pool_is_said_as_elsewhere(tmp_path: Path, start: str, *, warned: bool) -> None:
    (tmp_path / "x.toml").write_text(f"""
title = "A stage on rented machines"
start = {start}
[lifecycle.machines.h100]
accelerator = "h100-sxm"
provider = "aws"
count = 8
[lifecycle.stages.x]
machine_time = "9 h"
machines = "h100"
count = 8
""")
    said = (
        "The machines of lifecycle.machines.h100 are priced for 2028-01-01, more than a year after the day of its price"
    )
    assert any(warning.startswith(said) for warning in life(tmp_path / "x.toml").warnings) == warned


def test_kinds_of_work_of_the_shipped_life() -> None:
    found = {stage.name: stage for stage in life("life-of-a-13b").stages}
    assert isinstance(found["train"].work, TheRun)
    assert found["experiment"].work == OfTheRun(multiple=Estimate(1.5, 3.0, 5.6))
    assert isinstance(found["serve"].work, Serving)
    assert found["evaluate"].work == MachineTime(machine_s=Estimate(540 * 3600.0, 1500 * 3600.0, 4200 * 3600.0))
    assert {stage.kind for stage in found.values()} == set(KINDS) - {"other"}


def test_every_figure_of_the_shipped_lives_has_a_source() -> None:
    """Each stage, team and pool says where it comes from, or takes it from the catalogue or the run."""
    for name in ("life-of-a-13b", "life-in-20-stages", *shipped_lives()):
        found = life(name, ["run.replicas=1"])
        known = {tuple(fact.path.split(".")[1:3]) for fact in found.assumptions}
        wanted = {("stages", stage.name) for stage in found.stages if not isinstance(stage.work, TheRun)}
        wanted |= {("teams", team.name) for team in found.teams} | {("machines", pool.name) for pool in found.pools}
        assert wanted <= known


def test_a_life_without_a_run_says_so() -> None:
    assert is_life_alone(load("choices/api"))
    assert not is_life_alone(load("life-of-a-13b"))
    with pytest.raises(ScenarioError, match="flopcast lifecycle forecasts it"):
        scenario("choices/api")
    with pytest.raises(ScenarioError, match="this scenario has no life cycle"):
        life("llama-65b")


def test_the_run_of_a_life_is_the_same_run() -> None:
    """The section changes nothing about the training run, and the run says that it is not all."""
    alone, inside = scenario("vela-13b"), check("life-of-a-13b")
    assert inside.fingerprint == alone.fingerprint
    assert any("flopcast lifecycle" in warning for warning in inside.warnings)
    assert not any("flopcast lifecycle" in warning for warning in life("life-of-a-13b").warnings)


def test_the_quality_is_that_of_the_model_that_all_rests_on() -> None:
    api, tuned, trained = (life(f"choices/{name}").quality for name in ("api", "full", "train"))
    assert api.loss is None
    assert api.met is None
    assert tuned.loss == pytest.approx(2.029, abs=0.001)
    assert trained.loss == tuned.loss
    assert trained.met is True
    worse = life("choices/train", ["data.tokens=300B tokens"]).quality
    assert worse.met is False


def test_written_out_it_loads_again(tmp_path: Path) -> None:
    text = resolved_toml(scenario("life-of-a-13b"))
    again = life(write(tmp_path, text))
    assert again.stages == life("life-of-a-13b").stages
    assert again.plan == life("life-of-a-13b").plan
