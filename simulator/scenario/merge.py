"""A merged scenario: a tree of values that remembers where each was written, and how one tree is laid over another."""

import errno
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

from simulator.foundation.issues import Issue, ScenarioError, shorten
from simulator.scenario.lines import Path, dotted

ALTERNATIVES: Mapping[
    Path, Sequence[str]
] = {  # ways to say one thing: the last that is said takes the place of the others
    ("throughput",): ("mfu", "tokens_per_second_per_accelerator", "step_time", "method"),
    ("pricing",): ("rate", "book"),
}
RATE: Path = ("pricing", "rate")
OF_A_ROW: Sequence[str] = ("provider", "date")
"""Whose price, and of which day: a rate that is stated on top is not theirs. The region stays: it is the machines'."""
OF_A_RUN: Sequence[str] = ("published", "note")
"""Tables whose values are said of the run as it was where they were written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value was written: a file and line, or an option of the command line such as ``--set``.

    `folder` is what relative paths start from; None where no file may be named.
    """

    file: str
    line: int | None
    folder: FilePath | None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A merged scenario before anything is looked up.

    Parameters
    ----------
    name : str
        Stem of the file.
    document : mapping
        Values as TOML has them, without ``extends`` and ``sweep``.
    places : mapping of path to Place
        Where each table and value was written.
    sweep : mapping of path to sequence
        What the study varies, in the order of the file.
    said_of : mapping of path to (str, mapping)
        For each value in `OF_A_RUN`: the file that states it, and the document as it was there. What ``--set`` states
        is of the run as it is.
    """

    name: str
    document: Mapping[str, Any]
    places: Mapping[Path, Place]
    sweep: Mapping[Path, Sequence[Any]]
    said_of: Mapping[Path, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)

    def place(self, path: Path) -> Place | None:
        """Return the place of a path: its own, of what is in it, or of the longest part that was written."""
        if path not in self.places:
            for known, at in self.places.items():
                if path and known[: len(path)] == path:
                    return at
        for length in range(len(path), 0, -1):
            if found := self.places.get(path[:length]):
                return found
        return None

    def issue(self, path: Path, message: str) -> Issue:
        """Return a problem with its place."""
        place = self.place(path) or self.places[()]
        return Issue(path=dotted(path), message=message, file=place.file, line=place.line)

    def file(self, path: Path, written: str) -> FilePath:
        """Return the file that a value names; its path starts from the file in which the value stands.

        Raises
        ------
        PermissionError
            If the value stands in a scenario that was given as text.
        """
        folder = (self.place(path) or self.places[()]).folder
        if folder is None:
            raise PermissionError(errno.EACCES, "a scenario that is given as text names no files", shorten(written))
        return folder / written

    def changed(self, path: Path, value: Any, place: Place) -> "Loaded":
        """Return a copy in which one value is another.

        Raises
        ------
        ScenarioError
            If the path leads through something that is not a table, or to no element of a list.
        """
        others = [(*path[:-1], name) for name in ALTERNATIVES.get(path[:-1], ()) if name != path[-1]]
        gone = [path, *(others if path[-1] in ALTERNATIVES.get(path[:-1], ()) else [])]
        if path == RATE:
            rows = [(*RATE[:-1], key) for key in OF_A_ROW]
            gone += [row for row in rows if (at := self.places.get(row)) is not None and at.file != place.file]
        places = {known: at for known, at in self.places.items() if all(known[: len(old)] != old for old in gone)}
        try:
            document = _put(self.document, path, value)
        except ValueError as error:
            issue = Issue(file=place.file, line=place.line, path=shorten(dotted(path)), message=str(error))
            raise ScenarioError([issue]) from None
        for old in gone[1:]:
            document = _taken(document, old)
        of = {known: run for known, run in self.said_of.items() if known[: len(path)] != path}
        return replace(self, document=document, places=places | {path: place}, said_of=of)

    def stating(self, own: Mapping[str, Any], file: str) -> "Loaded":
        """Return a copy that knows that what ``own`` says in `OF_A_RUN` is of the run that the document is now."""
        tables = {name: own[name] for name in OF_A_RUN if isinstance(own.get(name), Mapping)}
        said = [(name, key) for name, table in tables.items() for key in table]
        return replace(self, said_of={**self.said_of, **dict.fromkeys(said, (file, self.document))})

    def without(self, path: Path) -> "Loaded":
        """Return a copy in which a key is not stated.

        Raises
        ------
        ValueError
            If it is not stated anyway.
        """
        places = {known: at for known, at in self.places.items() if known[: len(path)] != path}
        return replace(self, document=_taken(self.document, path, must=True), places=places)


def over(below: Loaded | None, above: Loaded) -> Loaded:
    """Lay one scenario over another: tables merge, everything else is replaced."""
    if below is None:
        return above
    places = dict(below.places)
    document = _laid(below.document, above.document, (), places)
    of = {**below.said_of, **above.said_of}
    return replace(above, document=document, places=places | dict(above.places), said_of=of)


def _laid(below: Mapping[str, Any], above: Mapping[str, Any], path: Path, places: dict[Path, Place]) -> dict[str, Any]:
    names = ALTERNATIVES.get(path, ())
    stale = [key for key in names if key not in above] if any(key in above for key in names) else []
    if (*path, "rate") == RATE and "rate" in above:
        stale += [key for key in OF_A_ROW if key not in above]
    for key in stale:
        for old in [old for old in places if old[: len(path) + 1] == (*path, key)]:
            del places[old]
    merged = {key: value for key, value in below.items() if key not in stale}
    for key, value in above.items():
        here = (*path, key)
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _laid(merged[key], value, here, places)
        else:
            for old in [old for old in places if old[: len(here)] == here]:
                del places[old]
            merged[key] = value
    return merged


def _put(tree: Any, path: Path, value: Any) -> Any:
    """Return a copy of a tree with one leaf changed."""
    if not path:
        return value
    head, rest = path[0], path[1:]
    if isinstance(head, int):
        if not isinstance(tree, list) or head >= len(tree):
            count = len(tree) if isinstance(tree, list) else 0
            raise ValueError(f"there is no element [{head}]; the list has {count}")
        return [_put(item, rest, value) if at == head else item for at, item in enumerate(tree)]
    if not isinstance(tree, Mapping):
        raise ValueError(f"{shorten(head)!r} cannot be set inside a value that is not a table")
    return {**tree, head: _put(tree.get(head, {} if rest and isinstance(rest[0], str) else None), rest, value)}


def _taken(tree: Mapping[str, Any], path: Path, *, must: bool = False) -> dict[str, Any]:
    """Return a copy of a document without one key of one of its tables."""
    head, rest = path[0], path[1:]
    inner = tree.get(head) if isinstance(head, str) else None
    if inner is None or (rest and not isinstance(inner, Mapping)):
        if must:
            raise ValueError(f"{dotted(path)} is not stated, so it cannot be taken away")
        return dict(tree)
    if not rest:
        return {key: value for key, value in tree.items() if key != head}
    return {**tree, str(head): _taken(inner, rest, must=must)}
