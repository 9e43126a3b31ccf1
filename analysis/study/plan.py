"""Which way to run it: search over what can be decided, for a deadline and a budget that hold with a confidence.

Every candidate is estimated on the same replicas and judged by two numbers, the quantiles of days and of dollars at the
asked confidence. What no other candidate beats on both is the Pareto front. The finalists are run again, event by
event. Candidates that cannot be, such as a plan that does not fit into memory, are set aside with the reason.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import inf
from pathlib import Path as FilePath
from typing import Any

from analysis.metrics.forecast import basis
from analysis.study.evaluate import bare, sampled
from analysis.study.executor import Failure, Site, completed
from analysis.study.goal import Figure
from analysis.study.sensitivity import MissingExtraError
from analysis.study.space import Dimension, Interval
from simulator.engine.run import silent
from simulator.foundation.issues import Issue, ScenarioError
from simulator.scenario.api import resolve
from simulator.scenario.lines import Path, dotted
from simulator.scenario.load import Loaded
from simulator.scenario.merge import Place
from simulator.scenario.values import Scenario

EXHAUSTIVE = 10_000  # candidates up to which all are tried
FINALISTS = 5
CONFIRMING = 200  # replicas, event by event
_COUNTS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)  # of the scenario's machines
FELT = 1.001  # a bound that costs less than a tenth of a per cent does not bind
ROOM = 0.1  # how much a bound is relaxed to say what that buys

Values = Mapping[str, Any]
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What has to hold.

    Parameters
    ----------
    days, usd : float
        Not more than this, days from the submission; infinite where nothing is asked.
    confidence : float
        With which probability each of the two has to hold, between 0 and 1.
    """

    days: float = inf
    usd: float = inf
    confidence: float = 0.9

    def excess(self, days: float, usd: float) -> float:
        """Return by what share the worse of the two bounds is broken; not above zero where both hold."""
        return max(
            days / self.days - 1.0 if self.days < inf else -1.0, usd / self.usd - 1.0 if self.usd < inf else -1.0
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way to run it.

    Parameters
    ----------
    values : mapping of str to value
        What was decided, by dotted path.
    days, usd : float
        At the wish's confidence; days from the submission, which on machines of its own is the start.
    mean_days, mean_usd : float
        On average.
    basis : str
        On which basis the dollars are.
    """

    values: Values
    days: float
    usd: float
    mean_days: float
    mean_usd: float
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """A finalist, run again event by event: the same figures, from fewer replicas."""

    candidate: Candidate
    days: float
    usd: float
    replicas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a search came to.

    Parameters
    ----------
    wish : Wish
        What was asked.
    best : Candidate or None
        The cheapest that meets the wish.
    nearest : Candidate or None
        Where none does: the one that breaks the bounds by the smallest share.
    front : sequence of Candidate
        What nothing beats on both days and dollars, soonest first.
    candidates : sequence of Candidate
        All that have a figure.
    finalists : sequence of Confirmed
        The cheapest that meet the wish, event by event.
    set_aside : mapping of str to int
        Reasons why candidates have none, and how many.
    space : int
        How many candidates there are.
    exhaustive : bool
        Whether all were tried.
    replicas, seed : int
        Of each candidate.
    warnings : sequence of str
        What the reader of the best, or of the nearest, should know.
    """

    wish: Wish
    best: Candidate | None
    nearest: Candidate | None
    front: Sequence[Candidate]
    candidates: Sequence[Candidate]
    finalists: Sequence[Confirmed]
    set_aside: Mapping[str, int]
    space: int
    exhaustive: bool
    replicas: int
    seed: int
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Which bound costs something: what the other figure would be with it relaxed by a tenth, and without it.

    Parameters
    ----------
    bound : str
        ``deadline`` or ``budget``.
    now, relaxed, free : float
        The best of the other figure: dollars for the deadline, days for the budget.
    """

    bound: str
    now: float
    relaxed: float
    free: float


def plan(
    loaded: Loaded, decisions: Mapping[Path, Dimension], wish: Wish, place: Site,
    *, replicas: int, trials: int = 2000, seed: int = 1, progress: Progress = silent,
) -> Planned:  # fmt: skip
    """Search the decisions for the cheapest way that meets a wish.

    Parameters
    ----------
    loaded : Loaded
        The scenario.
    decisions : mapping of path to sequence
        What can be decided; intervals have to be turned into lists first.
    wish : Wish
        What has to hold.
    place : Site
        Where candidates are run.
    replicas : int
        Of each candidate.
    trials : int
        How many candidates are tried where there are more than `EXHAUSTIVE`.
    seed : int
        Of that search.
    progress : callable, optional
        Called with the number of candidates done since the last call.

    Raises
    ------
    ScenarioError
        If no candidate resolves.
    """
    table = {path: _listed(path, values) for path, values in decisions.items()}
    space = 1
    for values in table.values():
        space *= len(values)
    jury = _Jury(loaded, table, wish, place, replicas, progress)
    if space <= EXHAUSTIVE:
        jury.judge(list(product(*table.values())))
    else:
        _guided(jury, trials, seed)
    if not jury.known:
        raise ScenarioError(jury.issues)
    found = list(jury.known.values())
    meeting = sorted((each for each in found if wish.excess(each.days, each.usd) <= 0), key=_by_dollars)
    nearest = min(found, key=lambda each: (wish.excess(each.days, each.usd), each.usd))
    return Planned(
        wish=wish,
        best=meeting[0] if meeting else None,
        nearest=None if meeting else nearest,
        front=front(found),
        candidates=found,
        finalists=[jury.confirmed(each) for each in meeting[:FINALISTS]],
        set_aside=jury.set_aside,
        space=space,
        exhaustive=space <= EXHAUSTIVE,
        replicas=replicas,
        seed=jury.seed,
        warnings=jury.scenario_of(meeting[0] if meeting else nearest).warnings,
    )


def front(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """Return the candidates that no other beats on both days and dollars, soonest first."""
    kept: list[Candidate] = []
    for each in sorted(candidates, key=lambda candidate: (candidate.days, candidate.usd)):
        if not kept or each.usd < kept[-1].usd:
            kept.append(each)
    return kept


def bindings(planned: Planned) -> Iterator[Binding]:
    """Yield the bounds that cost something, and what relaxing them buys; none of them where no bound binds."""
    wish = planned.wish

    def cheapest(days: float) -> float:
        return min((each.usd for each in planned.front if each.days <= days), default=inf)

    def soonest(usd: float) -> float:
        return min((each.days for each in planned.front if each.usd <= usd), default=inf)

    if wish.days < inf and cheapest(wish.days) > FELT * cheapest(inf):
        yield Binding(bound="deadline", now=cheapest(wish.days), relaxed=cheapest(wish.days * (1 + ROOM)),
                      free=cheapest(inf))  # fmt: skip
    if wish.usd < inf and soonest(wish.usd) > FELT * soonest(inf):
        yield Binding(bound="budget", now=soonest(wish.usd), relaxed=soonest(wish.usd * (1 + ROOM)),
                      free=soonest(inf))  # fmt: skip


def _by_dollars(candidate: Candidate) -> tuple[float, float]:
    return candidate.usd, candidate.days


def _listed(path: Path, values: Dimension) -> Sequence[Any]:
    if isinstance(values, Interval):
        message = "a decision needs values: write [a, b], range(low, high, step) or logrange(low, high, count)"
        raise ScenarioError([Issue(file="--over", path=dotted(path), message=message)])
    return values


class _Jury:
    """Resolves, runs and remembers candidates."""

    def __init__(
        self, loaded: Loaded, table: Mapping[Path, Sequence[Any]], wish: Wish, place: Site, replicas: int,
        progress: Progress,
    ) -> None:  # fmt: skip
        self.loaded, self.table, self.wish = loaded, table, wish
        self.place, self.replicas, self.progress = place, replicas, progress
        self.seed = 0  # of the candidates that resolve
        self.known: dict[tuple[Any, ...], Candidate] = {}
        self.judged: set[tuple[Any, ...]] = set()  # known, or set aside
        self.issues: dict[Issue, None] = {}
        self.set_aside: dict[str, int] = {}
        self._words = Place(file="--over", line=None, folder=FilePath.cwd())

    def judge(self, points: Sequence[tuple[Any, ...]]) -> None:
        """Run what is new, and keep its figures."""
        points = [point for point in points if point not in self.judged]
        self.judged.update(points)
        scenarios = {point: self._scenario(point) for point in points}
        able = {point: scenario for point, scenario in scenarios.items() if scenario is not None}
        self.seed = next((scenario.seed for scenario in able.values()), self.seed)
        self.progress(len(points) - len(able))
        order = list(able)
        wanted = (Figure(quantity="finish_days", quantile=self.wish.confidence),
                  Figure(quantity="usd", quantile=self.wish.confidence),
                  Figure(quantity="finish_days"), Figure(quantity="usd"))  # fmt: skip
        tasks = [(replace(bare(able[point]), replicas=self.replicas), wanted) for point in order]
        for settled in completed(_figures, tasks, self.place):
            for number, row in settled:
                if isinstance(row, Failure):
                    self._aside(row.message)
                else:
                    self.known[order[number]] = self._candidate(order[number], row, basis(able[order[number]].tariff))
            self.progress(len(settled))

    def confirmed(self, candidate: Candidate) -> Confirmed:
        """Run a candidate event by event."""
        scenario, replicas = self.scenario_of(candidate), min(CONFIRMING, self.replicas)
        outcome, _ = sampled(replace(scenario, engine="simulate", replicas=replicas))
        days, usd = (
            Figure(quantity=name, quantile=self.wish.confidence).of(outcome) for name in ("finish_days", "usd")
        )
        return Confirmed(candidate=candidate, days=days, usd=usd, replicas=replicas)

    def scenario_of(self, candidate: Candidate) -> Scenario:
        """Return the scenario of a candidate that has figures."""
        scenario = self._scenario(tuple(candidate.values.values()))
        assert scenario is not None
        return scenario

    def _candidate(self, point: tuple[Any, ...], row: Sequence[float], words: str) -> Candidate:
        days, usd, mean_days, mean_usd = row
        values = {dotted(path): value for path, value in zip(self.table, point, strict=True)}
        return Candidate(values=values, days=days, usd=usd, mean_days=mean_days, mean_usd=mean_usd, basis=words)

    def _scenario(self, point: tuple[Any, ...]) -> Scenario | None:
        changed = self.loaded
        try:
            for path, value in zip(self.table, point, strict=True):
                changed = changed.changed(path, value, self._words)
            return resolve(changed)
        except ScenarioError as error:
            self.issues |= dict.fromkeys(error.issues)
            self._aside(error.issues[0].message)
        return None

    def _aside(self, reason: str) -> None:
        self.set_aside[reason] = self.set_aside.get(reason, 0) + 1


def _figures(task: tuple[Scenario, Sequence[Figure]]) -> Sequence[float]:
    scenario, wanted = task
    outcome, _ = sampled(scenario)
    return [figure.of(outcome) for figure in wanted]


def _guided(jury: _Jury, trials: int, seed: int) -> None:
    """Let optuna choose candidates: two objectives, the wish as a constraint, a batch at a time.

    Raises
    ------
    MissingExtraError
        Without optuna.
    """
    try:
        import optuna
    except ImportError:
        raise MissingExtraError(
            f"more than {EXHAUSTIVE:,} candidates need optuna: pip install 'flopcast[stats]', or vary less"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    lists = [list(values) for values in jury.table.values()]
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=max(trials // 10, 10))
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
    for _ in range(trials):
        trial = study.ask()
        point = tuple(
            values[trial.suggest_int(f"decision {number}", 0, len(values) - 1)] for number, values in enumerate(lists)
        )
        jury.judge([point])
        known = jury.known.get(point)
        if known is None:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            continue
        trial.set_constraint("excess", jury.wish.excess(known.days, known.usd))
        study.tell(trial, [known.days, known.usd])


def standing(loaded: Loaded) -> Mapping[Path, Sequence[Any]]:
    """Return what is decided where nothing is named: how many machines, spares, and how often to save.

    Raises
    ------
    ScenarioError
        If the scenario does not resolve.
    """
    scenario = resolve(loaded)
    found: dict[Path, Sequence[Any]] = {}
    if "phases" not in loaded.document and scenario.stages[0].scales:
        node, now = scenario.accelerators_per_node, scenario.stages[0].accelerators
        counts = {max(round(now * factor / node), 1) * node for factor in _COUNTS}
        found["cluster", "accelerators"] = sorted(counts)
    if scenario.recovery.spares is not None:
        found["cluster", "spares"] = sorted({0, 1, 2, 4, 8, scenario.recovery.spares})
    if loaded.document.get("checkpoint", {}).get("policy") == "periodic":
        found["checkpoint", "interval"] = ["15 min", "30 min", "60 min", "120 min"]
    return found
