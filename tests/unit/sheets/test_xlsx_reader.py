"""Cells of Excel workbooks come in as the texts a person means, and the right worksheet is read."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from heyx_bulk.sheets.frames import CellIssue
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.sheets.writer import write_sheet
from tests.support.sheet_files import (
    RICH,
    csv_file,
    errors_of,
    numbers_of,
    one_cell,
    raw_workbook,
    refusal,
    rows_of,
    warnings_of,
    workbook,
    worksheets,
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (42, "General", "42"),
        (10.0, "General", "10"),
        (-7, "General", "-7"),
        (923244077087, "General", "923244077087"),
        (0.1 + 0.2, "General", "0.3"),
        (1e-7, "General", "0.0000001"),
        (40.5, "#,##0.00", "40.5"),
        (0.25, "0%", "0.25"),
        (1234.5, '"PKR" #,##0.00', "1234.5"),
        (42, "00000", "00042"),
        (923244077087, "0000000000", "923244077087"),
        (True, "General", "true"),
        (False, "General", "false"),
        (1, '"TRUE";"TRUE";"FALSE"', "true"),
        (0, '"TRUE";"TRUE";"FALSE"', "false"),
        (date(1990, 1, 2), "dd/mm/yyyy", "1990-01-02"),
        (date(2024, 2, 29), '[$-409]d "of" mmmm, yyyy;@', "2024-02-29"),
        (datetime(2021, 5, 6, 7, 8, 9), "yyyy-mm-dd hh:mm:ss", "2021-05-06T07:08:09"),
        (datetime(2021, 5, 6), "yyyy-mm-dd hh:mm", "2021-05-06T00:00:00"),
        (datetime(2021, 5, 6, 7, 8, 9), "yyyy-mm-dd", "2021-05-06T07:08:09"),
        (datetime(1900, 1, 15), "yyyy-mm-dd", "1900-01-15"),
        (time(13, 5, 9), "h:mm:ss AM/PM", "13:05:09"),
        (timedelta(hours=255, minutes=10, seconds=10), "[h]:mm:ss", "255:10:10"),
        (timedelta(hours=36), "[hh]:mm", "36:00:00"),
        ("_x0041_", "General", "_x0041_"),
        ("  two  ", "General", "  two  "),
        ("NA", "General", "NA"),
        ("0012", "General", "0012"),
        ("line\nbreak", "General", "line\nbreak"),
    ],
)
def test_a_cell_is_what_a_person_means_by_it(tmp_path: Path, value: object, code: str, text: str) -> None:
    if text == "_x0041_":
        write_sheet(tmp_path / "contacts.xlsx", ["a"], [[text]])
        path = tmp_path / "contacts.xlsx"
    else:
        path = workbook(tmp_path, [["a"], [value]], A2=code)
    assert rows_of(open_sheet(path)) == [[text]]


@pytest.mark.parametrize(
    ("raw", "text", "warning"),
    [
        ("999999999999999", "999999999999999", False),
        ("1776025372480911", "1776025372480911", False),
        ("1776025372480910", "1776025372480910", True),
        ("9007199254740993", "9007199254740993", True),
        ("1.77602537248091E+15", "1776025372480910", True),
        ("1.2E+5", "120000", False),
        ("9.2324407708699997E+11", "923244077087", False),
        ("10.0", "10", False),
        ("-0", "0", False),
        ("-0.0", "0", False),
        ("1E-10", "0.0000000001", False),
        ("0.30000000000000004", "0.3", False),
        ("123456789012345678901234567890", "123456789012345678901234567890", True),
    ],
)
def test_a_number_keeps_its_digits_and_is_suspect_where_excel_may_have_rounded_it(
    tmp_path: Path, raw: str, text: str, warning: bool
) -> None:
    sheet = one_cell(tmp_path, f'<c r="A2"><v>{raw}</v></c>')
    assert rows_of(sheet) == [[text]]
    assert bool(warnings_of(sheet)) is warning
    if warning:
        assert "may have been rounded" in warnings_of(sheet)[0].cause
        assert "as Text" in warnings_of(sheet)[0].detail


@pytest.mark.parametrize(
    ("cell", "what", "remedy"),
    [
        ('<c r="A2" t="e"><v>#N/A</v></c>', "shows the error #N/A", "correct or clear it in Excel"),
        (
            '<c r="A2" t="e"><f>X()</f><v>#SPILL!</v></c>',
            "shows the error #SPILL!",
            "correct or clear it in Excel",
        ),
        (
            '<c r="A2"><f>1+1</f></c>',
            "holds a formula without a stored value",
            "open the sheet in Excel and save it",
        ),
        (
            '<c r="A2"><f>1+1</f><v></v></c>',
            "holds a formula without a stored value",
            "open the sheet in Excel and save it",
        ),
        (
            '<c r="A2" t="str"><f>A1</f></c>',
            "holds a formula without a stored value",
            "open the sheet in Excel and save it",
        ),
        (
            '<c r="A2"><v>nan</v></c>',
            "holds 'nan', which is not a number",
            "format the column as Text in Excel, paste the values again and save",
        ),
        (
            '<c r="A2"><v>1E999</v></c>',
            "holds '1E999', which is not a number",
            "format the column as Text in Excel, paste the values again and save",
        ),
        (
            '<c r="A2" t="b"><v>yes</v></c>',
            "holds 'yes', which is neither true nor false",
            "correct or clear it in Excel",
        ),
        (
            '<c r="A2" t="s"><v>7</v></c>',
            "refers to a text that the file does not have",
            "correct or clear it in Excel",
        ),
    ],
)
def test_a_cell_without_a_true_text_is_a_fault_and_blank(
    tmp_path: Path, cell: str, what: str, remedy: str
) -> None:
    sheet = one_cell(tmp_path, cell)
    assert errors_of(sheet) == [CellIssue(2, 0, what, remedy)]
    assert rows_of(sheet) == [[""]]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c r="A2" t="str"><f>A1</f><v>a_x000D_b</v></c>', "a\rb"),
        ('<c r="A2"><f>1+1</f><v>2</v></c>', "2"),
        ('<c r="A2" t="b"><f>1=1</f><v>1</v></c>', "true"),
        ('<c r="A2" t="b"><v>TRUE</v></c>', "true"),
        ('<c r="A2" t="b"><v>false</v></c>', "false"),
        ('<c r="A2" t="inlineStr"><is><t>x_x000D_\ny _x005F_x000D_</t></is></c>', "x\r\ny _x000D_"),
        (f'<c r="A2" t="inlineStr"><is>{RICH}</is></c>', "bold plain"),
        ('<c r="A2" t="s"><v>0</v></c>', "bold plain"),
        ('<c t="s"><v>0</v></c>', "bold plain"),
        ('<c r="A2" t="d" s="1"><v>2021-05-06T00:00:00</v></c>', "2021-05-06"),
        ('<c r="A2" s="1"><v>60</v></c>', "60"),
        ('<c r="A2" s="1"><v>59</v></c>', "1900-02-28"),
        ('<c r="A2" s="1"><v>61</v></c>', "1900-03-01"),
        ('<c r="A2" s="1"><v>99999999</v></c>', "99999999"),
        ('<c r="A2" s="99"><v>5</v></c>', "5"),
    ],
)
def test_every_way_to_store_a_text_is_read(tmp_path: Path, cell: str, text: str) -> None:
    sheet = one_cell(tmp_path, cell, codes=["yyyy-mm-dd"], texts=f"<si>{RICH}</si>")
    assert rows_of(sheet) == [[text]]
    assert [s.cause for s in warnings_of(sheet)] == (
        [f"is formatted as a date but holds {text}, which is not a date"] if text in ("60", "99999999") else []
    )


def test_a_stored_empty_text_of_a_formula_is_blank_and_no_fault(tmp_path: Path) -> None:
    header = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c></row>'
    cells = '<row r="2"><c r="A2" t="str"><f>B1</f><v></v></c><c r="B2"><v>1</v></c></row>'
    sheet = open_sheet(raw_workbook(tmp_path, header + cells))
    assert (rows_of(sheet), errors_of(sheet)) == ([["", "1"]], [])


def test_dates_of_a_1904_workbook_are_four_years_later(tmp_path: Path) -> None:
    sheet = one_cell(tmp_path, '<c r="A2" s="1"><v>42736</v></c>', codes=["yyyy-mm-dd"], from_1904=True)
    assert rows_of(sheet) == [["2021-01-02"]]


def test_rich_text_of_excel_is_joined(tmp_path: Path) -> None:
    rich = CellRichText("plain ", TextBlock(InlineFont(b=True), "bold"), " end")
    assert rows_of(open_sheet(workbook(tmp_path, [["a"], [rich]]))) == [["plain bold end"]]


def test_a_workbook_that_names_its_elements_with_a_prefix_is_read(tmp_path: Path) -> None:
    rows = (
        '<x:row><x:c t="inlineStr"><x:is><x:t>a</x:t></x:is></x:c></x:row><x:row><x:c><x:v>7</x:v></x:c></x:row>'
    )
    sheet = open_sheet(raw_workbook(tmp_path, rows, prefix="x"))
    assert (sheet.header, rows_of(sheet), numbers_of(sheet)) == (("a",), [["7"]], [2])


def test_styled_blanks_and_rows_without_cells_are_no_data(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page["A1"], page["B1"], page["A5"] = "a", "b", "x"
    for row in range(1, 300):
        page.cell(row, 300).number_format = "@"
    book.save(tmp_path / "contacts.xlsx")
    sheet = open_sheet(tmp_path / "contacts.xlsx")
    assert (sheet.header, rows_of(sheet), numbers_of(sheet)) == (("a", "b"), [["x", ""]], [5])


def test_data_beyond_the_header_of_a_workbook_keeps_its_column(tmp_path: Path) -> None:
    sheet = open_sheet(workbook(tmp_path, [["a", "b"], [1, 2], [3, 4, None, "beyond"]]))
    assert sheet.header == ("a", "b", "", "")
    assert rows_of(sheet) == [["1", "2", "", ""], ["3", "4", "", "beyond"]]


def test_two_cells_at_the_ends_of_a_worksheet_do_not_hang(tmp_path: Path) -> None:
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    path = raw_workbook(tmp_path, f'<row r="1"><c r="A1"><v>1</v></c></row>{far}')
    assert "cell XFD1048576 is over 1,000 columns to the right" in refusal(path).what
    path = raw_workbook(tmp_path, '<row r="1"><c r="ZZZ1"><v>1</v></c></row>')
    assert "cell ZZZ1 is beyond the end of a worksheet" in refusal(path).what


@pytest.mark.slow
def test_a_wide_worksheet_is_read_to_its_last_column(tmp_path: Path) -> None:
    rows = "".join(f"<row>{'<c><v>1</v></c>' * 16_384}</row>" for _ in range(2))
    assert rows_of(open_sheet(raw_workbook(tmp_path, rows))) == [["1"] * 16_384]


def test_a_cell_a_million_rows_down_is_read_at_once(tmp_path: Path) -> None:
    far = '<row r="1048576"><c r="A1048576"><v>1</v></c></row>'
    sheet = open_sheet(raw_workbook(tmp_path, f'<row r="1"><c r="A1"><v>1</v></c></row>{far}'))
    assert (rows_of(sheet), numbers_of(sheet)) == ([["1"]], [1_048_576])


def test_hidden_rows_are_read_and_told(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="2" hidden="1"><c r="A2"><v>2</v></c></row>'
    sheet = open_sheet(raw_workbook(tmp_path, rows))
    assert rows_of(sheet) == [["2"]]
    assert sheet.notes == ("1 row is hidden in the worksheet and read like the others",)


def test_hidden_columns_with_a_header_are_read_and_named(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    for row in (("Phone", "Note", "City", None), ("1", "2", "3", "4")):
        page.append(row)
    for letter in "BCD":
        page.column_dimensions[letter].hidden = True
    book.save(tmp_path / "hidden.xlsx")
    sheet = open_sheet(tmp_path / "hidden.xlsx")
    assert rows_of(sheet) == [["1", "2", "3", "4"]]
    assert sheet.notes == ("columns B “Note”, C “City” are hidden in the worksheet and read like the others",)


@pytest.mark.parametrize("numbers", ['min="-2000000000" max="5"', 'min="1" max="2000000000"', 'min="x"', ""])
def test_a_range_of_hidden_columns_that_no_worksheet_has_takes_no_time(tmp_path: Path, numbers: str) -> None:
    row = '<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row>'
    path = raw_workbook(tmp_path, row)
    part = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    columns = f'<cols>{f"""<col {numbers} hidden="1"/>""" * 1000}</cols><sheetData>'
    contents[part] = contents[part].replace(b"<sheetData>", columns.encode())
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    assert rows_of(open_sheet(path)) == [["2"]]


def test_a_doctype_is_refused(tmp_path: Path) -> None:
    path = raw_workbook(tmp_path, "")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("xl/worksheets/sheet1.xml", '<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>')
    assert "DOCTYPE" in refusal(path).what


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"])
def test_a_damaged_part_is_refused_as_damaged(tmp_path: Path, part: str) -> None:
    path = raw_workbook(tmp_path, '<row r="1"><c r="A1"><v>1</v></c></row>')
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(part, "<worksheet><sheetData><row r='one'>")
    assert "is damaged" in refusal(path).what


def test_the_only_visible_worksheet_with_data_is_chosen(tmp_path: Path) -> None:
    path = worksheets(
        tmp_path,
        Old=("hidden", [["x"]]),
        Deep=("veryHidden", [["x"]]),
        Blank=("visible", []),
        People=("visible", [["a"]]),
    )
    sheet = open_sheet(path)
    assert (sheet.worksheet, sheet.header, sheet.format) == ("People", ("a",), "Excel workbook")
    assert sheet.worksheets == ("Old", "Deep", "Blank", "People")
    assert sheet.notes == ("the hidden worksheet 'Old' is ignored", "the hidden worksheet 'Deep' is ignored")


def test_a_worksheet_is_named_in_any_case_even_a_hidden_one(tmp_path: Path) -> None:
    path = worksheets(tmp_path, Old=("hidden", [["x"]]), People=("visible", [["a"]]))
    assert open_sheet(path, SheetOptions(worksheet="oLD")).header == ("x",)
    error = refusal(path, worksheet="Leads")
    assert "no worksheet 'Leads'; it has 'Old', 'People'" in error.what


def test_several_worksheets_with_data_must_be_chosen_from(tmp_path: Path) -> None:
    path = worksheets(tmp_path, One=("visible", [["x"]]), Two=("visible", [["a"]]))
    error = refusal(path)
    assert "several worksheets with data: 'One', 'Two'" in error.what
    assert "--worksheet NAME" in error.remedy


def test_the_only_worksheet_with_several_rows_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    rows: list[list[object]] = [["a"], ["1"]]
    path = worksheets(
        tmp_path, Notes=("visible", [[], ["by Ann"], []]), People=("visible", rows), Old=("hidden", rows)
    )
    sheet = open_sheet(path)
    assert (sheet.worksheet, sheet.row_count) == ("People", 1)
    assert sheet.notes == (
        "the worksheet 'Notes' is ignored: it has no rows below its first",
        "the hidden worksheet 'Old' is ignored",
    )
    assert open_sheet(path, SheetOptions(worksheet="People")).notes == ()
    both = worksheets(tmp_path, Notes=("visible", [["by Ann"], ["and Bo"]]), People=("visible", rows))
    assert "several worksheets with data: 'Notes', 'People'" in refusal(both).what


def test_a_worksheet_of_a_csv_file_is_refused(tmp_path: Path) -> None:
    assert "has no worksheets" in refusal(csv_file(tmp_path, "a\n1\n"), worksheet="One").what
