"""Any job log: find its format and read it."""

from pathlib import Path

from simulator.traces import acme, alibaba, elasticflow, generic, philly, sacct, swf
from simulator.traces.formats import JOB_FORMATS, recognise
from simulator.traces.joblog import JobLog, TraceError
from simulator.traces.text import lines

OURS = (acme, alibaba, elasticflow, generic, philly, sacct, swf)
"""The modules whose formats are registered by importing them."""


def read_jobs(path: Path, *, format: str | None = None) -> JobLog:  # noqa: A002 - the word that users type
    """Read a job log.

    Parameters
    ----------
    path : Path
        Plain or gzip.
    format : str or None
        A key of `JOB_FORMATS`; by default the first line tells.

    Raises
    ------
    TraceError
        If the file cannot be read or no format fits.
    """
    first = next((line for line in lines(path) if line.strip()), "")
    if not first:
        raise TraceError(f"{path}: an empty file")
    name = format or recognise(first) or ("csv" if _is_own_table(path, first) else None)
    if name is None:
        raise TraceError(f"{path}: the first line fits no known log; name its format with --format, one of "
                         f"{', '.join(JOB_FORMATS)}; a table of your own is a csv")  # fmt: skip
    try:
        reader = JOB_FORMATS[name]
    except KeyError as unknown:
        raise TraceError(unknown.args[0]) from None
    log = reader(path)
    if not log.report.read:
        raise TraceError(f"{path}: no rows in it")
    return log


def _is_own_table(path: Path, first: str) -> bool:
    """Tell a table of the user's own by its heading, or by a name that says so."""
    named = path.name.removesuffix(".gz").endswith((".csv", ".tsv"))
    return generic.is_table(first) or (named and "\0" not in first and generic.delimiter_of(first) in first)
