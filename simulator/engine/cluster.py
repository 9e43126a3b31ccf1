"""Many jobs on one cluster: arrivals, starts, stops and ends, event by event.

One SimPy process brings the jobs and one the outages; the end of a stay is an event; and after everything else of an
instant at which something changed comes one pass of the policy. Between events nothing is done or asked.
"""

from bisect import insort
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from typing import Any

from simpy import Event

from simulator.engine.cluster_clock import LATE, STRIKES, Clock, Moment
from simulator.engine.cluster_log import ClusterLog, JobEnd, StayRecord
from simulator.engine.cluster_meters import Meters
from simulator.engine.cluster_progress import Progress, check
from simulator.engine.cluster_rules import Outage, Rules
from simulator.engine.cluster_troubles import Troubles
from simulator.scheduling.job import Job, JobId
from simulator.scheduling.policy import OrderingPolicy, PreemptivePolicy, QueuePolicy, TimedPolicy
from simulator.scheduling.reservations import Gate
from simulator.scheduling.state import ClusterState, Stay

PREEMPTION = "preemption"


def simulate_cluster(
    jobs: Sequence[Job],
    policy: QueuePolicy,
    state: ClusterState,
    *,
    rules: Rules | None = None,
    outages: Iterable[Outage] = (),
    spares: Sequence[int] = (),
    meters: Meters | None = None,
    keep_stays: bool = False,
) -> ClusterLog:
    """Run jobs to their ends.

    Parameters
    ----------
    jobs : sequence of Job
        In order of submission, with distinct ids, none larger than the cluster.
    policy : QueuePolicy
        A fresh instance.
    state : ClusterState
        The empty cluster.
    rules : Rules or None
        Overruns, notice, saves and requeueing.
    outages : iterable of Outage
        In order of their start; those after the last job's end are not looked at.
    spares : sequence of int
        Nodes that serve only in the place of failed ones.
    meters : Meters or None
        What to measure along the way, such as why each job waits; it costs time.
    keep_stays : bool
        Whether the log has every stay.

    Raises
    ------
    ValueError
        If the jobs are not in order, an id is there twice, or a job never fits.
    RuntimeError
        If the policy leaves jobs in the queue of an idle cluster.

    Examples
    --------
    >>> from simulator.scheduling.backfill import Easy
    >>> jobs = [Job(1, 0, 6, 50, 100), Job(2, 10, 8, 50, 100), Job(3, 20, 4, 30, 30)]
    >>> [end.start_s for end in simulate_cluster(jobs, Easy(), ClusterState(10)).ends]
    [0, 50, 20]
    """
    check(jobs, state)
    operation = Operation(jobs, policy, state, rules or Rules(), meters, keep_stays=keep_stays)
    operation.clock.process(Troubles(operation, spares).story(outages))
    return operation.run()


def _submit_s(job: Job) -> float:
    return job.submit_s


