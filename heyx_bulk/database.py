"""SQLite files: one way to open them, one transaction, and one translation of their errors."""

from __future__ import annotations

import errno
import os
import shlex
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from heyx_bulk.errors import DISK_FULL_ERRNOS, DiskFull, HeyxBulkError, WriteError

BUSY_SECONDS = 10.0
"""How long another process may keep a file before this one gives up."""

INSERTED_ROWS = 400
"""The rows of one statement: with a statement for each, inserting takes a quarter longer."""

OPENINGS = 100
BETWEEN_OPENINGS_SECONDS = 0.02
"""Of several processes that open a file at once, SQLite refuses some in spite of its time-out."""

Synchronous = Literal["FULL", "NORMAL", "OFF"]


@dataclass(frozen=True, slots=True)
class FileKind:
    """What messages call a file, and what to do where it cannot be written or is damaged.

    In `if_damaged`, `{path}` stands for the file's path.
    """

    noun: str
    if_unwritable: str
    if_damaged: str

    def damaged(self, path: Path, detail: str) -> tuple[str, str]:
        """The message for a file that the disk does not give back as it was written, and what to do."""
        remedy = self.if_damaged.format(path=shlex.quote(str(path)))
        return f"{self.noun} {path} is damaged on disk: {detail}.", remedy


class Database:
    """An open SQLite file whose errors are translated.

    Every statement is a transaction of its own, unless it is in a `transaction` block. While the file is being
    created (`starting`), an error is `WriteError`; later it is `DiskFull`, which stops a run; a full disk is
    always `DiskFull`. `named` is the path in messages, if it is another one.
    """

    def __init__(
        self,
        path: Path,
        kind: FileKind,
        *,
        synchronous: Synchronous = "NORMAL",
        busy_seconds: float = BUSY_SECONDS,
        starting: bool = False,
        named: Path | None = None,
    ) -> None:
        self.path = named or path
        self.kind = kind
        self.starting = starting
        with translate_errors(self.path, kind, starting=True):
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=busy_seconds)
        with self._closed_on_error():
            self.execute(f"PRAGMA synchronous={synchronous}")

    def execute(self, query: str, values: Sequence[object] | dict[str, object] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        try:
            return self._connection.execute(query, values)
        except sqlite3.Error as error:
            raise self._translated(error) from None

    def executemany(self, query: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for each of `rows`, which may be a generator."""
        try:
            self._connection.executemany(query, rows)
        except sqlite3.Error as error:
            raise self._translated(error) from None

    def insert(self, into: str, rows: Sequence[Sequence[object]]) -> None:
        """Insert rows, many with one statement, `into` a table and its columns, such as `row (number, cells)`."""
        for start in range(0, len(rows), INSERTED_ROWS):
            some = rows[start : start + INSERTED_ROWS]
            values = ", ".join([f"({', '.join('?' * len(some[0]))})"] * len(some))
            self.execute(f"INSERT INTO {into} VALUES {values}", [*chain.from_iterable(some)])  # noqa: S608 - no values

    def script(self, statements: str) -> None:
        """Run several statements."""
        try:
            self._connection.executescript(statements)
        except sqlite3.Error as error:
            raise self._translated(error) from None

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows that a query finds."""
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise self._translated(error) from None

    def row(self, query: str, *values: object) -> tuple[Any, ...] | None:
        """The first row that a query finds."""
        return next(self.stream(query, *values), None)

    def value(self, query: str, *values: object) -> Any:
        """The first value of the first row that a query finds; None where it finds none."""
        found = self.row(query, *values)
        return None if found is None else found[0]

    def stream(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """The rows that a query finds, one after another."""
        try:
            yield from self._connection.execute(query, values)
        except sqlite3.Error as error:
            raise self._translated(error) from None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Take all changes made in this block, or none where it raises. No other process writes meanwhile.

        A block within another one is part of it.
        """
        is_part = self._connection.in_transaction
        if is_part:
            yield
            return
        self.execute("BEGIN IMMEDIATE")
        done = False
        try:
            yield
            done = True
        finally:
            # On a full disk SQLite has rolled back already.
            if done or self._connection.in_transaction:
                self.execute("COMMIT" if done else "ROLLBACK")

    def prepare(self, schema: str) -> None:
        """Make the tables of `schema` in a file that other processes may be opening at the same time."""
        with self._closed_on_error(), translate_errors(self.path, self.kind, starting=True):
            for opening in range(1, OPENINGS + 1):
                try:
                    self._connection.execute("PRAGMA journal_mode=WAL")
                    self._connection.executescript(schema)
                    break
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or opening == OPENINGS:
                        raise
                    time.sleep(BETWEEN_OPENINGS_SECONDS)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        done = False
        try:
            yield
            done = True
        finally:
            if not done:
                self.close()

    def _translated(self, error: sqlite3.Error) -> Exception:
        return _translated(error, self.path, self.kind, starting=self.starting)


def open_shared(path: Path, kind: FileKind, schema: str, *, busy_seconds: float = BUSY_SECONDS) -> Database:
    """The file at `path` that several processes of this user share, made with `schema` where it is not there.

    Only this user can read it. Raises `WriteError` where it cannot be used.
    """
    with translate_errors(path, kind, starting=True):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        create_private(path, exclusive=False)
    database = Database(path, kind, busy_seconds=busy_seconds, starting=True)
    database.prepare(schema)
    database.starting = False
    return database


def create_private(path: Path, *, exclusive: bool = True) -> None:
    """Make an empty file that only this user can read; with `exclusive`, none may be there."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | (os.O_EXCL if exclusive else 0), 0o600))


@contextmanager
def translate_errors(path: Path, kind: FileKind, *, starting: bool = False) -> Iterator[None]:
    """Translate what a file's disk or SQLite raises, as `Database` does."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise _translated(error, path, kind, starting=starting) from None


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that a file is not as it was written."""
    return _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _code(error: Exception) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _translated(error: sqlite3.Error | OSError, path: Path, kind: FileKind, *, starting: bool) -> Exception:
    if isinstance(error, sqlite3.Error) and is_damage(error):
        return (WriteError if starting else DiskFull)(*kind.damaged(path, str(error)))
    if _code(error) == sqlite3.SQLITE_FULL or (isinstance(error, OSError) and error.errno in DISK_FULL_ERRNOS):
        return DiskFull(
            f"The disk of {path.parent} is full.",
            "Nothing is lost. Free some space, then run the same command to resume.",
        )
    if isinstance(error, OSError) or starting:
        return unwritable(error, path, kind)
    if _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DiskFull(
            f"{kind.noun} {path} is locked by another program: {error}.",
            "Nothing is lost. Stop other runs of heyx-bulk that hang, then run the same command again.",
        )
    if not isinstance(error, sqlite3.OperationalError):
        return error
    return DiskFull(
        f"{kind.noun} {path} could not be used: {error}.",
        "Nothing is lost. Check the disk, then run the same command again.",
    )


def unwritable(error: Exception, path: Path, kind: FileKind) -> HeyxBulkError:
    """What is raised where a file cannot be made or written."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    too_long = isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG
    remedy = (
        "Rename the sheet, or a copy of it, to a shorter name and upload that." if too_long else kind.if_unwritable
    )
    return WriteError(f"{kind.noun} {path} cannot be written: {reason}.", remedy)
