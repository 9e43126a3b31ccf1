"""How full a cluster was and who waited, over time, and where its jobs lay: what its pictures are drawn from."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from analysis.metrics.queueing import quantile, size_class
from simulator.engine.cluster_log import ClusterLog, Level

DAY_S = 86400.0


class Curve(NamedTuple):
    """Means over equal stretches of time: where each begins and the last ends [d], and the mean in each."""

    edges_d: Sequence[float]
    means: Sequence[float]


def binned(levels: Sequence[Level], value: Callable[[Level], float], *, bins: int = 240) -> Curve:
    """Return the time averages of a level that changes in steps.

    Parameters
    ----------
    levels : sequence of Level
        In order of time; each lasts until the next, the last has no length.
    value : callable
        What to average.
    bins : int
        How many stretches of time.

    Examples
    --------
    >>> levels = [Level(0, 2, 0, 0, 0), Level(86400, 4, 0, 0, 0), Level(172800, 0, 0, 0, 0)]
    >>> binned(levels, lambda level: level.waiting, bins=1)
    Curve(edges_d=[0.0, 2.0], means=[3.0])
    """
    import numpy as np

    times_s = np.array([level.time_s for level in levels], dtype=float)
    values = np.array([value(level) for level in levels], dtype=float)
    total = np.concatenate([[0.0], np.cumsum(np.diff(times_s) * values[:-1])])
    edges_s = np.linspace(times_s[0], times_s[-1], bins + 1)
    reached = np.interp(edges_s, times_s, total)
    means = np.diff(reached) / np.diff(edges_s)
    return Curve(((edges_s - times_s[0]) / DAY_S).tolist(), means.tolist())


class Waits(NamedTuple):
    """Waits of one size class [s]."""

    name: str
    jobs: int
    median_s: float
    p95_s: float
    longest_s: float


def waits_by_size(log: ClusterLog) -> Sequence[Waits]:
    """Return the waits of each size class by powers of two of accelerators, the smallest first."""
    classes: dict[int, list[float]] = {}
    for end in log.ends:
        accelerators = -(-end.job.size // log.units_per_accelerator)
        classes.setdefault((accelerators - 1).bit_length(), []).append(end.wait_s)
    found = []
    for power, waits_s in sorted(classes.items()):
        waits_s.sort()
        found.append(
            Waits(size_class(power), len(waits_s), quantile(waits_s, 0.5), quantile(waits_s, 0.95), waits_s[-1])
        )
    return found


class Tile(NamedTuple):
    """A stay on neighbouring nodes: when [d], which nodes, and which part of the cluster its job holds."""

    start_d: float
    end_d: float
    first: int
    last: int
    share: float
    marked: bool


def tiles(log: ClusterLog, *, most: int, marked: object = None) -> Sequence[Tile]:
    """Return the largest tiles of a Gantt chart, by node-time, in order of their start.

    Parameters
    ----------
    log : ClusterLog
        With its stays, on nodes.
    most : int
        How many at most; the smallest are left out.
    marked : job id
        Of a job that is to stand out.
    """
    first_s = min(end.job.submit_s for end in log.ends)
    found = []
    for stay in log.stays:
        share = stay.size / log.capacity
        for first, last in _runs(sorted(stay.nodes)):
            found.append(
                Tile((stay.start_s - first_s) / DAY_S, (stay.end_s - first_s) / DAY_S, first, last, share,
                     stay.job_id == marked)
            )  # fmt: skip
    found.sort(key=lambda tile: (not tile.marked, -(tile.end_d - tile.start_d) * (tile.last - tile.first + 1), tile))
    return sorted(found[:most])


def _runs(nodes: Sequence[int]) -> Sequence[tuple[int, int]]:
    """Return the runs of neighbours in sorted numbers.

    Examples
    --------
    >>> _runs([1, 2, 3, 7, 9, 10])
    [(1, 3), (7, 7), (9, 10)]
    """
    found: list[tuple[int, int]] = []
    for node in nodes:
        if found and found[-1][1] == node - 1:
            found[-1] = (found[-1][0], node)
        else:
            found.append((node, node))
    return found


def shares(log: ClusterLog) -> Mapping[str, Callable[[Level], float]]:
    """Return what a level says, as shares of the cluster."""
    room = log.capacity
    return {
        "held": lambda level: 1 - (level.free + level.down) / room,
        "down": lambda level: level.down / room,
        "idle": lambda level: level.free / room,
        "stranded": lambda level: level.stranded / room,
    }
