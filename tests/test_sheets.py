"""Spreadsheets come in and go out as exact text, or are refused in words that say how to mend them."""

from __future__ import annotations

import errno
import json
import os
import string
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from heyx_bulk.errors import SheetError, Unwritable
from heyx_bulk.sheets import Fault, Sheet, guard, open_sheet, unguard, write_sheet, writing

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RICH = "<r><t>bold </t></r><r><t>plain</t></r><rPh sb='0' eb='1'><t>yomi</t></rPh>"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def rows_of(sheet: Sheet) -> list[list[str]]:
    return [row for chunk in sheet.chunks() for row in chunk.cells.to_numpy().tolist()]


def numbers_of(sheet: Sheet) -> list[int]:
    return [int(number) for chunk in sheet.chunks() for number in chunk.cells.index]


def faults_of(sheet: Sheet) -> list[Fault]:
    return [fault for chunk in sheet.chunks() for fault in chunk.faults]


def suspects_of(sheet: Sheet) -> list[Fault]:
    return [suspect for chunk in sheet.chunks() for suspect in chunk.suspects]


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
        open_sheet(path, **options)
    assert told.value.remedy
    return told.value


# --- the guard ---------------------------------------------------------------------------------------------

TRICKY = st.text(alphabet=st.one_of(st.sampled_from("'=+-@|%\t\r\n＝＋－＠ 09.,E\u200b\xa0"), st.characters()))


@given(TRICKY)
def test_for_any_text_the_guard_comes_off_again(text: str) -> None:
    assert unguard(guard(text)) == text


@given(TRICKY)
def test_a_guarded_text_never_begins_with_a_formula_sign_unless_it_is_a_plain_number(text: str) -> None:
    guarded = guard(text)
    assert guarded[:1] not in set("=@|%\t\r\n＝＋－＠")


@pytest.mark.parametrize("text", ["+923244077087", "-5", "+1.5", "-1,5", "-1E5", "O'Neil", "'s Gravenhage", "12"])
def test_phones_numbers_and_plain_texts_are_not_guarded(text: str) -> None:
    assert guard(text) == text
    assert unguard(text) == text


@pytest.mark.parametrize("text", ["=1+1", "+92 324", "-x", "@SUM(A1)", "|cmd", "%x", "\t=1", "＝1", " =1", "'=1"])
def test_a_formula_is_guarded_with_one_apostrophe(text: str) -> None:
    assert guard(text) == f"'{text}"


# --- CSV ---------------------------------------------------------------------------------------------------


def test_csv_values_come_as_they_stand(tmp_path: Path) -> None:
    content = 'phone,name,note\r\n0012, Ann ,"x, ""y"""\r\n1E5,TRUE,NA\r\n+923244077087,null,\u200f٣\r\n'
    sheet = open_sheet(csv_file(tmp_path, content))
    assert sheet.header == ("phone", "name", "note")
    assert rows_of(sheet) == [
        ["0012", " Ann ", 'x, "y"'],
        ["1E5", "TRUE", "NA"],
        ["+923244077087", "null", "\u200f٣"],
    ]
    assert (sheet.format, sheet.worksheet, sheet.worksheets, sheet.notes) == ("CSV", None, (), ())


def test_csv_cells_are_an_object_frame_with_positions_for_columns(tmp_path: Path) -> None:
    chunk = next(open_sheet(csv_file(tmp_path, "a,a,\n1,,3\n")).chunks())
    assert [*map(int, chunk.cells.columns)] == [0, 1, 2]
    assert {str(kind) for kind in chunk.cells.dtypes} == {"object"}
    assert chunk.cells.to_numpy().tolist() == [["1", "", "3"]]


