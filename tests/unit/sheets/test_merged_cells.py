"""Cells merged over several rows are told, and give each row their value where that is wished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import openpyxl
import pytest

from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet_options import SheetOptions
from tests.support.sheet_files import csv_file, errors_of, numbers_of, ods, ods_row, ods_text, rows_of

FILL = SheetOptions(fill_merged=True)


def merged(folder: Path, rows: Sequence[Sequence[object]], *areas: str) -> Path:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append([*row])
    for area in areas:
        page.merge_cells(area)
    book.save(folder / "contacts.xlsx")
    return folder / "contacts.xlsx"


def test_cells_merged_over_rows_are_told_with_their_ranges(tmp_path: Path) -> None:
    rows: Sequence[Sequence[object]] = [
        ["company", "phone", "tags"],
        ["Acme", "1", "VIP"],
        [None, "2"],
        [None, "3"],
    ]
    path = merged(tmp_path, rows, "A2:A4", "C2:C3")
    told = "cells A2:A4, C2:C3 are merged, and only the first row of each has the value"
    assert open_sheet(path).notes == (f"{told}: --fill-merged gives it to every row",)
    assert rows_of(open_sheet(path)) == [["Acme", "1", "VIP"], ["", "2", ""], ["", "3", ""]]
    sheet = open_sheet(path, FILL)
    assert rows_of(sheet) == [["Acme", "1", "VIP"], ["Acme", "2", "VIP"], ["Acme", "3", ""]]
    assert sheet.notes == ("cells A2:A4, C2:C3 are merged; every row was given the value",)
    assert [*sheet.cells([2])] == [("VIP",), ("VIP",), ("",)]


def test_the_row_that_has_the_value_is_named(tmp_path: Path) -> None:
    path = merged(tmp_path, [["phone", "company"], ["1", None], ["2", "Acme"], ["3", None]], "B3:B4")
    told = "cells B3:B4 are merged, and only row 3 has the value: --fill-merged gives it to every row"
    assert open_sheet(path).notes == (told,)


@pytest.mark.parametrize("area", ["B2:B3", "A4:B4", "C2:C4", "A4:A9", "F2:F4"])
@pytest.mark.parametrize("options", [SheetOptions(), FILL])
def test_what_leaves_no_row_without_a_value_is_neither_told_nor_changed(
    tmp_path: Path, area: str, options: SheetOptions
) -> None:
    rows: Sequence[Sequence[object]] = [["a", "b", "c"], ["1", None, None], ["2", None, "x"], ["3", None, "y"]]
    sheet = open_sheet(merged(tmp_path, rows, area), options)
    assert (sheet.notes, rows_of(sheet)[0], numbers_of(sheet)) == ((), ["1", "", ""], [2, 3, 4])


def test_a_wide_area_gives_its_first_column_and_blank_rows_stay_away(tmp_path: Path) -> None:
    rows: Sequence[Sequence[object]] = [
        ["a", "b", "phone"],
        ["x", None, "1"],
        [],
        [None, None, "2"],
        [None, "z", "3"],
    ]
    sheet = open_sheet(merged(tmp_path, rows, "A2:B4"), FILL)
    assert rows_of(sheet) == [["x", "", "1"], ["x", "", "2"], ["", "z", "3"]]
    assert numbers_of(sheet) == [2, 4, 5]


def test_an_error_in_a_merged_cell_is_one_of_each_row(tmp_path: Path) -> None:
    rows: Sequence[Sequence[object]] = [["a", "phone"], ["#N/A", "1"], [None, "2"], ["x", "3"]]
    sheet = open_sheet(merged(tmp_path, rows, "A2:A3"), FILL)
    assert [(error.row, error.column) for error in errors_of(sheet)] == [(2, 0), (3, 0)]


@pytest.mark.slow
def test_areas_of_a_large_sheet_are_filled_across_pages(tmp_path: Path) -> None:
    rows: Sequence[Sequence[object]] = [
        ["a", "phone"],
        *([n if n % 7_000 == 0 else None, n] for n in range(21_000)),
    ]
    path = merged(tmp_path, rows, *(f"A{start + 2}:A{start + 7_001}" for start in range(0, 21_000, 7_000)))
    assert rows_of(open_sheet(path, FILL)) == [[str(n // 7_000 * 7_000), str(n)] for n in range(21_000)]


def test_merged_cells_of_an_open_document_are_filled(tmp_path: Path) -> None:
    cell = ods_text("Acme").replace("<table:table-cell ", '<table:table-cell table:number-rows-spanned="2" ', 1)
    below = ods_row("<table:covered-table-cell/>", ods_text("2"))
    table = ods_row(ods_text("company"), ods_text("phone")) + ods_row(cell, ods_text("1")) + below
    path = ods(tmp_path, Other="", Sheet=table)
    assert any("cells A2:A3 are merged" in note for note in open_sheet(path).notes)
    assert rows_of(open_sheet(path, FILL)) == [["Acme", "1"], ["Acme", "2"]]


def test_the_option_changes_nothing_in_a_text_file(tmp_path: Path) -> None:
    assert rows_of(open_sheet(csv_file(tmp_path, "a,b\n1,2\n,3\n"), FILL)) == [["1", "2"], ["", "3"]]


def test_a_file_given_back_is_read_as_the_sheet_of_its_run() -> None:
    stored = asdict(SheetOptions(header_row=3, fill_merged=True, raw_csv=True))
    assert SheetOptions.given_back(stored, "People") == SheetOptions("People", fill_merged=True, raw_csv=True)
    del stored["fill_merged"]
    assert SheetOptions.given_back(stored) == SheetOptions(raw_csv=True)
