"""What a report is about: a scenario by name or file, or the folder of an earlier run."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from simulator.foundation.issues import Issue, ScenarioError
from simulator.scenario.api import scenario as resolved
from simulator.scenario.changes import retitled
from simulator.scenario.load import load
from simulator.scenario.values import Assumption, Scenario

RESOLVED = "resolved.toml"
RESULT = "run.json"

_COMMENT = "  # "
_MARKS = {" (unverified)": "M", " (vendor's statement)": "V", " (secondary)": "S"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A scenario to report on, and the result of the run that it came with, if it came with one."""

    scenario: Scenario
    earlier: Mapping[str, Any] | None = None


def read(name_or_path: str, sets: Sequence[str] = ()) -> Source:
    """Read a scenario, or the folder that ``flopcast run --out`` wrote.

    Raises
    ------
    ScenarioError
        With every problem.
    """
    folder = Path(name_or_path)
    if not _is_folder(folder):
        return Source(scenario=resolved(name_or_path, retitled(load(name_or_path), sets)))
    file = folder / RESOLVED
    if not file.is_file():
        message = (
            f"this folder holds no {RESOLVED}, so it is not a run; `flopcast run SCENARIO --out FOLDER` writes one"
        )
        raise ScenarioError([Issue(file=name_or_path, message=message)])
    earlier = _earlier(folder / RESULT)
    scenario = with_sources(resolved(file, retitled(load(file), sets)), file)
    return Source(scenario=replace(scenario, name=str((earlier or {}).get("scenario", folder.name))), earlier=earlier)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _earlier(file: Path) -> Mapping[str, Any] | None:
    """Return what an earlier run found; None if it left no result."""
    if not file.exists():
        return None
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScenarioError([Issue(file=str(file), message=f"cannot be read as JSON: {error}")]) from None
    if not isinstance(found, dict):
        raise ScenarioError([Issue(file=str(file), message="is not a result of `flopcast run`: expected an object")])
    return found


def with_sources(scenario: Scenario, file: Path) -> Scenario:
    """Give values that were read from a ``resolved.toml`` the sources that its comments name."""
    lines = file.read_text(encoding="utf-8").splitlines()
    place = re.compile(rf".*{re.escape(file.name)}:(\d+)$")
    return replace(scenario, assumptions=tuple(_traced(row, lines, place) for row in scenario.assumptions))


def _traced(row: Assumption, lines: Sequence[str], place: re.Pattern[str]) -> Assumption:
    found = place.match(row.source)
    number = int(found[1]) if found else 0
    if not 0 < number <= len(lines) or _COMMENT not in lines[number - 1]:
        return row
    source = lines[number - 1].rpartition(_COMMENT)[2]
    mark = next((mark for mark in _MARKS if source.endswith(mark)), None)
    if mark is None:
        return replace(row, source=source)
    return replace(row, source=source.removesuffix(mark), evidence=_MARKS[mark])


def differences(earlier: Mapping[str, Any], facts: Mapping[str, Any]) -> Sequence[str]:
    """Say where an earlier result and the present one differ, which they do not for equal versions and settings.

    Examples
    --------
    >>> differences({"version": "0.1", "seed": 1}, {"version": "0.2", "seed": 1})
    ['version was 0.1, is 0.2']
    """
    same = ("version", "fingerprint", "seed", "replicas", "engine", "wall_days", "usd")
    return [
        f"{name} was {_brief(earlier[name])}, is {_brief(facts[name])}"
        for name in same
        if name in earlier and name in facts and earlier[name] != facts[name]
    ]


def _brief(value: Any) -> str:
    return f"{value['mean']:.6g} in the mean" if isinstance(value, dict) and "mean" in value else str(value)
