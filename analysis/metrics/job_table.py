"""The table of jobs: one row each, times in the clock of the log."""

from collections.abc import Iterator
from pathlib import Path

from analysis.metrics.showback import job_usd
from simulator.engine.cluster_log import ClusterLog

COLUMNS = (
    *("job_id", "submit_s", "start_s", "end_s", "size", "wait_s", "held_s", "lost_s", "stops"),
    *("promised_s", "user", "queue", "status"),
)


def priced_rows(log: ClusterLog, usd_per_accelerator_h: float) -> Iterator[tuple[object, ...]]:
    """Yield the same with what the job's time on the cluster costs, to the cent [USD]."""
    for row, end in zip(job_rows(log), log.ends, strict=True):
        yield (*row, round(job_usd(end, log, usd_per_accelerator_h), 2))


def job_rows(log: ClusterLog) -> Iterator[tuple[object, ...]]:
    """Yield the cells of `COLUMNS` for each job; the size is in accelerators."""
    units = log.units_per_accelerator
    for job, start_s, end_s, held_s, promised_s, stops, lost_s, killed in log.ends:
        job_id, submit_s, size, _, _, user, queue, _, status, *_ = job
        yield (
            *(job_id, submit_s, start_s, end_s, size if units == 1 else size / units),
            *(start_s - submit_s, held_s, lost_s, stops, promised_s, user, queue, "killed" if killed else status),
        )


def write_job_table(path: Path, log: ClusterLog, usd_per_accelerator_h: float | None = None) -> None:
    """Write CSV, or Parquet if the name ends in ``.parquet`` (that needs the extra ``data``).

    With a price there is a column ``usd`` more.

    Raises
    ------
    ImportError
        If Parquet is asked for and cannot be written here.
    """
    columns = COLUMNS if usd_per_accelerator_h is None else (*COLUMNS, "usd")
    if path.suffix.lower() == ".parquet":
        import pandas as pd

        rows = job_rows(log) if usd_per_accelerator_h is None else priced_rows(log, usd_per_accelerator_h)
        frame = pd.DataFrame(rows, columns=list(columns))
        frame["job_id"] = frame["job_id"].astype(str)
        frame.to_parquet(path, index=False)
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        file.write(",".join(columns) + "\n")
        file.writelines(_lines(log, usd_per_accelerator_h))


class _Cells(dict[str | None, str]):
    """Texts as cells of a CSV file, each looked at once."""

    def __missing__(self, text: str | None) -> str:
        cell = text or ""
        if any(mark in cell for mark in ',"\r\n'):
            cell = '"' + cell.replace('"', '""') + '"'
        self[text] = cell
        return cell


def _lines(log: ClusterLog, usd_per_accelerator_h: float | None) -> Iterator[str]:
    """Yield the same rows as lines of CSV, in half the time of `csv`, which looks for quotes in every number.

    Examples
    --------
    >>> from simulator.engine.cluster_log import JobEnd
    >>> from simulator.scheduling.job import Job
    >>> end = JobEnd(Job("1,a", 0, 8, 4.5, 9, 'of "c" 1', "d"), 5, 9.5, 4.5)
    >>> [line.strip() for line in _lines(ClusterLog(ends=[end], capacity=8), None)]
    ['"1,a",0,5,9.5,8,5,4.5,0,0,,"of ""c"" 1",d,']
    """
    units, cells = log.units_per_accelerator, _Cells()
    for end in log.ends:
        job, start_s, end_s, held_s, promised_s, stops, lost_s, killed = end
        job_id, submit_s, size, _, _, user, queue, _, status, _, _, _, _, _ = job
        name = job_id if isinstance(job_id, int) else cells[job_id]
        asked = size if units == 1 else size / units
        promised = "" if promised_s is None else promised_s
        became = cells["killed" if killed else status]
        usd = "" if usd_per_accelerator_h is None else f",{round(job_usd(end, log, usd_per_accelerator_h), 2)}"
        yield (
            f"{name},{submit_s},{start_s},{end_s},{asked},{start_s - submit_s},{held_s},{lost_s},{stops},{promised},"
            f"{cells[user]},{cells[queue]},{became}{usd}\n"
        )
