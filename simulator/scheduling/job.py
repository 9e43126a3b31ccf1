"""A job as a scheduler sees it, and as the log tells how it really ran.

There are hundreds of thousands of them, so a job is a tuple. Times keep the type of the log: whole seconds stay
whole, so that sums over a log are exact.
"""

from typing import Literal, NamedTuple, TypeAlias

JobId: TypeAlias = str | int
Status: TypeAlias = Literal["completed", "failed", "cancelled"]


class Job(NamedTuple):
    """One gang: all its units start together, stop together, and are held for the whole time.

    Parameters
    ----------
    job_id : str or int
        As in the log.
    submit_s : float
        When it joins the queue, in the clock of its log [s].
    size : int
        Units (accelerators, processors or nodes) that it needs at once.
    run_s : float
        Time that it really needs on these units [s].
    estimate_s : float
        Time that the scheduler believes it needs [s]; equal to ``run_s`` where the log has no request.
    user, queue : str or None
        Who pays, and the partition, virtual cluster or tenant.
    priority : float
        Larger goes first, for policies that look at it.
    status : {"completed", "failed", "cancelled"} or None
        How it ended in the log; None when the log does not say.
    after : str, int or None
        Job that has to end first; it joins the queue when both that and ``submit_s`` are past.
    kinds : tuple of str
        Kinds of accelerators that it can run on; empty for any.
    deadline_s : float or None
        When it should have ended [s].
    until_s : float or None
        When it leaves, finished or not, started or not [s]: what it asks for is time, not work, as an inference
        service does. Nothing that it did is ever lost.
    preemptible : bool
        Whether a policy may stop it.

    Examples
    --------
    >>> Job(1, 0, 8, 3600, 7200).size
    8
    """

    job_id: JobId
    submit_s: float
    size: int
    run_s: float
    estimate_s: float
    user: str | None = None
    queue: str | None = None
    priority: float = 0
    status: Status | None = None
    after: JobId | None = None
    kinds: tuple[str, ...] = ()
    deadline_s: float | None = None
    until_s: float | None = None
    preemptible: bool = True
