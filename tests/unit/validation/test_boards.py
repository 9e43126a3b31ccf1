"""All boards at once: what counts as worse, what is stored, and that no build is worse than that."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app
from analysis.validation import boards as built
from analysis.validation.beside import traces, truth
from analysis.validation.board_lines import Board, Line, plain, read, worse
from analysis.validation.board_text import markdown
from analysis.validation.boards import boards
from analysis.validation.outcomes import outcomes
from analysis.validation.schedules import files, schedules

DOCS = Path(__file__).parents[3] / "docs" / "scoreboard"
LINE = Line(name="a", count=10, error=0.10, kind="mean error", coverage=0.8)
BOARD = Board(name="b", title="B", lines=[LINE])


@cache
def all_boards() -> list[Board]:
    return boards()


@pytest.mark.no_cover
def test_no_board_is_worse_than_stored() -> None:
    """Half a point, 3.5 Monte Carlo errors, or one figure of the coverage: see `worse`.

    Where a board became better: flopcast scoreboard all --out docs/scoreboard/all.md
    """
    stored = read(json.loads((DOCS / "all.json").read_text(encoding="utf-8")))
    now = all_boards()
    assert not worse(now, stored)
    assert [board.name for board in now] == ["hours", "dollars", "steps", "outcomes", "schedules"]
    here = {board.name for board in now if not board.absent}
    assert {"hours", "dollars", "outcomes"} <= here
    assert ("steps" in here) == truth("throughput.csv").is_file()
    assert ("schedules" in here) == all(file.is_file() for file in files(traces() / "oracle"))
    assert all(line.kept for board in now for line in board.lines), "a promise is not kept"


def test_the_page_is_that_of_the_stored_figures_and_has_every_board() -> None:
    stored = read(json.loads((DOCS / "all.json").read_text(encoding="utf-8")))
    assert (DOCS / "all.md").read_text(encoding="utf-8") == markdown(stored)
    assert not any(board.absent for board in stored)


@pytest.mark.parametrize(
    ("changes", "bad"),
    [
        ({}, False),
        ({"error": 0.1049}, False),
        ({"error": 0.1051}, True),
        ({"error": 0.13, "noise": 0.04}, False),
        ({"error": 0.02}, False),
        ({"error": float("nan")}, True),
        ({"coverage": 0.7}, False),
        ({"coverage": 0.9}, False),
        ({"coverage": 0.6}, True),
        ({"coverage": 1.0}, True),
        ({"coverage": None}, True),
        ({"count": 9}, True),
        ({"count": 11}, False),
        ({"name": "another"}, True),
    ],
)
def test_what_is_worse(changes: dict[str, object], bad: bool) -> None:
    now = replace(BOARD, lines=[replace(LINE, **changes)])
    assert bool(worse([now], [BOARD])) == bad


def test_a_board_that_is_gone_is_worse_and_one_that_cannot_be_built_is_not() -> None:
    assert worse([], [BOARD]) == ["b: the board is gone"]
    assert worse([Board(name="b", title="B", absent="not here: why")], [BOARD]) == []
    assert worse([BOARD], [Board(name="b", title="B", absent="not here: why")]) == []


def test_the_store_keeps_what_it_was_given() -> None:
    assert read(json.loads(json.dumps(plain([BOARD])))) == [BOARD]


@pytest.mark.parametrize("present", [[], ["kth.swf.gz", "kth_fcfs.txt.gz"]])
def test_without_the_shared_figures_a_board_says_so(
    present: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOPCAST_TRACES", str(tmp_path / "data"))
    for name in present:  # a folder that has some of the files is as good as none
        (tmp_path / "data" / "oracle").mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / "oracle" / name).touch()
    found = schedules()
    assert found.absent.startswith("not here: the folder of oracles is no part of this project")
    assert "FLOPCAST_TRACES" in found.absent
    assert "Not here: the folder" in markdown([found])


@pytest.mark.no_cover
def test_outcomes_name_their_scenarios_and_beat_the_rule_that_nothing_fails() -> None:
    lines = {line.name: line for board in all_boards() if board.name == "outcomes" for line in board.lines}
    assert len(lines) >= 10
    for name in ("opt-175b", "llama3-405b", "palm-540b"):
        line = lines[f"{name}: goodput"]
        assert line.baseline is not None
        assert line.error < line.baseline
    assert all(line.error <= line.baseline for line in lines.values() if line.baseline is not None)


@pytest.mark.parametrize(("kind", "lines"), [("gross", ["goodput", "days"]), ("net", ["goodput"])])
def test_a_net_length_is_not_held_against_the_whole_run(kind: str, lines: list[str], tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        f'extends = "llama-65b"\n[published]\ngoodput = 0.9\nwall = "21 d"\nwall_kind = "{kind}"\n'
        "[run]\nreplicas = 20\n"
    )
    assert [line.name.split(": ")[-1] for line in outcomes([str(own)]).lines] == lines


def test_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(built, "boards", lambda: [BOARD, Board(name="c", title="C", absent="not here: why")])
    page, run = tmp_path / "all.md", CliRunner().invoke
    for arguments in (["scoreboard"], ["scoreboard", "all", "--out", str(page)]):
        shown = run(app, arguments)
        assert shown.exit_code == 0
        assert "mean error" in shown.stdout
        assert "C: not here: why" in shown.stdout
    assert "| a | 10 | mean error | 10.0 % |" in page.read_text()
    assert json.loads(run(app, ["scoreboard", "all", "--json"]).stdout)[0]["lines"][0]["error"] == 0.1
    store = page.with_suffix(".json")
    assert run(app, ["scoreboard", "all", "--against", str(store)]).exit_code == 0
    store.write_text(store.read_text().replace("0.1,", "0.05,"))
    failed = run(app, ["scoreboard", "all", "--against", str(store)])
    assert failed.exit_code == 1
    assert "b: a: mean error 0.1000, 0.0500 before" in failed.stderr
    store.write_text("[{}]")
    for wrong in (["--against", str(store)], ["--against", str(tmp_path / "no.json")], ["--out", "x.html"]):
        assert run(app, ["scoreboard", "all", *wrong]).exit_code == 2
