"""How fast a training job goes where it was placed: from the span of its gang to links, and to the throughput model.

Scheduling knows where a gang lies and nothing of models; the throughput model knows links and nothing of nodes. They
meet here. A gang's pieces are taken as even: on `n` nodes, groups of ``accelerators / n`` share the scale-up links. The
network between pieces has the bandwidth of the narrowest tier that the gang spans: with oversubscription, every flow is
taken to cross it at once, which is the worst that can happen.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from simulator.scheduling.job import Job, JobId
from simulator.scheduling.pool import Place
from simulator.scheduling.span import Ruler, Span

if TYPE_CHECKING:
    from simulator.workload.placed import Links, Tiers, TrainingWork


def links_on(span: Span, tiers: "Tiers") -> "Links":
    """Return what a gang has of the network where it lies.

    Examples
    --------
    >>> from simulator.workload.placed import Tiers
    >>> links_on(Span(64, 16, 4, 1), Tiers(across_racks=2, across_pods=2))
    Links(together=4, narrowed=2)
    """
    from simulator.workload.placed import Links

    pieces = span.racks if tiers.domain_is_rack else span.nodes
    narrowed = tiers.across_pods if span.pods > 1 else tiers.across_racks if span.racks > 1 else 1
    return Links(max(span.accelerators // pieces, 1), narrowed)


def step_s(work: "TrainingWork", span: Span, tiers: "Tiers") -> float:
    """Return the predicted time of a step on a span [s]."""
    from simulator.workload.placed import placed_step_s

    return placed_step_s(work, links_on(span, tiers))


class Pace:
    """Relative speed of jobs by placement: 1 on the closest placement that the layout has, less when farther apart.

    Parameters
    ----------
    ruler : Ruler
        Of the layout.
    tiers : Tiers
        Of its network.
    works : mapping of job id to TrainingWork
        Jobs that train; all others go at 1 wherever they are.
    """

    def __init__(self, ruler: Ruler, tiers: "Tiers", works: Mapping[JobId, "TrainingWork"]) -> None:
        self._ruler, self._tiers, self._works = ruler, tiers, works

    def speed(self, job: Job, place: Place) -> float:
        """Return how fast a job goes, over its speed on the closest placement."""
        work = self._works.get(job.job_id)
        if work is None:
            return 1.0
        span = self._ruler.span(place)
        least = self._ruler.least(span.accelerators)
        return 1.0 if span == least else step_s(work, least, self._tiers) / step_s(work, span, self._tiers)
