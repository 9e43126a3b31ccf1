"""Runs as they were lived, kept in little room: who wants to look at one of them later need not live it again."""

from array import array
from collections.abc import Sequence
from typing import NamedTuple

from simulator.engine.simulate import RunHeader
from simulator.foundation.tuples import make
from simulator.records import Record

FEW = 50  # replicas of which all are kept: where there are more, to live one again costs less
MOST = 200_000  # records of a run that is kept


class Kept(NamedTuple):
    """One run: its records by column, in an eighth of their room, so that they travel quickly.

    Examples
    --------
    >>> header = RunHeader(0, 1, "", (9.0,), {})
    >>> records = [Record(0.0, 9.0, "train", "productive", "none", 8)]
    >>> kept(header, records).records == records
    True
    """

    header: RunHeader
    starts_s: "array[float]"
    durations_s: "array[float]"
    kinds: "array[int]"  # of each record, its row in `labels`
    labels: Sequence[tuple[str, str, str, int]]  # subject, phase, cause, accelerators

    @property
    def records(self) -> list[Record]:
        """The records, in the order in which they were taken."""
        rows = zip(self.starts_s, self.durations_s, self.kinds, strict=True)
        return [make(Record, (start_s, duration_s, *self.labels[kind])) for start_s, duration_s, kind in rows]


def kept(header: RunHeader, records: Sequence[Record]) -> Kept:
    """Pack the records of a run."""
    rows: dict[tuple[str, str, str, int], int] = {}
    starts_s, durations_s, *labels = zip(*records, strict=True) if records else [()] * 6
    kinds = [rows.setdefault(label, len(rows)) for label in zip(*labels, strict=True)]
    return Kept(header, array("d", starts_s), array("d", durations_s), array("H", kinds), list(rows))
