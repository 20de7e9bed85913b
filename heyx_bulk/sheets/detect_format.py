"""Detect the format of a file from its content, not from its name, and unpack a CSV file from an archive."""

from __future__ import annotations

import gzip
import mmap
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from heyx_bulk.errors import SheetError
from heyx_bulk.models.phrases import did_you_mean_file
from heyx_bulk.sheets.limits import check_archive, check_growth, temporary_files
from heyx_bulk.sheets.xlsx.package import normalize_part_name, report_damage

_HEAD_BYTES = 8192
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_SIGNATURES = (
    (b"%PDF", "a PDF"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"{\\rtf", "a rich text document (RTF)"),
    (b"SQLite format 3", "a SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"BEGIN:VCARD", "a file of vCards"),
)
_OTHER_DOCUMENTS = (
    ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "a PowerPoint presentation"),
    ("index/document.iwa", "an Apple Numbers sheet"),
)
_WEB_PAGE = re.compile(r"\s*(<!doctype html|<html|<head|<body|<table|<meta|<style|<\?xml|<!--)", re.IGNORECASE)
_EXCEL_SUFFIXES = (".xls", ".xlsx", ".xlsm", ".xlsb", ".xlt", ".xltx")
_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
_GIVE_ANOTHER = "Give a .xlsx or .csv file."
_SAVE_AS_XLSX = "Save it as .xlsx in Excel and try again."
_MANIFEST = "META-INF/manifest.xml"
_MOST_MANIFEST_BYTES = 1 << 20
STANDARD_INPUT = Path("-")
_BLOCK_BYTES = 1 << 20
_UNPACK = "Unpack it and give the sheet in it."


class Format(StrEnum):
    """A format that can be read, or an archive that a CSV file may be packed in, as messages name it."""

    CSV = "CSV"
    EXCEL = "Excel workbook"
    OLD_EXCEL = "old Excel workbook (.xls)"
    BINARY_EXCEL = "binary Excel workbook (.xlsb)"
    OPEN_DOCUMENT = "OpenDocument sheet"
    GZIP = "gzip archive"
    ZIP = "zip archive"


_ARCHIVES = (Format.GZIP, Format.ZIP)


@contextmanager
def unpack(path: Path) -> Iterator[tuple[Path, Format]]:
    """Yield the path of the unpacked file, which lasts as long as the block, and its format."""
    with tempfile.TemporaryDirectory(prefix="heyx-bulk-") as name:
        folder = Path(name)
        if path == STANDARD_INPUT:
            path = folder / "standard input"
            with temporary_files():
                _copy(sys.stdin.buffer.read, path, path, None)
        found = _detect_format(path)
        if found not in _ARCHIVES:
            yield path, found
            return
        unpacked = folder / "unpacked" / path.name
        unpacked.parent.mkdir()
        with report_damage(path), temporary_files():
            if found is Format.GZIP:
                with gzip.open(path) as source:
                    _copy(source.read, unpacked, path, path.stat().st_size)
            else:
                _unzip(path, unpacked)
        inner = _detect_format(unpacked)
        if inner is not Format.CSV:
            content = f"another {inner}" if inner in _ARCHIVES else inner
            raise SheetError(f"{path.name} is a {found} of something other than a CSV file: {content}", _UNPACK)
        yield unpacked, inner


def _detect_format(path: Path) -> Format:
    """The format of the file at `path`; a file of any other format raises `SheetError` with the name of it."""
    head = _head(path)
    if not head:
        raise SheetError(f"{path.name} is empty (0 bytes)", "Export the sheet again and try again.")
    if head.startswith(_OLE):
        return _ole(path)
    if head.startswith(_ZIP):
        return _zip(path)
    if head.startswith(_GZIP):
        return Format.GZIP
    for signature, words in _SIGNATURES:
        if head.startswith(signature):
            raise SheetError(f"{path.name} is {words}, not a spreadsheet", _GIVE_ANOTHER)
    return _text(path, head)


def protected(path: Path) -> SheetError:
    """The error for a workbook that is protected by a password."""
    remedy = "Open it in Excel or LibreOffice, save it without a password and try again."
    return SheetError(f"{path.name} is protected by a password", remedy)


def _head(path: Path) -> bytes:
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            remedy = "Save its content to a file, or give - and pipe it in."
            raise SheetError(f"{path} is not a regular file", remedy)
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        raise SheetError(
            f"{path} does not exist.{did_you_mean_file(path)}", "Check the name and the folder."
        ) from None
    except IsADirectoryError:
        raise SheetError(f"{path} is a folder, not a sheet", "Name the sheet in it.") from None
    except PermissionError as error:
        remedy = "Close it where it is open, or ask for permission to read it."
        raise SheetError(f"{path} cannot be read ({error.strerror})", remedy) from None
    except OSError as error:
        raise SheetError(f"{path} cannot be read ({error.strerror or error})", "Copy it again.") from None


def _ole(path: Path) -> Format:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find("EncryptedPackage".encode("utf-16-le")) >= 0:
            raise protected(path)
        if any(content.find(name.encode("utf-16-le")) >= 0 for name in ("Workbook", "Book")):
            return Format.OLD_EXCEL
    raise SheetError(f"{path.name} is an old Office document, not a spreadsheet", _GIVE_ANOTHER)


def _zip(path: Path) -> Format:
    try:
        with ZipFile(path) as archive:
            check_archive(path, archive)
            names = {*map(normalize_part_name, archive.namelist())}
            if "mimetype" in names and _is_encrypted(archive):
                raise protected(path)
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        what = f"{path.name} is damaged: it begins like an Excel file but is incomplete"
        raise SheetError(what, "Download or copy it again.") from None
    if "xl/workbook.bin" in names:
        return Format.BINARY_EXCEL
    for name, words in _OTHER_DOCUMENTS:
        if name in names:
            raise SheetError(f"{path.name} is {words}", _SAVE_AS_XLSX)
    if any(name.endswith("workbook.xml") for name in names):
        return Format.EXCEL
    return Format.OPEN_DOCUMENT if {"content.xml", "mimetype"} <= names else Format.ZIP


def _is_encrypted(archive: ZipFile) -> bool:
    """Whether an OpenDocument package is encrypted: as a whole, or each of its parts."""
    try:
        with archive.open(_MANIFEST) as manifest:
            return b"encryption-data" in manifest.read(_MOST_MANIFEST_BYTES)
    except KeyError:
        return False


def _text(path: Path, head: bytes) -> Format:
    marked = head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"))
    is_text = marked or head[:64].count(0) * 3 > len(head[:64])
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe").decode("ascii", "replace")
    if _WEB_PAGE.match(text):
        saved = f" saved as {path.suffix}" if path.suffix.lower() in _EXCEL_SUFFIXES else ""
        raise SheetError(f"{path.name} is a web page (HTML or XML){saved}, not a spreadsheet", _SAVE_AS_XLSX)
    control = len(head) - len(head.translate(None, _CONTROL))
    if not is_text and control >= 8 and control * 20 > len(head):
        raise SheetError(f"{path.name} is a binary file, not a spreadsheet", _GIVE_ANOTHER)
    if path.suffix.lower() in _EXCEL_SUFFIXES:
        raise SheetError(
            f"{path.name} is not an Excel file but plain text named {path.suffix}",
            "If it holds a table, rename it to .csv and try again.",
        )
    return Format.CSV


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
