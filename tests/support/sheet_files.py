"""Sheets made for tests, and what came out of them."""

from __future__ import annotations

import json
import os
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.frames import ERROR, WARNING, CellIssue, issues_of, row_texts
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.sheets.sheet_options import SheetOptions

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RICH = "<r><t>bold </t></r><r><t>plain</t></r><rPh sb='0' eb='1'><t>yomi</t></rPh>"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def rows_of(sheet: Sheet) -> list[list[str]]:
    return [list(row) for cells, _ in sheet.frames() for row in row_texts(cells)]


def numbers_of(sheet: Sheet) -> list[int]:
    return [number for cells, _ in sheet.frames() for number in cells.index.tolist()]


def errors_of(sheet: Sheet) -> list[CellIssue]:
    return [issue for _, issues in sheet.frames() for issue in issues_of(issues) if issue.severity == ERROR]


def warnings_of(sheet: Sheet) -> list[CellIssue]:
    return [issue for _, issues in sheet.frames() for issue in issues_of(issues) if issue.severity == WARNING]


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


REAL = Path(os.environ.get("HEYX_BULK_SHEETS", Path(__file__).parents[2] / ".." / "shared" / "data"))
MANIFEST = REAL / "manifest.json"
REAL_SHEETS: list[dict[str, Any]] = json.loads(MANIFEST.read_text())["files"] if MANIFEST.is_file() else []


OFFICE = "urn:oasis:names:tc:opendocument:xmlns"


def ods(folder: Path, **tables: str) -> Path:
    """An OpenDocument sheet of hand-written XML."""
    listed = "".join(f'<table:table table:name="{name}">{rows}</table:table>' for name, rows in tables.items())
    content = (
        f'<office:document-content xmlns:office="{OFFICE}:office:1.0" xmlns:table="{OFFICE}:table:1.0" '
        f'xmlns:text="{OFFICE}:text:1.0"><office:body><office:spreadsheet>{listed}</office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    parts = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "content.xml": content,
        "META-INF/manifest.xml": '<manifest xmlns="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
    }
    return zipped(folder / "contacts.ods", parts)


def ods_row(*cells: str) -> str:
    return f"<table:table-row>{''.join(cells)}</table:table-row>"


def ods_text(text: str) -> str:
    kind = 'office:value-type="string"'
    return f"<table:table-cell {kind}><text:p>{text}</text:p></table:table-cell>"


def biff12(kind: int, payload: bytes = b"") -> bytes:
    """A record of an .xlsb part."""
    number = bytes([kind]) if kind < 128 else bytes([kind & 127 | 128, kind >> 7])
    return number + bytes([len(payload)]) + payload


def biff12_text(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb_row(row: int, *cells: tuple[int, bytes]) -> bytes:
    """A row of a worksheet of an .xlsb; each cell is its record's kind and value, in the style of its column."""
    head = biff12(0, struct.pack("<IIHBBBI", row, 0, 300, 0, 0, 0, 0))
    records = (biff12(kind, struct.pack("<II", at, at) + value) for at, (kind, value) in enumerate(cells))
    return head + b"".join(records)


def xlsb_number(number: float) -> tuple[int, bytes]:
    return 5, struct.pack("<d", number)


def xlsb(folder: Path, *, chart: bool = False, rows: Sequence[bytes] = (), codes: Sequence[str] = ()) -> Path:
    """A binary workbook with the column `id` and a text, a number and a boolean below it, or with `rows`.

    `codes` are the number formats of the columns; a `chart` sheet stands before the worksheet.
    """
    rows = rows or (
        xlsb_row(0, (6, biff12_text("id"))),
        xlsb_row(1, (6, biff12_text("0012"))),
        xlsb_row(2, xlsb_number(3244077087)),
        xlsb_row(3, (4, b"\1")),
    )
    kinds = ["worksheet", *(["chartsheet"] if chart else [])]
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{RELATIONS}/{kind}" Target="{kind}s/sheet1.bin"/>'
        for n, kind in enumerate(kinds)
    )
    sheets = b"".join(
        biff12(156, struct.pack("<II", 0, n) + biff12_text(f"rId{n}") + biff12_text(name))
        for n, name in reversed([*zip(range(len(kinds)), ("People", "Chart"), strict=False)])
    )
    formats = b"".join(biff12(44, struct.pack("<H", 170 + n) + biff12_text(code)) for n, code in enumerate(codes))
    styles = b"".join(biff12(47, struct.pack("<HH", 0, 170 + n) + bytes(12)) for n in range(len(codes)))
    namespace = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "xl/_rels/workbook.bin.rels": f"<Relationships {namespace}>{relations}</Relationships>",
        "xl/workbook.bin": biff12(131)
        + biff12(153, struct.pack("<II", 0, 0) + biff12_text(""))
        + biff12(143)
        + sheets
        + biff12(144)
        + biff12(132),
        "xl/styles.bin": biff12(278)
        + biff12(615, struct.pack("<I", len(codes)))
        + formats
        + biff12(616)
        + biff12(617, struct.pack("<I", len(codes)))
        + styles
        + biff12(618)
        + biff12(279),
        "xl/worksheets/sheet1.bin": biff12(129)
        + biff12(148, struct.pack("<IIII", 0, len(rows) - 1, 0, max(0, len(codes) - 1)))
        + biff12(145)
        + b"".join(rows)
        + biff12(146)
        + biff12(130),
    }
    if chart:
        parts["xl/chartsheets/sheet1.bin"] = biff12(129) + biff12(130)
    return zipped(folder / "contacts.xlsb", parts)
