"""A sweep: every variant of a scenario, run once, kept in a journal, and taken up again where it was stopped."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from analysis.study.evaluate import Key, Row, bare, evaluate, key_of
from analysis.study.executor import Failure, Site, completed
from analysis.study.journal import Journal
from simulator.engine.run import choose, silent
from simulator.scenario.values import Scenario, rate_per_s

JOURNAL = "journal.sqlite"
_SLOWER = 500.0  # time of a replica in the event engine over that in the batch engine, measured on llama3-405b

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One point of a sweep.

    Parameters
    ----------
    overrides : mapping of str to value
        What was varied, by dotted path.
    scenario : Scenario
        Resolved, and bare of what no engine reads.
    """

    overrides: Mapping[str, Any]
    scenario: Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep came to.

    Parameters
    ----------
    lines : sequence of (overrides, Row)
        In the order of the sweep; variants that failed are missing.
    failures : sequence of (overrides, str)
        Variants that have no row, and why.
    reused, new : int
        Runs that the journal had, and runs that this call did; variants that are the same run count once.
    """

    lines: Sequence[tuple[Mapping[str, Any], Row]]
    failures: Sequence[tuple[Mapping[str, Any], str]]
    reused: int
    new: int


def variants_of(found: Iterable[tuple[Mapping[str, Any], Scenario]]) -> Sequence[Variant]:
    """Make variants of what `simulator.scenario.api.variants` resolved."""
    return [Variant(overrides=overrides, scenario=bare(scenario)) for overrides, scenario in found]


def sweep(
    variants: Sequence[Variant], folder: Path, place: Site, progress: Progress = silent
) -> Swept:  # fmt: skip
    """Run what the folder's journal does not have yet, and return every variant's row.

    Parameters
    ----------
    variants : sequence of Variant
        In the order of the sweep.
    folder : Path
        Has the journal; several sweeps may use one folder, even at once.
    place : Site
        Where to run; see `analysis.study.sites.site`.
    progress : callable, optional
        Called with the number of runs that are done since the last call, those of the journal first.

    Raises
    ------
    JournalError
        If the journal cannot be read or written; what it has is kept.
    """
    runs = {key_of(variant.scenario): variant.scenario for variant in variants}
    with closing(Journal(folder / JOURNAL)) as journal:
        waiting = sorted((key for key in runs if journal.get(key) is None), key=lambda key: -_stops(runs[key]))
        progress(len(runs) - len(waiting))
        failures = _finish(waiting, runs, journal, place, progress)
        rows = {key: journal.get(key) for key in runs}
    lines, failed = [], []
    for variant in variants:
        key = key_of(variant.scenario)
        row = rows[key]
        if row is not None:
            lines.append((variant.overrides, row))
        else:
            failed.append((variant.overrides, failures[key]))
    return Swept(lines=lines, failures=failed, reused=len(runs) - len(waiting), new=len(waiting) - len(failures))


def _stops(scenario: Scenario) -> float:
    """Return about how many stops a run computes: what takes long begins first, so that all workers end at once."""
    weight = _SLOWER if choose(scenario)[0] == "simulate" else 1.0
    stops = math.fsum(rate_per_s(scenario, stage) * stage.work_s for stage in scenario.stages)
    return weight * scenario.replicas * (1.0 + stops)


def _finish(
    waiting: Sequence[Key], runs: Mapping[Key, Scenario], journal: Journal, place: Site, progress: Progress
) -> dict[Key, str]:
    """Run what is waiting, put it in the journal as it comes, and return why some have no row."""

    def still(chunk: Sequence[int]) -> Sequence[int]:
        left = [number for number in chunk if journal.get(waiting[number]) is None]
        progress(len(chunk) - len(left))
        return left

    failures: dict[Key, str] = {}
    for settled in completed(evaluate, [runs[key] for key in waiting], place, still=still):
        journal.put(row for _, row in settled if isinstance(row, Row))
        failures |= {waiting[number]: row.message for number, row in settled if isinstance(row, Failure)}
        progress(len(settled))
    return failures


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a sweep would take: runs in all, runs that the journal has, and seconds for the rest on one core."""

    runs: int
    finished: int
    core_s: float


def left(variants: Sequence[Variant], folder: Path) -> Sequence[Scenario]:
    """Return the different runs of a sweep that its journal does not have; the folder may not be there yet."""
    runs = {key_of(variant.scenario): variant.scenario for variant in variants}
    if not (folder / JOURNAL).exists():
        return list(runs.values())
    with closing(Journal(folder / JOURNAL)) as journal:
        return [scenario for key, scenario in runs.items() if journal.get(key) is None]


def outlook(variants: Sequence[Variant], folder: Path) -> Outlook:
    """Count the runs of a sweep, and time a few of them with few replicas; nothing is written."""
    runs, waiting = len({key_of(variant.scenario) for variant in variants}), left(variants, folder)
    tried = [waiting[at] for at in sorted({0, len(waiting) // 2, len(waiting) - 1})] if waiting else []
    each_s = sum(map(_time_s, tried)) / max(len(tried), 1)
    return Outlook(runs=runs, finished=runs - len(waiting), core_s=each_s * len(waiting))


_FEW = {"simulate": 16}  # replicas that are timed
_MANY = 1024


def _time_s(scenario: Scenario) -> float:
    """Time a run, a large one by a part of it [s]."""
    few = min(scenario.replicas, _FEW.get(scenario.engine, _MANY))
    evaluate(replace(scenario, replicas=1))  # imports are not its time
    start_s = perf_counter()
    evaluate(replace(scenario, replicas=few))
    return (perf_counter() - start_s) * scenario.replicas / few
