"""The jobs of a shared cluster: of a log, drawn from a workload, written one by one, and the instances of services."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path as FilePath

from simulator.foundation.issues import not_among
from simulator.foundation.streams import generator
from simulator.scenario.findings import Findings
from simulator.scenario.schema.queue import Queue, QueueJob, QueueTeam, Service
from simulator.scenario.spot import named_file
from simulator.scheduling.job import Job
from simulator.scheduling.services import daily, instances
from simulator.traces.joblog import DropReport, JobLog, TraceError
from simulator.traces.workloads import jobs_of

JOBS, SERVICES = ("queue", "jobs"), ("queue", "services")
HOURS = 24


def submitted(queue: Queue, seed: int, findings: Findings) -> tuple[float, JobLog]:
    """Return when the scenario's clock begins in that of the jobs [s], and all jobs in order of submission."""
    log = _logged(queue, seed, findings)
    origin_s = log.jobs[0].submit_s if queue.trace is not None and log.jobs else 0
    units = log.units_per_accelerator
    own = [job for at, row in enumerate(queue.jobs) for job in _written(row, at, origin_s, units, findings)]
    own += [job for at, row in enumerate(queue.services) for job in _service(row, at, origin_s, units, findings)]
    jobs = [_of_team(job, queue, findings) for job in [*_dealt(log.jobs, queue, seed), *own]]
    jobs.sort(key=lambda job: job.submit_s)
    if not jobs and not findings.issues:
        findings.problem(("queue",), "has no jobs: name a trace or a workload, or write [[queue.jobs]]")
    if len({job.job_id for job in jobs}) < len(jobs):
        findings.problem(JOBS, "a name is there twice; names of jobs have to differ, also from those of the log")
    report = DropReport(read=log.report.read + len(own), dropped=log.report.dropped)
    return origin_s, replace(log, jobs=jobs, report=report)


def _logged(queue: Queue, seed: int, findings: Findings) -> JobLog:
    """Return the jobs of the trace or the workload, or none."""
    empty = JobLog(jobs=[], report=DropReport(read=0))
    if queue.trace is not None and queue.workload is not None:
        findings.problem(("queue", "workload"), "is stated, and so is trace; keep one of them")
        return empty
    key = "trace" if queue.trace is not None else "workload"
    name = queue.trace or queue.workload
    if queue.draw is not None and queue.workload is None:
        findings.problem(("queue", "draw"), "says how many jobs to draw from a workload; name one")
    if name is None:
        return empty
    file = named_file(name, ("queue", key), findings.loaded)
    published = key == "workload" and FilePath(name).suffix != ".toml"
    try:
        return jobs_of(FilePath(name) if published else file, jobs=queue.draw, seed=seed)
    except TraceError as error:
        findings.problem(("queue", key), str(error).replace("\n", " "))
        return empty


def _dealt(jobs: Sequence[Job], queue: Queue, seed: int) -> Sequence[Job]:
    """Deal jobs without a queue out among the teams that have a share."""
    shares = {name: team.share for name, team in queue.teams.items() if team.share}
    if not shares:
        return jobs
    names = list(shares)
    weights = [share / sum(shares.values()) for share in shares.values()]
    dealt = generator(seed, "teams").choice(len(names), len(jobs), p=weights).tolist()
    return [job._replace(queue=job.queue or names[at]) for job, at in zip(jobs, dealt, strict=True)]


def _of_team(job: Job, queue: Queue, findings: Findings) -> Job:
    """Give a job its team's priority, and whether it may be stopped, where it says nothing itself."""
    team = queue.teams.get(job.queue or "")
    if team is None:
        if queue.teams and job.queue is not None:
            _unknown(job.queue, queue.teams, findings)
        return job
    return job._replace(
        priority=job.priority or team.priority or 0, preemptible=job.preemptible and team.preemptible is not False
    )


def _unknown(name: str, teams: dict[str, QueueTeam], findings: Findings) -> None:
    message = f"jobs belong to a team that is not there: {not_among(name, teams)}"
    if all(issue.message != message for issue in findings.issues):
        findings.problem(("queue", "teams"), message)


def _written(row: QueueJob, at: int, origin_s: float, units: int, findings: Findings) -> Iterator[Job]:
    """Yield the jobs of one table."""
    path = (*JOBS, at)
    for name in ("accelerators", "run"):
        if getattr(row, name) is None:
            findings.problem((*path, name), "is missing")
    if row.count is not None and row.count > 1 and row.every is None:
        findings.problem((*path, "every"), "is missing: how far apart the jobs are submitted")
    if row.accelerators is None or row.run is None:
        return
    name, count = row.name or f"job-{at + 1}", row.count or 1
    for number in range(count):
        submit_s = origin_s + (row.at or 0) + number * (row.every or 0)
        yield Job(
            name if count == 1 else f"{name}-{number + 1}", submit_s, row.accelerators * units, row.run,
            row.estimate or row.run, user=row.user, queue=row.team, priority=row.priority or 0, after=row.after,
            deadline_s=None if row.deadline is None else origin_s + row.deadline + number * (row.every or 0),
            preemptible=row.preemptible is not False,
        )  # fmt: skip


def _service(row: Service, at: int, origin_s: float, units: int, findings: Findings) -> Sequence[Job]:
    """Return the instances of one service."""
    path = (*SERVICES, at)
    for name in ("name", "accelerators", "until"):
        if getattr(row, name) is None:
            findings.problem((*path, name), "is missing")
    if (row.instances is None) == (row.by_hour is None):
        findings.problem((*path, "instances"), "state how many instances there are, or 24 numbers as by_hour")
        return ()
    if row.by_hour is not None and len(row.by_hour) != HOURS:
        findings.problem((*path, "by_hour"), f"expected 24 numbers of instances, found {len(row.by_hour)}")
        return ()
    if row.name is None or row.accelerators is None or row.until is None:
        return ()
    end_s = origin_s + row.until
    demand = [(origin_s, row.instances or 0)] if row.by_hour is None else daily(row.by_hour, origin_s, end_s)
    return instances(row.name, demand, end_s, size=row.accelerators * units, queue=row.team, priority=row.priority or 0)
