"""A file is known by its content: other formats, archives, standard input, and what is refused by its name."""

from __future__ import annotations

import gzip
import os
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets import legacy
from heyx_bulk.sheets.detect_format import Format
from heyx_bulk.sheets.frames import CellIssue
from heyx_bulk.sheets.legacy import open_legacy_book
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.record import ROWS_AT_ONCE
from heyx_bulk.sheets.sheet_options import SheetOptions
from tests.support.sheet_files import (
    OFFICE,
    OLE,
    REAL,
    biff12_text,
    csv_file,
    errors_of,
    numbers_of,
    ods,
    ods_row,
    ods_text,
    refusal,
    rows_of,
    warnings_of,
    workbook,
    xlsb,
    xlsb_number,
    xlsb_row,
    zipped,
)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
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
        ("contacts.csv.gz", b"\x1f\x8b\x08", "contacts.csv.gz is damaged"),
        ("contacts.xls", OLE + "Workbook".encode("utf-16-le"), "contacts.xls is damaged"),
        ("contacts.xlsx", b"PK\x03\x04cut", "contacts.xlsx is damaged"),
        ("contacts.xls", b"a\tb\n1\t2\n", "contacts.xls is not an Excel file but plain text"),
    ],
)
def test_another_format_is_refused_by_its_true_name(tmp_path: Path, name: str, content: bytes, what: str) -> None:
    assert refusal(csv_file(tmp_path, content, name)).what.startswith(what)


def test_a_word_document_is_refused_by_its_true_name(tmp_path: Path) -> None:
    path = zipped(tmp_path / "contacts.xlsx", {"word/document.xml": "x"})
    assert refusal(path).what == "contacts.xlsx is a Word document"


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "nothing.csv").what
    assert "is a folder" in refusal(tmp_path).what


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["a"], ["1"]]).rename(tmp_path / "contacts.csv")
    assert open_sheet(path).format == "Excel workbook"


# --- archives and standard input ---------------------------------------------------------------------------


def test_a_csv_in_gzip_is_read(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, gzip.compress(b"a;b\n1;2\n"), "contacts.csv.gz"))
    assert (sheet.format, sheet.name, sheet.path) == ("CSV", "contacts.csv.gz", tmp_path / "contacts.csv.gz")
    assert rows_of(sheet) == [["1", "2"]]


def test_a_csv_alone_in_a_zip_is_read_whatever_macos_put_beside_it(tmp_path: Path) -> None:
    parts = {"../../export/contacts.csv": "a,b\n1,2\n", "__MACOSX/._contacts.csv": "x", "export/.DS_Store": "x"}
    assert rows_of(open_sheet(zipped(tmp_path / "contacts.zip", parts))) == [["1", "2"]]
    assert [path.name for path in tmp_path.iterdir()] == ["contacts.zip"]


def test_a_zip_of_several_files_or_none_is_refused_naming_them(tmp_path: Path) -> None:
    several = zipped(tmp_path / "several.zip", {"a.csv": "a", "b.csv": "b"})
    assert refusal(several).what == "several.zip is a zip archive with 2 files in it: 'a.csv', 'b.csv'"
    assert "no file in it" in refusal(zipped(tmp_path / "none.zip", {})).what


def test_an_archive_around_something_else_than_csv_is_refused(tmp_path: Path) -> None:
    book = workbook(tmp_path, [["a"], ["1"]])
    path = zipped(tmp_path / "contacts.zip", {"contacts.xlsx": book.read_bytes()})
    what = "contacts.zip is a zip archive of something other than a CSV file: Excel workbook"
    assert refusal(path).what == what
    path = csv_file(tmp_path, gzip.compress(gzip.compress(b"a\n")), "contacts.gz")
    assert "of something other than a CSV file: another gzip archive" in refusal(path).what


def test_a_cut_gzip_is_refused_as_damaged(tmp_path: Path) -> None:
    content = gzip.compress(b"a,b\n" + os.urandom(9999).hex().encode())[:-20]
    assert "is damaged" in refusal(csv_file(tmp_path, content, "contacts.csv.gz")).what


def test_a_mistake_in_an_archive_is_told_with_the_name_of_the_archive(tmp_path: Path) -> None:
    path = csv_file(tmp_path, gzip.compress(b"a,b\n\0,1\n"), "contacts.csv.gz")
    assert refusal(path).what.startswith("contacts.csv.gz, line 2: contains a NUL byte")


