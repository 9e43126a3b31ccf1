"""How stays on a cluster end before their time: notice and grace, failures and the time until somebody knows."""

from collections import Counter
from typing import Protocol

from simulator.engine.cluster_clock import STRIKES, Clock, Moment
from simulator.engine.cluster_meters import Meters
from simulator.engine.cluster_progress import Progress
from simulator.engine.cluster_rules import Rules
from simulator.scheduling.job import Job, JobId
from simulator.scheduling.state import ClusterState, Stay

PREEMPTION = "preemption"
MOST_IN_VAIN = 10_000  # stops in a row that leave no work behind, before a run is taken to be endless


class Stoppable(Protocol):
    """What stops act on; `Operation` is one."""

    clock: Clock
    state: ClusterState
    progress: dict[JobId, Progress]

    @property
    def finished(self) -> int:
        """How many jobs have ended."""
        ...

    def free(self, stay: Stay) -> None:
        """Give the units of a stay back."""
        ...

    def put_back(self, job: Job) -> None:
        """Let a job wait again, with the work that is left."""
        ...

    def settle(self) -> None:
        """Run the pass of this instant."""
        ...


class Stops:
    """Stops stays, and counts them.

    Parameters
    ----------
    operation : Stoppable
        Whose stays.
    rules : Rules
        Grace, saves and recovery.
    meters : Meters or None
        Where the time went.

    Attributes
    ----------
    gone : set of int
        Ranks of stays that were stopped or struck, whose own end does not count any more.
    causes : Counter
        Stops by cause.
    """

    def __init__(self, operation: Stoppable, rules: Rules, meters: Meters | None) -> None:
        self.gone: set[int] = set()
        self.causes: Counter[str] = Counter()
        self._operation, self._rules, self._meters = operation, rules, meters
        self._struck: dict[int, tuple[float, str]] = {}  # stays that failed and nobody knows yet: when and why
        self._in_vain = self._finished = 0  # stops since work was kept or a job ended, and how many had ended

    def give_notice(self, stay: Stay, cause: str = PREEMPTION) -> None:
        """Tell a job to leave: at once, or after the grace."""
        operation, grace_s = self._operation, self._rules.grace_s
        if stay.rank in operation.state.leaving:
            return
        operation.state.leaving[stay.rank] = stay
        now_s = operation.clock.now
        if grace_s:
            operation.clock.at(now_s + grace_s, self._evict, (stay, now_s, cause), STRIKES)
        else:
            self._stop(stay, now_s, cause, noticed=True)

    def _evict(self, moment: Moment) -> None:
        stay, notice_s, cause = moment.about
        if stay.rank in self._operation.state.leaving:  # else it ended, or a failure struck, in its notice
            self._stop(stay, notice_s, cause, noticed=True)
            self._operation.settle()

    def strike(self, stay: Stay, cause: str, detection_s: float) -> None:
        """Let a failure hit a job: it stops now, or hangs until somebody knows."""
        if stay.rank in self._struck:
            return
        clock = self._operation.clock
        if not detection_s:
            self._stop(stay, clock.now, cause, noticed=False)
            return
        self._struck[stay.rank] = clock.now, cause
        self.gone.add(stay.rank)
        clock.at(clock.now + detection_s, self._detect, stay)

    def _detect(self, moment: Moment) -> None:
        stay: Stay = moment.about
        if stay.rank in self._struck:  # else it had to leave meanwhile
            self._stop(stay, *self._struck[stay.rank], noticed=False)
            self._operation.settle()

    def _stop(self, stay: Stay, until_s: float, cause: str, *, noticed: bool) -> None:
        """End a stay before its time and put the job back with the work that is left."""
        if stay.rank in self._struck:
            (until_s, cause), noticed = self._struck.pop(stay.rank), False
        operation, job = self._operation, stay.job
        now_s = operation.clock.now
        progress = operation.progress.setdefault(job.job_id, Progress(job, job.run_s))
        resumed, up_s = progress.stops > 0, until_s - stay.start_s
        split = self._rules.split(job, up_s, resumed=resumed, noticed=noticed, speed=stay.speed)
        if self._meters:
            self._meters.ledger.stop(job, split, now_s - until_s, cause, noticed=noticed)
        self.causes[cause] += 1
        self._check_progress(cause, split.kept_s)
        progress.note_stop(stay, split, now_s)
        self.gone.add(stay.rank)
        operation.free(stay)
        left_s = max(job.estimate_s - split.kept_s, 0)
        operation.put_back(job._replace(run_s=job.run_s - split.kept_s, estimate_s=left_s))

    def _check_progress(self, cause: str, kept_s: float) -> None:
        """Refuse to go on where nothing ever gets done between the stops."""
        finished = self._operation.finished
        if kept_s > 0 or finished != self._finished:
            self._in_vain, self._finished = 0, finished
            return
        self._in_vain += 1
        if self._in_vain > MOST_IN_VAIN:
            raise RuntimeError(
                f"{MOST_IN_VAIN:,} stops in a row left no work behind and no job ended, the last one by {cause}: save "
                "more often, give a longer grace, or choose another policy"
            )
