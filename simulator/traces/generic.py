"""Any table of jobs with a map of its columns, and the machinery of the readers for published tables."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from sys import intern

from simulator.scheduling.job import Job, Status
from simulator.traces.formats import JOB_FORMATS
from simulator.traces.joblog import JobLog, TraceError, collect
from simulator.traces.text import lines, number, stamp_s

Row = Mapping[str, str]

STATUS: Mapping[str, Status] = {
    "completed": "completed",
    "pass": "completed",
    "succeeded": "completed",
    "failed": "failed",
    "node_fail": "failed",
    "out_of_memory": "failed",
    "timeout": "failed",
    "cancelled": "cancelled",
    "killed": "cancelled",
    "preempted": "cancelled",
}
"""How the logs call the ends of jobs, in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMap:
    """Which column says what; times are numbers of seconds or dates.

    Parameters
    ----------
    job_id : str or None
        None numbers the rows from 1.
    submit, size, run : str
        Submission, units held, and run time.
    estimate, user, queue, priority, status : str or None
        None where the table does not say.

    Examples
    --------
    >>> ColumnMap(job_id="id", size="gpus").size
    'gpus'
    """

    submit: str = "submit_s"
    size: str = "size"
    run: str = "run_s"
    job_id: str | None = None
    estimate: str | None = None
    user: str | None = None
    queue: str | None = None
    priority: str | None = None
    status: str | None = None

    def columns(self) -> list[str]:
        """Name the columns that the table has to have."""
        named = (getattr(self, name) for name in self.__slots__)
        return [column for column in named if column is not None]


