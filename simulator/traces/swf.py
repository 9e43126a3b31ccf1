"""Standard Workload Format, read and written.

One line a job, 18 numbers, -1 for unknown; lines with ``;`` are comments with ``Key: value``. Sources: Chapin et al.,
"Benchmarks and standards for the evaluation of parallel job schedulers", JSSPP 1999; Parallel Workloads Archive,
definition 2.2.
"""

import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from sys import intern

from simulator.foundation.tuples import make
from simulator.scheduling.job import Job, Status
from simulator.traces.formats import JOB_FORMATS
from simulator.traces.joblog import JobLog, TraceError, collect
from simulator.traces.text import lines, number

STATUS: Mapping[str, Status] = {"0": "failed", "1": "completed", "5": "cancelled"}
PARTS = {"2", "3", "4"}  # lines for parts of a checkpointed job that has a line of its own, too


@JOB_FORMATS.register("swf")
def read_swf(path: Path) -> JobLog:
    """Read a log; jobs without a run time or without processors are dropped and counted.

    The size is the allocation, or the request where that is unknown. The estimate is the requested time, or the run
    time where that is unknown.

    Raises
    ------
    TraceError
        If a line does not have 18 numbers.
    """
    header: dict[str, str] = {}
    jobs = collect(_rows(path, header))
    procs = number(header.get("MaxProcs") or header.get("MaxNodes") or "")
    return JobLog(jobs=jobs.jobs, report=jobs.report, capacity=int(procs) if procs else None, overruns=jobs.overruns)


def _rows(path: Path, header: dict[str, str]) -> Iterator[Job | str]:
    for at, line in enumerate(lines(path), 1):
        if line[0] == ";":
            key, _, value = line[1:].partition(":")
            header.setdefault(key.strip(), value.strip())
        elif fields := line.split():
            try:
                yield _job(fields, int)  # nearly all logs are in whole seconds
            except ValueError:
                if len(fields) != 18:
                    raise TraceError(f"{path}:{at}: expected 18 fields, found {len(fields)}") from None
                try:
                    yield _job(fields, _decimal)
                except ValueError:
                    raise TraceError(f"{path}:{at}: expected numbers, found {line.strip()[:60]!r}") from None


def _job(fields: list[str], value: Callable[[str], float]) -> Job | str:
    job_id, submit, _, run, held, _, _, asked, believed, _, status, user, _, _, queue, _, after, _ = fields
    run_s, size, estimate_s = value(run), int(held), value(believed)
    if run_s <= 0:
        return "run time 0" if run_s == 0 else "run time unknown"
    if size <= 0:
        size = int(asked)
        if size <= 0:
            return "no processors"
    if status in PARTS:
        return "part of a checkpointed job"
    if estimate_s <= 0:
        estimate_s = run_s
    payer, tenant = None if user == "-1" else intern(user), None if queue == "-1" else intern(queue)
    before = None if after == "-1" or after == "0" else int(after)
    # no priority, kinds, deadlines, services or preemption in these logs
    job = (
        int(job_id), value(submit), size, run_s, estimate_s, payer, tenant,
        0, STATUS.get(status), before, (), None, None, True,
    )  # fmt: skip
    return make(Job, job)


def _decimal(text: str) -> float:
    value = number(text)
    if value is None:
        raise ValueError(text)
    return value


def write_swf(path: Path, jobs: Sequence[Job], *, capacity: int | None = None, note: str = "") -> None:
    """Write jobs; the file is compressed if its name ends in ``.gz``, and the same jobs give the same bytes.

    Ids, users or queues that are not all whole numbers become their rank in order of appearance.
    """
    ids = _numbered(job.job_id for job in jobs)
    users, queues = _numbered(job.user for job in jobs), _numbered(job.queue for job in jobs)
    codes = {status: code for code, status in STATUS.items()}
    text = ["; Version: 2.2"] + [f"; Note: {note}"] * bool(note) + [f"; MaxProcs: {capacity}"] * (capacity is not None)
    text += [
        f"{ids[job.job_id]} {job.submit_s} -1 {job.run_s} {job.size} -1 -1 {job.size} {job.estimate_s} -1 "
        f"{codes[job.status] if job.status else -1} {users[job.user]} -1 -1 {queues[job.queue]} -1 "
        f"{ids.get(job.after, -1)} -1"
        for job in jobs
    ]
    data = ("\n".join(text) + "\n").encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def _numbered(names: Iterable[str | int | None]) -> dict[str | int | None, int]:
    distinct = [name for name in dict.fromkeys(names) if name is not None]
    whole = all(str(name).isdecimal() for name in distinct)
    return {None: -1} | {name: int(name) if whole else rank for rank, name in enumerate(distinct, 1)}
