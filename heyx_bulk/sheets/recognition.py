"""What a file is, by its content: its name is only what somebody called it."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from heyx_bulk.errors import SheetError

_HEAD_BYTES = 8192
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SIGNATURES = (
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"{\\rtf", "a rich text document (RTF)"),
    (b"SQLite format 3", "a SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"BEGIN:VCARD", "a file of vCards"),
)
_WEB_PAGE = re.compile(r"\s*(<!doctype html|<html|<head|<body|<table|<meta|<style|<\?xml|<!--)", re.IGNORECASE)
_ZIPS = (
    ("xl/workbook.bin", "a binary Excel workbook (.xlsb)"),
    ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "a PowerPoint presentation"),
    ("index/document.iwa", "an Apple Numbers sheet"),
    ("content.xml", "an OpenDocument sheet (.ods)"),
)
_EXCEL_SUFFIXES = (".xls", ".xlsx", ".xlsm", ".xlsb", ".xlt", ".xltx")
_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
_SAVE_AS_XLSX = "Save it as .xlsx in Excel and try again."


class Format(StrEnum):
    """A format this program reads, in the words a person knows it by."""

    CSV = "CSV"
    EXCEL = "Excel workbook"


def recognise(path: Path) -> Format:
    """The format of the file at `path`; `SheetError` names what it truly is if it is no sheet we read."""
    head = _head(path)
    if not head:
        raise SheetError(f"{path.name} is empty (0 bytes)", "Export the sheet again and try again.")
    if head.startswith(_OLE):
        raise _ole(path)
    if head.startswith(b"PK\x03\x04"):
        return _zip(path)
    for signature, words in _SIGNATURES:
        if head.startswith(signature):
            raise SheetError(f"{path.name} is {words}, not a spreadsheet", "Give a .xlsx or .csv file.")
    return _text(path, head)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except FileNotFoundError:
        raise SheetError(f"{path} does not exist", "Check the name and the folder.") from None
    except IsADirectoryError:
        raise SheetError(f"{path} is a folder, not a sheet", "Name the sheet in it.") from None
    except PermissionError as error:
        remedy = "Close it where it is open, or ask for the right to read it."
        raise SheetError(f"{path} may not be read ({error.strerror})", remedy) from None


def _ole(path: Path) -> SheetError:
    content = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in content:
        what = f"{path.name} is protected by a password"
        return SheetError(what, "Open it in Excel, save it without a password and try again.")
    if any(name.encode("utf-16-le") in content for name in ("Workbook", "Book")):
        return SheetError(f"{path.name} is an old Excel workbook (.xls)", _SAVE_AS_XLSX)
    return SheetError(f"{path.name} is an old Office document, not a spreadsheet", "Give a .xlsx or .csv file.")


def _zip(path: Path) -> Format:
    try:
        with ZipFile(path) as archive:
            names = {name.replace("\\", "/").lstrip("/").lower() for name in archive.namelist()}
    except BadZipFile:
        what = f"{path.name} is damaged: it begins like an Excel file and is cut off"
        raise SheetError(what, "Download or copy it again.") from None
    for name, words in _ZIPS:
        if name in names:
            raise SheetError(f"{path.name} is {words}", _SAVE_AS_XLSX)
    if any(name.endswith("workbook.xml") for name in names):
        return Format.EXCEL
    raise SheetError(f"{path.name} is a zip archive", "Unpack it and give the sheet in it.")


def _text(path: Path, head: bytes) -> Format:
    marked = head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"))
    is_text = marked or head[:64].count(0) * 3 > len(head[:64])
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe").decode("ascii", "replace")
    if _WEB_PAGE.match(text):
        saved = f" saved as {path.suffix}" if path.suffix.lower() in _EXCEL_SUFFIXES else ""
        raise SheetError(f"{path.name} is a web page (HTML or XML){saved}, not a spreadsheet", _SAVE_AS_XLSX)
    control = len(head) - len(head.translate(None, _CONTROL))
    if not is_text and control >= 8 and control * 20 > len(head):
        raise SheetError(f"{path.name} is a binary file, not a spreadsheet", "Give a .xlsx or .csv file.")
    if path.suffix.lower() in _EXCEL_SUFFIXES:
        raise SheetError(
            f"{path.name} is no Excel file: it is plain text named {path.suffix}",
            "If it holds a table, rename it to .csv and try again.",
        )
    return Format.CSV
