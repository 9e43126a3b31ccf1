"""How long a run waits for its machines on a busy cluster, and how fast it goes where it is placed.

Each replication draws a workload and the outages of the cluster's nodes, lets the others work for a while, submits the
run and stops when it starts. Replica `i` of the run lives after replication ``i % replications``: the run's own faults
are those of a dedicated cluster, so that the two can be compared pair by pair.
"""

import math
from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.engine.cluster_pace import Pace
from simulator.foundation.mapper import Mapper
from simulator.foundation.streams import generator
from simulator.foundation.tuples import make
from simulator.reliability.causes import Cause
from simulator.scenario.shared import Shared
from simulator.scenario.values import Scenario
from simulator.scheduling.job import Job
from simulator.scheduling.layout import Layout
from simulator.scheduling.span import Ruler
from simulator.scheduling.state import ClusterView, PlacedState, Queue

FloatArray = NDArray[np.float64]

RUN = "the run"
SOON_S = 2 * 86400.0  # within which most runs start
HORIZON_S = 30 * 86400.0  # after which the run is taken to starve


class StarvedError(RuntimeError):
    """A run that does not start within the horizon."""


class Start(NamedTuple):
    """When the run started after its submission [s], and its speed over that on the closest placement."""

    delay_s: float
    speed: float


def start_delays_s(scenario: Scenario, replicas: range, mapper: Mapper = map) -> FloatArray | None:
    """Return how long each replica waits for its machines, shape (replicas,) [s]; None on machines of its own.

    Where placement changes the speed, each worker knows the pasts already, and they are not spread.
    """
    if scenario.shared is None:
        return None
    return _of_replicas(scenario, replicas, mapper if scenario.shared.work is None else map)[0]


def placement_speeds(scenario: Scenario, replicas: range) -> FloatArray | None:
    """Return each replica's speed where it was placed, shape (replicas,); None where placement changes nothing."""
    if scenario.shared is None or scenario.shared.work is None:
        return None
    return _of_replicas(scenario, replicas, map)[1]


def _of_replicas(scenario: Scenario, replicas: range, mapper: Mapper) -> tuple[FloatArray, FloatArray]:
    assert scenario.shared is not None
    found = np.array(starts(scenario, mapper))
    rows = np.arange(replicas.start, replicas.stop) % scenario.shared.replications
    return found[rows, 0], found[rows, 1]


def starts(scenario: Scenario, mapper: Mapper = map) -> Sequence[Start]:
    """Return every replication's start of a scenario that waits on a shared cluster; this process keeps them.

    Parameters
    ----------
    scenario : Scenario
        With a shared cluster.
    mapper : callable, optional
        Spreads the replications over workers.

    Raises
    ------
    StarvedError
        If the run does not start within a month, as under a policy that lets small jobs overtake for ever.
    """
    assert scenario.shared is not None
    shared, causes = scenario.shared, tuple(_plain(cause) for cause in scenario.causes)
    work_s = math.fsum(stage.work_s for stage in scenario.stages)
    about = shared, scenario.accelerators_per_node, work_s, causes, scenario.seed
    kept = _kept(*about)
    new = [replication for replication in range(shared.replications) if replication not in kept]
    kept.update(zip(new, mapper(partial(_start, *about), new), strict=True))
    return [kept[replication] for replication in range(shared.replications)]


@lru_cache(maxsize=256)
def _kept(*_about: object) -> dict[int, Start]:
    """Return where the starts of the pasts of a scenario are kept, by replication, whoever lived through them."""
    return {}


def _plain(cause: Cause) -> Cause:
    """Return a cause with its rate and repair alone: over a whole cluster, that is what the run's wait depends on."""
    return Cause(
        name=cause.name,
        rate_per_node_s=cause.rate_per_node_s,
        detection_s=cause.detection_s,
        nodes_lost=cause.nodes_lost,
        repair_s=cause.repair_s,
        repair_law=cause.repair_law,
    )


def _start(
    shared: Shared, node_size: int, work_s: float, causes: tuple[Cause, ...], seed: int, replication: int
) -> Start:
    """Live through one replication up to the start of the run: first on the jobs of a few days, then on all."""
    for told_s in (shared.busy_s + SOON_S, shared.busy_s + HORIZON_S):
        try:
            _live(shared, node_size, work_s, causes, seed, replication, told_s)
        except _Started as started:
            at_s, speed = started.args
            return Start(at_s - shared.busy_s, speed)
        except _NotYet:
            continue
    raise StarvedError(
        f"the run did not start within {HORIZON_S / 86400:.0f} days: others overtake it for ever; choose a policy with "
        "reservations, such as easy, or a lower load"
    )


def _live(
    shared: Shared, node_size: int, work_s: float, causes: tuple[Cause, ...], seed: int, replication: int, told_s: float
) -> None:
    """Live through one replication, of whose other jobs those are known that are submitted up to a time.

    Raises
    ------
    _Started, _NotYet
        Always: as the run starts, or at the first event after that time.
    """
    from simulator.engine.cluster import simulate_cluster
    from simulator.engine.cluster_faults import drawn_outages
    from simulator.scheduling.policies import make_policy
    from simulator.traces.busy import OVERESTIMATE, busy_jobs

    own = int(generator(seed, "shared", "jobs", replication).integers(2**62))
    others = busy_jobs(shared.nodes, shared.load, to_s=shared.busy_s + HORIZON_S, seed=own, told_s=told_s)
    jobs = [make(Job, (*job[:2], job.size * node_size, *job[3:])) for job in others]
    run = Job(RUN, shared.busy_s, shared.gang * node_size, work_s, work_s * (1 + OVERESTIMATE) / 2)
    insort(jobs, run, key=lambda job: job.submit_s)
    rng = generator(seed, "shared", "outages", replication)
    outages = (
        drawn_outages(shared.nodes, causes, from_s=0.0, rng=rng) if any(each.rate_per_node_s for each in causes) else ()
    )
    policy = make_policy(shared.policy)
    vars(policy)["starts"] = _until_run(policy.starts, told_s)
    simulate_cluster(jobs, policy, _state(shared, node_size), outages=outages)
    raise AssertionError("the run is one of the jobs, and all of them end")


class _Started(Exception):  # noqa: N818 - no error: it ends a simulation that has told what was asked
    """The run started: when [s], and how fast it goes."""


class _NotYet(Exception):  # noqa: N818 - no error: more jobs must be known to go on
    """The run has not started, and what is submitted from now on was left out."""


def _until_run(starts_of: Callable[..., Iterator[Job]], last_s: float) -> Callable[..., Iterator[Job]]:
    """Return a policy's method that ends the simulation once the run is placed, or at a last moment without it."""

    def watched(queue: Queue, cluster: ClusterView, now_s: float) -> Iterator[Job]:
        if now_s > last_s:
            raise _NotYet
        for job in starts_of(queue, cluster, now_s):
            yield job
            if job.job_id == RUN:
                raise _Started(now_s, next(stay.speed for stay in cluster.ends if stay.job.job_id == RUN))

    return watched


def _state(shared: Shared, node_size: int) -> PlacedState:
    layout = Layout(units=[node_size] * shared.nodes, rack_nodes=shared.nodes_per_rack, pod_racks=shared.racks_per_pod)
    pace = None if shared.work is None else Pace(Ruler(layout), shared.tiers, {RUN: shared.work})
    return PlacedState(layout.pool(shared.placement), pace)
