"""Changes from the command line, and the values that a study varies."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

from simulator.foundation.issues import Issue, ScenarioError, shorten
from simulator.scenario.lines import Path, dotted, undotted
from simulator.scenario.merge import Loaded, Place

DEEPEST = 20
_UNTOLD = ("run", "title", "note", "published")  # what changes nothing of the run that a title tells of
_MOST_TOLD = 4


class Change(str):
    """A ``path=value`` that knows which option of the command line it came from, for messages and sources.

    Examples
    --------
    >>> Change("run.seed=3", "--seed").option, Change("run.seed=3")
    ('--seed', 'run.seed=3')
    """

    option: str

    def __new__(cls, text: str, option: str = "--set") -> "Change":
        """Return the text, marked."""
        made = super().__new__(cls, text)
        made.option = option
        return made


def apply_set(loaded: Loaded, change: str) -> Loaded:
    """Apply one ``path=value``; what is no `Change` was written with ``--set``."""
    option = change.option if isinstance(change, Change) else "--set"
    place = Place(file=option, line=None, folder=FilePath.cwd())
    left, equals, right = change.partition("=")
    if not equals:
        raise ScenarioError([Issue(file=option, message=f"{shorten(change)!r} has no '='; write path=value")])
    try:
        path = undotted(left)
        if len(path) > DEEPEST:
            raise ValueError("this path is too deep for a scenario")
        if path[0] in ("extends", "without"):
            raise ValueError(f"{path[0]} can only be written in a file")
        return loaded.changed(path, set_value(right), place) if right.strip() else loaded.without(path)
    except ScenarioError:
        raise
    except ValueError as error:
        raise ScenarioError([Issue(file=option, path=shorten(left.strip()), message=str(error))]) from None


def retitled(loaded: Loaded, sets: Sequence[str]) -> list[str]:
    """Return the changes and one more, of the title: its own words, "on 2,048 A100", may no longer hold.

    Parameters
    ----------
    loaded : Loaded
        The scenario without the changes.
    sets : sequence of str
        Each ``path=value``.
    """
    own = loaded.document.get("title", loaded.name)
    paths = [change.partition("=")[0].strip() for change in sets]
    told = [shorten(change) for change, path in zip(sets, paths, strict=True) if path.split(".")[0] not in _UNTOLD]
    if not told or "title" in paths or not isinstance(own, str):
        return list(sets)
    more = f" and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    title = f"{own}; changed: {', '.join(told[:_MOST_TOLD])}{more}"
    return [*sets, Change(f"title={json.dumps(title, ensure_ascii=False)}")]


def set_value(text: str) -> Any:
    """Read the right side of ``--set``: TOML where it is, text where it is not.

    Examples
    --------
    >>> set_value("1024"), set_value("30 min"), set_value("true"), set_value("[1, 2]")
    (1024, '30 min', True, [1, 2])
    """
    text = text.strip()
    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return table["value"] if table.keys() == {"value"} else text


def without_sweep(loaded: Loaded) -> Loaded:
    """Take the sweep out of the document and set it aside, with its paths read.

    Raises
    ------
    ScenarioError
        If it is no table of lists, or a path cannot be read.
    """
    document = dict(loaded.document)
    table = document.pop("sweep", {})
    if not isinstance(table, dict):
        raise ScenarioError([loaded.issue(("sweep",), "expected a table of paths with lists of values")])
    sweep: dict[Path, Sequence[Any]] = {}
    places = dict(loaded.places)
    issues = []
    for written, values in _leaves(table, ()):
        here: Path = ("sweep", *written)
        try:
            path = tuple(part for word in written for part in undotted(word))
        except ValueError as error:
            issues.append(loaded.issue(here, str(error)))
            continue
        if not isinstance(values, list) or not values:
            issue = loaded.issue(here, "expected a list with at least one value, such as [1024, 2048]")
            issues.append(replace(issue, path=dotted(("sweep", *path))))
            continue
        sweep[path] = values
        places["sweep", *path] = loaded.place(here) or places[()]
    if issues:
        raise ScenarioError(issues)
    return replace(loaded, document=document, sweep=sweep, places=places)


def _leaves(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value
