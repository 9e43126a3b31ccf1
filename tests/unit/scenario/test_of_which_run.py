"""Published figures and notes are of one run, and a provider is of one price: another does not inherit them."""

from pathlib import Path

import pytest

from analysis.metrics.dollars import basis
from simulator.scenario.api import resolved_toml, scenario
from tests.unit.scenario.maker import fact

OTHER = {
    "model": "[model]\narchitecture = 'llama-13b'\n",
    "tokens": "[data]\ntokens = '2T tokens'\n",
    "accelerators": "[cluster]\naccelerators = 1024\n",
    "accelerator": "[cluster]\naccelerator = 'h100-sxm'\n[pricing]\nrate = '$2/h'\n",
    "phases": "[[phases]]\naccelerators = 1024\n",
}
SAME = {
    "nothing": "",
    "price": "[pricing]\nrate = '$2/h'\n",
    "spares": "[cluster]\nspares = 3\n",
    "the same in other words": "[data]\ntokens = '1400B tokens'\n[cluster]\naccelerators = '2,048'\n",
}


def write(folder: Path, text: str, name: str = "child.toml", base: str = "llama-65b") -> Path:
    path = folder / name
    path.write_text(f"extends = '{base}'\n{text}", encoding="utf-8")
    return path


@pytest.mark.parametrize("change", OTHER.values(), ids=OTHER)
def test_another_run_inherits_no_published_figures(tmp_path: Path, change: str) -> None:
    found = scenario(write(tmp_path, change))
    assert found.published is None
    left = fact(found, "published.left_out")
    assert "accelerator_hours" in left.value
    assert left.value.endswith("scenarios/llama-65b.toml")
    assert "differ" in left.source
    assert f"# published.left_out: {left.value}" in resolved_toml(found)


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_the_same_run_keeps_them(tmp_path: Path, change: str) -> None:
    found = scenario(write(tmp_path, change))
    assert found.published == scenario("llama-65b").published
    assert "left_out" not in resolved_toml(found)


def test_the_reason_names_each_key_that_differs(tmp_path: Path) -> None:
    left = fact(scenario(write(tmp_path, OTHER["model"] + OTHER["tokens"])), "published.left_out")
    assert left.source.endswith("model.architecture, data.tokens differ")


def test_a_child_keeps_what_it_publishes_itself(tmp_path: Path) -> None:
    found = scenario(write(tmp_path, OTHER["model"] + "[published]\nwall = '9 d'\n")).published
    assert found is not None
    assert found.wall_s == 9 * 86400
    assert found.accelerator_hours is None


def test_a_grandchild_inherits_from_the_nearest_that_is_the_same_run(tmp_path: Path) -> None:
    write(tmp_path, OTHER["model"] + "[published]\nwall = '9 d'\n", "parent.toml")
    found = scenario(write(tmp_path, SAME["price"], base="parent.toml")).published
    assert found is not None
    assert found.wall_s == 9 * 86400
    assert found.accelerator_hours is None


def test_changes_of_the_command_line_count_too() -> None:
    assert scenario("llama-65b", ["model.architecture=llama-13b"]).published is None
    there_and_back = ["cluster.accelerators=1024", "cluster.accelerators=2048"]
    assert scenario("llama-65b", there_and_back).published == scenario("llama-65b").published
    stated = scenario("llama-65b", ["published.wall=30 d", "cluster.accelerators=1024"]).published
    assert stated is not None
    assert (stated.wall_s, stated.accelerator_hours) == (30 * 86400, None)


def test_the_written_scenario_loads_to_the_same(tmp_path: Path) -> None:
    found = scenario(write(tmp_path, OTHER["model"]))
    again = tmp_path / "resolved.toml"
    again.write_text(resolved_toml(found), encoding="utf-8")
    assert scenario(again).fingerprint == found.fingerprint
    assert scenario(again).published is None


def test_another_run_inherits_no_notes_either(tmp_path: Path) -> None:
    found = scenario(write(tmp_path, OTHER["model"] + "[note]\nassumed = 'mine'\n"))
    assert dict(found.notes) == {"assumed": "mine"}
    assert "note.published, note.hours_kind of scenarios/llama-65b.toml" in fact(found, "published.left_out").value
    assert scenario(write(tmp_path, SAME["spares"])).notes == scenario("llama-65b").notes
    assert scenario("llama-65b", ["cluster.accelerators=1024", "note.mine=yes"]).notes == {"mine": "yes"}


RATE = "[pricing]\nrate = '$2.49/h'\n"


@pytest.mark.parametrize(
    ("text", "sets", "words"),
    [
        (RATE, [], "$2.49 per accelerator-hour, on demand, host not stated"),
        ("", ["pricing.rate=$2.49/h"], "$2.49 per accelerator-hour, on demand, host not stated"),
        (RATE + "provider = 'lambda'\n", [], "on demand, lambda, us-central1, host"),
        ("", ["pricing.provider=lambda", "pricing.rate=$2.49/h"], "on demand, lambda, us-central1, host"),
        ("", ["pricing.rate=$2.49/h", "pricing.provider=lambda"], "on demand, lambda, us-central1, host"),
        ("[pricing]\ndate = 2022-12-13\n", [], "gcp, us-central1, 2022-12-12"),
        (RATE, ["pricing.discount=0.5"], "on demand, less 50 %, host not stated"),
    ],
)
def test_a_stated_rate_is_nobodys_that_was_asked_for_another(
    tmp_path: Path, text: str, sets: list[str], words: str
) -> None:
    found = scenario(write(tmp_path, text), sets)
    assert words in basis(found.tariff)
    again = tmp_path / "resolved.toml"
    again.write_text(resolved_toml(found), encoding="utf-8")
    assert scenario(again).fingerprint == found.fingerprint
    before = scenario("llama-65b").power
    assert found.power is not None
    assert before is not None
    assert found.power.g_per_kwh == before.g_per_kwh  # the machines stay where they are
