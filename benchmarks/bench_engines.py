"""The speeds that the engines promise, each as a ratio measured in one run.

Run it on a quiet machine: ``python benchmarks/bench_engines.py``. Exit code 1 if a promise is broken.
"""

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from promises import finish, promise
from simulator.engine.estimate import estimate
from simulator.engine.simulate import simulate
from simulator.records import LedgerSink
from simulator.scenario.api import scenario
from simulator.scenario.values import Scenario

REPLICAS = 10_000


def main() -> int:
    """Measure, print, and say whether every promise is kept."""
    run = scenario("llama3-405b")
    estimate(run, range(100))  # imports and caches
    kept = [
        promise("10,000 replicas of llama3-405b against as many exponentials", *_against_exponentials(run), 5.0),
        promise("GiB at the peak of 100,000 replicas of llama3-405b", _peak_gib(run), "", 1.0),
        promise("simulate at 1M accelerators against 16k, equal job failure rate", *_against_nodes(run), 1.2),
    ]
    return 0 if all(kept) else 1


def _pairs(one: Callable[[], object], other: Callable[[], object], times: int) -> tuple[float, float]:
    """Return the best time of each, taken in turns so that a noisy machine hurts both [s]."""
    best = [float("inf"), float("inf")]
    for _ in range(times):
        for at, call in enumerate((one, other)):
            began = time.perf_counter()
            call()
            best[at] = min(best[at], time.perf_counter() - began)
    return best[0], best[1]


def _against_exponentials(run: Scenario) -> tuple[float, str]:
    failures = int(estimate(run, range(REPLICAS)).interruptions.sum())
    stream = np.random.default_rng(1)
    ours, theirs = _pairs(lambda: estimate(run, range(REPLICAS)), lambda: stream.exponential(1.0, failures), 15)
    return ours / theirs, f"[{failures:,} failures, {ours:.3f} s against {theirs:.3f} s]"


def _peak_gib(run: Scenario) -> float:
    tracemalloc.start()
    estimate(run, range(100_000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 2**30


def _against_nodes(run: Scenario) -> tuple[float, str]:
    def scaled(factor: int) -> Scenario:
        stages = [
            replace(stage, accelerators=stage.accelerators * factor, nodes=stage.nodes * factor) for stage in run.stages
        ]
        causes = [replace(cause, rate_per_node_s=cause.rate_per_node_s / factor) for cause in run.causes]
        return replace(run, stages=stages, causes=causes)

    small, large = scaled(1), scaled(64)
    simulate(small, 0, sink=LedgerSink())
    large_s, small_s = _pairs(
        lambda: simulate(large, 0, sink=LedgerSink()), lambda: simulate(small, 0, sink=LedgerSink()), 15
    )
    return large_s / small_s, f"[{large_s * 1e3:.1f} ms against {small_s * 1e3:.1f} ms]"


if __name__ == "__main__":
    finish(main)
