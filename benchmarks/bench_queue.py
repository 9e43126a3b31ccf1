"""How fast ``flopcast cluster`` is, each number beside a plain loop that computes the same starts on the same machine.

Run it from the root: ``python -m benchmarks.bench_queue [--repeat 3] [--large]``. Every time is that of a whole process:
interpreter, parsing, simulation, one row a job on disk. The least of the repeats counts, because other work on the
machine only ever adds. Traces are found as the tests find them (``FLOPCAST_TRACES``).
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
from time import perf_counter

ROOT = Path(__file__).parents[1]
TRACES = Path(os.environ.get("FLOPCAST_TRACES", ROOT.parent / "shared" / "data"))
CASES = [  # trace, policy, units, jobs/s promised on a quiet core, most times the plain loop
    ("oracle/kth.swf.gz", "fcfs", 100, 40_000, None),
    ("oracle/kth.swf.gz", "easy", 100, 30_000, 5.0),
    ("oracle/lublin.swf.gz", "easy", 256, 9_000, None),
    ("oracle/kthj.swf.gz", "conservative", 100, 6_000, None),
]
COMMAND = "import typer; from analysis.cli.cluster import cluster; typer.run(cluster)"


def read(path: Path) -> list[tuple[int, int, int, int, int]]:
    """Return (submit, id, size, run, estimate) of each job."""
    jobs = []
    with gzip.open(path, "rt") as lines:
        for line in lines:
            if line[0] != ";":
                f = line.split()
                jobs.append((int(f[1]), int(f[0]), int(f[4]), int(f[3]), int(f[8])))
    return jobs


def plain(jobs, capacity: int, *, backfill: bool) -> list[tuple[int, int, int, int]]:
    """Return (id, submit, start, end) by one loop over a heap, with EASY backfilling or without."""
    free, now, at, rows = capacity, 0, 0, []
    ends: list[tuple[int, int, int]] = []
    due: list[tuple[int, int]] = []
    queue: list[tuple[int, int, int, int, int]] = []

    def start(job) -> None:
        nonlocal free
        submit, number, size, run, estimate = job
        free -= size
        heappush(ends, (now + run, size, now + estimate))
        insort(due, (now + estimate, size))
        rows.append((number, submit, now, now + run))

    while at < len(jobs) or ends:
        now = min(jobs[at][0] if at < len(jobs) else float("inf"), ends[0][0] if ends else float("inf"))
        while ends and ends[0][0] == now:
            _, size, believed = heappop(ends)
            free += size
            due.remove((believed, size))
        while at < len(jobs) and jobs[at][0] == now:
            queue.append(jobs[at])
            at += 1
        while queue and queue[0][2] <= free:
            start(queue.pop(0))
        if backfill and len(queue) > 1 and free:
            later, shadow = free, float("inf")
            for believed, size in due:
                if believed > shadow:
                    break
                later += size
                if later >= queue[0][2]:
                    shadow = believed
            extra, left = later - queue[0][2], [queue[0]]
            for job in queue[1:]:
                if job[2] <= free and (now + job[4] <= shadow or job[2] <= extra):
                    if now + job[4] > shadow:
                        extra -= job[2]
                    start(job)
                else:
                    left.append(job)
            queue = left
    return rows


def plain_process(trace: str, policy: str, capacity: str, out: str) -> None:
    """Do in a process of its own what the command does."""
    rows = plain(read(Path(trace)), int(capacity), backfill=policy == "easy")
    with Path(out).open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("job_id", "submit_s", "start_s", "end_s"))
        table.writerows(rows)


def best_s(command: list[str], repeat: int) -> float:
    """Return the least time of a process [s]."""
    times_s = []
    for _ in range(repeat):
        begun_s = perf_counter()
        subprocess.run(
            command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        times_s.append(perf_counter() - begun_s)
    return min(times_s)


def starts(path: Path) -> dict[str, str]:
    """Return the start of each job in a table."""
    with path.open() as file:
        return {row["job_id"]: row["start_s"] for row in csv.DictReader(file)}


def measure(trace: Path, policy: str, units: int, repeat: int, folder: Path) -> dict[str, float]:
    """Time the command and, where there is one, the plain loop, and hold their starts against each other."""
    ours, theirs = folder / "ours.csv", folder / "plain.csv"
    arguments = [str(trace), "--policy", policy, "--size", str(units), "--jobs-out", str(ours)]
    ours_s = best_s([sys.executable, "-c", COMMAND, *arguments], repeat)
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
    lines = [line.split() for line in gzip.open(TRACES / "oracle/kth.swf.gz", "rt") if line[0] != ";"]
    period = int(lines[-1][1]) + 1
    with gzip.open(path, "wt", compresslevel=1) as file:
        file.write("; Version: 2.2\n; MaxProcs: 100\n")
        for turn in range(times):
            for number, fields in enumerate(lines, turn * len(lines) + 1):
                file.write(" ".join([str(number), str(int(fields[1]) + turn * period), *fields[2:]]) + "\n")


def main() -> None:
    """Print the ratios as a table, and as JSON on the last line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--large", action="store_true", help="also ten times KTH: memory and growth")
    options.add_argument("--plain", nargs=4, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.plain:
        plain_process(*chosen.plain)
        return
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
    print(json.dumps(results))


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
        print(f"ten times KTH            {policy:13} {found['jobs_per_s']:9,.0f} jobs/s, {growth:.2f} times the cost of a job "
              f"(promised at most 1.2), peak {found['peak_mb']:.0f} MB (promised 300)")  # fmt: skip
    return results


if __name__ == "__main__":
    main()