FROM_INPUT = """
from pathlib import Path
from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.frames import row_texts
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.record import ROWS_AT_ONCE
try:
    sheet = open_sheet(Path("-"))
    rows = [cells.to_numpy().tolist() for _ in "12" for cells, _ in sheet.frames()]
    print(sheet.path, sheet.name, sheet.header, rows)
except SheetError as error:
    print(error.what)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a,b\n1,2\n", "- standard input ('a', 'b') [[['1', '2']], [['1', '2']]]"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "- standard input ('a', 'b') [[['1', '2']], [['1', '2']]]"),
        (b"", "standard input is empty (0 bytes)"),
        (b"a\n\0\n", "standard input, line 2: contains a NUL byte, which no text file has"),
    ],
    ids=["csv", "gzip", "empty", "NUL"],
)
def test_a_hyphen_is_standard_input(content: bytes, told: str) -> None:
    done = subprocess.run([sys.executable, "-c", FROM_INPUT], input=content, capture_output=True, check=True)
    assert done.stdout.decode().strip() == told


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = csv_file(tmp_path, gzip.compress(b"a,b\n1,2\n"), "contacts.csv.gz")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    sheet = open_sheet(path)
    assert rows_of(sheet) == [["1", "2"]]
    assert list((tmp_path / "temporary").iterdir()) == []


# --- what a person may say ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "sign"), [(";", ";"), ("semicolon", ";"), ("Tab", "\t"), ("\\t", "\t"), ("^", "^"), ("pipe", "|")]
)
def test_a_delimiter_is_a_sign_or_a_word(tmp_path: Path, word: str, sign: str) -> None:
    sheet = open_sheet(csv_file(tmp_path, f"a,x{sign}b\n1{sign}2\n"), SheetOptions(separator=word))
    assert (sheet.header, rows_of(sheet)) == (("a,x", "b"), [["1", "2"]])


@pytest.mark.parametrize("word", ["", "x", '"', "\n", ";;", "semi"])
def test_what_cannot_be_a_delimiter_is_refused_naming_those_that_can(tmp_path: Path, word: str) -> None:
    error = refusal(csv_file(tmp_path, "a\n1\n"), separator=word)
    assert error.what == f"{word!r} cannot be a separator"
    assert "semicolon" in error.remedy


@pytest.mark.parametrize("name", ["", "utf-9", "rot13", "base64", "idna", "undefined", "a\0b", "x" * 999])
def test_what_is_no_encoding_is_refused_naming_those_that_are(tmp_path: Path, name: str) -> None:
    error = refusal(csv_file(tmp_path, "a\n1\n"), encoding=name)
    assert error.what == f"there is no encoding {name!r}"
    assert "cp1252" in error.remedy


def test_an_encoding_that_does_not_fit_is_refused_naming_some_that_do(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "имя,город\nИван,Москва\n".encode("cp1251"))
    what = refusal(path, encoding="utf-8").what
    assert "holds bytes that are not UTF-8; it may be" in what
    assert "--encoding cp1251" in what


@pytest.mark.parametrize("option", ["encoding", "separator"])
def test_a_workbook_has_no_encoding_and_no_delimiter(tmp_path: Path, option: str) -> None:
    error = refusal(workbook(tmp_path, [["a"]]), **{option: "utf-8"})
    assert (error.what, error.remedy) == (
        f"contacts.xlsx is no CSV file, so it has no {option} to choose",
        f"Leave out --{option}.",
    )


# --- .xls, .xlsb, .ods -------------------------------------------------------------------------------------

ODS_NOTE = "in this format, error cells such as #N/A are read as blank: save the file as .xlsx to have them found"


def ods_value(kind: str, value: str, name: str = "value") -> str:
    return f'<table:table-cell office:value-type="{kind}" office:{name}="{value}"/>'


def test_every_kind_of_cell_of_an_opendocument_sheet_is_read(tmp_path: Path) -> None:
    cells = {
        "text": (ods_text("0012 "), "0012 "),
        "whole": (ods_value("float", "3244077087"), "3244077087"),
        "sum": (ods_value("float", "0.30000000000000004"), "0.3"),
        "share": (ods_value("percentage", "0.25"), "0.25"),
        "yes": (ods_value("boolean", "true", "boolean-value"), "true"),
        "day": (ods_value("date", "2009-08-16", "date-value"), "2009-08-16"),
        "moment": (ods_value("date", "2009-08-16T05:43:21", "date-value"), "2009-08-16T05:43:21"),
        "hours": (ods_value("time", "PT255H10M10S", "time-value"), "255:10:10"),
    }
    rows = ods_row(*map(ods_text, cells)) + ods_row(*(cell for cell, _ in cells.values()))
    sheet = open_sheet(ods(tmp_path, People=rows))
    assert (sheet.format, sheet.worksheet) == ("OpenDocument sheet", "People")
    assert dict(zip(sheet.header, rows_of(sheet)[0], strict=True)) == {
        name: text for name, (_, text) in cells.items()
    }
    assert sheet.notes == (ODS_NOTE,)


def test_a_long_number_of_an_opendocument_sheet_is_suspect(tmp_path: Path) -> None:
    rows = ods_row(ods_text("id")) + ods_row(ods_value("float", "1776025372480910"))
    sheet = open_sheet(ods(tmp_path, People=rows))
    assert rows_of(sheet) == [["1776025372480910"]]
    assert "may have been rounded" in warnings_of(sheet)[0].cause


def test_the_worksheet_of_an_opendocument_sheet_is_chosen_like_any_other(tmp_path: Path) -> None:
    row = ods_row(ods_text("a"))
    path = ods(tmp_path, One=row + row, Empty="", Two=row + row)
    assert "several worksheets with data: 'One', 'Two'" in refusal(path).what
    assert open_sheet(path, SheetOptions(worksheet="two")).row_count == 1
    assert "is empty" in refusal(ods(tmp_path, Empty="")).what


def test_the_worksheet_of_results_is_found_in_a_long_opendocument_sheet(tmp_path: Path) -> None:
    rows = "".join(ods_row(ods_text(f"+92300{row:07}")) for row in range(3 * ROWS_AT_ONCE))
    path = ods(tmp_path, One=rows, Two=rows)
    assert "several worksheets with data: 'One', 'Two'" in refusal(path).what
    sheet = open_sheet(ods(tmp_path, One=rows, Results=ods_row(ods_text("heyx row")) + rows, Two=rows))
    assert (sheet.worksheet, sheet.row_count) == ("Results", 3 * ROWS_AT_ONCE)
    assert rows_of(sheet)[0] == ["+923000000000"]


def test_a_link_to_a_file_that_is_gone_is_not_suggested_instead_of_itself(tmp_path: Path) -> None:
    link = tmp_path / "contacts.csv"
    link.symlink_to("gone.csv")
    assert refusal(link).what == f"{link} does not exist."


@pytest.mark.slow
def test_an_opendocument_sheet_that_takes_all_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(legacy, "_SECONDS_TO_START", 60.0)  # a slow machine must not end it before memory does
    for rows, columns, what in ((1_048_574, 16_383, "is damaged"), (16_000, 6_000, "takes over 1.5 GB")):
        gap = f'<table:table-cell table:number-columns-repeated="{columns}"/>'
        far = f'<table:table-row table:number-rows-repeated="{rows}">{gap}{ods_text("x")}</table:table-row>'
        path = ods(tmp_path, People=ods_row(ods_text("a")) + far + ods_row(gap, ods_text("x")))
        assert what in refusal(path).what


def test_a_workbook_that_takes_too_long_is_refused(tmp_path: Path) -> None:
    path = ods(tmp_path, People=ods_row(ods_text("a")))
    with (
        pytest.raises(SheetError, match=r"contacts.ods takes over 0.001 seconds to read"),
        open_legacy_book(path, Format.OPEN_DOCUMENT, seconds=0.001),
    ):
        pass


def test_a_damaged_opendocument_sheet_is_refused(tmp_path: Path) -> None:
    whole = ods(tmp_path, People=ods_row(ods_text("a"), ods_text("b")) * 9)
    with zipfile.ZipFile(whole) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    content = parts["content.xml"]
    never_ends = content.replace(b"</table:table>", b"</table:et>")
    for broken in (never_ends, *(content[:size] for size in range(100, len(content), 200))):
        path = zipped(tmp_path / "cut.ods", {**parts, "content.xml": broken})
        assert "cut.ods is damaged" in refusal(path).what


def test_a_table_that_begins_further_right_and_down_keeps_its_places(tmp_path: Path) -> None:
    gap = "<table:table-cell/>"
    sheet = open_sheet(
        ods(tmp_path, People=ods_row() * 2 + ods_row(gap, ods_text("a")) + ods_row(gap, ods_text("1")))
    )
    assert (sheet.header, sheet.header_row) == (("", "a"), 3)
    assert (rows_of(sheet), numbers_of(sheet)) == ([["", "1"]], [4])


def test_a_binary_workbook_is_read(tmp_path: Path) -> None:
    sheet = open_sheet(xlsb(tmp_path))
    assert (sheet.format, sheet.header) == ("binary Excel workbook (.xlsb)", ("id",))
    assert rows_of(sheet) == [["0012"], ["3244077087"], ["true"]]


def test_a_binary_workbook_with_a_chart_sheet_is_read(tmp_path: Path) -> None:
    sheet = open_sheet(xlsb(tmp_path, chart=True))
    assert (sheet.worksheet, rows_of(sheet)) == ("People", [["0012"], ["3244077087"], ["true"]])


@pytest.mark.parametrize("whole", [False, True], ids=["each part", "the whole package"])
def test_a_protected_opendocument_sheet_is_refused_as_protected(tmp_path: Path, whole: bool) -> None:
    part = "encrypted-package" if whole else "content.xml"
    manifest = (
        f'<manifest:manifest xmlns:manifest="{OFFICE}:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="{part}"><manifest:encryption-data/></manifest:file-entry>'
        "</manifest:manifest>"
    )
    parts: dict[str, str | bytes] = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        part: os.urandom(99),
        "META-INF/manifest.xml": manifest,
    }
    error = refusal(zipped(tmp_path / "contacts.ods", parts))
    assert error.what == "contacts.ods is protected by a password"
    assert "without a password" in error.remedy


NO_DATE = "is formatted as a date but holds 0, which is not a date"


def test_a_date_of_0_in_an_opendocument_sheet_is_reported_as_that(tmp_path: Path) -> None:
    day = ods_value("date", "1899-12-30", "date-value")
    sheet = open_sheet(ods(tmp_path, People=ods_row(ods_text("born")) + ods_row(day)))
    assert (rows_of(sheet), [warning.cause for warning in warnings_of(sheet)]) == ([["0"]], [NO_DATE])


def test_a_0_that_is_a_date_or_midnight_in_a_binary_workbook_is_reported(tmp_path: Path) -> None:
    rows = (
        xlsb_row(0, (6, biff12_text("born")), (6, biff12_text("from"))),
        xlsb_row(1, xlsb_number(0), xlsb_number(0.25)),
    )
    sheet = open_sheet(xlsb(tmp_path, rows=rows, codes=["yyyy-mm-dd", "hh:mm"]))
    assert rows_of(sheet) == [["00:00:00", "06:00:00"]]
    assert [(warning.column, warning.cause) for warning in warnings_of(sheet)] == [
        (0, "holds 0, which is midnight or not a valid date")
    ]


OLD = REAL / "csvkit_types.xls"


@pytest.mark.skipif(not OLD.is_file(), reason="the real sheets are not here")
def test_a_number_that_is_no_date_in_an_old_workbook_is_reported_as_it_is_shown(tmp_path: Path) -> None:
    content, day = OLD.read_bytes(), struct.pack("<I", 24472 << 2 | 2)  # RK: a whole number
    assert content.count(day) == 1
    sheet = open_sheet(csv_file(tmp_path, content.replace(day, struct.pack("<i", -1 << 2 | 2)), "old.xls"))
    assert rows_of(sheet)[0][1] == "-1"
    assert [(warning.row, warning.cause) for warning in warnings_of(sheet)] == [(2, NO_DATE.replace("0", "-1"))]


@pytest.mark.skipif(not OLD.is_file(), reason="the real sheets are not here")
def test_an_old_workbook_tells_its_errors_and_hidden_rows(tmp_path: Path) -> None:
    content = bytearray(OLD.read_bytes())
    formula = content.index(b"\x06\x00\x18\x00" + struct.pack("<HH", 2, 3)) + 4  # FORMULA in D3
    content[formula + 6], content[formula + 8] = 2, 0x2A
    row = content.index(b"\x08\x02\x10\x00" + struct.pack("<H", 3))  # ROW 4
    content[row + 16] |= 0x20
    sheet = open_sheet(csv_file(tmp_path, bytes(content), "old.xls"))
    assert errors_of(sheet) == [CellIssue(3, 3, "shows the error #N/A", "correct or clear it in Excel")]
    assert sheet.notes == ("1 row is hidden in the worksheet and read like the others",)


@pytest.mark.skipif(not OLD.is_file(), reason="the real sheets are not here")
def test_an_old_workbook_tells_its_hidden_columns(tmp_path: Path) -> None:
    content = bytearray(OLD.read_bytes())
    columns = content.index(b"\x7d\x00\x0c\x00")  # COLINFO: first, last, width, format, flags
    first, last = struct.unpack_from("<HH", content, columns + 4)
    content[columns + 12] |= 1
    sheet = open_sheet(csv_file(tmp_path, bytes(content), "old.xls"))
    hidden = [name for name in sheet.header[first : last + 1] if name]
    assert hidden
    assert [name for name in hidden if f"“{name}”" not in " ".join(sheet.notes)] == []


@pytest.mark.slow
@pytest.mark.skipif(not OLD.is_file(), reason="the real sheets are not here")
def test_a_cut_old_workbook_is_refused(tmp_path: Path) -> None:
    for share in (0.1, 0.5, 0.9):
        content = OLD.read_bytes()
        assert (
            "old.xls is damaged"
            in refusal(csv_file(tmp_path, content[: int(len(content) * share)], "old.xls")).what
        )
