"""Work shared with forks: the same results and errors as without, and nothing left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from simulator.foundation import forks
from simulator.foundation.forks import ahead, at_most, dealt, forked

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are made on Linux alone")


width_here = forks.width


@pytest.fixture(autouse=True)
def _three_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "width", lambda: 3)


def where(piece: int) -> tuple[int, int]:
    return piece, os.getpid()


def children() -> list[str]:
    return Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()


def test_pieces_are_done_at_once_and_come_in_order() -> None:
    before = children()
    done = forked(where, range(7))
    assert [piece for piece, _ in done] == list(range(7))
    here = [piece for piece, process in done if process == os.getpid()]
    assert here == [0, 3, 6]
    assert len({process for _, process in done}) == 5
    assert children() == before


def test_nothing_to_do() -> None:
    assert forked(where, []) == []
    assert forked(where, [4]) == [(4, os.getpid())]


def fails_elsewhere(here: int, piece: int, how: str) -> int:
    if os.getpid() != here and piece == 1:
        if how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "gone":
            os._exit(3)
        raise MemoryError
    return piece


@pytest.mark.parametrize("how", ["killed", "gone", "raised"])
def test_what_a_fork_does_not_bring_to_its_end_is_done_here(how: str) -> None:
    assert forked(partial(fails_elsewhere, os.getpid(), how=how), range(3)) == [0, 1, 2]


def test_results_that_cannot_be_sent_are_made_here() -> None:
    one, other = forked(lambda piece: lambda: piece, [1, 2])
    assert (one(), other()) == (1, 2)


def refuses(piece: int) -> int:
    if piece == 2:
        raise ValueError("two is refused")
    return piece


def test_an_error_is_raised_as_without_forks() -> None:
    before = children()
    with pytest.raises(ValueError, match="two is refused"):
        forked(refuses, range(4))
    assert children() == before


def stops_here(here: int, piece: int) -> int:
    if os.getpid() == here:
        raise KeyboardInterrupt
    time.sleep(60)
    return piece


def test_an_interrupted_call_leaves_no_process_and_no_pipe() -> None:
    before, began, files = children(), time.monotonic(), len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(KeyboardInterrupt):
        forked(partial(stops_here, os.getpid()), range(2))
    assert children() == before
    assert len(list(Path("/proc/self/fd").iterdir())) == files
    assert time.monotonic() - began < 30


KILLED = """
import os, signal
from simulator.foundation import forks

def large(piece):
    if piece == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    os.write(1, b"x")
    return bytes(10_000_000)

forks.width = lambda: 3
forks.forked(large, range(3))
"""


def test_no_fork_outlives_a_parent_that_was_killed() -> None:
    """Also one that has more to send than a pipe holds."""
    told = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == -signal.SIGKILL
    assert told.stdout == "xx"  # their ends of the pipe are closed: none is left


def test_where_no_process_can_be_made_all_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", full)
    assert {process for _, process in forked(where, range(4))} == {os.getpid()}


def test_no_fork_beside_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "width", width_here)
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert {process for _, process in forked(where, range(4))} == {os.getpid()}
    finally:
        done.set()
        thread.join()


def width(_: int) -> int:
    return width_here()


def test_one_at_a_time_in_a_worker_and_as_many_as_cores_here() -> None:
    from multiprocessing import get_context

    with get_context("spawn").Pool(1) as pool:
        assert pool.map(width, [0]) == [1]
    if threading.active_count() == 1:
        assert width_here() == len(os.sched_getaffinity(0))


def test_many_pieces_are_dealt_out_and_come_in_order() -> None:
    done = dealt(where, range(8))
    assert [piece for piece, _ in done] == list(range(8))
    assert len({process for _, process in done}) == 3
    assert dealt(where, range(2))[1][0] == 1
    assert dealt(where, []) == []


def test_no_process_is_made_for_an_empty_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> int:
        raise AssertionError("one piece, or none, needs no second process")

    monkeypatch.setattr(forks, "width", lambda: 2)
    monkeypatch.setattr(os, "fork", none)
    assert dealt(abs, []) == []
    assert dealt(abs, [-3]) == [3]


def test_what_is_begun_ahead_is_waited_for_as_it_is_read() -> None:
    before = children()
    with ahead() as begin:
        coming = iter(begin(where, range(2)))
        assert len(children()) == len(before) + 2
        (first, one), (second, other) = coming
        assert (first, second) == (0, 1)
        assert len({one, other, os.getpid()}) == 3
    assert children() == before


def sleeps(_: int) -> None:
    time.sleep(60)


def test_what_nobody_reads_is_ended() -> None:
    before, began = children(), time.monotonic()
    with ahead() as begin:
        begin(sleeps, range(2))
    assert children() == before
    assert time.monotonic() - began < 30


def test_without_forks_a_piece_is_done_as_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "width", lambda: 1)
    seen: list[int] = []
    with ahead() as begin:
        coming = iter(begin(seen.append, [1, 2]))
        assert seen == []
        next(coming)
        assert seen == [1]


def test_a_fork_forks_no_more_and_a_limit_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert forked(lambda _: forks._most, range(2)) == [sys.maxsize, 1]
    monkeypatch.setattr(forks, "width", width_here)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    with at_most(1):
        assert width_here() == 1
    assert forks._most == sys.maxsize
