"""How fast ``flopcast cluster`` is, each number beside a plain loop that computes the same starts on the same machine.

Run it from the root: ``python benchmarks/bench_queue.py [--repeat 3] [--large]``. Every time is the processor time of a
whole process: interpreter, parsing, simulation, report, one row a job on disk. The least of the repeats counts, because
other work on the machine only ever adds. Modules are compiled once, as they are when a package is installed. Traces are
found as the tests find them (``FLOPCAST_TRACES``).
"""

import argparse
import csv
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
from bisect import insort
from heapq import heappop, heappush
from pathlib import Path

from promises import finish

ROOT = Path(__file__).parents[1]
TRACES = Path(os.environ.get("FLOPCAST_TRACES", ROOT.parent / "shared" / "data"))
CASES = [  # trace, policy, units, jobs/s promised on a quiet core, most times the plain loop
    ("oracle/kth.swf.gz", "fcfs", 100, 40_000, None),
    ("oracle/kth.swf.gz", "easy", 100, 30_000, 5.0),
    ("oracle/lublin.swf.gz", "easy", 256, 9_000, None),
    ("oracle/kthj.swf.gz", "conservative", 100, 6_000, None),
]
LOGS = [  # whole logs in one command each
    ("terms_only/swf/LANL-CM5-1994-4.1-cln.swf.gz", ["--size", "1024"]),
    ("open/philly/philly.csv.gz", ["--size", "2490"]),
    ("terms_only/alibaba/openb_pod_list_default.csv.gz",
     ["--nodes", str(TRACES / "terms_only/alibaba/openb_node_list_all_node.csv")]),
]  # fmt: skip
COMMAND = [sys.executable, "-c", "from analysis.cli.main import main; main()", "cluster"]  # as `flopcast` does


Row = tuple[int, ...]


def read(path: Path) -> list[Row]:
    """Return (submit, id, size, run, estimate) of each job."""
    jobs = []
    with gzip.open(path, "rt") as lines:
        for line in lines:
            if line[0] != ";":
                f = line.split()
                jobs.append((int(f[1]), int(f[0]), int(f[4]), int(f[3]), int(f[8])))
    return jobs


class Plain:
    """One loop over a heap, and nothing else."""

    def __init__(self, jobs: list[Row], capacity: int) -> None:
        self.jobs, self.free, self.now = jobs, capacity, 0
        self.queue: list[Row] = []
        self.ends: list[tuple[int, int, int]] = []  # real end, size, believed end
        self.due: list[tuple[int, int]] = []  # believed end, size
        self.rows: list[Row] = []

    def run(self, *, backfill: bool) -> list[Row]:
        """Return (id, submit, start, end) of each job."""
        at, jobs, ends = 0, self.jobs, self.ends
        while at < len(jobs) or ends:
            self.now = min(jobs[at][0] if at < len(jobs) else ends[0][0], ends[0][0] if ends else jobs[at][0])
            while ends and ends[0][0] == self.now:
                _, size, believed = heappop(ends)
                self.free += size
                self.due.remove((believed, size))
            while at < len(jobs) and jobs[at][0] == self.now:
                self.queue.append(jobs[at])
                at += 1
            while self.queue and self.queue[0][2] <= self.free:
                self.start(self.queue.pop(0))
            if backfill and len(self.queue) > 1 and self.free:
                self.backfill()
        return self.rows

    def start(self, job: Row) -> None:
        """Hold the units until the job's end."""
        submit, number, size, run, estimate = job
        self.free -= size
        heappush(self.ends, (self.now + run, size, self.now + estimate))
        insort(self.due, (self.now + estimate, size))
        self.rows.append((number, submit, self.now, self.now + run))

    def backfill(self) -> None:
        """Start whoever does not delay the head."""
        head, later, shadow = self.queue[0], self.free, float("inf")
        for believed, size in self.due:
            if believed > shadow:
                break
            later += size
            if later >= head[2]:
                shadow = believed
        extra, left = later - head[2], [head]
        for job in self.queue[1:]:
            in_time = self.now + job[4] <= shadow
            if job[2] <= self.free and (in_time or job[2] <= extra):
                extra -= 0 if in_time else job[2]
                self.start(job)
            else:
                left.append(job)
        self.queue = left


def plain_process(trace: str, policy: str, capacity: str, out: str) -> None:
    """Do in a process of its own what the command does."""
    rows = Plain(read(Path(trace)), int(capacity)).run(backfill=policy == "easy")
    with Path(out).open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("job_id", "submit_s", "start_s", "end_s"))
        table.writerows(rows)


