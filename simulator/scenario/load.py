"""From files and ``--set`` to one merged document that remembers where each value came from."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any

from simulator.foundation.issues import Issue, ScenarioError, not_among, shorten
from simulator.scenario.lines import Path, dotted, lines, undotted

SHIPPED = FilePath(__file__).resolve().parents[2] / "scenarios"
_LARGEST_BYTES = 4 * 2**20
_DEEPEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value was written: a file and line, or ``--set``; `folder` is what relative paths start from."""

    file: str
    line: int | None
    folder: FilePath

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
    """

    name: str
    document: Mapping[str, Any]
    places: Mapping[Path, Place]
    sweep: Mapping[Path, Sequence[Any]]

    def place(self, path: Path) -> Place | None:
        """Return the place of the longest part of a path that was written."""
        for length in range(len(path), 0, -1):
            if found := self.places.get(path[:length]):
                return found
        return None

    def issue(self, path: Path, message: str) -> Issue:
        """Return a problem with its place."""
        place = self.place(path) or self.places[()]
        return Issue(path=dotted(path), message=message, file=place.file, line=place.line)

    def changed(self, path: Path, value: Any, place: Place) -> "Loaded":
        """Return a copy in which one value is another.

        Raises
        ------
        ValueError
            If the path leads through something that is not a table, or to no element of a list.
        """
        places = {known: at for known, at in self.places.items() if known[: len(path)] != path}
        return replace(self, document=_put(self.document, path, value), places=places | {path: place})


def shipped() -> list[str]:
    """Return the names of the scenarios that come with flopcast."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def load(name_or_path: str | FilePath, *, sets: Sequence[str] = ()) -> Loaded:
    """Read a scenario, with all that it extends and with changes from the command line.

    Parameters
    ----------
    name_or_path : str or Path
        A shipped scenario's name, or a file.
    sets : sequence of str
        Changes such as ``cluster.accelerators=1024``; the value is TOML, or else text.

    Raises
    ------
    ScenarioError
        With every problem of reading; what the values mean is checked by `resolve`.
    """
    file = find(str(name_or_path), FilePath.cwd())
    loaded = _merged(file, ())
    issues: list[Issue] = []
    for change in sets:
        try:
            loaded = _set(loaded, change)
        except ScenarioError as error:
            issues.extend(error.issues)
    if issues:
        raise ScenarioError(issues)
    return _without_sweep(loaded)


def find(name_or_path: str, folder: FilePath) -> FilePath:
    """Return the file of a shipped name or a path.

    Raises
    ------
    ScenarioError
        If there is none.
    """
    names = shipped()
    if name_or_path in names:
        return SHIPPED / f"{name_or_path}.toml"
    looks_like_a_path = name_or_path.endswith(".toml") or "/" in name_or_path or "\\" in name_or_path
    try:
        path = folder / name_or_path
        if looks_like_a_path or path.exists():
            return path
    except (OSError, ValueError):  # too long a name, or a null byte
        pass
    raise ScenarioError([Issue(message=f"no shipped scenario and no file: {not_among(name_or_path, names, most=30)}")])


def _merged(file: FilePath, chain: Sequence[FilePath]) -> Loaded:
    """Read a file on top of what it extends."""
    shown = _shown(file)
    own, text = _read(file, shown)
    numbers = lines(text)
    places = {path: Place(file=shown, line=line, folder=file.parent) for path, line in numbers.items()}
    loaded = Loaded(
        name=file.stem,
        document={key: value for key, value in own.items() if key != "extends"},
        places=places | {(): Place(file=shown, line=None, folder=file.parent)},
        sweep={},
    )
    chain = (*chain, file.resolve())
    whole: Loaded | None = None
    for base in _bases(own, loaded):
        try:
            found = find(base, file.parent)
        except ScenarioError as error:
            raise ScenarioError([loaded.issue(("extends",), error.issues[0].message)]) from None
        if found.resolve() in chain:
            names = " -> ".join(path.stem for path in (*chain[chain.index(found.resolve()) :], found))
            raise ScenarioError([loaded.issue(("extends",), f"scenarios extend each other in a circle: {names}")])
        if not found.is_file():
            raise ScenarioError([loaded.issue(("extends",), f"{shorten(base)!r} does not exist, or is not a file")])
        whole = _over(whole, _merged(found, chain))
    return loaded if whole is None else _over(whole, loaded)


