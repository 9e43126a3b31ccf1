"""Places of work on other machines, through dask: a running scheduler by its address, or jobs of a Slurm cluster.

Dask moves a task to another worker when its worker dies, and gives it up after a few deaths; `completed` then tries the
tasks of that chunk alone. What travels are values and the names of functions, so the workers need the same flopcast.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from analysis.study.executor import STRIKES, ExecutorError
from simulator import __version__

if TYPE_CHECKING:
    from concurrent.futures import Future

    from dask.distributed import Client

PATIENCE = "20 s"  # for a scheduler to answer
_DEFAULTS = {"cores": 1, "processes": 1, "memory": "2 GiB"}  # of a Slurm job, where dask's configuration is silent
_JOBS = 4


class Dask:
    """Workers of a dask scheduler.

    Parameters
    ----------
    client : distributed.Client
        Connected; `close` closes it and what came with it.
    behind : sequence of objects with `close`
        Such as the cluster that was started for this study.
    """

    deaths = STRIKES  # dask itself has tried again before it gives up

    def __init__(self, client: "Client", *behind: Any) -> None:
        from dask.distributed import KilledWorker

        self.losses: tuple[type[BaseException], ...] = (KilledWorker,)
        self._client, self._behind = client, behind
        self._executor = client.get_executor(pure=False)

    @property
    def width(self) -> int:
        """How many threads the workers have now; at least one, for more workers may come."""
        threads: dict[str, int] = self._client.nthreads()
        return max(1, sum(threads.values()))

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Call a function on some worker."""
        future: Future[Any] = self._executor.submit(function, *arguments)
        return future

    def close(self) -> None:
        """Take back what is under way, and leave the scheduler."""
        self._executor.shutdown(wait=False)
        for part in (self._client, *self._behind):
            part.close()


def dask(address: str) -> Dask:
    """Connect to a dask scheduler, such as ``tcp://head:8786``.

    Raises
    ------
    ExecutorError
        If dask is not installed, nobody answers, or the workers have another flopcast.
    """
    try:
        from dask.distributed import Client
    except ImportError:
        raise _lacking() from None
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ExecutorError(f"no dask scheduler answers at {address}: {error}") from None
    place = Dask(client)
    try:
        _check_versions(client)
    except BaseException:
        place.close()
        raise
    return place


def slurm(partition: str | None, jobs: int = _JOBS) -> Dask:
    """Start jobs of a Slurm cluster as workers, from a machine that can call ``sbatch``.

    Parameters
    ----------
    partition : str or None
        None for the cluster's default.
    jobs : int
        How many; each has one core and 2 GiB unless dask's own configuration (``jobqueue.slurm``) says otherwise.

    Raises
    ------
    ExecutorError
        If dask-jobqueue is not installed, or there is no Slurm here.
    """
    try:
        import dask
        from dask.distributed import Client
        from dask_jobqueue import SLURMCluster
    except ImportError:
        raise _lacking() from None
    from shutil import which

    if which("sbatch") is None:
        raise ExecutorError("there is no Slurm here: sbatch is not found; call flopcast on a login node of the cluster")
    stated = dask.config.get("jobqueue.slurm", {})
    options: dict[str, object] = {name: value for name, value in _DEFAULTS.items() if stated.get(name) is None}
    if not stated.get("scheduler-options"):
        options["scheduler_options"] = {"dashboard_address": ":0"}  # any free port: two sweeps share a login node
    cluster = SLURMCluster(queue=partition, **options)
    cluster.adapt(minimum_jobs=jobs, maximum_jobs=jobs)  # a job that ends before its time is submitted again
    client = Client(cluster, set_as_default=False)
    client.wait_for_workers(1)  # as long as the queue takes; Ctrl-C ends it
    return Dask(client, cluster)


def _lacking() -> ExecutorError:
    return ExecutorError("dask and Slurm need the extra cluster: pip install 'flopcast[cluster]'")


def _check_versions(client: "Client") -> None:
    """Make sure that the workers have the flopcast that we have."""
    try:
        found = set(client.run(version).values())
    except (ImportError, AttributeError) as error:
        raise ExecutorError(f"the workers have no flopcast; install {__version__} there: {error}") from None
    if found - {__version__}:
        raise ExecutorError(f"the workers have flopcast {', '.join(sorted(found))}; this is {__version__}")


def version() -> str:
    """Return the version of the worker that is asked."""
    return __version__
