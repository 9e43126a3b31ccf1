"""The page: complete, closed in itself, and equal to what `flopcast run` prints."""

import base64
import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app
from analysis.cli.run import _quantities
from analysis.metrics.facts import forecast_facts
from analysis.report.exhibits import exhibits
from analysis.report.findings import Findings, gather
from analysis.report.page import page
from analysis.report.source import differences, read
from analysis.report.tables import listed, quantities
from analysis.report.words import answer, chance
from simulator.foundation.issues import ScenarioError
from simulator.scenario.api import scenario, shipped
from tests.pages import Outline, audit

pytestmark = pytest.mark.no_cover  # the reports of all shipped scenarios; what is in them has tests of its own
CASES = [*sorted(shipped()), "choices/train"]
LESS = {"airesim-default": ["run.replicas=2"], "llama-65b-shared": ["shared.replications=2", "shared.busy=2 d"]}


@pytest.fixture(scope="module", params=CASES)
def made(request: pytest.FixtureRequest) -> tuple[Findings, str]:
    found = gather(scenario(request.param, ["run.replicas=50", *LESS.get(request.param, [])]))
    return found, page(found, forecast_facts(found.forecast))


def test_the_audit_passes(made: tuple[Findings, str]) -> None:
    _, text = made
    audit(text)
    for section in ("answer", "ledger", "runs", "doubts", "money", "assumptions", "again", "words"):
        assert f'<section id="{section}">' in text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<h2>The answer</h2>", "<h2>The answer</h2><p>QPX</p>"),
        ("<h2>The answer</h2>", "<h2>The answer</h2><p>NaN</p>"),
        ("<h2>The answer</h2>", "<h2>The answer</h2><figure></figure>"),
        ("<h2>The answer</h2>", '<h2 id="words">The answer</h2>'),
        ("<h2>The answer</h2>", '<h2>The answer</h2><img src="https://example.org/a.png">'),
        ("<abbr title", "<span title"),
        ("<dt>replica</dt>", ""),
        (' role="img"', ""),
        ("url(#", "url(#x"),
    ],
)
def test_the_audit_can_fail(before: str, after: str, one: tuple[Findings, str]) -> None:
    changed = one[1].replace(before, after)
    assert changed != one[1]
    with pytest.raises(AssertionError):
        audit(changed)


@pytest.fixture(scope="module")
def one() -> tuple[Findings, str]:
    found = gather(scenario("llama-65b", ["run.replicas=20"]))
    return found, page(found, forecast_facts(found.forecast))


