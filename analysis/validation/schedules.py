"""Start times of whole job logs beside those of independent simulators, job by job; the logs lie beside the project."""

import gzip
from pathlib import Path
from typing import Final, NamedTuple

from analysis.validation.beside import absent, traces
from analysis.validation.board_lines import Board, Line
from simulator.engine.cluster import simulate_cluster
from simulator.scheduling.policies import make_policy
from simulator.scheduling.state import ClusterState
from simulator.traces.joblog import JobLog
from simulator.traces.jobs import read_jobs


class Oracle(NamedTuple):
    """Starts that another simulator gives a log, and the policy that is no answer to it."""

    starts: str
    log: str
    policy: str
    capacity: int
    other: str


ORACLES: Final = (
    Oracle("kth_fcfs", "kth", "fcfs", 100, "easy"),
    Oracle("kthj_easy", "kthj", "easy", 100, "fcfs"),
    Oracle("kthj_cons", "kthj", "conservative", 100, "fcfs"),
    Oracle("lublin_fcfs", "lublin", "fcfs", 256, "easy"),
    Oracle("lublin_easy", "lublin", "easy", 256, "fcfs"),
)
TITLE: Final = "Starts of jobs, beside independent simulators"


def schedules(folder: Path | None = None) -> Board:
    """Score our queue against stored schedules."""
    folder = folder or traces() / "oracle"
    if not all(file.is_file() for file in files(folder)):
        return Board(name="schedules", title=TITLE, absent=absent("the folder of oracles"))
    return Board(name="schedules", title=TITLE, lines=[_line(folder, oracle) for oracle in ORACLES])


def files(folder: Path) -> list[Path]:
    """Return the logs and the starts that the board reads, there or not."""
    return [folder / name for oracle in ORACLES for name in (f"{oracle.starts}.txt.gz", f"{oracle.log}.swf.gz")]


def _line(folder: Path, oracle: Oracle) -> Line:
    with gzip.open(folder / f"{oracle.starts}.txt.gz", "rt") as lines:
        wanted = {int(job): int(start) for job, start in map(str.split, lines)}
    log = read_jobs(folder / f"{oracle.log}.swf.gz")
    return Line(
        name=f"{oracle.log}, {oracle.policy}",
        count=len(wanted),
        error=_different(log, oracle.policy, oracle.capacity, wanted),
        kind="share of starts that differ",
        noise=0.0,
        baseline=_different(log, oracle.other, oracle.capacity, wanted),
        rule=f"{oracle.other} instead",
        most=0.0,
    )


def _different(log: JobLog, policy: str, capacity: int, wanted: dict[int, int]) -> float:
    run = simulate_cluster(log.jobs, make_policy(policy), ClusterState(capacity))
    got = {end.job.job_id: end.start_s for end in run.ends}
    return sum(got.get(job) != start for job, start in wanted.items()) / len(wanted)
