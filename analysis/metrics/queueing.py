"""What users and owners of a shared cluster ask of a schedule: waits, slowdowns, use, guarantees.

Sources: Feitelson and Rudolph, "Metrics and benchmarking for parallel job scheduling", JSSPP 1998 (bounded slowdown);
Tsafrir and Feitelson, 2006 (why the mean alone misleads). All functions are pure.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, mul, sub
from typing import NamedTuple

from simulator.engine.cluster_log import ClusterLog, JobEnd

SHORT_S = 10
"""Jobs shorter than this count as this long in the slowdown [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueingSummary:
    """One run in numbers; times in seconds, shares 0 to 1.

    Parameters
    ----------
    jobs : int
        Jobs counted, after any warm-up was cut off.
    mean_wait_s, median_wait_s, p95_wait_s, max_wait_s : float
        From submission to the first start.
    mean_jct_s : float
        From submission to the end.
    mean_bounded_slowdown : float
        Mean of ``max(1, (end - submission) / max(useful work, 10 s))``: what a stop makes a job do twice slows it down.
    makespan_s : float
        From the first submission to the last end.
    utilisation, goodput : float
        Unit-seconds held, and unit-seconds of work that counted, by capacity times makespan.
    mean_queue : float
        Jobs waiting on average over time (Little's law on the waits).
    promised, late_promises : int
        Jobs that were promised a start, and those that started later than first promised.
    stops : int
        Stays that a failure or a preemption ended.
    lost_unit_h : float
        Held without work that counted [unit-hours].
    overruns : int
        Jobs longer than their estimate.
    deadlines, missed_deadlines : int
        Jobs with a deadline, and those that ended after it.
    unserved : float or None
        Share of the unit-seconds that services asked for and did not get; None without services.
    fragmentation : float or None
        Share of the idle unit-seconds that lay on partly used nodes; None where nodes were not simulated.
    """

    jobs: int
    mean_wait_s: float
    median_wait_s: float
    p95_wait_s: float
    max_wait_s: float
    mean_jct_s: float
    mean_bounded_slowdown: float
    makespan_s: float
    utilisation: float
    goodput: float
    mean_queue: float
    promised: int
    late_promises: int
    stops: int
    lost_unit_h: float
    overruns: int
    deadlines: int = 0
    missed_deadlines: int = 0
    unserved: float | None = None
    fragmentation: float | None = None


def summarise(log: ClusterLog, *, warm_up: float = 0) -> QueueingSummary:
    """Summarise a run.

    Parameters
    ----------
    log : ClusterLog
        With at least one job.
    warm_up : float
        Share of the jobs, from the first on, whose waits do not count, because they met an empty cluster. Use of the
        cluster is always that of the whole run, without the time before nodes were bought and after they were sold, if
        that was measured. Services do not count among the jobs.

    Raises
    ------
    ValueError
        If the log is empty, or the warm-up leaves nothing.
    """
    if not 0 <= warm_up < 1:
        raise ValueError(f"warm_up={warm_up}: expected a share of the jobs, 0 <= warm_up < 1")
    if not log.ends:
        raise ValueError("no job was simulated, so there is nothing to summarise")
    whole = _Columns(log.ends)
    services = len(log.ends) - whole.untils_s.count(None)
    jobs = [end for end in log.ends if end.job.until_s is None] if services else log.ends
    ends = trimmed(jobs or log.ends, warm_up)
    columns = whole if len(ends) == len(log.ends) else _Columns(ends)
    waits_s = sorted(map(sub, columns.starts_s, columns.submits_s))
    tooks_s = [*map(sub, columns.ends_s, columns.submits_s)]
    promised = len(ends) - columns.promises_s.count(None)
    deadlines = len(ends) - columns.deadlines_s.count(None)
    span_s = max(whole.ends_s) - min(whole.submits_s)
    held_unit_s = math.fsum(map(mul, whole.helds_s, whole.sizes))
    lost_unit_s = math.fsum(map(mul, whole.losts_s, whole.sizes))
    room_unit_s = log.capacity * span_s - log.out_unit_s("absent")
    return QueueingSummary(
        jobs=len(ends),
        mean_wait_s=_mean(waits_s),
        median_wait_s=quantile(waits_s, 0.5),
        p95_wait_s=quantile(waits_s, 0.95),
        max_wait_s=waits_s[-1],
        mean_jct_s=_mean(tooks_s),
        mean_bounded_slowdown=_mean([*map(_slowdown, tooks_s, map(sub, columns.helds_s, columns.losts_s))]),
        makespan_s=span_s,
        utilisation=held_unit_s / room_unit_s,
        goodput=(held_unit_s - lost_unit_s) / room_unit_s,
        mean_queue=math.fsum(map(sub, map(sub, whole.ends_s, whole.submits_s), whole.helds_s)) / span_s,
        promised=promised,
        late_promises=sum(map(is_late, ends)) if promised else 0,
        stops=sum(columns.stops),
        lost_unit_h=lost_unit_s / 3600 / log.units_per_accelerator,
        overruns=log.overruns,
        deadlines=deadlines,
        missed_deadlines=sum(map(is_missed, ends)) if deadlines else 0,
        unserved=_unserved(log.ends) if services else None,
        fragmentation=log.stranded_unit_s / log.idle_unit_s if log.idle_unit_s else None,
    )


class _Columns:
    """The fields of many jobs, each as a tuple: sums over them take a fraction of the time."""

    def __init__(self, ends: Sequence[JobEnd]) -> None:
        jobs, self.starts_s, self.ends_s, self.helds_s, self.promises_s, self.stops, self.losts_s, _ = zip(
            *ends, strict=True
        )
        asked = attrgetter("submit_s", "size", "deadline_s", "until_s")
        self.submits_s, self.sizes, self.deadlines_s, self.untils_s = zip(*map(asked, jobs), strict=True)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)  # `statistics` would take a tenth of the start of the command to load


