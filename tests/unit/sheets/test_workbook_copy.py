"""A copy of a person's workbook: ours is added, theirs stays, and what would be lost is known before."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from openpyxl.styles import PatternFill
from openpyxl.worksheet.table import Table

from heyx_bulk.errors import WriteError
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.sheets.summary_page import SUMMARY_HEADING, SummaryCell, SummaryPage
from heyx_bulk.sheets.xlsx import copy_limits
from heyx_bulk.sheets.xlsx.copy_check import ExpectedChanges, find_change
from heyx_bulk.sheets.xlsx.copy_limits import find_obstacle
from heyx_bulk.sheets.xlsx.workbook_copy import AddedColumns, CopyRefused, CorrectedCell, copy_workbook
from tests.support.own_workbooks import HEADER, PEOPLE, differences, write_workbook
from tests.support.sheet_files import errors_of, raw_workbook, rows_of

OURS = ("heyx status", "heyx contact id", "heyx message", "heyx row")


def added(first: int = 2, rows: int = 5, **more: Any) -> AddedColumns:
    texts = {
        number: ["created" if number % 2 else "failed", f"00{number}", f"=row {number}", str(number)]
        for number in range(first, first + rows)
    }
    plain = AddedColumns(
        worksheet=PEOPLE,
        header_row=first - 1,
        width=len(HEADER),
        header=OURS,
        positions={},
        rows=texts,
        widths=(12, 20, 50, 24),
        in_sight=3,
        colors={"created": "#E2F0D9", "failed": "#F8CBAD"},
    )
    return replace(plain, **more)


def summary(place: Callable[[int], str], *, opens: bool = True) -> SummaryPage:
    rows: Sequence[Sequence[SummaryCell]] = [
        [SummaryCell(SUMMARY_HEADING, bold=True)],
        [SummaryCell("row 3", link=place(3)), SummaryCell(7, "#F8CBAD"), SummaryCell("=1+1")],
    ]
    return SummaryPage(rows, opens)


def copied(source: Path, columns: AddedColumns, *, opens: bool = True) -> Path:
    target = source.with_name("copy.xlsx")
    copy_workbook(source, target, columns, lambda place: summary(place, opens=opens))
    return target


def table(path: Path) -> tuple[tuple[str, ...], list[list[str]]]:
    sheet = open_sheet(path)
    assert errors_of(sheet) == []
    return sheet.header, rows_of(sheet)


def test_ours_stand_right_of_theirs_which_are_as_they_were(tmp_path: Path) -> None:
    source = write_workbook(tmp_path / "people.xlsx")
    path = copied(source, added())
    assert differences(source, path) == []
    sheet = open_sheet(source, SheetOptions(worksheet=PEOPLE))
    assert table(path) == (
        (*sheet.header, *OURS),
        [[*row, *texts] for row, texts in zip(rows_of(sheet), added().rows.values(), strict=True)],
    )
    assert {file.name for file in tmp_path.iterdir()} == {"people.xlsx", "copy.xlsx"}
    assert path.stat().st_mode & 0o777 == 0o600


def test_ours_are_colored_by_status_filtered_and_text(tmp_path: Path) -> None:
    page = openpyxl.load_workbook(copied(write_workbook(tmp_path / "people.xlsx"), added()))[PEOPLE]
    assert [page[f"H{row}"].fill.fgColor.rgb for row in (2, 3)] == ["00F8CBAD", "00E2F0D9"]
    assert {page[f"{letter}2"].data_type for letter in "HIJK"} == {"s"}
    assert {page[f"{letter}2"].number_format for letter in "HIJK"} == {"@"}
    assert (page.auto_filter.ref, page["H1"].font.b, page["J1"].fill.fgColor.rgb) == ("A1:K6", True, "FFDDEBF7")
    assert [page.column_dimensions[letter].width for letter in "HIJK"] == [12, 20, 50, 24]


def test_styles_of_blank_cells_right_of_the_table_are_not_those_of_ours(tmp_path: Path) -> None:
    source = write_workbook(tmp_path / "people.xlsx")
    book = openpyxl.load_workbook(source)
    for reference in ("I3", "I1048576"):
        book[PEOPLE][reference].fill = PatternFill("solid", start_color="FFFF00")
    book.save(source)
    page = openpyxl.load_workbook(copied(source, added()))[PEOPLE]
    assert (page["I3"].value, page["I3"].fill.fill_type, page.max_row) == ("003", None, 6)


def test_a_text_that_is_longer_than_excel_can_hold_is_not_copied(tmp_path: Path) -> None:
    source = write_workbook(tmp_path / "people.xlsx")
    rows = {2: ["failed", "", "😀" * 16_384, "2"]}
    with pytest.raises(CopyRefused, match="cell J2 would have more than 32,767 characters"):
        copied(source, replace(added(), rows=rows))


def test_the_summary_stands_first_and_its_links_lead_to_the_rows(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(copied(write_workbook(tmp_path / "people.xlsx"), added()))
    page = book["Summary"]
    assert (book.sheetnames[0], book.active is page) == ("Summary", True)
    assert page["A2"].hyperlink is not None
    assert page["A2"].hyperlink.location == "'Ann''s people'!H3"
    assert (page["B2"].value, page["C2"].value, page["C2"].data_type) == (7, "=1+1", "s")
    assert [one.sheet_view.tabSelected for one in book.worksheets] == [True, False, False, False]


def test_the_filter_hides_rows_that_are_not_to_be_shown_and_none_is_deleted(tmp_path: Path) -> None:
    source = write_workbook(tmp_path / "people.xlsx")
    path = copied(source, added(shown=frozenset({3, 4}), shown_words=["failed", "invalid"]), opens=False)
    assert differences(source, path, filtered=True) == []
    book = openpyxl.load_workbook(path)
    page = book[PEOPLE]
    assert book.active is page
    assert [row for row in range(1, 8) if page.row_dimensions[row].hidden] == [2, 5, 6]
    (condition,) = page.auto_filter.filterColumn
    assert (condition.colId, condition.filters.filter) == (7, ["failed", "invalid"])


def test_a_person_s_filter_conditions_stay_in_results_and_make_way_where_rows_are_to_be_shown(
    tmp_path: Path,
) -> None:
    source = write_workbook(tmp_path / "people.xlsx")
    book = openpyxl.load_workbook(source)
    book[PEOPLE].auto_filter.ref = "B1:G6"
    book[PEOPLE].auto_filter.add_filter_column(0, ["Ann", "Bob"])
    for row in (4, 5, 6):
        book[PEOPLE].row_dimensions[row].hidden = True
    book[PEOPLE]["F2"] = "=1"
    book.save(source)
    page = openpyxl.load_workbook(copied(source, added()))[PEOPLE]
    assert page.auto_filter.ref == "A1:K6"
    assert [(one.colId, one.filters.filter) for one in page.auto_filter.filterColumn] == [(1, ["Ann", "Bob"])]
    assert [row for row in range(1, 8) if page.row_dimensions[row].hidden] == [4, 5, 6]
    page = openpyxl.load_workbook(copied(source, added(shown=frozenset({4}), shown_words=["failed"])))[PEOPLE]
    assert [(one.colId, one.filters.filter) for one in page.auto_filter.filterColumn] == [(7, ["failed"])]
    assert [row for row in range(1, 8) if page.row_dimensions[row].hidden] == [2, 3, 5, 6]


def test_beside_a_table_the_filter_reaches_over_our_columns_alone(tmp_path: Path) -> None:
    source = write_workbook(tmp_path / "people.xlsx")
    book = openpyxl.load_workbook(source)
    book[PEOPLE].auto_filter.ref = None
    book[PEOPLE].add_table(Table(displayName="People", ref="A1:G6"))
    book.save(source)
    path = copied(source, added())
    page = openpyxl.load_workbook(path)[PEOPLE]
    assert (page.auto_filter.ref, page.tables["People"].ref) == ("H1:K6", "A1:G6")
    assert differences(source, path) == []


def test_ours_are_in_sight_on_a_wide_sheet_and_frozen_panes_stay(tmp_path: Path) -> None:
    source = write_workbook(tmp_path / "people.xlsx", wide=30)
    path = copied(source, added(width=len(HEADER) + 30))
    assert differences(source, path) == []
    pane = openpyxl.load_workbook(path)[PEOPLE].sheet_view.pane
    assert pane is not None
    assert (pane.xSplit, pane.ySplit, pane.topLeftCell) == (1, 1, "AB2")
    narrow = openpyxl.load_workbook(copied(write_workbook(source), added()))[PEOPLE]
    assert narrow.freeze_panes == "B2"


def test_where_nothing_is_frozen_the_header_is(tmp_path: Path) -> None:
    source = write_workbook(tmp_path / "people.xlsx")
    book = openpyxl.load_workbook(source)
    book[PEOPLE].freeze_panes = None
    book.save(source)
    assert openpyxl.load_workbook(copied(source, added()))[PEOPLE].freeze_panes == "A2"


def test_ours_are_visible_where_hidden_columns_reach_over_their_place(tmp_path: Path) -> None:
    source = write_workbook(tmp_path / "people.xlsx")
    book = openpyxl.load_workbook(source)
    book[PEOPLE].column_dimensions.group("G", "XFD", hidden=True)
    book.save(source)
    page = openpyxl.load_workbook(copied(source, added()))[PEOPLE]
    columns = sorted((one.min, one.max, one.hidden) for one in page.column_dimensions.values() if one.min)
    assert columns == [
        *[(1, 1, False), (3, 3, True), (7, 7, True)],
        *[(number, number, False) for number in (8, 9, 10, 11)],
        (12, 16384, True),
    ]


def test_columns_of_ours_that_are_there_are_filled_in_place(tmp_path: Path) -> None:
    source = tmp_path / "people.xlsx"
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = PEOPLE
    page.append(["heyx contact id", "phone", "heyx status"])
    page.append([2, "+44", "failed"])
    page.append([None, "+45", None])
    book.save(source)
    columns = added(rows=2, width=3, positions={"heyx contact id": 0, "heyx status": 2})
    texts = {2: ["created", "2", "", "2"], 3: ["failed", "0045", "no", "3"]}
    path = copied(source, replace(columns, rows=texts))
    assert table(path) == (
        ("heyx contact id", "phone", "heyx status", "heyx message", "heyx row"),
        [["2", "+44", "created", "", "2"], ["0045", "+45", "failed", "no", "3"]],
    )
    assert openpyxl.load_workbook(path)[PEOPLE]["A2"].value == 2  # the person's number, which is the same


def test_the_values_of_formulas_of_every_type_are_kept(tmp_path: Path) -> None:
    source = tmp_path / "people.xlsx"
    book = xlsxwriter.Workbook(source)
    page = book.add_worksheet(PEOPLE)
    page.write_row(0, 0, HEADER)
    values = ("x<&>y", "", 1.5, True, "#N/A", "a\nb ", 12)
    for position, value in enumerate(values):
        page.write_formula(1, position, '=IF(1<2,"a&b",Other!A1)', None, value)
    page.write_array_formula("A3:A4", "{=B3:B4*2}", None, 8)
    book.add_worksheet("Other").write_formula(0, 0, "=1", None, 1)
    book.close()
    path = copied(source, added(rows=2))
    assert differences(source, path) == []


def test_corrected_cells_are_of_the_kind_they_were(tmp_path: Path) -> None:
    source = write_workbook(tmp_path / "people.xlsx")
    corrected = {
        (2, 0): "+4412345999",
        (2, 2): "8.5",
        (3, 2): "0042",
        (2, 3): "2020-03-01",
        (3, 3): "spring",
        (2, 4): "false",
        (2, 5): "17",
        (4, 5): "typed over",
        (5, 6): "=2+2",
    }
    path = copied(source, added(corrected={at: CorrectedCell(text) for at, text in corrected.items()}))
    changed = ("A2", "C2", "C3", "D2", "D3", "E2", "F2", "F4", "G5")
    assert differences(source, path, changed=changed) == []
    page = openpyxl.load_workbook(path)[PEOPLE]
    assert [(page[at].value, page[at].data_type) for at in ("A2", "C2", "C3", "D3", "E2", "F4", "G5")] == [
        *[("+4412345999", "s"), (8.5, "n"), ("0042", "s"), ("spring", "s"), (False, "b")],
        *[("typed over", "s"), ("=2+2", "s")],
    ]
    assert (page["D2"].number_format, page["D2"].data_type, page["F2"].value) == ("dd.mm.yyyy", "d", "=C2*2")
    rows = table(path)[1]
    assert (rows[0][5], rows[0][3], rows[3][6]) == ("17", "2020-03-01", "=2+2")


def test_a_header_that_stands_lower_is_found_again(tmp_path: Path) -> None:
    source = write_workbook(tmp_path / "people.xlsx", first_row=4)
    book = openpyxl.load_workbook(source)
    book[PEOPLE]["A1"], book[PEOPLE]["B1"] = "All our people", "in 2026"
    book.save(source)
    columns = added(first=5)
    sheet = open_sheet(source, SheetOptions(worksheet=PEOPLE, header_row=4))
    refused = [error.row for error in errors_of(sheet)]
    assert refused == [5, 6, 7, 8, 9]  # openpyxl has left out the values of formulas
    assert open_sheet(copied(source, columns)).header_row == 4


# What a copy would lose


def drawn(page: Any) -> None:
    page.insert_textbox("J1", "hello")


def with_picture(page: Any) -> None:
    page.insert_image("J1", "dot.png", {"image_data": _png()})


def with_chart(page: Any, book: Any) -> None:
    chart = book.add_chart({"type": "line"})
    chart.add_series({"values": f"='{PEOPLE.replace(chr(39), chr(39) * 2)}'!$C$2:$C$6"})
    page.insert_chart("J1", chart)


def with_sparkline(page: Any) -> None:
    page.add_sparkline("J2", {"range": "C2:C6"})


def with_new_bars(page: Any) -> None:
    page.conditional_format("C2:C6", {"type": "data_bar", "data_bar_2010": True})


def with_button(page: Any) -> None:
    page.insert_button("J1", {"caption": "Go"})


def with_spill(page: Any) -> None:
    page.write_dynamic_array_formula("J1:J3", "=SORT(C2:C4)")


def with_header_picture(page: Any) -> None:
    page.set_header("&L&G", {"image_left": "dot.png", "image_data_left": _png()})


def with_escaped_text(page: Any) -> None:
    page.write_string("J9", "_x0041_")


def _png() -> Any:
    from base64 import b64decode  # noqa: PLC0415
    from io import BytesIO  # noqa: PLC0415

    dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    return BytesIO(b64decode(dot))


@pytest.mark.parametrize(
    ("draw", "what"),
    [
        (drawn, "shapes"),
        (with_picture, "pictures"),
        (with_sparkline, "sparklines"),
        (with_new_bars, "conditional formats of a newer kind"),
        (with_button, "buttons"),
        (with_spill, "formulas that spill"),
        (with_header_picture, "pictures"),
        (with_escaped_text, "look like escaped signs"),
    ],
)
def test_what_a_copy_would_lose_is_said_and_nothing_is_written(
    tmp_path: Path, draw: Callable[[Any], None], what: str
) -> None:
    source = tmp_path / "people.xlsx"
    book = xlsxwriter.Workbook(source)
    page = book.add_worksheet(PEOPLE)
    page.write_row(0, 0, HEADER)
    draw(page)
    book.close()
    with pytest.raises(CopyRefused, match=what):
        copied(source, added(rows=1))
    assert [path.name for path in tmp_path.iterdir()] == ["people.xlsx"]


def test_a_chart_is_kept(tmp_path: Path) -> None:
    source = tmp_path / "people.xlsx"
    book = xlsxwriter.Workbook(source)
    page = book.add_worksheet(PEOPLE)
    page.write_row(0, 0, HEADER)
    with_chart(page, book)
    book.close()
    with zipfile.ZipFile(copied(source, added(rows=1))) as archive:
        assert "xl/charts/chart1.xml" in archive.namelist()


@pytest.mark.parametrize("cell", ["<c r='A2'><v>12345678901234567</v></c>", "<c r='A2' s='1'><v>99999999</v></c>"])
def test_a_cell_that_a_copy_would_change_is_named(tmp_path: Path, cell: str) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title, page["A1"], page["A2"] = PEOPLE, "phone", 1
    page["A3"].number_format = "yyyy-mm-dd"
    book.save(tmp_path / "plain.xlsx")
    source = tmp_path / "people.xlsx"
    with zipfile.ZipFile(tmp_path / "plain.xlsx") as plain, zipfile.ZipFile(source, "w") as archive:
        for name in plain.namelist():
            content = plain.read(name)
            archive.writestr(name, content.replace(b'<c r="A2" t="n"><v>1</v></c>', cell.encode()))
    with pytest.raises(CopyRefused, match='cell A2 of the worksheet "Ann\'s people" would change'):
        copied(source, added(rows=1, width=1))
    assert not (tmp_path / "copy.xlsx").exists()


def test_a_large_workbook_and_a_worksheet_without_room_are_not_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_workbook(tmp_path / "people.xlsx")
    book = openpyxl.load_workbook(source)
    book[PEOPLE]["XFB9"] = "far out"
    book.save(source)
    with pytest.raises(CopyRefused, match="no room for more columns"):
        copied(source, added())
    monkeypatch.setattr(copy_limits, "MOST_CELLS", 20)
    assert "more than" in find_obstacle(source)


def test_areas_that_would_fill_memory_count_as_cells(tmp_path: Path) -> None:
    merged = "<mergeCells count='1'><mergeCell ref='A3:XFD1048576'/></mergeCells>"
    header = "<row r='1'><c r='A1' t='inlineStr'><is><t>phone</t></is></c></row>"
    assert "more than 110,000 cells" in find_obstacle(raw_workbook(tmp_path, header, after=merged))


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    source = write_workbook(tmp_path / "people.xlsx")
    with pytest.raises(WriteError):
        copy_workbook(source, tmp_path / "none" / "copy.xlsx", added(), summary)


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ([["a", "b"], ["c", "d"]], ""),
        ([["a", "b", "ours"], ["c", "d", "ours"]], ""),
        ([["a", "b"], ["c", "x"]], "B2"),
        ([["a", "b"], ["c", "d", None, "x"]], "D2"),
        ([["a", "b"], ["c"]], "B2"),
        ([["a", "b"]], "A2"),
        ([["a", "b"], ["c", "d"], ["e"]], "A3"),
        ([["a", "b"], ["c", "d"], [None, None, "ours"]], ""),
    ],
)
def test_the_first_cell_that_is_not_the_same_is_named(tmp_path: Path, rows: list[list[str]], place: str) -> None:
    for name, content in (("source.xlsx", [["a", "b"], ["c", "d"]]), ("copy.xlsx", rows)):
        book = openpyxl.Workbook()
        page = book.active
        assert page is not None
        for row in content:
            page.append(row)
        book.save(tmp_path / name)
    expected = ExpectedChanges("Sheet", frozenset({2}), {3: {4: "new"}})
    change = find_change(tmp_path / "source.xlsx", tmp_path / "copy.xlsx", expected, None)
    assert change == (place and f"cell {place} of the worksheet 'Sheet' would change")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'<c r="A1"', b"<c r="),
        (b"</sheetData>", b"</sheetdata>"),
        (b'<c r="A1"', b'<c r="A99999999"'),
        (b"<worksheet", b"<!DOCTYPE a><worksheet"),
    ],
)
def test_a_workbook_with_another_worksheet_that_is_damaged_is_not_copied(
    tmp_path: Path, before: bytes, after: bytes
) -> None:
    source = write_workbook(tmp_path / "whole.xlsx")
    damaged = tmp_path / "people.xlsx"
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(damaged, "w") as archive:
        for name in whole.namelist():
            content = whole.read(name)
            archive.writestr(name, content.replace(before, after) if name.endswith("sheet2.xml") else content)
    with pytest.raises(CopyRefused):
        copied(damaged, added())
    assert not (tmp_path / "copy.xlsx").exists()
