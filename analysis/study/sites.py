"""From the words of a user to a place of work: this process, processes, dask, or Slurm."""

import os

from analysis.study.cluster import dask, slurm
from analysis.study.executor import ExecutorError, Here, Site
from analysis.study.processes import Processes
from simulator.foundation.issues import shorten


def site(text: str) -> Site:
    """Open the place of work that a user names.

    Parameters
    ----------
    text : str
        ``local`` or ``local:N`` for N processes of this machine, where ``local:1`` is this process;
        ``dask:ADDRESS`` for the workers of a dask scheduler; ``slurm``, ``slurm:PARTITION`` or ``slurm:PARTITION:JOBS``
        for jobs of a Slurm cluster.

    Raises
    ------
    ExecutorError
        If there is no such place.
    """
    kind, _, rest = text.partition(":")
    if kind == "local":
        width = _width(rest, text)
        return Here() if width == 1 else Processes(width)
    if kind == "dask" and rest:
        return dask(rest)
    if kind == "slurm":
        partition, _, jobs = rest.partition(":")
        return slurm(partition or None, *([_width(jobs, text)] if jobs else []))
    raise ExecutorError(
        f"{shorten(text)!r} is no executor; write local, local:N, dask:ADDRESS, slurm or slurm:PARTITION"
    )


def _width(rest: str, text: str) -> int:
    if not rest:
        return os.cpu_count() or 1
    if not rest.isdecimal() or not 1 <= len(rest) <= 4 or not 1 <= int(rest) <= 1024:
        raise ExecutorError(f"{shorten(text)!r}: the number of workers is a whole number from 1 to 1024, as in local:2")
    return int(rest)