def test_csv_rows_are_numbered_by_the_line_they_begin_in(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, 'a,b\n1,"x\ny"\n\n,\n2,z\n'))
    assert numbers_of(sheet) == [2, 6]
    assert rows_of(sheet) == [["1", "x\ny"], ["2", "z"]]
    assert sheet.row_count == 2


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_lines_may_end_in_any_way(tmp_path: Path, end: str) -> None:
    sheet = open_sheet(csv_file(tmp_path, end.join(["a,b", '1,"x\r\ny"', "2,z"])))
    assert rows_of(sheet) == [["1", "x\r\ny"], ["2", "z"]]


def test_unicode_line_separators_stay_inside_a_value(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "a,b\n1\u20282,x\x0by\x0cz\x85\n"))
    assert rows_of(sheet) == [["1\u20282", "x\x0by\x0cz\x85"]]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_recognised_in_every_form(tmp_path: Path, codec: str) -> None:
    content = "name,city\r\nZoë,Łódź 😀\r\nPlain,Lahore and the plain surroundings\r\n"
    sheet = open_sheet(csv_file(tmp_path, content.encode(codec)))
    assert sheet.header == ("name", "city")
    assert rows_of(sheet)[0] == ["Zoë", "Łódź 😀"]


def test_one_bad_byte_far_down_makes_a_file_no_utf8(tmp_path: Path) -> None:
    content = b"name,city\n" + b"Ann,Lahore\n" * 200_000 + "René,Orléans\n".encode("cp1252")
    sheet = open_sheet(csv_file(tmp_path, content))
    assert rows_of(sheet)[-1] == ["René", "Orléans"]
    assert any("Windows-1252" in note for note in sheet.notes)


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("имя,город\nИван,Москва\n", "cp1251"),
        ("имя,место\nиван,москва\n", "cp1251"),
        ("ad,şehir\nİbrahim,Muğla\nIşıl,Ağrı\n", "cp1254"),
        ("imię,miasto\nPaweł,Łódź\nMałgorzata,Świętochłowice\n", "cp1250"),
        ("名前,町\n山田太郎,東京都\n", "cp932"),
        ("nom,ville\nRené,Orléans\nÉmile,Nîmes\n", "mac_roman"),
    ],
)
def test_text_that_does_not_look_western_is_refused_with_candidates(tmp_path: Path, text: str, codec: str) -> None:
    error = refusal(csv_file(tmp_path, text.encode(codec)))
    assert "encoding cannot be told; it may be" in error.what
    assert "UTF-8" in error.remedy


@pytest.mark.parametrize(
    "text",
    [
        "nom;âge;ville\nHélène d’Anjou;5 €;Orléans\nZoé;12°;«Nîmes»\n",
        "nombre;año\n¿José?;1º\n",
        "name;ort\nJürgen Groß;Köln – Süd\n",
    ],
)
def test_western_text_is_read_as_windows_1252_with_a_note(tmp_path: Path, text: str) -> None:
    sheet = open_sheet(csv_file(tmp_path, text.encode("cp1252")))
    assert [";".join(row) for row in rows_of(sheet)] == text.splitlines()[1:]
    assert any("Windows-1252" in note for note in sheet.notes)


def test_an_encoding_can_be_given_and_is_checked(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "имя,город\nИван,Москва\n".encode("cp1251"))
    assert open_sheet(path, encoding="windows-1251").header == ("имя", "город")
    assert "UTF-8" in refusal(path, encoding="utf-8").what
    assert "no encoding 'utf-9'" in refusal(path, encoding="utf-9").what


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_the_one_that_makes_rows_alike(tmp_path: Path, separator: str) -> None:
    rows = [["name", "amount", "note"], ["Ann", "25,5", "a|b"], ["Bob", "1,0", "c;d"]]
    lines = [separator.join(f'"{cell}"' if separator in cell else cell for cell in row) for row in rows]
    sheet = open_sheet(csv_file(tmp_path, "\n".join(lines)))
    assert rows_of(sheet) == rows[1:]
    assert sheet.notes == {",": (), "\t": ("separator is tab",)}.get(separator, (f"separator is {separator}",))


