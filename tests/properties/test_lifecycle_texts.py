"""Whatever one writes into a life cycle, it is forecast with finite numbers or refused with a sentence."""

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.cli.lifecycle_facts import life_facts
from analysis.metrics.lifecycle import life_forecast
from simulator.engine.lifecycle_run import run_life
from simulator.foundation.issues import ScenarioError
from simulator.scenario.api import life
from simulator.scenario.life import LifeCycle

NAMES = ("life-of-a-13b", "choices/api", "choices/qlora", "choices/full")
TIMES = [
    "0 s",
    "1 s",
    "1 d",
    "900 years",
    "['1 h', '2 h', '3 h']",
    "['0 s', '0 s', '999 years']",
    "['1 d', '2 d']",
    "3",
]
TOKENS = ["1 token", "0 tokens", "1T tokens", "1e18 tokens", "['1 token', '1T tokens', '1e18 tokens']", "1T"]
USD = ["$0", "$1", "$1e15", "['$0', '$1', '$1e15']", "['$3', '$2', '$4']", "1"]
RATES = ["1 tokens/s", "0 tokens/s", "1e15 tokens/s", "['1 tokens/s', '2 tokens/s', '1e9 tokens/s']"]
COUNTS = ["0", "1", "3", "64", "1e9", "1.5", "ten"]
SHARES = ["0", "1e-300", "0.5", "100 %", "1e6", "nan", "[0, 1, 1e6]"]
STAGES = ["collect", "train", "experiment", "serve", "evaluate", "fine-tune", "red-team"]
TYPED = {
    "lifecycle.stages.{}.duration": TIMES,
    "lifecycle.stages.{}.machine_time": TIMES,
    "lifecycle.stages.{}.usd": USD,
    "lifecycle.stages.{}.count": COUNTS,
    "lifecycle.stages.{}.tokens": TOKENS,
    "lifecycle.stages.{}.tokens_per_second_per_machine": RATES,
    "lifecycle.stages.{}.multiple": SHARES,
    "lifecycle.stages.{}.run": ["true", "false", "1"],
    "lifecycle.stages.{}.after": ["[]", "['collect']", "['train', 'serve']", "['serve']", "['nobody']", "serve"],
    "lifecycle.stages.{}.kind": ["serve", "train", "experiment", "evaluate", "other", "x"],
    "lifecycle.stages.{}.people": ["{}", "{research = 1}", "{engineering = 2}", "{research = 99}", "{research = 0}"],
    "lifecycle.stages.{}.machines": ["h100", "cores", "a100", "x", ""],
    "lifecycle.stages.{}": ["", "{}", "{duration = '1 d'}", "1"],
    "lifecycle.stages.serve.serving.months": ["1", "120", "2000", "0"],
    "lifecycle.stages.serve.serving.read": TOKENS,
    "lifecycle.stages.serve.serving.written": TOKENS,
    "lifecycle.stages.serve.serving.growth": SHARES,
    "lifecycle.stages.serve.serving.usd_per_m_read": USD,
    "lifecycle.stages.serve.serving.usd_per_m_written": [*USD, ""],
    "lifecycle.stages.serve.serving.written_per_second_per_machine": RATES,
    "lifecycle.stages.serve.serving.utilisation": SHARES,
    "lifecycle.stages.serve.serving.at_least": COUNTS,
    "lifecycle.stages.serve.serving.context": COUNTS,
    "lifecycle.stages.serve.serving.bytes_per_parameter": SHARES,
    "lifecycle.stages.serve.serving.architecture": ["deepseek-v3", "llama-2-70b", "x.json", "x"],
    "lifecycle.stages.fine-tune.fine_tuning.tokens": TOKENS,
    "lifecycle.stages.fine-tune.fine_tuning.mfu": SHARES,
    "lifecycle.stages.fine-tune.fine_tuning.method": ["full", "lora", "qlora", "x"],
    "lifecycle.stages.fine-tune.fine_tuning.architecture": ["deepseek-v3", "llama-2-70b", "x.json"],
    "lifecycle.teams.research.people": COUNTS,
    "lifecycle.teams.research.pay": USD,
    "lifecycle.teams.research.equity": USD,
    "lifecycle.teams.research.overhead": SHARES,
    "lifecycle.teams.research.paid": ["busy", "employed", "never"],
    "lifecycle.teams.research": ["", "{people = 2, pay = '$1'}"],
    "lifecycle.machines.h100.count": COUNTS,
    "lifecycle.machines.h100.rate": ["$0/h", "$1/h", "$1e9/h", "1"],
    "lifecycle.machines.h100.accelerator": ["h100-sxm", "tpu-v4", "x", ""],
    "lifecycle.machines.h100.term": ["spot", "commit_3y", "x"],
    "lifecycle.machines.h100.date": ["2022-01-01", "2026-01-31", "soon"],
    "lifecycle.quality.target_loss": SHARES,
    "lifecycle.quality.architecture": ["llama-2-7b", "x.json"],
    "lifecycle.quality.tokens": TOKENS,
    "lifecycle.stages": ["", "{}"],
    "lifecycle": ["", "{}", "1"],
    "start": ["2026-01-31", "1900-01-01", ""],
}


@st.composite
def changes(draw: st.DrawFn) -> str:
    """Draw one change: mostly of the right type, so that it gets far."""
    path = draw(st.sampled_from(sorted(TYPED)))
    return f"{path.format(draw(st.sampled_from(STAGES)))}={draw(st.sampled_from(TYPED[path]))}"


def numbers(value: Any) -> Iterator[float]:
    """Yield every number of plain data."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, int | float):
        yield float(value)


def outcome(name: str, sets: list[str]) -> LifeCycle | None:
    """Return a life cycle, or None where it was refused; any other exception is a failure of the test."""
    try:
        return life(name, sets)
    except ScenarioError as error:
        issues = error.issues
    assert all(issue.message.strip() and "\n" not in str(issue) for issue in issues)
    return None


@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(NAMES), sets=st.lists(changes(), min_size=1, max_size=3))
def test_a_life_is_forecast_or_refused(name: str, sets: list[str]) -> None:
    made = outcome(name, [*sets, "run.replicas=4"])
    if made is None:
        return
    with np.errstate(all="raise", under="ignore"):
        facts = life_facts(life_forecast(made, run_life(made)))
    assert all(math.isfinite(number) for number in numbers(facts))
    assert json.dumps(facts, allow_nan=False)
    assert facts["usd"]["mean"] == round(math.fsum(stage["usd"]["mean"] for stage in facts["stages"]), 2)
