"""What the batch engine counts while it runs, and the ledger that the counts add up to.

Counting stops and cut-off times is enough: every part of a recovery has a known length, so that its total is stops
times length, less what the next fault cut off.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from simulator.records import NO_CAUSE, NOT_STATED, Ensemble, Line
from simulator.reliability.attempt import saving_s
from simulator.reliability.recovery import PARTS, RESTORE, SPARE_WAIT, way_back_s, way_in_s
from simulator.scenario.values import Scenario, Stage

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]


@dataclass(slots=True)
class StageTally:
    """Sums over replicas for one stage; rows are the causes, the last one for the entry that no cause made."""

    lengths_s: FloatArray  # of shape (causes + 1, parts)
    parts: Sequence[int] = field(init=False)  # those that can take time
    stops: FloatArray = field(init=False)
    lost_s: FloatArray = field(init=False)
    cut_s: FloatArray = field(init=False)
    productive_s: float = 0.0
    saving_s: float = 0.0
    other_s: float = 0.0

    def __post_init__(self) -> None:
        causes = len(self.lengths_s)
        self.parts = sorted({SPARE_WAIT, RESTORE, *np.flatnonzero(self.lengths_s.any(axis=0)).tolist()})
        self.stops, self.lost_s = np.zeros(causes), np.zeros(causes)
        self.cut_s = np.zeros_like(self.lengths_s)

    def cut_short(
        self, cause: IndexArray, unspent_s: FloatArray, waited_s: FloatArray | float = 0.0,
        extra_s: FloatArray | float = 0.0,
    ) -> None:  # fmt: skip
        """Take back what a fault cut off the way back from an earlier stop, from the last part on.

        Parameters
        ----------
        cause : array of shape (struck,)
            Of that stop.
        unspent_s : array of shape (struck,)
            How long until the job would have worked again [s].
        waited_s, extra_s : array of shape (struck,) or float
            How long a spare was waited for, and how much longer than usual the save was to be read [s].
        """
        rest_s, causes = unspent_s.copy(), len(self.stops)
        for part in reversed(self.parts):
            length_s = waited_s if part == SPARE_WAIT else self.lengths_s[:, part].take(cause)
            length_s = length_s + extra_s if part == RESTORE else length_s
            cut_s = np.minimum(rest_s, length_s)
            self.cut_s[:, part] += np.bincount(cause, weights=cut_s, minlength=causes)
            rest_s -= cut_s
            if not rest_s.any():
                break

    def stretched(self, part: int, cause: IndexArray, more_s: FloatArray) -> None:
        """Count by how much a part of some ways back took longer than usual, such as waits for a spare."""
        self.cut_s[:, part] -= np.bincount(cause, weights=more_s, minlength=len(self.stops))

    def lines(self, stage: Stage, causes: Sequence[str], wastes: Sequence[str]) -> dict[Line, float]:
        """Return the stage's seconds by ledger line."""
        parts_s = self.stops[:, None] * self.lengths_s - self.cut_s
        found = {
            (stage.name, "productive", NO_CAUSE): self.productive_s,
            (stage.name, "checkpoint_save", NO_CAUSE): self.saving_s,
            (stage.name, "other", NOT_STATED): self.other_s,
        }
        for row, (cause, waste) in enumerate(zip(causes, wastes, strict=True)):
            for part, phase in enumerate(PARTS):
                line = (stage.name, phase, cause)
                found[line] = found.get(line, 0.0) + parts_s[row, part]
            found[(stage.name, waste, cause)] = self.lost_s[row]
        return {line: float(seconds) for line, seconds in found.items()}


