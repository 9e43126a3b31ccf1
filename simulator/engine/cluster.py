"""Many jobs on one cluster: arrivals, starts, stops and ends, event by event.

One SimPy process brings the jobs and one the outages; the end of a stay is an event; and after everything else of an
instant at which something changed comes one pass of the policy. Between events nothing is done or asked.
"""

from bisect import insort
from collections.abc import Generator, Iterable, Sequence
from itertools import pairwise
from typing import Any

from simpy import Event

from simulator.engine.cluster_clock import LATE, STRIKES, Clock, Moment
from simulator.engine.cluster_log import ClusterLog, JobEnd, StayRecord
from simulator.engine.cluster_meters import Meters
from simulator.engine.cluster_rules import Outage, Rules
from simulator.scheduling.job import Job, JobId
from simulator.scheduling.policy import OrderingPolicy, PreemptivePolicy, QueuePolicy, TimedPolicy
from simulator.scheduling.state import ClusterState, PlacedState, Stay


def simulate_cluster(
    jobs: Sequence[Job],
    policy: QueuePolicy,
    state: ClusterState,
    *,
    rules: Rules | None = None,
    outages: Iterable[Outage] = (),
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
    _check(jobs, state)
    return Operation(jobs, policy, state, rules or Rules(), outages, meters, keep_stays=keep_stays).run()


def never_fits(job: Job, state: ClusterState) -> bool:
    """Tell whether the empty cluster has no room for a job."""
    if isinstance(state, PlacedState):
        return job.size > state.capacity or state.pool.find(job) is None
    return job.size > state.capacity


def _check(jobs: Sequence[Job], state: ClusterState) -> None:
    if any(later.submit_s < earlier.submit_s for earlier, later in pairwise(jobs)):
        raise ValueError("jobs are not in order of submission; sort them by submit_s")
    if len({job.job_id for job in jobs}) < len(jobs):
        raise ValueError("a job id is there twice; ids have to be distinct")
    shapes = {(job.size, job.kinds): job for job in jobs}
    for job in shapes.values():
        if never_fits(job, state):
            raise ValueError(f"job {job.job_id!r} of {job.size} units never fits a cluster of {state.capacity}")


def _submit_s(job: Job) -> float:
    return job.submit_s


class _Progress:
    """What is known of a job that was stopped at least once."""

    __slots__ = ("held_s", "start_s", "stops", "submitted", "work_s")

    def __init__(self, submitted: Job, work_s: float) -> None:
        self.submitted = submitted
        self.work_s = work_s
        self.start_s: float = 0
        self.held_s: float = 0
        self.stops = 0


class Operation:
    """One run of a cluster; the function `simulate_cluster` is the door."""

    def __init__(
        self,
        jobs: Sequence[Job],
        policy: QueuePolicy,
        state: ClusterState,
        rules: Rules,
        outages: Iterable[Outage],
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
        self._progress: dict[JobId, _Progress] = {}
        self._gone: set[int] = set()  # ranks of stays that were stopped, whose end will not come
        self._pass_asked = False
        self._wake_s = float("inf")
        self._passes = self._overruns = 0
        self.clock.process(self._arrivals())
        self.clock.process(self._outages(outages))

    def run(self) -> ClusterLog:
        """Run to the end and return the log."""
        self.clock.run()
        if len(self._ends) < len(self._jobs):
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
            idle_unit_s=meters.idle_unit_s if meters else 0,
            stranded_unit_s=meters.stranded_unit_s if meters else 0,
            down_unit_s=meters.down_unit_s if meters else 0,
        )

    # arrivals -----------------------------------------------------------------------------------------------------

    def _arrivals(self) -> Generator[Event, Any, None]:
        clock = self.clock
        for job in self._jobs:
            if job.submit_s != clock.now:
                self._settle()
                yield clock.at(job.submit_s)
            if job.run_s > job.estimate_s:
                self._overruns += 1
                job = self._note_admitted(job)
            if job.after in self._known and job.after not in self._ends:
                self._held.setdefault(job.after, []).append(job)
            else:
                self._join(job)
        self._settle()

    def _note_admitted(self, job: Job) -> Job:
        admitted = self._rules.admitted(job)
        if admitted is not job:
            self._progress[job.job_id] = _Progress(job, admitted.run_s)
        return admitted

    def _join(self, job: Job) -> None:
        if self._key is None:
            self.queue.append(job)
        else:
            insort(self.queue, job, key=self._key)

    # the pass -----------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
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
        if self._preemptive:
            for stay in list(self._preemptive.stops(queue, state, now_s)):
                self._give_notice(stay)
        started = []
        for job in self._policy.starts(queue, state, now_s):
            self._start(job, now_s)
            started.append(job)
        if started:
            self._leave_queue(started)
        state.ended.clear()
        if self._meters:
            self._meters.explain(now_s, queue, self._held, state, self._policy)
        if self._timed:
            self._set_wake(self._timed.wake_s(queue, state, now_s))

    def _start(self, job: Job, now_s: float) -> None:
        stay = self.state.begin(job, now_s)
        rules = self._rules
        if rules.cycle is None and job.job_id not in self._progress:
            end_s = now_s + job.run_s
        else:
            end_s = now_s + rules.wall_s(job, resumed=self._resumed(job))
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
        if moment.about == self._wake_s:
            self._settle()

    # ends and stops -----------------------------------------------------------------------------------------------

    def _end(self, moment: Moment) -> None:
        stay: Stay = moment.about
        if self._gone and stay.rank in self._gone:
            self._gone.discard(stay.rank)  # it was stopped before
            return
        job = stay.job
        self._free(stay)
        promised_s = self.state.promised_s.pop(job.job_id, None)
        if job.job_id in self._progress:
            self._ends[job.job_id] = self._stopped_end(stay, promised_s)
        else:
            now_s = self.clock.now
            held_s = now_s - stay.start_s
            lost_s = held_s - job.run_s if self._rules.cycle else 0
            self._ends[job.job_id] = JobEnd(job, stay.start_s, now_s, held_s, promised_s, 0, lost_s)
        if job.job_id in self._held:
            for follower in self._held.pop(job.job_id):
                self._join(follower)
        self._settle()

    def _free(self, stay: Stay) -> None:
        self.state.finish(stay)
        if self._stays is not None:
            nodes = stay.place.nodes if stay.place else ()
            self._stays.append(StayRecord(stay.job.job_id, stay.start_s, self.clock.now, stay.size, nodes))

    def _stopped_end(self, stay: Stay, promised_s: float | None) -> JobEnd:
        progress = self._progress.pop(stay.job.job_id)
        submitted, now_s = progress.submitted, self.clock.now
        held_s = progress.held_s + now_s - stay.start_s
        return JobEnd(
            submitted,
            progress.start_s if progress.stops else stay.start_s,
            now_s,
            held_s,
            promised_s,
            progress.stops,
            held_s - progress.work_s,
            killed=self._rules.overrun == "kill" and submitted.run_s > submitted.estimate_s,
        )

    def _give_notice(self, stay: Stay) -> None:
        if stay.rank in self.state.leaving:
            return
        self.state.leaving[stay.rank] = stay
        now_s = self.clock.now
        if self._rules.grace_s:
            self.clock.at(now_s + self._rules.grace_s, self._evict, (stay, now_s), STRIKES)
        else:
            self._stop(stay, now_s, noticed=True)

    def _evict(self, moment: Moment) -> None:
        stay, notice_s = moment.about
        if stay.rank in self.state.leaving:  # else it ended, or a failure struck, in its notice
            self._stop(stay, notice_s, noticed=True)
            self._settle()

    def _stop(self, stay: Stay, until_s: float, *, noticed: bool) -> None:
        """End a stay before its time and put the job back into the queue with the work that is left."""
        job, now_s, rules = stay.job, self.clock.now, self._rules
        progress = self._progress.setdefault(job.job_id, _Progress(job, job.run_s))
        resumed = progress.stops > 0
        if not resumed:
            progress.start_s = stay.start_s
        kept_s = rules.kept_s(job, until_s - stay.start_s, resumed=resumed, noticed=noticed)
        progress.stops += 1
        progress.held_s += now_s - stay.start_s
        self._gone.add(stay.rank)
        self._free(stay)
        left = job._replace(run_s=job.run_s - kept_s, estimate_s=max(job.estimate_s - kept_s, 0))
        self._requeue(left)

    def _requeue(self, job: Job) -> None:
        if self._key is not None or self._rules.requeue == "original":
            insort(self.queue, job, key=self._key or _submit_s)
        else:
            self.queue.insert(0 if self._rules.requeue == "head" else len(self.queue), job)

    # outages ------------------------------------------------------------------------------------------------------

    def _outages(self, outages: Iterable[Outage]) -> Generator[Event, Any, None]:
        for outage in outages:
            if outage.start_s + outage.duration_s <= self.clock.now:
                continue
            yield self.clock.at(max(outage.start_s, self.clock.now), priority=STRIKES)
            if len(self._ends) == len(self._jobs):
                return
            assert isinstance(self.state, PlacedState), "outages strike nodes: give a PlacedState"
            hit = self.state.lose(outage.node)
            if not outage.drained:
                for stay in hit:
                    self._stop(stay, self.clock.now, noticed=False)
            self.clock.at(outage.start_s + outage.duration_s, self._repair, outage.node)
            self._settle()

    def _repair(self, moment: Moment) -> None:
        assert isinstance(self.state, PlacedState)
        self.state.restore(moment.about)
        self._settle()
