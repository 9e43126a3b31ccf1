"""Where the time of a cluster's units went: by phase and cause, closing against capacity and time.

What jobs hold is split by the words of `simulator.records`; what nobody holds is ``idle``, or out of service under the
name of its cause: a failure, ``maintenance``, ``spare``, ``absent`` before a node is bought and after it is sold.
"""

from collections.abc import Mapping

from simulator.engine.cluster_rules import Rules, Split, at_speed
from simulator.scheduling.job import Job
from simulator.scheduling.state import Stay

NO_CAUSE = "none"
IDLE = "idle"
OUT = "out_of_service"
NOTICE = "notice"
SLOW = "slow_placement"

Line = tuple[str, str]  # phase, cause


class ClusterLedger:
    """Unit-seconds by phase and cause.

    Examples
    --------
    >>> ledger = ClusterLedger()
    >>> stay = Stay(100, 1, 8, 0, Job(1, 0, 8, 100, 100), None)
    >>> ledger.finish(stay, 105, Rules(recovery_s=5), resumed=True)
    >>> dict(ledger.unit_s)
    {('productive', 'none'): 800, ('accelerator_initialization', 'none'): 40}
    """

    def __init__(self) -> None:
        self._unit_s: dict[Line, float] = {}

    @property
    def unit_s(self) -> Mapping[Line, float]:
        """Unit-seconds of each line."""
        return self._unit_s

    def add(self, phase: str, cause: str, unit_s: float) -> None:
        """Add to one line."""
        if unit_s:
            self._unit_s[phase, cause] = self._unit_s.get((phase, cause), 0) + unit_s

    def finish(self, stay: Stay, held_s: float, rules: Rules, *, resumed: bool) -> None:
        """Add a stay that ended by itself; its job has the work that was left at its start."""
        job = stay.job
        recovery_s = min(rules.recovery_s, held_s) if resumed else 0
        work_s = held_s - recovery_s if job.until_s is not None else job.run_s
        slow_s = at_speed(job, stay.speed).run_s - job.run_s
        self._held(job.size, work_s, held_s - recovery_s - work_s - slow_s, recovery_s)
        self.add(SLOW, NO_CAUSE, job.size * slow_s)

    def stop(self, job: Job, split: Split, late_s: float, cause: str, *, noticed: bool) -> None:
        """Add a stay that was stopped, and the time from failure or notice until its units were free."""
        self._held(job.size, split.kept_s, split.saving_s, split.recovery_s)
        self.add(SLOW, NO_CAUSE, job.size * split.slow_s)
        self.add("wasted_progress", cause, job.size * split.lost_s)
        self.add(NOTICE if noticed else "detection_latency", cause, job.size * late_s)

    def _held(self, size: int, work_s: float, saving_s: float, recovery_s: float) -> None:
        self.add("productive", NO_CAUSE, size * work_s)
        self.add("checkpoint_save", NO_CAUSE, size * saving_s)
        self.add("accelerator_initialization", NO_CAUSE, size * recovery_s)
