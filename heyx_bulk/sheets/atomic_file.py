"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from heyx_bulk.errors import DISK_FULL_ERRNOS, WriteError


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path whose file replaces `path` when the block ends, and is deleted if it raises.

    Its folder may hold other temporary files. A full disk stays an `OSError`; any other failure of the file system
    becomes a `WriteError`.
    """
    target = path.resolve()
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
            written = Path(folder) / target.name
            written.touch(mode=0o600)
            yield written
            _sync(written)
            written.replace(target)
        _sync(target.parent)
    except OSError as error:
        if error.errno in DISK_FULL_ERRNOS:
            raise
        raise _write_error(path, error) from error


def _sync(path: Path) -> None:
    """Wait until the disk has it. Windows cannot open a folder for that and need not."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_error(path: Path, error: OSError) -> WriteError:
    remedy = "Name another file or folder."
    match error:
        case FileNotFoundError() | NotADirectoryError():
            remedy = f"Make the folder {path.parent} first, or name another one."
        case OSError(errno=errno.ENAMETOOLONG):
            remedy = "Choose a shorter name."
        case PermissionError():
            remedy = "Close the file where it is open, or name a folder you may write to."
    return WriteError(f"{path} cannot be written ({error.strerror or error})", remedy)
