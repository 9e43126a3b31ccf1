"""What is still to come, given what was seen: rates and speed are updated, and the rest of the run is simulated.

Two things are learned. The *failure rate* is a multiple of the scenario's, with a gamma prior; so many stops in the
time seen make it another gamma (conjugate). The *speed* is a multiple of the scenario's, log-normal; the tokens that
were kept in the time left after saves and stops measure it, with the error that the luck of single stops leaves. What
neither explains, weeks that go better or worse than those before, is a third factor that only the rest meets.

Source: A. Gelman et al., Bayesian Data Analysis, 3rd edition, sections 2.6 (gamma and Poisson) and 2.5 (normal).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.dollars import bill_of
from analysis.metrics.summary import Summary, summary
from analysis.study.evaluate import bare
from analysis.study.rest import rest_of, stages_done_s, tokens_of, work_done_s
from analysis.study.so_far import Seen
from simulator.engine.run import run, silent
from simulator.foundation.issues import Issue, ScenarioError
from simulator.foundation.streams import generator
from simulator.foundation.units import show
from simulator.records import Ensemble
from simulator.reliability.ages import expected_share
from simulator.reliability.hazard import exposure_s
from simulator.reliability.laws import Trace
from simulator.reliability.recovery import PARTS, SPARE_WAIT, mean_down_s
from simulator.scenario.values import Scenario, rate_per_s

FloatArray = NDArray[np.float64]

DAY_S = 86400.0
_Z_90 = 1.6448536269514722
RATE_SIGMA = math.log(2.0) / _Z_90  # assumption: nine clusters of ten fail half to twice as often as the catalogue's
SPEED_SIGMA = math.log(1.1) / _Z_90  # assumption: a stated speed is right within 10 % in 90 % of runs
DRIFT_SIGMA = 0.05  # assumption: how far the pace of the rest is from the pace so far, once rates are known
DRAWS = 64  # pairs of rate and speed
REPLICAS = 32  # of the rest for each pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What is thought of the rate and the speed, as multiples of the scenario's.

    Parameters
    ----------
    rate_shape, rate_rate : float
        Of a gamma distribution; its mean is shape / rate.
    speed_log, speed_sigma : float
        Mean and standard deviation of the logarithm.
    drift_sigma : float
        Standard deviation of the logarithm of the pace of what is still to come.
    """

    rate_shape: float
    rate_rate: float
    speed_log: float = 0.0
    speed_sigma: float = SPEED_SIGMA
    drift_sigma: float = DRIFT_SIGMA

    @property
    def rate(self) -> float:
        """Mean multiple of the failure rate."""
        return self.rate_shape / self.rate_rate

    @property
    def speed(self) -> float:
        """Median multiple of the speed."""
        return math.exp(self.speed_log)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The forecast of the whole run at one moment.

    Parameters
    ----------
    seen : Seen or None
        What was known; None before the start.
    belief : Belief
        What that says of rate and speed.
    wall_days, usd, interruptions : Summary
        Of the whole run: what was seen, and the rest.
    rest_days, rest_usd : Summary
        Of the rest alone.
    """

    seen: Seen | None
    belief: Belief
    wall_days: Summary
    usd: Summary
    interruptions: Summary
    rest_days: Summary
    rest_usd: Summary


def prior(scenario: Scenario) -> Belief:
    """Return what is thought before the start: the scenario's own spread of the speed, or our assumption.

    Examples
    --------
    >>> from simulator.scenario.api import scenario
    >>> found = prior(scenario("llama-65b"))
    >>> found.rate, round(found.rate_shape, 2), round(found.speed_sigma, 3)
    (1.0, 5.63, 0.058)
    """
    shape = 1.0 / RATE_SIGMA**2
    return Belief(rate_shape=shape, rate_rate=shape, speed_sigma=scenario.efficiency_sigma or SPEED_SIGMA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a scenario's stops and saves cost on average: the scale against which a log is read.

    Parameters
    ----------
    rate_per_s : float
        Stops of the job, at the scenario's own rate [1/s].
    stop_s, stop_spread_s : float
        Wall-clock that one stop takes, lost work included, and its standard deviation [s].
    hidden_s : float
        Part of it in which nothing can strike [s].
    saving_share : float
        Of the time at work.
    startup_s : float
        The run's first start, of which nothing is work [s].
    """

    rate_per_s: float
    stop_s: float = 0.0
    stop_spread_s: float = 0.0
    hidden_s: float = 0.0
    saving_share: float = 0.0
    startup_s: float = 0.0


