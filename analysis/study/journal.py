"""The journal of a study: finished runs, kept so that no power cut, kill or second process loses or doubles one.

SQLite in write-ahead mode does the hard part: a transaction is whole or absent after SIGKILL at any instant, and
processes on one machine take turns. Rows are keyed by what they depend on, and the first one stays: writing a row
again changes nothing. Write-ahead mode shares memory between processes, so the folder must be on a disk of this
machine, not on a network file system.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from analysis.study.evaluate import FIGURES, Key, Row

APPLICATION = 0x666C6F70  # "flop": SQLite keeps it in the file's head
FORM = 1  # of the table below
PATIENCE_S = 60.0  # how long to wait for other processes

_KEYS = ("fingerprint", "seed", "replicas", "version")
_COLUMNS = (*_KEYS, "engine", "basis", *FIGURES)
_CREATE = f"""
CREATE TABLE IF NOT EXISTS runs (
    fingerprint TEXT NOT NULL, seed TEXT NOT NULL, replicas INTEGER NOT NULL, version TEXT NOT NULL,
    engine TEXT NOT NULL, basis TEXT NOT NULL, {", ".join(f"{name} REAL NOT NULL" for name in FIGURES)},
    PRIMARY KEY ({", ".join(_KEYS)})
)"""
# The names in these texts are the constants above; what comes from outside is bound by "?".
_NAMES, _MARKS = ", ".join(_COLUMNS), ", ".join("?" * len(_COLUMNS))
_WHERE = " AND ".join(f"{key} = ?" for key in _KEYS)
_INSERT = f"INSERT OR IGNORE INTO runs ({_NAMES}) VALUES ({_MARKS})"  # noqa: S608 - constants
_SELECT = f"SELECT {', '.join(_COLUMNS[4:])} FROM runs WHERE {_WHERE}"  # noqa: S608 - constants


class JournalError(OSError):
    """A journal that cannot be read or written, with the reason and what to do."""


class Journal:
    """An open journal; use it in a ``with`` statement.

    Parameters
    ----------
    path : Path
        The file; it is made if it is absent.

    Raises
    ------
    JournalError
        If the file is something else, or cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, Journal(Path(folder) / "journal.sqlite") as journal:
    ...     journal.count()
    0
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._explained():
            self._base = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
            try:
                self._open()
            except BaseException:
                self._base.close()
                raise

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was put is kept whether this is called or not."""
        self._base.close()

    def put(self, rows: Iterable[Row]) -> int:
        """Keep rows, in one transaction; rows that are there already stay as they are.

        Returns
        -------
        int
            How many were new.
        """
        with self._explained(), self._transaction():
            before = self._base.total_changes
            self._base.executemany(_INSERT, [_values(row) for row in rows])
            return self._base.total_changes - before

    def get(self, key: Key) -> Row | None:
        """Return a row, or None where it has not been finished."""
        with self._explained():
            found = self._base.execute(_SELECT, _key_values(key)).fetchone()
        if found is None:
            return None
        engine, basis, *figures = found
        return Row(key=key, figures=dict(zip(FIGURES, figures, strict=True)), basis=basis, engine=engine)

    def count(self) -> int:
        """Return the number of rows."""
        with self._explained():
            return int(self._base.execute("SELECT count(*) FROM runs").fetchone()[0])

    def check(self) -> str:
        """Return ``ok``, or what SQLite finds broken in the whole file."""
        with self._explained():
            return str(self._base.execute("PRAGMA integrity_check").fetchone()[0])

    def _open(self) -> None:
        """Make sure that this is a journal, and switch it to write-ahead mode."""
        mark = self._number("application_id")
        tables = self._base.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if mark != APPLICATION and (mark or tables):
            raise JournalError(f"{self.path}: an SQLite file of another program; name another folder")
        if mark == APPLICATION and self._number("user_version") != FORM:
            raise JournalError(f"{self.path}: a journal of another version of flopcast; name another folder")
        _patiently(lambda: self._base.execute("PRAGMA journal_mode = WAL").fetchone())
        self._base.execute("PRAGMA synchronous = NORMAL")  # whole after a kill; a power cut can cost the last rows
        if mark != APPLICATION:
            with self._transaction():
                self._base.execute(_CREATE)
                self._base.execute(f"PRAGMA application_id = {APPLICATION}")
                self._base.execute(f"PRAGMA user_version = {FORM}")

    def _number(self, pragma: str) -> int:
        return int(self._base.execute(f"PRAGMA {pragma}").fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._base.execute("COMMIT")
        except BaseException:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn SQLite's errors into a sentence with the file's name."""
        try:
            yield
        except sqlite3.Error as error:
            raise JournalError(f"{self.path}: {_in_words(error)}") from error


def _patiently(step: Callable[[], object]) -> None:
    """Repeat a step while another process holds the file; SQLite itself does not wait when the mode changes."""
    end_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            step()
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end_s:
                raise
            time.sleep(0.01)


_WORDS = {
    "not a database": "not a journal of flopcast; name another folder",
    "malformed": "the journal is damaged; move it away and start again",
    "full": "the disk is full; make room and start again, finished runs are kept",
    "locked": "another process holds the journal; try again when it is done",
    "readonly": "the journal cannot be written; check who may write to the folder",
    "unable to open": "the journal cannot be opened; check that the folder exists and can be written",
}


def _in_words(error: sqlite3.Error) -> str:
    return next((words for mark, words in _WORDS.items() if mark in str(error)), f"the journal failed: {error}")


def _key_values(key: Key) -> tuple[object, ...]:
    return key.fingerprint, str(key.seed), key.replicas, key.version  # a seed can be larger than SQLite's integers


def _values(row: Row) -> tuple[object, ...]:
    return *_key_values(row.key), row.engine, row.basis, *(row.figures[name] for name in FIGURES)
