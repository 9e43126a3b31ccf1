"""Small builders of scenario values, so that a test states only what it is about."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date
from random import Random
from typing import Any

import numpy as np
from hypothesis import strategies as st

from simulator.pricing.tariff import flat
from simulator.reliability.attempt import Cycle, Durable
from simulator.reliability.causes import Cause
from simulator.reliability.recovery import Exposure, Recovery
from simulator.scenario.values import Scenario, Stage

EXPOSURES: tuple[Exposure, ...] = ("A", "B", "C")


def stage(work_s: float = 1000.0, **given: Any) -> Stage:
    """Return a stage on one node of one accelerator, without saves unless a `cycle` is given."""
    usual: dict[str, Any] = {
        "name": "train",
        "accelerators": 1,
        "nodes": 1,
        "scales": False,
        "gross": False,
        "productive_s": work_s,
        "cycle": Cycle(work_s=work_s),
        "final_save": False,
    }
    return Stage(work_s=work_s, **{**usual, **given})


def cause(rate_per_node_s: float = 1e-3, name: str = "fault", **given: Any) -> Cause:
    """Return a cause that restarts the job on the same machines, at once noticed."""
    return Cause(name=name, rate_per_node_s=rate_per_node_s, **given)


def scenario(
    stages: Sequence[Stage] | Stage | None = None, causes: Sequence[Cause] = (), recovery: Recovery | None = None,
    **given: Any,
) -> Scenario:  # fmt: skip
    """Return a scenario of one stage or several, at a dollar an accelerator-hour."""
    usual: dict[str, Any] = {
        "name": "test",
        "title": "Test",
        "accelerator": "a100-sxm-80gb",
        "accelerators_per_node": 1,
        "efficiency_sigma": 0.0,
        "tariff": flat(1.0),
        "start": date(2024, 1, 1),
        "seed": 20_240_101,
        "replicas": 1,
    }
    listed = [stages or stage()] if isinstance(stages, Stage | None) else list(stages)
    return Scenario(stages=listed, causes=causes, recovery=recovery or Recovery(), **{**usual, **given})


def same(first: Any, second: Any) -> bool:
    """Tell whether two ensembles are equal, bit by bit."""
    return all(
        np.array_equal(getattr(first, part.name), getattr(second, part.name))
        if isinstance(getattr(first, part.name), np.ndarray)
        else getattr(first, part.name) == getattr(second, part.name)
        for part in fields(first)
    )


def scenarios() -> st.SearchStrategy[Scenario]:
    """Draw scenarios evenly, not the smallest first as hypothesis would: most of them have several stops."""
    return st.randoms(use_true_random=True).map(random_scenario)


def random_scenario(rng: Random) -> Scenario:
    """Make a scenario that ends: no stop is so frequent that no cycle gets done, waits under model C are short."""
    found = [_stage(rng, number) for number in range(rng.randint(1, 3))]
    striking = [each for each in found if not each.gross] or found
    share, nodes = rng.randint(1, 3), max(each.nodes for each in found)
    expected = rng.choice([0.0, 4.0, 10.0, 20.0, 40.0]) / sum(each.work_s for each in striking)
    job_rate = min(expected, 2.0 / max(each.cycle.length_s for each in striking))
    rate, step_s = job_rate / (nodes * share), 0.5 / job_rate if job_rate else 50.0
    exposure = rng.choice(EXPOSURES)
    return scenario(
        found,
        [_cause(rng, number, rate, step_s) for number in range(share)] if rate else [],
        Recovery(
            exposure=exposure,
            swap_s=_seconds(rng, step_s),
            initialization_s=_seconds(rng, step_s),
            restore_s=_seconds(rng, step_s),
            startup_s=_seconds(rng, step_s),
            spares=rng.choice([None, 50] if exposure == "C" else [None, 0, 1, 2, 3]),
        ),
        seed=rng.randrange(2**32),
        efficiency_sigma=rng.choice([0.0, 0.2]),
        accelerators_per_node=4,
    )


def _seconds(rng: Random, high: float) -> float:
    return rng.choice([0.0, rng.uniform(0.0, high), rng.uniform(0.0, high)])


def _cycle(rng: Random, work_s: float) -> Cycle:
    """Make a cycle: blocking or asynchronous, from twenty saves to none."""
    interval_s = work_s * rng.choice([0.05, 0.3, 1.2]) * rng.uniform(0.7, 1.0)
    return Cycle(
        work_s=interval_s,
        write_s=interval_s * rng.choice([0.0, 0.01, 0.2]),
        flush_s=interval_s * rng.choice([0.0, 0.5, 0.99]),
        slowdown=rng.choice([0.0, 0.3, 1.0]),
    )


def frail(scenario: Scenario, rng: Random) -> Scenario:
    """Let stops of a scenario destroy more than what follows the last save, or less: tiers, corrupt saves, kinds."""
    shortest_s = min(each.work_s for each in scenario.stages)
    causes = [
        replace(each, rate_per_node_s=each.rate_per_node_s / 4, **_damage(rng, 0.1 * shortest_s))
        for each in scenario.causes
    ]
    stages = [each if each.gross else replace(each, cycle=_layered(each.cycle, rng)) for each in scenario.stages]
    recovery = replace(scenario.recovery, near_restore_s=rng.choice([None, scenario.recovery.restore_s / 3]))
    return replace(scenario, causes=causes, stages=stages, recovery=recovery)


def _damage(rng: Random, most_s: float) -> dict[str, Any]:
    kind = rng.choice(["fail_stop", "silent", "planned", "loss_spike"])
    return {
        "kind": kind,
        "rewind_s": rng.uniform(0.0, most_s) if kind == "loss_spike" else 0.0,
        "detection_s": rng.uniform(0.0, most_s),
        "away_s": rng.uniform(0.0, 60.0) if kind == "planned" else 0.0,
        "near_lost": rng.choice([0.0, 0.3, 1.0]),
    }


def _layered(cycle: Cycle, rng: Random) -> Cycle:
    """Give a cycle a second tier, or saves that are corrupt and few; let flushes overlap."""
    if rng.random() < 0.3:
        cycle = replace(cycle, flush_s=2.5 * (cycle.work_s + cycle.write_s), slowdown=0.1, in_flight=3)
    if rng.random() < 0.5:
        return replace(cycle, keep=rng.choice([None, 1, 2]), corrupt=rng.choice([0.0, 0.05, 0.2]))
    durable = Durable(
        every=rng.choice([1, 2, 5]),
        write_s=cycle.work_s * rng.choice([0.0, 0.3]),
        flush_s=cycle.work_s * rng.choice([0.0, 0.7]),
        slowdown=rng.choice([0.0, 0.3]),
    )
    return replace(cycle, durable=durable, keep=rng.choice([None, 1, 3]))


def _stage(rng: Random, number: int) -> Stage:
    """Make a stage of 100 s to 10,000 s on 1 to 8 nodes."""
    work_s, gross, nodes = 10 ** rng.uniform(2.0, 4.0), rng.random() < 0.2, rng.randint(1, 8)
    return stage(
        work_s,
        name=f"stage-{number}",
        nodes=nodes,
        accelerators=nodes * 4,
        gross=gross,
        scales=not gross and rng.random() < 0.5,
        productive_s=work_s * rng.uniform(0.3, 1.0) if gross else work_s,
        cycle=Cycle(work_s=work_s) if gross else _cycle(rng, work_s),
        final_save=not gross and rng.random() < 0.5,
        reenters=not gross and number > 0 and rng.random() < 0.5,
    )


def _cause(rng: Random, number: int, rate_per_node_s: float, step_s: float) -> Cause:
    """Make a cause of at most the given rate."""
    return cause(
        rate_per_node_s * rng.uniform(0.3, 1.0),
        name=f"cause-{number}",
        detection_s=_seconds(rng, step_s),
        nodes_lost=rng.randint(0, 1),
        repair_s=_seconds(rng, 10.0 * step_s),
        repair_law=rng.choice(["constant", "exponential"]),
    )
