"""Which of the changes between two scenarios explains how much of the difference: Shapley values.

Every subset of the changes is applied to A, resolved and run on the same luck. A change's part is its effect when it is
added, averaged over all orders in which the changes can be made; the parts sum to the whole difference.

Source: L. S. Shapley, A value for n-person games, 1953; the weights are those of its equation for finite games.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial
from typing import Any

from analysis.metrics.forecast import Samples
from analysis.study.evaluate import QUANTITIES, bare, sampled
from analysis.study.executor import Failure, Site, completed
from simulator.engine.run import silent
from simulator.scenario.api import resolve
from simulator.scenario.lines import Path, dotted
from simulator.scenario.load import Loaded
from simulator.scenario.merge import ALTERNATIVES
from simulator.scenario.values import Scenario

EFFECTS = (*QUANTITIES, "finish_days")  # days from submission: `wall_days` where nobody waits
MOST_VALUES = 8  # changed values that are told apart; 2^8 runs
MOST_SECTIONS = 10
_THEMES = {  # sections that hang together when a scenario is exchanged for a very different one
    "model": "speed", "throughput": "speed",
    "data": "work", "phases": "work",
    "cluster": "machines", "pricing": "machines", "start": "machines",
}  # fmt: skip
_WORDS_ONLY = ("note", "title", "published")  # sections that change no figure

Means = Mapping[str, float]


class MixtureError(RuntimeError):
    """A mixture of two scenarios that has no result, such as a run that never ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one change, or one group of changes, explains.

    Parameters
    ----------
    paths : sequence of str
        Dotted paths of the values that change together.
    effects : mapping of str to float
        Its part of the mean difference, by quantity, in the quantity's unit.
    """

    paths: Sequence[str]
    effects: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """The parts of a difference; they sum to it.

    Parameters
    ----------
    parts : sequence of Part
        Largest effect on dollars first.
    grain : str
        What was told apart: ``values``, ``sections``, ``themes`` (speed, work, machines with their prices, failures)
        or, where nothing can be, ``whole``.
    runs : int
        Scenarios that were run for it.
    """

    parts: Sequence[Part]
    grain: str
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that differs; `value` is absent where B does not state it."""

    path: Path
    stated: bool
    value: Any = None


def means_of(scenario: Scenario) -> Means:
    """Run a scenario and return the mean of each quantity."""
    return means_over(sampled(scenario)[0])


def means_over(found: Samples) -> Means:
    """Return the mean of each quantity over replicas that were run."""
    return {quantity: float(getattr(found, quantity).mean()) for quantity in EFFECTS}


def means_on(place: Site, progress: Callable[[int], None] = silent) -> Callable[[Sequence[Scenario]], Sequence[Means]]:
    """Return a function that runs scenarios at a place of work and returns their means in order.

    Raises
    ------
    MixtureError
        When called, if a scenario has no result.
    """

    def run(scenarios: Sequence[Scenario]) -> Sequence[Means]:
        found: dict[int, Means] = {}
        for settled in completed(means_of, scenarios, place):
            for number, means in settled:
                if isinstance(means, Failure):
                    raise MixtureError(means.message)
                found[number] = means
            progress(len(settled))
        return [found[number] for number in range(len(scenarios))]

    return run


def attribution(a: Loaded, b: Loaded, run: Callable[[Sequence[Scenario]], Sequence[Means]]) -> Attribution:
    """Split the difference between two scenarios over what was changed.

    Parameters
    ----------
    a, b : Loaded
        The scenarios, with the same seed and replicas.
    run : callable
        Runs scenarios and returns their means in order, such as `means_on` a place.

    Raises
    ------
    ScenarioError
        If A or B itself does not resolve.
    """
    first, last = resolve(a), resolve(b)
    changes = changes_of(a.document, b.document)
    if not changes:
        return Attribution(parts=[], grain="values", runs=0)
    for grain, groups in _grains(changes):
        try:
            mixtures = [first, *(resolve(_mixed(a, b, some)) for some in _between(groups)), last]
            return _attributed(groups, mixtures, run, grain)
        except (ValueError, MixtureError):  # some of these changes make no sense without others: take them together
            if grain == "whole":
                raise
    raise AssertionError("changes taken together resolve as B does")


