"""Waits against closed forms: Erlang (M/M/c) and Pollaczek-Khinchine (M/G/1), within the Monte Carlo error.

The error comes from replications, which are independent; each starts empty, and its first tenth is cut off.
"""

from math import factorial, isclose
from statistics import fmean, stdev

import pytest

from analysis.metrics.queueing import interval, summarise
from simulator.engine.cluster import simulate_cluster
from simulator.engine.cluster_faults import drawn_outages, node_failures
from simulator.foundation.streams import generator
from simulator.scheduling.job import Job
from simulator.scheduling.policies import make_policy
from simulator.scheduling.state import ClusterState

REPLICATIONS, JOBS = 12, 4000


def erlang_c(servers: int, load: float) -> float:
    """Return the probability to wait at an offered load in Erlang."""
    below = sum(load**k / factorial(k) for k in range(servers))
    full = load**servers / factorial(servers) * servers / (servers - load)
    return full / (below + full)


def mean_waits_s(servers, arrivals_per_s, services_s):
    waits = []
    for replica in range(REPLICATIONS):
        rng = generator(7, "queue", servers, replica)
        submits = rng.exponential(1 / arrivals_per_s, JOBS).cumsum().tolist()
        runs = services_s(rng).tolist()
        jobs = [Job(at, s, 1, r, r) for at, (s, r) in enumerate(zip(submits, runs, strict=True))]
        waits.append(
            summarise(simulate_cluster(jobs, make_policy("fcfs"), ClusterState(servers)), warm_up=0.1).mean_wait_s
        )
    return waits


def z(values, expected):
    return (fmean(values) - expected) / (stdev(values) / len(values) ** 0.5)


@pytest.mark.parametrize(("servers", "use"), [(1, 0.6), (4, 0.8), (16, 0.9)])
def test_mmc_mean_wait(servers, use):
    arrivals_per_s = use * servers  # services of mean 1 s
    expected = erlang_c(servers, arrivals_per_s) / (servers - arrivals_per_s)
    waits = mean_waits_s(servers, arrivals_per_s, lambda rng: rng.exponential(1, JOBS))
    assert abs(z(waits, expected)) < 3.5


@pytest.mark.parametrize(
    ("second_moment", "services"),
    [(1.0, lambda rng: rng.uniform(1, 1, JOBS)), (4 / 3, lambda rng: rng.uniform(0, 2, JOBS)),
     (1.5, lambda rng: rng.gamma(2, 0.5, JOBS))],
)  # fmt: skip
def test_mg1_mean_wait(second_moment, services):
    use = 0.7
    expected = use * second_moment / (2 * (1 - use))
    assert abs(z(mean_waits_s(1, use, services), expected)) < 3.5


def test_erlang_at_one_server_is_the_load():
    assert isclose(erlang_c(1, 0.3), 0.3)


def test_interval_covers_the_mean_as_often_as_it_says():
    rng = generator(3, "cover")
    hits = sum(low <= 5 <= high for _, low, high in (interval(rng.normal(5, 2, 6).tolist()) for _ in range(1000)))
    assert 930 <= hits <= 970  # 95 % of 1000, standard error 7


def test_nodes_in_repair_settle_at_the_closed_form():
    """Two-state nodes: the share in service is mtbf / (mtbf + repair)."""
    nodes, mtbf_s, repair_s, until_s = 50, 100.0, 25.0, 40_000.0
    shares = []
    for replica in range(6):
        down_s = 0.0
        outages = drawn_outages(nodes, node_failures(mtbf_s, repair_s), from_s=0, rng=generator(5, "outages", replica))
        for outage in outages:
            if outage.start_s >= until_s:
                break
            down_s += min(outage.duration_s, until_s - outage.start_s)
        shares.append(1 - down_s / (nodes * until_s))
    assert abs(z(shares, 0.8)) < 3.5