def test_the_header_tells_a_separator_from_decimal_commas(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "a;b\n" + "1,5;2,5\n" * 9))
    assert (sheet.header, rows_of(sheet)[0]) == (("a", "b"), ["1,5", "2,5"])


def test_a_sep_line_wins_and_is_no_row(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "sep=;\r\na,b;c\r\n1,2;3\r\n"))
    assert sheet.header == ("a,b", "c")
    assert (rows_of(sheet), numbers_of(sheet), sheet.header_row) == ([["1,2", "3"]], [3], 2)


def test_a_delimiter_can_be_given(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "a:b\n1:2\n"), delimiter=":")
    assert rows_of(sheet) == [["1", "2"]]


def test_a_single_column_is_a_table_too(tmp_path: Path) -> None:
    assert rows_of(open_sheet(csv_file(tmp_path, "phone\n+1\n\n0012\n"))) == [["+1"], ["0012"]]


def test_an_unclosed_quote_is_refused_with_the_line_where_it_opened(tmp_path: Path) -> None:
    path = csv_file(tmp_path, 'a,b\n1,"x\ny"\n2,"fine","open\n3,z\n4,z\n')
    assert "the quote opened in line 4 is never closed" in refusal(path).what


def test_text_after_a_closing_quote_is_refused_with_the_line_where_the_value_opened(tmp_path: Path) -> None:
    path = csv_file(tmp_path, 'a,b\n1,x\n2,"open\n3,"z"\n')
    error = refusal(path)
    assert "line 4: text follows the closing quote of the value opened in line 3" in error.what


def test_a_short_row_is_filled_with_blanks_and_told(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "a,b,c\n1,2,3\n4\n5,6,7\n"))
    assert rows_of(sheet) == [["1", "2", "3"], ["4", "", ""], ["5", "6", "7"]]
    assert sheet.notes == ("1 row is shorter than the header, filled with blanks (line 3)",)


def test_blanks_beyond_the_header_are_cut(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "a,b\n1,2,,\n3,4\n5,6\n"))
    assert rows_of(sheet) == [["1", "2"], ["3", "4"], ["5", "6"]]
    assert faults_of(sheet) == []
    assert any("longer than the header by blanks only" in note for note in sheet.notes)


def test_text_beyond_the_header_is_a_fault_of_its_row_and_shifts_nothing(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "a,b\n1,2,3\n" + "4,5\n" * 30))
    fault = faults_of(sheet)[0]
    assert (fault.row, fault.position) == (2, 2)
    assert fault.what == "has 3 values where the header has 2 columns"
    assert rows_of(sheet)[0] == ["1", "2"]


def test_many_rows_too_long_are_a_wrong_separator_and_refused(tmp_path: Path) -> None:
    error = refusal(csv_file(tmp_path, "a,b\n1,2,3\n4,5\n"))
    assert "1 of 2 rows have more values than the header's 2 (line 2)" in error.what


def test_blanks_before_quotes_belong_to_the_separator_where_that_makes_rows_alike(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, 'a, b\n"1", "x, y"\n"2", "z"\n'))
    assert rows_of(sheet) == [["1", "x, y"], ["2", "z"]]
    assert "blanks after the separators are left off" in sheet.notes


def test_a_nul_byte_is_refused_with_its_line(tmp_path: Path) -> None:
    assert "line 3: holds a NUL byte" in refusal(csv_file(tmp_path, "a,b\n1,2\n\0,3\n")).what


def test_blank_rows_and_columns_at_the_end_are_dropped_by_the_thousand(tmp_path: Path) -> None:
    blanks = "," * 2000
    sheet = open_sheet(csv_file(tmp_path, f"a,b{blanks}\n1,2{blanks}\n" + f"{blanks},\n" * 2000))
    assert sheet.header == ("a", "b")
    assert rows_of(sheet) == [["1", "2"]]


def test_a_blank_header_with_data_below_is_kept(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "a,,b,,\n1,2,3,4,\n"))
    assert sheet.header == ("a", "", "b", "")
    assert rows_of(sheet) == [["1", "2", "3", "4"]]


