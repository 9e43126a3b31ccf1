"""Chunks come back whole, a dead worker costs only its chunk, and a deadly task is named."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from analysis.study.executor import (
    STRIKES,
    ExecutorError,
    Failure,
    Here,
    Site,
    completed,
)
from analysis.study.processes import Processes
from analysis.study.sites import site


def square(number: int) -> int:
    if number == 13:
        raise ValueError("thirteen")
    return number * number


def mark_and_die(task: tuple[Path, int]) -> int:
    """Leave a mark, and on number 5 die, always."""
    folder, number = task
    with (folder / str(number)).open("a") as file:
        file.write("x")
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_once(task: tuple[Path, int]) -> int:
    """Die the first time that number 3 is tried."""
    folder, number = task
    if number == 3 and not (folder / "died").exists():
        (folder / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def who(_: int) -> int:
    time.sleep(0.02)
    return os.getpid()


@pytest.fixture(scope="module")
def two() -> Iterator[Processes]:
    place = Processes(2)
    yield place
    place.close()


@pytest.fixture(params=["here", "processes"])
def place(request: pytest.FixtureRequest, two: Processes) -> Site:
    return Here() if request.param == "here" else two


def results(answers: Iterator[Sequence[tuple[int, Any]]]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for settled in answers:
        for number, result in settled:
            assert number not in found
            found[number] = result
    return found


def test_every_task_is_done_once_and_errors_are_named(place: Site) -> None:
    found = results(completed(square, range(200), place))
    assert found == {n: n * n for n in range(200) if n != 13} | {13: Failure("ValueError: thirteen")}


def test_nothing_to_do(place: Site) -> None:
    assert results(completed(square, [], place)) == {}


def test_what_somebody_else_did_meanwhile_is_left_out(place: Site) -> None:
    found = results(completed(square, range(10), place, still=lambda chunk: [n for n in chunk if n % 2]))
    assert sorted(found) == [1, 3, 5, 7, 9]


def test_work_is_spread(two: Processes) -> None:
    assert len(set(results(completed(who, range(20), two)).values())) == 2


def test_a_worker_that_dies_once_changes_nothing(two: Processes, tmp_path: Path) -> None:
    found = results(completed(die_once, [(tmp_path, n) for n in range(20)], two))
    assert (tmp_path / "died").exists()
    assert found == {n: n for n in range(20)}


def test_a_task_that_kills_its_worker_is_set_aside_after_three_times(two: Processes, tmp_path: Path) -> None:
    found = results(completed(mark_and_die, [(tmp_path, n) for n in range(20)], two))
    assert found.pop(5) == Failure("killed its worker 3 times")
    assert found == {n: n for n in range(20) if n != 5}
    assert (tmp_path / "5").read_text() == "x" * STRIKES


def test_closing_does_not_wait_for_work() -> None:
    place = Processes(1)
    place.submit(time.sleep, 60)
    start_s = time.monotonic()
    place.close()
    assert time.monotonic() - start_s < 20


def test_a_loss_that_is_no_death_is_raised() -> None:
    class Refusing:
        losses: tuple[type[BaseException], ...] = ()
        deaths = 1
        width = 1

        def submit(self, *_: object) -> "Future[Any]":
            future: Future[Any] = Future()
            future.set_exception(RuntimeError("cannot be pickled"))
            return future

        def close(self) -> None: ...

    with pytest.raises(RuntimeError, match="cannot be pickled"):
        results(completed(square, range(3), Refusing()))


@pytest.mark.parametrize(
    "text", ["", "locale", "local:0", "local:-1", "local:x", "local:99999", "local:1.5", "dask", "dask:"]
)
def test_a_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ExecutorError):
        site(text)


def test_local_one_is_this_process() -> None:
    assert isinstance(site("local:1"), Here)
