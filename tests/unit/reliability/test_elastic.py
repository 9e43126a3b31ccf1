"""Shapes of jobs that go on with fewer replicas, and flushes that share a file system."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.reliability.elastic import replicas_left, shape
from simulator.reliability.tiers import flush_s, near_lost, save_s

whole = st.integers(1, 200)


@given(whole=whole, gone=st.integers(0, 200), micro=st.integers(1, 64))
def test_speed_never_exceeds_the_share_that_works(whole: int, gone: int, micro: int) -> None:
    working = max(whole - gone, 0)
    kept = shape(whole, working, group=8, batch="keep", micro_batches=micro)
    shrunk = shape(whole, working, group=8, batch="shrink")
    assert kept.speed <= shrunk.speed + 1e-12
    assert shrunk.speed == pytest.approx(working / whole)
    assert kept.accelerators == shrunk.accelerators == 8 * working
    if working:
        assert (kept.batch, shrunk.batch) == (1.0, working / whole)


@given(whole=whole, micro=st.integers(1, 64))
def test_a_whole_job_runs_at_full_speed(whole: int, micro: int) -> None:
    assert shape(whole, whole, group=4, batch="keep", micro_batches=micro).speed == 1.0


def test_more_replicas_than_there_are() -> None:
    with pytest.raises(ValueError, match="expected 0 <= working <= whole"):
        shape(4, 5, group=1, batch="keep")


@given(replicas=whole, group=st.sampled_from([1, 2, 4, 8, 16, 64]), lost=st.integers(0, 8))
def test_machines_take_whole_replicas(replicas: int, group: int, lost: int) -> None:
    left = replicas_left(replicas, group, 8, lost)
    assert 0 <= left <= replicas
    assert replicas_left(replicas, group, 8, lost + 1) <= left
    assert (replicas - left) * group >= min(8 * lost, replicas * group) or left == 0 or group >= 8


@given(
    state=st.floats(1.0, 1e3), every=st.floats(1.0, 1e3), alone=st.floats(0.1, 100.0), shared=st.floats(0.1, 100.0),
    most=st.integers(1, 9),
)  # fmt: skip
def test_flushes_keep_pace_exactly_where_the_bandwidth_allows(
    state: float, every: float, alone: float, shared: float, most: int
) -> None:
    found = flush_s(state, every, flush_bytes_per_s=alone, shared_bytes_per_s=shared, in_flight=most)
    if found is None:
        assert state / min(most * alone, shared) > every * (1 - 1e-9)
    else:
        takes_s, count = found
        assert takes_s <= count * every
        assert takes_s >= save_s(state, writers=1, writer_bytes_per_s=alone, shared_bytes_per_s=shared) * (1 - 1e-12)
        assert count <= most


@given(nodes=st.integers(4, 500), lost=st.integers(0, 6), together=st.floats(0.0, 1.0))
def test_near_copies_on_partners_are_never_safer_together(nodes: int, lost: int, together: float) -> None:
    apart = near_lost("partner_memory", nodes, copies=2, lost=lost)
    beside = near_lost("partner_memory", nodes, copies=2, lost=lost, together=together)
    assert 0.0 <= apart <= beside <= near_lost("host_memory", nodes, copies=2, lost=lost) or math.isclose(apart, beside)