def test_a_guarded_csv_value_loses_its_guard(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "a,b\n'=1+1,'s Gravenhage\n''=x,'+923244077087\n"))
    assert rows_of(sheet) == [["=1+1", "'s Gravenhage"], ["'=x", "'+923244077087"]]


def test_a_number_that_excel_cut_to_an_exponent_is_suspect(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "id,b\n1.78E+15,x\n177,1E5\n"))
    assert [(suspect.row, suspect.position) for suspect in suspects_of(sheet)] == [(2, 0)]
    assert rows_of(sheet)[0] == ["1.78E+15", "x"]


def test_a_value_of_a_megabyte_is_read(tmp_path: Path) -> None:
    long = "x" * 1_000_000
    assert rows_of(open_sheet(csv_file(tmp_path, f"a,b\n1,{long}\n"))) == [["1", long]]


def test_chunks_are_bounded_and_can_be_read_again(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "a,b\n" + "".join(f"{n},x\n" for n in range(25))))
    for _ in range(2):
        assert [len(chunk.cells) for chunk in sheet.chunks(10)] == [10, 10, 5]
        assert numbers_of(sheet) == list(range(2, 27))


# --- the header --------------------------------------------------------------------------------------------


def test_a_title_above_the_table_is_refused_naming_the_header(tmp_path: Path) -> None:
    for path in (
        csv_file(tmp_path, "Export of today,,\n,,\na,b,c\n1,2,3\n"),
        csv_file(tmp_path, "Export of today\n\na,b,c\n1,2,3\n"),
        workbook(tmp_path, [["Export of today"], [], ["a", "b", "c"], [1, 2, 3]]),
    ):
        error = refusal(path)
        assert "row 3 looks like the header" in error.what
        assert error.remedy == "Delete the lines above row 3 and try again."
        sheet = open_sheet(path, header_row=3)
        assert (sheet.header, sheet.header_row, rows_of(sheet)) == (("a", "b", "c"), 3, [["1", "2", "3"]])


def test_a_header_row_that_is_blank_or_beyond_is_refused(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "a,b\n\n1,2\n")
    for row in (2, 9):
        assert f"row {row} is blank or does not exist" in refusal(path, header_row=row).what


def test_a_header_without_rows_is_a_sheet_of_no_rows(tmp_path: Path) -> None:
    for path in (csv_file(tmp_path, "a,b\r\n"), workbook(tmp_path, [["a", "b"]])):
        sheet = open_sheet(path)
        assert (sheet.header, sheet.row_count, list(sheet.chunks())) == (("a", "b"), 0, [])


def test_a_sheet_without_anything_is_empty(tmp_path: Path) -> None:
    assert "is empty" in refusal(csv_file(tmp_path, "")).what
    assert "is empty" in refusal(csv_file(tmp_path, "\r\n,,\r\n  \n")).what
    assert "is empty" in refusal(workbook(tmp_path, [])).what


def test_an_error_in_the_header_is_refused(tmp_path: Path) -> None:
    cell = '<c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="e"><v>#REF!</v></c>'
    error = refusal(raw_workbook(tmp_path, f'<row r="1">{cell}</row>'))
    assert error.what.endswith("row 1, column 2: the header cell shows the error #REF!")


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
    assert open_sheet(tmp_path / "contacts.xlsx", header_row=2).header == ("", "street", "city")


# --- Excel: what a cell says -------------------------------------------------------------------------------


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
    ("raw", "text", "suspect"),
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
    tmp_path: Path, raw: str, text: str, suspect: bool
) -> None:
    sheet = one_cell(tmp_path, f'<c r="A2"><v>{raw}</v></c>')
    assert rows_of(sheet) == [[text]]
    assert bool(suspects_of(sheet)) is suspect
    if suspect:
        assert "may have been rounded" in suspects_of(sheet)[0].what
        assert "as Text" in suspects_of(sheet)[0].remedy


