"""What a person gets to see of a workbook, whichever reader read it."""

from __future__ import annotations

from pathlib import Path

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet import Sheet
from tests.support.sheet_files import errors_of, numbers_of, rows_of, warnings_of

HEADER = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="inlineStr"><is><t>b</t></is></c></row>'
)
TEXTS = "<si><t>Ann</t></si><si><t xml:space='preserve'> x </t></si><si><t>R&amp;D _x000D_</t></si>"
EXPAT_ALONE = "<!-- after a comment, all goes to expat -->"


def seen(path: Path) -> object:
    """What a person gets to see of a workbook."""
    try:
        sheet = open_sheet(path)
    except SheetError as error:
        return error.what, error.remedy
    return facts(sheet)


def facts(sheet: Sheet) -> object:
    parts = (rows_of(sheet), numbers_of(sheet), sorted(errors_of(sheet)), sorted(warnings_of(sheet)))
    return sheet.header, sheet.header_row, sheet.notes, sheet.blank, parts
