"""The place of a checkpoint: its lock, a full disk, a folder that cannot be written."""

from __future__ import annotations

import errno
import os
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from heyx_bulk.errors import FULL, CheckpointBusy, DiskFull, Unwritable

LOOKED_AT_SECONDS = 0.2
"""How long a lock may be taken by somebody who only looks whether it is."""


def is_held(path: Path) -> bool:
    """Whether a run is working on the checkpoint at `path`; nobody is kept from it by being asked."""
    lock = FileLock(f"{path}.lock", mode=0o600)
    if not Path(lock.lock_file).exists():
        return False
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False


@contextmanager
def hold(path: Path, *, shown_by: str = "heyx-bulk report") -> Iterator[None]:
    """Keep other runs from the checkpoint at `path`; raises `CheckpointBusy` where another run has it.

    `shown_by` is the command that shows how far that one is; blank if none does.
    """
    lock = FileLock(f"{path}.lock", mode=0o600)
    try:
        lock.acquire(timeout=LOOKED_AT_SECONDS, poll_interval=0.02)
    except Timeout:
        shows = f"; this shows how far it is: {shown_by} {shlex.quote(str(path))}" if shown_by else "."
        raise CheckpointBusy(f"Another run is working on {path}.", f"Wait until it has ended{shows}") from None
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        yield
    finally:
        if os.name == "posix":
            with suppress(OSError):
                Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


@contextmanager
def at_once(db: sqlite3.Connection) -> Iterator[None]:
    """Take all changes made here, or none where this raises."""
    db.execute("BEGIN IMMEDIATE")
    done = False
    try:
        yield
        done = True
    finally:
        if done or db.in_transaction:
            db.execute("COMMIT" if done else "ROLLBACK")


@contextmanager
def told(path: Path, *, starting: bool = False) -> Iterator[None]:
    """Tell a full disk, a damaged checkpoint and an unwritable place by their names."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise DiskFull(*damaged(path, str(error))) from None
        if not isinstance(error, sqlite3.OperationalError):
            raise
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise _full(path) from None
        if starting:
            raise _unwritable(path, error) from None
        raise DiskFull(
            f"The checkpoint {path} could not be used: {error}.",
            "Nothing is lost; see to the disk and give the same command again.",
        ) from None
    except OSError as error:
        raise _full(path) if error.errno in FULL else _unwritable(path, error) from None


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that a file is not as it was written."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def damaged(path: Path, detail: str) -> tuple[str, str]:
    """What is said of a checkpoint that the disk does not give back as it was written: what, and what to do."""
    return (
        f"The checkpoint {path} is damaged on disk: {detail}.",
        f"What can still be read of it is saved by: heyx-bulk report --salvage {shlex.quote(str(path))}\n"
        "To go on, give the upload's command with --again: it looks for every row in HeyX first, so nobody is "
        "created twice. (Not with --no-match, which does not look.)",
    )


def _full(path: Path) -> DiskFull:
    return DiskFull(
        f"The disk of {path.parent} is full.",
        "Nothing is lost; make room and give the same command again: it goes on where it stopped.",
    )


def _unwritable(path: Path, error: Exception) -> Unwritable:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    remedy = "Name a folder that you may write to: --out FOLDER."
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        remedy = "Give the sheet a shorter name, or copy it to one, and upload that."
    return Unwritable(f"The checkpoint {path} cannot be written: {reason}.", remedy)


def clear(path: Path) -> None:
    """Take away what SQLite left beside the checkpoint at `path` when a run was killed.

    SQLite would play it back into whatever file has that name, another run's too.
    """
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def put_away(path: Path) -> None:
    """Take away the checkpoint at `path`, if there is one, with what was left beside it."""
    clear(path)
    path.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Make what `path`, a file or folder, holds durable."""
    if os.name != "posix" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
