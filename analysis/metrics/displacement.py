"""What one more job does to a cluster: when it starts and ends, and who waits longer because of it."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from analysis.metrics.queueing import size_class
from simulator.engine.cluster_log import ClusterLog, JobEnd
from simulator.scheduling.job import JobId


class Displaced(NamedTuple):
    """Jobs of one kind, with and without the additional one on the same workload and the same faults."""

    jobs: int
    later: int  # that start later because of it
    sooner: int
    added_h: float  # waiting added to all of them together; what was gained is subtracted [job-hours]
    longest_added_s: float


def displaced(
    before: ClusterLog, after: ClusterLog, inserted: JobId, by: Callable[[JobEnd], str]
) -> Mapping[str, Displaced]:
    """Compare the first starts of all other jobs, grouped; the group that waits longest first.

    Parameters
    ----------
    before, after : ClusterLog
        Without and with the job.
    inserted : str or int
        Its id.
    by : callable
        Names the group of a job.
    """
    without = {end.job.job_id: end for end in before.ends}
    added: dict[str, list[float]] = {}
    for end in after.ends:
        if end.job.job_id != inserted:
            added.setdefault(by(end), []).append(end.start_s - without[end.job.job_id].start_s)
    found = {name: _summed(values) for name, values in added.items()}
    return _ranked(found)


def _ranked(found: Mapping[str, Displaced]) -> Mapping[str, Displaced]:
    """Put the group that waits longest first; among equals, size classes by their size."""

    def rank(item: tuple[str, Displaced]) -> tuple[float, float, str]:
        least = item[0].partition("-")[0]
        return -item[1].added_h, float(least) if least.isdecimal() else 0.0, item[0]

    return dict(sorted(found.items(), key=rank))


def _summed(added_s: Sequence[float]) -> Displaced:
    return Displaced(
        jobs=len(added_s),
        later=sum(value > 0 for value in added_s),
        sooner=sum(value < 0 for value in added_s),
        added_h=math.fsum(added_s) / 3600,
        longest_added_s=max(0.0, *added_s),
    )


def averaged(replications: Sequence[Mapping[str, Displaced]]) -> Mapping[str, Displaced]:
    """Return the mean over replications of each group; the longest added wait is the longest of all."""
    names = dict.fromkeys(name for each in replications for name in each)
    nothing = Displaced(0, 0, 0, 0.0, 0.0)
    found = {}
    for name in names:
        rows = [each.get(name, nothing) for each in replications]
        means = [math.fsum(row[column] for row in rows) / len(rows) for column in range(4)]
        found[name] = Displaced(
            round(means[0]), round(means[1]), round(means[2]), means[3], max(row.longest_added_s for row in rows)
        )
    return _ranked(found)


def by_size_class(units_per_accelerator: int) -> Callable[[JobEnd], str]:
    """Return what names the size class of a job.

    Examples
    --------
    >>> from simulator.scheduling.job import Job
    >>> by_size_class(1)(JobEnd(Job(1, 0, 12, 5, 5), 0, 5, 5))
    '9-16'
    """

    def name(end: JobEnd) -> str:
        return size_class((-(-end.job.size // units_per_accelerator) - 1).bit_length())

    return name


def team(end: JobEnd) -> str:
    """Return the queue of a job, or its user where there are no queues."""
    return end.job.queue or end.job.user or "(no team)"