@pytest.mark.parametrize(
    ("cell", "what", "remedy"),
    [
        ('<c r="A2" t="e"><v>#N/A</v></c>', "shows the error #N/A", "mend or clear it in Excel"),
        ('<c r="A2" t="e"><f>X()</f><v>#SPILL!</v></c>', "shows the error #SPILL!", "mend or clear it in Excel"),
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
            "holds 'nan', which is no number",
            "format the column as Text in Excel, paste the values again and save",
        ),
        (
            '<c r="A2"><v>1E999</v></c>',
            "holds '1E999', which is no number",
            "format the column as Text in Excel, paste the values again and save",
        ),
        (
            '<c r="A2" t="s"><v>7</v></c>',
            "refers to a text the file has not",
            "format the column as Text in Excel, paste the values again and save",
        ),
    ],
)
def test_a_cell_without_a_true_text_is_a_fault_and_blank(
    tmp_path: Path, cell: str, what: str, remedy: str
) -> None:
    sheet = one_cell(tmp_path, cell)
    assert faults_of(sheet) == [Fault(2, 0, what, remedy)]
    assert rows_of(sheet) == [[""]]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c r="A2" t="str"><f>A1</f><v>a_x000D_b</v></c>', "a\rb"),
        ('<c r="A2"><f>1+1</f><v>2</v></c>', "2"),
        ('<c r="A2" t="b"><f>1=1</f><v>1</v></c>', "true"),
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
    assert [s.what for s in suspects_of(sheet)] == (
        [f"is formatted as a date but holds {text}, which is no date"] if text in ("60", "99999999") else []
    )


def test_a_stored_empty_text_of_a_formula_is_blank_and_no_fault(tmp_path: Path) -> None:
    header = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c></row>'
    cells = '<row r="2"><c r="A2" t="str"><f>B1</f><v></v></c><c r="B2"><v>1</v></c></row>'
    sheet = open_sheet(raw_workbook(tmp_path, header + cells))
    assert (rows_of(sheet), faults_of(sheet)) == ([["", "1"]], [])


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
    assert "cell XFD1048576 stands over 1,000 columns right" in refusal(path).what
    path = raw_workbook(tmp_path, '<row r="1"><c r="ZZZ1"><v>1</v></c></row>')
    assert "cell ZZZ1 lies outside of any worksheet" in refusal(path).what


def test_a_cell_a_million_rows_down_is_read_at_once(tmp_path: Path) -> None:
    far = '<row r="1048576"><c r="A1048576"><v>1</v></c></row>'
    sheet = open_sheet(raw_workbook(tmp_path, f'<row r="1"><c r="A1"><v>1</v></c></row>{far}'))
    assert (rows_of(sheet), numbers_of(sheet)) == ([["1"]], [1_048_576])


