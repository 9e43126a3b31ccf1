"""The fault timeline: which cause, how far apart, and the same for everybody."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simulator.engine import timeline
from simulator.engine.timeline import BLOCK, CHUNK, Guide, UnfinishableError, chunks, faults, gaps, marks
from simulator.reliability.causes import Cause
from tests import factories

rates = st.lists(st.just(0.0) | st.floats(1e-9, 1.0), min_size=1, max_size=40).filter(any)


def causes(values: list[float]) -> list[Cause]:
    return [factories.cause(value, name=str(number)) for number, value in enumerate(values)]


@settings(derandomize=True, deadline=None)
@given(values=rates, seed=st.integers(0, 99))
def test_the_guide_is_a_search(values: list[float], seed: int) -> None:
    """The table gives what a search of the cumulative shares gives, mark by mark, and no cause that has no rate."""
    drawn = np.concatenate([marks(seed, 0, 0).ravel()[:2000], np.array([0, 2**32 - 1], dtype=np.uint32)])
    edges = np.cumsum(values) / np.sum(values) * 2.0**32
    last = max(number for number, value in enumerate(values) if value > 0)
    expected = np.minimum(np.searchsorted(edges, drawn, side="right"), last)
    found = Guide(causes(values)).causes(drawn)
    assert found.tolist() == expected.tolist()
    assert all(values[cause] > 0 for cause in np.unique(found))


def test_causes_by_their_shares() -> None:
    """Chi-square of a million marks over nineteen causes whose rates span three decades, p > 1e-3."""
    values = np.geomspace(1e-3, 1.0, 19)
    drawn = np.concatenate([marks(3, block, 0).ravel() for block in range(32)])
    counts = np.bincount(Guide(causes(values.tolist())).causes(drawn), minlength=19)
    assert stats.chisquare(counts, values / values.sum() * drawn.size).pvalue > 1e-3


@pytest.mark.parametrize("name", ["gaps", "repairs"])
def test_gaps_are_unit_exponentials(name: str) -> None:
    drawn = gaps(5, name, 0, 0)
    assert drawn.shape == (CHUNK, BLOCK)
    assert stats.kstest(drawn.ravel(), "expon").pvalue > 1e-3


def test_gaps_marks_and_repairs_are_independent() -> None:
    drawn: list[np.ndarray[Any, Any]] = [marks(5, 0, 0), gaps(5, "repairs", 0, 0)]
    drawn += [gaps(5, "gaps", block, chunk) for block in range(2) for chunk in range(2)]
    correlation = np.corrcoef([each.ravel() for each in drawn]) - np.eye(len(drawn))
    assert np.abs(correlation).max() < 4.0 / np.sqrt(CHUNK * BLOCK)


THREE = causes([3e-4, 1e-4, 2e-4])


@pytest.mark.parametrize("replicas", [range(1), range(5, 9), range(1020, 1030), range(1023, 2049), range(3000, 3001)])
def test_chunks_are_faults(replicas: range) -> None:
    """The batch engine's pages and the event engine's walk are the same numbers, across the edges of blocks."""
    pages = []
    for page in itertools.islice(chunks(9, replicas, THREE, repairs=True), 3):
        assert page.repair is not None
        pages.append((page.hazard.copy(), page.cause.copy(), page.repair.copy()))
    hazard, cause, repair = (np.concatenate(part) for part in zip(*pages, strict=True))
    for column in {0, len(replicas) // 2, len(replicas) - 1}:
        walk = list(itertools.islice(faults(9, replicas[column], THREE), 3 * CHUNK))
        assert [fault.cause for fault in walk] == cause[:, column].tolist()
        assert [fault.repair for fault in walk] == repair[:, column].tolist()
        np.testing.assert_allclose([fault.hazard for fault in walk], hazard[:, column], rtol=1e-13)
        assert (np.diff(hazard[:, column]) > 0).all()


def test_replicas_are_independent_of_their_company() -> None:
    alone = next(chunks(9, range(1500, 1501), THREE, repairs=False))
    company = next(chunks(9, range(3000), THREE, repairs=False))
    np.testing.assert_array_equal(alone.hazard[:, 0], company.hazard[:, 1500])
    np.testing.assert_array_equal(alone.cause[:, 0], company.cause[:, 1500])
    assert alone.repair is None
    assert alone.chances(0) == (None, None)


@pytest.mark.parametrize("count", [2, 128, 129, 40_000])
def test_any_number_of_causes_has_room(count: int) -> None:
    """Causes are kept in as few bits as their number needs."""
    guide = Guide([factories.cause(1e-6, name=str(number)) for number in range(count)])
    marks = np.arange(count, dtype=np.uint64) * 2**32 // count + 2**31 // count  # in the middle of each
    assert guide.causes(marks.astype(np.uint32)).tolist() == list(range(count))


def test_a_page_gives_the_chances_of_a_fault() -> None:
    page = next(chunks(9, range(50), THREE, repairs=True, luck=True))
    luck, repair = page.chances(3)
    assert luck is not None
    assert repair is not None
    for replica in (0, 49):
        walk = list(itertools.islice(faults(9, replica, THREE, luck=True), 4))
        assert (walk[3].luck, walk[3].repair) == (luck[replica], repair[replica])


def test_the_timeline_does_not_depend_on_the_rates() -> None:
    """Twice the rate meets the same points of hazard, sooner in time; equal shares, equal causes."""
    twice = [factories.cause(2 * cause.rate_per_node_s, name=cause.name) for cause in THREE]
    one, other = (list(itertools.islice(faults(9, 7, each), 50)) for each in (THREE, twice))
    assert one == other


def test_no_rate_no_fault() -> None:
    assert list(faults(1, 0, [])) == []
    assert list(faults(1, 0, causes([0.0, 0.0]))) == []


def test_a_run_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "MOST_CHUNKS", 2)
    with pytest.raises(UnfinishableError, match="64 failures and was not finished: it gets nothing done"):
        list(chunks(1, range(2), THREE, repairs=False))
    with pytest.raises(UnfinishableError, match="save more often"):
        list(faults(1, 0, THREE))