class Operation:
    """One run of a cluster; the function `simulate_cluster` is the door."""

    def __init__(
        self,
        jobs: Sequence[Job],
        policy: QueuePolicy,
        state: ClusterState,
        rules: Rules,
        meters: Meters | None,
        *,
        keep_stays: bool,
    ) -> None:
        self.clock = Clock(jobs[0].submit_s if jobs else 0)
        self.state = state
        self.queue: list[Job] = []
        self._jobs, self._policy, self._rules, self._meters = jobs, policy, rules, meters
        self._key = policy.key if isinstance(policy, OrderingPolicy) else None
        self._preemptive = policy if isinstance(policy, PreemptivePolicy) else None
        self._timed = policy if isinstance(policy, TimedPolicy) else None
        self._stays: list[StayRecord] | None = [] if keep_stays else None
        self._ends: dict[JobId, JobEnd] = {}
        self._known = {job.job_id for job in jobs} if any(job.after is not None for job in jobs) else set()
        self._held: dict[JobId, list[Job]] = {}  # jobs by the one they come after
        self._progress: dict[JobId, Progress] = {}
        self._gone: set[int] = set()  # ranks of stays that were stopped, whose end will not come
        self._struck: dict[int, tuple[float, str]] = {}  # stays that failed and nobody knows yet: when and why
        self._causes: Counter[str] = Counter()
        self._pass_asked = self._arrived = False
        self._gate = state.gate
        self._apart: list[Job] = []  # who waits for a reservation
        for time_s in state.gate.turns_s() if state.gate else ():
            if time_s > self.clock.now:
                self.clock.at(time_s, self._turn, time_s)
        self._wake_s = float("inf")
        self._passes = self._overruns = 0
        self.clock.process(self._arrivals())

    @property
    def done(self) -> bool:
        """Whether all jobs have ended."""
        return len(self._ends) == len(self._jobs)

    @property
    def stuck(self) -> bool:
        """Whether nothing runs and nothing will arrive."""
        return not self.state.ends and self._arrived

    def run(self) -> ClusterLog:
        """Run to the end and return the log."""
        self.clock.run()
        if not self.done:
            left = [job.job_id for job in self._jobs if job.job_id not in self._ends]
            raise RuntimeError(
                f"{len(left)} jobs never started, the first is {left[0]!r}: the policy leaves them in the queue of an "
                "idle cluster, or they come after each other"
            )
        meters = self._meters
        return ClusterLog(
            ends=[self._ends[job.job_id] for job in self._jobs],
            capacity=self.state.capacity,
            passes=self._passes,
            overruns=self._overruns,
            stays=self._stays or (),
            waits_s=meters.waits_s if meters else {},
            stops_by_cause=dict(self._causes.most_common()),
            ledger_unit_s=meters.ledger.unit_s if meters else {},
            stranded_unit_s=meters.stranded_unit_s if meters else 0,
            levels=meters.levels if meters else (),
        )

    # arrivals -----------------------------------------------------------------------------------------------------

    def _arrivals(self) -> Generator[Event, Any, None]:
        clock, known, limited = self.clock, self._known, self._rules.limit_s is not None
        now_s = clock.now
        for job in self._jobs:
            if job.submit_s != now_s:
                self.settle()
                now_s = job.submit_s
                yield clock.at(now_s)
            if job.run_s > job.estimate_s or limited or job.until_s is not None:
                job = self._note_admitted(job)
            if known and job.after in known and job.after not in self._ends:
                self._held.setdefault(job.after, []).append(job)
            else:
                self._join(job)
        self._arrived = True
        self.settle()

    def _note_admitted(self, job: Job) -> Job:
        """Note what the job asks for, and return it as the scheduler treats it."""
        if job.until_s is not None:
            self._progress[job.job_id] = Progress(job, 0)
            self.clock.at(max(job.until_s, self.clock.now), self._expire, job.job_id)
            return job
        self._overruns += job.run_s > job.estimate_s
        admitted = self._rules.admitted(job)
        if admitted is not job:
            self._progress[job.job_id] = Progress(job, admitted.run_s)
        return admitted

    def _expire(self, moment: Moment) -> None:
        """Send a job away whose time is over before it got what it waits for."""
        for waiting in (self.queue, self._apart):
            job = next((job for job in waiting if job.job_id == moment.about), None)
            if job is not None:
                waiting.remove(job)
                self.state.left.append(job)
                self._leave(job)
                self.settle()

    def _leave(self, job: Job) -> None:
        progress = self._progress.pop(job.job_id)
        self._finish(progress.leave(self.clock.now, self.state.promised_s.pop(job.job_id, None)))

    def _finish(self, end: JobEnd) -> None:
        job_id = end.job.job_id
        self._ends[job_id] = end
        if job_id in self._held:
            for follower in self._held.pop(job_id):
                self._join(follower)

    def _join(self, job: Job) -> None:
        if self._gate and self._gate.keeps(job):
            self._apart.append(job)
        elif self._key is None:
            self.queue.append(job)
        else:
            insort(self.queue, job, key=self._key)

    # the pass -----------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Run the pass of this instant, once everything else of the instant has happened."""
        if self._pass_asked:
            return
        if self.clock.quiet():
            self._pass()
        else:
            self._pass_asked = True
            self.clock.at(self.clock.now, self._asked_pass, None, LATE)

    def _asked_pass(self, _: Moment) -> None:
        self._pass_asked = False
        self._pass()

    def _pass(self) -> None:
        self._passes += 1
        now_s, state, queue = self.clock.now, self.state, self.queue
        if self._meters:
            self._meters.advance(now_s)
        if self._gate:
            self._start_reserved(self._gate, now_s)
        if self._preemptive:
            for stay in list(self._preemptive.stops(queue, state, now_s)):
                self.give_notice(stay)
        started = []
        for job in self._policy.starts(queue, state, now_s):
            self._start(job, now_s)
            started.append(job)
        if started:
            self._leave_queue(started)
        state.ended.clear()
        if state.left:
            state.left.clear()
        if self._meters:
            self._meters.explain(now_s, queue, self._apart, self._held, state, self._policy)
        if self._timed:
            self._set_wake(self._timed.wake_s(queue, state, now_s))

    def _start(self, job: Job, now_s: float) -> None:
        stay = self.state.begin(job, now_s)
        rules = self._rules
        if stay.speed != 1:
            self._progress.setdefault(job.job_id, Progress(job, job.run_s))
        if rules.cycle is None and job.job_id not in self._progress:
            end_s = now_s + job.run_s
        elif job.until_s is not None:
            end_s = max(job.until_s, now_s)
        else:
            end_s = now_s + rules.wall_s(job, resumed=self._resumed(job), speed=stay.speed)
        self.clock.at(end_s, self._end, stay)

    def _resumed(self, job: Job) -> bool:
        progress = self._progress.get(job.job_id)
        return progress is not None and progress.stops > 0

    def _leave_queue(self, started: list[Job]) -> None:
        queue = self.queue
        if queue[: len(started)] == started:
            del queue[: len(started)]
        else:
            for job in started:
                queue.remove(job)

    def _set_wake(self, wake_s: float | None) -> None:
        if wake_s is not None and self.clock.now < wake_s < float("inf") and wake_s != self._wake_s:
            self._wake_s = wake_s
            self.clock.at(wake_s, self._wake, wake_s)

    def _wake(self, moment: Moment) -> None:
        if moment.about == self._wake_s and not self.done:
            self.settle()

    def _start_reserved(self, gate: Gate, now_s: float) -> None:
        gate.now_s = now_s
        for job in list(self._apart):
            if gate.is_open(job) and self.state.fits(job):
                self._apart.remove(job)
                self._start(job, now_s)

    def _turn(self, moment: Moment) -> None:
        """Look again, because a reservation begins or ends; whose is over joins the queue."""
        assert self._gate is not None
        self._gate.now_s = moment.about
        waiting, self._apart = self._apart, []
        for job in waiting:
            self._join(job)
        if not self.done:
            self.settle()

    # ends and stops -----------------------------------------------------------------------------------------------

    def _end(self, moment: Moment) -> None:
        stay: Stay = moment.about
        if self._gone and stay.rank in self._gone:
            self._gone.discard(stay.rank)  # it was stopped before
            return
        job = stay.job
        self._free(stay)
        now_s = self.clock.now
        held_s = now_s - stay.start_s
        if self._meters:
            self._meters.ledger.finish(stay, held_s, self._rules, resumed=self._resumed(job))
        promised_s = self.state.promised_s.pop(job.job_id, None)
        if job.job_id in self._progress:
            end = self._progress.pop(job.job_id).end(stay, now_s, promised_s, self._rules)
        else:
            lost_s = held_s - job.run_s if self._rules.cycle else 0
            end = JobEnd(job, stay.start_s, now_s, held_s, promised_s, 0, lost_s)
        self._finish(end)
        self.settle()

    def _free(self, stay: Stay) -> None:
        self.state.finish(stay)
        if self._stays is not None:
            nodes = stay.place.nodes if stay.place else ()
            self._stays.append(StayRecord(stay.job.job_id, stay.start_s, self.clock.now, stay.size, nodes))

    def give_notice(self, stay: Stay, cause: str = PREEMPTION) -> None:
        """Tell a job to leave: at once, or after the grace."""
        if stay.rank in self.state.leaving:
            return
        self.state.leaving[stay.rank] = stay
        now_s = self.clock.now
        if self._rules.grace_s:
            self.clock.at(now_s + self._rules.grace_s, self._evict, (stay, now_s, cause), STRIKES)
        else:
            self._stop(stay, now_s, cause, noticed=True)

    def _evict(self, moment: Moment) -> None:
        stay, notice_s, cause = moment.about
        if stay.rank in self.state.leaving:  # else it ended, or a failure struck, in its notice
            self._stop(stay, notice_s, cause, noticed=True)
            self.settle()

    def strike(self, stay: Stay, cause: str, detection_s: float) -> None:
        """Let a failure hit a job: it stops now, or hangs until somebody knows."""
        if stay.rank in self._struck:
            return
        now_s = self.clock.now
        if not detection_s:
            self._stop(stay, now_s, cause, noticed=False)
            return
        self._struck[stay.rank] = now_s, cause
        self._gone.add(stay.rank)
        self.clock.at(now_s + detection_s, self._detect, stay)

    def _detect(self, moment: Moment) -> None:
        stay: Stay = moment.about
        if stay.rank in self._struck:  # else it had to leave meanwhile
            self._stop(stay, *self._struck[stay.rank], noticed=False)
            self.settle()

    def _stop(self, stay: Stay, until_s: float, cause: str, *, noticed: bool) -> None:
        """End a stay before its time and put the job back into the queue with the work that is left."""
        if stay.rank in self._struck:
            (until_s, cause), noticed = self._struck.pop(stay.rank), False
        job, now_s, rules = stay.job, self.clock.now, self._rules
        progress = self._progress.setdefault(job.job_id, Progress(job, job.run_s))
        resumed = progress.stops > 0
        split = rules.split(job, until_s - stay.start_s, resumed=resumed, noticed=noticed, speed=stay.speed)
        if self._meters:
            self._meters.ledger.stop(job, split, now_s - until_s, cause, noticed=noticed)
        self._causes[cause] += 1
        progress.note_stop(stay, split, now_s)
        self._gone.add(stay.rank)
        self._free(stay)
        if job.until_s is not None and job.until_s <= now_s:
            self._leave(job)
        else:
            left_s = max(job.estimate_s - split.kept_s, 0)
            self._requeue(job._replace(run_s=job.run_s - split.kept_s, estimate_s=left_s))

    def _requeue(self, job: Job) -> None:
        if self._gate and self._gate.keeps(job):
            insort(self._apart, job, key=_submit_s)
        elif self._key is not None or self._rules.requeue == "original":
            insort(self.queue, job, key=self._key or _submit_s)
        else:
            self.queue.insert(0 if self._rules.requeue == "head" else len(self.queue), job)