class Tally:
    """The counts of replicas that advance together."""

    def __init__(self, scenario: Scenario, replicas: int) -> None:
        self.scenario, self.replicas = scenario, replicas
        self.names = [*(cause.name for cause in scenario.causes), NO_CAUSE]
        self.wastes = [*(cause.waste for cause in scenario.causes), "wasted_progress"]
        self.stages = [
            StageTally(
                np.array(
                    [
                        *(way_back_s(cause, scenario.recovery, stage.cycle.last_s) for cause in scenario.causes),
                        way_in_s(scenario.recovery, first=number == 0 and not stage.gross, reenters=stage.reenters),
                    ]
                )
            )
            for number, stage in enumerate(scenario.stages)
        ]
        self.stage_s, self.productive_s = np.zeros((2, len(scenario.stages), replicas))
        self.interruptions, self.hazard = np.zeros((2, replicas))

    def entered(self, number: int, replicas: int) -> None:
        """Count replicas that begin a stage."""
        self.stages[number].stops[-1] += replicas

    def left(self, number: int, columns: IndexArray, length_s: FloatArray, work_s: FloatArray) -> None:
        """Count replicas that end a stage: how long they were in it, and how much useful work it held."""
        stage, tally = self.scenario.stages[number], self.stages[number]
        productive_s = np.full_like(work_s, stage.productive_s) if stage.gross else work_s
        self.stage_s[number, columns] = length_s
        self.productive_s[number, columns] = productive_s
        tally.productive_s += float(productive_s.sum())
        tally.other_s += float((work_s - productive_s).sum())
        tally.saving_s += float(np.sum(saving_s(work_s, stage.cycle, final_save=stage.final_save)))

    def ensemble(self) -> Ensemble:
        """Close the books: means a replica by line, and totals by replica."""
        lines: dict[Line, float] = {}
        stops = dict.fromkeys(self.names[:-1], 0.0)
        for stage, tally in zip(self.scenario.stages, self.stages, strict=True):
            for line, seconds in tally.lines(stage, self.names, self.wastes).items():
                lines[line] = lines.get(line, 0.0) + seconds * stage.accelerators / self.replicas
            for name, hits in zip(self.names[:-1], tally.stops[:-1], strict=True):
                stops[name] += float(hits) / self.replicas
        return close(
            self.scenario, self.stage_s, self.productive_s, self.interruptions, lines, stops,
            engine="estimate", hazard=self.hazard,
        )  # fmt: skip


def close(
    scenario: Scenario, stage_s: FloatArray, productive_s: FloatArray, interruptions: FloatArray,
    lines: Mapping[Line, float], stops: Mapping[str, float], *, engine: str, hazard: FloatArray | None = None,
) -> Ensemble:  # fmt: skip
    """Close the books of either engine: totals by replica from times by stage, and a line for the spares.

    Parameters
    ----------
    stage_s, productive_s : array of shape (stages, replicas)
        How long each stage took, and how much of it was productive [s].
    interruptions : array of shape (replicas,)
        Stops of the job.
    lines : mapping of (stage, phase, cause) to float
        Mean accelerator-seconds a replica of the job's own machines.
    stops : mapping of str to float
        Mean stops a replica by cause.
    engine : str
        Its name.
    hazard : array of shape (replicas,), optional
        How much of it passed.
    """
    machines = np.array([[float(stage.accelerators)] for stage in scenario.stages])
    spares = (scenario.recovery.spares or 0) * scenario.accelerators_per_node
    idle_s = {
        (stage.name, "idle_spare", NO_CAUSE): float(spent_s.mean()) * spares
        for stage, spent_s in zip(scenario.stages, stage_s, strict=True)
    }
    wall_s = stage_s.sum(axis=0)
    return Ensemble(
        stage_s=stage_s,
        wall_s=wall_s,
        accelerator_s=(machines * stage_s).sum(axis=0),
        idle_accelerator_s=wall_s * spares,
        productive_accelerator_s=(machines * productive_s).sum(axis=0),
        interruptions=interruptions,
        accelerator_s_by_line={line: value for line, value in {**lines, **idle_s}.items() if value != 0.0},
        stops_by_cause=stops,
        engine=engine,
        hazard=hazard,
    )


def join(parts: Sequence[Ensemble]) -> Ensemble:
    """Put consecutive pieces of one ensemble together."""
    sizes = np.array([part.wall_s.size for part in parts], dtype=float)
    lines = dict.fromkeys(line for part in parts for line in part.accelerator_s_by_line)
    shares = (sizes / sizes.sum()).tolist()
    pairs = list(zip(shares, parts, strict=True))
    hazards = [part.hazard for part in parts if part.hazard is not None]
    return replace(
        parts[0],
        stage_s=np.concatenate([part.stage_s for part in parts], axis=1),
        wall_s=np.concatenate([part.wall_s for part in parts]),
        accelerator_s=np.concatenate([part.accelerator_s for part in parts]),
        idle_accelerator_s=np.concatenate([part.idle_accelerator_s for part in parts]),
        productive_accelerator_s=np.concatenate([part.productive_accelerator_s for part in parts]),
        interruptions=np.concatenate([part.interruptions for part in parts]),
        accelerator_s_by_line={
            line: math.fsum(share * part.accelerator_s_by_line.get(line, 0.0) for share, part in pairs)
            for line in lines
        },
        stops_by_cause={
            cause: math.fsum(share * part.stops_by_cause[cause] for share, part in pairs)
            for cause in parts[0].stops_by_cause
        },
        hazard=None if not hazards else np.concatenate(hazards),
    )
