"""Backfilling in which several or all waiting jobs have a reservation.

Sources: Mu'alem and Feitelson, IEEE TPDS 12(6), 2001 (conservative backfilling with compression); Chiang,
Arpaci-Dusseau and Vernon, JSSPP 2002 (reservation depth).
"""

from collections.abc import Iterator
from math import inf

from simulator.scheduling.job import Job, JobId
from simulator.scheduling.policy import QUEUE_POLICIES
from simulator.scheduling.profile import Profile
from simulator.scheduling.state import ClusterView, Queue


@QUEUE_POLICIES.register("conservative")
class Conservative:
    """Every job gets a reservation when it arrives, and keeps it unless an earlier one turns up.

    When a job ends before its estimate, the waiting jobs are tried again in order of arrival, each with its own
    reservation given back first. Where the cluster itself changed (a job overran, nodes broke or were repaired, a
    placement was refused), all reservations are made anew in that order; only then can one move later.
    """

    def __init__(self) -> None:
        self._profile: Profile | None = None
        self._starts_s: dict[JobId, float] = {}
        self._units = -1
        self._refused = False  # a job could not start when its reservation came

    def starts(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterator[Job]:
        """Yield the jobs whose reservation has come."""
        self._reserve(queue, cluster, now_s)
        self._refused = False
        for job in queue:
            if self._starts_s[job.job_id] <= now_s:
                if cluster.fits(job):
                    yield job
                    del self._starts_s[job.job_id]
                else:
                    self._refused = True

    def why(self, job: Job) -> str:  # noqa: ARG002 - the protocol
        """Name what holds a job back that would fit."""
        return "reservation"

    def wake_s(self, queue: Queue, cluster: ClusterView, now_s: float) -> float | None:  # noqa: ARG002 - the protocol
        """Return the next reservation: one can begin when nothing else happens."""
        coming_s = self._starts_s.values()
        return min((start_s for start_s in coming_s if start_s > now_s) if self._refused else coming_s, default=None)

    def _reserve(self, queue: Queue, cluster: ClusterView, now_s: float) -> None:
        units = cluster.free + sum(stay.size for stay in cluster.ends)
        profile = self._profile
        overrun = bool(cluster.ends) and cluster.ends[0].due_s < now_s
        if profile is None or units != self._units or overrun or self._refused:
            self._profile, self._units = Profile.of(now_s, cluster.free, cluster.ends), units
            self._starts_s.clear()
        else:
            profile.advance(now_s)
            if self._release(profile, cluster, now_s):
                self._compress(profile, queue, now_s)
        self._add(queue, cluster, now_s)

    def _release(self, profile: Profile, cluster: ClusterView, now_s: float) -> bool:
        """Give back what ended jobs did not use, and those who went away unserved; tell whether there was any."""
        early = False
        for job in cluster.left:
            start_s = self._starts_s.pop(job.job_id, inf)
            if start_s < inf:
                profile.hold(max(start_s, now_s), start_s + job.estimate_s, -job.size)
                early = True
        for stay in cluster.ended:
            if stay.due_s > now_s:
                profile.hold(now_s, stay.due_s, -stay.size)
                early = True
        return early

    def _compress(self, profile: Profile, queue: Queue, now_s: float) -> None:
        for job in queue:
            held_s = self._starts_s.get(job.job_id)
            if held_s is None:
                continue  # it has just arrived, or come back
            start_s = profile.earliest(job.size, job.estimate_s, now_s, before_s=held_s)
            if start_s < held_s:
                profile.hold(held_s, held_s + job.estimate_s, -job.size)
                profile.hold(start_s, start_s + job.estimate_s, job.size)
                self._starts_s[job.job_id] = start_s

    def _add(self, queue: Queue, cluster: ClusterView, now_s: float) -> None:
        profile = self._profile
        assert profile is not None
        for job in queue[len(self._starts_s) :] if self._in_order(queue) else queue:
            if job.job_id not in self._starts_s:
                start_s = profile.earliest(job.size, job.estimate_s, now_s)
                if start_s < inf:
                    profile.hold(start_s, start_s + job.estimate_s, job.size)
                self._starts_s[job.job_id] = start_s
                cluster.note_promise(job, start_s)

    def _in_order(self, queue: Queue) -> bool:
        """Tell whether those without a reservation are the last: who was stopped may be among the first."""
        return all(job.job_id not in self._starts_s for job in queue[len(self._starts_s) :])


@QUEUE_POLICIES.register("depth-k")
class DepthK:
    """Reservations for the first blocked jobs only, made anew in order at each pass: one is EASY.

    Only the promise to the first of them is firm: when that one moves forward, it may push those behind it back.

    Parameters
    ----------
    k : int
        How many blocked jobs are protected, at least 1.
    """

    def __init__(self, k: int = 4) -> None:
        if k < 1:
            raise ValueError(f"k={k}: expected at least 1 protected job; without protection use fcfs")
        self.k = k

    def why(self, job: Job) -> str:  # noqa: ARG002 - the protocol
        """Name what holds a job back that would fit."""
        return "reservation"

    def starts(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterator[Job]:
        """Yield whoever fits now and delays none of the protected."""
        profile: Profile | None = None
        protected = 0
        for job in queue:
            if profile is None:
                if cluster.fits(job):
                    yield job
                    continue
                if not cluster.free:
                    cluster.promise(job, now_s)
                    return
                profile = Profile.of(now_s, cluster.free, cluster.ends)
            elif job.size > profile.free[0] and protected == self.k:
                continue
            start_s = profile.earliest(job.size, job.estimate_s, now_s)
            starts_now = start_s <= now_s and cluster.fits(job)
            if not starts_now and protected == self.k:
                continue
            if start_s < inf:
                profile.hold(start_s, start_s + job.estimate_s, job.size)
            if starts_now:
                yield job
            else:
                protected += 1
                cluster.note_promise(job, start_s)
