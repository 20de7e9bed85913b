"""An Excel workbook (.xlsx, .xlsm), its worksheets read as streams of XML. Macros and links are never followed."""

from __future__ import annotations

from pathlib import Path

from heyx_bulk.sheets.batch import width_of
from heyx_bulk.sheets.xlsx.workbook import Workbook, WorksheetInfo, open_workbook
from heyx_bulk.sheets.xlsx.worksheet import Worksheet


class XlsxBook:
    """The workbook at `path`; raises `SheetError` if it is damaged."""

    notes: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        self._workbook: Workbook = open_workbook(path)
        self.path = path
        self.worksheets = self._workbook.worksheets

    def filled(self, info: WorksheetInfo) -> bool:
        """Whether the worksheet holds any data; read no further than to the first of it."""
        return any(record.errors or width_of(record.cells) for record in self.worksheet(info).records())

    def worksheet(self, info: WorksheetInfo) -> Worksheet:
        """The rows of a worksheet."""
        return Worksheet(self._workbook, info)
