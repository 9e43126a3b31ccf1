"""One door to both engines: the fast one where it applies, and the reason said."""

from dataclasses import replace

import numpy as np

from simulator.engine.estimate import estimate
from simulator.engine.simulate import simulate
from simulator.engine.tally import close
from simulator.engine.progress import Progress, silent
from simulator.records import NO_CAUSE, Ensemble, LedgerSink, Line
from simulator.scenario.values import Scenario


def run(scenario: Scenario, replicas: range, progress: Progress = silent) -> Ensemble:
    """Run replicas of a scenario on the engine that it asks for.

    Parameters
    ----------
    scenario : Scenario
        `engine` is ``auto``, ``estimate`` or ``simulate``.
    replicas : range
        Consecutive replica numbers.
    progress : callable, optional
        Called with the number of replicas done since the last call.
    """
    if scenario.engine == "simulate":
        return replace(simulate_all(scenario, replicas, progress), reason="the scenario asks for it")
    reason = "the scenario asks for it" if scenario.engine == "estimate" else _WHY_ESTIMATE
    return replace(estimate(scenario, replicas, progress), reason=reason)


_WHY_ESTIMATE = "causes are exponential and one job has the machines: the batch engine equals the event engine here"


def simulate_all(scenario: Scenario, replicas: range, progress: Progress = silent) -> Ensemble:
    """Simulate replicas one by one, and sum them up as the batch engine does."""
    shape = (len(scenario.stages), len(replicas))
    stage_s, productive_s, interruptions = np.zeros(shape), np.zeros(shape), np.zeros(len(replicas))
    lines: dict[Line, float] = {}
    stops = dict.fromkeys((cause.name for cause in scenario.causes), 0.0)
    for column, replica in enumerate(replicas):
        books = LedgerSink()
        header = simulate(scenario, replica, sink=books)
        stage_s[:, column], interruptions[column] = header.stage_s, header.interruptions
        for line, accelerator_s in books.accelerator_s.items():
            if line[1] != "idle_spare":
                lines[line] = lines.get(line, 0.0) + accelerator_s / len(replicas)
        for row, stage in enumerate(scenario.stages):
            useful = books.accelerator_s.get((stage.name, "productive", NO_CAUSE), 0.0)
            productive_s[row, column] = useful / stage.accelerators
        for name, count in header.stops.items():
            stops[name] += count / len(replicas)
        progress(1)
    return close(scenario, stage_s, productive_s, interruptions, lines, stops, engine="simulate")
