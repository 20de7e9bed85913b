"""What a sheet may come in: standard input, gzip, or a zip with nothing else in it.

What is taken out lies in a temporary folder of its own, under the name that messages call it by.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol
from zipfile import ZipFile, ZipInfo

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.detect_format import Compression, Format, detect_format
from heyx_bulk.sheets.limits import check_growth, translate_full_disk
from heyx_bulk.sheets.xlsx.package import report_damage

STANDARD_INPUT = Path("-")
_BLOCK_BYTES = 1 << 20
_UNPACK = "Unpack it and give the sheet in it."


@contextmanager
def unpack(path: Path) -> Iterator[tuple[Path, Format]]:
    """Where the content of `path` lies as a plain file while the block lasts, and its format."""
    with tempfile.TemporaryDirectory(prefix="heyx-bulk-") as folder:
        place = _from_standard_input(Path(folder)) if path == STANDARD_INPUT else path
        found = detect_format(place)
        if isinstance(found, Format):
            yield place, found
            return
        unpacked = Path(folder, "unpacked", place.name)
        unpacked.parent.mkdir()
        packed = _gunzip if found is Compression.GZIP else _unzip
        with report_damage(place), translate_full_disk():
            packed(place, unpacked)
        inner = detect_format(unpacked)
        if inner is not Format.CSV:
            name = inner if isinstance(inner, Format) else f"another {inner}"
            raise SheetError(f"{place.name} is a {found} around something else than CSV: {name}", _UNPACK)
        yield unpacked, inner


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _from_standard_input(folder: Path) -> Path:
    place = folder / "standard input"
    with translate_full_disk(), place.open("wb") as file:
        _copy(sys.stdin.buffer, file, place, None)
    return place


def _gunzip(path: Path, target: Path) -> None:
    with gzip.open(path) as source, target.open("wb") as file:
        _copy(source, file, path, path.stat().st_size)


def _unzip(path: Path, target: Path) -> None:
    with ZipFile(path) as archive:
        parts = [part for part in archive.infolist() if not _beside(part)]
        if len(parts) != 1:
            raise SheetError(f"{path.name} is a zip archive with {_listed(parts)}", _UNPACK)
        if parts[0].flag_bits & 1:
            what = f"{path.name} is protected by a password"
            raise SheetError(what, "Unpack it with the password and give the sheet in it.")
        with archive.open(parts[0]) as source, target.open("wb") as file:
            _copy(source, file, path, parts[0].compress_size)


def _beside(part: ZipInfo) -> bool:
    """A folder, or what macOS puts beside each file."""
    return part.is_dir() or part.filename.startswith("__MACOSX/") or part.filename.endswith(".DS_Store")


def _listed(parts: list[ZipInfo]) -> str:
    names = ", ".join(repr(part.filename[-60:]) for part in parts[:3])
    return f"{len(parts):,} files in it: {names}{' …' if len(parts) > 3 else ''}" if parts else "no file in it"


def _copy(source: _Readable, target: IO[bytes], path: Path, packed: int | None) -> None:
    """Copies all of `source`, and stops as soon as it is more than any sheet."""
    copied = 0
    while block := source.read(_BLOCK_BYTES):
        target.write(block)
        copied += len(block)
        check_growth(path, copied if packed is None else packed, copied)
