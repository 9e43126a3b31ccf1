"""What is known of a job beyond its first and only stay, and what a run asks of its jobs beforehand."""

from collections.abc import Mapping, Sequence
from operator import attrgetter, gt

from simulator.engine.cluster_log import JobEnd
from simulator.engine.cluster_rules import Rules, Split
from simulator.scheduling.job import Job
from simulator.scheduling.state import ClusterState, PlacedState, Stay


class Progress:
    """A job that was stopped, was cut to its limit, or asks for time and not for work.

    Parameters
    ----------
    submitted : Job
        As the log has it.
    work_s : float
        What it does if nothing stops it [s].
    """

    __slots__ = ("_work_s", "held_s", "kept_s", "start_s", "stops", "submitted")

    def __init__(self, submitted: Job, work_s: float) -> None:
        self.submitted = submitted
        self.start_s: float | None = None
        self.held_s: float = 0
        self.kept_s: float = 0
        self.stops = 0
        self._work_s = work_s

    def note_stop(self, stay: Stay, split: Split, now_s: float) -> None:
        """Count a stay that ended before its time."""
        if self.start_s is None:
            self.start_s = stay.start_s
        self.stops += 1
        self.held_s += now_s - stay.start_s
        self.kept_s += split.kept_s

    def end(self, stay: Stay, now_s: float, promised_s: float | None, rules: Rules) -> JobEnd:
        """Return how the job fared that ends by itself."""
        here_s = now_s - stay.start_s
        start_s = stay.start_s if self.start_s is None else self.start_s
        held_s, work_s, service = self.held_s + here_s, self._work_s, self.submitted.until_s is not None
        if service:
            work_s = self.kept_s + here_s - (min(rules.recovery_s, here_s) if self.stops else 0)
        killed = not service and work_s < self.submitted.run_s
        return JobEnd(self.submitted, start_s, now_s, held_s, promised_s, self.stops, held_s - work_s, killed=killed)

    def leave(self, now_s: float, promised_s: float | None) -> JobEnd:
        """Return how the job fared whose time is over while it waits."""
        start_s = now_s if self.start_s is None else self.start_s
        return JobEnd(self.submitted, start_s, now_s, self.held_s, promised_s, self.stops, self.held_s - self.kept_s)


def never_fits(job: Job, state: ClusterState) -> bool:
    """Tell whether the empty cluster has no room for a job."""
    if isinstance(state, PlacedState):
        return job.size > state.capacity or state.pool.find(job) is None
    return job.size > state.capacity


def by_shape(jobs: Sequence[Job]) -> Mapping[tuple[int, tuple[str, ...]], Job]:
    """Return one job of each size and kinds: if it never fits, none of them does."""
    return dict(zip(map(attrgetter("size", "kinds"), jobs), jobs, strict=True))


def check(jobs: Sequence[Job], state: ClusterState) -> None:
    """Refuse jobs that cannot be run.

    Raises
    ------
    ValueError
        If they are not in order, an id is there twice, or one never fits.
    """
    submits_s = [*map(attrgetter("submit_s"), jobs)]
    if any(map(gt, submits_s, submits_s[1:])):
        raise ValueError("jobs are not in order of submission; sort them by submit_s")
    if len(set(map(attrgetter("job_id"), jobs))) < len(jobs):
        raise ValueError("a job id is there twice; ids have to be distinct")
    for job in by_shape(jobs).values():
        if never_fits(job, state):
            raise ValueError(f"job {job.job_id!r} of {job.size} units never fits a cluster of {state.capacity}")
