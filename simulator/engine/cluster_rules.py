"""What happens to a job that overruns, is told to leave, or is struck by a failure."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from simulator.scheduling.job import Job

if TYPE_CHECKING:
    from simulator.reliability.attempt import Cycle

Overrun = Literal["extend", "kill", "any-moment"]
Requeue = Literal["original", "head", "tail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The options of a cluster that are not the policy's.

    Parameters
    ----------
    overrun : {"extend", "kill", "any-moment"}
        A job longer than its estimate: the estimate is raised to the run time beforehand; it is killed at the estimate;
        or it runs on, and may end at any moment as far as the scheduler knows.
    requeue : {"original", "head", "tail"}
        Where a stopped job joins the queue: by its submission, first or last.
    grace_s : float
        From the notice of a preemption until the units are free; the job holds them meanwhile [s].
    keep_on_notice : bool
        Whether a job that gets notice saves all its work; else it falls back to its last usable save.
    cycle : Cycle or None
        Work between saves and the cost of one, for all jobs; None means that they save nothing and never pay for it.
    recovery_s : float
        From the start of a stay after a stop until work goes on [s].
    limit_s : float or None
        Run time at which any job is killed, whatever its estimate [s].
    """

    overrun: Overrun = "extend"
    requeue: Requeue = "original"
    grace_s: float = 0
    keep_on_notice: bool = True
    cycle: "Cycle | None" = None
    recovery_s: float = 0
    limit_s: float | None = None

    def __post_init__(self) -> None:
        if self.grace_s < 0 or self.recovery_s < 0:
            raise ValueError(f"grace_s={self.grace_s}, recovery_s={self.recovery_s}: times are not negative")
        if self.limit_s is not None and self.limit_s <= 0:
            raise ValueError(f"limit_s={self.limit_s}: expected more than 0, or None for no limit")

    def admitted(self, job: Job) -> Job:
        """Return the job as the scheduler treats it."""
        limit_s = self.limit_s
        if limit_s is not None and max(job.run_s, job.estimate_s) > limit_s and job.until_s is None:
            job = job._replace(run_s=min(job.run_s, limit_s), estimate_s=min(job.estimate_s, limit_s))
        if job.run_s <= job.estimate_s or self.overrun == "any-moment":
            return job
        if self.overrun == "kill":
            return job._replace(run_s=job.estimate_s)
        return job._replace(estimate_s=job.run_s)

    def wall_s(self, job: Job, *, resumed: bool, speed: float = 1.0) -> float:
        """Return how long a stay takes if nothing stops it: recovery, work at a speed, and saves [s]."""
        job = at_speed(job, speed)
        wall_s = job.run_s
        if self.cycle is not None:
            from simulator.reliability.attempt import total_s

            wall_s = float(total_s(job.run_s, self.cycle, final_save=False))
        return wall_s + self.recovery_s if resumed else wall_s

    def split(self, job: Job, up_s: float, *, resumed: bool, noticed: bool, speed: float = 1.0) -> "Split":
        """Return where the time of a stopped stay went, up to the failure or the notice.

        Parameters
        ----------
        job : Job
            With the work that was left at the start of the stay.
        up_s : float
            From the start of the stay to the failure or the notice [s].
        resumed, noticed : bool
            Whether the stay began with a recovery, and whether it ended by a notice.
        speed : float
            Of the job where it was placed, over that on the closest placement.

        Examples
        --------
        >>> Rules(recovery_s=5).split(Job(1, 0, 8, 100, 100), 65, resumed=True, noticed=True)
        Split(kept_s=60, saving_s=0, recovery_s=5, lost_s=0, slow_s=0)
        """
        recovery_s = min(self.recovery_s, up_s) if resumed else 0
        up_s -= recovery_s
        kept_s, saving_s = self._kept(at_speed(job, speed), up_s, noticed=noticed)
        lost_s = up_s - kept_s - saving_s
        if speed == 1:
            return Split(kept_s, saving_s, recovery_s, lost_s)
        return Split(kept_s * speed, saving_s, recovery_s, lost_s, kept_s * (1 - speed))

    def _kept(self, job: Job, up_s: float, *, noticed: bool) -> tuple[float, float]:
        """Return the work that survives, and the time of the saves before it [s]."""
        if up_s <= 0:
            return 0, 0
        if job.until_s is not None:
            return up_s, 0
        cycle = self.cycle
        if cycle is None:
            return (min(up_s, job.run_s) if noticed and self.keep_on_notice else 0), 0
        if noticed and self.keep_on_notice:
            whole, rest_s = divmod(up_s, cycle.length_s)
            return min(whole * cycle.work_s + min(rest_s, cycle.work_s), job.run_s), whole * cycle.overhead_s
        from simulator.reliability.attempt import saves, stretches

        usable = min(float(saves(up_s, cycle)), float(stretches(job.run_s, cycle)) - 1)
        return usable * cycle.work_s, usable * cycle.overhead_s


class Split(NamedTuple):
    """Where the time of a stay went [s]."""

    kept_s: float
    saving_s: float
    recovery_s: float
    lost_s: float
    slow_s: float = 0  # more than the same work takes on the closest placement


def at_speed(job: Job, speed: float) -> Job:
    """Return the job with the time that its work takes at a speed.

    Examples
    --------
    >>> at_speed(Job(1, 0, 8, 100, 120), 0.8).run_s
    125.0
    """
    return job if speed == 1 else job._replace(run_s=job.run_s / speed)


class Outage(NamedTuple):
    """A node that serves nobody for a while, or a fault that only stops what runs on it.

    Parameters
    ----------
    start_s, duration_s : float
        When it begins and how long the node is out of service [s]; 0 leaves the node in service.
    node : int
        Index of the node in its pool.
    drained : bool
        Whether the jobs on it may end first.
    cause : str
        For the account of lost time.
    noticed : bool
        Whether the jobs on it get notice, and save, as in a preemption; else they are struck at once.
    detection_s : float
        How long struck jobs hold their units before anybody knows [s].
    """

    start_s: float
    duration_s: float
    node: int
    drained: bool = False
    cause: str = "failure"
    noticed: bool = False
    detection_s: float = 0
