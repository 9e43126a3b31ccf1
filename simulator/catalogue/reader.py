"""One reader for every dated fact with a source: hardware, systems, architectures, data sets, failures, prices.

A kind is a file of this package. ``KIND.toml`` holds one table a key; sub-tables are parts, such as the causes of a
failure catalogue, and a part inherits whatever it does not state itself. ``KIND.csv`` holds one fact a row. Numbers are
in base units, with the unit last in the field's name (``hbm_bytes``, ``nic_bytes_per_s``, ``detection_s``).
"""

import csv
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from importlib.resources import files
from io import StringIO
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from simulator.foundation.issues import not_among

Value: TypeAlias = float | str | bool | tuple[Any, ...]

EVIDENCE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "P": "primary text read",
        "A": "abstract read",
        "D": "derived by arithmetic",
        "S": "secondary",
        "V": "unverified: vendor's statement",
        "M": "unverified: from memory or assumed",
    }
)

_ABOUT = ("title", "source", "date", "evidence", "notes", "aliases", "unverified")
_NOT_INHERITED = ("title", "notes", "aliases")


class CatalogueError(KeyError):
    """A kind, key or field that the catalogue does not have; the message lists what is near."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One fact sheet: its values, and where they come from.

    Parameters
    ----------
    key, kind, title : str
        Name in the file, the file's kind, and words for people.
    values : mapping of str to float, str, bool or tuple
        Figures in base units and words.
    source, date, evidence : str
        Citation, ISO date of that source, and one letter of `EVIDENCE`.
    unverified : tuple of str
        Fields that are worse founded than the entry: conflicting sources, memory or assumption.
    notes : str
        What a reader should know before using the entry.
    parts : mapping of str to Entry
        Sub-entries, such as the causes of a failure catalogue.
    """

    key: str
    kind: str
    title: str
    values: Mapping[str, Value]
    source: str
    date: str
    evidence: str
    unverified: tuple[str, ...] = ()
    notes: str = ""
    aliases: tuple[str, ...] = ()
    parts: Mapping[str, "Entry"] = field(default_factory=dict)

    @property
    def standing(self) -> str:
        """How well the entry is founded, in words."""
        return EVIDENCE[self.evidence]

    def standing_of(self, name: str) -> str:
        """How well one field is founded: its own mark, that of its group (``mfu_evidence``), or the entry's."""
        group = self.values.get(f"{name.split('_')[0]}_evidence")
        return "unverified" if name in self.unverified else EVIDENCE[group if isinstance(group, str) else self.evidence]

    def number(self, name: str) -> float:
        """Return a figure in base units; a field that is absent or not a number is a `CatalogueError`."""
        found = self.get_number(name)
        if found is None:
            raise CatalogueError(f"{self.kind} {self.key}: field {not_among(name, self.values)}")
        return found

    def get_number(self, name: str) -> float | None:
        """Return a figure in base units, or None where the entry states none."""
        found = self.values.get(name)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise CatalogueError(f"{self.kind} {self.key}: {name} is {found!r}, expected a number")
        return float(found)

    def text(self, name: str) -> str:
        """Return a word; a field that is absent or not text is a `CatalogueError`."""
        found = self.values.get(name)
        if not isinstance(found, str):
            raise CatalogueError(f"{self.kind} {self.key}: {name} is {found!r}, expected text")
        return found


def kinds() -> Sequence[str]:
    """Return the kinds that can be read as entries, sorted.

    Examples
    --------
    >>> "accelerators" in kinds()
    True
    """
    return sorted(item.name[:-5] for item in files(__package__).iterdir() if item.name.endswith(".toml"))


@lru_cache(maxsize=32)
def read(kind: str) -> Mapping[str, Entry]:
    """Read all entries of a kind, by key.

    Parameters
    ----------
    kind : str
        One of `kinds`, such as ``accelerators``.

    Raises
    ------
    CatalogueError
        When there is no such kind, or an entry lacks source, date or evidence.
    """
    if kind not in kinds():
        raise CatalogueError(f"kind of catalogue {not_among(kind, kinds())}")
    table = tomllib.loads(_resource(f"{kind}.toml"))
    return MappingProxyType({key: parse_entry(kind, key, fields) for key, fields in table.items()})


def entry(kind: str, key: str) -> Entry:
    """Return one entry by its key or an alias; case, spaces and underscores do not matter.

    Raises
    ------
    CatalogueError
        With the nearest keys.

    Examples
    --------
    >>> entry("accelerators", "A100-80GB").key
    'a100-sxm-80gb'
    """
    entries = read(kind)
    found = _names(kind).get(fold(key))
    if found is None:
        raise CatalogueError(f"{kind}: {not_among(key, entries, most=30)}")
    return entries[found]


@lru_cache(maxsize=8)
def rows(kind: str) -> Sequence[Mapping[str, str]]:
    """Read the facts of a CSV kind such as ``prices``, each with source, date and evidence."""
    return tuple(MappingProxyType(row) for row in csv.DictReader(StringIO(_resource(f"{kind}.csv"))))


def fold(key: str) -> str:
    """Return the spelling under which keys are compared.

    Examples
    --------
    >>> fold("A100_SXM 80GB")
    'a100-sxm-80gb'
    """
    return "-".join(key.lower().replace("_", " ").replace("-", " ").split())


def parse_entry(kind: str, key: str, fields: Mapping[str, Any], parent: Mapping[str, Any] | None = None) -> Entry:
    """Make an entry from a table; a part inherits from `parent` what it does not state."""
    given = {name: value for name, value in (parent or {}).items() if name not in _NOT_INHERITED} | dict(fields)
    for name in ("source", "date", "evidence"):
        if not given.get(name):
            raise CatalogueError(f"{kind} {key}: {name} is missing; every entry states source, date and evidence")
    if given["evidence"] not in EVIDENCE:
        raise CatalogueError(f"{kind} {key}: evidence {not_among(str(given['evidence']), EVIDENCE)}")
    plain = {name: value for name, value in given.items() if not isinstance(value, dict)}
    values = {name: _value(value) for name, value in plain.items() if name not in _ABOUT}
    parts = {name: parse_entry(kind, name, value, plain) for name, value in fields.items() if isinstance(value, dict)}
    return Entry(
        key=key,
        kind=kind,
        title=str(given.get("title", key)),
        values=MappingProxyType(values),
        source=str(given["source"]),
        date=str(_value(given["date"])),
        evidence=given["evidence"],
        unverified=tuple(name for name in given.get("unverified", ()) if name in values),
        notes=str(given.get("notes", "")),
        aliases=tuple(given.get("aliases", ())),
        parts=MappingProxyType(parts),
    )


def _value(value: Any) -> Value:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, bool | str):
        return value
    if isinstance(value, list):
        return tuple(_value(item) for item in value)
    return float(value)


@lru_cache(maxsize=32)
def _names(kind: str) -> Mapping[str, str]:
    names: dict[str, str] = {}
    for key, found in read(kind).items():
        for name in (key, *found.aliases):
            if names.setdefault(fold(name), key) != key:
                raise CatalogueError(f"{kind}: {name!r} names both {names[fold(name)]!r} and {key!r}")
    return MappingProxyType(names)


def _resource(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
