"""A busy cluster made up from published statistics: whole-node jobs of other people, as many as a stated load needs.

Sizes and run times are those of the jobs of at least eight accelerators in three clusters of Microsoft's ElasticFlow
traces (clusters 3, 4 and 6, 2021: 6,302 of 21,209 jobs, and nine tenths of the accelerator-time), pooled. Smaller jobs
are left out; the load is carried by the others. Arrivals are a Poisson process: no days and weeks.
"""

import math
from typing import TYPE_CHECKING

from simulator.scheduling.job import Job

if TYPE_CHECKING:
    from simulator.traces.synthetic import Workload

NODES = (1, 2, 4, 8)
COUNTS = (5638, 335, 298, 31)
MEDIAN_S, MEAN_S = 16905.0, 45521.0
SIGMA = math.sqrt(2 * math.log(MEAN_S / MEDIAN_S))
LONGEST_S = 14 * 86400.0  # about the longest of the logs
OVERESTIMATE = 3.0
"""Requests are spread evenly between the run time and this much more (the f-model of Mu'alem and Feitelson, 2001)."""


def busy_workload(nodes: int, load: float) -> "Workload":
    """Return the laws of the jobs that keep a cluster at a load; sizes are in nodes.

    Parameters
    ----------
    nodes : int
        Of the cluster.
    load : float
        Node-seconds asked for, over those that there are, 0 to 1.

    Examples
    --------
    >>> round(busy_workload(512, 0.8).units_busy, 6)
    409.6
    """
    from dataclasses import replace

    from simulator.traces.synthetic import DAY_S, Group, NamedLaw, Workload

    kept = [(size, float(count)) for size, count in zip(NODES, COUNTS, strict=True) if size <= nodes]
    sizes, weights = zip(*kept, strict=True)
    run = NamedLaw(law="lognormal", mean_s=MEAN_S, shape=SIGMA)
    workload = Workload(
        title="whole-node jobs of ElasticFlow clusters 3, 4 and 6",
        source="microsoft/elasticflow-traces, pooled and counted",
        jobs_per_day=1.0,
        groups=(Group(share=1.0, sizes=sizes, weights=weights, run=run),),
        longest_run_s=LONGEST_S,
        estimates=(1.0, OVERESTIMATE),
    )
    return replace(workload, jobs_per_day=load * nodes * DAY_S / workload.unit_s(workload.groups[0]))


def busy_jobs(nodes: int, load: float, *, to_s: float, seed: int, told_s: float = math.inf) -> list[Job]:
    """Return the jobs that are submitted to a busy cluster up to a time, or a little longer, in order of submission.

    Parameters
    ----------
    nodes, load : int, float
        As in `busy_workload`.
    to_s : float
        For how long, from 0 on [s].
    seed : int
        Of all draws.
    told_s : float
        Leave out the jobs that are submitted later, as a look at the first few costs less [s].
    """
    from simulator.traces.synthetic import DAY_S, draw

    workload = busy_workload(nodes, load)
    mean = workload.jobs_per_day * to_s / DAY_S
    return list(draw(workload, math.ceil(mean + 4 * math.sqrt(mean)), seed=seed, to_s=told_s).jobs)