def trimmed(ends: Sequence[JobEnd], warm_up: float) -> Sequence[JobEnd]:
    """Cut the first jobs off, in order of submission."""
    return ends[int(len(ends) * warm_up) :]


def makespan_s(ends: Sequence[JobEnd]) -> float:
    """Return the time from the first submission to the last end [s]."""
    return max(end.end_s for end in ends) - min(end.job.submit_s for end in ends)


def _slowdown(took_s: float, useful_s: float) -> float:
    """Return how many times longer a job took than its useful work, short jobs counted as 10 s.

    Examples
    --------
    >>> _slowdown(20.0, 5.0)
    2.0
    """
    slowdown = took_s / (useful_s if useful_s > SHORT_S else SHORT_S)
    return slowdown if slowdown > 1 else 1.0


def is_missed(end: JobEnd) -> bool:
    """Tell whether the job ended after its deadline, or was killed before it was done."""
    due_s = end.job.deadline_s
    return due_s is not None and (end.end_s > due_s or end.killed)


def _unserved(ends: Sequence[JobEnd]) -> float:
    services = [end for end in ends if end.job.until_s is not None]
    asked = math.fsum((end.job.until_s - end.job.submit_s) * end.job.size for end in services if end.job.until_s)
    return 1 - math.fsum((end.held_s - end.lost_s) * end.job.size for end in services) / asked if asked else 0.0


def is_late(end: JobEnd) -> bool:
    """Tell whether the job started later than first promised."""
    return end.promised_s is not None and end.start_s > end.promised_s


def quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile of sorted values, linear between them.

    Examples
    --------
    >>> quantile([0, 10, 20], 0.25)
    5.0
    """
    at = share * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (at - low) * (values[high] - values[low])


class Group(NamedTuple):
    """Jobs of one kind."""

    jobs: int
    mean_wait_s: float
    max_wait_s: float
    unit_h: float


def by_size(log: ClusterLog) -> Mapping[str, Group]:
    """Group the jobs by powers of two of their accelerators, small ones first."""
    units = log.units_per_accelerator
    sizes: defaultdict[int, list[JobEnd]] = defaultdict(list)
    for end in log.ends:
        sizes[end.job.size].append(end)
    classes: defaultdict[int, list[JobEnd]] = defaultdict(list)
    for size, ends in sizes.items():
        accelerators = -(-size // units)
        classes[(accelerators - 1).bit_length()] += ends
    return {size_class(power): _group(classes[power], units) for power in sorted(classes)}


def _group(ends: Sequence[JobEnd], units_per_accelerator: int) -> Group:
    waits_s = [end.start_s - end.job.submit_s for end in ends]
    unit_s = math.fsum([end.held_s * end.job.size for end in ends])
    return Group(len(ends), _mean(waits_s), max(waits_s), unit_s / 3600 / units_per_accelerator)


def size_class(power: int) -> str:
    """Name the sizes above one power of two, up to the next.

    Examples
    --------
    >>> size_class(0), size_class(1), size_class(4)
    ('1', '2', '9-16')
    """
    top = 1 << power
    return str(top) if top <= 2 else f"{top // 2 + 1}-{top}"


def wait_reasons_s(log: ClusterLog) -> Mapping[str, float]:
    """Return the waiting time of all jobs by reason [s], longest first."""
    total: dict[str, float] = {}
    for reasons in log.waits_s.values():
        for reason, time_s in reasons.items():
            total[reason] = total.get(reason, 0) + time_s
    return dict(sorted(total.items(), key=lambda item: -item[1]))


class Interval(NamedTuple):
    """A mean over replications and its confidence interval; both ends are None for one replication."""

    mean: float
    low: float | None
    high: float | None


def interval(values: Sequence[float], *, confidence: float = 0.95) -> Interval:
    """Return the mean and Student's interval of independent replications.

    Examples
    --------
    >>> found = interval([9.0, 10.0, 11.0])
    >>> found.mean, round(found.low, 3), round(found.high, 3)
    (10.0, 7.516, 12.484)
    """
    if len(values) < 2:
        return Interval(_mean(values), None, None)
    from statistics import stdev

    from scipy.stats import t

    half = float(t.ppf((1 + confidence) / 2, len(values) - 1)) * stdev(values) / len(values) ** 0.5
    mean = _mean(values)
    return Interval(mean, mean - half, mean + half)


class LedgerRow(NamedTuple):
    """One line of where the time of a cluster's accelerators went."""

    phase: str
    cause: str
    accelerator_h: float
    share: float


def ledger(log: ClusterLog) -> Sequence[LedgerRow]:
    """Return the lines of the ledger, largest first; the shares sum to one."""
    whole = math.fsum(log.ledger_unit_s.values()) or 1.0
    unit_s_per_h = 3600 * log.units_per_accelerator
    rows = [
        LedgerRow(phase, cause, unit_s / unit_s_per_h, unit_s / whole)
        for (phase, cause), unit_s in log.ledger_unit_s.items()
    ]
    return sorted(rows, key=lambda row: -row.accelerator_h)
