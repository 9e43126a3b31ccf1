"""Who pays for a shared cluster: dollars by job and by team, and what stood idle."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from analysis.metrics.queueing import makespan_s
from simulator.engine.cluster_ledger import OUT
from simulator.engine.cluster_log import ClusterLog, JobEnd

ABSENT = "absent"


class Share(NamedTuple):
    """One line of the showback."""

    jobs: int
    unit_h: float
    useful_usd: float
    lost_usd: float


def job_usd(end: JobEnd, log: ClusterLog, usd_per_accelerator_h: float) -> float:
    """Return what a job's time on the cluster costs, lost time included [USD]."""
    return _usd(end.held_s * end.job.size / log.units_per_accelerator / 3600, end.held_s, usd_per_accelerator_h)


def _usd(accelerator_hours: float, wall_s: float, usd_per_accelerator_h: float) -> float:
    from simulator.pricing.ledger import total  # these load NumPy, which a cluster without a price does without
    from simulator.pricing.tariff import listed
    from simulator.pricing.terms import Usage, Use

    usage = Usage(uses=(Use("held", "", accelerator_hours),), wall_h=wall_s / 3600)
    return float(total(listed(usd_per_accelerator_h).charge(usage)).billed_usd)


def showback(log: ClusterLog, usd_per_accelerator_h: float, by: Callable[[JobEnd], str]) -> Mapping[str, Share]:
    """Split the bill of the whole cluster, from the first submission to the last end.

    The line ``(idle)`` has what nobody held, so that the lines sum to capacity x makespan x price. Where the ledger was
    measured, what was out of service has lines of its own, such as ``(maintenance)``, and nodes that were not there yet
    or no longer are not paid.
    """
    unit_s_per_h = 3600 * log.units_per_accelerator
    lines: dict[str, list[float]] = {}
    for end in log.ends:
        line = lines.setdefault(by(end), [0, 0.0, 0.0])
        line[0] += 1
        line[1] += end.held_s * end.job.size / unit_s_per_h
        line[2] += end.lost_s * end.job.size / unit_s_per_h
    out_h = {f"({cause})": log.out_unit_s(cause) / unit_s_per_h for cause in out_causes(log)}
    absent_h = log.out_unit_s(ABSENT) / unit_s_per_h
    held_h = math.fsum(line[1] for line in lines.values())
    idle_h = log.capacity * makespan_s(log.ends) / unit_s_per_h - held_h - math.fsum(out_h.values()) - absent_h
    wall_s, rate = makespan_s(log.ends), usd_per_accelerator_h
    shares = {
        who: Share(int(jobs), held, _usd(held - lost, wall_s, rate), _usd(lost, wall_s, rate))
        for who, (jobs, held, lost) in sorted(lines.items(), key=lambda item: -item[1][1])
    }
    unused = {"(idle)": idle_h, **out_h}
    return shares | {who: Share(0, hours, 0.0, _usd(hours, wall_s, rate)) for who, hours in unused.items()}


def out_causes(log: ClusterLog) -> list[str]:
    """Return why nodes were out of service, the most costly first; those not owned do not count."""
    causes = {cause for phase, cause in log.ledger_unit_s if phase == OUT and cause != ABSENT}
    return sorted(causes, key=lambda cause: (-log.out_unit_s(cause), cause))
