"""Where the work of a study is done: in this process, in processes of this machine, or on a cluster.

Everything hangs on one seam, the futures of `concurrent.futures`. Tasks travel in chunks of about a quarter of a
second, so that the way there and back does not count. A worker that dies costs only its chunk: the tasks in it are
tried again, one at a time, and a task that kills its worker three times is named and set aside.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from math import ceil
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

CHUNK_S = 0.25
STRIKES = 3

Task = TypeVar("Task")
Result = TypeVar("Result")


class Failure(NamedTuple):
    """Why a task has no result."""

    message: str


class ExecutorError(OSError):
    """A place of work that is not known, or cannot be reached."""


class Site(Protocol):
    """A place where functions are called.

    `losses` are the errors that mean that a worker died, and `deaths` says how many workers such an error stands for.
    """

    losses: tuple[type[BaseException], ...]
    deaths: int

    @property
    def width(self) -> int:
        """How many chunks can be under way."""
        ...

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Call a function on a free worker."""
        ...

    def close(self) -> None:
        """Let the workers go, at once."""
        ...


class Here:
    """The process that asks: a call is done when `submit` returns."""

    losses: tuple[type[BaseException], ...] = ()
    deaths = 1
    width = 1

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Call the function."""
        future: Future[Any] = Future()
        future.set_result(function(*arguments))
        return future

    def close(self) -> None:
        """Do nothing."""


Settled: TypeAlias = Sequence[tuple[int, Result | Failure]]  # number of the task, and what came of it


def completed(
    function: Callable[[Task], Result], tasks: Sequence[Task], place: Site,
    *, still: Callable[[Sequence[int]], Sequence[int]] = lambda chunk: chunk,
) -> Iterator[Settled[Result]]:  # fmt: skip
    """Call a function for every task, and yield results as chunks of them are done, in no certain order.

    Parameters
    ----------
    function : callable
        Top level, so that it can be sent to a worker.
    tasks : sequence
        What it is called with.
    place : Site
        Where; it is left open.
    still : callable, optional
        Is asked just before a chunk is sent which of its tasks are still to be done; somebody else may have done some.

    Yields
    ------
    sequence of (number, result or Failure)
        A `Failure` for a task that raised an error, or that killed its worker three times.
    """
    queue = _Queue(len(tasks), still)
    running: dict[Future[_Answer[Result]], list[int]] = {}
    while True:
        while len(running) < place.width and (chunk := queue.next(place.width)):
            future = place.submit(_work, function, [tasks[number] for number in chunk])
            running[future] = chunk
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            chunk = running.pop(future)
            if future.cancelled():
                raise ExecutorError("the workers have gone; start again, finished runs are kept")
            error = future.exception()
            if error is None:
                answer = future.result()
                queue.learn(answer.spent_s / len(chunk))
                yield list(zip(chunk, answer.results, strict=True))
            elif isinstance(error, place.losses):
                if given_up := queue.lost(chunk, place.deaths):
                    yield given_up
            else:
                raise error


class _Answer(NamedTuple, Generic[Result]):
    results: Sequence[Result | Failure]
    spent_s: float


def _work(function: Callable[[Task], Result], tasks: Sequence[Task]) -> _Answer[Result]:
    """Do a chunk of tasks, on the worker."""
    start_s = time.perf_counter()
    results = [_tried(function, task) for task in tasks]
    return _Answer(results, time.perf_counter() - start_s)


def _tried(function: Callable[[Task], Result], task: Task) -> Result | Failure:
    try:
        return function(task)
    except Exception as error:  # one bad task must not cost the others; the study names it
        return Failure(f"{type(error).__name__}: {error}")


class _Queue:
    """What is still to be sent, and in how large chunks."""

    def __init__(self, count: int, still: Callable[[Sequence[int]], Sequence[int]]) -> None:
        self._waiting = deque(range(count))
        self._alone: deque[int] = deque()  # tasks whose chunk was lost
        self._strikes: dict[int, int] = {}
        self._still = still
        self._task_s: float | None = None

    def learn(self, task_s: float) -> None:
        """Note how long tasks take on average."""
        self._task_s = task_s if self._task_s is None else 0.5 * (self._task_s + task_s)

    def next(self, width: int) -> list[int]:
        """Take the next chunk; it is empty when nothing is left."""
        while self._alone:
            if chunk := list(self._still([self._alone.popleft()])):
                return chunk
        while self._waiting:
            chunk = [self._waiting.popleft() for _ in range(min(self._size(width), len(self._waiting)))]
            if chunk := list(self._still(chunk)):
                return chunk
        return []

    def _size(self, width: int) -> int:
        """Return how many tasks make a chunk: enough to last, and few enough that all workers have some to the end."""
        if self._task_s is None:
            return 1
        lasting = ceil(CHUNK_S / max(self._task_s, 1e-6))
        return max(1, min(lasting, ceil(len(self._waiting) / width)))

    def lost(self, chunk: Sequence[int], deaths: int) -> list[tuple[int, Failure]]:
        """Take back a chunk whose worker died; return the tasks that are given up."""
        given_up = []
        for number in chunk:
            self._strikes[number] = self._strikes.get(number, 0) + deaths
            if len(chunk) == 1 and self._strikes[number] >= STRIKES:
                given_up.append((number, Failure(f"killed its worker {STRIKES} times")))
            else:
                self._alone.append(number)
        return given_up
