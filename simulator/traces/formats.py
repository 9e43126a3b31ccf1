"""Formats of job logs by name, and how to tell which one a file has."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from simulator.foundation.registry import Registry
from simulator.traces.joblog import JobLog


class JobReader(Protocol):
    """Reads a job log of one format."""

    def __call__(self, path: Path, /) -> JobLog:
        """Return the jobs of the file, raising TraceError if it is no such log."""
        ...


JOB_FORMATS: Registry[JobReader] = Registry("job log format", group="flopcast.job_formats")

HEADINGS: Mapping[str, frozenset[str]] = {
    "elasticflow": frozenset({"job_id", "submission_time", "duration", "num_gpu"}),
    "philly": frozenset({"timestamp", "duration", "num_gpus", "cluster"}),
    "acme": frozenset({"job_id", "gpu_num", "state", "submit_time", "duration"}),
    "acme-converted": frozenset({"job_id", "arrival_time", "num_iteration", "gpu_workers", "gpu_per_worker"}),
    "openb": frozenset({"name", "num_gpu", "gpu_milli", "creation_time", "deletion_time", "scheduled_time"}),
    "sacct": frozenset({"JobID", "Submit", "State"}),
}
"""Columns that mark a table; the words are those of the publishers."""


def recognise(first_line: str) -> str | None:
    """Name the format whose columns the first line holds, or None.

    Examples
    --------
    >>> recognise("job_id,submission_time,duration,num_gpu"), recognise("; Version: 2.2"), recognise("a,b")
    ('elasticflow', 'swf', None)
    """
    line = first_line.strip()
    if line.startswith(";") or (len(line.split()) == 18 and "," not in line):
        return "swf"
    if line.startswith(("[", "{")):
        return "philly-json"
    columns = set(line.replace("|", ",").split(","))
    return next((name for name, needed in HEADINGS.items() if needed <= columns), None)
