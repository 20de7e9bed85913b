"""Unpack sheets from standard input, a gzip, or a zip with no other file into a temporary folder."""

from __future__ import annotations

import gzip
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.detect_format import Compression, Format, detect_format
from heyx_bulk.sheets.limits import check_growth, translate_full_disk
from heyx_bulk.sheets.xlsx.package import report_damage

_STANDARD_INPUT = Path("-")
_BLOCK_BYTES = 1 << 20
_UNPACK = "Unpack it and give the sheet in it."


@contextmanager
def unpack(path: Path) -> Iterator[tuple[Path, Format]]:
    """Yield the path of the unpacked file, which lasts as long as the block, and its format."""
    with tempfile.TemporaryDirectory(prefix="heyx-bulk-") as name:
        folder = Path(name)
        if path == _STANDARD_INPUT:
            path = folder / "standard input"
            with translate_full_disk():
                _copy(sys.stdin.buffer.read, path, path, None)
        found = detect_format(path)
        if isinstance(found, Format):
            yield path, found
            return
        unpacked = folder / "unpacked" / path.name
        unpacked.parent.mkdir()
        with report_damage(path), translate_full_disk():
            if found is Compression.GZIP:
                with gzip.open(path) as source:
                    _copy(source.read, unpacked, path, path.stat().st_size)
            else:
                _unzip(path, unpacked)
        inner = detect_format(unpacked)
        if inner is not Format.CSV:
            content = inner if isinstance(inner, Format) else f"another {inner}"
            raise SheetError(f"{path.name} is a {found} around something else than CSV: {content}", _UNPACK)
        yield unpacked, inner


def _unzip(path: Path, target: Path) -> None:
    with ZipFile(path) as archive:
        parts = [
            part
            for part in archive.infolist()  # macOS adds a hidden file for each file
            if not (part.is_dir() or part.filename.startswith("__MACOSX/") or part.filename.endswith(".DS_Store"))
        ]
        if len(parts) != 1:
            names = ", ".join(repr(part.filename[-60:]) for part in parts[:3])
            more = " …" if len(parts) > 3 else ""
            content = f"{len(parts):,} files in it: {names}{more}" if parts else "no file in it"
            raise SheetError(f"{path.name} is a zip archive with {content}", _UNPACK)
        if parts[0].flag_bits & 1:
            what = f"{path.name} is protected by a password"
            raise SheetError(what, "Unpack it with the password and give the sheet in it.")
        with archive.open(parts[0]) as source:
            _copy(source.read, target, path, parts[0].compress_size)


def _copy(read: Callable[[int], bytes], target: Path, path: Path, packed: int | None) -> None:
    """Copy all that `read` gives to `target`, and stop as soon as it is more than any sheet.

    `packed` are the bytes that it was unpacked from, None for standard input.
    """
    copied = 0
    with target.open("wb") as file:
        while block := read(_BLOCK_BYTES):
            file.write(block)
            copied += len(block)
            check_growth(path, copied if packed is None else packed, copied)
