"""Systems by name: an entry of the catalogue, or a file of the user's own with units in its values."""

import math
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any, Final, get_args

from simulator.catalogue.reader import CatalogueError, Entry, entry
from simulator.cluster.hardware import Fabric
from simulator.foundation.issues import not_among
from simulator.foundation.units import UnitError, parse
from simulator.scenario.entry_files import entry_or_file, read_entry
from simulator.scenario.findings import Findings

SYSTEM: Final = ("cluster", "system")
_NEEDED = ("accelerator", "nodes", "accelerators_per_node", "fabric")
_COUNTS = ("nodes", "accelerators_per_node", "scale_up_domain", "nodes_per_rack", "racks", "racks_per_pod",
           "leaves_per_rack", "spines")  # fmt: skip
_SPEEDS = ("nic_bytes_per_s", "storage_read_bytes_per_s", "storage_write_bytes_per_s")
_SHAPES = ("torus_shape", "cube_shape")
_ABOUT = ("title", "source", "date", "evidence", "notes", "unverified", "aliases")
_KNOWN = ("accelerator", "fabric", *_COUNTS, *_SPEEDS, *_SHAPES, *_ABOUT)


def system_named(name: str, findings: Findings) -> Entry | None:
    """Return the system that a scenario names; None, with a problem noted, where its file is no system."""
    return entry_or_file("systems", name, SYSTEM, findings, read_system_file)


def read_system_file(file: FilePath, key: str | None = None) -> Entry:
    """Read one system of a file; speeds are text with units or numbers in byte/s.

    Raises
    ------
    ValueError
        If the file cannot be read, has no such system, or a value of it makes no sense; without the file's name.
    """
    return read_entry("systems", "system", file, key, _prepared)


def _prepared(key: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields in base units; a scale-up domain that is not stated is a node, or the whole torus."""
    for name in _NEEDED:
        if name not in fields:
            raise ValueError(f"{key}.{name}: is missing; a system states {', '.join(_NEEDED)}")
    found = {name: _value(f"{key}.{name}", name, value) for name, value in fields.items()}
    if found["fabric"] == "torus" and not found.get("torus_shape"):
        raise ValueError(f"{key}.torus_shape: is missing; a torus has sides, such as [16, 16, 16] accelerators")
    sides = found["torus_shape"] if found["fabric"] == "torus" else [found["accelerators_per_node"]]
    return {"scale_up_domain": math.prod(sides), **found}


def _value(path: str, name: str, value: Any) -> Any:
    try:
        if name in _COUNTS:
            return _count(value)
        if name in _SPEEDS:
            return _speed(value)
        if name in _SHAPES:
            return [_count(side) for side in value] if isinstance(value, list) else _refuse(value, "a list of sides")
        if name == "fabric":
            return value if value in get_args(Fabric) else _refuse(value, f"one of {', '.join(get_args(Fabric))}")
        if name == "accelerator":
            return entry("accelerators", value).key if isinstance(value, str) else _refuse(value, "a key in quotes")
    except (UnitError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None
    except CatalogueError as error:
        raise ValueError(f"{path}: {error.args[0]}") from None
    if name not in _ABOUT:
        raise ValueError(f"{path}: {not_among(name, _KNOWN, most=30)}")
    return value


def _count(value: Any) -> int:
    number = parse(value, "count")
    if number != int(number) or not 1 <= number <= 10**7:
        _refuse(value, "a whole number from 1 to 10 million")
    return int(number)


def _speed(value: Any) -> float:
    speed = parse(value, "bytes_per_s")
    return speed if speed > 0 else _refuse(value, "a speed such as '25 GB/s'")


def _refuse(value: Any, wanted: str) -> Any:
    raise ValueError(f"expected {wanted}, found {value!r}")
