"""Inference services as jobs: what they ask for is accelerators for a time."""

from collections.abc import Iterator, Sequence

from simulator.scheduling.job import Job

HOUR_S = 3600.0


def stretches(demand: Sequence[tuple[float, int]], end_s: float) -> Iterator[tuple[float, float]]:
    """Yield from when to when each instance of a service is wanted [s].

    Parameters
    ----------
    demand : sequence of (float, int)
        From each time on, how many instances [s]; the last one started is the first to go.
    end_s : float
        When all of it ends [s].

    Examples
    --------
    >>> list(stretches([(0, 1), (10, 3), (20, 2)], 30))
    [(0, 30), (10, 30), (10, 20)]
    """
    open_s: list[float] = []
    done = []
    for at_s, count in demand:
        while len(open_s) > count:
            done.append((open_s.pop(), at_s))
        open_s += [at_s] * (count - len(open_s))
    done += [(since_s, end_s) for since_s in open_s]
    yield from sorted(done, key=lambda stretch: (stretch[0], -stretch[1]))


def instances(
    name: str, demand: Sequence[tuple[float, int]], end_s: float, *, size: int, queue: str | None, priority: float
) -> list[Job]:
    """Return a job for each stretch in which an instance is wanted.

    Examples
    --------
    >>> [(job.job_id, job.submit_s, job.until_s) for job in instances("chat", [(0, 1), (5, 2)], 9, size=8, queue=None,
    ...                                                               priority=9)]
    [('chat-1', 0, 9), ('chat-2', 5, 9)]
    """
    return [
        Job(f"{name}-{at}", start_s, size, until_s - start_s, until_s - start_s, queue=queue, priority=priority,
            until_s=until_s)
        for at, (start_s, until_s) in enumerate(stretches(demand, end_s), 1)
    ]  # fmt: skip


def daily(by_hour: Sequence[int], from_s: float, end_s: float) -> list[tuple[float, int]]:
    """Repeat a day's demand, hour by hour, until an end [s].

    Examples
    --------
    >>> daily([1] * 12 + [3] * 12, 0, 90000)
    [(0.0, 1), (43200.0, 3), (86400.0, 1)]
    """
    hours = range(-int(-(end_s - from_s) // HOUR_S))
    steps = [(from_s + hour * HOUR_S, by_hour[hour % len(by_hour)]) for hour in hours]
    return [step for at, step in enumerate(steps) if not at or step[1] != steps[at - 1][1]]
