"""Facts of the user's own in the form of the catalogue: a TOML file beside the scenario, a table for each entry.

``"my-fleet.toml"`` names a file; with several entries in it, ``"my-fleet.toml#KEY"`` says which.
"""

from collections.abc import Callable, Mapping
from pathlib import Path as FilePath
from typing import Any

from simulator.catalogue.reader import CatalogueError, Entry, entry, parse_entry
from simulator.foundation.issues import not_among, shorten
from simulator.foundation.toml_file import read_toml
from simulator.scenario.findings import Findings
from simulator.scenario.load import Loaded


def entry_or_file(
    kind: str, name: str, path: tuple[str, ...], findings: Findings, read: Callable[[FilePath, str | None], Entry]
) -> Entry | None:
    """Return the entry that a scenario names; None, with a problem noted at `path`, where its file holds none.

    Parameters
    ----------
    kind : str
        Of the catalogue, such as ``failures``.
    name : str
        A key or an alias, or ``FILE.toml`` with or without ``#KEY``.
    path : tuple of str
        The key of the scenario that names it.
    findings : Findings
        Where the problem goes.
    read : callable
        From file and key to a checked entry; a `ValueError` says what is wrong.
    """
    file, key = split(name)
    if not file.endswith(".toml"):
        return entry(kind, name)
    try:
        return read(findings.loaded.file(path, file), key)
    except (ValueError, PermissionError) as problem:
        findings.problem(path, f"{shorten(file)}: {problem}")
        return None


def placed(name: str, path: tuple[str, ...], loaded: Loaded) -> str:
    """Return a name with the full path of its file, where it names one, so that it means the same in any folder."""
    file, key = split(name)
    if not file.endswith(".toml"):
        return name
    try:
        return f"{loaded.file(path, file)}{'' if key is None else '#'}{key or ''}"
    except PermissionError:
        return name  # `entry_or_file` asks again, and says what is wrong


def split(name: str) -> tuple[str, str | None]:
    """Return the file and the key of ``FILE.toml#KEY``.

    Examples
    --------
    >>> split("fleet.toml#lanl-18"), split("rsc-1")
    (('fleet.toml', 'lanl-18'), ('rsc-1', None))
    """
    file, mark, key = name.partition("#")
    return file, key if mark else None


def read_entry(
    kind: str,
    noun: str,
    file: FilePath,
    key: str | None,
    prepare: Callable[[str, dict[str, Any]], Mapping[str, Any]] | None = None,
) -> Entry:
    """Read one entry of a file.

    Parameters
    ----------
    kind, noun : str
        Of the catalogue, and its word for people, such as ``system``.
    file : Path
        To read.
    key : str or None
        Of the table; None where there is one.
    prepare : callable, optional
        From the table's name and fields to the fields of an entry.

    Raises
    ------
    ValueError
        If the file cannot be read, has no such entry, or lacks source, date or evidence; without the file's name.
    """
    table = {name: fields for name, fields in read_toml(file, noun).items() if isinstance(fields, dict)}
    if not table:
        raise ValueError(f"no {noun} in it; expected a table such as [my-{noun}]")
    if key is None and len(table) > 1:
        raise ValueError(f"has several {noun}s; name one, as in {file.name}#{next(iter(table))}")
    chosen = next(iter(table)) if key is None else key
    if chosen not in table:
        raise ValueError(f"{noun} {not_among(chosen, table)}")
    try:
        return parse_entry(kind, chosen, prepare(chosen, table[chosen]) if prepare else table[chosen])
    except (CatalogueError, TypeError) as error:
        raise ValueError(str(error)) from None
