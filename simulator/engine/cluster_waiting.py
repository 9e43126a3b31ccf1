"""Who waits on a cluster and where: in the queue, for a reservation, or for a job that has to end first."""

from bisect import insort
from collections.abc import Sequence

from simulator.engine.cluster_rules import Requeue
from simulator.scheduling.job import Job, JobId
from simulator.scheduling.policy import OrderingPolicy, QueuePolicy
from simulator.scheduling.reservations import Gate


class Waiting:
    """Jobs that have been submitted and are not on the cluster.

    Parameters
    ----------
    policy : QueuePolicy
        Sets the order of the queue if it has one of its own.
    gate : Gate or None
        Keeps the jobs of a reservation apart.
    requeue : {"original", "head", "tail"}
        Where stopped jobs join a queue in order of arrival.

    Attributes
    ----------
    queue : list of Job
        Whom the policy chooses from.
    apart : list of Job
        Who waits for a reservation.
    held : dict
        Jobs by the one that they come after.

    Examples
    --------
    >>> from simulator.scheduling.orders import Sjf
    >>> waiting = Waiting(Sjf(), None, "original")
    >>> for number, run_s in enumerate((30, 10, 20)):
    ...     waiting.join(Job(number, 0, 1, run_s, run_s))
    >>> [job.job_id for job in waiting.queue]
    [1, 2, 0]
    """

    def __init__(self, policy: QueuePolicy, gate: Gate | None, requeue: Requeue) -> None:
        self.queue: list[Job] = []
        self.apart: list[Job] = []
        self.held: dict[JobId, list[Job]] = {}
        self._key = policy.key if isinstance(policy, OrderingPolicy) else None
        self._gate = gate
        self._requeue = requeue

    def join(self, job: Job) -> None:
        """Let a job wait that has arrived."""
        if self._gate and self._gate.keeps(job):
            self.apart.append(job)
        elif self._key is None:
            self.queue.append(job)
        else:
            insort(self.queue, job, key=self._key)

    def rejoin(self, job: Job) -> None:
        """Let a job wait that was stopped."""
        if self._gate and self._gate.keeps(job):
            insort(self.apart, job, key=_submit_s)
        elif self._key is not None or self._requeue == "original":
            insort(self.queue, job, key=self._key or _submit_s)
        else:
            self.queue.insert(0 if self._requeue == "head" else len(self.queue), job)

    def hold(self, job: Job, until: JobId) -> None:
        """Keep a job back until another has ended."""
        self.held.setdefault(until, []).append(job)

    def release(self, ended: JobId) -> None:
        """Let those join who came after a job."""
        for job in self.held.pop(ended):
            self.join(job)

    def reopen(self) -> None:
        """Look again who waits for a reservation: whose is over joins the queue."""
        waiting, self.apart = self.apart, []
        for job in waiting:
            self.join(job)

    def withdraw(self, job_id: JobId) -> Job | None:
        """Take a job away unserved, and return it if it waited."""
        for waiting in (self.queue, self.apart):
            for at, job in enumerate(waiting):
                if job.job_id == job_id:
                    return waiting.pop(at)
        return None

    def leave(self, started: Sequence[Job]) -> None:
        """Take those out of the queue who start."""
        queue = self.queue
        if queue[: len(started)] == started:
            del queue[: len(started)]
        else:
            for job in started:
                queue.remove(job)


def _submit_s(job: Job) -> float:
    return job.submit_s
