"""How much a file may unpack to and a cell may hold, so that a hostile file is refused before it fills memory."""

from __future__ import annotations

import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from zipfile import ZipFile

from heyx_bulk.errors import SheetError, translate_full_disk

ROW_NUMBER_BITS = 32
"""A row's number has so many bits at most: the index of a checkpoint's keys has room for no more."""

MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
MOST_CHARACTERS = 1 << 20
LONGEST_TEXT = 32_767
"""The characters that Excel can hold in a cell."""

WIDEST_GAP = 1_000
"""A cell further right of all before it is a mistake, or is meant to fill memory."""

MOST_MERGED = 100_000
MOST_UNPACKED_BYTES = 3 << 30
_UNSUSPICIOUS_BYTES = 64 << 20
_MOST_GROWTH = 200
_SAVE_ANEW = (
    "If you know where it comes from, open it in Excel and save it as a new .xlsx; otherwise do not open it."
)


def check_archive(path: Path, archive: ZipFile) -> None:
    """Refuse a zip whose parts unpack to more than any sheet needs, before anything is unpacked."""
    parts = archive.infolist()
    for part in parts:
        check_growth(path, part.compress_size, part.file_size)
    check_growth(path, MOST_UNPACKED_BYTES, sum(part.file_size for part in parts))


def check_growth(path: Path, packed: int, unpacked: int) -> None:
    """Refuse a file that unpacks to over 3 GB, or to over 64 MB and 200 times its size."""
    if unpacked > MOST_UNPACKED_BYTES:
        what = f"{path.name} unpacks to {unpacked / (1 << 30):,.1f} GB, more than the 3 GB that are read"
        raise SheetError(what, _SAVE_ANEW)
    if unpacked > _UNSUSPICIOUS_BYTES and unpacked > _MOST_GROWTH * packed:
        growth = unpacked // max(1, packed)
        what = f"{path.name} holds a part that unpacks to {growth:,} times its size, as only a zip bomb does"
        raise SheetError(what, _SAVE_ANEW)


def cell_too_long(place: str) -> SheetError:
    """The error for a cell over 1 MB at `place`."""
    return SheetError(f"{place}: holds over 1 MB in one cell", "Shorten it, save the sheet and try again.")


def temporary_files() -> AbstractContextManager[None]:
    """Raise `DiskFull` where the folder for temporary files, which the block writes to, is full."""
    return translate_full_disk(
        f"the folder for temporary files, {tempfile.gettempdir()}, is full",
        "Free some space there, or name another folder in the environment variable TMPDIR.",
    )