def test_a_picture_of_a_section_that_the_page_lacks_is_an_error(
    one: tuple[Findings, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    astray = [replace(each, section="anwser") for each in exhibits(one[0])[:1]]
    monkeypatch.setattr("analysis.report.page.exhibits", lambda _: astray)
    with pytest.raises(AssertionError, match=r"page\.html shows no pictures of \['anwser'\]"):
        page(one[0], {})


def test_the_table_is_the_one_of_run(made: tuple[Findings, str]) -> None:
    found, text = made
    printed = _quantities(found.forecast)
    cells = list(zip(*(list(column.cells) for column in printed.columns), strict=True))
    assert [tuple(row) for row in quantities(found.forecast).rows] == cells
    for row in cells:
        assert all(f">{cell}</td>" in text for cell in row)


def test_the_downloads_are_the_scenario_and_the_result(made: tuple[Findings, str]) -> None:
    found, text = made
    files = dict(re.findall(r'download="([^"]+)" href="data:[^;]+;base64,([^"]+)"', text))
    facts = json.loads(base64.b64decode(files["run.json"]))
    assert facts == json.loads(json.dumps(forecast_facts(found.forecast)))
    assert tomllib.loads(base64.b64decode(files["resolved.toml"]).decode())["run"]["seed"] == found.scenario.seed


def test_every_assumption_is_listed(made: tuple[Findings, str]) -> None:
    found, text = made
    shown = Outline(text).text
    rows = listed(found.scenario)
    assert len(rows) > 20
    for row in rows:
        assert row.path in shown
        assert " ".join(row.source.removeprefix("default: ").split()) in shown


def test_same_input_gives_the_same_page(one: tuple[Findings, str]) -> None:
    found, text = one
    assert page(found, forecast_facts(found.forecast)) == text


def test_what_a_user_writes_is_text_and_no_markup() -> None:
    sets = ["run.replicas=20", "title=<script>alert(1)</script>", "note.assumed=<img src=x onerror=alert(1)>"]
    found = gather(scenario("llama-65b", sets))
    tags = [tag for tag, _ in Outline(page(found, forecast_facts(found.forecast))).tags]
    assert "script" not in tags
    assert "img" not in tags


def test_the_answer_names_its_interval_or_that_there_is_none() -> None:
    sure = gather(scenario("llama-65b-seed", ["run.replicas=20"])).forecast
    assert answer(sure) == "The run takes 21.0 d and costs $4.06M."
    assert "Nothing is left to chance" in chance(sure.scenario)
    unsure = gather(scenario("llama-65b", ["run.replicas=200"])).forecast
    assert re.fullmatch(
        r"The run takes [\d.]+ d in the median \([\d.]+ d to [\d.]+ d in eight runs of ten\) "
        r"and costs \$[\d.]+M \(\$[\d.]+M to \$[\d.]+M\)\.",
        answer(unsure),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("run")
    result = CliRunner().invoke(app, ["run", "llama-65b", "--replicas", "100", "--seed", "7", "--out", str(place)])
    assert result.exit_code == 0, result.output
    return place


def test_a_folder_reports_the_run_that_wrote_it(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    result = CliRunner().invoke(app, ["report", str(folder), "-o", str(path), "--json"])
    assert result.exit_code == 0, result.output
    earlier, facts = json.loads((folder / "run.json").read_text(encoding="utf-8")), json.loads(result.stdout)
    assert differences(earlier, facts) == []
    assert facts["usd"] == earlier["usd"]
    assert "had another result" not in path.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_keeps_the_sources(folder: Path) -> None:
    original = {row.path: row for row in scenario("llama-65b").assumptions}
    for row in read(str(folder)).scenario.assumptions:
        assert "resolved.toml" not in row.source
        if row.evidence in ("S", "V", "M"):
            assert original[row.path].evidence == row.evidence


def test_a_folder_with_another_result_is_said(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "resolved.toml").write_bytes((folder / "resolved.toml").read_bytes())
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    facts["version"] = "0.0.1"
    (other / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    path = tmp_path / "report.html"
    result = CliRunner().invoke(app, ["report", str(other), "-o", str(path)])
    assert result.exit_code == 0, result.output
    assert "had another result: version was 0.0.1" in path.read_text(encoding="utf-8")


def test_pictures_are_written_on_request(tmp_path: Path) -> None:
    out = ["-o", str(tmp_path / "a.html"), "--pictures", str(tmp_path / "pictures"), "--replicas", "50"]
    result = CliRunner().invoke(app, ["report", "llama-65b", *out])
    assert result.exit_code == 0, result.output
    names = {path.name for path in (tmp_path / "pictures").iterdir()}
    assert {"days.svg", "days.png", "waterfall.svg", "typical.png", "bad.svg", "cash.svg"} <= names


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"holds no resolved\.toml"):
        read(str(tmp_path))


@pytest.mark.parametrize("text", ["no JSON", "[1]", "\0"])
def test_a_broken_result_is_refused(folder: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "resolved.toml").write_bytes((folder / "resolved.toml").read_bytes())
    (tmp_path / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"run\.json"):
        read(str(tmp_path))


@pytest.mark.parametrize("command", ["report", "timeline"])
def test_an_unwritable_place_is_refused_before_any_work(command: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for place, words in ((tmp_path, "folder; name a file"), (tmp_path / "file" / "a.html", "is a file, so nothing")):
        result = CliRunner().invoke(app, [command, "llama-65b", "-o", str(place)], terminal_width=999)
        assert result.exit_code == 2
        assert words in " ".join(result.stderr.replace("│", " ").split())
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