def test_hidden_rows_are_read_and_told(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="2" hidden="1"><c r="A2"><v>2</v></c></row>'
    sheet = open_sheet(raw_workbook(tmp_path, rows))
    assert rows_of(sheet) == [["2"]]
    assert sheet.notes == ("1 row is hidden in the worksheet, and read like the others",)


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


# --- Excel: which worksheet --------------------------------------------------------------------------------


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
    assert sheet.notes == ("hidden worksheet 'Old' left alone", "hidden worksheet 'Deep' left alone")


def test_a_worksheet_is_named_in_any_case_even_a_hidden_one(tmp_path: Path) -> None:
    path = worksheets(tmp_path, Old=("hidden", [["x"]]), People=("visible", [["a"]]))
    assert open_sheet(path, worksheet="oLD").header == ("x",)
    error = refusal(path, worksheet="Leads")
    assert "no worksheet 'Leads'; it has 'Old', 'People'" in error.what


def test_several_worksheets_with_data_must_be_chosen_from(tmp_path: Path) -> None:
    path = worksheets(tmp_path, One=("visible", [["x"]]), Two=("visible", [["a"]]))
    error = refusal(path)
    assert "several worksheets with data: 'One', 'Two'" in error.what
    assert "--sheet NAME" in error.remedy


def test_a_worksheet_of_a_csv_file_is_refused(tmp_path: Path) -> None:
    assert "has no worksheets" in refusal(csv_file(tmp_path, "a\n1\n"), worksheet="One").what


# --- what is refused by its name ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("contacts.xls", OLE + "Workbook".encode("utf-16-le"), "contacts.xls is an old Excel workbook (.xls)"),
        (
            "contacts.xlsx",
            OLE + "EncryptedPackage".encode("utf-16-le"),
            "contacts.xlsx is protected by a password",
        ),
        ("contacts.doc", OLE + "WordDocument".encode("utf-16-le"), "contacts.doc is an old Office document"),
        ("contacts.xls", b"<html><table>", "contacts.xls is a web page (HTML or XML) saved as .xls"),
        ("contacts.xls", "\ufeff<table>".encode("utf-16-le"), "contacts.xls is a web page"),
        ("contacts.csv", b"%PDF-1.7", "contacts.csv is a PDF"),
        ("contacts.csv", b"", "contacts.csv is empty"),
        ("contacts.csv", bytes(range(256)) * 4, "contacts.csv is a binary file"),
        ("contacts.csv.gz", b"\x1f\x8b\x08", "contacts.csv.gz is a gzip archive"),
        ("contacts.xlsx", b"PK\x03\x04cut", "contacts.xlsx is damaged"),
        ("contacts.xls", b"a\tb\n1\t2\n", "contacts.xls is no Excel file: it is plain text"),
    ],
)
def test_another_format_is_refused_by_its_true_name(tmp_path: Path, name: str, content: bytes, what: str) -> None:
    assert refusal(csv_file(tmp_path, content, name)).what.startswith(what)


@pytest.mark.parametrize(
    ("part", "what"),
    [
        ("xl/workbook.bin", "is a binary Excel workbook (.xlsb)"),
        ("content.xml", "is an OpenDocument sheet (.ods)"),
        ("word/document.xml", "is a Word document"),
        ("contacts.csv", "is a zip archive"),
    ],
)
def test_another_zip_is_refused_by_its_true_name(tmp_path: Path, part: str, what: str) -> None:
    with zipfile.ZipFile(tmp_path / "contacts.xlsx", "w") as archive:
        archive.writestr(part, "x")
    assert what in refusal(tmp_path / "contacts.xlsx").what


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "nothing.csv").what
    assert "is a folder" in refusal(tmp_path).what


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["a"], ["1"]]).rename(tmp_path / "contacts.csv")
    assert open_sheet(path).format == "Excel workbook"


# --- writing -----------------------------------------------------------------------------------------------

WILD = [
    *("=cmd|' /C calc'!A0", "0012", "1E5", "TRUE", "'", "''=x", 'say "hi"', "a\r\nb", "a\rb", "\n", "😀"),
    *("\u200fשלום", "_x000D_", "_x0041_x0042_", "<r><t>x</t></r>", "<r>&</r>", "<r>", " x ", "\x01\x1f"),
    *("\ufffe", "http://x.y", "#N/A", "+923244077087", "-5", "@x", "\t", "{=1}", "&amp;"),
]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_whatever_is_written_comes_back(tmp_path: Path, suffix: str) -> None:
    rows = [[text, "x", text] for text in WILD]
    path = tmp_path / f"results.{suffix}"
    write_sheet(path, ["=a", "b", "_x000D_"], rows)
    sheet = open_sheet(path)
    assert sheet.header == ("=a", "b", "_x000D_")
    assert rows_of(sheet) == rows
    assert faults_of(sheet) == []
    assert list(tmp_path.iterdir()) == [path]


PIECES = st.sampled_from(
    ["_x000D_", "_x005F_", "_x", "0041_", "<r>", "</r>", "'", "=", '"', ",", ";", "\r", "\n", " "]
)
CELLS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    st.lists(PIECES, max_size=6).map("".join),
)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=6)
)


