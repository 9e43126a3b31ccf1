"""The wait as a function of the size of the cluster."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.study.capacity import p95_wait_s, resized
from simulator.engine.cluster_setup import ClusterSetup
from simulator.scheduling.job import Job

jobs = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 4), st.integers(1, 40)), min_size=1, max_size=20)


@given(rows=jobs, sizes=st.lists(st.integers(4, 30), min_size=2, max_size=4))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_first_come_first_served_never_waits_longer_on_a_larger_cluster(rows, sizes):
    log = [Job(n, submit, size, run, run) for n, (submit, size, run) in enumerate(sorted(rows))]
    setup = ClusterSetup(jobs=log, capacity=4)
    waits = [p95_wait_s(setup, "fcfs", size)[0] for size in sorted(sizes)]
    assert waits == sorted(waits, reverse=True)


def test_equal_nodes_are_counted_and_others_refused():
    setup = ClusterSetup(jobs=[Job(1, 0, 16, 5, 5)], capacity=16, node_units=[8, 8])
    assert resized(setup, 5).node_units == [8] * 5
    assert resized(setup, 5).capacity == 40
    assert p95_wait_s(setup, "easy", 3, replications=2) == [0, 0]
    with pytest.raises(ValueError, match="never fits"):
        p95_wait_s(setup, "easy", 1)
    with pytest.raises(ValueError, match="equal nodes"):
        resized(ClusterSetup(jobs=[], capacity=12, node_units=[8, 4]), 3)
    with pytest.raises(ValueError, match="equal nodes"):
        resized(ClusterSetup(jobs=[], capacity=4, node_units=[1] * 4, torus_shape=(2, 2)), 3)
