"""What a reader of job logs hands on: the jobs, and an account of every row that it did not keep."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from simulator.scheduling.job import Job, JobId


class TraceError(ValueError):
    """A log that cannot be read at all; the message says where and what is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropReport:
    """Rows read, kept, and dropped by reason; the reasons sum to the rest.

    Examples
    --------
    >>> print(DropReport(read=10, dropped={"run time 0": 2}))
    read 10 rows, kept 8, dropped 2 (run time 0: 2)
    """

    read: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    first: Mapping[str, int] = field(default_factory=dict)  # row of the log, from 1, where a reason is met first

    @property
    def kept(self) -> int:
        """Rows that became jobs."""
        return self.read - sum(self.dropped.values())

    def also(self, reason: str, count: int) -> "DropReport":
        """Return the report with further rows dropped."""
        if not count:
            return self
        return DropReport(read=self.read, dropped={**self.dropped, reason: self.dropped.get(reason, 0) + count},
                          first=self.first)  # fmt: skip

    def facts(self) -> Mapping[str, Any]:
        """Return the report as plain data."""
        return {"read": self.read, "kept": self.kept, "dropped": dict(self.dropped), "first_row": dict(self.first)}

    def __str__(self) -> str:
        lost = self.read - self.kept
        rows = {reason: f", first in row {at:,}" for reason, at in self.first.items()}
        reasons = "; ".join(f"{reason}: {count:,}{rows.get(reason, '')}" for reason, count in self.dropped.items())
        return f"read {self.read:,} rows, kept {self.kept:,}, dropped {lost:,}" + (f" ({reasons})" if lost else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLog:
    """Jobs of one log in order of submission.

    Parameters
    ----------
    jobs : sequence of Job
        Sorted by ``submit_s``; equal times keep the order of the log.
    report : DropReport
        What became of each row.
    capacity : int or None
        Units of the machine, where the log says so.
    units_per_accelerator : int
        How many of the jobs' units make one accelerator: 1000 where the log knows fractions of an accelerator.
    overruns : int
        Kept jobs whose recorded run is longer than their request.
    """

    jobs: Sequence[Job]
    report: DropReport
    capacity: int | None = None
    units_per_accelerator: int = 1
    overruns: int = 0


def collect(rows: Iterable[Job | str], *, capacity: int | None = None, units_per_accelerator: int = 1) -> JobLog:
    """Gather what a reader made of its rows: a job, or the reason why a row is dropped.

    Examples
    --------
    >>> log = collect([Job(2, 9, 1, 5, 5), "run time 0", Job(1, 3, 1, 5, 5), Job(1, 4, 1, 5, 5)])
    >>> [job.job_id for job in log.jobs], str(log.report)
    ([1, 2], 'read 4 rows, kept 2, dropped 2 (run time 0: 1, first in row 2; job id seen before: 1, first in row 4)')
    """
    jobs: dict[JobId, Job] = {}
    dropped: Counter[str] = Counter()
    first: dict[str, int] = {}
    for at, row in enumerate(rows, 1):
        if isinstance(row, str):
            reason = row
        elif row.job_id in jobs:
            reason = "job id seen before"
        else:
            jobs[row.job_id] = row
            continue
        dropped[reason] += 1
        first.setdefault(reason, at)
    return JobLog(
        jobs=sorted(jobs.values(), key=attrgetter("submit_s")),
        report=DropReport(read=len(jobs) + dropped.total(), dropped=dict(dropped), first=first),
        capacity=capacity,
        units_per_accelerator=units_per_accelerator,
        overruns=sum(job.run_s > job.estimate_s for job in jobs.values()),
    )
