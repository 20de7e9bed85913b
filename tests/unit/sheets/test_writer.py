"""What is written comes back exactly, whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from heyx_bulk.errors import WriteError
from heyx_bulk.sheets import excel_writer
from heyx_bulk.sheets.csv.injection import guard, unguard
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.sheets.writer import write_sheet
from tests.support.sheet_files import errors_of, rows_of


@pytest.mark.parametrize("text", ["+923244077087", "-5", "+1.5", "-1,5", "-1E5", "O'Neil", "'s Gravenhage", "12"])
def test_phones_numbers_and_plain_texts_are_not_guarded(text: str) -> None:
    assert guard(text) == text
    assert unguard(text) == text


@pytest.mark.parametrize("text", ["=1+1", "+92 324", "-x", "@SUM(A1)", "|cmd", "%x", "\t=1", "＝1", " =1", "'=1"])
def test_a_formula_is_guarded_with_one_apostrophe(text: str) -> None:
    assert guard(text) == f"'{text}"


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
    assert errors_of(sheet) == []
    assert list(tmp_path.iterdir()) == [path]


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
    monkeypatch.setattr(excel_writer, "MOST_ROWS", 3)
    path = tmp_path / "a.xlsx"
    write_sheet(path, ["n"], [[str(n)] for n in range(5)], worksheet="A worksheet with a long name..")
    names = (
        "A worksheet with a long name..",
        "A worksheet with a long nam (2)",
        "A worksheet with a long nam (3)",
    )
    assert [rows_of(open_sheet(path, SheetOptions(worksheet=name))) for name in names] == [
        [["0"], ["1"]],
        [["2"], ["3"]],
        [["4"]],
    ]
    write_sheet(path, ["n"], [["0"], ["1"]])
    assert open_sheet(path).worksheets == ("Sheet1",)


AT_MOST = ", where a cell holds at most 32,767"


@pytest.mark.parametrize(("text", "stored"), [("😀" * 32_767, "65,534"), ("<r>" + "&" * 10_000, "50,044")])
def test_a_text_that_a_workbook_stores_as_a_longer_one_is_refused_with_that_length(
    tmp_path: Path, text: str, stored: str
) -> None:
    with pytest.raises(WriteError, match=f"row 2, column A: takes {stored} characters in a workbook{AT_MOST}"):
        write_sheet(tmp_path / "a.xlsx", ["a"], [[text]])


def test_a_text_too_long_for_excel_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    write_sheet(tmp_path / "a.xlsx", ["a", "b"], [["x", "y" * 32_767]])
    before = (tmp_path / "a.xlsx").read_bytes()
    with pytest.raises(WriteError) as told:
        write_sheet(tmp_path / "a.xlsx", ["a", "b"], [["x", "y"], ["x", "y" * 32_768]])
    assert told.value.what.endswith(f"row 3, column B: takes 32,768 characters in a workbook{AT_MOST}")
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
    with pytest.raises(OSError, match="No space left") as told, excel_writer._workbook(Path("/dev/full")) as book:
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
        with pytest.raises(WriteError) as told:
            write_sheet(path, ["a"], [["1"]])
        assert told.value.remedy


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0o500)
    with pytest.raises(WriteError, match="cannot be written"):
        write_sheet(tmp_path / "shut" / "a.csv", ["a"], [["1"]])


@pytest.mark.parametrize(
    ("name", "worksheet"), [("a.ods", "x"), ("a", "x"), ("a.xlsx", "a[b]"), ("a.xlsx", "x" * 32)]
)
def test_what_cannot_be_written_is_refused(tmp_path: Path, name: str, worksheet: str) -> None:
    with pytest.raises(WriteError):
        write_sheet(tmp_path / name, ["a"], [["1"]], worksheet=worksheet)
    assert list(tmp_path.iterdir()) == []


def test_more_columns_than_excel_has_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="16,385 columns"):
        write_sheet(tmp_path / "a.xlsx", ["a"] * 16_385, [])
    with pytest.raises(WriteError, match="row 2, column XFE: is beyond the last column"):
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
