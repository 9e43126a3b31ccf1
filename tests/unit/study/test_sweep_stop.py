"""Ctrl-C in a sweep: what is kept, how to go on, and no traceback of ours or of a worker."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.forked import forks, has_proc, is_running, servers

ROOT = Path(__file__).parents[3]


def start(folder: Path, executor: str, replicas: int) -> subprocess.Popen[str]:
    """Start a sweep of 16 runs in a process group of its own, as a terminal does."""
    command = [sys.executable, "-c", "from analysis.cli.main import main; main()", "sweep", "sweep-size-interval"]
    return subprocess.Popen(
        [*command, "--replicas", str(replicas), "--executor", executor, "--out", str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def finished(folder: Path) -> int:
    """Return how many runs the journal has."""
    if not (folder / "journal.sqlite").exists():
        return 0
    base = sqlite3.connect(folder / "journal.sqlite")
    try:
        return int(base.execute("SELECT count(*) FROM runs").fetchone()[0])
    except sqlite3.OperationalError:  # the table is not made yet
        return 0
    finally:
        base.close()


@pytest.mark.parametrize("executor", ["local:1", "local:2"])
def test_ctrl_c_says_what_is_kept_and_the_same_command_goes_on(tmp_path: Path, executor: str) -> None:
    sweep = start(tmp_path, executor, 20_000)
    while not finished(tmp_path):
        assert sweep.poll() is None
        time.sleep(0.02)
    os.killpg(sweep.pid, signal.SIGINT)
    out, message = sweep.communicate(timeout=60)
    assert sweep.returncode == 130
    assert out == ""
    kept = finished(tmp_path)
    assert 0 < kept < 16
    said = (
        f"stopped: {kept} of 16 runs are kept in {tmp_path / 'journal.sqlite'}; the same command goes on with the rest"
    )
    assert said in " ".join(message.split())
    assert "/analysis/" not in message  # no traceback through our code
    again = start(tmp_path, "local:1", 20_000)
    out, _ = again.communicate(timeout=120)
    assert again.returncode == 0
    assert f"{16 - kept} runs done, {kept} taken from the journal" in " ".join(out.split())


@pytest.mark.skipif(not has_proc, reason="finds the workers in /proc")
@pytest.mark.parametrize("first", [servers, forks])
def test_ctrl_c_while_the_workers_start_leaves_no_traceback_and_no_worker(
    tmp_path: Path, first: Callable[[int], list[int]]
) -> None:
    sweep = start(tmp_path, "local:2", 20_000)
    end_s = time.monotonic() + 60
    while not (started := first(sweep.pid)):
        assert time.monotonic() < end_s
        time.sleep(0.005)
    os.killpg(sweep.pid, signal.SIGINT)
    _, message = sweep.communicate(timeout=60)
    assert sweep.returncode == 130
    assert "nothing is kept; start the same command again" in " ".join(message.split())
    assert "Traceback" not in message
    while any(map(is_running, started)):
        assert time.monotonic() < end_s
        time.sleep(0.02)
