"""Microsoft Philly, 2017: the published JSON of jobs and attempts, and the table of five columns made from it.

Source: Jeon et al., "Analysis of large-scale multi-tenant GPU clusters for DNN training workloads", USENIX ATC 2019,
github msr-fiddle/philly-traces. Stamps are local times; they count here as seconds since 1970 without a shift.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator.scheduling.job import Job
from simulator.traces.formats import HEADINGS, JOB_FORMATS
from simulator.traces.generic import STATUS, Row, job_or_reason, table_reader
from simulator.traces.joblog import JobLog, TraceError, collect
from simulator.traces.text import lines, number, stamp_s


def _job(row: Row, at: int) -> Job | str:
    return job_or_reason(
        job_id=at,
        submit_s=stamp_s(row["timestamp"]),
        size=number(row["num_gpus"]),
        run_s=_whole(number(row["duration"])),
        queue=row["cluster"],
    )


def _whole(value: float | None) -> float | None:
    return int(value) if value is not None and value == int(value) else value


read_philly = JOB_FORMATS.register("philly")(table_reader(sorted(HEADINGS["philly"]), _job))
"""Read the table of five columns; the row's number is the job's id."""


@JOB_FORMATS.register("philly-json")
def read_philly_json(path: Path) -> JobLog:
    """Read ``cluster_job_log``: run time is the sum over attempts, size the accelerators of the first."""
    try:
        entries = json.loads("".join(lines(path)))
    except ValueError as problem:
        raise TraceError(f"{path}: no JSON: {problem}") from None
    if not isinstance(entries, list):
        raise TraceError(f"{path}: expected a list of jobs, found {type(entries).__name__}")
    return collect(_entries(entries))


def _entries(entries: list[Any]) -> Iterator[Job | str]:
    for entry in entries:
        try:
            yield _entry(entry)
        except (KeyError, TypeError, IndexError, AttributeError):
            yield "fields missing"


def _entry(entry: dict[str, Any]) -> Job | str:
    attempts = entry["attempts"]
    if not attempts:
        return "never started"
    spans = [(stamp_s(str(each["start_time"])), stamp_s(str(each["end_time"]))) for each in attempts]
    run_s = math.fsum(end_s - start_s for start_s, end_s in spans if start_s is not None and end_s is not None)
    return job_or_reason(
        job_id=str(entry["jobid"]),
        submit_s=stamp_s(str(entry["submitted_time"])),
        size=sum(len(server["gpus"]) for server in attempts[0]["detail"]),
        run_s=run_s,
        user=str(entry["user"]),
        queue=str(entry["vc"]),
        status=STATUS.get(str(entry["status"]).lower()),
    )
