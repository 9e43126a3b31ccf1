"""The speeds that the search for plans promises.

Run it on a quiet machine: ``python benchmarks/bench_plans.py``. Exit code 1 if a promise is broken.
"""

import resource
import time

import numpy as np

from promises import finish, promise
from simulator.catalogue.reader import entry
from simulator.workload.architecture import architecture
from simulator.workload.choice import search, usual_limits
from simulator.workload.plan import Plan
from simulator.workload.prediction import predict
from simulator.workload.search import blocks
from simulator.workload.stacks import chip_of, fabric_of

MILLION = 1_000_000
BLOCK = 2**16


def main() -> int:
    """Measure, print, and say whether every promise is kept."""
    machine, arch = entry("accelerators", "h100"), architecture(entry("architectures", "gpt-3-175b").values)
    chip, fabric = chip_of(machine), fabric_of(machine)
    limits = usual_limits(fabric, accelerators=6144, seq=2048, global_batch=6144, zero=(0, 1, 2, 3))
    search(arch, chip, fabric, limits)  # imports and caches
    start = time.perf_counter()
    seen = search(arch, chip, fabric, limits).seen
    searched = seen / (time.perf_counter() - start)
    plans, done = Plan.join(list(blocks(arch, limits))), 0
    start = time.perf_counter()
    while done < MILLION:
        size = min(BLOCK, len(np.atleast_1d(plans.tp)))
        predict(arch, plans.take(np.arange(size)), chip, fabric, seq=2048, global_batch=6144)
        done += size
    seconds = time.perf_counter() - start
    gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    kept = [
        promise("plans a second and core, legal ones listed and ranked", searched, "", 20_000, least=True),
        promise("plans a second and core, evaluated", done / seconds, "", 20_000, least=True),
        promise("seconds for a search of 1M plans, at the rate of the first line", MILLION / searched, "", 60),
        promise("GiB of memory at the peak", gib, "", 2),
    ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    finish(main)
