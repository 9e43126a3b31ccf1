"""The table of jobs: one row each, times in the clock of the log."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from simulator.engine.cluster_log import JobEnd

COLUMNS = (
    *("job_id", "submit_s", "start_s", "end_s", "size", "wait_s", "held_s", "lost_s", "stops"),
    *("promised_s", "user", "queue", "status"),
)


def job_rows(ends: Iterable[JobEnd]) -> Iterator[tuple[object, ...]]:
    """Yield the cells of `COLUMNS` for each job."""
    for end in ends:
        job = end.job
        yield (
            job.job_id, job.submit_s, end.start_s, end.end_s, job.size, end.wait_s, end.held_s,
            end.lost_s, end.stops, end.promised_s, job.user, job.queue, "killed" if end.killed else job.status,
        )  # fmt: skip


def write_job_table(path: Path, ends: Sequence[JobEnd]) -> None:
    """Write CSV, or Parquet if the name ends in ``.parquet`` (that needs the extra ``data``).

    Raises
    ------
    ImportError
        If Parquet is asked for and cannot be written here.
    """
    if path.suffix == ".parquet":
        import pandas as pd

        frame = pd.DataFrame(job_rows(ends), columns=list(COLUMNS))
        frame["job_id"] = frame["job_id"].astype(str)
        frame.to_parquet(path, index=False)
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(job_rows(ends))
