"""The place of a checkpoint: its lock, and what SQLite leaves beside it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from heyx_bulk.database import FileKind, unwritable
from heyx_bulk.errors import CheckpointBusy

CHECKPOINT_FILE = FileKind(
    "The checkpoint",
    "Name a folder that you may write to: --out FOLDER.",
    "To save the rows that can still be read:\n  heyx-bulk report --recover {path}\n"
    "Then run the upload's command with --restart: it searches HeyX for every row first, so no contact is created "
    "twice. (Not with --no-match, which does not search.)",
)

LOOKED_AT_SECONDS = 0.2
"""How long a lock may be taken by somebody who only looks whether it is."""


def is_locked(path: Path) -> bool:
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
def lock(path: Path, *, shown_by: str = "heyx-bulk report") -> Iterator[None]:
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
        raise unwritable(error, path, CHECKPOINT_FILE) from None
    try:
        yield
    finally:
        if os.name == "posix":
            with suppress(OSError):
                Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


def remove_leftovers(path: Path) -> None:
    """Take away what SQLite left beside the checkpoint at `path` when a run was killed.

    SQLite would play it back into whatever file has that name, another run's too.
    """
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def delete_checkpoint(path: Path) -> None:
    """Take away the checkpoint at `path`, if there is one, with what was left beside it."""
    remove_leftovers(path)
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
