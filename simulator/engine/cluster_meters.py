"""Measured along the way, for those who ask: idle and stranded units, and why each job waits."""

from collections.abc import Iterable, Mapping

from simulator.scheduling.job import Job, JobId
from simulator.scheduling.policy import ExplainingPolicy, QueuePolicy
from simulator.scheduling.state import ClusterState, PlacedState


class Meters:
    """Integrals over time, and the waiting time of each job by reason.

    The reasons are: ``capacity``, too few units are free; ``outage``, they would be enough if no node were down;
    ``fragmentation``, enough are free, but not where the placement rule wants them; ``topology``, only the bound to a
    rack, to blocks or to the shape of a slice stands in the way; ``kind``, those free are of another kind;
    ``dependency``, an earlier job has to end; and for a job that would fit, what its policy says: ``priority``,
    ``reservation``, ``quota``.
    """

    def __init__(self) -> None:
        self.waits_s: dict[JobId, dict[str, float]] = {}
        self.idle_unit_s: float = 0
        self.stranded_unit_s: float = 0
        self.down_unit_s: float = 0
        self._levels: tuple[int, int, int] = (0, 0, 0)
        self._since_s: float | None = None
        self._open: dict[JobId, tuple[str, float]] = {}

    def advance(self, now_s: float) -> None:
        """Integrate the levels that the last pass left."""
        if self._since_s is not None:
            span_s = now_s - self._since_s
            idle, stranded, down = self._levels
            self.idle_unit_s += idle * span_s
            self.stranded_unit_s += stranded * span_s
            self.down_unit_s += down * span_s
        self._since_s = now_s

    def explain(
        self,
        now_s: float,
        queue: Iterable[Job],
        held: Mapping[JobId, list[Job]],
        state: ClusterState,
        policy: QueuePolicy,
    ) -> None:
        """After a pass, note the levels, and for each job why it still waits."""
        stranded = state.pool.stranded() if isinstance(state, PlacedState) else 0
        self._levels = (state.free, stranded, state.down)
        by_shape: dict[tuple[int, tuple[str, ...]], str | None] = {}
        reasons = {job.job_id: "dependency" for jobs in held.values() for job in jobs}
        for job in queue:
            shape = (job.size, job.kinds)
            if shape not in by_shape:
                by_shape[shape] = state.obstacle(job)
            reasons[job.job_id] = by_shape[shape] or _policy_reason(policy, job)
        self._note(now_s, reasons)

    def _note(self, now_s: float, reasons: Mapping[JobId, str]) -> None:
        for job_id, (reason, since_s) in list(self._open.items()):
            if reasons.get(job_id) != reason:
                waits_s = self.waits_s.setdefault(job_id, {})
                waits_s[reason] = waits_s.get(reason, 0) + now_s - since_s
                del self._open[job_id]
        for job_id, reason in reasons.items():
            self._open.setdefault(job_id, (reason, now_s))


def _policy_reason(policy: QueuePolicy, job: Job) -> str:
    return policy.why(job) if isinstance(policy, ExplainingPolicy) else "priority"
