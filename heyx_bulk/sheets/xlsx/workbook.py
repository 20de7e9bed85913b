"""An Excel workbook (.xlsx, .xlsm): its worksheets, texts, number formats and calendar.

Its parts are read as streams of XML. Macros and links to other files are never followed.
"""

from __future__ import annotations

from pathlib import Path

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.record import Worksheet, WorksheetInfo
from heyx_bulk.sheets.xlsx.cell_text import (
    BUILTIN_FORMATS,
    GENERAL,
    NumberFormat,
    parse_number_format,
)
from heyx_bulk.sheets.xlsx.package import Package, local
from heyx_bulk.sheets.xlsx.shared_strings import SharedStrings
from heyx_bulk.sheets.xlsx.split_reader import ValueReader
from heyx_bulk.sheets.xlsx.worksheet_reader import WorksheetReader


class Workbook:
    """The workbook at `path`; raises `SheetError` if it is damaged."""

    notes: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        self.path = path
        self.package = package = Package(path)
        main = [part for kind, part in package.related("").values() if kind == "officeDocument"]
        part = main[0] if main else "xl/workbook.xml"
        related = package.related(part)
        self.worksheets, self._from_1904 = _worksheets(package, part, related)
        if not self.worksheets:
            raise SheetError(f"{path.name} has no worksheet", "Save the sheet as .xlsx from Excel and try again.")
        named = dict(related.values())
        self.texts = SharedStrings(package, named.get("sharedStrings", "xl/sharedstrings.xml"))
        self._formats = _number_formats(package, named.get("styles", "xl/styles.xml"))

    def has_data(self, info: WorksheetInfo) -> bool:
        return any(page.filled().numbers for page in self.worksheet(info).pages)

    def worksheet(self, info: WorksheetInfo) -> Worksheet:
        place = f"{self.path.name}, worksheet {info.name!r}"
        values = ValueReader(self.texts, self._formats, from_1904=self._from_1904)
        reader = WorksheetReader(self.package, place, self.texts, self._formats, self._from_1904, values)
        return Worksheet(reader.pages(info.part), reader.merged, reader.hidden_columns)


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
