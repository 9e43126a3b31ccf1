"""One door to both engines: the fast one where it applies, and the reason said.

Replicas are run in pieces of fixed size and joined in order, so that the answer is the same to the last bit however
many workers share the pieces.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Literal, TypeAlias

import numpy as np

from simulator.engine.estimate import BATCH, estimate
from simulator.engine.kept import FEW, MOST, Kept, kept
from simulator.engine.queued import start_delays_s
from simulator.engine.simulate import RunHeader, simulate
from simulator.engine.tally import close, join
from simulator.foundation.mapper import Mapper
from simulator.records import HELD, NO_CAUSE, Ensemble, LedgerSink, Line
from simulator.scenario.values import Scenario, needs_events

Engine = Literal["estimate", "simulate"]
Piece: TypeAlias = tuple[Ensemble, Mapping[int, Kept]]
"""Some replicas, and those of them that were kept as they were lived."""

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
    scenario: Scenario, replicas: range, *, mapper: Mapper = map, progress: Callable[[int], None] = silent
) -> Ensemble:
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
    """
    return _run(scenario, replicas, _piece, mapper, progress)[0]


def run_and_keep(
    scenario: Scenario, replicas: range, *, mapper: Mapper = map, progress: Callable[[int], None] = silent
) -> tuple[Ensemble, Mapping[int, Kept]]:
    """Do as `run` does, and return beside it the runs that the event engine lived, by replica, where they are few."""
    return _run(scenario, replicas, _kept_piece if len(replicas) <= FEW else _piece, mapper, progress)


def _run(
    scenario: Scenario, replicas: range, piece: Callable[[Scenario, Engine, range], Piece], mapper: Mapper,
    progress: Callable[[int], None],
) -> Piece:  # fmt: skip
    engine, reason = choose(scenario)
    size = PIECE[engine]
    starts = range(replicas.start, replicas.stop, size)
    pieces = [range(start, min(start + size, replicas.stop)) for start in starts]
    parts: list[Ensemble] = []
    lived: dict[int, Kept] = {}
    for part, runs in mapper(partial(piece, scenario, engine), pieces):
        parts.append(part)
        lived |= runs
        progress(part.wall_s.size)
    return replace(join(parts), reason=reason, start_delay_s=start_delays_s(scenario, replicas, mapper)), lived


def _piece(scenario: Scenario, engine: Engine, replicas: range) -> Piece:
    """Run some replicas in this process."""
    done = estimate(scenario, replicas) if engine == "estimate" else simulate_all(scenario, replicas)
    return done, {}


def _kept_piece(scenario: Scenario, engine: Engine, replicas: range) -> Piece:
    """Run some replicas in this process, and keep those that the event engine lived."""
    if engine == "estimate":
        return _piece(scenario, engine, replicas)
    runs = [_lived(scenario, replica, MOST) for replica in replicas]
    whole = {header.replica: kept(header, books.records) for header, books in runs if not books.forgets}
    return _summed(scenario, len(replicas), runs), whole


def simulate_all(scenario: Scenario, replicas: range) -> Ensemble:
    """Simulate replicas one by one, and sum them up as the batch engine does."""
    return _summed(scenario, len(replicas), (_lived(scenario, replica) for replica in replicas))


def _lived(scenario: Scenario, replica: int, held: int = HELD) -> tuple[RunHeader, LedgerSink]:
    books = LedgerSink(held)
    return simulate(scenario, replica, sink=books), books


def _summed(scenario: Scenario, count: int, runs: Iterable[tuple[RunHeader, LedgerSink]]) -> Ensemble:
    """Sum up so many runs."""
    shape = (len(scenario.stages), count)
    stage_s, productive_s, interruptions = np.zeros(shape), np.zeros(shape), np.zeros(count)
    lines: dict[Line, float] = {}
    stops = dict.fromkeys((cause.name for cause in scenario.causes), 0.0)
    for column, (header, books) in enumerate(runs):
        stage_s[:, column], interruptions[column] = header.stage_s, header.interruptions
        for line, accelerator_s in books.accelerator_s.items():
            if line[1] != "idle_spare":
                lines[line] = lines.get(line, 0.0) + accelerator_s / count
        for row, stage in enumerate(scenario.stages):
            useful = books.accelerator_s.get((stage.name, "productive", NO_CAUSE), 0.0)
            productive_s[row, column] = useful / stage.accelerators if stage.accelerators else 0.0
        for name, number in header.stops.items():
            stops[name] += number / count
    return close(scenario, stage_s, productive_s, interruptions, lines, stops, engine="simulate")
