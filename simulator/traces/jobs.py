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
    name = format or recognise(next((line for line in lines(path) if line.strip()), ""))
    if name is None:
        raise TraceError(f"{path}: the first line fits no known log; name one of {', '.join(JOB_FORMATS)}")
    try:
        reader = JOB_FORMATS[name]
    except KeyError as unknown:
        raise TraceError(unknown.args[0]) from None
    log = reader(path)
    if not log.report.read:
        raise TraceError(f"{path}: no rows in it")
    return log
