"""A sweep that is killed goes on where it was; two sweeps share a folder; workers do not change a byte."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.forked import forks, has_proc, is_running, servers

COMMAND = [sys.executable, "-c", "from analysis.cli.main import main; main()", "sweep", "sweep-size-interval"]
ROOT = Path(__file__).parents[3]


def start(folder: Path, *more: str, stderr: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    # so many replicas that whoever is killed is still at work
    arguments = [*COMMAND, "--replicas", "30000", "--out", str(folder), *more]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=stderr)


def rows(folder: Path) -> list[tuple[object, ...]]:
    base = sqlite3.connect(folder / "journal.sqlite")
    try:
        return base.execute("SELECT * FROM runs ORDER BY rowid").fetchall()
    except sqlite3.OperationalError:  # killed before the table was made
        return []
    finally:
        base.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("whole")
    assert start(folder).wait(timeout=120) == 0
    return (folder / "results.csv").read_bytes()


def test_killed_again_and_again_nothing_is_lost_or_done_twice(tmp_path: Path, whole: bytes) -> None:
    before: list[tuple[object, ...]] = []
    for pause_s in (0.9, 1.2, 1.5):
        run = start(tmp_path)
        time.sleep(pause_s)
        run.send_signal(signal.SIGKILL)
        run.wait(timeout=30)
        now = rows(tmp_path) if (tmp_path / "journal.sqlite").exists() else []
        assert now[: len(before)] == before
        before = now
    assert start(tmp_path).wait(timeout=120) == 0
    assert rows(tmp_path)[: len(before)] == before
    assert len(rows(tmp_path)) == 16
    assert (tmp_path / "results.csv").read_bytes() == whole


def test_two_sweeps_in_one_folder(tmp_path: Path, whole: bytes) -> None:
    both = [start(tmp_path), start(tmp_path)]
    assert [run.wait(timeout=120) for run in both] == [0, 0]
    assert len(rows(tmp_path)) == 16
    assert (tmp_path / "results.csv").read_bytes() == whole


def test_two_workers_give_the_same_bytes(tmp_path: Path, whole: bytes) -> None:
    assert start(tmp_path, "--executor", "local:2").wait(timeout=120) == 0
    assert (tmp_path / "results.csv").read_bytes() == whole


def test_a_folder_whose_journal_is_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_text("not a journal" * 100)
    run = start(tmp_path, stderr=subprocess.PIPE)
    _, message = run.communicate(timeout=60)
    assert run.returncode == 2
    assert b"Traceback" not in message
    assert (tmp_path / "journal.sqlite").read_text().startswith("not a journal")


def workers(run: "subprocess.Popen[bytes]") -> list[int]:
    """Wait for the two workers of a sweep, and return them."""
    end_s = time.monotonic() + 30
    while time.monotonic() < end_s:
        if len(found := forks(run.pid)) == 2:
            return found
        time.sleep(0.02)
    raise AssertionError("the sweep started no workers")


needs_proc = pytest.mark.skipif(not has_proc, reason="finds the workers in /proc")


@needs_proc
def test_a_worker_that_is_killed_does_not_change_a_byte(tmp_path: Path, whole: bytes) -> None:
    run = start(tmp_path, "--executor", "local:2")
    for pid in workers(run):
        time.sleep(0.2)
        os.kill(pid, signal.SIGKILL)
    assert run.wait(timeout=120) == 0
    assert (tmp_path / "results.csv").read_bytes() == whole


@needs_proc
@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_whatever_ends_it_the_journal_is_valid_and_no_worker_stays(tmp_path: Path, whole: bytes, blow: int) -> None:
    run = start(tmp_path, "--executor", "local:2", stderr=subprocess.PIPE)
    started = [*workers(run), *servers(run.pid)]
    time.sleep(0.3)  # past the start of the workers, which Python tells of by a traceback of its own if cut off
    run.send_signal(blow)
    _, message = run.communicate(timeout=30)
    assert run.returncode != 0
    # Python 3.11 may tell, as it exits, that a pool's pipe was closed already: that is not from our code
    assert blow == signal.SIGKILL or b"/analysis/" not in message
    end_s = time.monotonic() + 20
    while any(map(is_running, started)):
        assert time.monotonic() < end_s
        time.sleep(0.05)
    assert start(tmp_path).wait(timeout=120) == 0
    assert (tmp_path / "results.csv").read_bytes() == whole
