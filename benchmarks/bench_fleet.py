"""What runs told node by node promise, each as a ratio or a size measured in one run.

Run it on a quiet machine: ``python benchmarks/bench_fleet.py``. Exit code 1 if a promise is broken.

The event engine spends one SimPy event on an attempt and computes what lies between. A simulation that is written the
plain way has a timeout for each change of state: a failure, the end of each part of the way back, the begin and the end
of each save, the end of each repair. So many bare timeouts are the measure; the ratio to as many as there are stops is
printed too.
"""

import time
import tracemalloc
from collections.abc import Callable, Generator, Sequence
from typing import Any

import simpy

from promises import finish, promise
from simulator.engine.fleet import Nodes
from simulator.engine.simulate import simulate
from simulator.records import LedgerSink, ListSink
from simulator.scenario.api import scenario
from simulator.scenario.values import Scenario

WEIBULL = ["failures.causes.hardware.law=weibull", "failures.causes.hardware.shape=0.8"]
DAYS = ["phases=[{name='train', hours='90 d', hours_kind='net'}]", "data.tokens="]
LARGE = 131_072
QUICK = ["failures.rate_multiplier=0.1", "checkpoint.interval=5 min", "recovery.initialization=1 min"]  # else no end


def main() -> int:
    """Measure, print, and say whether every promise is kept."""
    run = weibulls(nodes=1024)
    airesim = scenario("airesim-default")
    simulate(run, 0, sink=LedgerSink())  # imports and caches
    large = weibulls(nodes=LARGE, more=QUICK)
    kept = [
        promise("s of processor for one run of airesim-default", best(lambda: lived(airesim), 5), "", 0.8),
        promise("90 days of 1,024 nodes against a bare timeout for each change of state", *against_timeouts(run), 3.0),
        promise("bytes of memory a node, one Weibull cause on 131,072 nodes", *memory(large), 1024.0),
        promise("bytes of memory a node, eighteen Weibull causes on 8,192 nodes", *memory(eighteen(8192)), 1024.0),
        promise("s of processor for 90 days of 131,072 nodes", *whole(large), 60.0),
    ]
    return 0 if all(kept) else 1


def weibulls(nodes: int, more: Sequence[str] = ()) -> Scenario:
    """Return 90 days on nodes of RSC-1's rate whose hazard falls with age, saved each hour."""
    machines = [f"cluster.accelerators={8 * nodes}", f"cluster.spares={nodes // 64}", "failures.catalogue=rsc-1"]
    return scenario("llama-65b", [*machines, *WEIBULL, *DAYS, *more])


def eighteen(nodes: int) -> Scenario:
    """Return the same with the causes of Llama 3, all of them Weibull."""
    machines = [f"cluster.accelerators={8 * nodes}", f"cluster.spares={nodes // 64}", "failures.catalogue=llama-3"]
    names = [cause.name for cause in scenario("llama-65b", machines).causes]
    laws = [f"failures.causes.{name}.{key}" for name in names for key in ("law=weibull", "shape=0.8")]
    return scenario("llama-65b", [*machines, *laws, *DAYS])


def lived(run: Scenario) -> int:
    """Simulate one replica, and return its stops."""
    return simulate(run, 0, sink=LedgerSink()).interruptions


def best(call: Callable[[], object], times: int) -> float:
    """Return the least processor time of some calls [s]."""
    least = float("inf")
    for _ in range(times):
        began = time.process_time()
        call()
        least = min(least, time.process_time() - began)
    return least


def against_timeouts(run: Scenario) -> tuple[float, str]:
    """Return our time over that of the bare timeouts, taken in turns."""
    sink = ListSink()
    stops = simulate(run, 0, sink=sink).interruptions
    saved_s = sum(record.duration_s for record in sink.records if record.phase == "checkpoint_save")
    saves = saved_s / run.stages[0].cycle.overhead_s
    changes = int(stops + len(sink.records) + 2 * saves + stops)
    ours = theirs = each = float("inf")
    for _ in range(15):
        ours = min(ours, best(lambda: lived(run), 1))
        theirs = min(theirs, best(lambda: timeouts(changes), 1))
        each = min(each, best(lambda: timeouts(stops), 1))
    detail = f"[{changes:,} changes of state, {ours * 1e3:.1f} ms against {theirs * 1e3:.1f} ms; "
    return ours / theirs, detail + f"{ours / each:.0f} times as many timeouts as stops, {stops}]"


def timeouts(count: int) -> None:
    """Let SimPy process bare timeouts."""
    env = simpy.Environment()

    def wait() -> Generator[simpy.Event, Any, None]:
        for _ in range(count):
            yield env.timeout(1.0)

    env.process(wait())
    env.run()


def memory(run: Scenario) -> tuple[float, str]:
    """Return the memory of a fleet at its peak over its nodes [byte]."""
    assert run.fleet is not None
    tracemalloc.start()
    nodes = Nodes(run, run.fleet, 0)
    nodes.enter(run.stages[0].nodes)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / nodes.total, f"[{peak / 2**20:.0f} MiB for {nodes.total:,} nodes]"


def whole(run: Scenario) -> tuple[float, str]:
    """Return the time of one run [s]."""
    began = time.process_time()
    stops = lived(run)
    return time.process_time() - began, f"[{stops:,} stops]"


if __name__ == "__main__":
    finish(main)
