"""Small builders of scenario values, so that a test states only what it is about."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Any

import numpy as np
from hypothesis import strategies as st

from simulator.reliability.attempt import Cycle
from simulator.reliability.causes import Cause
from simulator.reliability.recovery import Recovery
from simulator.scenario.values import Scenario, Stage, Tariff

EXPOSURES = ("A", "B", "C")


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
        "tariff": Tariff(list_usd_per_accelerator_h=1.0),
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


def seconds(low: float, high: float) -> st.SearchStrategy[float]:
    """Draw a time, zero now and then where that is allowed."""
    drawn = st.floats(max(low, high * 1e-3), high)
    return st.just(0.0) | drawn if low == 0 else drawn


@st.composite
def cycles(draw: st.DrawFn, work_s: float) -> Cycle:
    """Draw a cycle: blocking or asynchronous, from twenty saves to none."""
    interval_s = work_s * draw(st.floats(0.05, 1.2))
    write_s = interval_s * draw(st.sampled_from([0.0, 0.01, 0.2]))
    slowdown = draw(st.sampled_from([0.0, 0.3, 1.0]))
    flush_s = interval_s * draw(st.sampled_from([0.0, 0.5, 0.99]))
    return Cycle(work_s=interval_s, write_s=write_s, flush_s=flush_s, slowdown=slowdown)


@st.composite
def stages(draw: st.DrawFn, number: int) -> Stage:
    """Draw a stage of 100 s to 10,000 s on 1 to 8 nodes."""
    work_s, gross, nodes = draw(st.floats(100.0, 10_000.0)), draw(st.integers(0, 4)) == 0, draw(st.integers(1, 8))
    return stage(
        work_s,
        name=f"stage-{number}",
        nodes=nodes,
        accelerators=nodes * 4,
        gross=gross,
        scales=not gross and draw(st.booleans()),
        productive_s=work_s * draw(st.floats(0.3, 1.0)) if gross else work_s,
        cycle=Cycle(work_s=work_s) if gross else draw(cycles(work_s)),
        final_save=not gross and draw(st.booleans()),
        reenters=not gross and number > 0 and draw(st.booleans()),
    )


@st.composite
def causes(draw: st.DrawFn, number: int, rate_per_node_s: float) -> Cause:
    """Draw a cause of at most the given rate."""
    return cause(
        rate_per_node_s * draw(st.floats(0.1, 1.0)),
        name=f"cause-{number}",
        detection_s=draw(seconds(0.0, 60.0)),
        nodes_lost=draw(st.integers(0, 1)),
        repair_s=draw(seconds(0.0, 600.0)),
        repair_law=draw(st.sampled_from(["constant", "exponential"])),
    )


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Draw a scenario that ends: stops are at most as frequent as a run survives, waits under model C are short."""
    found = [draw(stages(number)) for number in range(draw(st.integers(1, 3)))]
    share = draw(st.integers(1, 3))
    nodes = max(each.nodes for each in found)
    longest_s = max(each.cycle.length_s for each in found if not each.gross) if not all(
        each.gross for each in found
    ) else 1000.0  # fmt: skip
    rate = draw(st.sampled_from([0.0, 0.1, 1.0, 2.0])) / (longest_s * nodes * share)
    struck_by = [draw(causes(number, rate)) for number in range(share)] if rate else []
    exposure = draw(st.sampled_from(EXPOSURES))
    recovery = Recovery(
        exposure=exposure,
        swap_s=draw(seconds(0.0, 50.0)),
        initialization_s=draw(seconds(0.0, 50.0)),
        restore_s=draw(seconds(0.0, 50.0)),
        startup_s=draw(seconds(0.0, 100.0)),
        spares=draw(st.sampled_from([None, 50] if exposure == "C" else [None, 0, 1, 2, 3])),
    )
    return scenario(
        found,
        struck_by,
        recovery,
        seed=draw(st.integers(0, 2**32)),
        efficiency_sigma=draw(st.sampled_from([0.0, 0.2])),
        accelerators_per_node=4,
    )
