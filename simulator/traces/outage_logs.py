"""Any log of outages: find its format and read it."""

from pathlib import Path

from simulator.traces import lanl
from simulator.traces.joblog import TraceError
from simulator.traces.outages import OUTAGE_FORMATS, OutageLog, heading


def read_outages(
    path: Path,
    *,
    format: str | None = None,  # noqa: A002 - the word that users type
    system: str | None = None,
    columns: str | None = None,
) -> OutageLog:
    """Read a log of outages.

    Parameters
    ----------
    path : Path
        Plain or gzip.
    format : str or None
        A key of `OUTAGE_FORMATS`; by default the heading tells.
    system : str or None
        Which system, where a file has several.
    columns : str or None
        Map of columns for a table of one's own, such as ``node=host,start=down_at``.

    Raises
    ------
    TraceError
        If the file cannot be read, or no row of it is an outage.
    """
    name = format or ("lanl" if set(heading(path)) >= lanl.COLUMNS else "csv")
    try:
        read = OUTAGE_FORMATS[name]
    except KeyError as unknown:
        raise TraceError(unknown.args[0]) from None
    log = read(path, system=system, columns=columns)
    if not log.outages:
        raise TraceError(f"{path}: no outage in it: {log.report}")
    return log