def costs(scenario: Scenario, replicas: int = 256) -> Costs:
    """Measure what stops and saves cost, on runs with and without failures."""
    rate = rate_per_s(scenario, max(scenario.stages, key=lambda stage: stage.work_s))
    some = replace(bare(scenario), efficiency_sigma=0.0)
    quiet, found = run(replace(some, causes=()), range(1)), run(some, range(replicas))
    startup_s = 0.0 if scenario.stages[0].gross else scenario.recovery.startup_s
    work_s, quiet_s, count = math.fsum(stage.work_s for stage in scenario.stages), quiet.wall_s[0], found.interruptions
    saving = max(1.0 - work_s / float(quiet_s - startup_s), 0.0)
    if not rate or not count.any():
        return Costs(rate_per_s=0.0, saving_share=saving, startup_s=startup_s)
    added_s = found.wall_s - quiet_s
    stop_s = float(added_s.sum() / count.sum())
    return Costs(
        rate_per_s=rate,
        stop_s=stop_s,
        stop_spread_s=float(np.sqrt(np.mean((added_s - stop_s * count) ** 2) / count.mean())),
        hidden_s=_hidden_s(scenario, found),
        saving_share=saving,
        startup_s=startup_s,
    )


def _hidden_s(scenario: Scenario, found: Ensemble) -> float:
    """Return how long a stop hides from the next, by the exposure model; waits for a spare as in the runs found."""
    recovery = scenario.recovery
    if recovery.exposure == "C":
        return 0.0
    down_s = mean_down_s(scenario.causes, recovery) + (recovery.recovery_s if recovery.exposure == "B" else 0.0)
    machines = {stage.name: stage.accelerators for stage in scenario.stages}
    waited_s = [seconds / machines[stage] for (stage, phase, _), seconds in found.accelerator_s_by_line.items()
                if phase == PARTS[SPARE_WAIT] and machines[stage]]  # fmt: skip
    return down_s + math.fsum(waited_s) / float(found.interruptions.mean())


def posterior(scenario: Scenario, belief: Belief, seen: Seen, cost: Costs) -> Belief:
    """Return what is thought after a stretch was seen.

    Parameters
    ----------
    scenario : Scenario
        With tokens in every stage.
    belief : Belief
        Before.
    seen : Seen
        Everything from the start.
    cost : Costs
        Of the scenario's stops and saves, from `costs`.

    Raises
    ------
    ScenarioError
        If more was trained than there is, or faster than any belief allows.
    """
    start_s = cost.startup_s if scenario.recovery.exposure == "B" else 0.0
    exposed_s = max(seen.elapsed_s - start_s - seen.stops * cost.hidden_s, 0.0)
    working_s = (seen.elapsed_s - cost.startup_s - seen.stops * cost.stop_s) * (1.0 - cost.saving_share)
    if working_s <= 0 and seen.tokens > 0:
        start = f"a start of {show(cost.startup_s, 'time')} and " if cost.startup_s else ""
        message = (f"{start}{seen.stops} stops in {show(seen.elapsed_s, 'time')} leave no time to train, at "
                   f"{show(cost.stop_s, 'time')} a stop as the scenario has it")  # fmt: skip
        raise seen.problem(message)
    measured, error = _measured_speed(scenario, seen, working_s, cost)
    expected = exposed_s * _rate_per_s(scenario, seen) if cost.rate_per_s else 0.0
    weight, own = 1.0 / error**2, 1.0 / belief.speed_sigma**2
    return replace(
        belief,
        rate_shape=belief.rate_shape + (seen.stops if cost.rate_per_s else 0),
        rate_rate=belief.rate_rate + expected,
        speed_log=(own * belief.speed_log + weight * measured) / (own + weight),
        speed_sigma=(own + weight) ** -0.5,
    )


