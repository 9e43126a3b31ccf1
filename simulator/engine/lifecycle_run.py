"""One door to the life cycle: durations drawn once, the training run simulated, the calendar by either engine."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.engine.lifecycle import simulate_life
from simulator.engine.lifecycle_batch import schedule
from simulator.engine.run import run as run_training
from simulator.engine.run import silent
from simulator.engine.timeline import BLOCK
from simulator.foundation.streams import generator
from simulator.records import Ensemble
from simulator.scenario.life import MONTH_S, LifeCycle
from simulator.workload.stages import Estimate, Lasting, LifeStage, MachineTime, OfTheRun, Pool, Serving, Team, TheRun

FloatArray = NDArray[np.float64]

WHY_BATCH = "teams and pools are booked in a fixed order: the batch engine equals the event engine"
WHY_ASKED = "the scenario asks for it"


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeEnsemble:
    """What many replicas of one life cycle came to; stages in booking order.

    Parameters
    ----------
    start_s, finish_s : array of shape (stages, replicas)
        The calendar, from the first day on [s].
    machine_s : array of shape (stages, replicas)
        Time of the stage's machines, all together [machine-seconds]; zero for the training run, which keeps its own.
    shares : mapping of (owner, quantity) to array of shape (replicas,)
        Where in its distribution each uncertain quantity lies, 0 to 1; its owner is a stage's name, "team NAME" or
        "pool NAME".
    training : Ensemble or None
        The training run.
    replicas : range
        Which replicas these are.
    engine, reason : str
        ``estimate`` or ``simulate``, and why.
    """

    start_s: FloatArray
    finish_s: FloatArray
    machine_s: FloatArray
    shares: Mapping[tuple[str, str], FloatArray]
    training: Ensemble | None
    replicas: range
    engine: str
    reason: str


def run_life(life: LifeCycle, *, progress: Callable[[int], None] = silent) -> LifeEnsemble:
    """Run every replica of a life cycle."""
    replicas = range(life.replicas)
    training = None if life.run is None else run_training(life.run, replicas, progress=progress)
    by_name = {stage.name: stage for stage in life.stages}
    stages = [by_name[name] for name in life.plan.names]
    shares = {
        (owner, what): _share(life.seed, owner, what, of, replicas)
        for owner, uncertain in _owners(life, stages)
        for what, of in uncertain.items()
    }
    duration_s = np.array([_duration_s(stage, shares, training) for stage in stages])
    if life.engine == "simulate":
        lives = [simulate_life(life.plan, column) for column in duration_s.T.tolist()]
        start_s, finish_s = (np.array([lived[part] for lived in lives]).T for part in (0, 1))
    else:
        start_s, finish_s = schedule(life.plan, duration_s)
    return LifeEnsemble(
        start_s=start_s,
        finish_s=finish_s,
        machine_s=np.array([_machine_s(stage, of, shares) for stage, of in zip(stages, duration_s, strict=True)]),
        shares=shares,
        training=training,
        replicas=replicas,
        engine="simulate" if life.engine == "simulate" else "estimate",
        reason=WHY_BATCH if life.engine == "auto" else WHY_ASKED,
    )


def _owners(life: LifeCycle, stages: Sequence[LifeStage]) -> Iterator[tuple[str, Mapping[str, Estimate]]]:
    """Yield stages, teams and pools with what is uncertain about them."""
    for stage in stages:
        yield stage.name, _quantities(stage)
    for team in life.teams:
        yield f"team {team.name}", {"pay": team.usd_per_person_s}
    for pool in life.pools:
        yield f"pool {pool.name}", {"rate": pool.usd_per_machine_s}


def pay_of(team: Team, shares: Mapping[tuple[str, str], FloatArray]) -> FloatArray:
    """Return what a person of a team costs in each replica [USD/s]."""
    return np.asarray(team.usd_per_person_s.at(shares[f"team {team.name}", "pay"]))


def rate_of(pool: Pool, shares: Mapping[tuple[str, str], FloatArray]) -> FloatArray:
    """Return what a machine of a pool costs in each replica [USD/s]."""
    return np.asarray(pool.usd_per_machine_s.at(shares[f"pool {pool.name}", "rate"]))


def _quantities(stage: LifeStage) -> Mapping[str, Estimate]:
    """Return what is uncertain about a stage, by name."""
    match stage.work:
        case Lasting(duration=of) | MachineTime(machine_s=of) | OfTheRun(multiple=of):
            return {"length": of, "usd": stage.usd}
        case Serving() as work:
            own = work.machine_s_per_written.high > 0
            return {
                "usd": stage.usd,
                "read": work.read_per_month,
                "written": work.written_per_month,
                "read_cost": work.machine_s_per_read if own else work.usd_per_read,
                "written_cost": work.machine_s_per_written if own else work.usd_per_written,
            }
        case _:
            return {"usd": stage.usd}


def _share(seed: int, owner: str, quantity: str, of: Estimate, replicas: range) -> FloatArray:
    """Draw where in its distribution a quantity lies; by the owner's name, so that scenarios share their luck."""
    if of.low == of.high:
        return np.broadcast_to(0.5, len(replicas))  # takes no memory
    blocks = range(-(-replicas.stop // BLOCK))
    drawn = [generator(seed, "lifecycle", owner, quantity, block).random(BLOCK) for block in blocks]
    return np.concatenate(drawn)[replicas.start : replicas.stop]


def _duration_s(
    stage: LifeStage, shares: Mapping[tuple[str, str], FloatArray], training: Ensemble | None
) -> FloatArray:
    """Return how long a stage lasts in each replica [s]."""
    match stage.work:
        case Lasting(duration=duration):
            return np.asarray(duration.at(shares[stage.name, "length"]))
        case MachineTime(machine_s=machine_s):
            return np.asarray(machine_s.at(shares[stage.name, "length"])) / stage.count
        case OfTheRun(multiple=multiple):
            assert training is not None
            return np.asarray(multiple.at(shares[stage.name, "length"])) * training.accelerator_s / stage.count
        case TheRun():
            assert training is not None
            return training.wall_s
        case Serving(months=months):
            return np.full(shares[stage.name, "usd"].shape, months * MONTH_S)


def _machine_s(stage: LifeStage, duration_s: FloatArray, shares: Mapping[tuple[str, str], FloatArray]) -> FloatArray:
    match stage.work:
        case TheRun():
            return np.zeros_like(duration_s)
        case Serving():
            return serve(stage, shares)[1]
        case _:
            return duration_s * stage.count


def serve(
    stage: LifeStage, shares: Mapping[tuple[str, str], FloatArray], demand: float = 1.0
) -> tuple[FloatArray, FloatArray]:
    """Return what a demand costs by the token [USD], and the machine-time that it takes [machine-seconds].

    Parameters
    ----------
    demand : float
        Factor on the demand, to look for the one at which two ways cost the same.
    """
    work = stage.work
    assert isinstance(work, Serving)
    grown = demand * (1.0 + work.growth) ** np.arange(work.months)[:, None]
    read, written, read_cost, written_cost = (
        shares[stage.name, each] for each in ("read", "written", "read_cost", "written_cost")
    )
    reads, writes = grown * work.read_per_month.at(read), grown * work.written_per_month.at(written)
    usd = reads * work.usd_per_read.at(read_cost) + writes * work.usd_per_written.at(written_cost)
    busy_s = reads * work.machine_s_per_read.at(read_cost) + writes * work.machine_s_per_written.at(written_cost)
    machine_s = np.maximum(busy_s / work.utilisation, work.at_least * MONTH_S)
    return usd.sum(axis=0), machine_s.sum(axis=0)
