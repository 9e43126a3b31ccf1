"""The table of jobs: one row each, times in the clock of the log."""

import csv
from collections.abc import Iterator
from pathlib import Path

from simulator.engine.cluster_log import ClusterLog

COLUMNS = (
    *("job_id", "submit_s", "start_s", "end_s", "size", "wait_s", "held_s", "lost_s", "stops"),
    *("promised_s", "user", "queue", "status"),
)


def job_rows(log: ClusterLog) -> Iterator[tuple[object, ...]]:
    """Yield the cells of `COLUMNS` for each job; the size is in accelerators."""
    units = log.units_per_accelerator
    for job, start_s, end_s, held_s, promised_s, stops, lost_s, killed in log.ends:
        job_id, submit_s, size, _, _, user, queue, _, status, *_ = job
        yield (
            *(job_id, submit_s, start_s, end_s, size if units == 1 else size / units),
            *(start_s - submit_s, held_s, lost_s, stops, promised_s, user, queue, "killed" if killed else status),
        )


def write_job_table(path: Path, log: ClusterLog) -> None:
    """Write CSV, or Parquet if the name ends in ``.parquet`` (that needs the extra ``data``).

    Raises
    ------
    ImportError
        If Parquet is asked for and cannot be written here.
    """
    if path.suffix == ".parquet":
        import pandas as pd

        frame = pd.DataFrame(job_rows(log), columns=list(COLUMNS))
        frame["job_id"] = frame["job_id"].astype(str)
        frame.to_parquet(path, index=False)
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(job_rows(log))
