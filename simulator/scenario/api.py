"""Scenarios from the outside: load, resolve, vary, write."""

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

from simulator.foundation.issues import Issue, ScenarioError
from simulator.scenario.cluster_case import SharedCluster
from simulator.scenario.cluster_resolve import is_shared, shared_of
from simulator.scenario.life import LifeCycle
from simulator.scenario.lifecycle import lifecycle_of
from simulator.scenario.lines import dotted
from simulator.scenario.load import Loaded, load, shipped
from simulator.scenario.problems import problems
from simulator.scenario.resolve import resolve
from simulator.scenario.schema import ScenarioFile
from simulator.scenario.values import Scenario
from simulator.scenario.written import resolved_toml

__all__ = [
    "Loaded",
    "check",
    "is_life_alone",
    "is_shared",
    "json_schema",
    "life",
    "load",
    "resolve",
    "resolved_toml",
    "scenario",
    "shared_cluster",
    "shipped",
    "variants",
]

MOST_VARIANTS = 100_000


def scenario(name_or_path: str | FilePath, sets: Sequence[str] = ()) -> Scenario:
    """Load and resolve a scenario; its sweep is checked and then left aside.

    Raises
    ------
    ScenarioError
        With every problem.
    """
    loaded = load(name_or_path, sets=sets)
    _check_sweep(loaded)
    return resolve(loaded)


def check(name_or_path: str | FilePath, sets: Sequence[str] = ()) -> Scenario:
    """Load and resolve a scenario, its life cycle and every variant of its sweep, and return the scenario itself.

    Raises
    ------
    ScenarioError
        With every problem.
    """
    loaded = load(name_or_path, sets=sets)
    variants(loaded)
    if "lifecycle" in loaded.document:
        lifecycle_of(loaded)
    return resolve(loaded)


def life(name_or_path: str | FilePath, sets: Sequence[str] = ()) -> LifeCycle:
    """Load and resolve the life cycle of a scenario, its training run included.

    Raises
    ------
    ScenarioError
        With every problem.
    """
    return lifecycle_of(load(name_or_path, sets=sets))


def shared_cluster(name_or_path: str | FilePath, sets: Sequence[str] = ()) -> SharedCluster:
    """Load and resolve a shared cluster with its jobs.

    Raises
    ------
    ScenarioError
        With every problem.
    """
    return shared_of(load(name_or_path, sets=sets))


def is_life_alone(loaded: Loaded) -> bool:
    """Tell whether a scenario is a life cycle without a training run, so that there is nothing to `resolve`."""
    return "lifecycle" in loaded.document and not loaded.document.get("cluster")


def variants(loaded: Loaded) -> list[tuple[Mapping[str, Any], Scenario]]:
    """Resolve every combination of the swept values, the last path varying fastest.

    Returns
    -------
    list of (overrides, Scenario)
        The overrides by dotted path, in the order of the file; a single one without overrides if nothing is swept.

    Raises
    ------
    ScenarioError
        With the problems of every variant.
    """
    _check_sweep(loaded)
    found: list[tuple[Mapping[str, Any], Scenario]] = []
    issues: dict[Issue, None] = {}
    for values in itertools.product(*loaded.sweep.values()):
        overrides = dict(zip(loaded.sweep, values, strict=True))
        changed = loaded
        for path, value in overrides.items():
            changed = changed.changed(path, value, loaded.places[("sweep", *path)])
        try:
            found.append(({dotted(path): value for path, value in overrides.items()}, resolve(changed)))
        except ScenarioError as error:
            issues |= dict.fromkeys(error.issues)
    if issues:
        raise ScenarioError(issues)
    return found


def _check_sweep(loaded: Loaded) -> None:
    """Refuse paths that the schema does not have and values that do not fit, together with the scenario's problems."""
    _, known = problems(loaded.document)
    issues = [loaded.issue(path, message) for path, message in known]
    if (count := math.prod(len(values) for values in loaded.sweep.values())) > MOST_VARIANTS:
        place = loaded.places[()]
        issues.append(
            Issue(file=place.file, path="sweep", message=f"{count} variants are too many; {MOST_VARIANTS} at most")
        )
        raise ScenarioError(issues)
    for path, values in loaded.sweep.items():
        place = loaded.places[("sweep", *path)]
        for value in values:
            try:
                _, found = problems(loaded.changed(path, value, place).document)
            except ScenarioError as error:
                found = [(path, error.issues[0].message)]
            issues += [
                Issue(path=f"sweep.{dotted(at)}", message=message, file=place.file, line=place.line)
                for at, message in found
                if (at, message) not in known
            ]
    if issues:
        raise ScenarioError(dict.fromkeys(issues))


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a scenario file."""
    schema = _plain(ScenarioFile.model_json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "flopcast scenario"}


def _plain(node: Any) -> Any:
    """Drop what only says that a key may be left out: null as type and as default, and titles that repeat it."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    choices = [choice for choice in node.get("anyOf", []) if choice != {"type": "null"}]
    if "anyOf" in node and len(choices) == 1:
        return _plain({**{key: value for key, value in node.items() if key != "anyOf"}, **choices[0]})
    return {
        key: {name: _plain(value) for name, value in item.items()} if key in ("properties", "$defs") else _plain(item)
        for key, item in node.items()
        if key != "default" and not (key == "title" and isinstance(item, str))
    }
