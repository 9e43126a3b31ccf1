"""What of a run is done when so many tokens are, and what is left of it."""

import math
from collections.abc import Sequence
from dataclasses import replace

from analysis.study.evaluate import bare
from simulator.foundation.issues import Issue, ScenarioError
from simulator.foundation.units import show
from simulator.scenario.values import Scenario, Stage


def work_done_s(scenario: Scenario, tokens: float) -> float:
    """Return the useful time that the tokens so far take at the scenario's speed [s].

    Raises
    ------
    ScenarioError
        If a stage does not know its tokens, or there are fewer in all.
    """
    return math.fsum(stages_done_s(scenario, tokens))


def stages_done_s(scenario: Scenario, tokens: float) -> Sequence[float]:
    """Return the useful time of every stage that is done [s]."""
    done_s, left = [], tokens
    for stage in scenario.stages:
        whole = tokens_of(stage)
        share = min(left / whole, 1.0)
        done_s.append(share * stage.work_s)
        left -= share * whole
    if left > 1e-9 * tokens:
        message = f"{show(tokens, 'tokens')} are done, more than the scenario has ({show(tokens - left, 'tokens')})"
        raise ScenarioError([Issue(file="--so-far", message=message)])
    return done_s


def rest_of(
    scenario: Scenario, tokens: float, *, rate: float = 1.0, speed: float = 1.0, elapsed_s: float = 0.0
) -> Scenario:
    """Return the scenario without what is done, at a multiple of its failure rate and speed.

    A run that has trained has started, and does not start again; its machines are older by the time that has passed.

    Parameters
    ----------
    scenario : Scenario
        The whole run.
    tokens : float
        Done so far.
    rate, speed : float
        Multiples of the scenario's.
    elapsed_s : float
        Since the start [s].
    """
    stages, left = [], tokens
    for stage in scenario.stages:
        whole = tokens_of(stage)
        share = 1.0 - min(left / whole, 1.0)
        left = max(left - whole, 0.0)
        if share > 0:
            stages.append(replace(stage, work_s=stage.work_s * share / speed, tokens=whole * share,
                                  productive_s=stage.productive_s * share / speed))  # fmt: skip
    recovery, maturity = scenario.recovery, scenario.maturity
    return replace(
        bare(scenario),
        stages=stages,
        causes=tuple(cause.times(rate).older(elapsed_s) for cause in scenario.causes),
        recovery=replace(recovery, startup_s=0.0) if tokens else recovery,
        maturity=None if maturity is None else maturity.later(elapsed_s),
        efficiency_sigma=0.0,
    )


def tokens_of(stage: Stage) -> float:
    """Return the tokens of a stage.

    Raises
    ------
    ScenarioError
        If it does not know them.
    """
    if stage.tokens is None:
        message = f"phase {stage.name!r} does not know its tokens, so that progress cannot be placed in it"
        raise ScenarioError([Issue(path="phases", message=message)])
    return stage.tokens
