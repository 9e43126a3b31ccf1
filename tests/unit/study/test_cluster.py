"""Workers on other machines: the same bytes, also when one is killed, and clear words when there are none."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from analysis.study.executor import ExecutorError, Failure, completed
from analysis.study.export import csv_text
from analysis.study.sites import site
from analysis.study.sweep import Variant, sweep, variants_of
from simulator.scenario.api import load, variants

pytest.importorskip("distributed", reason="the extra cluster is not installed")
ROOT = Path(__file__).parents[3]
WORKERS = """
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        input()
"""


def die_at_five(number: int) -> int:
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_once(task: tuple[str, int]) -> int:
    mark, number = task
    if number == 3 and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a scheduler with two workers on this machine, as a stranger would."""
    script = tmp_path_factory.mktemp("dask") / "workers.py"
    script.write_text(WORKERS)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests/unit/study'}"}
    with subprocess.Popen(
        [sys.executable, str(script)], env=environment, cwd=script.parent,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.write("\n")


@pytest.fixture(scope="module")
def cases() -> list[Variant]:
    sets = ["run.replicas=200", 'sweep.checkpoint.interval=["10 min", "1 h"]', "sweep.run.seed=[1, 2, 3]"]
    return list(variants_of(variants(load("llama-65b", sets=sets))))


def test_dask_gives_the_same_bytes(address: str, cases: list[Variant], tmp_path: Path) -> None:
    with closing(site(f"dask:{address}")) as place:
        assert place.width == 2
        far = sweep(cases, tmp_path / "far", place)
    near = sweep(cases, tmp_path / "near", site("local:1"))
    assert csv_text(far.lines) == csv_text(near.lines)


def test_a_worker_that_is_killed_changes_nothing(address: str, tmp_path: Path) -> None:
    tasks = [(str(tmp_path / "mark"), number) for number in range(12)]
    with closing(site(f"dask:{address}")) as place:
        found = dict(pair for settled in completed(die_once, tasks, place) for pair in settled)
    assert (tmp_path / "mark").exists()
    assert found == {number: number for number in range(12)}


def test_a_task_that_kills_workers_is_set_aside(address: str) -> None:
    with closing(site(f"dask:{address}")) as place:
        found = dict(pair for settled in completed(die_at_five, range(8), place) for pair in settled)
    assert isinstance(found.pop(5), Failure)
    assert found == {number: number for number in range(8) if number != 5}


def test_nobody_at_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.study.cluster.PATIENCE", "1 s")
    with pytest.raises(ExecutorError, match="no dask scheduler answers at tcp://127"):
        site("dask:tcp://127.0.0.1:9")


def test_no_slurm_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ExecutorError, match="sbatch is not found"):
        site("slurm:short")


@pytest.mark.parametrize("text", ["dask:tcp://127.0.0.1:9", "slurm"])
def test_without_the_extra_it_says_how_to_get_it(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("dask.distributed", "dask_jobqueue"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ExecutorError, match=r"pip install 'flopcast\[cluster\]'"):
        site(text)
