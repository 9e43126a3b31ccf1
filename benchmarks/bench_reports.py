"""How long the report of each shipped scenario takes, and how large it is.

Run it on a quiet machine: ``python benchmarks/bench_reports.py``. Each report is made by a process of its own, as a
user would, from modules that are compiled already, as pip leaves them; its processor time leaves out workers, which are
forks of a server. What takes more than 5 s by the clock or 2 MB is marked; exit code 1 if anything is.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from promises import finish
from simulator.scenario.api import shipped

MOST_S, MOST_BYTES = 5.0, 2_000_000
CLI = (sys.executable, "-c", "from analysis.cli.main import main; main()")
CLUSTERS = ("clusters/vela-busy-day",)


def main() -> int:
    """Measure every report, print a table, and say whether all are quick and small."""
    print(f"{os.cpu_count()} processors; a million additions take {additions_s() * 1e3:.0f} ms here")
    print(f"{'scenario':26} {'clock, s':>9} {'processor, s':>13} {'MB':>6}")
    commands = [(name, ["report", name, "-o"]) for name in sorted({*shipped(), "choices/train"})]
    commands += [(name, ["cluster", name, "--json", "--report"]) for name in CLUSTERS]
    with tempfile.TemporaryDirectory() as compiled:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = compiled
        for _, command in (commands[0], commands[-1]):
            measured(command, environment)
        kept = [told(name, *measured(command, environment)) for name, command in commands]
    print(f"{kept.count(False)} of {len(kept)} over {MOST_S:g} s or {MOST_BYTES / 1e6:g} MB")
    return 0 if all(kept) else 1


def measured(command: list[str], environment: dict[str, str]) -> tuple[float, float, int]:
    """Make one report, and return the time by the clock, that of processors [s], and its size [bytes]."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        words = [*CLI, *command, str(page)]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        wall_s, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise RuntimeError(f"{json.dumps(command)}: {done.stderr}")
        busy_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return wall_s, busy_s, page.stat().st_size


def told(name: str, wall_s: float, busy_s: float, size: int) -> bool:
    """Print a row, and return whether the report is quick and small."""
    kept = wall_s <= MOST_S and size <= MOST_BYTES
    print(f"{name:26} {wall_s:9.2f} {busy_s:13.2f} {size / 1e6:6.2f}{'' if kept else '  OVER'}", flush=True)
    return kept


def additions_s() -> float:
    """Return how long a million additions take, to compare machines and their load by [s]."""
    begun, total = time.process_time(), 0
    for each in range(1_000_000):
        total += each
    return time.process_time() - begun


if __name__ == "__main__":
    finish(main)
