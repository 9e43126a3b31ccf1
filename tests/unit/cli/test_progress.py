"""Long work shows how far it is: the queue job by job, and a bar that does not cost the time that it shows."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress
from typer.testing import CliRunner

from analysis.cli import output
from analysis.cli.main import app

JOBS = "submit,gpus,duration\n" + "".join(f"{60 * at},{1 + at % 8},900\n" for at in range(30))
CLUSTER = """
title = "A small cluster"
cluster = { accelerator = "h100-sxm", accelerators = 16 }
queue.policy = ["fcfs", "easy"]
[[queue.jobs]]
accelerators = 8
run = "1 h"
count = 9
every = "30 min"
"""


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Gather the bars of a command: the total, then each step."""
    made: list[list[int]] = []

    @contextmanager
    def noted(total: int, what: str) -> Iterator[Callable[[int], None]]:
        made.append([total])
        yield made[-1].append

    monkeypatch.setattr(output, "progress", noted)
    return made


@pytest.mark.parametrize(
    ("options", "total"),
    [
        ([], 30),
        (["--policy", "fcfs", "--policy", "easy", "--replications", "2"], 120),
        (["--node-size", "8", "--node-mtbf", "2 h", "--repair", "10 min"], 30),
        (["--insert", "8 x 1 h"], 91),
    ],
)
def test_the_queue_tells_of_every_job(tmp_path: Path, bars: list[list[int]], options: list[str], total: int) -> None:
    (tmp_path / "jobs.csv").write_text(JOBS)
    found = CliRunner().invoke(app, ["cluster", str(tmp_path / "jobs.csv"), "--size", "8", *options])
    assert found.exit_code == 0, found.output
    [[said, *steps]] = bars
    assert said == sum(steps) == total


def test_compared_clusters_tell_of_every_job(tmp_path: Path, bars: list[list[int]]) -> None:
    (tmp_path / "small.toml").write_text(CLUSTER)
    found = CliRunner().invoke(app, ["compare", str(tmp_path / "small.toml"), "--replicas", "2"])
    assert found.exit_code == 0, found.output
    [[said, *steps]] = bars
    assert said == sum(steps) == 9 * 2 * 2


def test_a_bar_takes_a_thousand_steps_however_small_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, steps = Console(file=StringIO(), force_terminal=True), []
    monkeypatch.setattr(output, "console", lambda **_: screen)
    monkeypatch.setattr(output, "_is_watched", lambda: True)
    monkeypatch.setattr(Progress, "update", lambda *_, advance, **__: steps.append(advance))
    with output.progress(50_000, "jobs") as show:
        for _ in range(50_000):
            show(1)
    assert steps == [50] * 1000


@pytest.mark.parametrize(("ticks", "beside"), [(True, 1), (False, 0)])
def test_a_bar_that_does_not_tick_has_no_thread(monkeypatch: pytest.MonkeyPatch, *, ticks: bool, beside: int) -> None:
    """So that engines may fork beside it; it shows each step all the same."""
    screen = Console(file=StringIO(), force_terminal=True)
    monkeypatch.setattr(output, "console", lambda **_: screen)
    monkeypatch.setattr(output, "_is_watched", lambda: True)
    before = set(threading.enumerate())
    with output.progress(4, "replicas", ticks=ticks) as show:
        assert len(set(threading.enumerate()) - before) == beside  # others may end meanwhile
        show(3)
        assert ticks or "3/4" in screen.file.getvalue()


@pytest.mark.parametrize(("option", "words"), [("--repair", "banana"), ("--shake", "banana"), ("--repair", "3")])
def test_times_are_read_also_where_nothing_fails(tmp_path: Path, option: str, words: str) -> None:
    (tmp_path / "jobs.csv").write_text(JOBS)
    found = CliRunner().invoke(app, ["cluster", str(tmp_path / "jobs.csv"), "--size", "8", option, words])
    assert found.exit_code == 2
    assert f"flopcast cluster: {option}: " in found.stderr
