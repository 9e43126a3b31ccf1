"""One door to both engines: the fast one where it applies, and the reason said.

Replicas are run in pieces of fixed size and joined in order, so that the answer is the same to the last bit however
many workers share the pieces.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np

from simulator.engine.estimate import BATCH, estimate
from simulator.engine.kept import FEW, MOST, Kept, kept
from simulator.engine.queued import start_delays_s
from simulator.engine.simulate import RunHeader, simulate
from simulator.engine.tally import close, join
from simulator.foundation.mapper import Mapper
from simulator.records import NO_CAUSE, Ensemble, LedgerSink, Line
from simulator.scenario.values import Scenario, needs_events

Engine = Literal["estimate", "simulate"]

PIECE = {"estimate": BATCH, "simulate": 1}  # replicas

WHY_ESTIMATE = "causes are exponential and one job has the machines: the batch engine equals the event engine here"
WHY_ASKED = "the scenario asks for it"


def choose(scenario: Scenario) -> tuple[Engine, str]:
    """Return the engine that runs a scenario, and why."""
    if scenario.engine == "simulate":
        return "simulate", WHY_ASKED
    if (why := needs_events(scenario)) is not None:
        return "simulate", why
    return "estimate", WHY_ASKED if scenario.engine == "estimate" else WHY_ESTIMATE


def why_slow(scenario: Scenario) -> str | None:
    """Say why some replicas of a scenario take seconds; None where they do not."""
    if scenario.shared is not None:
        return "the busy cluster's queue would be lived through again"
    engine, why = choose(scenario)
    return f"every run would be lived through event by event ({why})" if engine == "simulate" else None


def silent(done: int) -> None:
    """Show no progress."""


def run(
    scenario: Scenario, replicas: range, *, mapper: Mapper = map, progress: Callable[[int], None] = silent,
    lived: dict[int, Kept] | None = None,
) -> Ensemble:  # fmt: skip
    """Run replicas of a scenario on the engine that it asks for.

    Parameters
    ----------
    scenario : Scenario
        `engine` is ``auto``, ``estimate`` or ``simulate``.
    replicas : range
        Consecutive replica numbers.
    mapper : callable, optional
        Spreads the pieces, and the pasts of a busy cluster, over workers; `map` runs them here.
    progress : callable, optional
        Called with the number of replicas done since the last call.
    lived : dict of int to Kept, optional
        Takes the runs that the event engine lived, by replica, where they are few.
    """
    engine, reason = choose(scenario)
    size = PIECE[engine]
    starts = range(replicas.start, replicas.stop, size)
    pieces = [range(start, min(start + size, replicas.stop)) for start in starts]
    parts = []
    piece = _piece if lived is None or len(replicas) > FEW else _kept_piece
    for part, runs in mapper(partial(piece, scenario, engine), pieces):
        parts.append(part)
        if lived is not None:
            lived.update(runs)
        progress(part.wall_s.size)
    return replace(join(parts), reason=reason, start_delay_s=start_delays_s(scenario, replicas, mapper))


def _piece(scenario: Scenario, engine: Engine, replicas: range) -> tuple[Ensemble, Mapping[int, Kept]]:
    """Run some replicas in this process."""
    done = estimate(scenario, replicas) if engine == "estimate" else simulate_all(scenario, replicas)
    return done, {}


def _kept_piece(scenario: Scenario, engine: Engine, replicas: range) -> tuple[Ensemble, Mapping[int, Kept]]:
    """Run some replicas in this process, and keep those that the event engine lived."""
    if engine == "estimate":
        return _piece(scenario, engine, replicas)
    lived: dict[int, Kept] = {}
    return simulate_all(scenario, replicas, lived), lived


def simulate_all(scenario: Scenario, replicas: range, lived: dict[int, Kept] | None = None) -> Ensemble:
    """Simulate replicas one by one, and sum them up as the batch engine does; `lived` takes each as it was."""
    shape = (len(scenario.stages), len(replicas))
    stage_s, productive_s, interruptions = np.zeros(shape), np.zeros(shape), np.zeros(len(replicas))
    lines: dict[Line, float] = {}
    stops = dict.fromkeys((cause.name for cause in scenario.causes), 0.0)
    for column, replica in enumerate(replicas):
        header, books = _live(scenario, replica, lived)
        stage_s[:, column], interruptions[column] = header.stage_s, header.interruptions
        for line, accelerator_s in books.accelerator_s.items():
            if line[1] != "idle_spare":
                lines[line] = lines.get(line, 0.0) + accelerator_s / len(replicas)
        for row, stage in enumerate(scenario.stages):
            useful = books.accelerator_s.get((stage.name, "productive", NO_CAUSE), 0.0)
            productive_s[row, column] = useful / stage.accelerators if stage.accelerators else 0.0
        for name, count in header.stops.items():
            stops[name] += count / len(replicas)
    return close(scenario, stage_s, productive_s, interruptions, lines, stops, engine="simulate")


def _live(scenario: Scenario, replica: int, lived: dict[int, Kept] | None) -> tuple[RunHeader, LedgerSink]:
    books = LedgerSink() if lived is None else LedgerSink(MOST)
    header = simulate(scenario, replica, sink=books)
    if lived is not None and not books.forgets:
        lived[replica] = kept(header, books.records)
    return header, books
