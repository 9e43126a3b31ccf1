"""One more job on a cluster: the same workload and faults, with it and without it."""

from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, replace

from simulator.engine.cluster_log import ClusterLog, JobEnd
from simulator.engine.cluster_setup import ClusterSetup
from simulator.scheduling.job import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Insertion:
    """One replication without and with the job.

    Parameters
    ----------
    job : Job
        What was inserted.
    before, after : ClusterLog
        The same workload and fault timeline without it and with it.
    """

    job: Job
    before: ClusterLog
    after: ClusterLog

    @property
    def end(self) -> JobEnd:
        """How the job fared."""
        return next(end for end in self.after.ends if end.job.job_id == self.job.job_id)


def insert(
    setup: ClusterSetup, job: Job, policy: str, replica: int = 0, *, progress: Callable[[int], None] | None = None
) -> Insertion:
    """Run a replication of a cluster with and without one more job.

    Parameters
    ----------
    setup : ClusterSetup
        The cluster and its jobs.
    job : Job
        Submitted when the first of them is, or later; its id is none of theirs.
    policy : str
        As in `make_policy`.
    replica : int
        Sets shifts of the others' submissions, and faults.
    progress : callable, optional
        Called with 1 as each job ends, without and with the one more.

    Raises
    ------
    ValueError
        If the job never fits, or is submitted too early.

    Examples
    --------
    >>> setup = ClusterSetup(jobs=[Job(1, 0, 4, 10, 10), Job(2, 1, 4, 10, 10)], capacity=4)
    >>> found = insert(setup, Job("mine", 0.5, 4, 5, 5), "easy")
    >>> found.end.start_s, [end.start_s for end in found.before.ends], [end.start_s for end in found.after.ends]
    (10, [0, 10], [0, 10, 15])
    """
    plain = replace(setup, jobs=setup.jobs_of(replica), shake_s=0)
    if plain.jobs and job.submit_s < plain.jobs[0].submit_s:
        raise ValueError(f"{job.job_id} is submitted at {job.submit_s:g} s, before the first job of the log")
    jobs = list(plain.jobs)
    insort(jobs, job, key=lambda one: one.submit_s)
    before = plain.run(policy, replica, progress=progress)
    after = replace(plain, jobs=jobs).run(policy, replica, progress=progress)
    return Insertion(job=job, before=before, after=after)