def rows(
    path: Path,
    needed: Iterator[str] | list[str],
    *,
    delimiter: str = ",",
    accepted: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[Row]:
    """Yield the rows of a table with a heading; blank lines are no rows.

    `accepted` are other names that a missing column could have had, for the message.

    Raises
    ------
    TraceError
        If the heading lacks a needed column.
    """
    table = csv.DictReader(lines(path), delimiter=delimiter, restval="")
    try:
        missing = [column for column in needed if column not in (table.fieldnames or ())]
        if missing:
            found = ", ".join(table.fieldnames or ["nothing"])
            others = {
                column: [name for name in (accepted or {}).get(column, ()) if name != column] for column in missing
            }
            names = "".join(
                f"; {column} may also be called {', '.join(said)}" for column, said in others.items() if said
            )
            raise TraceError(f"{path}:1: column {', '.join(map(repr, missing))} is missing; found {found[:200]}{names}")
        yield from table
    except csv.Error as problem:
        raise TraceError(f"{path}:{table.line_num + 1}: no table: {problem}") from None


def read_table(path: Path, columns: ColumnMap) -> JobLog:
    """Read a table of jobs by its column map.

    Raises
    ------
    TraceError
        If the table lacks a column of the map.
    """
    table = rows(path, columns.columns())
    return collect(_mapped(row, columns, at) for at, row in enumerate(table, 1))


def _mapped(row: Row, columns: ColumnMap, at: int) -> Job | str:
    estimate = columns.estimate and number(row[columns.estimate])
    priority = columns.priority and number(row[columns.priority])
    return job_or_reason(
        job_id=at if columns.job_id is None else as_id(row[columns.job_id]),
        submit_s=moment(row[columns.submit]),
        size=number(row[columns.size]),
        run_s=number(row[columns.run]),
        estimate_s=estimate or None,
        user=columns.user and row[columns.user],
        queue=columns.queue and row[columns.queue],
        priority=priority or 0,
        status=STATUS.get(row[columns.status].lower()) if columns.status else None,
    )


def job_or_reason(
    *,
    job_id: str | int,
    submit_s: float | None,
    size: float | None,
    run_s: float | None,
    estimate_s: float | None = None,
    user: str | None = None,
    queue: str | None = None,
    priority: float = 0,
    status: Status | None = None,
) -> Job | str:
    """Return a job, or why the row is none.

    Examples
    --------
    >>> job_or_reason(job_id=1, submit_s=0, size=0, run_s=5)
    'no units asked for'
    """
    if submit_s is None:
        return "submission time unknown"
    if run_s is None or run_s < 0:
        return "run time unknown"
    if run_s == 0:
        return "run time 0"
    if size is None or size != int(size):
        return "size unknown"
    if size <= 0:
        return "no units asked for"
    asked_s = estimate_s if estimate_s is not None and estimate_s > 0 else run_s
    return Job(job_id, submit_s, int(size), run_s, asked_s, _name(user), _name(queue), priority, status)


def as_id(text: str) -> str | int:
    """Return a whole number for one, else the text."""
    return int(text) if text.isascii() and text.isdecimal() and str(int(text)) == text else text


def moment(text: str) -> float | None:
    """Read seconds or a date."""
    value = number(text)
    return stamp_s(text) if value is None else value


def _name(text: str | None) -> str | None:
    return intern(text) if text else None


_GUESSES: Mapping[str, tuple[str, ...]] = {
    "job_id": ("job_id", "jobid", "id", "job"),
    "submit": ("submit_s", "submit_time", "submission_time", "arrival_time", "arrival_s", "submit", "timestamp"),
    "size": ("size", "num_gpus", "num_gpu", "gpu_num", "gpus", "accelerators", "processors", "procs", "nodes"),
    "run": ("run_s", "duration", "run_time", "runtime", "duration_s", "elapsed"),
    "estimate": ("estimate_s", "estimate", "requested_time", "time_limit", "walltime"),
    "user": ("user", "user_id"),
    "queue": ("queue", "vc", "cluster", "partition"),
    "priority": ("priority",),
    "status": ("status", "state"),
}


def usual_field(word: str) -> str | None:
    """Return the field of a job that tables usually call so.

    Examples
    --------
    >>> usual_field("gpus"), usual_field("colour")
    ('size', None)
    """
    return next((field for field, names in _GUESSES.items() if word in names), None)


def guess(headings: list[str]) -> ColumnMap:
    """Map the usual column names.

    Examples
    --------
    >>> guess(["id", "arrival_time", "gpus", "duration"]).submit
    'arrival_time'
    """
    found = {field: next((name for name in names if name in headings), None) for field, names in _GUESSES.items()}
    return ColumnMap(**{field: name for field, name in found.items() if name is not None})


@JOB_FORMATS.register("csv")
def read_csv(path: Path) -> JobLog:
    """Read a table whose columns have usual names."""
    first = next((line for line in lines(path)), "")
    delimiter = delimiter_of(first)
    columns = guess(next(chain(csv.reader([first], delimiter=delimiter), [[]])))
    table = rows(path, columns.columns(), delimiter=delimiter, accepted=accepted(columns))
    return collect(_mapped(row, columns, at) for at, row in enumerate(table, 1))


def delimiter_of(heading: str) -> str:
    """Return what separates the columns of a heading: a comma, a semicolon as spreadsheets write it, or a tab.

    Examples
    --------
    >>> delimiter_of("submit;size;run_s"), delimiter_of("submit,size"), delimiter_of("size")
    (';', ',', ',')
    """
    return max((",", ";", "\t"), key=heading.count)


def is_table(first_line: str) -> bool:
    """Tell whether a heading has usual names for a submission, a size and a run time.

    Examples
    --------
    >>> is_table("id,arrival_time,gpus,duration"), is_table("id;arrival_time"), is_table("a,b")
    (True, False, False)
    """
    heading = next(csv.reader([first_line.strip()], delimiter=delimiter_of(first_line)), [])
    return all(any(name in heading for name in _GUESSES[field]) for field in ("submit", "size", "run"))


def accepted(columns: ColumnMap) -> Mapping[str, Sequence[str]]:
    """Return the usual names of the needed columns, by the name that the map has."""
    return {getattr(columns, field): _GUESSES[field] for field in ("submit", "size", "run")}


def table_reader(
    needed: list[str], convert: Callable[[Row, int], Job | str], *, units_per_accelerator: int = 1, delimiter: str = ","
) -> Callable[[Path], JobLog]:
    """Make a reader of a published table from the conversion of one row and its number, from 1."""

    def read(path: Path) -> JobLog:
        table = rows(path, needed, delimiter=delimiter)
        return collect(
            (convert(row, at) for at, row in enumerate(table, 1)), units_per_accelerator=units_per_accelerator
        )

    return read
