"""Jobs from wherever a user names them: a log, a file of laws, or a published workload by its key."""

from pathlib import Path
from typing import TYPE_CHECKING

from simulator.traces.joblog import JobLog, TraceError
from simulator.traces.jobs import read_jobs

if TYPE_CHECKING:
    from simulator.traces.synthetic import Workload

USUAL_JOBS = 10_000
"""Jobs that are drawn from a workload if nobody says how many."""


def named_workload(name: Path) -> "Workload | None":
    """Return the workload of a ``.toml`` file or of the catalogue; None if the name is that of a log.

    Raises
    ------
    TraceError
        If the file holds no workload.
    """
    if name.suffix == ".toml":
        from simulator.traces.workload_file import read_workload

        return read_workload(name)
    if name.exists() or len(name.parts) > 1 or name.suffix:
        return None
    from simulator.traces.published import is_published, published

    return published(str(name)) if is_published(str(name)) else None


def jobs_of(
    name: Path,
    *,
    format: str | None = None,  # noqa: A002 - the word that users type
    jobs: int | None = None,
    seed: int = 0,
) -> JobLog:
    """Return the jobs of a log, or draw them.

    Raises
    ------
    TraceError
        If there is neither, or a number of jobs is wanted of a log.
    """
    workload = named_workload(name)
    if workload is not None:
        from simulator.traces.synthetic import draw  # a log does without NumPy, and is read sooner

        return draw(workload, jobs or USUAL_JOBS, seed=seed)
    if jobs is not None:
        raise TraceError(f"{name}: --jobs: says how many to draw from a workload (.toml, acme-seren); this is a log")
    return read_jobs(name, format=format)
