"""A busy cluster made up from published statistics: whole-node jobs of other people, as many as a stated load needs.

Sizes and run times are those of the jobs of at least eight accelerators in three clusters of Microsoft's ElasticFlow
traces (clusters 3, 4 and 6, 2021: 6,302 of 21,209 jobs, and nine tenths of the accelerator-time), pooled. Smaller jobs
are left out; the load is carried by the others. Arrivals are a Poisson process: no days and weeks.
"""

import math
from itertools import repeat
from typing import TYPE_CHECKING

from simulator.scheduling.job import Job

if TYPE_CHECKING:
    from numpy.random import Generator

NODES = (1, 2, 4, 8)
SHARES = (5638 / 6302, 335 / 6302, 298 / 6302, 31 / 6302)
MEDIAN_S, MEAN_S = 16905.0, 45521.0
SIGMA = math.sqrt(2 * math.log(MEAN_S / MEDIAN_S))
LONGEST_S = 14 * 86400.0  # about the longest of the logs
OVERESTIMATE = 3.0
"""Requests are spread evenly between the run time and this much more (the f-model of Mu'alem and Feitelson, 2001)."""


def busy_jobs(nodes: int, load: float, *, from_s: float, to_s: float, rng: "Generator") -> list[Job]:
    """Return the jobs that keep a cluster at a load, in order of submission.

    Parameters
    ----------
    nodes : int
        Of the cluster; sizes are in nodes.
    load : float
        Node-seconds asked for, over those that there are, 0 to 1.
    from_s, to_s : float
        When the first and the last can be submitted [s].
    rng : Generator
        Stream of this workload.

    Examples
    --------
    >>> from simulator.foundation.streams import generator
    >>> jobs = busy_jobs(512, 0.8, from_s=0.0, to_s=30 * 86400.0, rng=generator(0, "busy"))
    >>> 0.75 < sum(job.size * job.run_s for job in jobs) / (512 * 30 * 86400) < 0.85
    True
    """
    import numpy as np

    kept = [size for size in NODES if size <= nodes]
    shares = np.array(SHARES[: len(kept)]) / sum(SHARES[: len(kept)])
    rate = load * nodes / (mean_run_s() * float(np.dot(kept, shares)))
    count = int(rng.poisson(rate * (to_s - from_s)))
    submits_s = np.sort(rng.uniform(from_s, to_s, count)).tolist()
    sizes = rng.choice(kept, count, p=shares).tolist()
    runs_s = np.minimum(rng.lognormal(math.log(MEDIAN_S), SIGMA, count), LONGEST_S)
    asked_s = runs_s * (1 + (OVERESTIMATE - 1) * rng.random(count))
    rows = zip(submits_s, sizes, runs_s.tolist(), asked_s.tolist(), repeat("others"), strict=False)
    return [Job(number, *row[:4], user=row[4]) for number, row in enumerate(rows)]


def mean_run_s() -> float:
    """Return the mean run time, the longest cut off [s]."""
    from statistics import NormalDist

    cut = (math.log(LONGEST_S / MEDIAN_S)) / SIGMA
    phi = NormalDist().cdf
    return MEDIAN_S * math.exp(SIGMA**2 / 2) * phi(cut - SIGMA) + LONGEST_S * (1 - phi(cut))
