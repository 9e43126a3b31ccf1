"""Backfilling around the job that is first in line.

Sources: Lifka, "The ANL/IBM SP scheduling system", JSSPP 1995; Mu'alem and Feitelson, IEEE TPDS 12(6), 2001; Tsafrir,
Etsion and Feitelson, IEEE TPDS 18(6), 2007 (shortest job backfilled first).
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from math import inf
from typing import ClassVar

from simulator.scheduling.job import Job
from simulator.scheduling.policy import QUEUE_POLICIES
from simulator.scheduling.promise import Promise
from simulator.scheduling.state import ClusterView, Queue


@QUEUE_POLICIES.register("easy")
class Easy:
    """First come first served, and later jobs may start early if they do not delay the blocked head.

    The head's time is found anew whenever the cluster changed and only moves earlier. A job may start if it ends by
    then, or if it needs only units that the head leaves over; several that do share what is left over. While nothing
    changes, who was refused stays refused, so that only those who joined the queue since are looked at.
    """

    remembers: ClassVar[bool] = True
    """Whether those who join the queue always come behind those who wait."""

    _promise: Promise | None = None  # to the head at the end of the last pass
    _changes = _refused = 0  # of the cluster, and waiting jobs, at the end of the last pass

    def why(self, job: Job) -> str:  # noqa: ARG002 - the protocol
        """Name what holds a job back that would fit."""
        return "reservation"

    def starts(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterator[Job]:
        """Yield the heads that fit, then those that fit around the first that does not."""
        promise, first = self._promise, self._refused
        if promise is None or self._changes != cluster.changes or cluster.left or now_s >= promise.lasts_until_s:
            queue = self._ranked(queue, cluster, now_s)
            first, self._promise = 0, None
            for job in queue:
                if job.size > cluster.free or not cluster.fits(job):
                    break
                first += 1
                yield job
            else:
                return
            promise = cluster.promise(queue[first], now_s)
            first += 1
        started = first - 1 if self._promise is None else 0
        if cluster.free:
            for job in promise.open_to(self._candidates(queue, first, cluster, now_s), cluster.free, now_s):
                if job.size <= cluster.free and cluster.fits(job) and promise.admits(job, now_s):
                    started += 1
                    yield job
        if self.remembers:
            self._promise, self._changes, self._refused = promise, cluster.changes, len(queue) - started

    def _ranked(self, queue: Queue, cluster: ClusterView, now_s: float) -> Queue:  # noqa: ARG002 - for subclasses
        return queue

    def _candidates(self, queue: Queue, first: int, cluster: ClusterView, now_s: float) -> Iterable[Job]:  # noqa: ARG002
        """Return who may be backfilled around the head, which is the one before ``first``."""
        return islice(queue, first, None)


@QUEUE_POLICIES.register("edf")
class EarliestDeadline(Easy):
    """EASY in the order of deadlines; jobs without one come last, in order of arrival.

    A job with an earlier deadline may take the place of the head, and its promise.
    """

    remembers = False

    def key(self, job: Job) -> float:
        """Return the deadline."""
        return inf if job.deadline_s is None else job.deadline_s


@QUEUE_POLICIES.register("easy-sjbf")
class EasySjbf(Easy):
    """EASY with the shortest estimate backfilled first."""

    def _candidates(self, queue: Queue, first: int, cluster: ClusterView, now_s: float) -> Iterable[Job]:  # noqa: ARG002
        return sorted(islice(queue, first, None), key=_estimate_s)


def _estimate_s(job: Job) -> float:
    return job.estimate_s
