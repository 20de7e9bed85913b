"""Sheets made for tests, and what came out of them."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.chunk import CellError
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.sheets.sheet_options import SheetOptions

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RICH = "<r><t>bold </t></r><r><t>plain</t></r><rPh sb='0' eb='1'><t>yomi</t></rPh>"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def rows_of(sheet: Sheet) -> list[list[str]]:
    return [row for chunk in sheet.chunks() for row in chunk.cells.to_numpy().tolist()]


def numbers_of(sheet: Sheet) -> list[int]:
    return [int(number) for chunk in sheet.chunks() for number in chunk.cells.index]


def errors_of(sheet: Sheet) -> list[CellError]:
    return [error for chunk in sheet.chunks() for error in chunk.errors]


def warnings_of(sheet: Sheet) -> list[CellError]:
    return [warning for chunk in sheet.chunks() for warning in chunk.warnings]


def csv_file(folder: Path, content: str | bytes, name: str = "contacts.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def workbook(folder: Path, rows: Sequence[Sequence[object]], **formats: str) -> Path:
    """A workbook by openpyxl; `formats` gives cells such as `A2` their number format."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(list(row))
    for reference, code in formats.items():
        page[reference].number_format = code
    path = folder / "contacts.xlsx"
    book.save(path)
    return path


def raw_workbook(
    folder: Path,
    rows: str,
    *,
    codes: Sequence[str] = (),
    texts: str = "",
    prefix: str = "",
    from_1904: bool = False,
    after: str = "",
) -> Path:
    """A workbook of hand-written XML: `rows` goes into sheetData, `codes` are the formats of styles 1, 2 …"""
    path = folder / "contacts.xlsx"
    formats = "".join(
        f'<numFmt numFmtId="{170 + n}" formatCode="{code}"/>' for n, code in enumerate(codes)
    ).replace('""', '"&quot;')
    styles = "".join(f'<xf numFmtId="{170 + n}"/>' for n in range(len(codes)))
    namespace = f'xmlns{":" + prefix if prefix else ""}="{MAIN}"'
    p = f"{prefix}:" if prefix else ""
    parts = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": '<Relationships><Relationship Id="a" '
        f'Type="{RELATIONS}/officeDocument" Target="/xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">'
        f'<workbookPr date1904="{int(from_1904)}"/><sheets>'
        '<sheet name="People" sheetId="1" r:id="b"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": "<Relationships>"
        f'<Relationship Id="b" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="c" Type="{RELATIONS}/styles" Target="styles.xml"/>'
        f'<Relationship Id="d" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{formats}</numFmts><fills><fill/></fills>'
        f'<cellXfs><xf numFmtId="0"/>{styles}</cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{texts}</sst>',
        "xl/worksheets/sheet1.xml": f"<{p}worksheet {namespace}><{p}sheetData>{rows}</{p}sheetData>{after}"
        f"</{p}worksheet>",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def one_cell(folder: Path, cell: str, **options: Any) -> Sheet:
    """A workbook with the header `a` and below it, in A2, the cell as XML."""
    header = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
    return open_sheet(raw_workbook(folder, f'{header}<row r="2">{cell}</row>', **options))


def refusal(path: Path, **options: Any) -> SheetError:
    with pytest.raises(SheetError) as told:
        open_sheet(path, SheetOptions(**options))
    assert told.value.remedy
    return told.value


def worksheets(folder: Path, **states: tuple[str, list[list[object]]]) -> Path:
    book = openpyxl.Workbook()
    for name, (state, rows) in states.items():
        page = book.create_sheet(name)
        page.sheet_state = state
        for row in rows:
            page.append(row)
    del book["Sheet"]
    book.save(folder / "contacts.xlsx")
    return folder / "contacts.xlsx"


def zipped(path: Path, parts: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


REAL = Path(os.environ.get("HEYX_BULK_SHEETS", Path(__file__).parents[1] / ".." / "shared" / "data"))
MANIFEST = REAL / "manifest.json"
REAL_SHEETS: list[dict[str, Any]] = json.loads(MANIFEST.read_text())["files"] if MANIFEST.is_file() else []
