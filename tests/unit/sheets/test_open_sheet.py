"""A sheet's header and the rows below it, whatever file they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from heyx_bulk.errors import HeaderRowNeeded
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet_options import SheetOptions
from tests.support.sheet_files import REAL, REAL_SHEETS, csv_file, raw_workbook, refusal, rows_of, workbook


def test_a_title_above_plain_headers_is_not_read_and_that_is_said(tmp_path: Path) -> None:
    for path in (
        csv_file(tmp_path, "Export of today,,,\n,,,\na,b,c,\n1,2,3,\n", name="wide.csv"),
        csv_file(tmp_path, "Export of today\n\na,b,c\n1,2,3\n"),
        workbook(tmp_path, [["Export of today"], [], ["a", "b", "c"], [1, 2, 3]]),
    ):
        sheet = open_sheet(path)
        assert (sheet.header, sheet.header_row, rows_of(sheet)) == (("a", "b", "c"), 3, [["1", "2", "3"]])
        assert sheet.notes == (
            "row 1 is taken for a title, and row 3 has the headers; for others, use --header-row ROW",
        )
        assert open_sheet(path, SheetOptions(header_row=3)).notes == ()


@pytest.mark.parametrize(
    "below",
    [
        "a,b,c\n",  # there are no rows
        "a,b,c\n1,2,3\n1,,\n4,5,6\n",  # one has one value
        "a,b,A\n1,2,3\n",  # two names are alike
        "a,,c\n1,2,3\n",  # one is blank
        "a,2,c\n1,2,3\n",  # a number
        "a,b@c.de,c\n1,2,3\n",  # an address
        "Ann,London\nBob,Paris\n",  # people under a header of one cell
    ],
)
def test_a_title_above_what_may_be_no_headers_is_refused(tmp_path: Path, below: str) -> None:
    assert "row 3 looks like the header" in refusal(csv_file(tmp_path, f"Export of today\n\n{below}")).what


def test_several_lines_above_the_table_are_refused_naming_the_header(tmp_path: Path) -> None:
    for path in (
        csv_file(tmp_path, "Export\nof today\na,b,c\n1,2,3\n"),
        workbook(tmp_path, [["Export"], ["of today"], ["a", "b", "c"], [1, 2, 3]]),
    ):
        error = refusal(path)
        assert isinstance(error, HeaderRowNeeded)
        first = (1, ("Export",)), (2, ("of today",)), (3, ("a", "b", "c")), (4, ("1", "2", "3"))
        assert tuple((row, tuple(filter(None, cells))) for row, cells in error.rows) == first
        assert (error.suggested, error.is_plain) == (3, False)
        assert "row 3 looks like the header" in error.what
        assert error.remedy == "Use --header-row 3, or delete the rows above it."
        sheet = open_sheet(path, SheetOptions(header_row=3))
        assert (sheet.header, sheet.header_row, rows_of(sheet)) == (("a", "b", "c"), 3, [["1", "2", "3"]])


def test_a_header_row_that_is_blank_or_beyond_is_refused(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "a,b\n\n1,2\n")
    for row in (2, 9):
        error = refusal(path, header_row=row)
        assert f"row {row} is blank or does not exist; there are values in row 1" in error.what
    for row in (0, -1):
        assert f"there is no row {row}" in refusal(path, header_row=row).what


def test_a_header_without_rows_is_a_sheet_of_no_rows(tmp_path: Path) -> None:
    for path in (csv_file(tmp_path, "a,b\r\n"), workbook(tmp_path, [["a", "b"]])):
        sheet = open_sheet(path)
        assert (sheet.header, sheet.row_count, list(sheet.frames())) == (("a", "b"), 0, [])


def test_a_sheet_without_anything_is_empty(tmp_path: Path) -> None:
    assert "is empty" in refusal(csv_file(tmp_path, "")).what
    assert "is empty" in refusal(csv_file(tmp_path, "\r\n,,\r\n  \n")).what
    assert "is empty" in refusal(workbook(tmp_path, [])).what


def test_an_error_in_the_header_is_refused(tmp_path: Path) -> None:
    cell = '<c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="e"><v>#REF!</v></c>'
    error = refusal(raw_workbook(tmp_path, f'<row r="1">{cell}</row>'))
    assert error.what.endswith("worksheet 'People': the header cell B1 shows the error #REF!")
    assert error.remedy == "Correct or clear it in Excel."


def test_merged_header_cells_are_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in (["phone", "address", None], [None, "street", "city"], ["1", "x", "y"]):
        page.append(row)
    page.merge_cells("B1:C1")
    book.save(tmp_path / "contacts.xlsx")
    error = refusal(tmp_path / "contacts.xlsx")
    assert "header cells B1:C1 are merged" in error.what
    assert open_sheet(tmp_path / "contacts.xlsx", SheetOptions(header_row=2)).header == ("", "street", "city")


FORMATS = {
    "csv": "CSV",
    "xlsx": "Excel workbook",
    "xls": "old Excel workbook (.xls)",
    "ods": "OpenDocument sheet",
}
TRUE_NAMES = {
    "password.xlsx": "password",
    "zero_bytes.csv": "is empty",
    "text_named.xls": "not an Excel file",
    "nul_byte.csv": "line 2: contains a NUL byte",
    "ragged_both_ways.csv": "(row 2); 1 row is shorter (row 3)",
}
SEVERAL_WORKSHEETS = {"formula_like_text.xlsx": "Sheet1"}


@pytest.mark.skipif(not REAL_SHEETS, reason="the real sheets are not here")
@pytest.mark.parametrize("real", REAL_SHEETS, ids=[real["file"] for real in REAL_SHEETS])
def test_a_real_sheet_gives_what_is_known_of_it(real: dict[str, Any]) -> None:
    path = REAL / real["file"]
    if path.name in TRUE_NAMES:
        assert TRUE_NAMES[path.name] in refusal(path).what
        return
    if real["outcome"] == "read_with_option":
        sheet = open_sheet(path)
        assert f"row {real['header_row']} has the headers" in sheet.notes[0]
    else:
        sheet = open_sheet(path, SheetOptions(worksheet=SEVERAL_WORKSHEETS.get(path.name)))
    known = list(real["header"])
    while known and not known[-1] and len(known) > len(sheet.header):
        known.pop()  # a column without a header and without data is dropped
    assert list(sheet.header) == known
    assert sheet.header_row == real.get("header_row", real.get("header_line"))
    assert sheet.row_count == real["rows"]
    assert sheet.worksheet == real.get("sheet", sheet.worksheet)
    assert sheet.format == FORMATS[real["format"]]
    assert bool(sheet.notes) or "encoding_guess" not in real.get("warnings_wanted", [])
    rows = rows_of(sheet)
    for cell in real["cells"]:
        found = rows[cell["record"] - 1] if cell["record"] else list(sheet.header)
        assert found[cell["position"] - 1] in [cell["value"], *cell.get("also_accepted", [])]
