"""Many jobs on one cluster: arrivals, starts, stops and ends, event by event.

On SimPy's agenda are the next arrivals, the end of each stay, and what befalls the nodes; after everything else of an
instant at which something changed comes one pass of the policy. Between events nothing is done or asked.
"""

from collections.abc import Callable, Iterable, Sequence
from math import inf

from simulator.engine.cluster_clock import FIRST, LATE, Clock, Moment
from simulator.engine.cluster_log import ClusterLog, JobEnd, StayRecord
from simulator.engine.cluster_meters import Meters
from simulator.engine.cluster_progress import Progress, check
from simulator.engine.cluster_rules import Outage, Rules
from simulator.engine.cluster_stops import Stops
from simulator.engine.cluster_troubles import Troubles
from simulator.engine.cluster_waiting import Waiting
from simulator.foundation.tuples import make
from simulator.scheduling.job import Job, JobId
from simulator.scheduling.policy import ExplainingPolicy, PreemptivePolicy, QueuePolicy, TimedPolicy
from simulator.scheduling.reservations import Gate
from simulator.scheduling.state import ClusterState, Stay


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
    progress: Callable[[int], None] | None = None,
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
    progress : callable, optional
        Called with 1 as each job ends.

    Raises
    ------
    ValueError
        If the jobs are not in order, an id is there twice, or a job never fits.
    RuntimeError
        If the policy leaves jobs in the queue of an idle cluster, or lets them stop each other for ever.

    Examples
    --------
    >>> from simulator.scheduling.backfill import Easy
    >>> jobs = [Job(1, 0, 6, 50, 100), Job(2, 10, 8, 50, 100), Job(3, 20, 4, 30, 30)]
    >>> [end.start_s for end in simulate_cluster(jobs, Easy(), ClusterState(10)).ends]
    [0, 50, 20]
    """
    check(jobs, state)
    operation = Operation(jobs, policy, state, rules or Rules(), meters, progress, keep_stays=keep_stays)
    operation.clock.process(Troubles(operation, spares).story(outages))
    return operation.run()


class Operation:
    """One run of a cluster; the function `simulate_cluster` is the door."""

    def __init__(
        self,
        jobs: Sequence[Job],
        policy: QueuePolicy,
        state: ClusterState,
        rules: Rules,
        meters: Meters | None,
        progress: Callable[[int], None] | None,
        *,
        keep_stays: bool,
    ) -> None:
        self.clock = Clock(jobs[0].submit_s if jobs else 0)
        self.state = state
        self.progress: dict[JobId, Progress] = {}
        self.stops = Stops(self, rules, meters)
        self.waiting = Waiting(policy, state.gate, rules.requeue)
        self._jobs, self._policy, self._rules, self._meters = jobs, policy, rules, meters
        self._told = progress
        self._preemptive = policy if isinstance(policy, PreemptivePolicy) else None
        self._timed = policy if isinstance(policy, TimedPolicy) else None
        self._why = policy.why if isinstance(policy, ExplainingPolicy) else _by_priority
        self._stays: list[StayRecord] | None = [] if keep_stays else None
        self._ends: dict[JobId, JobEnd] = {}
        self._known = {job.job_id for job in jobs} if any(job.after is not None for job in jobs) else set()
        self._gone = self.stops.gone
        self._pass_asked = self._arrived = False
        self._wake_s = float("inf")
        self._passes = self._overruns = 0
        self._gate = state.gate
        for time_s in state.gate.turns_s() if state.gate else ():
            if time_s > self.clock.now:
                self.clock.at(time_s, self._turn, state.gate)
        self.clock.at(self.clock.now, self._arrive, 0, FIRST)

    @property
    def finished(self) -> int:
        """How many jobs have ended."""
        return len(self._ends)

    @property
    def done(self) -> bool:
        """Whether all jobs have ended."""
        return self.finished == len(self._jobs)

    @property
    def stuck(self) -> bool:
        """Whether nothing runs and nothing will arrive."""
        return not self.state.ends and self._arrived

    def run(self) -> ClusterLog:
        """Run to the end and return the log."""
        self.clock.run_out()
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
            stops_by_cause=dict(self.stops.causes.most_common()),
            ledger_unit_s=meters.ledger.unit_s if meters else {},
            stranded_unit_s=meters.stranded_unit_s if meters else 0,
            levels=meters.levels if meters else (),
        )

    # arrivals -----------------------------------------------------------------------------------------------------

    def _arrive(self, moment: Moment) -> None:
        """Let all jobs of this instant join, from one on, and come back for the next."""
        jobs, known, limited = self._jobs, self._known, self._rules.limit_s is not None
        at, now_s = moment.about, self.clock.now
        due_s = now_s if jobs else inf
        while due_s == now_s:
            job = jobs[at]
            at += 1
            due_s = jobs[at].submit_s if at < len(jobs) else inf
            if job.run_s > job.estimate_s or limited or job.until_s is not None:
                job = self._note_admitted(job)
            if known and job.after in known and job.after not in self._ends:
                self.waiting.hold(job, job.after)
            else:
                self.waiting.join(job)
        self._arrived = at == len(jobs)
        self.settle()
        if not self._arrived:
            self.clock.at(due_s, self._arrive, at)

    def _note_admitted(self, job: Job) -> Job:
        """Note what the job asks for, and return it as the scheduler treats it."""
        if job.until_s is not None:
            self.progress[job.job_id] = Progress(job, 0)
            self.clock.at(max(job.until_s, self.clock.now), self._expire, job.job_id)
            return job
        self._overruns += job.run_s > job.estimate_s
        admitted = self._rules.admitted(job)
        if admitted is not job:
            self.progress[job.job_id] = Progress(job, admitted.run_s)
        return admitted

    def _expire(self, moment: Moment) -> None:
        """Send a job away whose time is over before it got what it waits for."""
        job = self.waiting.withdraw(moment.about)
        if job is not None:
            self.state.left.append(job)
            self._leave(job)
            self.settle()

    def _turn(self, moment: Moment) -> None:
        """Look again, because a reservation begins or ends."""
        gate: Gate = moment.about
        gate.now_s = self.clock.now
        self.state.changes += 1
        self.waiting.reopen()
        if not self.done:
            self.settle()

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
        now_s, state, queue, preemptive = self.clock.now, self.state, self.waiting.queue, self._preemptive
        if self._meters:
            self._meters.advance(now_s)
        if self._gate:
            self._start_reserved(self._gate, now_s)
        while True:
            if preemptive:
                self._make_room(preemptive, now_s)
            started = []
            for job in self._policy.starts(queue, state, now_s):
                self._start(job, now_s)
                started.append(job)
            if started:
                self.waiting.leave(started)
            state.ended.clear()
            state.left.clear()
            if not (preemptive and started and queue):
                break  # else who started changed who is in whose way
        if self._meters:
            self._meters.explain(now_s, queue, self.waiting.apart, self.waiting.held, state, self._why)
        if self._timed:
            self._set_wake(self._timed.wake_s(queue, state, now_s))

    def _make_room(self, policy: PreemptivePolicy, now_s: float) -> None:
        """Give notice to whom the policy names; who began in this instant stays."""
        for stay in list(policy.stops(self.waiting.queue, self.state, now_s)):
            if stay.start_s < now_s:
                self.stops.give_notice(stay)

    def _start_reserved(self, gate: Gate, now_s: float) -> None:
        gate.now_s = now_s
        for job in list(self.waiting.apart):
            if gate.is_open(job) and self.state.fits(job):
                self.waiting.apart.remove(job)
                self._start(job, now_s)

    def _set_wake(self, wake_s: float | None) -> None:
        if wake_s is not None and self.clock.now < wake_s < float("inf") and wake_s != self._wake_s:
            self._wake_s = wake_s
            self.clock.at(wake_s, self._wake, wake_s)

    def _wake(self, moment: Moment) -> None:
        if moment.about == self._wake_s and not self.done:
            self.settle()

    # stays --------------------------------------------------------------------------------------------------------

    def _start(self, job: Job, now_s: float) -> None:
        stay = self.state.begin(job, now_s)
        rules = self._rules
        if stay.speed != 1:
            self.progress.setdefault(job.job_id, Progress(job, job.run_s))
        if rules.cycle is None and job.job_id not in self.progress:
            end_s = now_s + job.run_s
        elif job.until_s is not None:
            end_s = max(job.until_s, now_s)
        else:
            end_s = now_s + rules.wall_s(job, resumed=self._resumed(job), speed=stay.speed)
        self.clock.at(end_s, self._end, stay)

    def _resumed(self, job: Job) -> bool:
        progress = self.progress.get(job.job_id)
        return progress is not None and progress.stops > 0

    def _end(self, moment: Moment) -> None:
        stay: Stay = moment.about
        if self._gone and stay.rank in self._gone:
            self._gone.discard(stay.rank)  # it was stopped before
            return
        _, _, _, start_s, job, _, _ = stay
        self.free(stay)
        now_s, job_id = self.clock.now, job.job_id
        held_s = now_s - start_s
        if self._meters:
            self._meters.ledger.finish(stay, held_s, self._rules, resumed=self._resumed(job))
        promised_s = self.state.promised_s.pop(job_id, None)
        if job_id in self.progress:
            end = self.progress.pop(job_id).end(stay, now_s, promised_s, self._rules)
        else:
            lost_s = held_s - job.run_s if self._rules.cycle else 0
            fields = job, start_s, now_s, held_s, promised_s, 0, lost_s, False
            end = make(JobEnd, fields)
        self._finish(end)
        self.settle()

    def free(self, stay: Stay) -> None:
        """Give the units of a stay back."""
        self.state.finish(stay)
        if self._stays is not None:
            nodes = stay.place.nodes if stay.place else ()
            self._stays.append(StayRecord(stay.job.job_id, stay.start_s, self.clock.now, stay.size, nodes))

    def put_back(self, job: Job) -> None:
        """Let a job that was stopped wait again, unless its time is over."""
        if job.until_s is not None and job.until_s <= self.clock.now:
            self._leave(job)
        else:
            self.waiting.rejoin(job)

    def _leave(self, job: Job) -> None:
        progress = self.progress.pop(job.job_id)
        self._finish(progress.leave(self.clock.now, self.state.promised_s.pop(job.job_id, None)))

    def _finish(self, end: JobEnd) -> None:
        job_id = end.job.job_id
        self._ends[job_id] = end
        if self._told is not None:
            self._told(1)
        if job_id in self.waiting.held:
            self.waiting.release(job_id)


def _by_priority(_: Job) -> str:
    return "priority"
