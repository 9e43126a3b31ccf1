"""Whatever the order of work, the interruptions and the company, a sweep gives the same bytes and does no run twice."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.study.evaluate import evaluate, key_of
from analysis.study.executor import Here
from analysis.study.export import csv_text
from analysis.study.journal import Journal
from analysis.study.sweep import JOURNAL, Variant, sweep, variants_of
from simulator.engine.run import PIECE
from simulator.scenario.api import load, variants


@cache
def cases() -> Sequence[Variant]:
    """Return ten variants, of which two are the same run."""
    sets = ["run.replicas=20", 'sweep.checkpoint.interval=["10 min", "600 s", "1 h", "2 h", "4 h"]']
    return variants_of(variants(load("llama-65b", sets=[*sets, "sweep.run.seed=[1, 2]"])))


@cache
def expected() -> str:
    return csv_text([(case.overrides, evaluate(case.scenario)) for case in cases()])


class Whim(Here):
    """A place that stops or loses workers when its script says so, and counts what it was given."""

    losses: tuple[type[BaseException], ...] = (BrokenExecutor,)

    def __init__(self, script: Iterator[str], given: list[str]) -> None:
        self.script, self.given = script, given

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        event = next(self.script, "work")
        if event == "stop":
            raise KeyboardInterrupt
        future: Future[Any] = Future()
        if event == "lose":
            future.set_exception(BrokenExecutor("a worker died"))
            return future
        self.given += [key_of(scenario).fingerprint + str(scenario.seed) for scenario in arguments[1]]
        return super().submit(function, *arguments)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.lists(st.sampled_from(["work", "work", "work", "stop", "lose"]), max_size=8), max_size=4))
def test_stopped_and_started_again_it_ends_as_if_nothing_had_been(scripts: list[list[str]]) -> None:
    done: list[str] = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        for script in scripts:
            try:
                sweep(cases(), folder, Whim(iter(script), done))
            except KeyboardInterrupt:
                continue
        swept = sweep(cases(), folder, Whim(iter([]), done))
        with Journal(folder / JOURNAL) as journal:
            assert journal.check() == "ok"
            rows = journal.count()
    assert not swept.failures
    assert csv_text(swept.lines) == expected()
    assert rows == len({key_of(case.scenario) for case in cases()}) == 8
    assert len(done) == len(set(done)) == 8


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.permutations(range(10)))
def test_the_order_of_the_sweep_is_the_order_of_the_table_only(order: list[int]) -> None:
    with TemporaryDirectory() as name:
        found = sweep([cases()[at] for at in order], Path(name), Here())
    lines = dict(zip(order, found.lines, strict=True))
    assert csv_text([lines[at] for at in range(10)]) == expected()


def test_a_part_of_a_sweep_is_reused_by_the_whole(tmp_path: Path) -> None:
    first = sweep(cases()[:4], tmp_path, Here())
    whole = sweep(cases(), tmp_path, Here())
    assert (first.new, whole.reused, whole.new) == (2, 2, 6)  # 10 min is 600 s


def test_more_replicas_are_another_run(tmp_path: Path) -> None:
    sweep(cases()[:1], tmp_path, Here())
    more = [replace(case, scenario=replace(case.scenario, replicas=21)) for case in cases()[:1]]
    assert sweep(more, tmp_path, Here()).new == 1


def test_pieces_do_not_show(tmp_path: Path) -> None:
    """A run of several pieces, the last of them short, is the same row wherever it is made."""
    large = replace(cases()[0].scenario, replicas=PIECE["estimate"] + 7)
    found = sweep([Variant(overrides={}, scenario=large)], tmp_path, Here())
    assert found.lines[0][1] == evaluate(large)
