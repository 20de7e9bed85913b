from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from heyx_bulk.database import Database, FileKind, open_shared, translate_errors
from heyx_bulk.errors import DiskFull, WriteError

KIND = FileKind("The list", "Name another folder.", "Save what is left: list --save {path}")


def opened(folder: Path) -> Database:
    return open_shared(folder / "list.sqlite", KIND, "CREATE TABLE IF NOT EXISTS item (text TEXT NOT NULL)")


def fill_up(db: Database) -> None:
    """Let the disk take no more, as far as this file goes."""
    db.execute(f"PRAGMA max_page_count={db.value('PRAGMA page_count')}")


def test_a_transaction_is_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    db = opened(tmp_path)
    with db.transaction():
        db.execute("INSERT INTO item VALUES ('a')")
        db.execute("INSERT INTO item VALUES ('b')")
    with pytest.raises(sqlite3.IntegrityError), db.transaction():
        db.executemany("INSERT INTO item VALUES (?)", [("c",), (None,)])
    assert db.rows("SELECT text FROM item") == [("a",), ("b",)]
    db.close()


def test_a_transaction_within_another_is_part_of_it(tmp_path: Path) -> None:
    db = opened(tmp_path)

    def add() -> None:
        with db.transaction():
            db.execute("INSERT INTO item VALUES ('a')")
        db.execute("INSERT INTO item VALUES (NULL)")

    with pytest.raises(sqlite3.IntegrityError), db.transaction():
        add()
    assert db.rows("SELECT text FROM item") == []
    db.close()


def test_a_disk_that_fills_up_within_a_transaction_is_reported_as_full_and_nothing_is_taken(
    tmp_path: Path,
) -> None:
    db = opened(tmp_path)
    fill_up(db)
    with pytest.raises(DiskFull, match=r"^The disk of .* is full\.") as caught, db.transaction():
        db.executemany("INSERT INTO item VALUES (?)", [("a",), ("x" * 100_000,)])
    assert "Free some space" in caught.value.remedy
    db.execute("PRAGMA max_page_count=100000")
    assert db.rows("SELECT text FROM item") == []
    db.close()


def test_a_damaged_file_is_reported_as_damaged_with_its_own_remedy(tmp_path: Path) -> None:
    path = tmp_path / "my list.sqlite"
    path.write_bytes(b"this is no database at all " * 100)
    with pytest.raises(DiskFull, match=r"The list .* is damaged on disk") as caught:
        Database(path, KIND)
    assert caught.value.remedy == f"Save what is left: list --save '{path}'"
    with pytest.raises(WriteError, match="is damaged on disk"):
        open_shared(path, KIND, "")


@pytest.mark.parametrize(
    ("code", "expected", "words"),
    [
        (errno.ENOSPC, DiskFull, "is full"),
        (errno.EDQUOT, DiskFull, "is full"),
        (errno.EACCES, WriteError, "Name another folder"),
        (errno.ENAMETOOLONG, WriteError, "shorter name"),
    ],
)
def test_an_error_of_the_file_system_is_translated(code: int, expected: type[Exception], words: str) -> None:
    with pytest.raises(expected, match=words), translate_errors(Path("x"), KIND):
        raise OSError(code, "because")


def test_a_file_without_the_tables_it_should_have_is_reported_with_its_path(tmp_path: Path) -> None:
    db = opened(tmp_path)
    with pytest.raises(DiskFull, match=r"The list .*list\.sqlite could not be used: no such table"):
        db.rows("SELECT 1 FROM nowhere")
    db.close()


def test_the_file_is_its_users_alone(tmp_path: Path) -> None:
    opened(tmp_path / "new" / "folder").close()
    assert (tmp_path / "new" / "folder" / "list.sqlite").stat().st_mode & 0o077 == 0
