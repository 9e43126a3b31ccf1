"""Sinks."""

from simulator.engine.simulate import simulate
from simulator.records import PHASES, LedgerSink, ListSink, Record
from tests import factories


def test_a_ledger_is_the_sum_of_the_records() -> None:
    scenario = factories.scenario(factories.stage(1000.0, accelerators=3), [factories.cause(3e-3, detection_s=2.0)])
    kept, summed = ListSink(), LedgerSink()
    simulate(scenario, 4, sink=kept)
    simulate(scenario, 4, sink=summed)
    found: dict[tuple[str, str, str], float] = {}
    for record in kept.records:
        key = (record.subject, record.phase, record.cause)
        found[key] = found.get(key, 0.0) + record.duration_s * record.accelerators
    assert found == summed.accelerator_s
    assert {phase for _, phase, _ in found} <= set(PHASES)


def test_records_of_one_line_add_up() -> None:
    sink = LedgerSink()
    for start_s in (0.0, 5.0):
        sink.take(Record(start_s, 2.0, "train", "other", "none", 4))
    assert sink.accelerator_s == {("train", "other", "none"): 16.0}


def test_a_ledger_that_is_full_forgets_records_but_no_sum() -> None:
    sink, line = LedgerSink(held=2), ("train", "productive", "none")
    for start in range(1, 6):
        sink.take(Record(float(start), 1.0, *line, 8))
        assert sink.accelerator_s == {line: 8.0 * start}
        assert sink.forgets == (start > 2)
        assert sink.records[-1].start_s == start
        assert len(sink.records) <= 2
