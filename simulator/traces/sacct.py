"""Slurm accounting: the output of ``sacct --parsable2`` (``-P``) with a heading.

Source: Slurm manual, sacct. Needed columns: ``JobID``, ``Submit``, ``State``, ``ElapsedRaw`` or ``Elapsed``, and
for the size ``AllocTRES`` or ``ReqTRES`` (gres/gpu), ``NNodes`` or ``AllocCPUS``. A ``Timelimit`` is the estimate.
"""

import re

from simulator.scheduling.job import Job
from simulator.traces.formats import HEADINGS, JOB_FORMATS
from simulator.traces.generic import STATUS, Row, as_id, job_or_reason, table_reader
from simulator.traces.text import number, span_s, stamp_s

_GPUS = re.compile(r"(?:^|,)gres/gpu(?::[^=,]+)?=(\d+)")


def accelerators(tres: str) -> int | None:
    """Read the accelerators of a trackable-resources string.

    Examples
    --------
    >>> accelerators("billing=64,cpu=64,gres/gpu=8,node=1"), accelerators("cpu=4"), accelerators("gres/gpu:a100=4")
    (8, None, 4)
    """
    found = _GPUS.search(tres)
    return int(found[1]) if found else None


def _job(row: Row, _: int) -> Job | str:
    if "." in row["JobID"]:
        return "step of a job"
    state = row["State"].split(" ")[0].lower()
    if state in ("pending", "running"):
        return f"still {state}"
    limit = row.get("TimelimitRaw")
    minutes = number(limit) if limit else None
    size = _size(row)
    if size == 0:
        return "no units allocated"
    return job_or_reason(
        job_id=as_id(row["JobID"]),
        submit_s=stamp_s(row["Submit"]),
        size=size,
        run_s=_run_s(row),
        estimate_s=span_s(row.get("Timelimit", "")) if minutes is None else minutes * 60,
        user=row.get("User"),
        queue=row.get("Partition"),
        priority=number(row.get("Priority", "")) or 0,
        status=STATUS.get(state),
    )


def _run_s(row: Row) -> float | None:
    raw = number(row.get("ElapsedRaw", ""))
    return span_s(row.get("Elapsed", "")) if raw is None else raw


def _size(row: Row) -> float | None:
    for name in ("AllocTRES", "ReqTRES"):
        if (found := accelerators(row.get(name, ""))) is not None:
            return found
    return next((value for name in ("NNodes", "AllocCPUS") if (value := number(row.get(name, ""))) is not None), None)


read_sacct = JOB_FORMATS.register("sacct")(table_reader(sorted(HEADINGS["sacct"]), _job, delimiter="|"))
"""Read parsable accounting; a job without accelerators counts in nodes, or in processors."""
