"""What sweeps promise: nothing lost in a hundred kills, two cores used, little overhead, a large journal open at once.

The time of the same work varies by 25 % and more on a shared machine, for minutes at a time, so that one pair of
sweeps says little: they take turns, each in a process of its own that starts and ends its workers, and the fastest
sweep on one core is set against the fastest on two. The median and the range of the single pairs are printed beside it.

Run it on a quiet machine: ``python benchmarks/bench_sweeps.py``. Exit code 1 if a promise is broken.
"""

import os
import pickle
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from analysis.study.evaluate import FIGURES, Key, Row, evaluate
from analysis.study.journal import Journal
from analysis.study.sweep import JOURNAL, Variant, variants_of
from promises import finish, promise
from simulator.scenario.api import load, variants

ROOT = Path(__file__).resolve().parents[1]
SEEDS = 200
KILLS = 100
TURNS = 5  # of the efficiency: one sweep on one core and one on two, by turns


def main() -> int:
    """Measure, print, and say whether every promise is kept."""
    cases = made(SEEDS, replicas=2000)
    kept = [
        promise("rows lost, doubled or changed in 100 kills", *killed(), 0.0),
        promise("s for one core over s for two, less than 1.7 is too little", *efficiency(cases), 1.7, least=True),
        promise("ms of overhead a run", *overhead(made(SEEDS, replicas=20)), 5.0),
        promise("s to open a journal of 1M rows and find one", *opened(), 1.0),
    ]
    return 0 if all(kept) else 1


def made(count: int, replicas: int) -> list[Variant]:
    """Return variants of one scenario that differ in their seeds."""
    sets = [f"run.replicas={replicas}", f"sweep.run.seed={list(range(count))}"]
    return list(variants_of(variants(load("llama3-405b", sets=sets))))


_SWEEP = """
import pickle, sys
from contextlib import closing
from pathlib import Path
from time import perf_counter
from analysis.study.sites import site
from analysis.study.sweep import sweep
cases = pickle.loads(Path(sys.argv[1]).read_bytes())
print("ready", flush=True)
start_s = perf_counter()
with closing(site(sys.argv[3])) as place:
    sweep(cases, Path(sys.argv[2]), place)
print(perf_counter() - start_s)
"""


def killed() -> tuple[float, str]:
    """Kill a sweep a hundred times at random instants; return how many rows were lost, doubled or changed."""
    wrong, before, whim = 0, [], random.Random(7)
    with TemporaryDirectory() as name, TemporaryDirectory() as other:
        file = kept_in(Path(other), made(1000, replicas=500))
        for _ in range(KILLS):
            with started(file, Path(name), "local:1") as process:
                time.sleep(whim.uniform(0.0, 0.5))
                process.send_signal(signal.SIGKILL)
            now = rows(Path(name))
            wrong += sum(old not in now for old in before) + len(now) - len({row[:4] for row in now})
            before = now
        with Journal(Path(name) / JOURNAL) as journal:
            wrong += journal.check() != "ok"
        return wrong, f"({len(before)} runs were finished between the kills)"


def kept_in(folder: Path, cases: list[Variant]) -> Path:
    """Write variants to a file that a process of its own can sweep."""
    file = folder / "cases"
    file.write_bytes(pickle.dumps(cases))
    return file


def started(file: Path, folder: Path, executor: str) -> "subprocess.Popen[bytes]":
    """Return a process that has loaded the variants and is about to sweep them."""
    command = [sys.executable, "-c", _SWEEP, str(file), str(folder), executor]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def rows(folder: Path) -> list[tuple[object, ...]]:
    """Return all rows of a journal, with the number that each got when it was written."""
    if not (folder / JOURNAL).exists():
        return []
    with Journal(folder / JOURNAL) as journal:
        return journal._base.execute(
            "SELECT fingerprint, seed, replicas, version, rowid, usd_mean FROM runs"
        ).fetchall()


def timed(work: Callable[[], object]) -> float:
    """Return how long something takes [s]."""
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s


def swept_s(file: Path, executor: str) -> float:
    """Return how long a sweep takes, workers started and ended [s]."""
    with TemporaryDirectory() as name, started(file, Path(name), executor) as process:
        return float(process.communicate()[0])


def efficiency(cases: list[Variant]) -> tuple[float, str]:
    """Return one core's time over two cores', the best of each."""
    with TemporaryDirectory() as name:
        file = kept_in(Path(name), cases)
        pairs = [(swept_s(file, "local:1"), swept_s(file, "local:2")) for _ in range(TURNS)]
    ones_s, twos_s = zip(*pairs, strict=True)
    ratios = sorted(one_s / two_s for one_s, two_s in pairs)
    return min(ones_s) / min(twos_s), (
        f"({min(ones_s):.2f} s and {min(twos_s):.2f} s for {len(cases)} scenarios x 2,000 replicas, best of {TURNS} in "
        f"turns; the pairs alone from {ratios[0]:.2f} to {ratios[-1]:.2f}, median {median(ratios):.2f})"
    )


def overhead(cases: list[Variant]) -> tuple[float, str]:
    """Return what a run costs beside its own time [ms]; short runs, as a difference of long ones is all noise."""
    with TemporaryDirectory() as name:
        file = kept_in(Path(name), cases)
        pairs = [
            (timed(lambda: [evaluate(case.scenario) for case in cases]), swept_s(file, "local:1")) for _ in range(TURNS)
        ]
    own_s, whole_s = map(min, zip(*pairs, strict=True))
    return 1e3 * max(whole_s - own_s, 0.0) / len(cases), f"({1e3 * own_s / len(cases):.1f} ms are its own)"


def opened() -> tuple[float, str]:
    """Return how long a journal of a million rows takes to open [s]."""
    with TemporaryDirectory() as name:
        path = Path(name) / JOURNAL
        figures = dict.fromkeys(FIGURES, 1.0)
        with Journal(path) as journal:
            for start in range(0, 1_000_000, 50_000):
                journal.put(
                    Row(key=Key(f"{number:032x}", 1, 1, "1"), figures=figures, basis="$1", engine="estimate")
                    for number in range(start, start + 50_000)
                )
        size_mb = path.stat().st_size / 1e6

        def work() -> None:
            with Journal(path) as journal:
                assert journal.get(Key(f"{654_321:032x}", 1, 1, "1")) is not None

        return timed(work), f"({size_mb:.0f} MB)"


if __name__ == "__main__":
    finish(main)
