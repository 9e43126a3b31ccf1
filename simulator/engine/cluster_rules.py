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
    """

    overrun: Overrun = "extend"
    requeue: Requeue = "original"
    grace_s: float = 0
    keep_on_notice: bool = True
    cycle: "Cycle | None" = None
    recovery_s: float = 0

    def __post_init__(self) -> None:
        if self.grace_s < 0 or self.recovery_s < 0:
            raise ValueError(f"grace_s={self.grace_s}, recovery_s={self.recovery_s}: times are not negative")

    def admitted(self, job: Job) -> Job:
        """Return the job as the scheduler treats it."""
        if job.run_s <= job.estimate_s or self.overrun == "any-moment":
            return job
        if self.overrun == "kill":
            return job._replace(run_s=job.estimate_s)
        return job._replace(estimate_s=job.run_s)

    def wall_s(self, job: Job, *, resumed: bool) -> float:
        """Return how long a stay takes if nothing stops it: recovery, work and saves [s]."""
        wall_s = job.run_s
        if self.cycle is not None:
            from simulator.reliability.attempt import total_s

            wall_s = float(total_s(job.run_s, self.cycle, final_save=False))
        return wall_s + self.recovery_s if resumed else wall_s

    def kept_s(self, job: Job, up_s: float, *, resumed: bool, noticed: bool) -> float:
        """Return how much useful work of a stopped stay survives [s].

        Parameters
        ----------
        job : Job
            With the work that was left at the start of the stay.
        up_s : float
            From the start of the stay to the failure or the notice [s].
        resumed, noticed : bool
            Whether the stay began with a recovery, and whether it ended by a notice.
        """
        up_s -= self.recovery_s if resumed else 0
        if up_s <= 0:
            return 0
        if self.cycle is None:
            return min(up_s, job.run_s) if noticed and self.keep_on_notice else 0
        if noticed and self.keep_on_notice:
            whole, rest_s = divmod(up_s, self.cycle.length_s)
            return min(whole * self.cycle.work_s + min(rest_s, self.cycle.work_s), job.run_s)
        from simulator.reliability.attempt import saves, stretches

        return min(float(saves(up_s, self.cycle)), float(stretches(job.run_s, self.cycle)) - 1) * self.cycle.work_s


class Outage(NamedTuple):
    """A node that serves nobody for a while.

    Parameters
    ----------
    start_s, duration_s : float
        When it begins and how long it lasts [s].
    node : int
        Index of the node in its pool.
    drained : bool
        Whether the jobs on it may end first; else they are struck at once.
    cause : str
        For the account of lost time.
    """

    start_s: float
    duration_s: float
    node: int
    drained: bool = False
    cause: str = "failure"
