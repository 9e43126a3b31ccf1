"""The journal keeps the first row of a key, survives its company, and explains itself when it cannot work."""

import multiprocessing
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.study.evaluate import FIGURES, Key, Row
from analysis.study.journal import APPLICATION, Journal, JournalError


def row(number: int, first: float = 0.1) -> Row:
    figures = {name: first + at / 7 for at, name in enumerate(FIGURES)}
    return Row(key=Key(f"{number:032x}", 2**70, 10, "1.0"), figures=figures, basis="$1", engine="estimate")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.sqlite") as opened:
        yield opened


def test_a_row_comes_back_to_the_last_bit(journal: Journal) -> None:
    assert journal.put([row(1)]) == 1
    assert journal.get(row(1).key) == row(1)
    assert journal.get(row(2).key) is None


def test_the_first_row_of_a_key_stays(journal: Journal) -> None:
    journal.put([row(1)])
    assert journal.put([row(1, first=9.0), row(2)]) == 1
    assert journal.get(row(1).key) == row(1)
    assert journal.count() == 2


def test_every_part_of_the_key_counts(journal: Journal) -> None:
    journal.put([row(1)])
    key = row(1).key
    others = [key._replace(seed=1), key._replace(replicas=11), key._replace(version="1.1")]
    assert all(journal.get(other) is None for other in others)


def put_many(path: Path, first: int) -> None:
    with Journal(path) as journal:
        for number in range(first, first + 60):
            journal.put([row(number % 90)])


def test_processes_that_open_it_at_once_share_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    spawn = multiprocessing.get_context("spawn")
    crowd = [spawn.Process(target=put_many, args=(path, first)) for first in (0, 30, 60)]
    for process in crowd:
        process.start()
    for process in crowd:
        process.join(60)
    assert [process.exitcode for process in crowd] == [0, 0, 0]
    with Journal(path) as journal:
        assert journal.count() == 90
        assert journal.check() == "ok"


def test_a_transaction_that_breaks_off_leaves_nothing(journal: Journal) -> None:
    def broken() -> Iterator[Row]:
        yield row(1)
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        journal.put(broken())
    assert journal.count() == 0
    assert journal.put([row(1)]) == 1


def test_a_text_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_text("days,dollars\n" * 100)
    with pytest.raises(JournalError, match=r"journal\.sqlite: not a journal of flopcast; name another folder"):
        Journal(path)
    assert path.read_text() == "days,dollars\n" * 100


def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE bookmarks (url TEXT)")
    base.commit()
    base.close()
    with pytest.raises(JournalError, match="an SQLite file of another program"):
        Journal(path)


def test_a_journal_of_another_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    base = sqlite3.connect(path)
    base.execute(f"PRAGMA application_id = {APPLICATION}")
    base.execute("PRAGMA user_version = 99")
    base.close()
    with pytest.raises(JournalError, match="another version of flopcast"):
        Journal(path)


def test_a_full_disk_costs_the_new_rows_only(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.put([row(0)])
        pages = journal._base.execute("PRAGMA page_count").fetchone()[0]
        journal._base.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(JournalError, match="the disk is full; make room and start again, finished runs are kept"):
            journal.put(row(number) for number in range(1, 500))
    with Journal(path) as journal:
        assert journal.count() == 1
        assert journal.check() == "ok"


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(OSError, match="out"):
        Journal(tmp_path / "out" / "journal.sqlite")


def test_many_rows_open_at_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.put(row(number) for number in range(20_000))
    start_s = time.perf_counter()
    with Journal(path) as journal:
        assert journal.get(row(19_999).key) is not None
    assert time.perf_counter() - start_s < 0.5
