"""A file that appears whole or not at all: written beside its place under a hidden name, then renamed."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from heyx_bulk.errors import WriteError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A place to write the file that takes `path`'s place when the block ends well, and vanishes if not.

    The folder it lies in may hold other temporary files. A full disk stays the `OSError` it is; any other
    failure of the file system is told as `WriteError`.
    """
    target = path.resolve()
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
            written = Path(folder) / target.name
            written.touch(mode=0o600)
            yield written
            _persist(written)
            written.replace(target)
        _persist(target.parent)
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise
        raise _unwritable(path, error) from error


def _persist(path: Path) -> None:
    """Waits until the disk has it; a folder cannot be opened for that on Windows and need not be."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(path: Path, error: OSError) -> WriteError:
    what = f"{path} cannot be written ({error.strerror or error})"
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return WriteError(what, f"Make the folder {path.parent} first, or name another one.")
        case OSError(errno=errno.ENAMETOOLONG):
            return WriteError(what, "Choose a shorter name.")
        case PermissionError():
            return WriteError(what, "Close the file where it is open, or name a folder you may write to.")
    return WriteError(what, "Name another file or folder.")