def environment() -> dict[str, str]:
    """Return what a process of an installed command finds: compiled modules are kept, whatever the caller wants."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "bench_queue")}


def best_s(command: list[str], repeat: int) -> float:
    """Return the least processor time of a process [s]; one run before them compiles the modules."""
    times_s = []
    for _ in range(repeat + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, env=environment())
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times_s.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times_s)


def starts(path: Path) -> dict[str, str]:
    """Return the start of each job in a table."""
    with path.open() as file:
        return {row["job_id"]: row["start_s"] for row in csv.DictReader(file)}


def measure(trace: Path, policy: str, units: int, repeat: int, folder: Path) -> dict[str, float]:
    """Time the command and, where there is one, the plain loop, and hold their starts against each other."""
    ours, theirs = folder / "ours.csv", folder / "plain.csv"
    arguments = [str(trace), "--policy", policy, "--size", str(units), "--jobs-out", str(ours)]
    ours_s = best_s([*COMMAND, *arguments], repeat)
    jobs = len(starts(ours))
    found = {"jobs": jobs, "seconds": ours_s, "jobs_per_s": jobs / ours_s}
    if policy in ("fcfs", "easy"):
        plain_command = [sys.executable, __file__, "--plain", str(trace), policy, str(units), str(theirs)]
        plain_s = best_s(plain_command, repeat)
        if starts(ours) != starts(theirs):
            raise SystemExit(f"{trace.name} {policy}: the plain loop computes other starts")
        found |= {"plain_seconds": plain_s, "ratio": ours_s / plain_s}
    return found


def repeated(times: int, path: Path) -> None:
    """Write KTH many times over, one after the other."""
    with gzip.open(TRACES / "oracle/kth.swf.gz", "rt") as file:
        lines = [line.split() for line in file if line[0] != ";"]
    period = int(lines[-1][1]) + 1
    with gzip.open(path, "wt", compresslevel=1) as file:
        file.write("; Version: 2.2\n; MaxProcs: 100\n")
        for turn in range(times):
            for number, fields in enumerate(lines, turn * len(lines) + 1):
                file.write(" ".join([str(number), str(int(fields[1]) + turn * period), *fields[2:]]) + "\n")


def main() -> int:
    """Print the ratios as a table, and as JSON on the last line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--large", action="store_true", help="also ten times KTH: memory and growth")
    options.add_argument("--logs", action="store_true", help="also whole logs: rows dropped, time and memory")
    options.add_argument("--plain", nargs=4, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.plain:
        plain_process(*chosen.plain)
        return 0
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for trace, policy, units, promised, most in CASES:
            found = measure(TRACES / trace, policy, units, chosen.repeat, folder)
            results[f"{Path(trace).name.split('.')[0]} {policy}"] = found
            ratio = f"{found['ratio']:.2f} times the plain loop" if "ratio" in found else ""
            limit = f" (at most {most})" if most else ""
            print(f"{trace:24} {policy:13} {found['jobs_per_s']:9,.0f} jobs/s (promised {promised:,})  {ratio}{limit}")
        if chosen.large:
            results |= large(folder, chosen.repeat, results)
        if chosen.logs:
            results |= {Path(trace).name: whole(TRACES / trace, arguments, folder) for trace, arguments in LOGS}
    print(json.dumps(results))
    return 0


def whole(trace: Path, arguments: list[str], folder: Path) -> dict[str, float]:
    """Run a whole log in one command, and say what it read, how long it took and how much memory."""
    out = folder / "whole.csv"
    command = [*COMMAND, str(trace), *arguments, "--policy", "easy", "--jobs-out", str(out)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=environment(), text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{trace.name}: exit code {process.returncode}")
    seconds, jobs = used.ru_utime + used.ru_stime, len(starts(out))
    print(f"{trace.name}: {said.splitlines()[0]}; {seconds:.1f} s, peak {used.ru_maxrss / 1024:.0f} MB")
    return {"jobs": jobs, "seconds": seconds, "peak_mb": used.ru_maxrss / 1024}


def large(folder: Path, repeat: int, small: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Measure ten times KTH: growth of the cost of a job, and memory."""
    path = folder / "kth10.swf.gz"
    repeated(10, path)
    results = {}
    for policy in ("fcfs", "easy"):
        found = measure(path, policy, 100, repeat, folder)
        growth = found["seconds"] / found["jobs"] / (small[f"kth {policy}"]["seconds"] / small[f"kth {policy}"]["jobs"])
        found["growth"] = growth
        found["peak_mb"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        results[f"kth10 {policy}"] = found
        print(
            f"ten times KTH            {policy:13} {found['jobs_per_s']:9,.0f} jobs/s, {growth:.2f} times the cost "
            f"of a job (at most 1.2), peak {found['peak_mb']:.0f} MB (at most 300)"
        )
    return results


if __name__ == "__main__":
    finish(main)
