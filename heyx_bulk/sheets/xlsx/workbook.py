"""An Excel workbook (.xlsx, .xlsm): its worksheets, texts, number formats and calendar.

Its parts are read as streams of XML. Macros and links to other files are never followed.
"""

from __future__ import annotations

from pathlib import Path

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.limits import MOST_CHARACTERS, cell_too_long
from heyx_bulk.sheets.record import width_of
from heyx_bulk.sheets.worksheet_choice import Worksheet, WorksheetInfo
from heyx_bulk.sheets.xlsx.cell_text import (
    BUILTIN_FORMATS,
    GENERAL,
    NumberFormat,
    decode_escapes,
    parse_number_format,
)
from heyx_bulk.sheets.xlsx.package import Package, local
from heyx_bulk.sheets.xlsx.worksheet_reader import SharedStrings, WorksheetReader

_MOST_TEXT_BYTES = 1 << 30


class Workbook:
    """The workbook at `path`; raises `SheetError` if it is damaged."""

    notes: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        self.path = path
        self._package = package = Package(path)
        main = [part for kind, part in package.related("").values() if kind == "officeDocument"]
        part = main[0] if main else "xl/workbook.xml"
        related = package.related(part)
        self.worksheets, self._from_1904 = _worksheets(package, part, related)
        if not self.worksheets:
            raise SheetError(f"{path.name} has no worksheet", "Save the sheet as .xlsx from Excel and try again.")
        named = dict(related.values())
        self._texts = _read_shared_strings(package, named.get("sharedStrings", "xl/sharedstrings.xml"))
        self._formats = _number_formats(package, named.get("styles", "xl/styles.xml"))

    def has_data(self, info: WorksheetInfo) -> bool:
        return any(map(width_of, self.worksheet(info).records))

    def worksheet(self, info: WorksheetInfo) -> Worksheet:
        place = f"{self.path.name}, worksheet {info.name!r}"
        reader = WorksheetReader(self._package, place, self._texts, self._formats, self._from_1904)
        return Worksheet(reader.records(info.part), reader.merged)


def _worksheets(
    package: Package, part: str, related: dict[str, tuple[str, str]]
) -> tuple[tuple[WorksheetInfo, ...], bool]:
    """The worksheets, and whether dates count from 1904."""
    worksheets: list[WorksheetInfo] = []
    from_1904 = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal from_1904
        if tag == "workbookPr":
            from_1904 = attributes.get("date1904", "0") in ("1", "true")
        elif tag == "sheet":
            relation = next((value for key, value in attributes.items() if local(key) == "id" and ":" in key), "")
            kind, target = related.get(relation, ("", ""))
            if kind == "worksheet":
                visible = attributes.get("state", "visible") == "visible"
                worksheets.append(WorksheetInfo(attributes.get("name", ""), visible, target))

    package.elements(part, start)
    return tuple(worksheets), from_1904


def _number_formats(package: Package, part: str) -> tuple[NumberFormat, ...]:
    """The number format of each style that a cell may refer to."""
    formats = dict(BUILTIN_FORMATS)
    styles: list[NumberFormat] = []
    in_cell_styles = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal in_cell_styles
        if tag == "numFmt":
            formats[int(attributes.get("numFmtId", "0"))] = parse_number_format(attributes.get("formatCode", ""))
        elif tag in ("cellXfs", "cellStyles", "cellStyleXfs", "dxfs"):
            in_cell_styles = tag == "cellXfs"
        elif tag == "xf" and in_cell_styles:
            styles.append(formats.get(int(attributes.get("numFmtId", "0")), GENERAL))

    package.elements(part, start)
    return tuple(styles)


def _read_shared_strings(package: Package, part: str) -> SharedStrings:
    """Read a part of shared texts: rich ones are joined, phonetic readings (of East Asian texts) are left out."""
    reader = _Reader(package)
    for _ in package.parse(part, reader.start, reader.end, reader.characters):
        if reader.texts.size_bytes() > _MOST_TEXT_BYTES:
            what = f"{package.path.name} holds over 1 GB of texts"
            raise SheetError(what, "Cut the sheet into several ones.")
    return reader.texts


class _Reader:
    """Handlers of the parser."""

    def __init__(self, package: Package) -> None:
        self.texts = SharedStrings()
        self._package = package
        self._pieces: list[str] = []
        self._length = 0
        self._depth = 0
        self._in_text = False
        self._in_phonetic = False

    def start(self, tag: str, _: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > 10:
            self._package.deeper(self._depth)
        tag = local(tag) if ":" in tag else tag
        if tag == "si":
            if self._pieces:
                self._pieces = []
            self._length = 0
        elif tag == "t":
            self._in_text = not self._in_phonetic
        elif tag == "rPh":
            self._in_phonetic = True

    def end(self, tag: str) -> None:
        self._depth -= 1
        tag = local(tag) if ":" in tag else tag
        if tag == "si":
            self.texts.append(decode_escapes("".join(self._pieces)))
        elif tag == "t":
            self._in_text = False
        elif tag == "rPh":
            self._in_phonetic = False

    def characters(self, text: str) -> None:
        if self._in_text:
            self._pieces.append(text)
            self._length += len(text)
            if self._length > MOST_CHARACTERS:
                raise cell_too_long(f"{self._package.path.name}, shared text {len(self.texts) + 1:,}")
