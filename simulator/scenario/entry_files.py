"""Facts of the user's own in the form of the catalogue: a TOML file beside the scenario, a table for each entry.

``"my-fleet.toml"`` names a file; with several entries in it, ``"my-fleet.toml#KEY"`` says which.
"""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path as FilePath
from typing import Any

from simulator.catalogue.reader import CatalogueError, Entry, entry, parse_entry
from simulator.foundation.issues import not_among, shorten
from simulator.scenario.findings import Findings

_LARGEST_BYTES = 4 * 2**20


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
    table = {name: fields for name, fields in _table(file, noun).items() if isinstance(fields, dict)}
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


def _table(file: FilePath, noun: str) -> Mapping[str, Any]:
    try:
        if file.exists() and not file.is_file():
            raise ValueError("this is not a file")
        if file.exists() and file.stat().st_size > _LARGEST_BYTES:
            raise ValueError(f"larger than 4 MiB, which is no {noun}")
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 text, at byte {error.start}") from None
    except RecursionError:
        raise ValueError("lists or tables are nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"not TOML: {error}") from None