@settings(deadline=None, max_examples=200)
@given(TABLES)
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_any_table_comes_back(suffix: str, rows: list[list[str]]) -> None:
    header = list(string.ascii_letters[: len(rows[0]) if rows else 2])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"results.{suffix}")
        write_sheet(path, header, rows)
        sheet = open_sheet(path, delimiter="," if suffix == "csv" else None, header_row=1)
        assert list(sheet.header) == header
        assert rows_of(sheet) == [row for row in rows if any(cell.strip() for cell in row)]


def test_csv_is_utf8_with_a_mark_crlf_and_no_needless_quotes(tmp_path: Path) -> None:
    write_sheet(tmp_path / "a.csv", ["a", "b"], [["é", "x,y"], ["=1", ""]])
    assert (tmp_path / "a.csv").read_bytes() == b'\xef\xbb\xbfa,b\r\n\xc3\xa9,"x,y"\r\n\'=1,\r\n'


def test_a_workbook_is_all_text_with_a_frozen_header_and_a_filter(tmp_path: Path) -> None:
    write_sheet(
        tmp_path / "a.xlsx", ["a", "long header of a column"], [["=1+1", ""], ["12", "x"]], worksheet="Failed"
    )
    page = openpyxl.load_workbook(tmp_path / "a.xlsx")["Failed"]
    cells = [cell for row in page.iter_rows() for cell in row]
    assert {cell.number_format for cell in cells} == {"@"}
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    assert (page.freeze_panes, page.auto_filter.ref) == ("A2", "A1:B3")
    assert page.column_dimensions["B"].width > page.column_dimensions["A"].width


def test_rows_over_the_limit_go_to_further_worksheets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST_ROWS", 3)
    path = tmp_path / "a.xlsx"
    write_sheet(path, ["n"], [[str(n)] for n in range(5)], worksheet="A worksheet with a long name..")
    names = (
        "A worksheet with a long name..",
        "A worksheet with a long nam (2)",
        "A worksheet with a long nam (3)",
    )
    assert [rows_of(open_sheet(path, worksheet=name)) for name in names] == [
        [["0"], ["1"]],
        [["2"], ["3"]],
        [["4"]],
    ]
    write_sheet(path, ["n"], [["0"], ["1"]])
    assert open_sheet(path).worksheets == ("Sheet1",)


def test_a_text_too_long_for_excel_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    write_sheet(tmp_path / "a.xlsx", ["a", "b"], [["x", "y" * 32_767]])
    before = (tmp_path / "a.xlsx").read_bytes()
    with pytest.raises(Unwritable) as told:
        write_sheet(tmp_path / "a.xlsx", ["a", "b"], [["x", "y"], ["x", "y" * 32_768]])
    assert "row 3, column B: 32,768 characters are more than the 32,767 Excel can hold" in told.value.what
    assert (tmp_path / "a.xlsx").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_half_a_surrogate_pair_is_replaced(tmp_path: Path, suffix: str) -> None:
    write_sheet(tmp_path / f"a.{suffix}", ["a", "b"], [["x\ud83dy", "😀"]])
    assert rows_of(open_sheet(tmp_path / f"a.{suffix}")) == [["x\ufffdy", "😀"]]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_midway_leaves_the_old_file_and_no_draft(
    tmp_path: Path, suffix: str, failure: BaseException
) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_text("old")

    def rows() -> Iterator[list[str]]:
        yield from ([str(n)] for n in range(5000))
        raise failure

    with pytest.raises(type(failure)) as told:
        write_sheet(path, ["a"], rows())
    assert told.value is failure
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full is Linux's")
def test_a_full_disk_stays_the_error_it_is() -> None:
    with pytest.raises(OSError, match="No space left") as told, writing._workbook(Path("/dev/full")) as book:
        book.add_worksheet()
    assert told.value.errno == errno.ENOSPC


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / f"folder.{suffix}").mkdir()
    for path in (
        tmp_path / "none" / f"a.{suffix}",
        tmp_path / "file" / f"a.{suffix}",
        tmp_path / f"folder.{suffix}",
    ):
        with pytest.raises(Unwritable) as told:
            write_sheet(path, ["a"], [["1"]])
        assert told.value.remedy


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0o500)
    with pytest.raises(Unwritable, match="cannot be written"):
        write_sheet(tmp_path / "shut" / "a.csv", ["a"], [["1"]])


