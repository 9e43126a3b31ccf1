"""Workloads from published facts: `simulator/catalogue/workloads.toml`.

A publication gives, for jobs by how they end, their share of jobs and of accelerator-time; and for all jobs mean and
median run time and mean size. Long jobs are large: the product of the means is far below the mean accelerator-time of a
job. So jobs are small or large, with mean sizes that are assumed, and the rest follows without freedom:

    small and large share   from the mean size
    their mean run times    from the mean run time and the mean accelerator-time
    large share by end      from the accelerator-time by end
    spread of small runs    from the median run time
"""

import math
from collections.abc import Sequence

from simulator.catalogue.reader import Entry, entry, fold, read
from simulator.scheduling.job import Status
from simulator.traces.joblog import TraceError
from simulator.traces.synthetic import HOURS, WEEKDAYS, Group, NamedLaw, Workload, with_mean_s

SMALL_SIZES = (1, 2, 4, 8)
ENDS: Sequence[Status] = ("completed", "cancelled", "failed")


def is_published(key: str) -> bool:
    """Tell whether the catalogue has a workload of this name."""
    known = read("workloads")
    return fold(key) in {fold(name) for each in known.values() for name in (each.key, *each.aliases)}


def published(key: str) -> Workload:
    """Return the workload of a catalogue entry.

    Raises
    ------
    TraceError
        If its facts contradict each other under the two assumed sizes.

    Examples
    --------
    >>> shares = published("acme-seren").shares_by_status()
    >>> round(shares["cancelled"][0], 3), round(shares["cancelled"][1], 2)
    (0.075, 0.66)
    """
    facts = entry("workloads", key)
    small, large = facts.number("small_mean_gpus"), facts.number("large_mean_gpus")
    jobs = {end: facts.number(f"{end}_jobs") for end in ENDS}
    whole = math.fsum(jobs.values())
    work_s = {
        end: facts.number(f"{end}_accelerator_seconds") / facts.number("gpu_jobs") for end in ENDS
    }  # a job of any end
    large_share = (facts.number("mean_gpus") - small) / (large - small)
    large_run_s = (math.fsum(work_s.values()) - small * facts.number("mean_run_s")) / (large - small) / large_share
    small_run_s = (facts.number("mean_run_s") - large_share * large_run_s) / (1 - large_share)
    limit_s = facts.number("longest_run_s")
    median_s = facts.number("median_run_s")
    if not (0 < large_share < 1 and small_run_s > median_s and large_run_s > 0):
        raise TraceError(f"workload {key}: its published means do not fit two kinds of jobs of {small:g} and {large:g}")
    sigma = math.sqrt(2 * math.log(small_run_s / median_s))
    runs = [
        with_mean_s(NamedLaw(law="lognormal", mean_s=mean_s, shape=shape), mean_s, limit_s)
        for mean_s, shape in ((small_run_s, sigma), (large_run_s, facts.number("large_sigma")))
    ]
    sizes = [_sizes(SMALL_SIZES, small), _sizes(_powers(SMALL_SIZES[-1], facts.number("largest_gpus")), large)]
    unit_s = (small * small_run_s, large * large_run_s)
    groups = []
    for end in ENDS:
        part = (work_s[end] / (jobs[end] / whole) - unit_s[0]) / (unit_s[1] - unit_s[0])
        if not 0 <= part <= 1:
            raise TraceError(f"workload {key}: {end} jobs of {work_s[end]:g} accelerator-seconds fit neither kind")
        for share, run, size in zip((1 - part, part), runs, sizes, strict=True):
            groups.append(Group(share=jobs[end] / whole * share, sizes=size[0], weights=size[1], run=run, status=end))
    return Workload(
        title=facts.title,
        source=facts.source,
        jobs_per_day=facts.number("gpu_jobs") / facts.number("trace_days"),
        groups=tuple(groups),
        hours=_list(facts, "hours", HOURS),
        weekdays=_list(facts, "weekdays", WEEKDAYS),
        longest_run_s=limit_s,
    )


def _list(facts: Entry, name: str, count: int) -> Sequence[float]:
    found = facts.values.get(name)
    if not isinstance(found, tuple) or len(found) != count:
        raise TraceError(f"workload {facts.key}: {name} has to be a list of {count} weights")
    return tuple(float(value) for value in found)


def _powers(above: int, most: float) -> Sequence[int]:
    return [2**power for power in range(above.bit_length(), int(most).bit_length())]


def _sizes(sizes: Sequence[int], mean: float) -> tuple[Sequence[int], Sequence[float]]:
    """Return sizes with weights in geometric steps that have a mean, by bisection of the logarithm of the step."""
    low, high = -50.0, 50.0
    for _ in range(200):
        step = (low + high) / 2
        weights = [math.exp(step * (at - (len(sizes) - 1) * (step > 0))) for at in range(len(sizes))]
        found = math.fsum(size * weight for size, weight in zip(sizes, weights, strict=True)) / math.fsum(weights)
        low, high = (step, high) if found < mean else (low, step)
    total = math.fsum(weights)
    return sizes, [weight / total for weight in weights]
