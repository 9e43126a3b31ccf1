"""Small random shifts of a workload, to see how much of a result is chance.

Source: Tsafrir, Ouaknine and Feitelson, "Reducing performance evaluation sensitivity and variability by input shaking",
MASCOTS 2007.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.scheduling.job import Job

if TYPE_CHECKING:
    from numpy.random import Generator


def shaken(jobs: Sequence[Job], rng: "Generator", by_s: float) -> list[Job]:
    """Return the jobs with submissions shifted evenly within plus or minus ``by_s``, in their new order.

    Examples
    --------
    >>> from simulator.foundation.streams import generator
    >>> moved = shaken([Job(1, 100, 1, 5, 5)], generator(0, "shake"), 10.0)
    >>> 90 <= moved[0].submit_s <= 110
    True
    """
    shifts_s = rng.uniform(-by_s, by_s, len(jobs)).tolist()
    moved = [job._replace(submit_s=job.submit_s + shift_s) for job, shift_s in zip(jobs, shifts_s, strict=True)]
    return sorted(moved, key=lambda job: job.submit_s)