def _bases(own: Mapping[str, Any], loaded: Loaded) -> Sequence[str]:
    extends = own.get("extends", [])
    bases = [extends] if isinstance(extends, str) else extends
    if not isinstance(bases, list) or not all(isinstance(base, str) and base for base in bases):
        raise ScenarioError([loaded.issue(("extends",), "expected a scenario's name or path, or a list of them")])
    return bases


def _read(file: FilePath, shown: str) -> tuple[dict[str, Any], str]:
    """Read one file of TOML; every way in which that can fail is a `ScenarioError`."""
    try:
        if file.is_file() and file.stat().st_size > _LARGEST_BYTES:
            raise ScenarioError([Issue(file=shown, message="larger than 4 MiB, which is no scenario")])
        text = file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        raise ScenarioError([Issue(file=shown, message="there is no such file")]) from None
    except IsADirectoryError:
        raise ScenarioError([Issue(file=shown, message="this is a folder; name a .toml file in it")]) from None
    except UnicodeDecodeError as error:
        raise ScenarioError([Issue(file=shown, message=f"not UTF-8 text, at byte {error.start}")]) from None
    except (OSError, ValueError) as error:
        raise ScenarioError([Issue(file=shown, message=f"cannot be read: {_reason(error)}")]) from None
    return _parsed(text, shown), text


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _parsed(text: str, shown: str) -> dict[str, Any]:
    deep = ScenarioError([Issue(file=shown, message="lists or tables are nested too deeply")])
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise deep from None
    except ValueError as error:
        message, _, place = str(error).partition(" (at ")
        line = next((int(word) for word in place.replace(",", " ").split() if word.isdigit()), None)
        if line is None and "end of document" in place:
            line = text.count("\n") + 1
        raise ScenarioError([Issue(file=shown, line=line, message=f"not TOML: {message}")]) from None
    if _is_deeper(table, _DEEPEST):
        raise deep
    return table


def _is_deeper(table: dict[str, Any], most: int) -> bool:
    """Tell whether something is nested deeper than a scenario can be; dotted keys can make any depth."""
    level: list[Any] = [table]
    for _ in range(most):
        level = [item for node in level for item in (node.values() if isinstance(node, dict) else node)
                 if isinstance(item, dict | list)]  # fmt: skip
    return bool(level)


def _shown(file: FilePath) -> str:
    """Name a file as short as it is clear; shipped ones alike from every folder."""
    if file.parent == SHIPPED:
        return f"scenarios/{file.name}"
    try:
        return str(file.relative_to(FilePath.cwd()))
    except ValueError:
        return str(file)


def _over(below: Loaded | None, above: Loaded) -> Loaded:
    """Lay one scenario over another: tables merge, everything else is replaced."""
    if below is None:
        return above
    places = dict(below.places)
    document = _laid(below.document, above.document, (), places)
    return replace(above, document=document, places=places | dict(above.places))


def _laid(below: Mapping[str, Any], above: Mapping[str, Any], path: Path, places: dict[Path, Place]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        here = (*path, key)
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _laid(merged[key], value, here, places)
        else:
            for old in [old for old in places if old[: len(here)] == here]:
                del places[old]
            merged[key] = value
    return merged


def _set(loaded: Loaded, change: str) -> Loaded:
    """Apply one ``path=value``."""
    place = Place(file="--set", line=None, folder=FilePath.cwd())
    left, equals, right = change.partition("=")
    if not equals:
        raise ScenarioError([Issue(file="--set", message=f"{shorten(change)!r} has no '='; write path=value")])
    try:
        path = undotted(left)
        if len(path) > _DEEPEST:
            raise ValueError("this path is too deep for a scenario")
        if path[0] == "extends":
            raise ValueError("extends can only be written in a file")
        return loaded.changed(path, set_value(right), place)
    except ValueError as error:
        raise ScenarioError([Issue(file="--set", path=shorten(left.strip()), message=str(error))]) from None


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


def _without_sweep(loaded: Loaded) -> Loaded:
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
            issues.append(loaded.issue(here, "expected a list with at least one value, such as [1024, 2048]"))
            continue
        sweep[path] = values
        places[("sweep", *path)] = loaded.place(here) or places[()]
    if issues:
        raise ScenarioError(issues)
    return replace(loaded, document=document, sweep=sweep, places=places)


def _leaves(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value
