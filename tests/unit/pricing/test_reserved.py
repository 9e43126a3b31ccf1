"""Terms that bill more than what is used."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.pricing.ledger import BASES, total
from simulator.pricing.reserved import CapacityBlock, Committed, ReservedMinimum
from simulator.pricing.terms import TERMS, OnDemand, Usage, bill

rates, counts, hours = st.floats(0.01, 100), st.floats(1, 1e4), st.floats(0.1, 1e4)


def test_all_are_registered() -> None:
    assert {"committed", "capacity_block", "reserved_minimum"} <= set(TERMS)


def test_a_block_is_paid_to_its_end() -> None:
    """Ten machines for 30 h in blocks of a day: 48 h are paid."""
    term = CapacityBlock(usd_per_accelerator_h=2.0, list_usd_per_accelerator_h=3.0, accelerators=10)
    line = total(bill(term, [Usage.of(10, 10.0), Usage.of(10, 20.0)]))
    assert line.billed_usd == pytest.approx(480 * 2.0)
    assert line.list_usd == pytest.approx(300 * 3.0)
    assert total(bill(term, [Usage.of(10, 48.0)])).billed_usd == pytest.approx(960.0)


def test_a_minimum_is_paid_whether_it_is_used_or_not() -> None:
    term = ReservedMinimum(usd_per_accelerator_h=2.0, list_usd_per_accelerator_h=3.0, minimum_accelerator_hours=1000.0)
    assert total(bill(term, [Usage.of(10, 30.0)])).billed_usd == 2000.0
    assert total(bill(term, [Usage.of(10, 30.0), Usage.of(10, 90.0)])).billed_usd == 2400.0


@pytest.mark.parametrize("make", [
    lambda rate: Committed(usd_per_accelerator_h=rate, list_usd_per_accelerator_h=2 * rate, accelerators=7,
                           held_h=8760.0),
    lambda rate: CapacityBlock(usd_per_accelerator_h=rate, list_usd_per_accelerator_h=2 * rate, accelerators=7),
    lambda rate: ReservedMinimum(usd_per_accelerator_h=rate, list_usd_per_accelerator_h=2 * rate,
                                 minimum_accelerator_hours=5e4),
])  # fmt: skip
@given(rate=rates, count=counts, wall_h=hours, share=st.floats(0.01, 0.99))
def test_splitting_and_doubling(make, rate: float, count: float, wall_h: float, share: float) -> None:  # type: ignore[no-untyped-def]  # a lambda of the list above
    whole = total(bill(make(rate), [Usage.of(count, wall_h)]))
    halves = total(bill(make(rate), [Usage.of(count, wall_h * share), Usage.of(count, wall_h * (1 - share))]))
    twice = total(bill(make(2 * rate), [Usage.of(count, wall_h)]))
    for basis in BASES:
        assert halves.usd(basis) == pytest.approx(whole.usd(basis), rel=1e-9, abs=1e-6)
        assert twice.usd(basis) == pytest.approx(2 * whole.usd(basis), rel=1e-9)


@given(rate=rates, off=st.floats(0.05, 0.9), count=counts, wall_h=st.floats(1.0, 8760.0))
def test_a_whole_commitment_pays_off_above_its_break_even(rate: float, off: float, count: float, wall_h: float) -> None:
    term = Committed(usd_per_accelerator_h=rate * (1 - off), list_usd_per_accelerator_h=rate, accelerators=count,
                     held_h=8760.0)  # fmt: skip
    committed = total(bill(term, [Usage.of(count, wall_h)])).billed_usd
    on_demand = total(OnDemand(usd_per_accelerator_h=rate).charge(Usage.of(count, wall_h))).billed_usd
    used = wall_h / term.term_h
    if abs(used - term.break_even_utilisation) > 1e-6:
        assert (committed < on_demand) == (used > term.break_even_utilisation)


def test_a_commitment_that_others_use_bills_what_is_used() -> None:
    """Eight are reserved, three work for ten hours and then ten for five: two of those on demand."""
    term = Committed(usd_per_accelerator_h=1.0, list_usd_per_accelerator_h=2.0, accelerators=8)
    lines = bill(term, [Usage.of(3, 10.0), Usage.of(10, 5.0)])
    assert total(lines).billed_usd == pytest.approx(30 * 1.0 + 40 * 1.0 + 10 * 2.0)
    assert total(lines).accelerator_hours == pytest.approx(80)


def test_arrays_are_charged_as_their_elements() -> None:
    term = Committed(usd_per_accelerator_h=1.0, list_usd_per_accelerator_h=2.0, accelerators=5, held_h=100.0)
    walls = np.array([10.0, 99.0, 150.0])
    together = total(bill(term, [Usage.of(8, walls)]))
    alone = [total(bill(term, [Usage.of(8, float(wall))])) for wall in walls]
    for basis in BASES:
        np.testing.assert_allclose(together.usd(basis), [line.usd(basis) for line in alone], rtol=1e-12)


@pytest.mark.parametrize("wrong", [{"accelerators": -1.0}, {"accelerators": 1.0, "block_h": 0.0}])
def test_impossible_blocks_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected 0 or more"):
        CapacityBlock(usd_per_accelerator_h=1.0, list_usd_per_accelerator_h=2.0, **wrong)


def test_an_impossible_minimum_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 0 or more"):
        ReservedMinimum(usd_per_accelerator_h=1.0, list_usd_per_accelerator_h=2.0, minimum_accelerator_hours=-1.0)
