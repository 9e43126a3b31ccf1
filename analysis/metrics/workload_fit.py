"""The laws of a log of jobs: cycles of its arrivals, sizes and run times by end, requests, names.

Shapes are those of maximum likelihood; rates and means are those of the log, so that a drawn workload brings as many
jobs and as much work. Run times of a group keep its mean under the limit of the longest run of the log.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.reliability.fitting import FEWEST, choose
from simulator.scheduling.job import Job, Status
from simulator.traces.joblog import JobLog, TraceError
from simulator.traces.synthetic import (
    DAY_S,
    HOUR_S,
    HOURS,
    WEEK_S,
    WEEKDAYS,
    Group,
    NamedLaw,
    Workload,
    operational_edges,
    to_operational_s,
    with_mean_s,
)

FloatArray = NDArray[np.float64]
SIZE_CLASSES = (1, 8, 64, 512)
"""Largest sizes [accelerators] of the classes that have run-time laws of their own; a last class has no limit."""
FEWEST_JOBS = 50  # of a class: a smaller one joins its neighbour
MOST_SIZES = 128  # told apart within a class
MOST_QUEUES, MOST_USERS = 30, 50
MOST_TIMES = 5000  # that a law is fitted to
OTHERS = "others"
_CALENDAR_S = 3e8
_THURSDAY_S = 3 * DAY_S  # 1970 began on a Thursday, weeks begin on Monday
_QUANTILES = 21


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadFit:
    """A workload, and what the log had.

    Parameters
    ----------
    workload : Workload
        The laws.
    days : float
        From the first to the last submission [d].
    shares : mapping of str to (float, float)
        Of the log: for each end its share of the jobs and of unit-time.
    has_days, has_weeks : bool
        Whether the log was long enough for a cycle of hours (two days) and of weekdays (two weeks).
    calendar : bool
        Whether times of the log are dates, so that hours and weekdays are real ones.
    """

    workload: Workload
    days: float
    shares: Mapping[str, tuple[float, float]]
    has_days: bool
    has_weeks: bool
    calendar: bool


def fit_workload(log: JobLog, *, title: str, source: str) -> WorkloadFit:
    """Fit laws to a log of jobs.

    Raises
    ------
    TraceError
        If there are fewer than eight jobs, or all come at once.
    """
    jobs = log.jobs
    if len(jobs) < FEWEST:
        raise TraceError(f"{len(jobs)} jobs are left, and a workload needs {FEWEST} at least: {log.report}")
    calendar = jobs[0].submit_s > _CALENDAR_S
    submits = np.array([float(job.submit_s) for job in jobs])
    clock = submits + _THURSDAY_S if calendar else submits - math.floor(submits[0] / WEEK_S) * WEEK_S
    span_s = float(clock[-1] - clock[0])
    if not span_s > 0:
        raise TraceError("all jobs are submitted at one instant: there are no arrivals to fit")
    has_days, has_weeks = span_s >= 2 * DAY_S, span_s >= 2 * WEEK_S
    hours, weekdays = cycles(clock, hours=has_days, weekdays=has_weeks)
    operational = to_operational_s(clock, operational_edges(hours, weekdays))
    longest_s = float(max(job.run_s for job in jobs))
    return WorkloadFit(
        workload=Workload(
            title=title,
            source=source,
            jobs_per_day=(len(jobs) - 1) * DAY_S / float(operational[-1] - operational[0]),
            gap=_gap_law(operational),
            hours=hours,
            weekdays=weekdays,
            groups=_groups(jobs, log.units_per_accelerator, longest_s),
            longest_run_s=longest_s,
            estimates=_estimates(jobs),
            queues=_names([job.queue for job in jobs], MOST_QUEUES),
            users=_names([job.user for job in jobs], MOST_USERS),
            units_per_accelerator=log.units_per_accelerator,
        ),
        days=span_s / DAY_S,
        shares=shares_by_status(jobs),
        has_days=has_days,
        has_weeks=has_weeks,
        calendar=calendar,
    )


def cycles(clock_s: FloatArray, *, hours: bool, weekdays: bool) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return weights of the hours and of the weekdays, each with mean 1: the most likely ones of a Poisson process.

    Parameters
    ----------
    clock_s : array of shape (jobs,)
        Submissions since a Monday's midnight, ascending [s].
    hours, weekdays : bool
        Which cycles to look for; the others are flat.
    """
    exposure_h = _exposure_h(float(clock_s[0]), float(clock_s[-1]))
    cell = (clock_s % WEEK_S // HOUR_S).astype(np.int64)
    counts = np.bincount(cell, minlength=HOURS * WEEKDAYS).reshape(WEEKDAYS, HOURS).astype(float)
    by_hour, by_day = np.ones(HOURS), np.ones(WEEKDAYS)
    for _ in range(50):
        if hours:
            by_hour = _ratio(counts.sum(axis=0), by_day @ exposure_h)
        if weekdays:
            by_day = _ratio(counts.sum(axis=1), exposure_h @ by_hour)
    return tuple(by_hour.tolist()), tuple(by_day.tolist())


def _ratio(counts: FloatArray, exposure: FloatArray) -> FloatArray:
    found = np.divide(counts, exposure, out=np.zeros_like(counts), where=exposure > 0)
    return np.asarray(found / found.mean())


def _exposure_h(first_s: float, last_s: float) -> FloatArray:
    """Return how many hours of each kind lie between two moments, shape (7, 24) [h]."""
    edges = np.arange(math.floor(first_s / HOUR_S), math.ceil(last_s / HOUR_S) + 1) * HOUR_S
    lengths = np.diff(np.clip(edges, first_s, last_s)) / HOUR_S
    cells = (edges[:-1] % WEEK_S // HOUR_S).astype(np.int64)
    return np.bincount(cells, weights=lengths, minlength=HOURS * WEEKDAYS).reshape(WEEKDAYS, HOURS).astype(float)


def _gap_law(operational_s: FloatArray) -> NamedLaw:
    """Choose the law of the gaps; submissions in one second are spread over it, as the log does not tell them apart."""
    whole, first, ties = np.unique(np.floor(operational_s), return_index=True, return_counts=True)
    place = np.arange(operational_s.size) - np.repeat(first, ties)
    spread = np.repeat(whole, ties) + (place + 0.5) / np.repeat(ties, ties)
    gaps = np.diff(spread)
    gaps = gaps[gaps > 0]
    return _law(gaps)


def _law(times_s: FloatArray) -> NamedLaw:
    """Return the best law of some times, with their own mean."""
    mean_s = math.fsum(times_s.tolist()) / times_s.size
    if np.ptp(times_s) == 0:
        return NamedLaw(law="lognormal", mean_s=mean_s, shape=0.01)  # all alike, or a single one
    if times_s.size < FEWEST:
        return NamedLaw(law="exponential", mean_s=mean_s)
    best = choose(times_s[:: -(-times_s.size // MOST_TIMES)]).best
    return NamedLaw(law=best.law, mean_s=mean_s, shape=best.shape)


def _groups(jobs: Sequence[Job], units_per_accelerator: int, longest_s: float) -> Sequence[Group]:
    by_status: dict[Status | None, dict[int, list[Job]]] = defaultdict(lambda: defaultdict(list))
    for job in jobs:
        accelerators = job.size / units_per_accelerator
        by_status[job.status][sum(accelerators > most for most in SIZE_CLASSES)].append(job)
    return [
        _group(status, members, len(jobs), longest_s)
        for status, classes in sorted(by_status.items(), key=lambda item: str(item[0]))
        for members in _merged([classes[number] for number in sorted(classes)])
    ]


def _merged(classes: Sequence[list[Job]]) -> Sequence[list[Job]]:
    """Join classes that are too small with the one below, the lowest with the one above."""
    found: list[list[Job]] = []
    for members in classes:
        if found and min(len(members), len(found[-1])) < FEWEST_JOBS:
            found[-1] = found[-1] + members
        else:
            found.append(members)
    return found


def _group(status: Status | None, jobs: Sequence[Job], all_jobs: int, longest_s: float) -> Group:
    run = _law(np.array([float(job.run_s) for job in jobs]))
    sizes, weights = _sizes(jobs)
    return Group(
        share=len(jobs) / all_jobs,
        sizes=sizes,
        weights=weights,
        run=with_mean_s(run, run.mean_s, longest_s),
        status=status,
    )


def _sizes(jobs: Sequence[Job]) -> tuple[Sequence[int], Sequence[float]]:
    """Return the sizes and their shares; many different ones are put into groups of equal numbers of jobs."""
    counts = Counter(job.size for job in jobs)
    if len(counts) > MOST_SIZES:
        parts = np.array_split(np.sort(np.array([job.size for job in jobs])), MOST_SIZES)
        counts = Counter()
        for part in parts:
            counts[round(float(part.mean()))] += part.size
    return sorted(counts), [counts[size] / len(jobs) for size in sorted(counts)]


def _estimates(jobs: Sequence[Job]) -> Sequence[float]:
    if all(job.estimate_s == job.run_s for job in jobs):
        return ()
    ratios = np.array([job.estimate_s / job.run_s for job in jobs])
    return tuple(np.quantile(ratios, np.linspace(0.0, 1.0, _QUANTILES)).tolist())


def _names(names: Sequence[str | None], most: int) -> Mapping[str, float]:
    """Return the shares of the commonest names; the rest is one more, ``others``."""
    counts = Counter(name for name in names if name is not None)
    if len(counts) < 2:
        return {}
    kept = counts.most_common(most if len(counts) <= most else most - 1)
    rest = counts.total() - sum(count for _, count in kept)
    shares = {name: count / counts.total() for name, count in kept}
    return shares | ({OTHERS: rest / counts.total()} if rest else {})


def shares_by_status(jobs: Sequence[Job]) -> Mapping[str, tuple[float, float]]:
    """Return for each end its share of the jobs and its share of unit-time.

    Examples
    --------
    >>> shares_by_status([Job(1, 0, 1, 10, 10, status="failed"), Job(2, 0, 3, 10, 10, status="cancelled")])
    {'failed': (0.5, 0.25), 'cancelled': (0.5, 0.75)}
    """
    counts: Counter[str] = Counter()
    work: dict[str, list[float]] = defaultdict(list)
    for job in jobs:
        counts[job.status or "unknown"] += 1
        work[job.status or "unknown"].append(job.size * job.run_s)
    whole = math.fsum(part for parts in work.values() for part in parts)
    return {name: (counts[name] / len(jobs), math.fsum(work[name]) / whole) for name in counts}