def _rate_per_s(scenario: Scenario, seen: Seen) -> float:
    """Return the mean rate of the scenario's stops over the stages seen so far [1/s]."""
    gone_s = _gone_s(scenario, seen)
    causes = [cause.times(expected_share(cause.law, cause.age, seen.elapsed_s)) for cause in scenario.causes]
    aged, expected, begin_s = replace(scenario, causes=causes), [], 0.0
    for stage, each_s in zip(scenario.stages, gone_s, strict=True):
        end_s = begin_s + each_s
        exposed_s = exposure_s(scenario.maturity, end_s) - exposure_s(scenario.maturity, begin_s)
        expected.append(rate_per_s(aged, stage) * exposed_s)
        begin_s = end_s
    return math.fsum(expected) / seen.elapsed_s


def _measured_speed(scenario: Scenario, seen: Seen, working_s: float, cost: Costs) -> tuple[float, float]:
    """Return the logarithm of the measured multiple of the speed, and its error."""
    whole = math.fsum(tokens_of(stage) for stage in scenario.stages)
    if seen.tokens > whole * (1 + 1e-9):
        raise seen.problem(
            f"{show(seen.tokens, 'tokens')} are done, more than the scenario has ({show(whole, 'tokens')})"
        )
    done_s = work_done_s(scenario, seen.tokens)
    if done_s <= 0:
        return 0.0, math.inf
    _check_peak(scenario, seen, done_s / working_s)
    if seen.tokens_per_s is not None:
        own = _own_speed(scenario, seen)
        _check_peak(scenario, seen, seen.tokens_per_s / own)
        return math.log(seen.tokens_per_s / own), 0.01  # a speed that was measured is taken to one per cent
    luck_s = cost.stop_spread_s * max(seen.stops, 1) ** 0.5 + cost.stop_s / 2
    return math.log(done_s / working_s), max(luck_s / working_s, 0.002)


def _own_speed(scenario: Scenario, seen: Seen) -> float:
    """Return the scenario's speed in the stage that was seen last [tokens/s an accelerator]."""
    done_s = stages_done_s(scenario, seen.tokens)
    stage = [stage for stage, each_s in zip(scenario.stages, done_s, strict=True) if each_s][-1]
    return tokens_of(stage) / stage.work_s / stage.accelerators


def _check_peak(scenario: Scenario, seen: Seen, multiple: float) -> None:
    """Refuse what no machine can have done, whatever stage it was in."""
    mfu = min((stage.mfu for stage in scenario.stages if stage.mfu is not None), default=0.0)
    if mfu * multiple > 1.0:
        raise seen.problem(
            f"{multiple:,.3g} times the scenario's speed is an MFU of {mfu * multiple:,.3g}, more than the peak of the "
            "machines: are tokens, days and speed those of this run?"
        )


def outlook(
    scenario: Scenario, belief: Belief, seen: Seen | None,
    *, draws: int = DRAWS, replicas: int = REPLICAS, progress: Callable[[int], None] = silent,
) -> Outlook:  # fmt: skip
    """Simulate the rest under a belief, and add what was seen.

    Parameters
    ----------
    scenario : Scenario
        The whole run.
    belief : Belief
        Of rate and speed.
    seen : Seen or None
        What is done; None forecasts the whole run.
    draws, replicas : int
        Pairs of rate and speed, and replicas of the rest for each.
    progress : callable, optional
        Called with 1 for every pair.
    """
    tokens, stops = (0.0, 0) if seen is None else (seen.tokens, seen.stops)
    gone_s = _gone_s(scenario, seen)
    elapsed_days = math.fsum(gone_s) / DAY_S
    whole = math.fsum(tokens_of(stage) for stage in scenario.stages)
    if seen is not None and tokens >= whole:
        raise seen.problem("all tokens are done: there is nothing left to forecast")
    parts = []
    for number, (rate, speed) in enumerate(_pairs(scenario, belief, draws)):
        rest = rest_of(scenario, tokens, rate=rate, speed=speed, elapsed_s=math.fsum(gone_s))
        span = range(number * replicas, (number + 1) * replicas)
        found = run(rest, span)
        parts.append([found.wall_s / DAY_S, found.interruptions, *_usd(scenario, found, gone_s, span)])
        progress(1)
    days, stopped, usd, spent = np.concatenate(parts, axis=1)
    return Outlook(
        seen=seen,
        belief=belief,
        wall_days=summary(days + elapsed_days),
        usd=summary(usd),
        interruptions=summary(stopped + stops),
        rest_days=summary(days),
        rest_usd=summary(usd - spent),
    )


