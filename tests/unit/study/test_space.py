"""The points of a sweep: as many as were asked, within their ends, evenly spread, and the same every time."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from analysis.cli.main import app
from analysis.study.space import Interval, dimension, latin, points, sobol, variants
from simulator.foundation.issues import ScenarioError
from simulator.scenario.api import load
from simulator.scenario.api import variants as grid_of_file


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a.b=[1, '2 h']", [1, "2 h"]),
        ("a.b=range(1, 4, 1)", [1, 2, 3, 4]),
        ("a.b=range(1, 4.5, 1)", [1.0, 2.0, 3.0, 4.0]),
        ("a.b=range(0.1, 0.3, 0.1)", [0.1, 0.2, 0.3]),
        ("a.b=range(10 min, 30 min, 10 min)", ["10 min", "20 min", "30 min"]),
        ("a.b=range($1/h, $2/h, $0.5/h)", ["$1/h", "$1.5/h", "$2/h"]),
        ("a.b=range(5, 5, 1)", [5]),
        ("a.b=logrange(1, 100, 3)", [1, 10, 100]),
        ("a.b=logrange(1.0, 4.0, 3)", [1.0, 2.0, 4.0]),
        ("a.b=range(30 %, 50 %, 10 %)", ["30%", "40%", "50%"]),
    ],
)
def test_lists_and_ranges(text: str, values: list[object]) -> None:
    assert dimension(text) == (("a", "b"), values)


@pytest.mark.parametrize(
    "text",
    [
        "a", "a=", "a=5", "a=[]", "=[1]", "a=range(1, 2)", "a=range(1, 2, 0)", "a=range(1, 2, -1)", "a=range(2, 1, 1)",
        "a=range(1 h, 2 min, 1 h)", "a=range(1 h, 2 h, 1 min)", "a=logrange(0, 1, 5)", "a=logrange(1, 2, 1)",
        "a=logrange(1, 2, x)", "a=logrange(1, 2, 99999999999)", "a=uniform(x, y)", "a=uniform(1)",
        "a=uniform(nan, inf)",
        "a=uniform(1, 1e400)", "a=range(1, 1e300, 1)", "a=loguniform(-1, 1)", "a=normal(1, 2)", "a=range(0, 1e9, 1)",
    ],
)  # fmt: skip
def test_what_is_no_dimension_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ScenarioError, match=r"^--over: .*") as refusal:
        dimension(text)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "better"),
    [
        ("checkpoint.policy=[young,daly]", '["young", "daly"]'),
        ("checkpoint.interval=[30 min, '1 h', 2]", '["30 min", "1 h", 2]'),
    ],
)
def test_words_without_quotes_are_told_the_list_that_would_do(text: str, better: str) -> None:
    path = text.partition("=")[0]
    with pytest.raises(ScenarioError) as refusal:
        dimension(text)
    assert str(refusal.value) == f"--over: {path}: words in a list stand in quotes; write '{path}={better}'"
    assert len(dimension(f"{path}={better}")[1]) in (2, 3)


@pytest.mark.parametrize("text", ["a=young", "a=[young", "a=[x[1], y]", "a=[,]", 'a=["young]'])
def test_what_quotes_would_not_mend_is_told_what_is_expected(text: str) -> None:
    with pytest.raises(ScenarioError, match="expected "):
        dimension(text)


@given(st.floats(0, 1, exclude_max=True))
def test_a_sample_lies_within_its_ends(share: float) -> None:
    for text in ("a=uniform(2, 5)", "a=loguniform(2.5, 5.5)", "a=uniform(2 h, 5 h)", "a=uniform($2/h, $5/h)"):
        ends = dimension(text)[1]
        assert isinstance(ends, Interval)
        value = ends.at(share)
        number = float(value.strip("$/h ")) if isinstance(value, str) else value
        assert 2 <= number <= 5.5


@given(st.integers(1, 4), st.integers(2, 50), st.integers(0, 9))
def test_a_latin_hypercube_has_one_point_in_each_slice(width: int, count: int, seed: int) -> None:
    found = latin(width, count, seed)
    assert np.array_equal(np.sort((found * count).astype(int), axis=0), np.tile(np.arange(count)[:, None], width))
    assert np.array_equal(found, latin(width, count, seed))


@pytest.mark.parametrize("count", [2, 8, 64])
def test_sobol_has_one_point_in_each_slice(count: int) -> None:
    found = sobol(3, count)
    assert np.array_equal(np.sort((found * count).astype(int), axis=0), np.tile(np.arange(count)[:, None], 3))
    assert np.all((found > 0) & (found < 1))


def test_sobol_is_more_even_than_chance() -> None:
    """The mean of x y over 256 points of the square, truth 1/4; chance errs by 0.014 (one standard error)."""
    found = sobol(2, 256)
    assert float((found[:, 0] * found[:, 1]).mean()) == pytest.approx(0.25, abs=0.002)


def test_a_sampled_list_is_visited_evenly() -> None:
    found = points({("a",): [1, 2, 3, 4], ("b",): dimension("b=uniform(0.0, 1.0)")[1]}, "sobol:16", seed=1)
    assert [sum(point[0] == value for point in found) for value in (1, 2, 3, 4)] == [4, 4, 4, 4]


@pytest.mark.parametrize("join", ["", "grid:2", "zap", "lhs", "lhs:1", "lhs:x", "sobol:12", "sobol:-2", "zip", "grid"])
def test_what_cannot_be_joined_is_refused(join: str) -> None:
    dimensions = {("a",): [1, 2], ("b",): dimension("b=uniform(0.0, 1.0)")[1], ("c",): [1, 2, 3]}
    with pytest.raises(ScenarioError, match=r"^--join: "):
        points(dimensions, join, seed=1)


def test_a_zip_of_unequal_lengths_says_which() -> None:
    with pytest.raises(ScenarioError, match="a has 2, c has 3"):
        points({("a",): [1, 2], ("c",): [1, 2, 3]}, "zip", seed=1)


def test_a_step_of_next_to_nothing_is_refused() -> None:
    with pytest.raises(ScenarioError, match="inf values are too many"):
        dimension("pricing.rate=range(1, 3, 1e-320)")


def test_too_many_points_are_refused() -> None:
    with pytest.raises(ScenarioError, match="1000000 points are too many"):
        points({(name,): range(1000) for name in "ab"}, "grid", seed=1)


def test_a_grid_is_the_grid_of_the_file() -> None:
    loaded = load("sweep-size-interval")
    assert variants(loaded, loaded.sweep, "grid", seed=1) == grid_of_file(loaded)


def test_the_problems_of_all_points_are_told_at_once() -> None:
    with pytest.raises(ScenarioError) as refusal:
        variants(load("llama-65b"), dict([dimension("cluster.accelerators=[-1, 0, 2048]")]), "grid", seed=1)
    assert len(refusal.value.issues) == 2


def test_the_command_zips(tmp_path: Path) -> None:
    arguments = ["sweep", "llama-65b", "--over", "cluster.accelerators=[1024, 2048]", "--join", "zip", "--json",
                 "--over", "checkpoint.interval=['30 min', '20 min']", "--replicas", "20", "--out",
                 str(tmp_path)]  # fmt: skip
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert [row["overrides"] for row in json.loads(result.stdout)["rows"]] == [
        {"cluster.accelerators": "1024", "checkpoint.interval": "30 min"},
        {"cluster.accelerators": "2048", "checkpoint.interval": "20 min"},
    ]


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    result = CliRunner().invoke(app, ["sweep", "sweep-size-interval", "--dry-run", "--json", "--out", str(folder)])
    facts = json.loads(result.stdout)
    assert (facts["variants"], facts["runs"], facts["finished"]) == (16, 16, 0)
    assert facts["seconds"] > 0
    assert not folder.exists()