@pytest.mark.parametrize(
    ("name", "worksheet"), [("a.ods", "x"), ("a", "x"), ("a.xlsx", "a[b]"), ("a.xlsx", "x" * 32)]
)
def test_what_cannot_be_written_is_refused(tmp_path: Path, name: str, worksheet: str) -> None:
    with pytest.raises(Unwritable):
        write_sheet(tmp_path / name, ["a"], [["1"]], worksheet=worksheet)
    assert list(tmp_path.iterdir()) == []


def test_more_columns_than_excel_has_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unwritable, match="16,385 columns"):
        write_sheet(tmp_path / "a.xlsx", ["a"] * 16_385, [])
    with pytest.raises(Unwritable, match="row 2, column XFE: lies outside"):
        write_sheet(tmp_path / "a.xlsx", ["a"], [["x"] * 16_385])


def test_importing_the_package_does_not_import_what_only_some_need() -> None:
    code = "import sys, heyx_bulk.sheets; print({'pandas', 'openpyxl', 'xlsxwriter'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_workbook_of_xlsxwriter_with_typed_cells_is_read(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "contacts.xlsx")
    page = book.add_worksheet("People")
    page.write_row(0, 0, ["id", "when", "ok", "sum", "text"])
    page.write_row(1, 0, [17, "2021", True])
    page.write_formula(1, 3, "=1+1", None, 2)
    page.write_string(1, 4, "_x000D_\r\n")
    book.close()
    assert rows_of(open_sheet(tmp_path / "contacts.xlsx")) == [["17", "2021", "true", "2", "_x000D_\r\n"]]


# --- real files --------------------------------------------------------------------------------------------

REAL = Path(os.environ.get("HEYX_BULK_SHEETS", Path(__file__).parents[1] / ".." / "shared" / "data"))
MANIFEST = REAL / "manifest.json"
REAL_SHEETS: list[dict[str, Any]] = json.loads(MANIFEST.read_text())["files"] if MANIFEST.is_file() else []
TRUE_NAMES = {
    "csvkit_types.xls": "an old Excel workbook (.xls)",
    "ints_floats_dates.ods": "an OpenDocument sheet (.ods)",
    "password.xlsx": "password",
    "zero_bytes.csv": "is empty",
    "text_named.xls": "no Excel file",
    "nul_byte.csv": "line 2: holds a NUL byte",
    "ragged_both_ways.csv": "(line 2); 1 row is shorter (line 3)",
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
        assert f"row {real['header_row']} looks like the header" in refusal(path).what
        sheet = open_sheet(path, header_row=real["header_row"])
    else:
        sheet = open_sheet(path, worksheet=SEVERAL_WORKSHEETS.get(path.name))
    known = list(real["header"])
    while known and not known[-1] and len(known) > len(sheet.header):
        known.pop()  # a column without a header and without data is dropped
    assert list(sheet.header) == known
    assert sheet.header_row == real.get("header_row", real.get("header_line"))
    assert sheet.row_count == real["rows"]
    assert sheet.worksheet == real.get("sheet", sheet.worksheet)
    assert bool(sheet.notes) or "encoding_guess" not in real.get("warnings_wanted", [])
    rows = rows_of(sheet)
    for cell in real["cells"]:
        found = rows[cell["record"] - 1] if cell["record"] else list(sheet.header)
        assert found[cell["position"] - 1] in [cell["value"], *cell.get("also_accepted", [])]
