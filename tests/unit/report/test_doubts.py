"""What could move the answer: figures of the study, reasons with every range, and scores that are the board's."""

import pytest

from analysis.report.doubts import levers, picture, ranges, shown, validation
from analysis.study.doubts import doubts, points, written
from analysis.validation.runs import score
from analysis.validation.stored import KINDS, OUT, measured, stored, text
from simulator.scenario.api import resolve, scenario, shipped


@pytest.mark.no_cover
def test_the_stored_scores_are_those_of_the_board() -> None:
    found = measured(score())
    assert text(found) == OUT.read_text(encoding="utf-8")
    assert stored() == found


@pytest.mark.parametrize("name", sorted(shipped()))
def test_the_scenario_is_written_and_read_back_the_same(name: str) -> None:
    base = scenario(name)
    again = resolve(written(base, base.replicas))
    assert (again.stages, again.causes, again.recovery) == (base.stages, base.causes, base.recovery)


@pytest.mark.parametrize("name", sorted(shipped()))
def test_the_error_that_applies_is_quoted_with_its_source(name: str) -> None:
    base = scenario(name)
    words = validation(base)
    assert OUT.name in words
    assert ("hours of this scenario are stated" in words) == (not any(stage.scales for stage in base.stages))


def test_each_kind_quotes_its_own_error() -> None:
    said = {f"{100 * stored().kinds[kind].median_error:.1f} %" for kind in KINDS}
    assert len(said) == len(set(KINDS.values()))
    assert f"{100 * stored().kinds['model'].median_error:.1f} %" in validation(scenario("deepseek-v3"))
    assert f"{100 * stored().kinds['stated'].median_error:.1f} %" in validation(scenario("llama-65b"))


@pytest.mark.parametrize(("chip", "assumed"), [("a100-sxm-80gb", False), ("b200-sxm", True), ("h100-pcie", True)])
def test_a_chip_without_published_runs_is_told_so(chip: str, assumed: bool) -> None:
    found = scenario("llama-65b", ["throughput={method='published'}", f"cluster.accelerator={chip}",
                                       "pricing={rate='$2/h'}"])  # fmt: skip
    assert (f"none of those runs was on {chip}" in validation(found)) == assumed


def test_every_range_has_its_reason_and_the_answer_lies_inside() -> None:
    found = doubts(scenario("llama-65b"))
    assert found.swings is not None
    assert len(ranges(found)) >= 6
    for swing in found.swings.swings:
        ends = sorted((swing.low["usd"], swing.high["usd"]))
        assert ends[0] <= found.swings.base["usd"] <= ends[1]
        assert swing.input.source
    assert picture(found) is not None
    assert {row[0] for row in levers(found)} >= {"half the failure rate", "half the detection time"}


@pytest.mark.parametrize("name", ["airesim-default", "llama-65b-shared"])
def test_slow_scenarios_say_why_there_is_none(name: str) -> None:
    base = scenario(name)
    found = doubts(base)
    assert found.left_out.startswith("Left out:")
    assert found.swings is None
    assert picture(found) is None


def test_the_report_says_how_many_runs_told_its_points() -> None:
    """Fewer where each stops often, and the number is in the text."""
    often, seldom = scenario("llama3-405b"), scenario("llama-65b")
    assert 20 <= points(often) < points(seldom) == 100
    assert points(scenario("llama-65b", ["run.replicas=7"])) == 7
    for case in (often, seldom):
        assert shown(doubts(case), case)["points"] == points(case)
