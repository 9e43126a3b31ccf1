"""From files and ``--set`` to one merged document that remembers where each value came from."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

from simulator.foundation.issues import Issue, ScenarioError, not_among, shorten
from simulator.scenario.changes import DEEPEST, apply_set, without_sweep
from simulator.scenario.lines import lines, undotted
from simulator.scenario.merge import Loaded, Place, over

__all__ = ["SHIPPED", "Loaded", "find", "load", "load_text", "shipped", "shipped_lives"]

SHIPPED = FilePath(__file__).resolve().parents[2] / "scenarios"
_LARGEST_BYTES = 4 * 2**20


def shipped() -> list[str]:
    """Return the names of the scenarios that come with flopcast."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def shipped_lives() -> list[str]:
    """Return the names of the shipped life cycles that need not have a training run: they are in folders."""
    return sorted(path.relative_to(SHIPPED).with_suffix("").as_posix() for path in SHIPPED.glob("choices/*.toml"))


def shipped_clusters() -> list[str]:
    """Return the names of the shipped clusters with many jobs; the workloads beside them are no scenarios."""
    files = SHIPPED.glob("clusters/*.toml")
    return sorted(f"clusters/{path.stem}" for path in files if not path.stem.endswith(".workload"))


def load(name_or_path: str | FilePath, *, sets: Sequence[str] = ()) -> Loaded:
    """Read a scenario, with all that it extends and with changes from the command line.

    Parameters
    ----------
    name_or_path : str or Path
        A shipped scenario's name, or a file.
    sets : sequence of str
        Changes such as ``cluster.accelerators=1024``; the value is TOML, or else text; without a value the key is taken
        away.

    Raises
    ------
    ScenarioError
        With every problem of reading; what the values mean is checked by `resolve`.
    """
    return _with_sets(_merged(find(str(name_or_path), FilePath.cwd()), ()), sets)


def load_text(text: str, *, name: str, sets: Sequence[str] = ()) -> Loaded:
    """Read a scenario that is no file; it extends shipped ones only, and its values name no files.

    Parameters
    ----------
    text : str
        TOML, as a file would have it.
    name : str
        What messages call it.
    sets : sequence of str
        Changes, as in `load`; they name no files either.

    Raises
    ------
    ScenarioError
        With every problem of reading.
    """
    if len(text) > _LARGEST_BYTES:
        raise ScenarioError([Issue(file=name, message="larger than 4 MiB, which is no scenario")])
    text = text.replace("\r\n", "\n")
    loaded = _laid(_parsed(text, name), text, Place(file=name, line=None, folder=None), name, ())
    found = _with_sets(loaded, sets)
    places = {path: replace(place, folder=None) if place.file.startswith("--") else place
              for path, place in found.places.items()}  # fmt: skip
    return replace(found, places=places)


def _with_sets(loaded: Loaded, sets: Sequence[str]) -> Loaded:
    issues: list[Issue] = []
    for change in sets:
        try:
            loaded = apply_set(loaded, change)
        except ScenarioError as error:
            issues.extend(error.issues)
    if issues:
        raise ScenarioError(issues)
    return without_sweep(loaded)


def find(name_or_path: str, folder: FilePath) -> FilePath:
    """Return the file of a shipped name or a path.

    Raises
    ------
    ScenarioError
        If there is none.
    """
    names = shipped()
    if name_or_path in (*names, *shipped_lives(), *shipped_clusters()):
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
    return _laid(own, text, Place(file=shown, line=None, folder=file.parent), file.stem, (*chain, file.resolve()))


def _laid(own: Mapping[str, Any], text: str, at: Place, name: str, chain: Sequence[FilePath]) -> Loaded:
    """Lay a scenario on top of what it extends; `chain` are the files that led to it, its own the last."""
    loaded = Loaded(
        name=name,
        document={key: value for key, value in own.items() if key not in ("extends", "without")},
        places={path: replace(at, line=line) for path, line in lines(text).items()} | {(): at},
        sweep={},
    )
    whole: Loaded | None = None
    for base in _bases(own, loaded):
        try:
            found = _base(base, at.folder)
        except ScenarioError as error:
            raise ScenarioError([loaded.issue(("extends",), error.issues[0].message)]) from None
        if found.resolve() in chain:
            names = " -> ".join(path.stem for path in (*chain[chain.index(found.resolve()) :], found))
            raise ScenarioError([loaded.issue(("extends",), f"scenarios extend each other in a circle: {names}")])
        if not found.is_file():
            raise ScenarioError([loaded.issue(("extends",), f"{shorten(base)!r} does not exist, or is not a file")])
        whole = over(whole, _merged(found, chain))
    return over(_without(whole, own, loaded), loaded).stating(own, at.file)


def _base(name: str, folder: FilePath | None) -> FilePath:
    """Return the file of a scenario that another extends; a text extends shipped ones only."""
    if folder is not None:
        return find(name, folder)
    if name not in (names := shipped()):
        raise ScenarioError(
            [Issue(message=f"a text extends shipped scenarios only: {not_among(name, names, most=30)}")]
        )
    return SHIPPED / f"{name}.toml"


def _without(whole: Loaded | None, own: Mapping[str, Any], loaded: Loaded) -> Loaded | None:
    """Take away what a file does not want from the scenarios that it extends."""
    unwanted = own.get("without", [])
    if not isinstance(unwanted, list) or not all(isinstance(path, str) for path in unwanted):
        raise ScenarioError([loaded.issue(("without",), "expected a list of paths, such as ['pricing.rate']")])
    for path in unwanted:
        try:
            whole = None if whole is None else whole.without(undotted(path))
        except ValueError as error:
            raise ScenarioError([loaded.issue(("without",), str(error))]) from None
    return whole


def _bases(own: Mapping[str, Any], loaded: Loaded) -> Sequence[str]:
    extends = own.get("extends", [])
    bases = [extends] if isinstance(extends, str) else extends
    if not isinstance(bases, list) or not all(isinstance(base, str) and base for base in bases):
        raise ScenarioError([loaded.issue(("extends",), "expected a scenario's name or path, or a list of them")])
    return bases


def _read(file: FilePath, shown: str) -> tuple[dict[str, Any], str]:
    """Read one file of TOML; every way in which that can fail is a `ScenarioError`."""
    try:
        if file.exists() and not (file.is_file() or file.is_dir()):
            raise ScenarioError([Issue(file=shown, message="this is no file but a device or a pipe")])
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
    if _is_deeper(table, DEEPEST):
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
