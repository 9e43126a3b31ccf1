"""Jobs drawn from laws: arrivals with daily and weekly cycles, sizes, run times, ends.

Arrivals are a renewal process in *operational time*, which runs fast in busy hours and slowly at night: gaps there
follow one law, and the weights of the hours and weekdays map them to the clock. A job belongs to a group, which has an
end (completed, failed, cancelled), sizes with weights, and a law of run times; so that long jobs may be the large and
cancelled ones, as in real logs.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.foundation.streams import generator
from simulator.reliability.fitting import SHAPE_NAMES
from simulator.reliability.laws import AgeingLaw, FailureLaw, law
from simulator.scheduling.job import Job, Status
from simulator.traces.joblog import DropReport, JobLog

if TYPE_CHECKING:
    from numpy.random import Generator

FloatArray = NDArray[np.float64]
HOURS, WEEKDAYS = 24, 7
HOUR_S, DAY_S, WEEK_S = 3600.0, 86400.0, 604800.0
_STEPS = 2000  # of an integral over a survival curve


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLaw:
    """A law by name: ``exponential``, ``weibull``, ``gamma`` or ``lognormal``.

    Parameters
    ----------
    law : str
        Its name.
    mean_s : float
        Its mean [s].
    shape : float
        Weibull and gamma shape, or the standard deviation of the logarithm; not used by the exponential law.
    """

    law: str
    mean_s: float
    shape: float = 1.0

    def made(self) -> FailureLaw:
        """Return the law itself."""
        name = SHAPE_NAMES.get(self.law)
        return law(self.law, mean_s=self.mean_s, **({} if name is None else {name: self.shape}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Jobs of one kind.

    Parameters
    ----------
    share : float
        Of the jobs; shares need not add up to one.
    sizes, weights : sequence of int, sequence of float
        Units that a job asks for, and how often each size occurs.
    run : NamedLaw
        Of run times.
    status : {"completed", "failed", "cancelled"} or None
        How its jobs end.
    """

    share: float
    sizes: Sequence[int]
    weights: Sequence[float]
    run: NamedLaw
    status: Status | None = None

    @property
    def mean_size(self) -> float:
        """Mean size of a job."""
        return math.fsum(size * weight for size, weight in zip(self.sizes, self.weights, strict=True)) / math.fsum(
            self.weights
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Laws from which jobs are drawn.

    Parameters
    ----------
    title, source : str
        What it is, and where its figures are from.
    jobs_per_day : float
        Mean rate of arrivals.
    gap : NamedLaw
        Law of the gaps in operational time; only its shape counts, the rate is `jobs_per_day`.
    groups : sequence of Group
        At least one.
    hours, weekdays : sequence of float
        Weights of the 24 hours, and of the days from Monday on; only their ratios count.
    longest_run_s : float
        Limit of run times; infinite where there is none [s].
    estimates : sequence of float
        Quantiles, evenly spaced, of requested over real run time; empty where jobs make no request.
    queues, users : mapping of str to float
        Shares of names; empty where jobs have none.
    units_per_accelerator : int
        See `JobLog`.
    """

    title: str
    source: str
    jobs_per_day: float
    groups: Sequence[Group]
    gap: NamedLaw = field(default_factory=lambda: NamedLaw(law="exponential", mean_s=1.0))
    hours: Sequence[float] = (1.0,) * HOURS
    weekdays: Sequence[float] = (1.0,) * WEEKDAYS
    longest_run_s: float = math.inf
    estimates: Sequence[float] = ()
    queues: Mapping[str, float] = field(default_factory=dict)
    users: Mapping[str, float] = field(default_factory=dict)
    units_per_accelerator: int = 1

    def unit_s(self, group: Group) -> float:
        """Mean unit-seconds of a job of a group, the limit of run times observed."""
        return group.mean_size * limited_mean_s(group.run, self.longest_run_s)

    def shares_by_status(self) -> Mapping[str, tuple[float, float]]:
        """Return for each end its share of the jobs, and its share of unit-time."""
        jobs = math.fsum(group.share for group in self.groups)
        work = math.fsum(group.share * self.unit_s(group) for group in self.groups)
        found: dict[str, tuple[float, float]] = {}
        for group in self.groups:
            of_jobs, of_work = found.get(group.status or "unknown", (0.0, 0.0))
            found[group.status or "unknown"] = (of_jobs + group.share / jobs,
                                                of_work + group.share * self.unit_s(group) / work)  # fmt: skip
        return found

    @property
    def units_busy(self) -> float:
        """Mean number of units that the jobs keep busy on a cluster that is large enough."""
        shares = math.fsum(group.share for group in self.groups)
        work = math.fsum(group.share * self.unit_s(group) for group in self.groups)
        return self.jobs_per_day / DAY_S * work / shares


def limited_mean_s(run: NamedLaw, limit_s: float) -> float:
    """Return the mean of run times that end at a limit: the integral of the law's survival up to it [s].

    Examples
    --------
    >>> round(limited_mean_s(NamedLaw(law="exponential", mean_s=100.0), 100.0), 3)  # 100 (1 - 1/e)
    63.212
    """
    made = run.made()
    if math.isinf(limit_s) or not isinstance(made, AgeingLaw):
        return run.mean_s
    edges = np.concatenate([[0.0], np.geomspace(limit_s * 1e-9, limit_s, _STEPS)])
    survival = made.survival(edges)
    return float(((survival[1:] + survival[:-1]) / 2 * np.diff(edges)).sum())


def with_mean_s(run: NamedLaw, mean_s: float, limit_s: float) -> NamedLaw:
    """Return the law of the same shape whose limited mean is a wanted one.

    Where no law of this shape has it (everything runs into the limit), the law has the wanted mean without a limit.
    """
    low = high = mean_s
    while limited_mean_s(replace(run, mean_s=high), limit_s) < mean_s:
        high *= 2.0
        if high > 1e6 * mean_s:
            return replace(run, mean_s=mean_s)
    for _ in range(60):
        middle = (low + high) / 2.0
        short = limited_mean_s(replace(run, mean_s=middle), limit_s) < mean_s
        low, high = (middle, high) if short else (low, middle)
    return replace(run, mean_s=high)


def operational_edges(hours: Sequence[float], weekdays: Sequence[float]) -> FloatArray:
    """Return operational time at the 169 edges of a week's hours; a week lasts as long in it as on the clock [s].

    Examples
    --------
    >>> edges = operational_edges([1.0] * 24, [1.0] * 7)
    >>> float(edges[24]), float(edges[-1])
    (86400.0, 604800.0)
    """
    weights = np.outer(np.asarray(weekdays, dtype=float), np.asarray(hours, dtype=float)).ravel()
    edges = np.concatenate([[0.0], np.cumsum(weights)])
    return np.asarray(edges * (WEEK_S / edges[-1]))


def to_clock_s(operational_s: FloatArray, edges: FloatArray) -> FloatArray:
    """Return the moments on the clock, from a Monday's midnight on, of moments in operational time [s]."""
    week, rest = np.divmod(operational_s, WEEK_S)
    return np.asarray(week * WEEK_S + np.interp(rest, edges, np.arange(len(edges)) * HOUR_S))


def to_operational_s(clock_s: FloatArray, edges: FloatArray) -> FloatArray:
    """Return the moments in operational time of moments on the clock [s]."""
    week, rest = np.divmod(clock_s, WEEK_S)
    return np.asarray(week * WEEK_S + np.interp(rest, np.arange(len(edges)) * HOUR_S, edges))


def draw(workload: Workload, jobs: int, *, seed: int, to_s: float = math.inf) -> JobLog:
    """Draw jobs, in whole seconds, from Monday's midnight on.

    The first jobs of a longer draw are those of a shorter one only in their arrivals; those up to a time are the same
    whatever the time.

    Parameters
    ----------
    workload : Workload
        The laws.
    jobs : int
        How many, at least one.
    seed : int
        Of all draws.
    to_s : float
        Jobs that are submitted later are left out [s].
    """
    gap = NamedLaw(law=workload.gap.law, mean_s=DAY_S / workload.jobs_per_day, shape=workload.gap.shape).made()
    gaps_s = gap.times_s(generator(seed, "workload", "gaps"), jobs)
    edges = operational_edges(workload.hours, workload.weekdays)
    submits = np.floor(to_clock_s(np.cumsum(gaps_s), edges)).astype(np.int64).tolist()
    shares = np.array([group.share for group in workload.groups])
    chosen = generator(seed, "workload", "groups").choice(len(shares), jobs, p=shares / shares.sum())
    sizes, runs = np.zeros(jobs, dtype=np.int64), np.zeros(jobs)
    for number, group in enumerate(workload.groups):
        here = np.flatnonzero(chosen == number)
        rng = generator(seed, "workload", "group", number)
        weights = np.array(group.weights)
        sizes[here] = rng.choice(np.array(group.sizes), here.size, p=weights / weights.sum())
        runs[here] = group.run.made().times_s(rng, here.size)
    runs = np.maximum(np.rint(np.minimum(runs, workload.longest_run_s)), 1.0)
    estimates = _estimates(workload, runs, generator(seed, "workload", "estimates"))
    queues = _names(workload.queues, jobs, generator(seed, "workload", "queues"))
    users = _names(workload.users, jobs, generator(seed, "workload", "users"))
    columns = (submits, sizes.tolist(), runs.astype(np.int64).tolist(), estimates, users, queues, chosen.tolist())
    rows = islice(zip(*columns, strict=True), bisect_right(submits, to_s))
    drawn = [
        Job(at, submit, size, run, estimate, user, queue, 0, workload.groups[group].status)
        for at, (submit, size, run, estimate, user, queue, group) in enumerate(rows, 1)
    ]
    return JobLog(jobs=drawn, report=DropReport(read=len(drawn)), units_per_accelerator=workload.units_per_accelerator,
                  overruns=sum(job.run_s > job.estimate_s for job in drawn))  # fmt: skip


def _estimates(workload: Workload, runs: FloatArray, rng: "Generator") -> list[Any]:
    if not workload.estimates:
        return list(runs.astype(np.int64).tolist())
    places = np.linspace(0.0, 1.0, len(workload.estimates))
    ratios = np.interp(rng.random(runs.size), places, workload.estimates)
    return list(np.maximum(np.rint(runs * ratios), 1.0).astype(np.int64).tolist())


def _names(shares: Mapping[str, float], jobs: int, rng: "Generator") -> list[str | None]:
    if not shares:
        return [None] * jobs
    names, weights = list(shares), np.array(list(shares.values()))
    return [names[at] for at in rng.choice(len(names), jobs, p=weights / weights.sum()).tolist()]
