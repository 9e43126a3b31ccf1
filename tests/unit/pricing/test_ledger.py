"""Ledger lines and their sum."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.pricing.ledger import BASES, LedgerLine, total

amounts = st.floats(0, 1e9)
lines = st.lists(st.builds(LedgerLine, st.just("p"), st.just("c"), *([amounts] * 5)), max_size=8)


def test_bases_are_the_columns() -> None:
    line = LedgerLine("p", "c", 1.0, 2.0, 3.0, 4.0, 5.0)
    assert [line.usd(basis) for basis in BASES] == [2.0, 3.0, 4.0, 5.0]


def test_the_total_of_nothing_is_zero() -> None:
    assert total([]) == LedgerLine("total", "", 0.0, 0.0, 0.0, 0.0, 0.0)


@given(lines)
def test_the_order_of_lines_does_not_matter(every: list[LedgerLine]) -> None:
    assert total(reversed(every)) == total(every)
