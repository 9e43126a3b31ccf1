"""Backfilling around the job that is first in line.

Sources: Lifka, "The ANL/IBM SP scheduling system", JSSPP 1995; Mu'alem and Feitelson, IEEE TPDS 12(6), 2001; Tsafrir,
Etsion and Feitelson, IEEE TPDS 18(6), 2007 (shortest job backfilled first).
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from math import inf

from simulator.scheduling.job import Job
from simulator.scheduling.policy import QUEUE_POLICIES
from simulator.scheduling.state import ClusterView, Queue


@QUEUE_POLICIES.register("easy")
class Easy:
    """First come first served, and later jobs may start early if they do not delay the blocked head.

    The head's time is found anew at each pass and only moves earlier. A job may start if it ends by then, or if it
    needs only units that the head leaves over; several that do share what is left over.
    """

    def why(self, job: Job) -> str:  # noqa: ARG002 - the protocol
        """Name what holds a job back that would fit."""
        return "reservation"

    def starts(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterator[Job]:
        """Yield the heads that fit, then those that fit around the first that does not."""
        ranked = self._ranked(queue, cluster, now_s)
        heads = 0
        for job in ranked:
            if not cluster.fits(job):
                break
            heads += 1
            yield job
        else:
            return
        promise = cluster.promise(ranked[heads], now_s)
        if cluster.free:
            for job in self._candidates(ranked, heads + 1):
                if job.size <= cluster.free and cluster.fits(job) and promise.admits(job, now_s):
                    yield job

    def _ranked(self, queue: Queue, cluster: ClusterView, now_s: float) -> Queue:  # noqa: ARG002 - for subclasses
        return queue

    def _candidates(self, queue: Queue, first: int) -> Iterable[Job]:
        return islice(queue, first, None)


@QUEUE_POLICIES.register("edf")
class EarliestDeadline(Easy):
    """EASY in the order of deadlines; jobs without one come last, in order of arrival.

    A job with an earlier deadline may take the place of the head, and its promise.
    """

    def key(self, job: Job) -> float:
        """Return the deadline."""
        return inf if job.deadline_s is None else job.deadline_s


@QUEUE_POLICIES.register("easy-sjbf")
class EasySjbf(Easy):
    """EASY with the shortest estimate backfilled first."""

    def _candidates(self, queue: Queue, first: int) -> Iterable[Job]:
        return sorted(islice(queue, first, None), key=_estimate_s)


def _estimate_s(job: Job) -> float:
    return job.estimate_s