def changes_of(a: Mapping[str, Any], b: Mapping[str, Any], path: Path = ()) -> list[Change]:
    """List the values in which two documents differ; lists count as one value.

    Examples
    --------
    >>> [dotted(change.path) for change in changes_of({"a": {"x": 1, "y": 2}}, {"a": {"x": 1, "z": 3}})]
    ['a.y', 'a.z']
    """
    found: list[Change] = []
    for key in dict.fromkeys((*a, *b)):
        here = (*path, key)
        old, new = a.get(key, {}), b.get(key, {})
        if here[0] in _WORDS_ONLY or (key in a and key in b and old == new):
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping) and (old or new):
            found += changes_of(old, new, here)
        elif key in b:
            found.append(Change(path=here, stated=True, value=new))
        else:
            found.append(Change(path=here, stated=False))
    return found


def _grains(changes: Sequence[Change]) -> Iterator[tuple[str, Sequence[Sequence[Change]]]]:
    """Yield ways to group the changes, from fine to coarse."""
    values = _grouped(changes, lambda change: _inseparable(change.path))
    sections = _grouped(changes, lambda change: change.path[:1])
    if len(values) <= MOST_VALUES:
        yield "values", values
    if len(sections) <= MOST_SECTIONS:
        yield "sections", sections
    yield "themes", _grouped(changes, lambda change: (_THEMES.get(str(change.path[0]), "failures"),))
    yield "whole", [changes]


def _inseparable(path: Path) -> Path:
    """Return the same name for values that are alternatives to each other, such as two ways to state a speed."""
    return path[:-1] if path[-1] in ALTERNATIVES.get(path[:-1], ()) else path


def _grouped(changes: Sequence[Change], name: Callable[[Change], Path]) -> Sequence[Sequence[Change]]:
    groups: dict[Path, list[Change]] = {}
    for change in changes:
        groups.setdefault(name(change), []).append(change)
    return list(groups.values())


def _subsets(count: int) -> Iterator[tuple[int, ...]]:
    """Yield all subsets of the first whole numbers, the empty one first and the full one last."""
    for size in range(count + 1):
        yield from combinations(range(count), size)


def _between(groups: Sequence[Sequence[Change]]) -> Iterator[Sequence[Change]]:
    """Yield the changes of every subset of the groups except none and all."""
    for subset in _subsets(len(groups)):
        if 0 < len(subset) < len(groups):
            yield [change for number in subset for change in groups[number]]


def _mixed(a: Loaded, b: Loaded, changes: Sequence[Change]) -> Loaded:
    """Return A with some of B's changes."""
    mixed = a
    for change in changes:
        if not change.stated:
            mixed = mixed.without(change.path)
    for change in changes:
        if change.stated:
            mixed = mixed.changed(change.path, change.value, b.place(change.path) or b.places[()])
    return mixed


def _attributed(
    groups: Sequence[Sequence[Change]], mixtures: Sequence[Scenario],
    run: Callable[[Sequence[Scenario]], Sequence[Means]], grain: str,
) -> Attribution:  # fmt: skip
    """Run each different mixture once, and weigh them."""
    different = {mixture.fingerprint: bare(mixture) for mixture in mixtures}
    known = dict(zip(different, run(list(different.values())), strict=True))
    subsets = _subsets(len(groups))
    worth = {subset: known[mixture.fingerprint] for subset, mixture in zip(subsets, mixtures, strict=True)}
    tables = {of: {subset: means[of] for subset, means in worth.items()} for of in EFFECTS}
    parts = [
        Part(
            paths=[dotted(change.path) for change in group],
            effects={of: shapley(number, len(groups), tables[of].__getitem__) for of in EFFECTS},
        )
        for number, group in enumerate(groups)
    ]
    parts.sort(key=lambda part: (-abs(part.effects["usd"]), -abs(part.effects["wall_days"]), part.paths))
    return Attribution(parts=parts, grain=grain, runs=len(different))


def shapley(player: int, players: int, worth: Callable[[tuple[int, ...]], float]) -> float:
    """Return one player's Shapley value.

    Parameters
    ----------
    player, players : int
        Which one, from 0, and how many there are.
    worth : callable
        What a coalition achieves, given as ascending numbers.

    Examples
    --------
    Two gloves make a pair, worth 1; players 0 and 1 have a left one, 2 the only right one.

    >>> pairs = lambda some: float(2 in some and len(some) > 1)
    >>> [round(shapley(player, 3, pairs), 4) for player in range(3)]
    [0.1667, 0.1667, 0.6667]
    """
    total = 0.0
    others = [other for other in range(players) if other != player]
    for size in range(players):
        weight = factorial(size) * factorial(players - size - 1) / factorial(players)
        for some in combinations(others, size):
            total += weight * (worth(tuple(sorted((*some, player)))) - worth(some))
    return total
