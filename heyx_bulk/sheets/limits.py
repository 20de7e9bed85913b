"""How much a file may unpack to and a cell may hold, so that a hostile one is refused before it fills memory."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

from heyx_bulk.errors import DiskFull, SheetError

MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
MOST_CHARACTERS = 1 << 20
MOST_UNPACKED_BYTES = 3 << 30
_INNOCENT_BYTES = 64 << 20
_MOST_GROWTH = 200
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_DOUBTFUL = "If it is truly yours, open it in Excel and save it as a new .xlsx; otherwise do not open it at all."


def check_archive(path: Path, archive: ZipFile) -> None:
    """Refuses a zip whose parts unpack to more than any sheet needs, before anything is unpacked."""
    parts = archive.infolist()
    for part in parts:
        check_growth(path, part.compress_size, part.file_size)
    check_growth(path, MOST_UNPACKED_BYTES, sum(part.file_size for part in parts))


def check_growth(path: Path, packed: int, unpacked: int) -> None:
    """Refuses what unpacks to over 3 GB, or from 64 MB on to over 200 times its size."""
    if unpacked > MOST_UNPACKED_BYTES:
        what = f"{path.name} unpacks to {unpacked / (1 << 30):,.1f} GB, more than the 3 GB that are read"
        raise SheetError(what, _DOUBTFUL)
    if unpacked > _INNOCENT_BYTES and unpacked > _MOST_GROWTH * packed:
        growth = unpacked // max(1, packed)
        what = f"{path.name} holds a part that unpacks to {growth:,} times its size, as only a zip bomb does"
        raise SheetError(what, _DOUBTFUL)


def too_long(place: str) -> SheetError:
    """The refusal of a cell over 1 MB at `place`."""
    return SheetError(f"{place}: holds over 1 MB in one cell", "Shorten it, save the sheet and try again.")


@contextmanager
def report_full_folder() -> Iterator[None]:
    """Tells a full folder for temporary files as `DiskFull`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        remedy = "Make room there, or name another folder in the environment variable TMPDIR."
        raise DiskFull(f"the folder for temporary files, {tempfile.gettempdir()}, is full", remedy) from error
