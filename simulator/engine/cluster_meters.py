"""Measured along the way, for those who ask: where the units' time went, and why each job waits."""

from collections.abc import Callable, Iterable, Mapping

from simulator.engine.cluster_ledger import IDLE, NO_CAUSE, OUT, ClusterLedger
from simulator.engine.cluster_log import Level
from simulator.scheduling.job import Job, JobId
from simulator.scheduling.state import ClusterState, PlacedState


class Meters:
    """Integrals over time, and the waiting time of each job by reason.

    The reasons are: ``capacity``, too few units are free; ``outage``, they would be enough if no node were down;
    ``fragmentation``, enough are free, but not where the placement rule wants them; ``topology``, only the bound to a
    rack, to blocks or to the shape of a slice stands in the way; ``kind``, those free are of another kind;
    ``dependency``, an earlier job has to end; and for a job that would fit, what its policy says: ``priority``,
    ``reservation``, ``quota``.
    """

    def __init__(self, *, keep_levels: bool = False) -> None:
        self.levels: list[Level] = []
        self._keep_levels = keep_levels
        self.ledger = ClusterLedger()
        self.waits_s: dict[JobId, dict[str, float]] = {}
        self.stranded_unit_s: float = 0
        self._idle = self._stranded = 0
        self._out: Mapping[str, int] = {}
        self._since_s: float | None = None
        self._open: dict[JobId, tuple[str, float]] = {}

    def advance(self, now_s: float) -> None:
        """Integrate the levels that the last pass left."""
        if self._since_s is not None:
            span_s = now_s - self._since_s
            self.ledger.add(IDLE, NO_CAUSE, self._idle * span_s)
            self.stranded_unit_s += self._stranded * span_s
            for cause, units in self._out.items():
                self.ledger.add(OUT, cause, units * span_s)
        self._since_s = now_s

    def explain(
        self,
        now_s: float,
        queue: Iterable[Job],
        apart: Iterable[Job],
        held: Mapping[JobId, list[Job]],
        state: ClusterState,
        why: Callable[[Job], str],
    ) -> None:
        """After a pass, note the levels, and for each job why it still waits."""
        self._idle = state.free
        if isinstance(state, PlacedState):
            self._stranded, self._out = state.pool.stranded(), state.unheld_out()
        shape: tuple[object, ...]  # equal ones are kept waiting by the same
        by_shape: dict[tuple[object, ...], str | None] = {}
        reasons = {job.job_id: "dependency" for jobs in held.values() for job in jobs}
        reasons |= {job.job_id: state.obstacle(job) or "reservation" for job in apart}
        for job in queue:
            shape = (job.size, job.kinds)
            if state.gate is not None and job.size <= state.free:
                shape = *shape, state.gate.view(job)
            if shape not in by_shape:
                by_shape[shape] = state.obstacle(job)
            reasons[job.job_id] = by_shape[shape] or why(job)
        self._note(now_s, reasons)
        if self._keep_levels:
            self.levels.append(Level(now_s, len(reasons), self._idle, self._stranded, sum(self._out.values())))

    def _note(self, now_s: float, reasons: Mapping[JobId, str]) -> None:
        known = self._open
        for job_id in [job_id for job_id, (reason, _) in known.items() if reasons.get(job_id) != reason]:
            reason, since_s = known.pop(job_id)
            waits_s = self.waits_s.setdefault(job_id, {})
            waits_s[reason] = waits_s.get(reason, 0) + now_s - since_s
        for job_id in [job_id for job_id in reasons if job_id not in known]:
            known[job_id] = reasons[job_id], now_s
