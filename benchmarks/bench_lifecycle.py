"""The speed that the life cycle promises: a thousand lives of 20 stages, five teams and three years of service.

Run it on a quiet machine: ``python benchmarks/bench_lifecycle.py``. Exit code 1 if the promise is broken.
"""

import time
from dataclasses import replace

from analysis.metrics.lifecycle import life_forecast
from promises import finish
from simulator.engine.lifecycle_run import run_life
from simulator.scenario.api import life

PROMISED_S = 2.0


def main() -> int:
    """Measure both engines, print, and say whether the promise is kept by the default one."""
    made = life("life-in-20-stages")
    run_life(replace(made, replicas=10))  # imports and caches
    seconds = {}
    for engine in ("auto", "simulate"):
        began = time.perf_counter()
        found = life_forecast(made, run_life(replace(made, engine=engine)))
        seconds[engine] = time.perf_counter() - began
        print(f"{seconds[engine]:8.2f} s  {found.ensemble.engine}, {made.replicas:,} replicas, dollars included")
    kept = seconds["auto"] <= PROMISED_S
    print(f"{'kept' if kept else 'BROKEN'}: at most {PROMISED_S:g} s")
    return 0 if kept else 1


if __name__ == "__main__":
    finish(main)
