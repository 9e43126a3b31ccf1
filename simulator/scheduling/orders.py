"""Strict orders: start the first of the queue while it fits, and never skip it."""

from collections.abc import Iterator

from simulator.scheduling.job import Job
from simulator.scheduling.policy import QUEUE_POLICIES
from simulator.scheduling.state import ClusterView, Queue


@QUEUE_POLICIES.register("fcfs")
class Fcfs:
    """First come, first served."""

    def starts(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterator[Job]:  # noqa: ARG002 - the protocol
        """Yield the head while it fits."""
        for job in queue:
            if job.size > cluster.free or not cluster.fits(job):
                return
            yield job


@QUEUE_POLICIES.register("sjf")
class Sjf(Fcfs):
    """Shortest estimate first."""

    def key(self, job: Job) -> float:
        """Return the believed run time."""
        return job.estimate_s


@QUEUE_POLICIES.register("sjf-oracle")
class SjfOracle(Fcfs):
    """Shortest real run time first: what perfect estimates would give."""

    def key(self, job: Job) -> float:
        """Return the real run time."""
        return job.run_s


@QUEUE_POLICIES.register("ljf")
class Ljf(Fcfs):
    """Longest estimate first."""

    def key(self, job: Job) -> float:
        """Return the believed run time, reversed."""
        return -job.estimate_s


@QUEUE_POLICIES.register("smallest-area")
class SmallestArea(Fcfs):
    """Smallest product of size and estimate first."""

    def key(self, job: Job) -> float:
        """Return unit-seconds."""
        return job.size * job.estimate_s
