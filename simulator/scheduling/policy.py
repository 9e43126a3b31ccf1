"""Queue policies by name: who starts next.

**The instant.** At each distinct time the engine frees the units of all jobs that end, lets all arrivals join the
queue in order of submission (equal times: order of the log), and runs one pass. A pass asks the policy for jobs one by
one, and places each before it asks for the next, so that the policy always sees the cluster as it is.

A policy of your own is a class with one method::

    @QUEUE_POLICIES.register("widest-first")
    class WidestFirst:
        def starts(self, queue, cluster, now_s):
            for job in sorted(queue, key=lambda job: -job.size):
                if cluster.fits(job):
                    yield job
"""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, TypeVar, runtime_checkable

from simulator.foundation.registry import Registry
from simulator.scheduling.job import Job
from simulator.scheduling.state import ClusterView, Queue, Stay

T = TypeVar("T")


class QueuePolicy(Protocol):
    """Decides who starts; a fresh instance serves one run."""

    def starts(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterator[Job]:
        """Yield jobs of the queue that start now, each of which fits when it is yielded.

        Parameters
        ----------
        queue : sequence of Job
            Waiting jobs in order of arrival, or of `OrderingPolicy.key`; the policy must not change it.
        cluster : ClusterView
            Free units and running jobs, up to date at each step of the iteration.
        now_s : float
            Time of the pass [s].
        """
        ...


@runtime_checkable
class OrderingPolicy(Protocol):
    """Also sets the order of its queue, by a key that stays as it is while a job waits."""

    def key(self, job: Job) -> Any:
        """Return what sorts the queue; equal keys in order of arrival."""
        ...


@runtime_checkable
class PreemptivePolicy(Protocol):
    """Also decides who has to leave."""

    def stops(self, queue: Queue, cluster: ClusterView, now_s: float) -> Iterable[Stay]:
        """Return running jobs that get their notice now.

        Asked before `QueuePolicy.starts`, and with it again as long as somebody started, for whoever fitted alone and
        does not beside those. Who began in this instant gets no notice.
        """
        ...


@runtime_checkable
class TimedPolicy(Protocol):
    """Also asks for a pass at a time when nothing else happens."""

    def wake_s(self, queue: Queue, cluster: ClusterView, now_s: float) -> float | None:
        """Return the next time to run a pass [s], or None."""
        ...


@runtime_checkable
class ExplainingPolicy(Protocol):
    """Also says why a job waits that would fit."""

    def why(self, job: Job) -> str:
        """Return one word, such as ``reservation`` or ``quota``."""
        ...


QUEUE_POLICIES: Registry[type[QueuePolicy]] = Registry("queue policy", group="flopcast.queue_policies")


def make_policy(text: str) -> QueuePolicy:
    """Make a policy from its name and options.

    Parameters
    ----------
    text : str
        A key of `QUEUE_POLICIES`, or with options such as ``depth-k:k=4`` or ``fair-share:half_life_s=604800``.

    Raises
    ------
    KeyError
        If there is no such policy; the message lists those there are.
    ValueError
        If an option is unknown or no number.

    Examples
    --------
    >>> import simulator.scheduling.conservative
    >>> make_policy("depth-k:k=2").k
    2
    """
    return from_text(QUEUE_POLICIES, text, "policy")


def from_text(registry: Registry[type[T]], text: str, what: str) -> T:
    """Make a member of a registry from its name and options, as in `make_policy`."""
    name, _, rest = text.partition(":")
    member = registry[name.strip()]
    options = dict(_option(text, part, what) for part in rest.split(",") if part.strip())
    try:
        return member(**options)
    except TypeError as problem:
        raise ValueError(f"{what} {text!r}: {problem}") from None


def _option(text: str, part: str, what: str) -> tuple[str, float]:
    key, _, value = part.partition("=")
    number = as_number(value)
    if number is None:
        raise ValueError(f"{what} {text!r}: expected name=number, found {part.strip()!r}")
    return key.strip(), number


def as_number(text: str) -> float | None:
    """Return a number, whole if the text is, or None."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return None