def _gone_s(scenario: Scenario, seen: Seen | None) -> Sequence[float]:
    """Return how long every stage has taken so far [s]: what was seen, shared out by the work that is done."""
    if seen is None:
        return [0.0] * len(scenario.stages)
    done_s = stages_done_s(scenario, seen.tokens)
    whole_s = math.fsum(done_s)
    if not whole_s:
        return [seen.elapsed_s, *done_s[1:]]
    return [seen.elapsed_s * each_s / whole_s for each_s in done_s]


def _usd(
    scenario: Scenario, rest: Ensemble, gone_s: Sequence[float], replicas: range
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Return what whole runs cost, and what is spent so far [USD], both of shape (replicas,).

    Stages differ in their machines and prices, and some of a bill falls due only once, so that neither is the rest's
    bill stretched over the time seen.
    """
    so_far_s = np.repeat(np.array(gone_s)[:, None], rest.wall_s.size, axis=1)
    over = np.zeros((len(gone_s) - len(rest.stage_s), rest.wall_s.size))  # stages of which nothing is left
    whole = bill_of(scenario, _lasting(scenario, rest, np.vstack([over, rest.stage_s]) + so_far_s), replicas)
    spent = bill_of(scenario, _lasting(scenario, rest, so_far_s), replicas, ended=False)
    usd, spent_usd = (np.broadcast_to(each.usd("billed"), rest.wall_s.shape) for each in (whole, spent))
    return usd, spent_usd


def _lasting(scenario: Scenario, ensemble: Ensemble, stage_s: FloatArray) -> Ensemble:
    """Return runs whose stages last so long, their machines doing in each hour what they do in the given ones."""
    spares = (scenario.recovery.spares or 0) * scenario.accelerators_per_node
    own_s = np.array([stage.accelerators for stage in scenario.stages]) @ stage_s
    idle_s = spares * stage_s.sum(axis=0)
    grown = float(np.mean(own_s + idle_s) / np.mean(ensemble.accelerator_s + ensemble.idle_accelerator_s))
    lines = {line: grown * seconds for line, seconds in ensemble.accelerator_s_by_line.items()}
    return replace(ensemble, stage_s=stage_s, wall_s=stage_s.sum(axis=0), accelerator_s=own_s,
                   idle_accelerator_s=idle_s, accelerator_s_by_line=lines)  # fmt: skip


def _pairs(scenario: Scenario, belief: Belief, draws: int) -> Sequence[tuple[float, float]]:
    """Draw rates and speeds evenly: a Latin hypercube through the two distributions."""
    from scipy.stats import gamma, norm

    stream = generator(scenario.seed, "update")
    first, second = ((stream.permutation(draws) + stream.random(draws)) / draws for _ in range(2))
    rates = gamma.ppf(first, belief.rate_shape, scale=1.0 / belief.rate_rate)
    sigma = math.hypot(belief.speed_sigma, belief.drift_sigma)
    speeds = np.exp(belief.speed_log + sigma * norm.ppf(second))
    return list(zip(rates.tolist(), speeds.tolist(), strict=True))


def history(
    scenario: Scenario, log: Sequence[Seen], *, progress: Callable[[int], None] = silent
) -> Sequence[Outlook]:  # fmt: skip
    """Return the forecast before the start and after every row of a log, each from the start's belief.

    Raises
    ------
    ScenarioError
        If a row cannot be, or the run is one whose rest is not known from its tokens.
    """
    _check_known(scenario)
    first = prior(scenario)
    scale = costs(scenario)
    later = [outlook(scenario, posterior(scenario, first, seen, scale), seen, progress=progress) for seen in log]
    return [outlook(scenario, first, None, progress=progress), *later]


def _check_known(scenario: Scenario) -> None:
    """Refuse runs of which a log does not say how they go on."""
    if scenario.spot is not None:
        message = "update does not know how long machines were away: a log of tokens and stops does not tell"
        raise ScenarioError([Issue(path="spot", message=message)])
    for cause in scenario.causes:
        if isinstance(cause.law, Trace):
            message = "replays stops that are known, so that there is no rate to update"
            raise ScenarioError([Issue(path=f"failures.causes.{cause.name}.law", message=message)])
