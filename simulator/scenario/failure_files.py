"""Failure catalogues by name: an entry of ours, or a file of the user's own, as `flopcast fit failures` writes it."""

import math
from pathlib import Path as FilePath
from typing import Final

from simulator.catalogue.reader import Entry
from simulator.foundation.issues import not_among
from simulator.scenario.entry_files import entry_or_file, read_entry
from simulator.scenario.findings import Findings

CATALOGUE: Final = ("failures", "catalogue")
_KINDS = ("fail_stop", "hang", "slow", "silent", "planned")


def failure_catalogue(name: str, findings: Findings) -> Entry | None:
    """Return the catalogue that a scenario names; None, with a problem noted, where its file is no catalogue."""
    return entry_or_file("failures", name, CATALOGUE, findings, read_failure_file)


def read_failure_file(file: FilePath, key: str | None = None) -> Entry:
    """Read one catalogue of a file, with a table for each cause in it.

    Raises
    ------
    ValueError
        If the file cannot be read, has no such catalogue, or a value of it makes no sense; without the file's name.
    """
    found = read_entry("failures", "catalogue", file, key)
    for name, part in found.parts.items():
        _check(f"{found.key}.{name}", part)
    return found


def _check(path: str, part: Entry) -> None:
    if part.parts:
        raise ValueError(f"{path}: a cause has no tables in it")
    for name, value in part.values.items():
        if isinstance(value, float) and (not math.isfinite(value) or value < 0):
            raise ValueError(f"{path}.{name}: {value:g} is no amount; write a finite number that is not negative")
        if name.endswith(("_s", "_per_1000_node_days", "_low", "_high")) and not isinstance(value, float):
            raise ValueError(f"{path}.{name}: expected a number, found {value!r}")
    if "rate_per_1000_node_days" not in part.values:
        raise ValueError(f"{path}: rate_per_1000_node_days is missing")
    if (kind := part.values.get("kind")) not in _KINDS:
        raise ValueError(f"{path}.kind: {'is missing' if kind is None else not_among(str(kind), _KINDS)}")
