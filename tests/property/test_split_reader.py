"""Patterns and expat read the same from a worksheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet import Sheet
from tests.support.sheet_files import errors_of, numbers_of, raw_workbook, rows_of, warnings_of

HEADER = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="inlineStr"><is><t>b</t></is></c></row>'
)
TEXTS = '<si><t>Ann</t></si><si><t xml:space="preserve"> x </t></si><si><t>R&amp;D _x000D_</t></si>'
EXPAT_ALONE = "<!-- after a comment, all goes to expat -->"
CELLS = st.sampled_from(
    [
        '<c r="{0}" t="s"><v>0</v></c>',
        '<c r="{0}" t="s"><v>2</v></c>',
        '<c r="{0}" t="s"><v>9</v></c>',
        '<c r="{0}"><v>42</v></c>',
        '<c r="{0}" s="1"><v>60</v></c>',
        '<c r="{0}" s="1"/>',
        '<c r="{0}" t="b"><v>1</v></c>',
        '<c r="{0}" t="e"><v>#REF!</v></c>',
        '<c r="{0}" t="inlineStr"><is><t>x &amp; _xD800_</t></is></c>',
        '<c r="{0}" t="inlineStr"><is><r><t>rich</t></r></is></c>',
        '<c r="{0}"><f>1+1</f></c>',
        '<c r="{0}" t="str"><f>A1</f><v>&#233;</v></c>',
        '<c r="{0}"><v>1776025372480910</v></c>',
        '<c r="{0}" t="str"><v> </v></c>',
        "<c><v>7</v></c>",
        "",
    ]
)
ROWS = st.lists(st.tuples(st.integers(1, 3), st.lists(CELLS, max_size=4), st.sampled_from(["", ' hidden="1"'])))


@given(rows=ROWS)
def test_patterns_and_expat_read_the_same(rows: list[tuple[int, list[str], str]], tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("books")
    xml, number = HEADER, 1
    for gap, cells, hidden in rows:
        number += gap
        filled = "".join(cell.format(f"{'ABCD'[at]}{number}") for at, cell in enumerate(cells))
        xml += f'<row r="{number}"{hidden}>{filled}</row>'
    met = [
        seen(raw_workbook(folder, start + xml, codes=["yyyy-mm-dd"], texts=TEXTS)) for start in ("", EXPAT_ALONE)
    ]
    assert met[0] == met[1]


def seen(path: Path) -> object:
    """What a person gets to see of a workbook."""
    try:
        sheet = open_sheet(path)
    except SheetError as error:
        return error.what, error.remedy
    return facts(sheet)


def facts(sheet: Sheet) -> object:
    parts = (rows_of(sheet), numbers_of(sheet), sorted(errors_of(sheet)), sorted(warnings_of(sheet)))
    return sheet.header, sheet.header_row, sheet.notes, sheet.blank, parts
