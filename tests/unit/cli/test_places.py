"""A message about a value names the place in which the user wrote it, whichever option or line that was."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app
from simulator.foundation.issues import ScenarioError
from simulator.scenario.api import load, resolve, scenario

BEYOND = "9" * 20
WORTH = ("--method", "information")


def refusal(*words: str) -> str:
    return str(CliRunner().invoke(app, list(words)).exception)


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (["run", "llama-65b", "--seed", BEYOND], "--seed: run.seed: "),
        (["compare", "llama-65b", "what-if-rent", "--seed", BEYOND], "--seed: run.seed: "),
        (["compare", "llama-65b", "--set-b", "run.sed=1"], "--set-b: run.sed: "),
        (["compare", "llama-65b", "--set-b", "run.seed"], "--set-b: 'run.seed' has no '='"),
        (["compare", "llama-65b", "--set", "run.sed=1", "--set-b", "run.seed=2"], "--set: run.sed: "),
        (["compare", "clusters/vela-busy-day", "--set-b", "queue.polic='fcfs'"], "--set-b: queue.polic: "),
        (["cluster", "clusters/vela-busy-day", "--seed", BEYOND], "--seed: run.seed: "),
        (["cluster", "clusters/vela-busy-day", "--policy", "eazy"], "--policy: queue.policy: "),
        (["solve", "llama-65b", "--for", "a b=[1]", "--goal", "wall_days <= 30 d"], "--for: a b: "),
        (["solve", "llama-65b", "--for", "run.seed=1", "--goal", "wall_days <= 30 d"], "--for: run.seed: expected "),
        (["sensitivity", "llama-65b", *WORTH, "--decide", "a b=[1]"], "--decide: a b: "),
        (["sensitivity", "llama-65b", *WORTH, "--decide", "data.tokens.a=[1]"], "--decide: data.tokens.a: "),
        (["sweep", "llama-65b", "--over", "data.tokens.a=[1]"], "--over: data.tokens.a: "),
        (["run", "llama-65b", "--set", "a.b.c=1"], "--set: a: 'a' is not known"),
        (["run", "llama-65b", "--set", "cluster.a.b=1"], "--set: cluster.a: 'a' is not known"),
    ],
)
def test_an_option_is_blamed_for_what_it_says(words: list[str], place: str) -> None:
    assert refusal(*words).startswith(place)


def test_a_table_that_is_known_by_what_is_in_it_has_a_line(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text("extends = 'llama-65b'\n\n[a.b]\nc = 1\n")
    with pytest.raises(ScenarioError, match=r"my\.toml:3: a: 'a' is not known"):
        scenario(tmp_path / "my.toml")


def test_the_source_of_a_seed_is_its_option() -> None:
    from analysis.cli.output import all_sets

    found = resolve(load("llama-65b", sets=all_sets(["data.tokens=1T tokens"], 3, None)))
    sources = {row.path: row.source for row in found.assumptions}
    assert (sources["run.seed"], sources["data.tokens"]) == ("--seed", "--set")
