"""Rows of a sweep as CSV and Parquet: in the sweep's order, whole or not at all, the same bytes for the same sweep."""

import csv
import os
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from analysis.study.evaluate import FIGURES, Row
from simulator.scenario.text import toml_value

KEY_NAMES = ("fingerprint", "seed", "replicas", "version")  # of a row, in the order of its key

Line = tuple[Mapping[str, Any], Row]  # what was varied, and what came of it


class ExportError(OSError):
    """A format that cannot be written here."""


def shown(value: object) -> str:
    """Write a swept value as in the scenario, text without its quotes.

    Examples
    --------
    >>> shown("30 min"), shown(1024), shown([0.5, 0.8])
    ('30 min', '1024', '[0.5, 0.8]')
    """
    return value if isinstance(value, str) else toml_value(value)


def columns(lines: Sequence[Line]) -> dict[str, list[str | float | int]]:
    """Return the table by column: what was varied, the figures, and what they depend on."""
    paths = list(dict.fromkeys(path for overrides, _ in lines for path in overrides))
    found: dict[str, list[str | float | int]] = {
        path: [shown(overrides[path]) if path in overrides else "" for overrides, _ in lines] for path in paths
    }
    for name in FIGURES:
        found[name] = [row.figures[name] for _, row in lines]
    found["engine"] = [row.engine for _, row in lines]
    found["basis"] = [row.basis for _, row in lines]
    for number, name in enumerate(KEY_NAMES):
        found[name] = [row.key[number] for _, row in lines]
    return found


def csv_text(lines: Sequence[Line]) -> str:
    """Return CSV; numbers are the shortest text that reads back as the same number."""
    table = columns(lines)
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(zip(*([_cell(value) for value in column] for column in table.values()), strict=True))
    return text.getvalue()


def _cell(value: str | float | int) -> str:
    return value if isinstance(value, str) else repr(value)


def write_csv(path: Path, lines: Sequence[Line]) -> None:
    """Write CSV."""
    _whole(path, lambda part: part.write_text(csv_text(lines), encoding="utf-8", newline="\n"))


def write_parquet(path: Path, lines: Sequence[Line]) -> None:
    """Write Parquet.

    Raises
    ------
    ExportError
        If the extra that can is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise ExportError("Parquet needs the extra data: pip install 'flopcast[data]'") from None
    table = pa.table({name: column if name != "seed" else list(map(str, column))
                           for name, column in columns(lines).items()})  # fmt: skip
    _whole(path, lambda part: parquet.write_table(table, part))


def _whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place, then move it there; never in place of a device, a pipe or a link."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        write(path)
        return
    path = Path(os.path.realpath(path)) if path.is_symlink() else path
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as opened:
        part = Path(opened.name)
    try:
        write(part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.chmod(0o644)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
