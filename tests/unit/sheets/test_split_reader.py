"""Plain pieces of a worksheet are read by patterns, the others by expat, and nobody sees which."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.record import Page
from heyx_bulk.sheets.writer import write_sheet
from heyx_bulk.sheets.xlsx.cell_text import GENERAL, parse_number_format
from heyx_bulk.sheets.xlsx.plain_pieces import Odd, PlainPieces
from heyx_bulk.sheets.xlsx.split_reader import ValueReader, split_rows, split_texts
from tests.support.sheet_files import errors_of, numbers_of, raw_workbook, rows_of

HEADER = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="inlineStr"><is><t>b</t></is></c></row>'
)
TEXTS = "<si><t>Ann</t></si><si><t xml:space='preserve'> x </t></si><si><t>R&amp;D _x000D_</t></si>"


class SharedTexts:
    """Texts that cells refer to by number."""

    def __len__(self) -> int:
        return 1_000

    def many(self, numbers: Any) -> Any:
        return (f"text {number}" for number in numbers)


def split(rows: str, last: int = 0) -> tuple[Page, int]:
    formats = [GENERAL, parse_number_format("yyyy-mm-dd"), parse_number_format("00000"), *[GENERAL] * 9]
    return split_rows(rows, ValueReader(SharedTexts(), formats, from_1904=False), last, 10)


def sheet_data(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml").decode()
    return xml[xml.index("<row ") : xml.index("</sheetData>")]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c r="A2" t="s"><v>7</v></c>', "text 7"),
        ('<c r="A2" s="3" t="s"><v>7</v></c>', "text 7"),
        ('<c r="A2" t="s" s="3"><v>7</v></c>', "text 7"),
        ('<c r="A2"><v>923244077087</v></c>', "923244077087"),
        ('<c r="A2" t="n"><v>1.50</v></c>', "1.5"),
        ('<c r="A2" s="1"><v>61</v></c>', "1900-03-01"),
        ('<c r="A2" s="2"><v>42</v></c>', "00042"),
        ('<c r="A2" t="b"><v>1</v></c>', "true"),
        ('<c r="A2" s="1"/>', ""),
        ('<c r="A2" s="1" />', ""),
        ('<c r="A2"><v/></c>', ""),
        ('<c r="A2" t="str"><f>A1&amp;"x"</f><v>a &lt; b</v></c>', "a < b"),
        ('<c r="A2"><f t="shared" ref="A2:A9" si="0">B1</f><v>2</v></c>', "2"),
        ('<c r="A2"><f aca="false">SUM(B1)</f><v>2</v></c>', "2"),
        ('<c r="A2" t="inlineStr"><is><t>one\r\ntwo</t></is></c>', "one\ntwo"),
        ('<c r="A2" t="inlineStr"><is><t xml:space="preserve"> x_x000D_</t></is></c>', " x\r"),
    ],
)
def test_the_usual_ways_to_write_a_cell_are_plain(cell: str, text: str) -> None:
    page, last = split(
        f'<row r="2" spans="1:2" hidden="1">{cell}<c r="B2"><v>1</v></c></row>\n<row r="5" s="1"/>', 1
    )
    assert ([*page.numbers], [*page.columns], page.hidden, last) == ([2], [[text], ["1"]], frozenset({2}), 5)


def test_errors_and_doubtful_numbers_of_plain_cells_are_issues_in_the_order_of_the_rows() -> None:
    cells = (
        '<c r="A{0}" t="e"><v>#N/A</v></c><c r="B{0}" t="e"><v>#N/A</v></c><c r="C{0}"><v>1776025372480910</v></c>'
    )
    page, _ = split("".join(f'<row r="{row}">{cells.format(row)}</row>' for row in (3, 4)))
    assert page.columns == [["", ""], ["", ""], ["1776025372480910"] * 2]
    assert [(error.row, error.position) for error in page.errors] == [(3, 0), (3, 1), (4, 0), (4, 1)]
    assert {error.what for error in page.errors} == {"shows the error #N/A"}
    assert [(warning.row, warning.position) for warning in page.warnings] == [(3, 2), (4, 2)]


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="2"><c r="A2"><f>1+1</f></c></row>',
        '<row r="2"><c r="A2"><f>1 & 2</f><v>1</v></c></row>',
        '<row r="2"><c r="A2" s="1" s="2"><v>1</v></c></row>',
        '<row r="2" r="3"><c r="A2"><v>1</v></c></row>',
        '<row r="2"><c r="A2" t="s"><v>1000</v></c></row>',
        '<row r="2"><c r="A2" t="s"><v>-1</v></c></row>',
        '<row r="2"><c r="A2" t="str"><v>a ]]> b</v></c></row>',
        '<row r="2"><c r="A2" t="str"><v>a\x01</v></c></row>',
        '<row r="2"><c r="A2" t="str"><v>a\uffff</v></c></row>',
        '<row r="2"><c r="A2" t="str"><v>&nbsp;</v></c></row>',
        '<row r="2"><c r="A2" t="str"><is><t>1</t></is></c></row>',
        '<row r="2"><c r="A2"><v>nan</v></c></row>',
        '<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>1</v></c></row>',
        '<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>1</v></c></row>',
        '<row r="2"><c r="ZZZ2"><v>1</v></c></row>',
        '<row r="2"><c r="A2"><v>1</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>',
        '<row r="2"><c r="A2"><v>1</v></c></row><row r="1"/>',
        '<row r="2"><c r="A2"><v>1</v></c>',
        '<row r="2"><c r="A2"><v>1</v></c><row r="3"><c r="A3"><v>1</v></c></row>',
        '<row r="2"><c r="A2"><v>1</v></c></row>text',
        '<row r="1048577"><c r="A1"><v>1</v></c></row>',
        '<row r="2"><c r="A2"><v>1</v></c></row></row>',
    ],
)
def test_what_is_unusual_or_wrong_is_odd(rows: str) -> None:
    with pytest.raises(Odd):
        split(rows)


def test_what_libraries_write_is_plain(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in ([1, "x & y", True, None, 2.5], ["a", None, False, 923244077087, "é"]):
        page.append(row)
    page["E1"].number_format = "0.00"
    book.save(tmp_path / "openpyxl.xlsx")
    with xlsxwriter.Workbook(tmp_path / "xlsxwriter.xlsx", {"constant_memory": True}) as written:
        sheet = written.add_worksheet()
        sheet.write_row(0, 0, [1, "x & y", True, "", 2.5])
        sheet.write_formula(1, 0, '=A1&"x"', None, "1x")
        sheet.write_row(1, 1, ["é", False])
    write_sheet(tmp_path / "own.xlsx", ["a", "b"], [["1", " x "], ["_x000D_", "\r"]])
    for name, first in (("openpyxl", "x & y"), ("xlsxwriter", "x & y"), ("own", "b")):
        found, last = split(sheet_data(tmp_path / f"{name}.xlsx"))
        assert (found.columns[1][0], last > 1) == (first, True)


def test_shared_texts_are_plain_but_for_rich_ones() -> None:
    assert [*split_texts(TEXTS.replace("'", '"'))] == ["Ann", " x ", "R&D \r"]
    assert [*split_texts("<si><t/></si>\n<si><t>&lt;_x0041_</t></si>")] == ["", "<A"]
    for odd in ("<si><r><t>a</t></r></si>", "<si><t>&#65;</t></si>", "<si><t>\x02</t></si>", "<si/>"):
        with pytest.raises(Odd):
            split_texts(odd)


def test_odd_pieces_among_plain_ones_keep_their_place(tmp_path: Path) -> None:
    odd = {700, 701, 9_000}
    cells = [
        '<c r="A{0}" t="inlineStr"><is><t>{0}</t></is></c>',
        '<c r="A{0}" t="inlineStr"><is><r><t>{0}</t></r></is></c>',
    ]
    rows = "".join(f'<row r="{row}">{cells[row in odd].format(row)}</row>' for row in range(2, 12_000))
    sheet = open_sheet(raw_workbook(tmp_path, HEADER + rows))
    assert numbers_of(sheet) == [*range(2, 12_000)]
    assert rows_of(sheet) == [[str(row), ""] for row in range(2, 12_000)]


def test_rows_in_a_comment_are_no_rows_however_long_it_is(tmp_path: Path) -> None:
    row = '<row r="{0}"><c r="A{0}"><v>{0}</v></c></row>'
    hidden = "".join(row.format(number) for number in range(3, 20_000))
    path = raw_workbook(tmp_path, f"{HEADER}{row.format(2)}<!-- {hidden} -->{row.format(20_000)}")
    assert rows_of(open_sheet(path)) == [["2", ""], ["20000", ""]]


def test_pieces_end_where_a_row_begins_and_what_is_left_is_passed_on() -> None:
    taken: list[str] = []

    def take(piece: str) -> bool:
        taken.append(piece)
        return "odd" not in piece

    pieces = PlainPieces(b"<row ", b"</data>", take)
    row = "<row >" + "x" * 99_990 + "</row>"
    text = "<data>" + row * 4 + row.replace("xx", "odd", 1) + row * 4 + "</data><rest/>"
    blocks = [text.encode()[at : at + 65_536] for at in range(0, len(text), 65_536)]
    passed = b"".join(pieces.others(iter(blocks))).decode()
    assert "".join(taken) == text[6 : -len("</data><rest/>")]
    assert all(piece.startswith("<row ") and piece.endswith("</row>") for piece in taken)
    assert passed == "<data>" + "".join(piece for piece in taken if "odd" in piece) + "</data><rest/>"


@pytest.mark.parametrize("start", ['<?xml version="1.0" encoding="latin-1"?>', "<!-- -->", "<?pi ?>", "<!-- "])
@pytest.mark.parametrize("blanks", [0, 70_000, 300_000])
def test_a_part_in_another_encoding_or_with_comments_goes_to_expat(start: str, blanks: int) -> None:
    pieces = PlainPieces(b"<row ", b"</data>", lambda _: True)
    text = f"{start}{' ' * blanks}<data><row ></row></data>".encode()
    blocks = [text[at : at + 65_536] for at in range(0, len(text), 65_536)]
    assert b"".join(pieces.others(iter(blocks))) == text


def test_half_a_character_is_an_error_of_its_cell_and_replaced_in_a_header(tmp_path: Path) -> None:
    half = '<c r="A{0}" t="inlineStr"><is><t>x_xD800_</t></is></c>'
    sheet = open_sheet(raw_workbook(tmp_path, "".join(f'<row r="{n}">{half.format(n)}</row>' for n in (1, 2))))
    assert (sheet.header, rows_of(sheet)) == (("x\ufffd",), [["x\ufffd"]])
    assert [(error.row, error.column) for error in errors_of(sheet)] == [(2, 0)]
    assert re.search("invalid character", errors_of(sheet)[0].cause)
