"""A real Slurm, started for the test on this machine: the same bytes, also when workers and whole jobs are killed."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from shutil import which

import pytest

from analysis.study.executor import Site, completed
from analysis.study.export import csv_text
from analysis.study.sites import site
from analysis.study.sweep import Variant, sweep, variants_of
from simulator.scenario.api import load, variants

pytest.importorskip("dask_jobqueue", reason="the extra cluster is not installed")
ROOT = Path(__file__).parents[3]
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scancel")
CONFIGURATION = """
ClusterName=flopcast
SlurmctldHost=localhost
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldPort={controller}
SlurmdPort={daemon}
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName=localhost CPUs=2 RealMemory=6000 State=UNKNOWN
PartitionName=short Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port


def until(true: object, seconds: float = 40.0) -> bool:
    """Ask a function until it says yes; False when the time is up."""
    assert callable(true)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.2)
    return False


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Start a cluster of one node with a key, ports and folders of its own."""
    lacking = [name for name in PROGRAMS if which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None]
    if lacking or os.geteuid() != 0:
        pytest.skip(f"no Slurm can be started here: {', '.join(lacking) or 'only root may'} (Debian: slurm-wlm, munge)")
    folder = tmp_path_factory.mktemp("slurm")
    (folder / "state").mkdir()
    (folder / "spool").mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    configuration = folder / "slurm.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, controller=free_port(), daemon=free_port()))
    environment = {**os.environ, "SLURM_CONF": str(configuration), "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    munged = ["munged", "--foreground", "--force", f"--key-file={key}", f"--socket={folder}/munge.socket"]
    munged += [f"--{name}-file={folder}/munged.{name}" for name in ("pid", "log", "seed")]
    daemons = [munged, ["slurmctld", "-D"], ["slurmd", "-D", "-N", "localhost"]]
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        for name in ("SLURM_CONF", "PATH"):
            patch.setenv(name, environment[name])
        patch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{ROOT / 'tests/unit/study'}")
        for command in daemons:
            process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(process.wait, 20)
            stack.callback(process.kill)
            time.sleep(0.5)
        if not until(lambda: b"idle" in subprocess.run(["sinfo", "-h"], capture_output=True, check=False).stdout):
            pytest.skip("Slurm was started here, but its node never came up")
        yield folder


@pytest.fixture(scope="module")
def cases() -> list[Variant]:
    sets = ["run.replicas=200", 'sweep.checkpoint.interval=["10 min", "1 h"]', "sweep.run.seed=[1, 2, 3]"]
    return list(variants_of(variants(load("llama-65b", sets=sets))))


def die_once(task: tuple[str, int]) -> int:
    mark, number = task
    if number == 3 and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def lose_the_job_once(task: tuple[str, int]) -> int:
    mark, number = task
    if number == 3 and not Path(mark).exists():
        Path(mark).touch()
        subprocess.run(["scancel", os.environ["SLURM_JOB_ID"]], check=True)
        time.sleep(60)
    return number


def site_beside(neighbour: socket.socket) -> Site:
    """Open the place of work while somebody else has the port of dask's dashboard, as on a busy login node."""
    with suppress(OSError):  # somebody has it already
        neighbour.bind(("", 8787))
        neighbour.listen()
    return site("slurm:short:1")


@pytest.mark.usefixtures("slurm")
def test_slurm_gives_the_same_bytes(cases: list[Variant], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket() as neighbour, closing(site_beside(neighbour)) as place:
        far = sweep(cases, tmp_path / "far", place)
    near = sweep(cases, tmp_path / "near", site("local:1"))
    assert csv_text(far.lines) == csv_text(near.lines)


@pytest.mark.usefixtures("slurm")
@pytest.mark.parametrize("function", [die_once, lose_the_job_once])
def test_a_death_changes_nothing(function: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(function)
    monkeypatch.chdir(tmp_path)
    tasks = [(str(tmp_path / "mark"), number) for number in range(8)]
    with closing(site("slurm:short:1")) as place:
        found = dict(pair for settled in completed(function, tasks, place) for pair in settled)
    assert (tmp_path / "mark").exists()
    assert found == {number: number for number in range(8)}
