"""Failure catalogues by name: an entry of ours, or a file of the user's own in the same form.

``catalogue = "my-fleet.toml"`` names a file beside the scenario; with several catalogues in it, ``my-fleet.toml#KEY``
says which. `flopcast fit failures` writes such files.
"""

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from simulator.catalogue.reader import CatalogueError, Entry, entry, parse_entry
from simulator.foundation.issues import not_among, shorten
from simulator.scenario.findings import Findings

CATALOGUE = ("failures", "catalogue")
_LARGEST_BYTES = 4 * 2**20
_KINDS = ("fail_stop", "hang", "slow", "silent", "planned")


def failure_catalogue(name: str, findings: Findings) -> Entry | None:
    """Return the catalogue that a scenario names; None, with a problem noted, where its file is no catalogue."""
    file, key = split(name)
    if not file.endswith(".toml"):
        return entry("failures", name)
    try:
        return read_failure_file(findings.loaded.file(CATALOGUE, file), key)
    except (ValueError, PermissionError) as problem:
        findings.problem(CATALOGUE, f"{shorten(file)}: {problem}")
        return None


def split(name: str) -> tuple[str, str | None]:
    """Return the file and the key of ``FILE.toml#KEY``.

    Examples
    --------
    >>> split("fleet.toml#lanl-18"), split("rsc-1")
    (('fleet.toml', 'lanl-18'), ('rsc-1', None))
    """
    file, mark, key = name.partition("#")
    return file, key if mark else None


def read_failure_file(file: FilePath, key: str | None = None) -> Entry:
    """Read one catalogue of a file.

    Raises
    ------
    ValueError
        If the file cannot be read, has no such catalogue, or a value of it makes no sense; without the file's name.
    """
    table = {name: fields for name, fields in _table(file).items() if isinstance(fields, dict)}
    if not table:
        raise ValueError("no catalogue in it; expected a table such as [my-fleet] with a table for each cause in it")
    if key is None and len(table) > 1:
        raise ValueError(f"has several catalogues; name one, as in {file.name}#{next(iter(table))}")
    chosen = next(iter(table)) if key is None else key
    if chosen not in table:
        raise ValueError(f"catalogue {not_among(chosen, table)}")
    try:
        found = parse_entry("failures", chosen, table[chosen])
    except (CatalogueError, TypeError) as error:
        raise ValueError(str(error)) from None
    for name, part in found.parts.items():
        _check(f"{chosen}.{name}", part)
    return found


def _table(file: FilePath) -> Mapping[str, Any]:
    try:
        if file.exists() and not file.is_file():
            raise ValueError("this is not a file")
        if file.exists() and file.stat().st_size > _LARGEST_BYTES:
            raise ValueError("larger than 4 MiB, which is no failure catalogue")
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 text, at byte {error.start}") from None
    except RecursionError:
        raise ValueError("lists or tables are nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"not TOML: {error}") from None


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
